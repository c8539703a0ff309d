"""What can go wrong, in two kinds: the user's mistake, and a failure from outside.

The command line prints either as one line; the first ends with exit code 2, the second with 1.
"""


class GieError(Exception):
    """Base of every error that gie raises on purpose."""


class InputError(GieError, ValueError):
    """A person, a file or a model is not what was expected; running again changes nothing."""


class OutsideError(GieError, OSError):
    """A disk, a network or a service failed; running again may help."""
