"""`gie erase PROMPT`: one picture without a concept, and on request the same one with it."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gie.adapter import Adapter
from gie.concept import Concept
from gie.errors import InputError
from gie.inhibiting import inhibit
from gie.model import load_pipeline
from gie.slots import Slots
from pipeline.drawing import generators, set_scheduler

MODEL = "data/models/emoji-sd"
SCHEDULER = "DPMSolverMultistep"


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
    """What is to be drawn; None: as the adapter was trained, or as its manner is."""

    prompt: str
    erased: str | Path
    """The concept's text, or the folder of an adapter."""
    model: str | None = None
    scale: float | None = None
    seed: int = 0
    steps: int | None = None

    @property
    def manner(self) -> Manner:
        """Without an adapter."""
        return BUNDLED if self.model in {None, MODEL} else PAPER


@dataclass(frozen=True)
class Pictures:
    """Where the pictures are."""

    erased: Path
    plain: Path | None
    scale: float
    """The w that was injected: given, or the adapter's mean over the concept's tokens."""


def erase(wish: Wish, folder: Path, *, compare: bool) -> Pictures:
    """Draw `erased.png`, and with `compare` also `plain.png` from the same noise."""
    adapter = Adapter.from_pretrained(wish.erased) if isinstance(wish.erased, Path) else None
    if adapter and wish.scale is not None:
        raise InputError(
            f"expected either --adapter or --scale, got both; the adapter chooses, leave out {wish.scale:g}"
        )
    pipe, arguments = _open(wish, adapter)
    folder.mkdir(parents=True, exist_ok=True)
    with _inhibit(pipe, wish, adapter) as run:
        erased = _draw(pipe, wish, arguments, folder / "erased.png")
        scale = float(run.scales[0, 0])
    return Pictures(erased, _draw(pipe, wish, arguments, folder / "plain.png") if compare else None, scale)


def _open(wish: Wish, adapter: Adapter | None) -> tuple[Any, dict[str, Any]]:
    """The model and the arguments of its call."""
    if adapter is None:
        pipe = load_pipeline(wish.model or MODEL)
        set_scheduler(pipe, SCHEDULER)
        return pipe, {"num_inference_steps": wish.steps or wish.manner.steps, "guidance_scale": wish.manner.guidance}
    trained = adapter.config.sampling
    pipe = load_pipeline(wish.model or adapter.config.base_model)
    set_scheduler(pipe, trained.scheduler.removesuffix("Scheduler"))
    return pipe, {
        "num_inference_steps": wish.steps or trained.steps,
        "guidance_scale": trained.guidance,
        "height": trained.height,
        "width": trained.width,
    }


def _inhibit(pipe: Any, wish: Wish, adapter: Adapter | None) -> AbstractContextManager[Any]:
    if adapter is not None:
        return inhibit(pipe, adapter)
    scale = wish.manner.scale if wish.scale is None else wish.scale
    return inhibit(pipe, Concept(str(wish.erased), scale=scale, slots=wish.manner.slots))


def _draw(pipe: Any, wish: Wish, arguments: dict[str, Any], path: Path) -> Path:
    [image] = pipe(wish.prompt, generator=generators([wish.seed]), **arguments).images
    image.save(path)
    return path
