"""The eye that a recipe names, opened: an evaluator's folder read, or a detector and a CLIP."""

from pathlib import Path

from gie.errors import InputError
from pipeline.device import looking_device
from pipeline.outcome import Limits
from pipeline.paths import Paths
from pipeline.scoring import Eye, NamingEye
from pipeline.settings import DetectorSettings, Recipe

CLIP_FILES = ["*.json", "*.txt", "model.safetensors"]
"""What a `CLIPModel` needs of its repository on the hub."""


def open_eye(recipe: Recipe, paths: Paths) -> Eye:
    """Who evaluates.

    Raises:
        InputError, LabelingError: there is no such folder, or it holds something else.
        OutsideError: the CLIP is on the hub, which cannot be reached.
    """
    asked = recipe.evaluate.evaluator
    if isinstance(asked, DetectorSettings):
        return open_detecting(asked, recipe, paths)
    from training.emoji.evaluator import Evaluator

    folder = paths.inside(asked)
    try:
        return NamingEye(Evaluator.from_pretrained(folder), recipe.concept, asked)
    except FileNotFoundError as error:
        msg = f"expected an evaluator's folder, got {folder}, which has no {error.filename}; see evaluate.evaluator in params.yaml"
        raise InputError(msg) from error


def open_detecting(asked: DetectorSettings, recipe: Recipe, paths: Paths) -> Eye:
    """A detector for the target and a CLIP for the rest, on the model's device."""
    from transformers.utils.logging import disable_progress_bar

    from labeling.judges.clip import Clip, fingerprint
    from labeling.judges.detectors import DETECTORS
    from pipeline.detecting import DetectingEye

    disable_progress_bar()  # a bar over the weights hides the one that counts pictures
    folder = _find_clip(asked.clip, paths)
    return DetectingEye(
        detector=DETECTORS[asked.detector](),
        keeper=Clip.from_folder(folder, device=looking_device(recipe.model.device), named_by="evaluate.evaluator.clip"),
        target=recipe.concept,
        keeper_name=f"{asked.clip}@{fingerprint(folder)}",
        found=asked.found_at_least,
        limits=Limits(quality=asked.quality_at_least, rest=asked.rest_at_least),
    )


def _find_clip(name: str, paths: Paths) -> Path:
    from gie.hub import fetch, is_repo_id

    folder = paths.inside(name)
    return fetch(name, files=CLIP_FILES) if not folder.exists() and is_repo_id(name) else folder
