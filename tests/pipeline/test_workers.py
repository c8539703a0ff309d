"""Several workers: the same table and the same ledger as one process makes, whoever dies on the way."""

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from gie.errors import InputError, OutsideError
from pipeline import prompts, sweep
from pipeline.adapted import draw_batch
from pipeline.failures import Failure, explain
from pipeline.parquet import read_rows
from pipeline.paths import Paths
from pipeline.render import Shot
from pipeline.settings import Recipe
from pipeline.tables import Prompt, SweepImage
from pipeline.workers import Crew, Worker, check_alike, cores_each, open_studio, share_of, start_ray
from tests.support.adapters import tiny_adapter
from tests.support.project import NAME, gie, one_line, project_recipe, recipe_content, start_gie

BATCHES = 5 + 2 + 2  # 18 pictures, 6 probes with w = +1, 6 pictures with the adapter; 4 a batch


@pytest.fixture
def project(tmp_path: Path, model: Path) -> tuple[Recipe, Paths]:
    """A project for two workers whose prompts are written."""
    content = recipe_content()
    content["model"] = {"id": str(model), "workers": 2}
    content["sweep"]["batch_size"] = 4
    recipe, paths = project_recipe(tmp_path, content)
    prompts.run(recipe, paths)
    return recipe, paths


@pytest.fixture(scope="module")
def ray_runs() -> Iterator[None]:
    """Ray on this machine, which the tests of this file share."""
    with ExitStack() as until_the_end:
        start_ray(until_the_end)
        yield


@pytest.fixture
def crew(ray_runs: None, project: tuple[Recipe, Paths]) -> Crew:
    """Two workers that have begun, without a model."""
    import ray

    del ray_runs

    class Bare(Worker):  # in here: Ray sends it as it is, and a worker does not import this file
        pipe = recipe = None

    actor: Any = ray.remote(num_cpus=0)(Bare)
    crew = Crew(*project, made_by={}, until_the_end=ExitStack())
    crew.workers = [actor.remote(), actor.remote()]
    ray.get([worker.make.remote(lambda *_: [], "", []) for worker in crew.workers])
    return crew


def alone(recipe: Recipe) -> Recipe:
    """The same for one process."""
    return recipe.model_copy(update={"model": recipe.model.model_copy(update={"workers": 1})})


def everything(recipe: Recipe, paths: Paths) -> list[Any]:
    """The rows of all that is rendered in batches: probes, sweep, and the evaluation's pictures with an adapter."""
    asked = read_rows(paths.prompts, Prompt)
    with open_studio(recipe, paths) as studio:
        made = [*studio.probes(asked), *studio.pictures(asked)]
        adapter = tiny_adapter(studio.pipe, concept="airplane", sampling=studio.conditions.sampling)
        shots = [Shot(prompt, 0.0) for prompt in asked]
        return [*made, *studio.developed("adapted", shots, SweepImage, partial(draw_batch, adapter=adapter))]


def ledger(folder: Path) -> dict[str, bytes]:
    """Key -> what is kept under it."""
    return {path.name: path.read_bytes() for path in folder.rglob("*.parquet")}


@pytest.mark.slow
@pytest.mark.usefixtures("ray_runs")
def test_two_workers_make_what_one_process_makes(
    project: tuple[Recipe, Paths], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same rows in the same order, and the same bytes under the same keys: all of them run one thread."""
    recipe, paths = project
    several = everything(recipe, paths)
    monkeypatch.setenv("GIE_LEDGER", str(tmp_path / "another"))
    assert everything(alone(recipe), paths) == several
    assert ledger(tmp_path / "ledger") == ledger(tmp_path / "another")
    assert len(ledger(tmp_path / "ledger")) == BATCHES


@pytest.mark.slow
@pytest.mark.usefixtures("ray_runs")
def test_a_killed_sweep_of_two_workers_goes_on_with_one(
    project: tuple[Recipe, Paths], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was finished is kept, and the table is that of a run in one go; its workers were another Ray's, named by RAY_ADDRESS."""
    import ray

    recipe, paths = project
    monkeypatch.setenv("RAY_ADDRESS", ray.get_runtime_context().gcs_address)
    process = start_gie(tmp_path, "sweep", NAME)
    while not (kept := ledger(tmp_path / "ledger")):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.005)
    process.kill()
    process.communicate()
    sweep.run(alone(recipe), paths)
    assert kept.items() <= ledger(tmp_path / "ledger").items()
    resumed = [path.read_bytes() for path in (*sorted(paths.sweeps.iterdir()), paths.features)]
    monkeypatch.setenv("GIE_LEDGER", str(tmp_path / "another"))
    sweep.run(alone(recipe), paths)
    assert [path.read_bytes() for path in (*sorted(paths.sweeps.iterdir()), paths.features)] == resumed


def test_a_worker_that_dies_is_named_after_what_the_others_had_finished(crew: Crew) -> None:
    """Killed as by a machine without memory: exit code 1, and nothing that was finished is lost."""

    def make(_: Any, __: Any, what: Sequence[str]) -> list[str]:
        if what[0] == "dies":
            time.sleep(0.5)
            os.kill(os.getpid(), signal.SIGKILL)
        return [*what]

    finished: list[str] = []

    def take_time() -> None:
        for key, _ in crew.made(make, cast("Any", {key: [key] for key in ("quick", "dies", "other")})):
            finished.append(key)
            time.sleep(2)  # both end meanwhile

    with pytest.raises(OutsideError, match=r"expected all workers to stay .* got ActorDiedError.* run again") as caught:
        take_time()
    assert finished == ["quick", "other"]
    assert explain(caught.value) == Failure(1, str(caught.value))


def test_a_mistake_that_a_worker_finds_is_the_same_mistake(crew: Crew) -> None:
    """Its line and its exit code are those of one process."""

    def make(*_: Any) -> list[Any]:
        raise InputError("expected a cat, got a dog; take a cat")

    with pytest.raises(InputError, match=r"^expected a cat, got a dog; take a cat$") as caught:
        list(crew.made(make, {"batch": []}))
    assert explain(caught.value) == Failure(2, str(caught.value))


def test_without_ray_one_line_says_what_to_install(
    project: tuple[Recipe, Paths], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one process does without."""
    monkeypatch.setitem(sys.modules, "ray", None)
    ended = gie(tmp_path, "sweep", NAME)
    assert ended.exit_code == 2
    assert "expected Ray to be installed, got none; pip install 'gie-erase[ray]', or" in one_line(ended.stderr)
    sweep.run(alone(project[0]), project[1])


def test_workers_that_would_draw_otherwise_are_refused() -> None:
    """What lies under a key was made by what the key says."""
    here = {"device": "cuda", "versions": {"torch": "2"}}
    check_alike(here, dict(here))
    with pytest.raises(InputError, match=r"got versions {'torch': '1'}, here {'torch': '2'}; install the same"):
        check_alike(here, {**here, "versions": {"torch": "1"}})


@pytest.mark.parametrize(
    ("machines", "workers", "cores"),
    [([8], 2, 4), ([8], 3, 2), ([4, 4, 4], 2, 4), ([4, 4, 4], 4, 2), ([6, 2], 3, 2), ([2], 3, 0.5), ([0, 1], 4, 0.25)],
)
def test_every_worker_has_as_many_cores_as_fit(machines: list[int], workers: int, cores: float) -> None:
    """No worker is spread over two machines, and all of them find a place."""
    assert cores_each(machines, workers) == cores
    assert sum(int(have / cores) for have in machines) >= workers


def test_on_cuda_a_worker_asks_for_a_gpu_and_there_must_be_one() -> None:
    """A dead machine has none."""
    nodes = [{"Alive": True, "Resources": {"CPU": 8.0, "GPU": 2.0}}, {"Alive": False, "Resources": {"GPU": 8.0}}]
    assert share_of("cuda", nodes, 2) == {"num_gpus": 1}
    assert share_of("cpu", nodes, 2) == {"num_cpus": 4}
    with pytest.raises(InputError, match=r"model\.workers: expected at most 2, the GPUs that Ray sees, got 3"):
        share_of("cuda", nodes, 3)
