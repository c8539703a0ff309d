"""Building adapters that `params.yaml` does not select, in a DVC project of their own under `build/`.

It has the same stages, code and models (by links) and the same cache, so that what one project built the other takes over; the
lock file and the outs of the main project stay as they are.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from gie.errors import OutsideError
from pipeline.settings import read_params, read_recipe

LINKS = ("gie", "labeling", "training", "pipeline", "docs", "data/emoji", "data/models")
COPIES = ("dvc.yaml", ".dvcignore")
PROGRAMS = Path(sys.executable).parent
"""Where `gie` lies beside this interpreter: DVC starts the stages by that name."""


def build(name: str, adapters: Sequence[str], root: Path) -> Path:
    """Run `dvc repro` for these adapters; the folder of the project, in which their `Paths` lie.

    Raises:
        InputError: no such recipe.
        OutsideError: a stage failed; it has said why.
    """
    params = root / "params.yaml"
    for adapter in adapters:
        read_recipe(adapter, params)
    folder = root / "build" / name
    _set_up(folder, root)
    selected = {**read_params(params).model_dump(mode="json"), "adapters": list(adapters)}
    (folder / "params.yaml").write_text(yaml.safe_dump(selected, sort_keys=False), encoding="utf-8")
    _repro(folder)
    return folder


def _set_up(folder: Path, root: Path) -> None:
    root = root.absolute()
    for link in LINKS:
        place = folder / link
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.is_symlink():
            place.symlink_to(root / link)
    for copy in COPIES:
        (folder / copy).write_bytes((root / copy).read_bytes())
    config = folder / ".dvc" / "config"
    config.parent.mkdir(exist_ok=True)
    config.write_text(
        "[core]\n    no_scm = true\n    analytics = false\n    check_update = false\n"
        f"[cache]\n    dir = {root / '.dvc' / 'cache'}\n",
        encoding="utf-8",
    )


def _repro(folder: Path) -> None:
    path = os.pathsep.join([str(PROGRAMS), os.environ.get("PATH", "")])
    command = [sys.executable, "-m", "dvc", "repro"]
    ended = subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path}, check=False)
    if ended.returncode:
        raise OutsideError(
            f"expected dvc repro in {folder} to end well, got code {ended.returncode}; its output says why"
        )
