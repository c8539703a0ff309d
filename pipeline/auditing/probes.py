"""Sweeps with a known answer, planted among the real ones: what a judge must see when it looks at all.

All are made of pictures of one real sweep, so that a probe looks like what the judge gets all day, and all are sweeps as the
rules know them, so that every strategy can be asked. Where the answer lies is drawn anew for each, evenly over the scales.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from PIL import Image

from labeling.verdict import PLAIN, Sweep

ProbeKind = Literal["anchor", "black", "step", "duplicate", "shuffled"]


@dataclass(frozen=True)
class Probe:
    """One planted sweep and what is known about it."""

    kind: ProbeKind
    prompt_id: str
    sweep: Sweep
    answer: float | None
    """step: the scale that is right. None where no scale is (anchor, black), or where the sight is what counts."""
    source: Mapping[float, float]
    """Scale -> the scale whose picture of the real sweep stands there; a black picture has none."""


def plant(kind: ProbeKind, prompt_id: str, sweep: Sweep, erased: float) -> Probe:
    """One probe out of a sweep.

    Args:
        kind: which.
        prompt_id: of the sweep; with the kind it decides where the answer lies.
        sweep: a real one.
        erased: the scale at which the judge found the concept gone and the rest kept.
    """
    rng = random.Random(f"{kind}|{prompt_id}")  # noqa: S311
    return PLANTERS[kind](prompt_id, sweep, erased, rng)


def _anchor(prompt_id: str, sweep: Sweep, _: float, __: random.Random) -> Probe:
    """The plain picture everywhere: nothing is gone at any scale."""
    return _probe("anchor", prompt_id, sweep, dict.fromkeys(sweep.scales, PLAIN))


def _black(prompt_id: str, sweep: Sweep, _: float, rng: random.Random) -> Probe:
    """The same with one black picture: there the concept is gone and so is all the rest."""
    probe = _probe("black", prompt_id, sweep, dict.fromkeys(sweep.scales, PLAIN))
    hole = rng.choice(sweep.scales[1:])
    black = Image.new("RGB", sweep.images[PLAIN].size)
    source = {scale: place for scale, place in probe.source.items() if scale != hole}
    return replace(probe, source=source, sweep=replace(probe.sweep, images={**probe.sweep.images, hole: black}))


def _step(prompt_id: str, sweep: Sweep, erased: float, rng: random.Random) -> Probe:
    """The plain picture up to some scale, from there on the one that the judge itself called right."""
    answer = rng.choice(sweep.scales[1:])
    source = {scale: erased if scale <= answer else PLAIN for scale in sweep.scales}
    return _probe("step", prompt_id, sweep, source, answer)


def _duplicate(prompt_id: str, sweep: Sweep, _: float, rng: random.Random) -> Probe:
    """One picture stands twice, at neighbouring scales: it must look the same both times."""
    scales = sweep.scales
    place = rng.randrange(len(scales) - 1)
    source = {scale: scale for scale in scales} | {scales[place + 1]: scales[place]}
    return _probe("duplicate", prompt_id, sweep, source)


def _shuffled(prompt_id: str, sweep: Sweep, _: float, rng: random.Random) -> Probe:
    """All but the plain picture change places: what is seen on a picture must go with it."""
    places = sweep.scales[1:]
    rng.shuffle(places)
    return _probe("shuffled", prompt_id, sweep, {PLAIN: PLAIN} | dict(zip(sweep.scales[1:], places, strict=True)))


def _probe(
    kind: ProbeKind, prompt_id: str, sweep: Sweep, source: Mapping[float, float], answer: float | None = None
) -> Probe:
    images = {scale: sweep.images[place] for scale, place in source.items()}
    return Probe(kind, prompt_id, replace(sweep, images=images), answer, source)


PLANTERS: Mapping[ProbeKind, Callable[[str, Sweep, float, random.Random], Probe]] = {
    "anchor": _anchor,
    "black": _black,
    "step": _step,
    "duplicate": _duplicate,
    "shuffled": _shuffled,
}
