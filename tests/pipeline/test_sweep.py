"""The sweep: pictures and features as the method says, and the same bytes however often it was stopped."""

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gie.concept import Concept
from gie.inhibiting import inhibit
from pipeline import prompts, studio, sweep
from pipeline.conditions import read_conditions
from pipeline.drawing import generators, observe, open_pipeline, sampling
from pipeline.parquet import read_rows, read_shards
from pipeline.paths import Paths
from pipeline.png import open_picture
from pipeline.render import Shot
from pipeline.settings import Recipe
from pipeline.tables import EOT, Feature, Prompt, SweepImage
from tests.support.project import NAME, project_recipe, recipe_content, start_gie

PROMPTS, SCALES, LAYERS = 6, 3, 16
BATCH = 4
BATCHES = 5 + 2  # 18 pictures, and 6 probes with w = +1


@pytest.fixture
def project(tmp_path: Path, model: Path) -> tuple[Recipe, Paths]:
    """A project whose prompts are written."""
    content = recipe_content()
    content["model"]["id"] = str(model)
    content["sweep"]["batch_size"] = BATCH
    recipe, paths = project_recipe(tmp_path, content)
    prompts.run(recipe, paths)
    return recipe, paths


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures or probes each batch had that was really made."""
    counts: list[int] = []

    def counting(make: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
        def make_and_count(pipe: Any, recipe: Recipe, shots: list[Shot]) -> list[Any]:
            counts.append(len(shots))
            return make(pipe, recipe, shots)

        return make_and_count

    for name in ("render", "probe_features"):
        monkeypatch.setattr(studio, name, counting(getattr(studio, name)))
    return counts


def outs(paths: Paths) -> dict[str, bytes]:
    """The bytes of everything that the stage wrote."""
    files = [*sorted(paths.sweeps.iterdir()), paths.features, paths.conditions]
    return {file.name: file.read_bytes() for file in files}


def entries(tmp_path: Path) -> int:
    """How many batches are in the test's ledger."""
    return len(list((tmp_path / "ledger").rglob("*.parquet")))


def test_every_prompt_has_all_scales_from_one_noise(project: tuple[Recipe, Paths]) -> None:
    """The picture at w = 0 is the plain model's, the one at w = -2.5 is the inhibited one's, both from the prompt's seed."""
    recipe, paths = project
    sweep.run(recipe, paths)
    rows = list(read_shards(paths.sweeps, SweepImage))
    asked = read_rows(paths.prompts, Prompt)
    assert [(row.prompt_id, row.scale) for row in rows] == [(p.prompt_id, w) for p in asked for w in (0.0, -1.0, -2.5)]
    pipe = open_pipeline(recipe, paths)
    first = asked[0]
    plain = pipe(first.prompt, generator=generators([first.seed]), **sampling(recipe.sweep)).images[0]
    with inhibit(pipe, Concept("airplane", scale=-2.5)):
        erased = pipe(first.prompt, generator=generators([first.seed]), **sampling(recipe.sweep)).images[0]
    kept = [np.asarray(open_picture(row.image), int) for row in rows[:3]]
    # one level of 255: sums are taken in another order in a batch
    assert np.abs(kept[0] - np.asarray(plain, int)).max() <= 1
    assert np.abs(kept[2] - np.asarray(erased, int)).max() <= 1
    assert np.abs(kept[2] - kept[0]).max() > 5


def test_features_are_keyed_by_what_was_injected(project: tuple[Recipe, Paths]) -> None:
    """+1 from the probe, 0 and the scales along the sweep; one row a token, and one for [EOT]."""
    recipe, paths = project
    sweep.run(recipe, paths)
    rows = read_rows(paths.features, Feature)
    assert {row.injected for row in rows} == {1.0, 0.0, -1.0, -2.5}
    assert Counter(row.token for row in rows) == {0: PROMPTS * 4, EOT: PROMPTS * 4}  # "airplane" is one token
    assert {len(row.values) for row in rows} == {LAYERS}
    first = [row.values for row in rows if row.prompt_id == rows[0].prompt_id]
    assert len(set(first)) == 8, "what is injected changes what later layers attend to"


def test_probes_from_shared_noise_stand_beside_what_comes_along_the_sweep(project: tuple[Recipe, Paths]) -> None:
    """Also w = 0, which the plain picture shows from its own noise; the pictures stay the same."""
    recipe, paths = project
    sweep.run(recipe, paths)
    pictures = list(read_shards(paths.sweeps, SweepImage))
    shared = recipe.model_copy(update={"sweep": recipe.sweep.model_copy(update={"noises": 2})})
    sweep.run(shared, paths)
    rows = read_rows(paths.features, Feature)
    assert {(row.injected, row.noises) for row in rows} == {(1.0, 2), (0.0, 2), (0.0, 0), (-1.0, 0), (-2.5, 0)}
    assert Counter(row.noises for row in rows) == {2: PROMPTS * 2 * 2, 0: PROMPTS * 2 * 3}
    assert list(read_shards(paths.sweeps, SweepImage)) == pictures


def test_a_plain_first_step_has_no_features_along_the_sweep(project: tuple[Recipe, Paths]) -> None:
    """Nothing is injected in it, so only w = 0 and the probe are known."""
    recipe, paths = project
    plain = recipe.model_copy(update={"sweep": recipe.sweep.model_copy(update={"first_step": "plain"})})
    sweep.run(plain, paths)
    assert {row.injected for row in read_rows(paths.features, Feature)} == {1.0, 0.0}


def test_the_conditions_are_those_that_the_method_sees(project: tuple[Recipe, Paths]) -> None:
    """What the adapter will compare itself with."""
    recipe, paths = project
    pipe = open_pipeline(recipe, paths)
    with inhibit(pipe, Concept("airplane", scale=0.0)) as run:
        pipe("a cat", generator=generators([0]), **sampling(recipe.sweep))
    assert observe(recipe, pipe).sampling == run.conditions
    assert observe(recipe, pipe).layers == run.layers
    sweep.run(recipe, paths)
    assert read_conditions(paths.conditions) == observe(recipe, pipe)


def test_a_second_run_renders_nothing(project: tuple[Recipe, Paths], rendered: list[int]) -> None:
    """And writes the same bytes."""
    sweep.run(*project)
    first = outs(project[1])
    assert sum(rendered) == PROMPTS * (SCALES + 1)
    assert len(rendered) == BATCHES
    rendered.clear()
    sweep.run(*project)
    assert rendered == []
    assert outs(project[1]) == first


@pytest.mark.parametrize("change", [{"guidance": 2.0}, {"slots": "all"}, {"batch_size": 5}, {"steps": 1}])
def test_what_changes_pixels_renders_anew(
    project: tuple[Recipe, Paths], rendered: list[int], change: dict[str, Any]
) -> None:
    """No stale batch is taken from the ledger."""
    recipe, paths = project
    sweep.run(recipe, paths)
    rendered.clear()
    sweep.run(recipe.model_copy(update={"sweep": recipe.sweep.model_copy(update=change)}), paths)
    assert sum(rendered) == PROMPTS * (SCALES + 1)


def test_a_killed_sweep_goes_on_and_ends_with_the_same_bytes(
    project: tuple[Recipe, Paths], rendered: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed without warning after some batches: what was finished is not rendered again."""
    recipe, paths = project
    process = start_gie(tmp_path, "sweep", NAME)
    wait_for_entries(tmp_path, 3, process)
    process.kill()
    process.communicate()
    kept = entries(tmp_path)
    assert 3 <= kept < BATCHES, "the control: it was killed half way"
    assert not paths.sweeps.exists()
    sweep.run(recipe, paths)
    assert len(rendered) == BATCHES - kept
    resumed = outs(paths)
    assert not list(paths.sweeps.parent.glob("*.writing"))
    monkeypatch.setenv("GIE_LEDGER", str(tmp_path / "another"))
    sweep.run(recipe, paths)
    assert outs(paths) == resumed


def test_a_stopped_sweep_says_so_and_loses_nothing(project: tuple[Recipe, Paths], tmp_path: Path) -> None:
    """Ctrl-C: one line, code 130."""
    _, paths = project
    process = start_gie(tmp_path, "sweep", NAME)
    wait_for_entries(tmp_path, 1, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "gie: stopped; what was finished is kept" in said
    assert "Traceback" not in said
    assert entries(tmp_path) >= 1
    assert list(paths.sweeps.parent.glob("*")) == []


def wait_for_entries(tmp_path: Path, count: int, process: "subprocess.Popen[str]") -> None:
    """Until so many batches are in the ledger."""
    while entries(tmp_path) < count:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.005)


def test_one_noise_a_prompt_whatever_the_device() -> None:
    """A seed is the same noise at every scale, drawn on the CPU."""
    first, second = generators([7, 7])
    assert torch.equal(torch.randn(3, generator=first), torch.randn(3, generator=second))
