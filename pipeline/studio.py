"""Pictures and features in batches, each rendered once.

Pixels depend in their last bits on the batch that they are rendered in. So who asks decides the batches by what it knows for good (the table
of prompts, earlier batches), and the ledger gets whole ones: work that was killed goes on with the batch it was in, and ends with the very
same bytes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any, Protocol, TypeVar

from tqdm import tqdm

from pipeline.conditions import Conditions
from pipeline.ledger import Ledger, ledger_key
from pipeline.parquet import R
from pipeline.render import Rendered, Shot, pixel_code, probe_features, render
from pipeline.settings import Recipe
from pipeline.tables import Feature, Prompt

T = TypeVar("T")
PICTURES = "pictures"


class Crew(Protocol):
    """Others who make batches: `pipeline.workers.Crew`."""

    def made(
        self, make: Callable[..., list[Any]], missing: Mapping[str, Sequence[Shot]]
    ) -> Iterator[tuple[str, list[Any]]]:
        """The rows of each batch under its key, in whatever order they are finished."""
        ...


@dataclass(frozen=True)
class Studio:
    """Renders batches, or takes them from the ledger."""

    pipe: Any
    recipe: Recipe
    conditions: Conditions
    ledger: Ledger
    adapter: str = ""
    """Hash of the adapter that infers the scales; "" where each shot says its own."""
    crew: Crew | None = None
    """Who makes the batches of a table; None: this process, as it does what is wanted one batch at a time."""

    def pictures(self, prompts: Sequence[Prompt]) -> Iterator[Rendered]:
        """Every prompt at every scale, in the order of the sweeps."""
        shots = [Shot(prompt, scale) for prompt in prompts for scale in self.recipe.sweep.ladder]
        return self.developed(PICTURES, shots, Rendered, render)

    def wanted(self, shots: Sequence[Shot]) -> list[Rendered]:
        """One batch of pictures that somebody chose."""
        return self.batch(PICTURES, shots, Rendered, render)

    def probes(self, prompts: Sequence[Prompt]) -> Iterator[Feature]:
        """The features at those probes that no picture's first step gives by itself."""
        shots = [Shot(prompt, scale) for prompt in prompts for scale in self.recipe.sweep.unread]
        return self.developed(f"probes from {self.recipe.sweep.noises} noises", shots, Feature, probe_features)

    def developed(
        self,
        what: str,
        shots: Sequence[Shot],
        row_type: type[R],
        make: Callable[[Any, Recipe, Sequence[Shot]], list[R]],
    ) -> Iterator[R]:
        """Rows of whole batches, in the order of the shots; shows how many are still to be made and how long that takes."""
        batches = {self._key(what, batch): batch for batch in _cut(shots, self.recipe.sweep.batch_size)}
        missing = {key: batch for key, batch in batches.items() if not self.ledger.has_rows(key)}
        count = sum(map(len, missing.values()))
        title = f"{what} of {self.recipe.name} ({len(shots) - count} in the ledger)"
        coming, waiting = self._made(make, missing), set(missing)
        with tqdm(total=count, desc=title, unit=" pictures", disable=not missing) as bar:
            for key, batch in batches.items():
                while key in waiting:
                    finished, rows = next(coming)
                    self._keep(finished, row_type, rows)
                    waiting.remove(finished)
                    bar.update(len(missing[finished]))
                yield from self.batch(what, batch, row_type, make)

    def _made(
        self, make: Callable[[Any, Recipe, Sequence[Shot]], list[R]], missing: Mapping[str, Sequence[Shot]]
    ) -> Iterator[tuple[str, list[R]]]:
        if self.crew and len(missing) > 1:  # for one batch nobody is called
            return self.crew.made(make, missing)
        return ((key, make(self.pipe, self.recipe, batch)) for key, batch in missing.items())

    def batch(
        self,
        what: str,
        shots: Sequence[Shot],
        row_type: type[R],
        make: Callable[[Any, Recipe, Sequence[Shot]], list[R]],
    ) -> list[R]:
        """The rows of one batch, sorted; they are made where the ledger has none."""
        key = self._key(what, shots)
        if (kept := self.ledger.get_rows(key, row_type)) is not None:
            return kept
        return self._keep(key, row_type, make(self.pipe, self.recipe, shots))

    def _keep(self, key: str, row_type: type[R], rows: Sequence[R]) -> list[R]:
        inorder = sorted(rows, key=lambda row: row.key)
        self.ledger.put_rows(key, row_type, inorder)
        return inorder

    def _key(self, what: str, batch: Sequence[Shot]) -> str:
        shots = [[shot.prompt.prompt_id, shot.prompt.prompt, shot.prompt.seed, shot.scale] for shot in batch]
        return ledger_key(what=what, shots=shots, **self._made_by)

    @cached_property
    def _made_by(self) -> dict[str, Any]:
        return {"adapter": self.adapter, **made_by(self.pipe, self.recipe, self.conditions)}


def made_by(pipe: Any, recipe: Recipe, conditions: Conditions) -> dict[str, Any]:
    """What decides the pixels of all batches alike, beside an adapter."""
    return {
        "concept": recipe.concept,
        "slots": recipe.sweep.slots,
        "values": recipe.sweep.values,
        "first_step": recipe.sweep.first_step,
        "fingerprint": conditions.fingerprint,
        "sampling": conditions.sampling.model_dump(exclude_none=True),
        "device": pipe.device.type,
        "dtype": str(pipe.dtype),
        "compile": recipe.model.compile,
        "code": pixel_code(),
        "versions": {name: version(name) for name in ("torch", "diffusers")},
    }


def _cut(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
