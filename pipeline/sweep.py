"""`gie sweep RECIPE`: the pictures of the prompts at the scales, and the features of their first step.

Every prompt at every scale, in batches that the table alone decides: prompts in order, each from w = 0 to the strongest scale, cut into
equal parts. Where the recipe says who searches (`sweep.search`), the train prompts get the pictures that a search asks for and no others;
val prompts, which tell how far what works reaches, and test prompts, for policies and curves, are rendered whole either way.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge

from pipeline.conditions import write_conditions
from pipeline.inputs import read_input
from pipeline.judging import open_judge
from pipeline.parquet import write_rows, write_shards
from pipeline.paths import Paths
from pipeline.render import Rendered
from pipeline.searching import Searcher
from pipeline.settings import LabelSettings, Recipe
from pipeline.studio import Studio
from pipeline.tables import Feature, Prompt, SweepImage
from pipeline.workers import open_studio


def run(recipe: Recipe, paths: Paths) -> None:
    """Write `paths.sweeps`, `paths.features` and `paths.conditions`."""
    prompts = read_input(paths.prompts, Prompt, stage="prompts", recipe=recipe.name)
    with open_studio(recipe, paths) as studio:
        features: list[Feature] = list(studio.probes(prompts))
        rendered = draw(studio, paths, prompts)
        write_shards(paths.sweeps, SweepImage, _collecting(studio, rendered, features))
        write_rows(paths.features, Feature, features)
        write_conditions(paths.conditions, studio.conditions)


def draw(studio: Studio, paths: Paths, prompts: Sequence[Prompt]) -> Iterator[Rendered]:
    """The pictures of the sweeps, in their order."""
    settings = studio.recipe.sweep
    whole = studio.pictures([prompt for prompt in prompts if not settings.searches(prompt.split)])
    if settings.search is None:
        return whole
    searched = [prompt for prompt in prompts if settings.searches(prompt.split)]
    return merge(asyncio.run(_search(studio, paths, settings.search, searched)), whole, key=lambda row: row.key)


async def _search(studio: Studio, paths: Paths, judge: LabelSettings, prompts: Sequence[Prompt]) -> list[Rendered]:
    opened = open_judge(judge, paths, studio.ledger, device=studio.recipe.model.device)
    async with opened as eyes:
        return await Searcher(studio, eyes).run(prompts)


def _collecting(studio: Studio, rendered: Iterable[Rendered], features: list[Feature]) -> Iterator[SweepImage]:
    """The pictures, while their features go into the list."""
    injected = studio.recipe.sweep.injected
    for row in rendered:
        if row.scale in injected:
            features.extend(row.features())
        yield row.picture()
