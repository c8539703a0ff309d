"""Sweeps with a known answer, planted among the real ones: what a judge must see when it looks at all.

All are made of the recipe's own pictures, so that a probe looks like what the judge gets all day, and all are sweeps as the rules
know them, so that every strategy can be asked. Where the answer lies is drawn anew for each, evenly over the scales.

What is known comes from how a probe is made, and in two of them from more. `step` shows the picture that the judge itself called
right: it tells whether the pick goes with the picture, not whether the picture is right. `swapped` shows one that nobody asked the
concept of: there it is gone, whatever the judge thinks.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from PIL import Image

from labeling.verdict import PLAIN, Sweep

ProbeKind = Literal["anchor", "black", "step", "swapped", "duplicate", "shuffled"]


@dataclass(frozen=True)
class Matter:
    """What probes are made of: one real sweep and what is known about it."""

    prompt_id: str
    """With the kind of the probe it decides where the answer lies."""
    sweep: Sweep
    erased: float
    """The scale at which the judge found the concept gone and the rest kept."""
    harmless: Image.Image | None = None
    """The plain picture of a prompt that does not ask for the concept; None where there is none."""


@dataclass(frozen=True)
class Probe:
    """One planted sweep and what is known about it."""

    kind: ProbeKind
    prompt_id: str
    sweep: Sweep
    answer: float | None
    """step, swapped: the scale from which on the concept is gone. None where no scale is right (anchor, black), or where the sight is what counts."""
    source: Mapping[float, float]
    """Scale -> the scale whose picture of the real sweep stands there; a picture from elsewhere has none."""


def plant(kind: ProbeKind, matter: Matter) -> Probe | None:
    """One probe; None where there is nothing to make it of."""
    rng = random.Random(f"{kind}|{matter.prompt_id}")  # noqa: S311
    return PLANTERS[kind](matter, rng)


def _anchor(matter: Matter, _: random.Random) -> Probe:
    """The plain picture everywhere: nothing is gone at any scale."""
    return _moved("anchor", matter, dict.fromkeys(matter.sweep.scales, PLAIN))


def _black(matter: Matter, rng: random.Random) -> Probe:
    """The same with one black picture: there the concept is gone and so is all the rest."""
    black = Image.new("RGB", matter.sweep.images[PLAIN].size)
    hole = rng.choice(matter.sweep.scales[1:])
    return _with(black, [hole], replace(_anchor(matter, rng), kind="black"))


def _step(matter: Matter, rng: random.Random) -> Probe:
    """The plain picture up to some scale, from there on the one that the judge itself called right."""
    answer = rng.choice(matter.sweep.scales[1:])
    source = {scale: matter.erased if scale <= answer else PLAIN for scale in matter.sweep.scales}
    return _moved("step", matter, source, answer)


def _swapped(matter: Matter, rng: random.Random) -> Probe | None:
    """The plain picture up to some scale, from there on one whose prompt does not ask for the concept: gone, and so is the rest."""
    if matter.harmless is None:
        return None
    answer = rng.choice(matter.sweep.scales[1:])
    places = [scale for scale in matter.sweep.scales if scale <= answer]
    return _with(matter.harmless, places, replace(_anchor(matter, rng), kind="swapped", answer=answer))


def _duplicate(matter: Matter, rng: random.Random) -> Probe:
    """One picture stands twice, at neighbouring scales: it must look the same both times."""
    scales = matter.sweep.scales
    place = rng.randrange(len(scales) - 1)
    source = {scale: scale for scale in scales} | {scales[place + 1]: scales[place]}
    return _moved("duplicate", matter, source)


def _shuffled(matter: Matter, rng: random.Random) -> Probe:
    """All but the plain picture change places: what is seen on a picture must go with it."""
    scales = matter.sweep.scales[1:]
    places = rng.sample(scales, len(scales))
    return _moved("shuffled", matter, {PLAIN: PLAIN} | dict(zip(scales, places, strict=True)))


def _moved(kind: ProbeKind, matter: Matter, source: Mapping[float, float], answer: float | None = None) -> Probe:
    """The sweep with its pictures at other places."""
    images = {scale: matter.sweep.images[place] for scale, place in source.items()}
    return Probe(kind, matter.prompt_id, replace(matter.sweep, images=images), answer, source)


def _with(picture: Image.Image, places: list[float], probe: Probe) -> Probe:
    """The probe with a picture from elsewhere at some scales."""
    source = {scale: place for scale, place in probe.source.items() if scale not in places}
    images = {**probe.sweep.images, **dict.fromkeys(places, picture)}
    return replace(probe, source=source, sweep=replace(probe.sweep, images=images))


PLANTERS: Mapping[ProbeKind, Callable[[Matter, random.Random], Probe | None]] = {
    "anchor": _anchor,
    "black": _black,
    "step": _step,
    "swapped": _swapped,
    "duplicate": _duplicate,
    "shuffled": _shuffled,
}
