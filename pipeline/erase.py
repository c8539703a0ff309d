"""`gie erase PROMPT`: pictures without a concept, or without several, and on request the same ones with it.

What was injected goes into each PNG as the text chunk `gie`, so that a picture says by itself how it was made.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL.PngImagePlugin import PngInfo

from gie.adapter import Adapter
from gie.concept import Concept
from gie.errors import InputError
from gie.inhibiting import inhibit
from gie.model import load_pipeline
from gie.slots import Slots
from pipeline.drawing import generators, load_quietly, set_scheduler

MODEL = "data/models/emoji-sd"
SCHEDULER = "DPMSolverMultistep"
CHUNK = "gie"
"""Name of the PNG text chunk: JSON with prompt, model, seed, steps, guidance and the w of each concept."""


@dataclass(frozen=True)
class Manner:
    """How a concept is erased where no adapter says it."""

    scale: float
    slots: Slots
    steps: int
    guidance: float


BUNDLED = Manner(scale=-1.6, slots="all", steps=12, guidance=3.0)
"""What the emoji recipes found: docs/decisions/slots.md."""
PAPER = Manner(scale=-7.0, slots="concept", steps=50, guidance=7.5)
"""For other models: the paper's slots, and the middle of its scales."""


@dataclass(frozen=True)
class Wish:
    """What is to be drawn; None: as the first adapter was trained, or in the model's manner."""

    prompt: str
    concepts: tuple[str, ...] = ()
    """Texts, erased with one fixed scale."""
    adapters: tuple[str, ...] = ()
    """Folders or hub ids; each chooses its scale itself."""
    model: str | None = None
    scale: float | None = None
    seed: int = 0
    """Of the first picture; the next ones count on from it."""
    count: int = 1
    steps: int | None = None

    @property
    def seeds(self) -> range:
        """One a picture."""
        return range(self.seed, self.seed + self.count)


@dataclass(frozen=True)
class Picture:
    """One picture that was drawn."""

    path: Path
    scales: dict[str, float]
    """Concept -> the w that was injected: given, or the adapter's mean over the concept's tokens; 0 on plain ones."""


@dataclass(frozen=True)
class Drawn:
    """All of them, and what there is to say about them."""

    pictures: tuple[Picture, ...]
    notes: tuple[str, ...]
    """Which concepts gave way to a closer, stronger one (Eq. 11)."""


def erase(wish: Wish, folder: Path, *, compare: bool) -> Drawn:
    """Draw `erased.png`, or `erased-SEED.png` of several; with `compare` also `plain...` from the same noise.

    Raises:
        InputError: nothing to erase, a scale for adapters that choose theirs, or adapters, concepts or a model that are none.
    """
    if not (wish.concepts or wish.adapters):
        raise InputError("expected --concept or --adapter, got neither")
    if wish.scale is not None and not wish.concepts:
        raise InputError(
            f"expected either --adapter or --scale, got both; the adapter chooses, leave out {wish.scale:g}"
        )
    adapters = [Adapter.from_pretrained(name) for name in wish.adapters]
    model = wish.model or (adapters[0].config.base_model if adapters else MODEL)
    manner = BUNDLED if model == MODEL else PAPER
    pipe, arguments = _open(model, manner, adapters, steps=wish.steps)
    scale = manner.scale if wish.scale is None else wish.scale
    concepts = [Concept(text, scale=scale, slots=manner.slots) for text in wish.concepts]
    texts = [*wish.concepts, *(adapter.config.concept for adapter in adapters)]
    folder.mkdir(parents=True, exist_ok=True)
    with inhibit(pipe, *concepts, *adapters) as run:
        images = _draw(pipe, wish, arguments, "erased")
        used = [dict(zip(texts, row, strict=True)) for row in run.scales.tolist()]
        notes = tuple(gone.line(texts) for gone in run.gave_way)
    told = {"prompt": wish.prompt, "model": model, **arguments}
    pictures = _save(folder, "erased", zip(wish.seeds, images, used, strict=True), told)
    if compare:
        nothing = [dict.fromkeys(texts, 0.0)] * wish.count
        plain = _draw(pipe, wish, arguments, "plain")
        pictures += _save(folder, "plain", zip(wish.seeds, plain, nothing, strict=True), told)
    return Drawn(tuple(pictures), notes)


def _open(model: str, manner: Manner, adapters: Sequence[Adapter], *, steps: int | None) -> tuple[Any, dict[str, Any]]:
    """The model and the arguments of its call."""
    load_quietly()
    pipe = load_pipeline(model)
    if not adapters:
        set_scheduler(pipe, SCHEDULER)
        return pipe, {"num_inference_steps": steps or manner.steps, "guidance_scale": manner.guidance}
    trained = adapters[0].config.sampling
    set_scheduler(pipe, trained.scheduler.removesuffix("Scheduler"))
    return pipe, {
        "num_inference_steps": steps or trained.steps,
        "guidance_scale": trained.guidance,
        "height": trained.height,
        "width": trained.width,
    }


def _draw(pipe: Any, wish: Wish, arguments: dict[str, Any], title: str) -> list[Any]:
    pipe.set_progress_bar_config(desc=title, unit=" steps", leave=False)
    return pipe([wish.prompt] * wish.count, generator=generators(wish.seeds), **arguments).images


def _save(
    folder: Path, name: str, drawn: Iterable[tuple[int, Any, dict[str, float]]], told: dict[str, Any]
) -> list[Picture]:
    """Write pictures, each with its seed and scales, into the folder; `told` is what they have in common."""
    rows = list(drawn)
    pictures: list[Picture] = []
    for seed, image, scales in rows:
        path = folder / (f"{name}.png" if len(rows) == 1 else f"{name}-{seed}.png")
        info = PngInfo()
        info.add_text(CHUNK, json.dumps({**told, "seed": seed, "scales": scales}))
        image.save(path, pnginfo=info)
        pictures.append(Picture(path, scales))
    return pictures
