"""`dvc.yaml` against the code: what a stage depends on, what it writes, and what a change re-runs."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.commands.stages import STAGES
from pipeline.paths import Paths
from pipeline.settings import read_params, read_recipe

ROOT = Path(__file__).parents[2]
FOLDERS = ("gie", "labeling", "pipeline", "training")
NO_RESULT = {
    "gie/__init__.py", "gie/errors.py", "labeling/__init__.py", "pipeline/__init__.py", "training/__init__.py", "training/emoji/__init__.py",
    "gie/card.py", "gie/hub.py", "gie/slots.py", "pipeline/device.py", "pipeline/experiments.py", "pipeline/files.py", "pipeline/inputs.py", "pipeline/ledger.py", "pipeline/mistakes.py", "pipeline/paths.py", "pipeline/settings.py",
}  # fmt: skip
"""Code that decides where things lie or run, how mistakes are said and which words a setting takes, not what is in an out; what settings.py
reads is in `params`, and the stage that draws depends on all of `gie`."""


@pytest.fixture(scope="module")
def stages() -> dict[str, Any]:
    """The stages of `dvc.yaml`."""
    return yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_all_code_that_decides_its_outs(stages: dict[str, Any], stage: str) -> None:
    """What a stage imports, directly or not, is among its deps, or decides nothing."""
    deps = {dep for dep in stages[stage]["deps"] if "$" not in dep}
    missing = {
        file for file in closure(f"pipeline/{stage}.py") - NO_RESULT if not any(covers(dep, file) for dep in deps)
    }
    assert not missing


@pytest.mark.parametrize("stage", STAGES)
def test_code_deps_exist_and_are_used(stages: dict[str, Any], stage: str) -> None:
    """A dep on a file that the stage does not import would re-run it for nothing."""
    used = closure(f"pipeline/{stage}.py")
    code = [dep for dep in stages[stage]["deps"] if dep.split("/")[0] in FOLDERS]
    assert [dep for dep in code if not any(covers(dep, file) for file in used)] == []


def test_outs_lie_where_paths_say(stages: dict[str, Any]) -> None:
    """The places of `dvc.yaml` are those of `pipeline.paths`."""
    paths = Paths(Path(), "NAME")
    expected = {
        "prompts": {paths.prompts, paths.prompt_metrics},
        "sweep": {paths.sweeps, paths.features, paths.conditions},
        "label": {paths.labels, paths.verdicts, paths.label_metrics},
        "audit": {paths.audit},
        "train": {paths.adapter_folder},
        "evaluate": {
            paths.adapted, paths.evaluation, paths.protocol, paths.report, paths.metrics,
            paths.plots / "scale.csv", paths.plots / "training.csv",
        },
    }  # fmt: skip
    written = {name: {Path(out) for out in outs(stage)} for name, stage in stages.items()}
    assert written == expected


def test_the_stages_form_one_chain_over_the_selected_adapters(stages: dict[str, Any]) -> None:
    """Every stage is a matrix over `adapters`, and every dep under data/ is shipped or another stage's out."""
    made = {out for stage in stages.values() for out in outs(stage)}
    for stage in stages.values():
        assert stage["matrix"] == {"adapter": "${adapters}"}
        named = [dep.replace("${item.adapter}", "NAME") for dep in stage["deps"] if "$" in dep]
        assert set(named) <= made


def test_every_recipe_that_ships_is_valid() -> None:
    """A recipe that cannot be read would only be noticed by who selects it."""
    params = read_params(ROOT / "params.yaml")
    recipes = [read_recipe(name, ROOT / "params.yaml") for name in params.recipes]
    assert {"emoji-airplane", "emoji-car", "emoji-cat", "smoke-airplane", "sd14-nude"} <= {
        recipe.name for recipe in recipes
    }
    assert params.adapters == ("emoji-airplane",)


def test_the_paper_s_recipe_has_the_paper_s_numbers() -> None:
    """Six words, sixty prompts, fifteen scales, judged by GPT-4o."""
    recipe = read_recipe("sd14-nude", ROOT / "params.yaml")
    counts = recipe.prompts.counts
    assert recipe.model.id == "CompVis/stable-diffusion-v1-4"
    assert {recipe.concept, *recipe.synonyms} == {"nude", "bare", "disrobed", "undressed", "nudity", "naked"}
    assert sum(sum(counts[split].values()) for split in ("train", "val")) == 60
    assert set(counts["test"]) == {"explicit", "synonym", "implicit", "benign"}
    assert recipe.sweep.ladder == tuple(-float(scale) for scale in range(16))
    assert recipe.label.judge == "openai"
    assert recipe.label.model.startswith("gpt-4o")
    assert recipe.train.preset == "paper"


def outs(stage: dict[str, Any]) -> Iterator[str]:
    """What a stage writes, for an adapter called NAME."""
    for entry in [*stage.get("outs", []), *stage.get("metrics", []), *stage.get("plots", [])]:
        path = entry if isinstance(entry, str) else next(iter(entry))
        yield path.replace("${item.adapter}", "NAME")


def covers(dep: str, file: str) -> bool:
    """A dep is the file or a folder around it."""
    return file == dep or file.startswith(f"{dep}/")


def closure(start: str) -> set[str]:
    """The files of this repository that a file imports, at its top or inside functions, and those that these import."""
    found: set[str] = set()
    queue = [start]
    while queue:
        file = queue.pop()
        if file not in found:
            found.add(file)
            queue.extend(imported(file))
    return found


def imported(file: str) -> Iterator[str]:
    """The files of this repository that one file imports, those for type checkers alone left out."""
    tree = ast.parse((ROOT / file).read_text())
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and id(node) not in typing_only:
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            places = [module.replace(".", "/") for module in modules if module.split(".")[0] in FOLDERS]
            yield from (f"{place}.py" for place in places if (ROOT / f"{place}.py").exists())
