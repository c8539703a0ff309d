"""The recipe of emoji-sd, the small text-to-image model that this repository ships.

The way of the data, one file a step:

    vocabulary -> icons -> scene -> picture -> clip -> vae -> evaluator -> unet -> export -> quality

`python -m training.emoji` walks it from end to end and goes on from its checkpoints when it was stopped.
"""
