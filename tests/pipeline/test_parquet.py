"""Tables on disk: what is written comes back, the same rows are the same bytes, and nothing is ever half there."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pipeline.files import replaced_file, replaced_folder
from pipeline.parquet import Row, arrow_schema, read_rows, read_shards, write_rows, write_shards
from pipeline.tables import EvaluationRow, Feature, LabelRow, LessonRow, Prompt, SweepImage, VerdictRow

ID = "0123456789abcdef"
LABEL = LabelRow(ID, None, "absent", 1, 1.0, "not seen")
scales = st.floats(-15, 0, allow_nan=False)


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def images(*, min_size: int = 0) -> "SearchStrategy[list[SweepImage]]":
    """Sweeps with any bytes for pictures."""
    return st.lists(
        st.builds(SweepImage, st.sampled_from(["a" * 16, "b" * 16]), scales, st.binary(max_size=60)),
        unique_by=lambda row: row.key,
        min_size=min_size,
    )


@given(images())
@settings(max_examples=25, deadline=None)
def test_rows_come_back_sorted(tmp_path_factory: pytest.TempPathFactory, rows: list[SweepImage]) -> None:
    """Whatever order they came in; scales to the last bit."""
    path = tmp_path_factory.mktemp("table") / "rows.parquet"
    write_rows(path, SweepImage, rows)
    assert read_rows(path, SweepImage) == sorted(rows, key=lambda row: row.key)


@given(images(min_size=1))
@settings(max_examples=10, deadline=None)
def test_the_same_rows_are_the_same_bytes(tmp_path_factory: pytest.TempPathFactory, rows: list[SweepImage]) -> None:
    """DVC compares hashes."""
    folder = tmp_path_factory.mktemp("table")
    write_rows(folder / "one.parquet", SweepImage, rows)
    write_rows(folder / "two.parquet", SweepImage, reversed(rows))
    assert (folder / "one.parquet").read_bytes() == (folder / "two.parquet").read_bytes()


def test_lists_and_nulls_come_back(tmp_path: Path) -> None:
    """Features are 32-bit, labels may have no scale."""
    features = [Feature(ID, token, 1.0, (0.5, 0.25)) for token in range(2)]
    write_rows(tmp_path / "features.parquet", Feature, features)
    write_rows(tmp_path / "labels.parquet", LabelRow, [LABEL])
    assert read_rows(tmp_path / "features.parquet", Feature) == features
    assert read_rows(tmp_path / "labels.parquet", LabelRow) == [LABEL]


def test_shards_are_cut_by_size_and_read_as_one(tmp_path: Path) -> None:
    """Three pictures of 100 bytes, at most about 200 a shard."""
    rows = [SweepImage(ID, scale, bytes(100)) for scale in (0.0, -1.0, -2.0)]
    write_shards(tmp_path / "sweeps", SweepImage, rows, shard_bytes=200)
    assert names(tmp_path / "sweeps") == ["part-00000.parquet", "part-00001.parquet"]
    assert list(read_shards(tmp_path / "sweeps", SweepImage)) == rows


@pytest.mark.parametrize("row_type", [Prompt, SweepImage, Feature, VerdictRow, LabelRow, LessonRow, EvaluationRow])
def test_the_schema_is_the_one_that_datasets_writes(row_type: type[Row]) -> None:
    """Columns, types and metadata: it is written here so that labelling needs no `datasets`."""
    from datasets import Features

    schema = arrow_schema(row_type)
    assert Features.from_arrow_schema(schema).arrow_schema.equals(schema, check_metadata=True)


def test_datasets_sees_the_pictures(tmp_path: Path) -> None:
    """The files can be published as they are."""
    from pyarrow.parquet import read_schema

    write_rows(tmp_path / "rows.parquet", SweepImage, [SweepImage(ID, 0.0, b"png")])
    metadata = read_schema(tmp_path / "rows.parquet").metadata
    assert b'"image": {"_type": "Image"}' in metadata[b"huggingface"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (replace(LABEL, outcome="fine"), "LabelRow.outcome: expected .*'ok', 'absent'.* got 'fine'"),
        (replace(LABEL, votes=1.0), "LabelRow.votes: expected .*int.* got 1.0"),
        (replace(LABEL, agreement=float("nan")), "LabelRow.agreement: expected .*float.* got nan"),
        (replace(LABEL, scale="-3"), "LabelRow.scale: expected float | None, got '-3'"),
    ],
)
def test_a_row_that_breaks_its_declaration_is_not_written(tmp_path: Path, row: LabelRow, said: str) -> None:
    """And what was there before stays."""
    path = tmp_path / "labels.parquet"
    write_rows(path, LabelRow, [LABEL])
    with pytest.raises(ValueError, match=said):
        write_rows(path, LabelRow, [row])
    assert read_rows(path, LabelRow) == [LABEL]
    assert names(tmp_path) == ["labels.parquet"]


def test_a_key_met_twice_is_refused(tmp_path: Path) -> None:
    """One label a prompt."""
    with pytest.raises(ValueError, match="expected rising unique keys"):
        write_rows(tmp_path / "labels.parquet", LabelRow, [LABEL, LABEL])


def test_a_table_of_other_columns_is_refused(tmp_path: Path) -> None:
    """An out of an older version is not read as if it were new."""
    write_rows(tmp_path / "labels.parquet", LabelRow, [LABEL])
    with pytest.raises(ValueError, match=r"expected the columns \['prompt_id', 'token'.* run its stage again"):
        read_rows(tmp_path / "labels.parquet", Feature)


def test_a_failed_file_leaves_the_old_one_and_nothing_aside(tmp_path: Path) -> None:
    """Written aside, then renamed."""
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(FileExistsError), replaced_file(path) as aside:
        fail_half_way(aside)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]
    with replaced_file(path) as aside:
        aside.write_text("new")
    assert path.read_text() == "new"


def fail_half_way(path: Path) -> None:
    """Write, and then fail."""
    path.write_text("half")
    path.touch(exist_ok=False)


def test_a_killed_folder_is_no_obstacle(tmp_path: Path) -> None:
    """What the killed writer left aside goes, and none of it is in the new folder."""
    (tmp_path / "out.writing").mkdir()
    (tmp_path / "out.writing" / "left").touch()
    with replaced_folder(tmp_path / "out") as aside:
        (aside / "new").touch()
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["new"]
