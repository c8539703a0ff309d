"""The card of a data set: every column with its meaning, as `pipeline.tables` declares it."""

import ast
import inspect
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from huggingface_hub import DatasetCard, DatasetCardData

from pipeline import tables as declared
from pipeline.hub.card import NOT_FOR_ALL
from pipeline.settings import Recipe
from pipeline.tables import SweepImage

CARD = """---
{metadata}
---

# What {name} was trained on

Prompts, features, labels and verdicts of the recipe `{name}` (`{recipe_hash}`): how strongly the concept **{concept}** has to be suppressed in
`{model}` for each prompt, by whom that was judged, and what the model's attention said at the first step.

    from datasets import load_dataset
    labels = load_dataset("{repo}", "labels")

`gie data pull` puts the files where the stages look for them; `gie train {name}` then trains the adapter. `conditions.json` says under which
conditions the features were read.
{tables}"""


class Shown(Protocol):
    """A table as the card shows it."""

    @property
    def name(self) -> str:
        """Of its file."""
        ...

    @property
    def row_type(self) -> Any:
        """Its declaration."""
        ...


def write_data_card(  # the hub's word for a licence is license
    recipe: Recipe,
    tables: Iterable[Shown],
    *,
    repo: str,
    license: str,  # noqa: A002
    pictures: bool,
) -> str:
    """The README.md; validated, raises ValueError when the metadata is not right."""
    named = {table.name: table.row_type for table in tables} | ({"sweeps": SweepImage} if pictures else {})
    text = CARD.format(
        metadata=_metadata(recipe, named, license=license, pictures=pictures),
        repo=repo,
        name=recipe.name,
        recipe_hash=recipe.recipe_hash,
        concept=recipe.concept,
        model=recipe.model.id,
        tables="\n".join(_section(name, row_type) for name, row_type in named.items()),
    )
    DatasetCard(text)  # reads the metadata, and so refuses what the hub could not read
    return text


def _metadata(recipe: Recipe, named: Mapping[str, Any], *, license: str, pictures: bool) -> DatasetCardData:  # noqa: A002
    files = {name: f"{name}.parquet" for name in named} | ({"sweeps": "sweeps/*.parquet"} if pictures else {})
    return DatasetCardData(
        license=license,
        pretty_name=f"GIE data of {recipe.name}",
        tags=["concept-erasure", "gie", *([NOT_FOR_ALL] if pictures else [])],
        configs=[{"config_name": name, "data_files": file} for name, file in files.items()],
    )


def _section(name: str, row_type: Any) -> str:
    rows = [f"| `{field}` | `{kind}` | {meaning} |" for field, kind, meaning in columns(row_type)]
    head = ["", f"## {name}", "", row_type.__doc__, "", "| column | type | meaning |", "| :--- | :--- | :--- |"]
    return "\n".join([*head, *rows, ""])


def columns(row_type: Any) -> list[tuple[str, str, str]]:
    """Name, type and meaning of each column, read from the declaration's own text."""
    tree = ast.parse(Path(inspect.getfile(declared)).read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == row_type.__name__)
    found: list[tuple[str, str, str]] = []
    for node in body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.append((name, ast.unparse(node.annotation).replace("|", "or"), ""))
            case ast.Expr(value=ast.Constant(value=str(text))) if found:
                found[-1] = (*found[-1][:2], " ".join(text.split()).replace("|", "\\|"))
            case _:
                pass
    return found
