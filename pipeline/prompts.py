"""`gie prompts RECIPE`: write the sentences that ask for the concept, in every way, and for other things.

Who writes them is the recipe's `prompts.provider`. Whoever does, whole wordings are held out: no sentence of train is in test.
"""

import json
from collections import Counter
from typing import Any

from gie.errors import InputError
from pipeline.files import replaced_file
from pipeline.parquet import write_rows
from pipeline.paths import Paths
from pipeline.settings import Recipe
from pipeline.tables import KINDS, Prompt


def run(recipe: Recipe, paths: Paths) -> None:
    """Write `paths.prompts` and `paths.prompt_metrics`; raises InputError when the writer cannot give what is asked."""
    if recipe.prompts.provider != "template":
        raise InputError(
            f"recipes.{recipe.name}.prompts.provider: expected template, got {recipe.prompts.provider}, which is not there yet"
        )
    prompts, metrics = write_from(recipe, paths)
    write_rows(paths.prompts, Prompt, prompts)
    kinds = Counter(prompt.kind for prompt in prompts)
    counted = {"prompts": len(prompts), "kinds": {kind: kinds[kind] for kind in KINDS if kinds[kind]}, **metrics}
    with replaced_file(paths.prompt_metrics) as aside:
        aside.write_text(json.dumps(counted, indent=2) + "\n", encoding="utf-8")


def write_from(recipe: Recipe, paths: Paths) -> tuple[list[Prompt], dict[str, Any]]:
    """Prompts from the vocabulary; there is nothing to count besides."""
    from pipeline.writers.template import read_words, write_prompts

    return write_prompts(recipe, read_words(paths.inside(recipe.prompts.vocabulary))), {}
