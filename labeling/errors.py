"""What can go wrong while judging, apart from what a verdict's outcome already says."""


class LabelingError(ValueError):
    """The sweep, the rubric or the judge's model is not what was expected; asking again changes nothing."""


class BudgetError(LabelingError):
    """The money that was allowed is spent; what was answered is kept."""
