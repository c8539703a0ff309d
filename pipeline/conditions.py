"""What a sweep was rendered with: the adapter carries it on, to know where its scales hold.

Written beside the features, so that the train stage does not have to open the model.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from gie.adapter_config import Sampling
from pipeline.files import replaced_file


class Conditions(BaseModel):
    """Fields of the adapter's config, of the same names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_model: str
    """Folder or hub id, as the recipe names it."""
    fingerprint: str
    """Of the model's weights."""
    layers: tuple[str, ...]
    """The cross-attention layers in call order: the columns of the features."""
    widths: tuple[tuple[int, int], ...]
    """`[layers]` how wide the image's states are and the text's."""
    sampling: Sampling


def write_conditions(path: Path, conditions: Conditions) -> None:
    """Write them as JSON."""
    with replaced_file(path) as aside:
        aside.write_text(conditions.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_conditions(path: Path) -> Conditions:
    """The inverse of `write_conditions`."""
    return Conditions.model_validate_json(path.read_text(encoding="utf-8"))
