"""What a judge saw at each scale, as the verdicts table keeps it: JSON text."""

from collections.abc import Mapping

from pydantic import TypeAdapter

from labeling.verdict import Sight

_SEEN = TypeAdapter(Mapping[float, Sight])


def write_seen(seen: Mapping[float, Sight]) -> str:
    """The text of the column `seen`."""
    return _SEEN.dump_json(seen).decode()


def read_seen(text: str) -> Mapping[float, Sight]:
    """The inverse of `write_seen`."""
    return _SEEN.validate_json(text)
