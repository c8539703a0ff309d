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

from labeling.choose import choose_scale
from labeling.judges.clip import Clip, fingerprint
from labeling.judges.scenes import CONCEPT, PICTURE, Rubric, ask
from labeling.verdict import LabelOutcome, Sight, Sweep, Verdict

VERSION = "scenes-1"
"""Of the way the questions are put; a change here asks again."""

REASONS: dict[LabelOutcome, str] = {
    "ok": "the weakest scale without the concept and with the rest",
    "absent": "the plain picture does not show the concept",
    "none_works": "no scale removes the concept and keeps the rest",
}

Probabilities = dict[str, list[float]]
"""Claim -> its probability on each picture, from the plain one to the strongest suppression."""


@dataclass(frozen=True)
class LocalJudge:
    """A CLIP with a rubric; a `labeling.verdict.Judge`."""

    clip: Clip
    model: str
    rubric: Rubric
    name: str = "local"
    layout: str = "single"

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
        probabilities = self.probabilities(sweep)
        seen = decide(sweep.scales, probabilities, self.rubric)
        outcome, scale = choose_scale(seen)
        raw = json.dumps({"scales": sweep.scales, "probabilities": probabilities})
        verdict = Verdict("ok", scale, seen, reason=REASONS[outcome], raw=raw)
        return [
            replace(verdict, judge=self.name, model=self.model, rubric_version=self.rubric_version, layout=self.layout)
        ]

    def probabilities(self, sweep: Sweep) -> Probabilities:
        """Probability of every claim on every picture, rounded to 1e-4."""
        images = [sweep.images[scale] for scale in sweep.scales]
        questions = ask(self.rubric, self.rubric.names or (sweep.concept, *sweep.synonyms), sweep.rest)
        texts = [text for question in questions for text in question.texts]
        logits = self.clip.logits(images, texts).split([len(question.texts) for question in questions], dim=1)
        shares = [
            (part + torch.tensor(question.weights).log()).softmax(dim=1)
            for part, question in zip(logits, questions, strict=True)
        ]
        return {
            claim: [round(float(value), 4) for value in share[:, list(holds)].sum(dim=1)]
            for question, share in zip(questions, shares, strict=True)
            for claim, holds in question.claims.items()
        }


def decide(scales: list[float], probabilities: Probabilities, rubric: Rubric) -> dict[float, Sight]:
    """Probabilities against the rubric's limits. It must be a picture, and keep what the plain picture shows of the rest."""
    concept = probabilities[CONCEPT]
    floors = {PICTURE: rubric.kept_above} | {
        claim: rubric.kept_above * values[0]
        for claim, values in probabilities.items()
        if claim not in {CONCEPT, PICTURE} and values[0] >= rubric.kept_above
    }
    return {
        scale: Sight(
            gone=concept[index] < rubric.gone_below,
            kept=all(probabilities[claim][index] >= floor for claim, floor in floors.items()),
        )
        for index, scale in enumerate(scales)
    }
