"""The independent evaluator: says what a picture shows. Another network than the CLIP that labels, trained otherwise.

Multi-label: an object is there or not, whatever else is. Its quality output says whether the picture is a picture at
all, so that noise, blanks and smears do not count as erased.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

FOUND = 0.5
"""Probability from which on a concept, style or background counts as found."""


@dataclass(frozen=True)
class EvaluatorConfig:
    """What the outputs mean."""

    concepts: tuple[str, ...]
    styles: tuple[str, ...]
    backgrounds: tuple[str, ...]
    quality_threshold: float = FOUND
    """From here on a picture is a picture: set so that 99 % of real reference pictures pass, at most `FOUND`."""


@dataclass(frozen=True)
class Scores:
    """What the evaluator sees on N pictures; probabilities from 0 to 1."""

    concepts: np.ndarray
    """`[N, concepts]`, each on its own: 0, 1 or more of them may be there."""
    styles: np.ndarray
    """`[N, styles]`, sums to 1."""
    backgrounds: np.ndarray
    """`[N, backgrounds]`, sums to 1."""
    quality: np.ndarray
    """`[N]`, 1 = a clear picture of something."""


class _Block(nn.Module):
    """Residual block that halves the sides."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolve = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride=2, padding=1), nn.GroupNorm(8, outputs), nn.SiLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1), nn.GroupNorm(8, outputs),
        )  # fmt: skip
        self.skip = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(inputs, outputs, 1))

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.silu(self.convolve(x) + self.skip(x))


class Evaluator(nn.Module):
    """Convolutional network on 64 x 64 pictures, 1.2 M parameters."""

    def __init__(self, config: EvaluatorConfig) -> None:
        super().__init__()
        self.config = config
        sizes = [len(config.concepts), len(config.styles), len(config.backgrounds), 1]
        self.sizes = sizes
        self.body = nn.Sequential(
            nn.Conv2d(3, 32, 4, stride=2, padding=1), nn.SiLU(),
            _Block(32, 64), _Block(64, 128), _Block(128, 192), nn.Flatten(),
            nn.Dropout(0.1), nn.Linear(192 * 16, 160), nn.SiLU(),
        )  # fmt: skip
        self.head = nn.Linear(160, sum(sizes))

    @property
    def concepts(self) -> tuple[str, ...]:
        """Names of the columns of `Scores.concepts`."""
        return self.config.concepts

    @property
    def styles(self) -> tuple[str, ...]:
        """Names of the columns of `Scores.styles`."""
        return self.config.styles

    @property
    def backgrounds(self) -> tuple[str, ...]:
        """Names of the columns of `Scores.backgrounds`."""
        return self.config.backgrounds

    @property
    def quality_threshold(self) -> float:
        """See `EvaluatorConfig`."""
        return self.config.quality_threshold

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """Logits of concepts, styles, backgrounds and quality from `[N, 3, 64, 64]` in [-1, 1]."""
        return list(self.head(self.body(pixels)).split(self.sizes, dim=1))

    @torch.inference_mode()
    def score_pixels(self, pixels: Tensor) -> Scores:
        """Scores of `[N, 3, 64, 64]` in [-1, 1]."""
        parts = [self(part) for part in pixels.split(256)]
        concepts, styles, backgrounds, quality = (torch.cat(column) for column in zip(*parts, strict=True))
        return Scores(
            concepts=concepts.sigmoid().numpy(),
            styles=styles.softmax(1).numpy(),
            backgrounds=backgrounds.softmax(1).numpy(),
            quality=quality.sigmoid()[:, 0].numpy(),
        )

    def score(self, images: list[Image.Image]) -> Scores:
        """Scores of pictures of any size."""
        arrays = [np.asarray(image.convert("RGB").resize((64, 64))) for image in images]
        stacked = torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2)
        return self.score_pixels(stacked.float() / 127.5 - 1)

    def save_pretrained(self, folder: Path) -> None:
        """Write `config.json` and `model.safetensors` (fp16)."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(asdict(self.config), indent=2) + "\n")
        save_file({name: value.half() for name, value in self.state_dict().items()}, folder / "model.safetensors")

    @classmethod
    def from_pretrained(cls, folder: Path | str) -> Self:
        """Load what `save_pretrained` wrote; ready to score.

        Raises:
            FileNotFoundError: the folder holds no evaluator.
        """
        folder = Path(folder)
        raw = json.loads((folder / "config.json").read_text())
        names = {key: tuple(raw[key]) for key in ("concepts", "styles", "backgrounds")}
        config = EvaluatorConfig(**names, quality_threshold=float(raw["quality_threshold"]))
        evaluator = cls(config)
        weights = load_file(folder / "model.safetensors")
        evaluator.load_state_dict({name: value.float() for name, value in weights.items()})
        return evaluator.eval().requires_grad_(False)
