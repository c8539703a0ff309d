"""The optimisation: Lightning around `gie.adapter`; `training.emoji` trains the bundled model."""
