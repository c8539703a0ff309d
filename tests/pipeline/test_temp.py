"""A ledger entry survives `dvc exp run --temp`: what was rendered in the workspace is not rendered again in a folder aside."""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.support.experimenting import CODE, ROOT, commit_project, environment
from tests.support.project import NAME, recipe_content, write_project
from tests.support.tiny import tiny_pipeline
from tests.support.transcript import Step, run

MODEL = "data/models/emoji-sd"  # where the sweep stage looks for a change of the model


def make_project(root: Path) -> None:
    """The prompts and sweep stages as they are, on the tiny model: a repository with one commit."""
    tiny_pipeline().save_pretrained(root / MODEL)
    content = recipe_content()
    content["model"] = {"id": MODEL}
    write_project(root, content)
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    (root / "dvc.yaml").write_text(yaml.safe_dump({"stages": {name: stages[name] for name in ("prompts", "sweep")}}))
    ignored = ("/data/prompts/", "/data/sweeps/", "/data/features/")
    commit_project(root, linked=(*CODE, "data/emoji", "data/models/emoji-clip"), ignored=ignored)


def entries(ledger: Path) -> dict[str, int]:
    """Every file of the ledger with its time of writing."""
    return {str(path.relative_to(ledger)): path.stat().st_mtime_ns for path in ledger.rglob("*") if path.is_file()}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ledger_entries_survive_a_run_in_a_temporary_folder(tmp_path: Path) -> None:
    """The sweep stage does run there, without DVC's own cache of runs, and makes no entry anew."""
    project, ledger = tmp_path / "project", tmp_path / "ledger"
    project.mkdir()
    make_project(project)
    own = environment(project) | {"GIE_LEDGER": str(ledger)}
    run(Step("dvc repro && git commit --quiet --all --message Swept", ()), cwd=project, environment=own)
    before = entries(ledger)
    shutil.rmtree(project / ".dvc" / "cache" / "runs")
    printed = run(Step("dvc exp run --temp --force --name again", ()), cwd=project, environment=own)
    assert f"> gie sweep {NAME}" in printed
    assert before
    assert entries(ledger) == before
