"""A detector says whether the concept is gone, a CLIP whether the rest is kept: a judge that no policy makes refuse."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from labeling.choose import REASONS, choose_scale
from labeling.judges.detectors import Detector
from labeling.judges.local import LocalJudge
from labeling.verdict import Sight, Sweep, Verdict

VERSION = "detector-1"


@dataclass(frozen=True)
class DetectorJudge:
    """A `labeling.judges.remembered.NamedJudge`."""

    detector: Detector
    keeper: LocalJudge
    """Who sees whether the rest is kept; what it says of the concept is not heard."""
    gone_below: float
    """The concept is gone where the detector is less sure of it."""
    name: str = "detector"
    layout: str = "single"

    @property
    def model(self) -> str:
        """Both models."""
        return f"{self.detector.model}+{self.keeper.model}"

    @property
    def rubric_version(self) -> str:
        """The limit, and the keeper's words and limits."""
        return f"{VERSION}-{self.gone_below:g}-{self.keeper.rubric_version}"

    async def judge(self, sweep: Sweep) -> Sequence[Verdict]:
        """Look at one sweep; one verdict."""
        scores = {scale: round(self.detector.score(sweep.images[scale]), 4) for scale in sweep.scales}
        kept = self.keeper.look(sweep, sweep.scales)
        seen = {scale: Sight(gone=score < self.gone_below, kept=kept[scale].kept) for scale, score in scores.items()}
        outcome, scale = choose_scale(seen)
        return [
            Verdict(
                "ok", scale, seen, reason=REASONS[outcome], raw=json.dumps({"scores": list(scores.values())}),
                judge=self.name, model=self.model, rubric_version=self.rubric_version, layout=self.layout,
            )
        ]  # fmt: skip
