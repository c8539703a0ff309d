"""`gie erase PROMPT`: pictures without a concept, or without several, and on request the plain ones of the same noise beside them.

With fixed scales for concepts that are named, with inferred ones for adapters; both may act together.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gie.adapter import Adapter
from gie.concept import Concept, as_concept
from gie.errors import InputError
from gie.inhibiting import inhibit
from gie.model import load_pipeline
from gie.slots import Slots, Values
from pipeline.album import Album, Picture
from pipeline.drawing import fitting_schedulers, generators, load_quietly, set_scheduler

if TYPE_CHECKING:
    from PIL.Image import Image

MODEL = "data/models/emoji-sd"
SCHEDULER = "DPMSolverMultistep"


@dataclass(frozen=True)
class Manner:
    """How a concept is erased where no adapter says it."""

    scale: float
    slots: Slots
    values: Values
    steps: int
    guidance: float


BUNDLED = Manner(scale=-1.6, slots="all", values="concept-empty", steps=12, guidance=3.0)
"""What the emoji recipes found: docs/decisions/slots.md."""
PAPER = Manner(scale=-7.0, slots="concept", values="concept", steps=50, guidance=7.5)
"""For other models: the paper's slots and values, and the middle of its scales."""


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
    any_weights: bool = False
    """Adapters of other weights than the model's warn instead of being refused."""

    @property
    def seeds(self) -> range:
        """One a picture."""
        return range(self.seed, self.seed + self.count)


@dataclass(frozen=True)
class Drawn:
    """All of them, and what there is to say about them."""

    pictures: tuple[Picture, ...]
    notes: tuple[str, ...]
    """Which concepts gave way to a closer, stronger one (Eq. 11)."""
    compared: Path | None = None
    """The picture with a row a seed: the plain one at the left, the erased one at the right."""


def erase(wish: Wish, folder: Path, *, compare: bool) -> Drawn:
    """Draw `erased.png`, or `erased-SEED.png` of several; with `compare` also `plain...` from the same noise, and `compared.png`.

    Raises:
        InputError: nothing to erase, a scale for adapters that choose theirs, adapters, concepts or a model that are none,
            or a file in the folder's place.
    """
    _refuse(wish, folder)
    folder.mkdir(parents=True, exist_ok=True)
    adapters = [Adapter.from_pretrained(name) for name in wish.adapters]
    model = wish.model or (adapters[0].config.base_model if adapters else MODEL)
    manner = BUNDLED if model == MODEL else PAPER
    scale = manner.scale if wish.scale is None else wish.scale
    named = [Concept(text, scale=scale, slots=manner.slots, values=manner.values) for text in wish.concepts]
    concepts = [*named, *map(as_concept, adapters)]
    texts = [concept.text for concept in concepts]
    pipe, arguments = _open(model, manner, adapters, steps=wish.steps)
    with inhibit(pipe, *concepts, strict=not wish.any_weights) as run:
        images = _draw(pipe, wish, arguments, "erased")
        used = [dict(zip(texts, row, strict=True)) for row in run.scales.tolist()]
        notes = tuple(gone.line(texts) for gone in run.gave_way)
    told = {
        "prompt": wish.prompt,
        "model": model,
        "scheduler": type(pipe.scheduler).__name__,
        **arguments,
        "slots": {concept.text: concept.slots for concept in concepts},
        "values": {concept.text: concept.values for concept in concepts},
    }
    album = Album(folder, wish.seeds, told)
    pictures = album.save("erased", images, used)
    if not compare:
        return Drawn(pictures, notes)
    plain = _draw(pipe, wish, arguments, "plain")
    pictures += album.save("plain", plain, [dict.fromkeys(texts, 0.0)] * wish.count)
    return Drawn(pictures, notes, album.save_beside(plain, images, used))


def _refuse(wish: Wish, folder: Path) -> None:
    if not (wish.concepts or wish.adapters):
        raise InputError("expected --concept or --adapter, got neither")
    if wish.scale is not None and not wish.concepts:
        raise InputError(
            f"expected either --adapter or --scale, got both; the adapter chooses, leave out {wish.scale:g}"
        )
    if folder.exists() and not folder.is_dir():
        raise InputError(f"expected a folder for the pictures, got the file {folder}; give another --out")


def _open(model: str, manner: Manner, adapters: Sequence[Adapter], *, steps: int | None) -> tuple[Any, dict[str, Any]]:
    """The model and the arguments of its call."""
    load_quietly()
    pipe = load_pipeline(model)
    if not adapters:
        return pipe, _unasked(pipe, manner) | ({"num_inference_steps": steps} if steps else {})
    trained = adapters[0].config.sampling
    set_scheduler(pipe, trained.scheduler.removesuffix("Scheduler"))
    return pipe, {
        "num_inference_steps": steps or trained.steps,
        "guidance_scale": trained.guidance,
        "height": trained.height,
        "width": trained.width,
        **({"max_sequence_length": length} if (length := trained.max_sequence_length) else {}),
    }


def _unasked(pipe: Any, manner: Manner) -> dict[str, Any]:
    """The manner's arguments and scheduler; of models that run on another kind of schedule (SD3, FLUX) the pipeline's own."""
    if SCHEDULER in fitting_schedulers(pipe):
        set_scheduler(pipe, SCHEDULER)
        return {"num_inference_steps": manner.steps, "guidance_scale": manner.guidance}
    own = inspect.signature(pipe.__call__).parameters
    return {name: own[name].default for name in ("num_inference_steps", "guidance_scale")}


def _draw(pipe: Any, wish: Wish, arguments: dict[str, Any], title: str) -> "list[Image]":
    pipe.set_progress_bar_config(desc=title, unit=" steps", leave=False)
    return pipe([wish.prompt] * wish.count, generator=generators(wish.seeds), **arguments).images
