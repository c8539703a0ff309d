"""The console script `gie`: finds the stages' folder, puts it on this process's path and runs the command line."""

import sys
from pathlib import Path

__all__ = ["main", "stages_folder"]


def stages_folder() -> Path:
    """The folder that holds `pipeline`, `training` and `labeling`: this package in a wheel, the repository's root in a checkout."""
    here = Path(__file__).parent
    return here if (here / "pipeline").is_dir() else here.parent


def main() -> None:
    """Run `gie` with the arguments of this process; exit codes are those of `pipeline.cli`."""
    folder = str(stages_folder())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    from pipeline.cli import main as run

    run()
