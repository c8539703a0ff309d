"""Loading pipelines, and fingerprints of their weights."""

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DiffusionPipeline, StableDiffusionPipeline, UNet2DConditionModel
from huggingface_hub.errors import LocalEntryNotFoundError

from gie import InputError, OutsideError
from gie.model import fingerprint, load_pipeline


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny pipeline, saved."""
    from tests.support.tiny import tiny_pipeline

    folder = tmp_path_factory.mktemp("tiny")
    tiny_pipeline().save_pretrained(folder)
    return folder


def test_a_folder_is_loaded_as_it_was_saved(folder: Path, pipe: StableDiffusionPipeline) -> None:
    """On a CPU in float32, in eval mode, without bars, with the same weights."""
    loaded: Any = load_pipeline(str(folder), device="cpu")
    assert loaded.unet.dtype == loaded.text_encoder.dtype == torch.float32
    assert not loaded.unet.training
    assert loaded.safety_checker is None
    assert loaded._progress_bar_config == {"disable": True}
    assert fingerprint(loaded) == fingerprint(pipe)


def test_half_precision_is_the_same_model(folder: Path, pipe: StableDiffusionPipeline) -> None:
    """A float16 copy has the fingerprint of its original."""
    half = load_pipeline(str(folder), device="cpu", dtype="float16")
    assert half.unet.dtype == torch.float16
    assert fingerprint(half) == fingerprint(pipe)


@pytest.mark.parametrize("part", ["unet", "text_encoder", "vae"])
def test_other_weights_are_another_model(pipe: StableDiffusionPipeline, part: str) -> None:
    """A training step of any part changes every value, so it changes the fingerprint."""
    before = fingerprint(pipe)
    parameter = next(getattr(pipe, part).parameters())
    with torch.no_grad():
        kept = parameter.clone()
        parameter *= 1.01
        assert fingerprint(pipe) != before
        parameter.copy_(kept)
    assert fingerprint(pipe) == before


def test_weights_that_are_not_in_memory_are_refused(folder: Path) -> None:
    """Sequential offload leaves no weights to know a model by; the message names the offload that does."""
    pipe = load_pipeline(str(folder))
    pipe.enable_sequential_cpu_offload(device="cpu")
    with pytest.raises(InputError, match="enable_model_cpu_offload instead"):
        fingerprint(pipe)


def test_compile_is_of_the_repeated_blocks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compilation is asked for block by block, and only if it is asked for."""
    asked: list[Any] = []

    def ask(unet: Any) -> None:
        asked.append(unet)

    monkeypatch.setattr(UNet2DConditionModel, "compile_repeated_blocks", ask)
    load_pipeline(str(folder), device="cpu")
    assert not asked
    loaded = load_pipeline(str(folder), device="cpu", compile=True)
    assert asked == [loaded.unet]


def test_a_missing_folder(tmp_path: Path) -> None:
    """A path that does not exist and cannot be a hub id."""
    with pytest.raises(InputError, match="which does not exist"):
        load_pipeline(str(tmp_path / "models" / "none"))


def test_a_folder_of_another_kind(tmp_path: Path) -> None:
    """A folder without model_index.json."""
    with pytest.raises(InputError, match=r"without model_index\.json"):
        load_pipeline(str(tmp_path))


def test_another_family(tmp_path: Path) -> None:
    """It is refused by name before any weights are read."""
    (tmp_path / "model_index.json").write_text('{"_class_name": "KolorsPipeline", "_diffusers_version": "0.42.0"}')
    with pytest.raises(InputError, match="got KolorsPipeline"):
        load_pipeline(str(tmp_path))


def test_a_damaged_folder(tmp_path: Path) -> None:
    """A model_index.json that is no JSON, or one whose parts are not there."""
    (tmp_path / "model_index.json").write_text("{")
    with pytest.raises(InputError, match="is damaged"):
        load_pipeline(str(tmp_path))
    parts = '"unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]'
    (tmp_path / "model_index.json").write_text(f'{{"_class_name": "StableDiffusionPipeline", {parts}}}')
    with pytest.raises(InputError, match="is damaged"):
        load_pipeline(str(tmp_path))


def test_a_hub_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that may well exist on the hub is a failure from outside."""

    def offline(_model: str) -> Any:
        error = OSError("could not connect")
        error.__context__ = LocalEntryNotFoundError("not in the cache")
        raise error

    monkeypatch.setattr(DiffusionPipeline, "load_config", offline)
    with pytest.raises(OutsideError, match="run again online"):
        load_pipeline("someone/model")


@pytest.mark.parametrize(
    ("option", "message"), [({"device": "gpu0"}, "torch device"), ({"dtype": "int8"}, "float32, float16")]
)
def test_unknown_options(folder: Path, option: dict[str, Any], message: str) -> None:
    """A device or dtype that torch does not have."""
    options: dict[str, Any] = {"device": "cpu", **option}
    with pytest.raises(InputError, match=message):
        load_pipeline(str(folder), **options)
