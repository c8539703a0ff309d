"""`gie prompts RECIPE`: write the sentences that ask for the concept, in every way, and for other things.

Who writes them is the recipe's `prompts.provider`. Whoever does, whole wordings are held out: no sentence of train is in test.
"""

import asyncio
import json
from collections import Counter
from typing import Any

from pipeline.files import replaced_file
from pipeline.ledger import Ledger, default_folder
from pipeline.parquet import write_rows
from pipeline.paths import Paths
from pipeline.settings import Recipe
from pipeline.tables import KINDS, Prompt
from pipeline.writers.template import read_words, write_prompts


def run(recipe: Recipe, paths: Paths) -> None:
    """Write `paths.prompts` and `paths.prompt_metrics`.

    Raises:
        InputError: the settings do not fit.
        OutsideError: the language model failed, or has no more to say.
    """
    if recipe.prompts.provider == "openai":
        prompts, metrics = asyncio.run(ask_model(recipe))
    else:
        prompts, metrics = write_prompts(recipe, read_words(paths.inside(recipe.prompts.vocabulary))), {}
    write_rows(paths.prompts, Prompt, prompts)
    kinds = Counter(prompt.kind for prompt in prompts)
    counted = {"prompts": len(prompts), "kinds": {kind: kinds[kind] for kind in KINDS if kinds[kind]}, **metrics}
    with replaced_file(paths.prompt_metrics) as aside:
        aside.write_text(json.dumps(counted, indent=2) + "\n", encoding="utf-8")


async def ask_model(recipe: Recipe) -> tuple[list[Prompt], dict[str, Any]]:
    """Prompts from the recipe's language model; how it answered, what was dropped and what it cost."""
    from labeling.endpoint.probe import probe
    from pipeline.endpoints import make_endpoint, remembering
    from pipeline.writers.openai import Author, as_judge

    async with make_endpoint(as_judge(recipe.prompts), most_usd=recipe.prompts.max_cost_usd) as endpoint:
        endpoint.dialect = (await probe(endpoint)).dialect
        author = Author(recipe, remembering(endpoint, Ledger(default_folder())))
        prompts = await author.write()
    return prompts, {
        "model": recipe.prompts.model,
        "answers": dict(sorted(author.outcomes.items())),
        "dropped": dict(sorted(author.sieve.dropped.items())),
        "cost_usd": round(author.cost_usd, 6),
    }
