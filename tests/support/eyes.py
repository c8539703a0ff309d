"""The model behind the seeing server: the bundled CLIP, and what it knows of the world.

It stands for somebody else's model. So it imports nothing of `labeling` and has its own way from pictures to answers; what it calls things
it reads from `params.yaml`, whose words are those the CLIP was trained with.
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from itertools import permutations
from pathlib import Path
from typing import Any

import torch
import yaml
from PIL.Image import Image
from torch import Tensor
from transformers import AutoTokenizer, CLIPImageProcessorPil, CLIPModel

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Asked:
    """What to look for."""

    concept: tuple[str, ...]
    """Names with their articles."""
    rest: tuple[str, ...]
    """Other things and traits."""


@dataclass(frozen=True)
class Shown:
    """How probable it is that a picture shows something."""

    concept: float
    picture: float
    rest: dict[str, float]


@dataclass
class Eyes:
    """Looks at pictures."""

    folder: Path = ROOT / "data" / "models" / "emoji-clip"
    texts: dict[str, Tensor] = field(default_factory=dict[str, Tensor])

    @cached_property
    def world(self) -> dict[str, Any]:
        """Objects, groups of traits, names of wrecks."""
        return yaml.safe_load((ROOT / "params.yaml").read_text())["shared"]["label"]

    @cached_property
    def clip(self) -> tuple[Any, Any, Any]:
        """Model, tokenizer, image processor."""
        model = CLIPModel.from_pretrained(self.folder, dtype=torch.float32).eval()
        return model, AutoTokenizer.from_pretrained(self.folder), CLIPImageProcessorPil.from_pretrained(self.folder)

    @torch.inference_mode()
    def embed(self, pictures: list[Image]) -> Tensor:
        """`[pictures, width]`, of length 1."""
        model, _, processor = self.clip
        pixels = processor([picture.convert("RGB") for picture in pictures], return_tensors="pt")["pixel_values"]
        return torch.nn.functional.normalize(model.get_image_features(pixel_values=pixels).pooler_output, dim=-1)

    @torch.inference_mode()
    def embed_texts(self, texts: list[str]) -> Tensor:
        """`[texts, width]`, of length 1; each text is read once."""
        model, tokenizer, _ = self.clip
        if new := [text for text in dict.fromkeys(texts) if text not in self.texts]:
            tokens = tokenizer(new, padding=True, truncation=True, return_tensors="pt")
            output = model.get_text_features(tokens["input_ids"], tokens["attention_mask"]).pooler_output
            self.texts |= dict(zip(new, torch.nn.functional.normalize(output, dim=-1), strict=True))
        return torch.stack([self.texts[text] for text in texts])

    @torch.inference_mode()
    def share(self, embedded: Tensor, texts: list[str], weights: list[float]) -> Tensor:
        """`[pictures, texts]`: how the texts share each picture."""
        model, _, _ = self.clip
        logits = model.logit_scale.exp() * embedded @ self.embed_texts(texts).T
        return (logits + torch.tensor(weights).log()).softmax(dim=1)

    def look(self, embedded: Tensor, asked: Asked) -> list[Shown]:
        """What each picture shows of what is asked."""
        groups = {trait: group for group in self.world["attributes"] for trait in group if trait in asked.rest}
        other = " and ".join(part for part in asked.rest if part not in groups)
        scenes = self._scenes(asked, other)  # caption -> (shows the concept, shows the other object)
        rows = [*((text, (*claims, True)) for text, claims in scenes.items())]
        rows += [(text, (False, False, False)) for text in self.world["broken"]]
        sizes = Counter(claims for _, claims in rows)
        share = self.share(embedded, [text for text, _ in rows], [sizes[claims] ** -0.5 for _, claims in rows])
        holds = torch.tensor([claims for _, claims in rows], dtype=share.dtype)
        concept, rest, picture = (share @ holds).T.tolist()
        found = {other: rest} if other else {}
        shown = [text for text, claims in scenes.items() if (claims[1] if other else " and " not in text)]
        for trait, group in groups.items():
            texts = [f"{text}, {value}" for text in shown for value in group]
            right = torch.tensor([float(text.endswith(f", {trait}")) for text in texts])
            found[trait] = (self.share(embedded, texts, [1.0] * len(texts)) @ right).tolist()
        return [
            Shown(concept[index], picture[index], {name: values[index] for name, values in found.items()})
            for index in range(len(embedded))
        ]

    def _scenes(self, asked: Asked, other: str) -> dict[str, tuple[bool, bool]]:
        """Every object alone and with every other; never the concept with itself."""
        single = dict.fromkeys(asked.concept, (True, False)) | ({other: (False, True)} if other else {})
        single |= {text: (False, False) for text in self.world["contrasts"] if text not in single}
        pairs = {
            f"{a} and {b}": (single[a][0] or single[b][0], single[a][1] or single[b][1])
            for a, b in permutations(single, 2)
            if not (single[a][0] and single[b][0])
        }
        return single | pairs
