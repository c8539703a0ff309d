"""The folders know each other one way only, as the contracts in pyproject.toml say."""

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from checks.pins import declared

ROOT = Path(__file__).parent.parent
FOLDERS = ("gie", "gie_stages", "labeling", "training", "pipeline")
DISTRIBUTIONS = {"PIL": "pillow", "yaml": "pyyaml", "resvg_py": "resvg-py", "huggingface_hub": "huggingface-hub"}
"""Import name -> the requirement that brings it, where the names differ."""


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """import-linter on a tree with this repository's contracts."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The code alone, to be broken."""
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_hold() -> None:
    """pipeline -> training -> gie and pipeline -> labeling; no arrow back."""
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("folder", "line"),
    [
        ("gie", "import pipeline"),
        ("gie", "from labeling import verdict"),
        ("labeling", "import gie"),
        ("labeling", "import diffusers"),
        ("training", "import pipeline.paths"),
        ("training", "import labeling"),
    ],
)
def test_an_arrow_back_is_found_inside_a_function_too(copy: Path, folder: str, line: str) -> None:
    """Late imports hide from nobody; without the line the same tree passes."""
    assert lint(copy).returncode == 0
    (copy / folder / "broken.py").write_text(f"def late():\n    {line}\n", "utf-8")
    assert lint(copy).returncode == 1


def imports(folder: str) -> dict[str, str]:
    """Top-level name of everything that a folder imports -> one file that does."""
    found: dict[str, str] = {}
    for file in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found |= {name.partition(".")[0]: str(file.relative_to(ROOT)) for name in names}
    return found


@pytest.mark.parametrize(
    ("folder", "extras"),
    [("gie", ["diffusion"]), ("gie_stages", []), ("pipeline", ["pipeline", "ray"]), ("training", ["emoji"])],
)
def test_what_a_folder_imports_is_required_by_its_extras(folder: str, extras: list[str]) -> None:
    """No import rests on what another requirement happens to bring along."""
    required = {requirement.name for extra in ["", *extras] for requirement in declared(extra)}
    for name, file in imports(folder).items():
        if name not in sys.stdlib_module_names and name not in FOLDERS:
            assert DISTRIBUTIONS.get(name, name) in required, (name, file)


def test_only_the_packages_that_are_built_are_at_the_top() -> None:
    """Everything in the wheel lies under `gie` or `gie_stages`; no general name is claimed in site-packages."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    tops = {wheel["sources"].get(folder, folder).partition("/")[0] for folder in wheel["only-include"]}
    assert tops == {"gie", "gie_stages"}
    assert set(wheel["only-include"]) == set(FOLDERS)
