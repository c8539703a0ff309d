"""docs/decisions/custom-pipeline.md: what the page says of custom pipelines is so in the diffusers that is installed."""

import sys
from pathlib import Path
from typing import Any

import diffusers.utils.dynamic_modules_utils as loading
import pytest
from diffusers import AutoPipelineForImage2Image, DiffusionPipeline

from gie import Concept, InputError, inhibit
from tests.support.tiny import tiny_pipeline

CLASS = """
class {name}(StableDiffusionPipeline):
    '''Draws without concepts.'''
"""


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny model's folder; modules are copied to a place of this test's own."""
    monkeypatch.setattr(loading, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    tiny_pipeline().save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def write(folder: Path, name: str, *classes: str) -> str:
    """A file with these pipeline classes."""
    content = "".join(CLASS.format(name=each) for each in classes)
    (folder / f"{name}.py").write_text(f"from diffusers import StableDiffusionPipeline\n{content}", "utf-8")
    return str(folder / f"{name}.py")


def load(model: Path, file: str, **options: Any) -> Any:
    """As the page says."""
    return DiffusionPipeline.from_pretrained(str(model), custom_pipeline=file, **options)


def test_code_must_be_trusted(model: Path, tmp_path: Path) -> None:
    """A file on the own disk too."""
    file = write(tmp_path, "trusted", "Trusted")
    with pytest.raises(ValueError, match="trust_remote_code=True"):
        load(model, file)
    assert type(load(model, file, trust_remote_code=True)).__name__ == "Trusted"


def test_a_file_has_one_class(model: Path, tmp_path: Path) -> None:
    """A second one is refused."""
    with pytest.raises(ValueError, match="Multiple classes"):
        load(model, write(tmp_path, "several", "First", "Second"), trust_remote_code=True)


def test_it_cannot_be_handed_on(model: Path, tmp_path: Path) -> None:
    """Neither as a folder nor as another task's pipeline."""
    pipe = load(model, write(tmp_path, "handed", "Handed"), trust_remote_code=True)
    pipe.save_pretrained(tmp_path / "saved")
    with pytest.raises(AttributeError, match="no attribute Handed"):
        DiffusionPipeline.from_pretrained(tmp_path / "saved")
    with pytest.raises(ValueError, match="can't find a pipeline linked to Handed"):
        AutoPipelineForImage2Image.from_pipe(pipe)


def test_it_is_refused_and_can_be_had_as_its_parent(model: Path, tmp_path: Path) -> None:
    """A subclass may call its UNet in any way; its parts in a stock pipeline are fine."""
    pipe = load(model, write(tmp_path, "refused", "Refused"), trust_remote_code=True)
    with (
        pytest.raises(InputError, match=r"got diffusers_modules\..*Refused"),
        inhibit(pipe, Concept("cat", scale=-7.0)),
    ):
        pytest.fail("the block began")
    parent = type(tiny_pipeline())(**pipe.components, requires_safety_checker=False)
    with inhibit(parent, Concept("cat", scale=-7.0)):
        pass
