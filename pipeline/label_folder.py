"""`gie label FOLDER --concept "..."`: the same judges for pictures that somebody else rendered.

Needs no recipe, and no torch where the judge is behind an endpoint. Answers go into the same ledger as a recipe's.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gie.errors import InputError
from labeling.choose import choose_label
from labeling.errors import BudgetError
from labeling.verdict import Verdict
from pipeline.batching import judge_in_batches
from pipeline.bench import Bench
from pipeline.folders.read import TABLES, Subject, read_subjects
from pipeline.folders.tables import Asked, Labelled, write
from pipeline.judging import Options, open_judge
from pipeline.ledger import Ledger, default_folder
from pipeline.mistakes import one_line
from pipeline.paths import Paths
from pipeline.settings import LabelSettings


@dataclass(frozen=True)
class Wish:
    """What is to be labelled, by whom, and where the tables go."""

    place: Path
    concept: str
    synonyms: tuple[str, ...]
    settings: LabelSettings
    out: Path
    prompts: Path | None = None
    """CSV or Parquet with prompt_id, prompt and perhaps rest; None: `prompts.csv` in the folder, if it is there."""


def is_folder(text: str) -> bool:
    """Whether the argument of `gie label` names pictures, and not a recipe."""
    return Path(text).suffix.lower() in TABLES or Path(text).is_dir()


def default_out(place: Path) -> Path:
    """Beside the pictures: "sweeps" gives "sweeps-labels"."""
    return place.absolute().with_name(f"{place.absolute().stem}-labels")


def read_settings(asked: Mapping[str, Any]) -> LabelSettings:
    """The judge that the options name; raises InputError that says which option is wrong."""
    try:
        return LabelSettings.model_validate(asked)
    except ValidationError as error:
        raise InputError(one_line(error, "gie label", LabelSettings)) from error


def run(wish: Wish, options: Options) -> str:
    """Write `wish.out`; a line that says how many prompts have which outcome.

    Raises:
        InputError: the pictures are no sweeps.
        BudgetError: the money was spent before all were judged; the tables say which are not.
    """
    if not wish.concept:
        raise InputError("expected --concept for pictures, got none; say in words what is to be gone")
    subjects = read_subjects(wish.place, wish.prompts)
    verdicts = asyncio.run(_judge_all(wish, subjects, options))
    labels = {subject.prompt_id: choose_label(verdicts.get(subject.prompt_id, [])) for subject in subjects}
    prompts = str(wish.prompts.absolute()) if wish.prompts else ""
    asked = Asked(wish.concept, wish.synonyms, str(wish.place.absolute()), prompts)
    write(wish.out, Labelled(asked, subjects, labels, verdicts))
    if unpaid := sum(any(verdict.outcome == "budget" for verdict in given) for given in verdicts.values()):
        raise BudgetError(
            f"the budget was reached: {unpaid} of {len(subjects)} prompts are not judged, {wish.out} holds the others; "
            "the same command with a higher --max-cost goes on from there"
        )
    counts = Counter(label.outcome for label in labels.values())
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())


async def _judge_all(wish: Wish, subjects: Sequence[Subject], options: Options) -> dict[str, Sequence[Verdict]]:
    ledger, here = Ledger(default_folder()), Paths(Path(), "")

    async def once(how: Options) -> dict[str, Sequence[Verdict]]:
        async with open_judge(wish.settings, here, ledger, device="auto", options=how) as judge:
            bench = Bench(judge, wish.settings.at_once)
            sweeps = (subject.open(wish.concept, wish.synonyms) for subject in subjects)
            await bench.run(sweeps, total=len(subjects), title=f"labels of {wish.place.name}")
        return bench.verdicts

    return await judge_in_batches(wish.settings, ledger, options, once) if options.batch else await once(options)
