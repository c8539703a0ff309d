"""How far the asking is, in numbers that a progress bar can show."""

from collections import Counter
from dataclasses import dataclass, field

from labeling.asking import Answer


@dataclass
class Progress:
    """Counts of one endpoint since it was made."""

    asked: int = 0
    """Questions put to it."""
    outcomes: Counter[str] = field(default_factory=Counter[str])
    """Of the questions that are done."""
    calls: int = 0
    """Requests sent, retries included."""
    spent_usd: float = 0.0

    @property
    def done(self) -> int:
        """Questions with an answer or with a reason why there is none."""
        return self.outcomes.total()

    @property
    def failed(self) -> int:
        """Questions that are done without a value."""
        return self.done - self.outcomes["ok"]

    def projected_usd(self, total: int) -> float:
        """What so many questions will have cost, if they are like those that are done."""
        return self.spent_usd / self.done * total if self.done else 0.0

    def note(self, answer: Answer) -> None:
        """A question is done."""
        self.outcomes[answer.outcome] += 1
