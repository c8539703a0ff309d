"""The judges: which suppression scale erases a concept from a picture while the rest of the picture stays.

They know pictures and text, nothing of diffusion. The way: a `Sweep` goes to a `Judge`, comes back as a `Verdict`, and
`choose` makes the `Label` of a prompt from its verdicts.
"""
