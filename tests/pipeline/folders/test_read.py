"""Folders and tables of pictures: read as sweeps, or refused with the file that is to blame."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gie.errors import InputError
from pipeline.folders.read import read_subjects
from tests.support.sweeps import SCALES, write_picture, write_sweeps


def rows(root: Path) -> list[dict[str, object]]:
    """The folder's pictures as a table has them."""
    return [
        {"prompt_id": folder.name, "scale": float(path.stem), "path": f"sweeps/{folder.name}/{path.name}", "prompt": f"a {folder.name}"}
        for folder in sorted(root.iterdir())
        for path in sorted(folder.iterdir())
    ]  # fmt: skip


def test_a_folder_is_read(tmp_path: Path) -> None:
    """Every prompt with all its scales; the pictures are opened later."""
    subjects = read_subjects(write_sweeps(tmp_path / "sweeps"))
    assert [subject.prompt_id for subject in subjects] == ["prompt-0", "prompt-1", "prompt-2"]
    sweep = subjects[0].open("a disc", ("a circle",))
    assert tuple(sweep.scales) == SCALES
    assert (sweep.concept, sweep.synonyms, sweep.prompt, sweep.prompt_id) == ("a disc", ("a circle",), "", "prompt-0")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_is_the_same_as_its_folder(tmp_path: Path, kind: str) -> None:
    """Paths start at the table; prompts may stand in it."""
    table = rows(write_sweeps(tmp_path / "sweeps"))
    place = tmp_path / f"table.{kind}"
    if kind == "csv":
        lines = [",".join(table[0]), *(",".join(map(str, row.values())) for row in table)]
        place.write_text("\n".join(lines))
    else:
        pq.write_table(pa.Table.from_pylist(table), place)
    read, folder = read_subjects(place), read_subjects(tmp_path / "sweeps")
    assert [(each.prompt_id, each.files) for each in read] == [(each.prompt_id, each.files) for each in folder]
    assert read[1].prompt == "a prompt-1"


def test_prompts_beside_the_pictures_are_taken(tmp_path: Path) -> None:
    """`prompts.csv` in the folder, or the file that is named; prompts without pictures are none."""
    root = write_sweeps(tmp_path / "sweeps")
    (root / "prompts.csv").write_text("prompt_id,prompt,rest\nprompt-1,a disc on sand,sand\nelsewhere,x,\n")
    assert [each.prompt for each in read_subjects(root)] == ["", "a disc on sand", ""]
    other = tmp_path / "other.csv"
    other.write_text("prompt_id,prompt\nprompt-0,a disc\n")
    assert [(each.prompt, each.rest) for each in read_subjects(root, other)] == [("a disc", ""), ("", ""), ("", "")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prompt-0/strong.png": "picture"}, r"strong\.png: expected a scale as the name"),
        ({"prompt-0/0.png": "remove"}, r"prompt-0: expected the plain picture \(0\) and negative scales, got -2, -4, -6"),
        ({"prompt-0/3.png": "picture"}, "expected the plain picture"),
        ({"prompt-0/-2.0.png": "picture"}, "expected one picture at -2, got"),
        ({"prompts.csv": "prompt_id,text\nprompt-0,x\n"}, r"prompts\.csv, row 1: column prompt: Field required"),
    ],
)  # fmt: skip
def test_what_is_no_sweep_is_said(tmp_path: Path, change: Mapping[str, str], said: str) -> None:
    """With the file and what was expected."""
    root = write_sweeps(tmp_path / "sweeps")
    for name, what in change.items():
        if what == "remove":
            (root / name).unlink()
        elif what == "picture":
            write_picture(root / name, 9)
        else:
            (root / name).write_text(what)
    with pytest.raises(InputError, match=said):
        read_subjects(root)


def test_files_that_are_no_pictures_are_said(tmp_path: Path) -> None:
    """When they are opened; an empty folder and one that is not there before that."""
    root = write_sweeps(tmp_path / "sweeps", count=1)
    (root / "prompt-0" / "-2.png").write_text("no picture")
    with pytest.raises(InputError, match=r"-2\.png: expected a picture, got another kind of file"):
        read_subjects(root)[0].open("a disc", ())
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"expected sweeps as .*PROMPT_ID/SCALE\.png, got none"):
        read_subjects(tmp_path / "empty")
    for missing in ("nowhere", "nowhere.csv"):
        with pytest.raises(InputError, match="got no"):
            read_subjects(tmp_path / missing)
