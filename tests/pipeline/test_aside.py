"""What DVC runs again after which change, and building adapters in a project of their own, with a stand-in for `gie`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from gie.errors import InputError, OutsideError
from pipeline import aside
from pipeline.commands.stages import STAGES
from pipeline.paths import Paths
from tests.support.project import ROOT

STAND_IN = """#!/bin/sh
# Writes every out of a stage, with the name of the adapter and nothing else in it.
echo "$1 $2" >> "$GIE_CALLS"
cd data || exit 2
case $1 in
prompts) mkdir -p prompts; for out in parquet json; do echo $2 > prompts/$2.$out; done ;;
sweep) mkdir -p sweeps/$2 features; for out in sweeps/$2/part features/$2.parquet features/$2.json; do echo $2 > $out; done ;;
label) mkdir -p labels/$2; for out in labels.parquet verdicts.parquet metrics.json; do echo 1 > labels/$2/$out; done ;;
audit) mkdir -p audits; echo 1 > audits/$2.json ;;
train) mkdir -p adapters/$2; echo $2 > adapters/$2/config.json ;;
evaluate) mkdir -p evaluations/$2/plots; cd evaluations/$2 || exit 2
  for out in adapted.parquet evaluation.parquet protocol.json report.html metrics.json plots/scale.csv plots/training.csv
  do echo 1 > $out; done ;;
esac
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the real `dvc.yaml` and `params.yaml`, a line of code a file, and the stand-in as `gie`."""
    root = tmp_path / "project"
    root.mkdir()
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    for dep in {dep for stage in stages.values() for dep in stage["deps"] if "$" not in dep}:
        real = ROOT / dep
        file = root / dep / "content" if real.is_dir() or not real.suffix else root / dep
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dep)
    (root / "docs").mkdir()
    for name in ("dvc.yaml", "params.yaml", ".dvcignore"):
        (root / name).write_bytes((ROOT / name).read_bytes())
    (root / ".dvc").mkdir()
    (root / ".dvc" / "config").write_text(
        "[core]\n    no_scm = true\n    analytics = false\n    check_update = false\n"
    )
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "gie").write_text(STAND_IN)
    (programs / "gie").chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(programs), os.environ["PATH"]]))
    monkeypatch.setenv("GIE_CALLS", str(tmp_path / "calls"))
    monkeypatch.setattr(aside, "PROGRAMS", programs)
    return root


def calls(root: Path) -> list[str]:
    """The stages that ran since the last look."""
    file = root.parent / "calls"
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def repro(root: Path) -> list[str]:
    """Run `dvc repro`; the stages that ran."""
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet"], cwd=root, check=True)
    return calls(root)


def edit(file: Path, old: str, new: str) -> None:
    """Change a text that is there."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_change_runs_what_depends_on_it_and_nothing_else(root: Path) -> None:
    """Nothing at rest, nothing for another recipe, no rendering for another judge where sweeps are whole."""
    edit(root / "params.yaml", "sweep: {<<: *emoji-sweep, search: *airplane-label}", "sweep: *emoji-sweep")
    selected = [f"{stage} emoji-airplane" for stage in STAGES]
    assert repro(root) == selected
    assert repro(root) == []
    edit(root / "params.yaml", "synonyms: [automobile, sedan, motorcar]", "synonyms: [automobile]")
    assert repro(root) == []
    edit(root / "params.yaml", "gone_below: 0.5", "gone_below: 0.4")
    assert repro(root) == ["label emoji-airplane", "audit emoji-airplane", "train emoji-airplane"]
    edit(root / "pipeline" / "plots.py", "plots", "charts")
    assert repro(root) == ["evaluate emoji-airplane"]
    edit(root / "params.yaml", "  - emoji-airplane", "  - emoji-airplane\n  - emoji-car")
    assert repro(root) == [f"{stage} emoji-car" for stage in STAGES]
    edit(root / "params.yaml", "names: [a car, an automobile,", "names: [a car, a motor,")
    assert repro(root)[0] == "sweep emoji-car", "a search asks the judge what to render"


def test_a_project_aside_leaves_the_main_one_as_it_is(root: Path) -> None:
    """Its lock and its outs stay; what it had built is taken over and not built again."""
    repro(root)
    lock = (root / "dvc.lock").read_bytes()
    outs = {path: path.read_bytes() for path in (root / "data").rglob("*") if path.is_file()}
    folder = aside.build("objects", ["emoji-cat", "emoji-airplane"], root)
    assert calls(root) == [f"{stage} emoji-cat" for stage in STAGES]
    assert folder == root / "build" / "objects"
    assert all(Paths(folder, name).metrics.exists() for name in ("emoji-cat", "emoji-airplane"))
    assert (root / "dvc.lock").read_bytes() == lock
    assert {path: path.read_bytes() for path in (root / "data").rglob("*") if path.is_file()} == outs
    aside.build("objects", ["emoji-cat", "emoji-airplane"], root)
    assert calls(root) == []


def test_a_failed_stage_and_an_unknown_recipe_are_said(root: Path) -> None:
    """Before anything runs, or with the code."""
    with pytest.raises(InputError, match="got 'emoji-cta', did you mean 'emoji-cat'"):
        aside.build("objects", ["emoji-cta"], root)
    assert not (root / "build").exists()
    (root.parent / "programs" / "gie").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(OutsideError, match=r"expected dvc repro in .*build/smoke to end well, got code"):
        aside.build("smoke", ["smoke-airplane"], root)
