"""The wheel in a bare environment: it gives `gie` the command and `gie` the package, without torch."""

import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from checks.install import PROBES, build

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--no-index", "--wheel-dir", str(folder), str(ROOT)], check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment that holds the wheel and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False, symlinks=True)
    binaries = folder / ("Scripts" if sys.platform == "win32" else "bin")
    command = [
        sys.executable,
        "-m",
        "pip",
        f"--python={binaries / 'python'}",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*command, str(wheel)], check=True)
    return binaries


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run away from the checkout, so that only what is installed can be found."""
    return subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)


def test_the_wheel_claims_two_names(wheel: Path) -> None:
    """Nothing as general as `pipeline` lands in site-packages, and the stages are there all the same."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"gie", "gie_stages"}
    assert {"gie/py.typed", "gie_stages/pipeline/cli.py"} <= set(names)


def test_general_names_stay_free_in_the_bare_environment(bare: Path, tmp_path: Path) -> None:
    """`gie` can be imported where it is installed; `pipeline`, `labeling` and `training` cannot."""
    assert run(bare / "python", "-c", "import gie, gie_stages", cwd=tmp_path).returncode == 0
    for name in ("pipeline", "labeling", "training"):
        assert "ModuleNotFoundError" in run(bare / "python", "-c", f"import {name}", cwd=tmp_path).stderr


def test_without_torch_the_package_names_the_extra(bare: Path, tmp_path: Path) -> None:
    """`import gie` works; the first use of the method says what to install."""
    result = run(bare / "python", "-c", "import gie; gie.inhibit", cwd=tmp_path)
    assert "[diffusion]" in result.stderr


def test_the_wheel_has_types_licences_and_no_data(wheel: Path) -> None:
    """What an installation needs, and nothing of data/, docs/ or tests/."""
    names = zipfile.ZipFile(wheel).namelist()
    assert {Path(name).name for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE"}
    assert "gie/py.typed" in names
    assert {Path(name).suffix for name in names if ".dist-info/" not in name} <= {
        ".py",
        ".typed",
        ".html",
        ".jinja",
        ".css",
        ".js",
        ".svg",
        ".json",
    }
    assert not [name for name in names if {"data", "docs", "tests", "benchmarks", "checks"} & set(Path(name).parts[:2])]


@pytest.mark.slow
def test_archives_are_built_and_pass_twine(tmp_path: Path) -> None:
    """Source archive, and the wheel from it."""
    made = build(tmp_path / "dist")
    assert [path.suffix for path in sorted(made.parent.iterdir())] == [".whl", ".gz"]


def test_every_extra_has_a_probe() -> None:
    """`python -m checks.install` tries each in a bare environment; an extra that nobody tries is none."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {"", *extras} == set(PROBES)
