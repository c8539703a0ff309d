"""One batch of a sweep: pictures of prompts at scales, and the features of their first step.

Everything here, in `drawing.py`, and in the files of `gie` beside the adapter's decides pixels: `pixel_code` is their hash, and part of what a
batch is kept under.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gie
from pipeline.drawing import generators, sampling
from pipeline.png import encode_png
from pipeline.settings import Recipe
from pipeline.tables import EOT, Feature, Prompt, SweepImage

if TYPE_CHECKING:
    from gie.concept import Concept

NO_PIXELS = {
    "__init__.py",
    "adapter.py",
    "adapter_config.py",
    "card.py",
    "errors.py",
    "hub.py",
    "identity.py",
    "network.py",
}
"""Files of `gie` that cannot change what a fixed scale draws."""


@dataclass(frozen=True)
class Shot:
    """One picture to be rendered, or one first step to be probed."""

    prompt: Prompt
    scale: float


@dataclass(frozen=True)
class Rendered:
    """One picture with the features of its first step."""

    prompt_id: str
    scale: float
    image: bytes
    """PNG."""
    tokens: int
    """How many were read: the concept's own and [EOT]."""
    values: tuple[float, ...]
    """`[tokens * layers]`, token by token, [EOT] last."""

    @property
    def key(self) -> tuple[str, float]:
        """The order of the sweep."""
        return (self.prompt_id, -self.scale)

    def picture(self) -> SweepImage:
        """The row of the sweeps."""
        return SweepImage(self.prompt_id, self.scale, self.image)

    def features(self) -> list[Feature]:
        """The rows of the features, one a token; right where the first step was inhibited with the picture's own scale."""
        layers = len(self.values) // self.tokens
        read = [self.values[start : start + layers] for start in range(0, len(self.values), layers)]
        return feature_rows(self.prompt_id, self.scale, read, noises=0)


def feature_rows(prompt_id: str, injected: float, read: Sequence[Sequence[float]], *, noises: int) -> list[Feature]:
    """The rows of what was read `[tokens, layers]`, [EOT] last."""
    tokens = [*range(len(read) - 1), EOT]
    return [
        Feature(prompt_id, token, injected, tuple(values), noises) for token, values in zip(tokens, read, strict=True)
    ]


def render(pipe: Any, recipe: Recipe, shots: Sequence[Shot]) -> list[Rendered]:
    """Draw every shot, each from its prompt's own noise."""
    from gie.inhibiting import inhibit

    concept = _concept(recipe, shots)
    with inhibit(pipe, concept, first_step=recipe.sweep.first_step, capture=True) as run:
        images = pipe(**_asked(shots), **sampling(recipe.sweep)).images
    features = run.features.float().cpu()  # [images, tokens and [EOT], layers]
    return [
        Rendered(shot.prompt.prompt_id, shot.scale, encode_png(image), len(tokens), tuple(tokens.flatten().tolist()))
        for shot, image, tokens in zip(shots, images, features, strict=True)
    ]


def probe_features(pipe: Any, recipe: Recipe, shots: Sequence[Shot]) -> list[Feature]:
    """Run the first step of every shot alone, for its features."""
    from gie.features import probe

    concept, noises = _concept(recipe, shots), recipe.sweep.noises
    asked = _asked(shots)
    prompts, made_from = asked.pop("prompt"), asked.pop("generator")
    features = probe(pipe, concept, prompts=prompts, generators=made_from, noises=noises, **sampling(recipe.sweep))
    return [
        row
        for shot, read in zip(shots, features.float().cpu().tolist(), strict=True)
        for row in feature_rows(shot.prompt.prompt_id, shot.scale, read, noises=noises)
    ]


def pixel_code() -> str:
    """Hash of the files that decide pixels and features."""
    folder = Path(str(gie.__file__)).parent
    own = [Path(__file__), Path(__file__).with_name("drawing.py")]
    files = [path for path in sorted(folder.rglob("*.py")) if path.name not in NO_PIXELS] + own
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()


def _concept(recipe: Recipe, shots: Sequence[Shot]) -> "Concept":
    from gie.concept import Concept

    sweep = recipe.sweep
    return Concept(recipe.concept, scale=[shot.scale for shot in shots], slots=sweep.slots, values=sweep.values)


def _asked(shots: Sequence[Shot]) -> dict[str, Any]:
    return {
        "prompt": [shot.prompt.prompt for shot in shots],
        "generator": generators(shot.prompt.seed for shot in shots),
    }
