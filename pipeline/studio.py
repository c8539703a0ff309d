"""Pictures and features in batches, each rendered once.

Pixels depend in their last bits on the batch that they are rendered in. So who asks decides the batches by what it knows for good (the table
of prompts, earlier batches), and the ledger gets whole ones: work that was killed goes on with the batch it was in, and ends with the very
same bytes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any, TypeVar

from tqdm import tqdm

from pipeline.conditions import Conditions
from pipeline.ledger import Ledger, ledger_key
from pipeline.parquet import R
from pipeline.render import Rendered, Shot, pixel_code, probe_features, render
from pipeline.settings import Recipe
from pipeline.tables import Feature, Prompt

T = TypeVar("T")
PICTURES = "pictures"


@dataclass(frozen=True)
class Studio:
    """Renders batches, or takes them from the ledger."""

    pipe: Any
    recipe: Recipe
    conditions: Conditions
    ledger: Ledger
    adapter: str = ""
    """Hash of the adapter that infers the scales; "" where each shot says its own."""

    def pictures(self, prompts: Sequence[Prompt]) -> Iterator[Rendered]:
        """Every prompt at every scale, in the order of the sweeps."""
        shots = [Shot(prompt, scale) for prompt in prompts for scale in self.recipe.sweep.ladder]
        return self.developed(PICTURES, shots, Rendered, render)

    def wanted(self, shots: Sequence[Shot]) -> list[Rendered]:
        """One batch of pictures that somebody chose."""
        return self.batch(PICTURES, shots, Rendered, render)[0]

    def probes(self, prompts: Sequence[Prompt]) -> Iterator[Feature]:
        """The features at those probes that no picture's first step gives by itself."""
        shots = [Shot(prompt, scale) for prompt in prompts for scale in self.recipe.sweep.unread]
        return self.developed("probes", shots, Feature, probe_features)

    def developed(
        self,
        what: str,
        shots: Sequence[Shot],
        row_type: type[R],
        make: Callable[[Any, Recipe, Sequence[Shot]], list[R]],
    ) -> Iterator[R]:
        """Rows of whole batches, in the order of the shots; shows how many are still to be made and how long that takes."""
        batches = list(_cut(shots, self.recipe.sweep.batch_size))
        missing = sum(len(batch) for batch in batches if not self.ledger.has_rows(self._key(what, batch)))
        title = f"{what} of {self.recipe.name} ({len(shots) - missing} in the ledger)"
        with tqdm(total=missing, desc=title, unit=" pictures", disable=not missing) as bar:
            for batch in batches:
                rows, is_new = self.batch(what, batch, row_type, make)
                bar.update(len(batch) if is_new else 0)
                yield from rows

    def batch(
        self,
        what: str,
        shots: Sequence[Shot],
        row_type: type[R],
        make: Callable[[Any, Recipe, Sequence[Shot]], list[R]],
    ) -> tuple[list[R], bool]:
        """The rows of one batch, sorted, and whether they had to be made."""
        key = self._key(what, shots)
        if (kept := self.ledger.get_rows(key, row_type)) is not None:
            return kept, False
        rows = sorted(make(self.pipe, self.recipe, shots), key=lambda row: row.key)
        self.ledger.put_rows(key, row_type, rows)
        return rows, True

    def _key(self, what: str, batch: Sequence[Shot]) -> str:
        shots = [[shot.prompt.prompt_id, shot.prompt.prompt, shot.prompt.seed, shot.scale] for shot in batch]
        return ledger_key(what=what, shots=shots, **self._made_by)

    @cached_property
    def _made_by(self) -> dict[str, Any]:
        """What decides the pixels of all batches alike."""
        sweep = self.recipe.sweep
        return {
            "adapter": self.adapter,
            "concept": self.recipe.concept,
            "slots": sweep.slots,
            "first_step": sweep.first_step,
            "fingerprint": self.conditions.fingerprint,
            "sampling": self.conditions.sampling.model_dump(),
            "device": self.pipe.device.type,
            "dtype": str(self.pipe.dtype),
            "compile": self.recipe.model.compile,
            "code": pixel_code(),
            "versions": {name: version(name) for name in ("torch", "diffusers")},
        }


def _cut(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
