"""Rows of `pipeline.tables` to Parquet files and back: validated, sorted, written aside and then renamed.

The files carry the features that `datasets` reads (`load_dataset("parquet", ...)` shows the pictures), no time and no machine:
the same rows give the same bytes. Shards are cut by size alone, so that the cut too depends on the rows only.
"""

import json
import math
import types
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, TypeVar, cast, get_args, get_origin, get_type_hints

from pipeline.files import replaced_file, replaced_folder

SHARD_BYTES = 256 * 2**20  # of row data: DVC wants few files, readers want them to fit in memory
ROW_GROUP = 256  # rows; a fixed size keeps the bytes equal however the rows came in
SHARD_NAME = "part-{:05d}.parquet"

ARROW_TYPES = {str: "string", int: "int64", float: "float64", bool: "bool"}


class Row(Protocol):
    """What `pipeline.tables` declares."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def key(self) -> tuple[Any, ...]:
        """Sort key, unique in its table."""
        ...


R = TypeVar("R", bound=Row)


def write_rows(path: Path, row_type: type[R], rows: Iterable[R]) -> None:
    """Write one table to one file; raises ValueError for a row that breaks its declaration or a key met twice."""
    ordered = sorted(rows, key=lambda row: row.key)
    with replaced_file(path) as aside:
        save_rows(aside, row_type, ordered)


def read_rows(path: Path, row_type: type[R]) -> list[R]:
    """All rows of one file."""
    return list(load_rows(path, row_type))


def write_shards(folder: Path, row_type: type[R], rows: Iterable[R], *, shard_bytes: int = SHARD_BYTES) -> None:
    """Write rows that come in the order of their keys as `part-00000.parquet` and on; holds one shard in memory."""
    with replaced_folder(folder) as aside:
        for number, shard in enumerate(_cut(rows, shard_bytes)):
            save_rows(aside / SHARD_NAME.format(number), row_type, shard)


def read_shards(folder: Path, row_type: type[R]) -> Iterator[R]:
    """The rows of all shards in order; holds one row group in memory."""
    for path in sorted(folder.glob(SHARD_NAME.replace("{:05d}", "*"))):
        yield from load_rows(path, row_type)


def save_rows(path: Path, row_type: type[R], rows: Sequence[R]) -> None:
    """Write rows that are in the order of their keys, right there; raises ValueError when they break their declaration."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_rows(row_type, rows)
    names = list(_columns(row_type))
    records = [dict(zip(names, map(_stored, _values(row)), strict=True)) for row in rows]
    table = pa.Table.from_pylist(records, schema=arrow_schema(row_type))
    pq.write_table(table, path, row_group_size=ROW_GROUP, compression="zstd")


def load_rows(path: Path, row_type: type[R]) -> Iterator[R]:
    """The rows of one file as they lie; holds one row group in memory."""
    import pyarrow.parquet as pq

    names = list(_columns(row_type))
    with pq.ParquetFile(path) as file:
        if (stored := file.schema_arrow.names) != names:
            raise ValueError(f"{path}: expected the columns {names}, got {stored}; run its stage again")
        for batch in file.iter_batches(batch_size=ROW_GROUP):
            for record in cast("list[dict[str, Any]]", batch.to_pylist()):
                yield row_type(**{name: _loaded(value) for name, value in record.items()})


def check_rows(row_type: type[R], rows: Sequence[R]) -> None:
    """Raise ValueError unless each value fits its column and the keys rise strictly."""
    columns = _columns(row_type)
    for row in rows:
        for (name, annotation), value in zip(columns.items(), _values(row), strict=True):
            if not _fits(value, annotation):
                raise ValueError(f"{row_type.__name__}.{name}: expected {annotation}, got {value!r} in row {row.key}")
    for before, after in pairwise(rows):
        if not before.key < after.key:
            raise ValueError(f"{row_type.__name__}: expected rising unique keys, got {before.key} and then {after.key}")


def _cut(rows: Iterable[R], shard_bytes: int) -> Iterator[list[R]]:
    shard: list[R] = []
    size = 0
    for row in rows:
        shard.append(row)
        size += sum(len(value) if isinstance(value, (bytes, str)) else 8 for value in _values(row))
        if size >= shard_bytes:
            yield shard
            shard, size = [], 0
    if shard:
        yield shard


def _values(row: Row) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in row.__dataclass_fields__)


def _stored(value: Any) -> Any:
    return {"bytes": value, "path": None} if isinstance(value, bytes) else value


def _loaded(value: Any) -> Any:
    if isinstance(value, dict):  # datasets keeps a picture as {bytes, path}
        return cast("dict[str, Any]", value)["bytes"]
    return tuple(cast("list[float]", value)) if isinstance(value, list) else value


def _columns(row_type: type[R]) -> dict[str, Any]:
    return get_type_hints(row_type)


def _fits(value: Any, annotation: Any) -> bool:
    if get_origin(annotation) is Literal:
        return value in get_args(annotation)
    if isinstance(annotation, types.UnionType):
        return any(_fits(value, option) for option in get_args(annotation))
    if get_origin(annotation) is tuple:
        return isinstance(value, tuple) and all(_fits(item, float) for item in cast("tuple[Any, ...]", value))
    if annotation is float:
        return isinstance(value, float) and math.isfinite(value)
    return type(value) is annotation


def arrow_schema(row_type: type[R]) -> Any:
    """The Arrow schema of a table, with the features that `datasets` shows; it is that library's own, written without it.

    Labelling with an endpoint alone wants no more than pyarrow installed.
    """
    import pyarrow as pa

    features = {name: _feature(annotation) for name, annotation in _columns(row_type).items()}
    fields = [pa.field(name, _arrow_type(annotation)) for name, annotation in _columns(row_type).items()]
    return pa.schema(fields, metadata={"huggingface": json.dumps({"info": {"features": features}})})


def _feature(annotation: Any) -> dict[str, Any]:
    if annotation is bytes:
        return {"_type": "Image"}
    if get_origin(annotation) is tuple:
        return {"feature": {"dtype": "float32", "_type": "Value"}, "_type": "List"}
    return {"dtype": ARROW_TYPES[_scalar(annotation)], "_type": "Value"}


def _arrow_type(annotation: Any) -> Any:
    import pyarrow as pa

    if annotation is bytes:
        return pa.struct({"bytes": pa.binary(), "path": pa.string()})
    if get_origin(annotation) is tuple:
        return pa.list_(pa.float32())
    return pa.type_for_alias(ARROW_TYPES[_scalar(annotation)])


def _scalar(annotation: Any) -> type:
    """The type of a column's values: without "or null", and of words to choose from the type of the words."""
    if get_origin(annotation) is Literal:
        return str
    return get_args(annotation)[0] if isinstance(annotation, types.UnionType) else annotation
