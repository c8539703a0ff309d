"""Any CLIP in transformers' format as a measure of how well a picture fits a text."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL.Image import Image
from torch import Tensor
from transformers import AutoTokenizer, CLIPImageProcessorPil, CLIPModel

from labeling.errors import LabelingError

HASHED = (".json", ".txt", ".safetensors")
TEXTS_A_BATCH = 256


class Clip:
    """Logits of texts and pictures; texts are embedded once."""

    def __init__(self, model: CLIPModel, tokenizer: Any, processor: Any) -> None:
        self.model = model.eval().requires_grad_(False)
        self.tokenizer = tokenizer
        self.processor = processor
        self._texts: dict[str, Tensor] = {}

    @classmethod
    def from_folder(cls, folder: Path, *, device: str = "cpu", named_by: str = "label.model") -> "Clip":
        """Load a `CLIPModel`, its tokenizer and its image processor from one folder, in fp32.

        Args:
            folder: as `save_pretrained` leaves it.
            device: where it looks.
            named_by: the setting that names the folder, for the error.

        Raises:
            LabelingError: there is no such folder, or it holds no CLIP.
        """
        if not (folder / "config.json").is_file():
            raise LabelingError(f"expected a folder with a CLIPModel, got {folder}; set {named_by}")
        try:
            model = CLIPModel.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            processor = CLIPImageProcessorPil.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError) as error:
            raise LabelingError(
                f"{folder}: expected a CLIPModel with tokenizer and image processor: {error}"
            ) from error
        return cls(model.to(device), tokenizer, processor)  # pyright: ignore[reportArgumentType]

    @torch.inference_mode()
    def logits(self, images: Sequence[Image], texts: Sequence[str]) -> Tensor:
        """`[images, texts]`, CLIP's own temperature included, fp32 on the CPU."""
        scale = self.model.logit_scale.exp()
        return (scale * self._embed_images(images) @ self._embed_texts(texts).T).cpu()

    @torch.inference_mode()
    def cosines(self, images: Sequence[Image], texts: Sequence[str]) -> Tensor:
        """`[images, texts]`, -1 ... 1, fp32 on the CPU."""
        return (self._embed_images(images) @ self._embed_texts(texts).T).cpu()

    @property
    def sharpness(self) -> float:
        """What makes logits of cosines: the inverse of CLIP's own temperature."""
        return float(self.model.logit_scale.exp())

    def _embed_images(self, images: Sequence[Image]) -> Tensor:
        """`[images, width]`, of length 1."""
        pixels = self.processor([image.convert("RGB") for image in images], return_tensors="pt")["pixel_values"]
        return _unit(self.model.get_image_features(pixel_values=pixels.to(self.model.device)))

    def _embed_texts(self, texts: Sequence[str]) -> Tensor:
        """`[texts, width]`, of length 1."""
        new = [text for text in dict.fromkeys(texts) if text not in self._texts]
        for start in range(0, len(new), TEXTS_A_BATCH):
            part = new[start : start + TEXTS_A_BATCH]
            tokens = self.tokenizer(part, padding=True, truncation=True, return_tensors="pt").to(self.model.device)
            features = _unit(self.model.get_text_features(tokens["input_ids"], tokens["attention_mask"]))
            self._texts.update(zip(part, features, strict=True))
        return torch.stack([self._texts[text] for text in texts])


def fingerprint(folder: Path) -> str:
    """12 hex digits of everything in the folder that changes what the model sees."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in HASHED:
            digest.update(path.name.encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]


def _unit(output: Any) -> Tensor:
    return torch.nn.functional.normalize(output.pooler_output, dim=-1)
