"""The console script `gie`: finds the stages' folder, puts it on this process's path and runs the command line."""

import sys
from pathlib import Path

__all__ = ["find_stages", "main", "stages_folder"]


def stages_folder() -> Path:
    """The folder that holds `pipeline`, `training` and `labeling`: this package in a wheel, the repository's root in a checkout."""
    here = Path(__file__).parent
    return here if (here / "pipeline").is_dir() else here.parent


def find_stages() -> None:
    """Put the stages' folder on this process's path: the command's own, and each of its workers'."""
    folder = str(stages_folder())
    if folder not in sys.path:
        sys.path.insert(0, folder)


def main() -> None:
    """Run `gie` with the arguments of this process; exit codes are those of `pipeline.cli`."""
    find_stages()
    from pipeline.cli import main as run

    run()
