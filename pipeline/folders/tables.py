"""What `gie label FOLDER` leaves: labels as CSV and Parquet, every verdict, what was asked, and the page."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gie.errors import InputError
from labeling.verdict import Label, Verdict
from pipeline.auditing.records import to_verdict
from pipeline.files import replaced_folder
from pipeline.folders.read import Subject
from pipeline.label import label_row, verdict_row
from pipeline.parquet import read_rows, write_rows
from pipeline.review.exhibits import Exhibit, by_doubt, describe
from pipeline.review.page import render
from pipeline.review.thumbnails import inside, thumbnail
from pipeline.tables import LabelRow, VerdictRow

COLUMNS = ("prompt_id", "prompt", "outcome", "scale", "votes", "agreement", "reason")


@dataclass(frozen=True)
class Asked:
    """What was asked about, and of which pictures: a review goes on from it."""

    concept: str
    synonyms: tuple[str, ...]
    place: str
    """The folder or table."""
    prompts: str
    """The prompts file; "" without one."""


@dataclass(frozen=True)
class Labelled:
    """All that came of labelling a folder."""

    asked: Asked
    subjects: Sequence[Subject]
    labels: Mapping[str, Label]
    verdicts: Mapping[str, Sequence[Verdict]]

    def exhibits(self) -> list[Exhibit]:
        """For the page."""
        return [
            Exhibit(
                prompt_id=subject.prompt_id,
                prompt=subject.prompt or subject.prompt_id,
                kind="",
                label=self.labels[subject.prompt_id],
                verdicts=self.verdicts.get(subject.prompt_id, ()),
                open=lambda subject=subject: subject.open(self.asked.concept, self.asked.synonyms),
            )
            for subject in self.subjects
        ]


def write(out: Path, labelled: Labelled) -> None:
    """Write everything; an `out` that is there is replaced when all is written."""
    with replaced_folder(out) as aside:
        rows = [label_row(*item) for item in labelled.labels.items()]
        write_rows(aside / "labels.parquet", LabelRow, rows)
        verdicts = [verdict_row(name, each) for name, given in labelled.verdicts.items() for each in given]
        write_rows(aside / "verdicts.parquet", VerdictRow, verdicts)
        _write_csv(aside / "labels.csv", labelled)
        (aside / "asked.json").write_text(json.dumps(vars(labelled.asked), indent=2) + "\n", encoding="utf-8")
        (aside / "report.html").write_text(report(labelled), encoding="utf-8")


def report(labelled: Labelled) -> str:
    """The page of all sweeps, the most doubtful first, with the pictures inside."""
    strips: list[dict[str, Any]] = []
    for exhibit in by_doubt(labelled.exhibits()):
        images = exhibit.open().images
        tiles = {scale: inside(thumbnail(image)) for scale, image in images.items()}
        strips.append(describe(exhibit, tiles, None))
    concept = labelled.asked.concept
    page = {"title": f"Labels for {concept}", "concept": concept, "token": "", "strips": strips, "agreement": None}
    return render(page)


def read_labels(out: Path) -> tuple[Asked, dict[str, Label], dict[str, list[Verdict]]]:
    """What `write` left; raises InputError where it has not been."""
    try:
        content = json.loads((out / "asked.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"expected {out}, got nothing there; run gie label FOLDER first") from error
    labels = {
        row.prompt_id: Label(row.scale, row.outcome, row.votes, row.agreement, row.reason)
        for row in read_rows(out / "labels.parquet", LabelRow)
    }
    verdicts: dict[str, list[Verdict]] = {}
    for row in read_rows(out / "verdicts.parquet", VerdictRow):
        verdicts.setdefault(row.prompt_id, []).append(to_verdict(row))
    asked = Asked(content["concept"], tuple(content["synonyms"]), content["place"], content["prompts"])
    return asked, labels, verdicts


def _write_csv(path: Path, labelled: Labelled) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for subject in labelled.subjects:
            label = labelled.labels[subject.prompt_id]
            scale = "" if label.scale is None else f"{label.scale:g}"
            writer.writerow(
                [subject.prompt_id, subject.prompt, label.outcome, scale, label.votes, label.agreement, label.reason]
            )
