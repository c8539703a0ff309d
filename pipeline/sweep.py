"""`gie sweep RECIPE`: the pictures of every prompt at every scale, and the features of their first step.

Pixels depend in their last bits on the batch that they are rendered in. So the table alone decides the batches (prompts in order,
each from w = 0 to the strongest scale, cut into equal parts), and the ledger gets whole ones: a sweep that was killed goes on
with the batch it was in, and its tables are the very same bytes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any, TypeVar

from tqdm import tqdm

from pipeline.conditions import Conditions, write_conditions
from pipeline.drawing import observe, open_pipeline
from pipeline.inputs import read_input
from pipeline.ledger import Ledger, default_folder, ledger_key
from pipeline.parquet import R, write_rows, write_shards
from pipeline.paths import Paths
from pipeline.render import Rendered, Shot, pixel_code, probe_features, render
from pipeline.settings import Recipe
from pipeline.tables import Feature, Prompt, SweepImage

T = TypeVar("T")


def run(recipe: Recipe, paths: Paths) -> None:
    """Write `paths.sweeps`, `paths.features` and `paths.conditions`."""
    prompts = read_input(paths.prompts, Prompt, stage="prompts", recipe=recipe.name)
    pipe = open_pipeline(recipe, paths)
    conditions = observe(recipe, pipe)
    studio = Studio(pipe, recipe, conditions, Ledger(default_folder()))
    features: list[Feature] = list(studio.probes(prompts))
    write_shards(paths.sweeps, SweepImage, _collecting(studio, studio.pictures(prompts), features))
    write_rows(paths.features, Feature, features)
    write_conditions(paths.conditions, conditions)


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
        return self.developed("pictures", shots, Rendered, render)

    def probes(self, prompts: Sequence[Prompt]) -> Iterator[Feature]:
        """The features at those probes that no picture's first step gives by itself."""
        probes = sorted(set(self.recipe.sweep.probes) - self.injected, reverse=True)
        shots = [Shot(prompt, scale) for prompt in prompts for scale in probes]
        return self.developed("probes", shots, Feature, probe_features)

    @cached_property
    def injected(self) -> set[float]:
        """The w of the features that come along the sweep; nothing is injected in a plain first step."""
        sweep = self.recipe.sweep
        return set(sweep.ladder) if sweep.first_step == "inhibited" else {0.0}

    def developed(
        self,
        what: str,
        shots: Sequence[Shot],
        row_type: type[R],
        make: Callable[[Any, Recipe, Sequence[Shot]], list[R]],
    ) -> Iterator[R]:
        """Rows of whole batches, in the order of the shots; shows how many are still to be made and how long that takes."""
        batches = {self._key(what, batch): batch for batch in _cut(shots, self.recipe.sweep.batch_size)}
        missing = sum(len(batch) for key, batch in batches.items() if not self.ledger.has_rows(key))
        title = f"{what} of {self.recipe.name} ({len(shots) - missing} in the ledger)"
        with tqdm(total=missing, desc=title, unit=" pictures", disable=not missing) as bar:
            for key, batch in batches.items():
                rows = self.ledger.get_rows(key, row_type)
                if rows is None:
                    rows = sorted(make(self.pipe, self.recipe, batch), key=lambda row: row.key)
                    self.ledger.put_rows(key, row_type, rows)
                    bar.update(len(batch))
                yield from rows

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
            "dtype": str(self.pipe.unet.dtype),
            "compile": self.recipe.model.compile,
            "code": pixel_code(),
            "versions": {name: version(name) for name in ("torch", "diffusers")},
        }


def _collecting(studio: Studio, rendered: Iterable[Rendered], features: list[Feature]) -> Iterator[SweepImage]:
    """The pictures, while their features go into the list."""
    for row in rendered:
        if row.scale in studio.injected:
            features.extend(row.features())
        yield row.picture()


def _cut(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
