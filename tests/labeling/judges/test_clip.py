"""Any CLIP folder as a measure of fit between pictures and texts."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from transformers import CLIPModel

from labeling.errors import LabelingError
from labeling.judges.clip import Clip, fingerprint
from tests.support.tiny_clip import write_tiny_clip

PICTURES = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue", "white")]
TEXTS = ["a cat", "a red car", "the dog on the car"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny CLIP's folder."""
    return write_tiny_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture
def clip(folder: Path) -> Clip:
    """A freshly read tiny CLIP."""
    return Clip.from_folder(folder)


def test_logits_are_transformers_own(clip: Clip, folder: Path) -> None:
    """The logits are what `CLIPModel` itself answers for the same pictures and texts."""
    model: Any = CLIPModel.from_pretrained(folder)
    tokens = clip.tokenizer(TEXTS, padding=True, return_tensors="pt")
    pixels = clip.processor(PICTURES, return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        expected = model(**tokens, pixel_values=pixels).logits_per_image
    torch.testing.assert_close(clip.logits(PICTURES, TEXTS), expected)


def test_logits_do_not_depend_on_what_was_asked_before(clip: Clip, folder: Path) -> None:
    """Texts are embedded once, and once is enough: other texts before, in other company, change nothing."""
    clip.logits(PICTURES[:1], ["airplane flying of a kitten", "a cat"])
    fresh = Clip.from_folder(folder)
    torch.testing.assert_close(clip.logits(PICTURES, TEXTS), fresh.logits(PICTURES, TEXTS))


def test_pictures_of_other_sizes_and_modes_are_taken(clip: Clip) -> None:
    """A palette picture of another size is looked at like its RGB version."""
    large = Image.new("RGB", (40, 40), "red")
    torch.testing.assert_close(clip.logits([large.convert("P")], TEXTS), clip.logits([large], TEXTS))


def test_long_texts_are_cut(clip: Clip) -> None:
    """A text beyond the context is read as far as it goes, not refused."""
    assert torch.isfinite(clip.logits(PICTURES, ["cat " * 100])).all()


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    """A folder without a model is one clear error that names the setting."""
    with pytest.raises(LabelingError, match=r"expected a folder with a CLIPModel, got .*nowhere; set label\.model"):
        Clip.from_folder(tmp_path / "nowhere")


def test_folder_without_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    """A config alone is no model."""
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    with pytest.raises(LabelingError, match="expected a CLIPModel with tokenizer and image processor"):
        Clip.from_folder(tmp_path)


def test_fingerprint_follows_the_weights(folder: Path, tmp_path: Path) -> None:
    """The same files have the same fingerprint elsewhere, other weights another, and a read-me changes nothing."""
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "README.md").write_text("A CLIP.")
    assert fingerprint(tmp_path) == fingerprint(folder)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert fingerprint(tmp_path) != fingerprint(folder)
