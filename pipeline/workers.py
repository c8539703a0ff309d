"""Batches rendered by several workers: `model.workers` copies of the model, on the GPUs or cores of one machine or of a Ray cluster.

This process keeps the ledger and says what a batch is, so that pictures do not depend on how many render them: a worker gets whole
batches and gives back their rows. Ray (the extra `ray`) starts the workers, finds them a place and tells when one has died. The cluster
is the one that RAY_ADDRESS names, else one for this process alone.
"""

import logging
import os
import secrets
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any

from gie.errors import InputError, OutsideError
from pipeline.drawing import observe, open_pipeline
from pipeline.ledger import Ledger, default_folder
from pipeline.paths import Paths
from pipeline.render import Shot
from pipeline.settings import Recipe
from pipeline.studio import Studio, made_by

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
"""Nothing is reported to Ray's makers; a worker has the priority that this process has."""
GO_ON = "run again: what was finished is kept"


@contextmanager
def open_studio(recipe: Recipe, paths: Paths, *, adapter: str = "") -> Generator[Studio]:
    """The recipe's model with the ledger, and with its workers where it has some; they are gone afterwards."""
    pipe = open_pipeline(recipe, paths)
    conditions = observe(recipe, pipe)
    with ExitStack() as until_the_end:
        several = recipe.model.workers > 1
        crew = Crew(recipe, paths, made_by(pipe, recipe, conditions), until_the_end) if several else None
        yield Studio(pipe, recipe, conditions, Ledger(default_folder()), adapter, crew)


class Worker:
    """One copy of the model, in a process of its own: an actor of Ray."""

    def open(self, recipe: Recipe, paths: Paths) -> dict[str, Any]:
        """What decides the pixels here; must be what decides them where the ledger is."""
        self.pipe, self.recipe = open_pipeline(recipe, paths), recipe
        return made_by(self.pipe, recipe, observe(recipe, self.pipe))

    def make(self, make: Callable[..., list[Any]], key: str, shots: Sequence[Shot]) -> tuple[str, list[Any]]:
        """The rows of one batch, and its key."""
        return key, make(self.pipe, self.recipe, shots)


@dataclass
class Crew:
    """The workers of a recipe, started when the first batch is missing."""

    recipe: Recipe
    paths: Paths
    made_by: Mapping[str, Any]
    """What decides the pixels in this process."""
    until_the_end: ExitStack
    """Ends what is started here."""

    def made(
        self, make: Callable[..., list[Any]], missing: Mapping[str, Sequence[Shot]]
    ) -> Iterator[tuple[str, list[Any]]]:
        """Each batch under its key, as soon as it is finished.

        Raises what `make` raises in a worker, and OutsideError when a worker dies: after what the others had finished by then.
        """
        start_ray(self.until_the_end)
        with plain_errors():
            yield from self._finished(make, missing)

    def _finished(
        self, make: Callable[..., list[Any]], missing: Mapping[str, Sequence[Shot]]
    ) -> Iterator[tuple[str, list[Any]]]:
        from ray.exceptions import RayError
        from ray.util import ActorPool

        pool: Any = ActorPool(self.workers)
        for batch in missing.items():
            pool.submit(lambda worker, batch: worker.make.remote(make, *batch), batch)
        try:
            while pool.has_next():
                yield pool.get_next_unordered()
        except RayError:
            yield from _ready(pool)
            raise

    @cached_property
    def workers(self) -> list[Any]:
        """Ray's handles of the actors, each with its model open; raises InputError where they cannot be had or render otherwise."""
        import ray

        device = str(self.made_by["device"])
        # what "auto" is was settled here: a worker does not choose again
        recipe = self.recipe.model_copy(update={"model": self.recipe.model.model_copy(update={"device": device})})
        actor: Any = ray.remote(**share_of(device, ray.nodes(), recipe.model.workers))(Worker)
        workers = [actor.remote() for _ in range(recipe.model.workers)]
        paths = Paths(self.paths.root.absolute(), self.paths.adapter)
        for there in ray.get([worker.open.remote(recipe, paths) for worker in workers]):
            check_alike(self.made_by, there)
        return workers


def check_alike(here: Mapping[str, Any], there: Mapping[str, Any]) -> None:
    """Raise InputError where a worker's pictures would not be this process's: another version, code or model."""
    if unlike := [name for name in here if here[name] != there[name]]:
        got = ", ".join(f"{name} {there[name]}, here {here[name]}" for name in unlike)
        raise InputError(f"expected workers that render as this process does, got {got}; install the same everywhere")


def start_ray(until_the_end: ExitStack) -> None:
    """Connect to Ray, where that is not done; what is started here ends with `until_the_end`.

    Raises InputError where Ray is not installed, and OutsideError where no cluster answers.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)  # some are read when Ray is imported
    try:
        import ray
    except ModuleNotFoundError as error:
        message = "model.workers: expected Ray to be installed, got none; pip install 'gie-erase[ray]', or set it to 1"
        raise InputError(message) from error
    if ray.is_initialized():
        return
    address = os.environ.get("RAY_ADDRESS") or "local"
    options: dict[str, Any] = {}
    if address == "local":
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # Ray would leave one in the home folder
        options["include_dashboard"] = False
    else:
        os.environ.setdefault(
            "RAY_gcs_server_port_wait_time_s", "1"
        )  # try once, which is most of a minute; not 20 times
    options["runtime_env"] = {"worker_process_setup_hook": "gie_stages.command.find_stages"}
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **options)
    except (OSError, RuntimeError, ValueError) as error:
        raise OutsideError(f"RAY_ADDRESS: expected a Ray that answers at {address}, got {error}; {GO_ON}") from error
    until_the_end.callback(ray.shutdown)


def share_of(device: str, nodes: Sequence[Mapping[str, Any]], workers: int) -> dict[str, Any]:
    """What each of the workers asks of Ray, with Ray's `nodes`: one GPU, or its part of the cores."""
    there = [node["Resources"] for node in nodes if node["Alive"]]
    if device != "cuda":
        return {"num_cpus": cores_each([int(one.get("CPU", 0)) for one in there], workers)}
    gpus = int(sum(one.get("GPU", 0) for one in there))
    if gpus < workers:
        raise InputError(f"model.workers: expected at most {gpus}, the GPUs that Ray sees, got {workers}; lower it")
    return {"num_gpus": 1}


def cores_each(machines: Sequence[int], workers: int) -> float:
    """As many cores as every worker can have on one of the machines, whose cores are given; below 1 where they share one."""
    whole = [cores for cores in range(1, max(machines) + 1) if sum(have // cores for have in machines) >= workers]
    return max(whole, default=0) or 1 / ceil(workers / max(sum(machines), 1))


@contextmanager
def plain_errors() -> Generator[None]:
    """A worker's error as this process would have raised it; Ray's own as a failure from outside."""
    from ray.exceptions import RayError, RayTaskError

    try:
        yield
    except RayTaskError as error:
        raise error.cause from error
    except RayError as error:
        got = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
        hint = f"if memory was full, lower model.workers or sweep.batch_size; {GO_ON}"
        raise OutsideError(f"expected all workers to stay until the end, got {got} {hint}") from error


def _ready(pool: Any) -> Iterator[tuple[str, list[Any]]]:
    """What is finished and was not yet asked for."""
    from ray.exceptions import RayError

    while pool.has_next():
        try:
            yield pool.get_next_unordered(timeout=0)
        except TimeoutError:
            return
        except RayError:
            continue
