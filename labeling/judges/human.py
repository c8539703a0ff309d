"""People's labels as a judge: from a table, or from the memory that a review page writes to.

A person is the judge `human`; `model` says who. A pick in the memory belongs to the pictures that were looked at and to what was asked
about them, so that a picture drawn anew is not labelled by an old look. Where a person said nothing, the judge has no verdict.
"""

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from labeling.asking import Memory, hash_pixels
from labeling.errors import LabelingError
from labeling.verdict import PLAIN, Sight, Sweep, Verdict

NAME, VERSION = "human", "pick-1"
STRIP, TABLE = "strip", "table"
"""Layouts: what was seen on the review page, and what a table says, of which it is not known how it was seen."""


class Pick(BaseModel):
    """What a person said about a sweep."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    outcome: Literal["ok", "absent", "none_works"]
    scale: float | None = None
    """The weakest scale that erases the concept and keeps the rest; none unless `outcome` is ok."""
    by: str = ""
    """Who."""

    @model_validator(mode="after")
    def _scale_fits_outcome(self) -> "Pick":
        if (self.outcome == "ok") != (self.scale is not None):
            raise ValueError(f"expected a scale with ok and with nothing else, got {self.outcome} and {self.scale}")
        return self


@dataclass(frozen=True)
class HumanJudge:
    """Reads picks; a `labeling.verdict.Judge`."""

    memory: Memory
    table: Mapping[str, Pick] | None = None
    """Prompt id -> pick; None: the memory alone."""

    async def judge(self, sweep: Sweep) -> Sequence[Verdict]:
        """One verdict, or none where nobody has looked; a scale that the sweep lacks is invalid."""
        pick = self.table.get(sweep.prompt_id) if self.table is not None else read_pick(self.memory, sweep)
        return [] if pick is None else [to_verdict(pick, sweep, layout=STRIP if self.table is None else TABLE)]


def write_pick(memory: Memory, sweep: Sweep, pick: Pick) -> None:
    """Keep what a person said; a later pick about the same pictures takes its place."""
    memory.put_json(_key(sweep), pick.model_dump(mode="json"))


def read_pick(memory: Memory, sweep: Sweep) -> Pick | None:
    """The inverse of `write_pick`; None where nobody has looked."""
    kept = memory.get_json(_key(sweep))
    return None if kept is None else Pick.model_validate(kept)


def read_table(path: Path) -> dict[str, Pick]:
    """Picks from a CSV file with the columns prompt_id, scale, outcome, and perhaps by.

    Raises:
        LabelingError: no such file, another column, or a row that says no label; the line is named.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            columns, rows = reader.fieldnames or [], list(reader)
    except FileNotFoundError as error:
        raise LabelingError(f"expected a CSV file of labels, got no file at {path}; set label.labels") from error
    if "prompt_id" not in columns:
        raise LabelingError(
            f"{path}: expected the columns prompt_id, scale, outcome, got {', '.join(columns) or 'none'}"
        )
    picks: dict[str, Pick] = {}
    for line, row in enumerate(rows, start=2):
        prompt_id = row.pop("prompt_id")
        try:
            picks[prompt_id] = Pick.model_validate({**row, "scale": row.get("scale") or None})
        except ValidationError as error:
            raise LabelingError(
                f"{path}, line {line}: expected prompt_id, scale, outcome, got {error.errors()[0]['msg']}"
            ) from error
    return picks


def to_verdict(pick: Pick, sweep: Sweep, *, layout: str) -> Verdict:
    """A pick as the verdict of judge `human`; it says only what the person said, so most scales stay unseen."""
    raw = json.dumps(pick.model_dump(mode="json"))
    if pick.scale is not None and pick.scale not in sweep.images:
        reason = f"expected one of the sweep's scales, got {pick.scale:g}"
        verdict = Verdict("invalid", reason=reason, raw=raw, votes=False)
    else:
        seen = {PLAIN: Sight(gone=pick.outcome == "absent", kept=None)}
        seen |= {} if pick.scale is None else {pick.scale: Sight(gone=True, kept=True)}
        verdict = Verdict("ok", pick.scale, seen, reason=f"a person's pick: {pick.outcome}", raw=raw)
    return replace(verdict, judge=NAME, model=pick.by, rubric_version=VERSION, layout=layout)


def _key(sweep: Sweep) -> str:
    parts = {
        "what": VERSION,
        "images": [[scale, hash_pixels(sweep.images[scale])] for scale in sweep.scales],
        "asked": [sweep.prompt, sweep.rest, sweep.concept, sweep.synonyms],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
