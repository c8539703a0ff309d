"""The benchmarks on the bundled model, with fewer pictures."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import imports, probe, sweep
from pipeline.drawing import observe, open_pipeline, sampling
from pipeline.paths import Paths
from pipeline.settings import Recipe, read_recipe

RECIPE = "emoji-airplane"


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    """With two steps."""
    recipe = read_recipe(RECIPE)
    return recipe.model_copy(update={"sweep": recipe.sweep.model_copy(update={"steps": 2})})


@pytest.fixture(scope="module")
def pipe(recipe: Recipe) -> Any:
    """The bundled model."""
    return open_pipeline(recipe, Paths(Path(), recipe.name))


def test_a_batch_is_one_call_a_step_with_the_same_rows(recipe: Recipe, pipe: Any) -> None:
    """Three pictures alone take three times the calls; what is drawn is the same."""
    shots = sweep.shots_of(recipe, Paths(Path(), recipe.name), prompts=1, scales=3)
    alone, batched = sweep.compare(pipe, recipe, shots, prompts=1, rounds=1)
    assert (alone.calls, batched.calls) == (6, 2)
    assert alone.rows == batched.rows == 12
    assert batched.largest_difference <= sweep.LEVELS


def test_every_probe_asks_for_what_the_method_says(recipe: Recipe, pipe: Any) -> None:
    """Free where it only looks at the picture's own plain first step; else one row an image, for each w and each shared noise."""
    probes = probe.count(pipe, observe(recipe, pipe), sampling(recipe.sweep))
    assert [one.rows for one in probes] == [one.expected for one in probes]
    own, shared = [0, 0, *[2] * 8, 4, 4], [*[8] * 8, *[16] * 4]
    assert [one.rows - one.plain_rows for one in probes] == own + shared


def test_the_adapter_is_timed_beside_a_generation(recipe: Recipe, pipe: Any) -> None:
    """A share of it."""
    adapter = probe.adapter_for(observe(recipe, pipe), injected=(1.0,), noises=0, first_step="inhibited")
    time = probe.time_adapter(pipe, adapter, sampling(recipe.sweep), rounds=2)
    assert time.images == 2
    assert 0 < time.share.median < 1


def test_starts_are_held_against_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With programs that start at once."""
    quick = {"import diffusers": "import json", "import gie": "import gie"}
    monkeypatch.setattr(imports, "STARTS", quick)
    out = tmp_path / "figures.json"
    imports.main(["--rounds", "1", "--out", str(out)])
    rows = json.loads(out.read_text(encoding="utf-8"))
    assert [(row["name"], row["ratio"] is not None) for row in rows] == [
        ("import diffusers", False),
        ("import gie", True),
    ]
