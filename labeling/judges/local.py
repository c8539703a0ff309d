"""The judge that needs no network: a CLIP says whether the concept is still there and whether the rest is kept.

Everything is judged relative to the plain picture: what it does not show cannot be lost. The pictures of a sweep are looked
at together but judged one by one, so that an answer does not depend on which scales were rendered.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from labeling.bisection import bisect, drive
from labeling.choose import REASONS, choose_scale
from labeling.judges.clip import Clip, fingerprint
from labeling.judges.scenes import CONCEPT, PICTURE, Rubric, ask
from labeling.verdict import PLAIN, Sight, Sweep, Verdict

VERSION = "scenes-1"
"""Of the way the questions are put; a change here asks again."""

SINGLE, BISECTION = "single", "bisection"
"""Layouts: every picture by itself, or those alone that a threshold search asks for."""

Probabilities = dict[str, dict[float, float]]
"""Claim -> scale -> its probability on that picture."""


@dataclass(frozen=True)
class LocalJudge:
    """A CLIP with a rubric; a `labeling.verdict.Judge`."""

    clip: Clip
    model: str
    rubric: Rubric
    name: str = "local"
    layout: str = SINGLE

    @classmethod
    def from_folder(cls, folder: Path, rubric: Rubric, *, device: str = "cpu") -> "LocalJudge":
        """Any `CLIPModel` folder; raises LabelingError when it is none."""
        clip = Clip.from_folder(folder, device=device)
        return cls(clip, f"{folder.name}@{fingerprint(folder)}", rubric)

    @property
    def rubric_version(self) -> str:
        """The way of asking, and a hash of the words and limits."""
        words = json.dumps(asdict(self.rubric), sort_keys=True)
        return f"{VERSION}-{hashlib.sha256(words.encode()).hexdigest()[:8]}"

    async def judge(self, sweep: Sweep) -> Sequence[Verdict]:
        """Look at one sweep; one verdict."""
        searches = self.layout == BISECTION and not sweep.searched
        probabilities = await self._bisect(sweep) if searches else self.probabilities(sweep, sweep.scales)
        scales = list(probabilities[PICTURE])
        seen = decide(probabilities, self.rubric)
        outcome, scale = choose_scale(seen)
        raw = json.dumps({"scales": scales, "probabilities": {c: list(v.values()) for c, v in probabilities.items()}})
        verdict = Verdict("ok", scale, seen, reason=REASONS[outcome], raw=raw)
        return [
            replace(verdict, judge=self.name, model=self.model, rubric_version=self.rubric_version, layout=self.layout)
        ]

    def look(self, sweep: Sweep, scales: Sequence[float]) -> dict[float, Sight]:
        """What is seen at some scales."""
        seen = decide(self.probabilities(sweep, [PLAIN, *scales]), self.rubric)
        return {scale: seen[scale] for scale in scales}

    async def _bisect(self, sweep: Sweep) -> Probabilities:
        """Of the pictures that a search asks for alone."""
        found: Probabilities = {}

        async def look(scale: float) -> Sight:
            for claim, values in self.probabilities(sweep, [PLAIN, scale]).items():
                found.setdefault(claim, {}).update(values)
            return decide(found, self.rubric)[scale]

        await drive(bisect(sweep.scales), look)
        return {claim: dict(sorted(values.items(), reverse=True)) for claim, values in found.items()}

    def probabilities(self, sweep: Sweep, scales: Sequence[float]) -> Probabilities:
        """Probability of every claim on the pictures of some scales, rounded to 1e-4."""
        scales = list(dict.fromkeys(scales))
        images = [sweep.images[scale] for scale in scales]
        questions = ask(self.rubric, self.rubric.names or (sweep.concept, *sweep.synonyms), sweep.rest)
        texts = [text for question in questions for text in question.texts]
        logits = self.clip.logits(images, texts).split([len(question.texts) for question in questions], dim=1)
        shares = [
            (part + torch.tensor(question.weights).log()).softmax(dim=1)
            for part, question in zip(logits, questions, strict=True)
        ]
        return {
            claim: _rounded(scales, share[:, list(holds)].sum(dim=1))
            for question, share in zip(questions, shares, strict=True)
            for claim, holds in question.claims.items()
        }


def decide(probabilities: Probabilities, rubric: Rubric) -> dict[float, Sight]:
    """Probabilities against the rubric's limits. It must be a picture, and keep what the plain picture shows of the rest."""
    concept = probabilities[CONCEPT]
    floors = {PICTURE: rubric.kept_above} | {
        claim: rubric.kept_above * values[PLAIN]
        for claim, values in probabilities.items()
        if claim not in {CONCEPT, PICTURE} and values[PLAIN] >= rubric.kept_above
    }
    return {
        scale: Sight(
            gone=probability < rubric.gone_below,
            kept=all(probabilities[claim][scale] >= floor for claim, floor in floors.items()),
        )
        for scale, probability in concept.items()
    }


def _rounded(scales: Sequence[float], values: torch.Tensor) -> dict[float, float]:
    return {scale: round(float(value), 4) for scale, value in zip(scales, values, strict=True)}
