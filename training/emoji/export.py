"""Writes what was trained in the formats that others read: a diffusers pipeline, a transformers CLIP, the evaluator.

`StableDiffusionPipeline.from_pretrained("data/models/emoji-sd")` draws with nothing of this repository imported.
"""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image
from transformers import CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTextModel, CLIPTokenizer

from training.emoji.icons import PACKAGES
from training.emoji.picture import SIZE_PX, draw_picture
from training.emoji.scene import Scene
from training.emoji.unet import NOISE
from training.emoji.vocabulary import Vocabulary

MODELS = Path("data/models")
PIPELINE, CLIP, EVALUATOR = MODELS / "emoji-sd", MODELS / "emoji-clip", MODELS / "emoji-evaluator"
REFERENCE = Path("data/emoji/reference")

REFERENCE_CARD = """# Reference pictures

Every concept of emoji-sd in every style on white, 64 x 64, as the training renders them; `labels.csv` names what is on
each. Made by `make emoji-sd` (`training/emoji/export.py`), scaled from these sets:

| style | artwork | licence |
| --- | --- | --- |
| fluent | Fluent Emoji, Microsoft | MIT |
| noto | Noto Emoji, Google | Apache-2.0 |
| twemoji | Twemoji, Twitter and contributors | CC-BY-4.0 |
"""


def export_pipeline(
    tokenizer: CLIPTokenizer, text_encoder: CLIPTextModel, vae: AutoencoderKL, unet: UNet2DConditionModel,
    folder: Path = PIPELINE,
) -> None:  # fmt: skip
    """Write the pipeline with fp16 weights and DPM-Solver++."""
    rest: dict[str, Any] = {
        "scheduler": DPMSolverMultistepScheduler(**NOISE, steps_offset=1),
        "safety_checker": None,
        "feature_extractor": None,
        "requires_safety_checker": False,
    }
    pipeline = StableDiffusionPipeline(vae=vae, text_encoder=text_encoder, tokenizer=tokenizer, unet=unet, **rest)
    pipeline.to(torch.float16).save_pretrained(folder)
    pipeline.to(torch.float32)
    _state_dtype(folder / "text_encoder")


def export_clip(clip: CLIPModel, tokenizer: CLIPTokenizer, folder: Path = CLIP) -> None:
    """Write both towers with fp16 weights, and the processor that fits them."""
    clip.half().save_pretrained(folder)
    clip.float()
    _state_dtype(folder)
    half = [0.5, 0.5, 0.5]
    size = {"height": SIZE_PX, "width": SIZE_PX}
    processor = CLIPImageProcessor(size=size, crop_size=size, image_mean=half, image_std=half)
    CLIPProcessor(image_processor=processor, tokenizer=tokenizer).save_pretrained(folder)


def export_reference(words: Vocabulary, folder: Path = REFERENCE) -> None:
    """Write each concept in each style on white, the labels and where the drawings are from."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[list[str]] = []
    for style, icon_set in words.styles.items():
        for concept in words.concepts:
            scene = Scene("single", (concept,), style, "white", "")
            name = f"{concept}-{style}.png"
            picture = draw_picture(words, scene, np.random.default_rng(0))
            Image.fromarray(picture).save(folder / name, optimize=True)
            rows.append([name, concept, style, "white", f"@iconify-json/{icon_set} {PACKAGES[icon_set][0]}"])
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([["file", "concept", "style", "background", "source"], *rows])
    (folder / "README.md").write_text(REFERENCE_CARD)


def _state_dtype(folder: Path) -> None:
    """State float32 in the config: transformers loads in the stated dtype, diffusers in float32, and the two must meet."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    for part in (config, config.get("text_config", {}), config.get("vision_config", {})):
        if "dtype" in part:
            part["dtype"] = "float32"
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
