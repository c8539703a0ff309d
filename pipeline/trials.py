"""Pictures that the evaluator has looked at: who asked for them, at which scale, and what is on them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np

from pipeline.outcome import Seen
from pipeline.png import open_picture
from pipeline.scoring import Eye
from pipeline.tables import Prompt, SweepImage

BATCH = 256
"""Pictures scored at once; the scores do not depend on it."""


@dataclass(frozen=True)
class Trial:
    """One picture of one prompt at one scale."""

    prompt: Prompt
    scale: float
    seen: Seen


def look_at(pictures: Iterable[SweepImage], prompts: Mapping[str, Prompt], eye: Eye) -> Iterator[Trial]:
    """A trial for each picture whose prompt is among `prompts`; holds one batch of pictures in memory."""
    wanted = (picture for picture in pictures if picture.prompt_id in prompts)
    while batch := list(islice(wanted, BATCH)):
        asked = [prompts[picture.prompt_id] for picture in batch]
        seen = eye.look(asked, [open_picture(picture.image) for picture in batch])
        yield from map(Trial, asked, (picture.scale for picture in batch), seen)


def distance(first: bytes, second: bytes) -> float:
    """Mean absolute difference of two pictures of one size, 0 (equal) to 1 (black against white)."""
    arrays = [np.asarray(open_picture(png), dtype=np.float32) / 255 for png in (first, second)]
    return float(np.abs(arrays[0] - arrays[1]).mean())
