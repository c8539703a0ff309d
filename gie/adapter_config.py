"""What an adapter is for: concept, model, layers, the conditions under which its features were read.

The file `config.json` beside the weights. An adapter that does not know where it was trained would be used where it
does not hold, so every field but the last few is required, and unknown ones are refused.
"""

import json
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gie.errors import InputError
from gie.slots import Slots, Values

FORMAT_VERSION = 1
CONFIG_FILE = "config.json"

Negative = Annotated[float, Field(lt=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Reading(NamedTuple):
    """One first step whose features an adapter reads."""

    injected: float
    """The w that is injected meanwhile."""
    noise: int | None
    """The number of the shared noise that it starts from; None: the picture's own."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScaleRange(_Record):
    """The suppression scales that the recipe swept."""

    smallest: Negative
    """The strongest suppression, for example -15; inferred scales are clamped to [smallest, 0]."""
    step: Positive
    """Distance between neighbours of the sweep."""


class Sampling(_Record):
    """The conditions under which the features were read and the scales labelled."""

    first_timestep: float
    """Timestep of the first UNet call."""
    scheduler: str
    """Class name, for example `DPMSolverMultistepScheduler`."""
    steps: Annotated[int, Field(ge=1)]
    guidance: float
    height: Annotated[int, Field(ge=1)]
    """Pixels."""
    width: Annotated[int, Field(ge=1)]
    """Pixels."""
    max_sequence_length: Annotated[int, Field(ge=1)] | None = None
    """Slots of T5's text in SD3 and FLUX, whose padding takes its part of the attention. None: the caller cannot choose, or it was not
    recorded, so it is not compared."""


class AdapterConfig(_Record):
    """Everything about an adapter but its weights."""

    format_version: Literal[1] = FORMAT_VERSION
    concept: Annotated[str, Field(min_length=1)]
    """The text that is injected, encoded on its own."""
    synonyms: tuple[str, ...]
    """Other words that the training prompts used; never injected."""
    slots: Slots
    """Which token slots of the concept are injected; the paper's is `concept`."""
    values: Values = "concept"
    """What is injected of them; the paper's is `concept`, their values whole."""
    base_model: str
    fingerprint: str
    """Hash of the base model's weights; another one is refused, or a warning when not strict."""
    layers: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names of the cross-attention layers in call order: the columns of the features."""
    scales: ScaleRange
    injected: Annotated[tuple[float, ...], Field(min_length=1)]
    """The w that is injected while the features are read: +1 in the paper, 0 passive. Of several, each in a first step of its own, the
    features stand side by side."""
    eot: bool = False
    """Whether the features of the concept's [EOT] stand beside those of each token; the paper reads the tokens alone."""
    noises: Annotated[int, Field(ge=0)] = 0
    """From how many noises, the same for all prompts, the features are read and averaged; 0: from the picture's own, as in the paper."""
    first_step: Literal["inhibited", "plain"]
    """Whether the first step is run again inhibited once the scale is known."""
    sampling: Sampling
    recipe_hash: str
    best_fixed_scale: Annotated[float, Field(le=0, allow_inf_nan=False)] | None = None
    """The one scale for all prompts that succeeds most often; used outside the trained conditions. None: not measured."""
    weakest: Annotated[float, Field(le=0, allow_inf_nan=False)] = 0.0
    """What is inferred to be weaker is 0: the concept is not there, and the picture stays the plain model's. The paper's is 0."""
    transform: Literal["linear", "bounded"] = "linear"
    """`linear`: the network's output is the scale (paper). `bounded`: smallest * sigmoid(output)."""
    hidden: tuple[Annotated[int, Field(ge=1)], ...] = (64, 32)
    """Widths of the hidden layers."""
    members: Annotated[int, Field(ge=1)] = 1
    """How many networks of that shape are averaged."""
    widths: tuple[tuple[int, int], ...] | None = None
    """`[layers]` how wide the image's states are and the text's. None: not recorded, so not compared."""
    window: tuple[float, float] = (0.0, 1.0)
    """Which part of the way from noise (0) to picture (1) is inhibited; the paper's is all of it."""

    @property
    def inputs(self) -> int:
        """How many numbers of one token the network reads."""
        return len(self.layers) * len(self.injected) * (2 if self.eot else 1)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Every first step that is read, those of one w after another."""
        return tuple(
            Reading(w, noise) for w in self.injected for noise in (range(self.noises) if self.noises else [None])
        )

    @model_validator(mode="after")
    def _one_width_a_layer(self) -> "AdapterConfig":
        if self.widths is not None and len(self.widths) != len(self.layers):
            raise ValueError(f"expected widths of {len(self.layers)} layers, got {len(self.widths)}")
        return self


def write_config(config: AdapterConfig, folder: Path) -> None:
    """Write `config.json`, aside first."""
    aside = folder / f"{CONFIG_FILE}.aside"
    aside.write_text(json.dumps(config.model_dump(mode="json"), indent=2) + "\n")
    aside.replace(folder / CONFIG_FILE)


def read_config(folder: Path) -> AdapterConfig:
    """The inverse of `write_config`.

    Raises:
        InputError: the file is missing, is no JSON, or a field is unknown, missing or out of range.
    """
    path = folder / CONFIG_FILE
    if not path.is_file():
        msg = f"expected an adapter folder with {CONFIG_FILE}, got {folder}; give the folder that `gie train` wrote"
        raise InputError(msg)
    try:
        return AdapterConfig.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        got = repr(first["input"])[:80]
        msg = f"{path}: {where}: expected a valid adapter config, format {FORMAT_VERSION}; {first['msg']}, got {got}"
        raise InputError(msg) from error
