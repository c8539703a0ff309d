"""What an adapter is fitted on: one row a prompt and concept token, features against the scales that work.

All tokens of a prompt share its scales. All rows together are one batch: a few hundred rows of a few dozen numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

Batch = tuple[Tensor, Tensor, Tensor]
"""Features `[rows, inputs]`, weakest and strongest scale `[rows]`."""
AS_MANY = 0.95
"""A scale works for about as many rows as another from this share of them on: on a plateau which has the most is chance."""


@dataclass(frozen=True)
class Rows:
    """Training or validation rows."""

    features: Float[Tensor, "rows inputs"]
    weakest: Float[Tensor, "rows"]
    """The label: the weakest scale that works, 0 or negative."""
    strongest: Float[Tensor, "rows"]
    """The last scale below the label up to which all work; the label itself when only it does."""
    kinds: tuple[str, ...]
    """What sort of prompt each row is of: explicit, pair ..."""

    def __post_init__(self) -> None:
        assert self.weakest.shape == self.strongest.shape == self.features.shape[:1], "one label a row"
        assert len(self.kinds) == len(self.features), "one kind a row"
        assert (self.strongest <= self.weakest).all(), "stronger scales are more negative"

    def __len__(self) -> int:
        return len(self.features)

    @property
    def batch(self) -> Batch:
        """Features, weakest, strongest."""
        return self.features, self.weakest, self.strongest

    def of_kind(self, kind: str) -> "Rows":
        """Those rows alone."""
        at = [index for index, other in enumerate(self.kinds) if other == kind]
        return Rows(self.features[at], self.weakest[at], self.strongest[at], (kind,) * len(at))


def commonest(rows: Rows) -> float:
    """The weakest of the scales that work for the most rows that need one, or for about as many; 0 where none needs one.

    By the windows alone, which a published adapter comes with; `best_fixed_scale` counts every scale that was looked at, for all prompts.
    """
    needed = rows.weakest < 0
    if not needed.any():
        return 0.0
    weakest, strongest = rows.weakest[needed], rows.strongest[needed]
    ends = weakest.unique().flip(0)  # where most windows overlap, the overlap ends with one of them
    works = ((strongest <= ends[:, None]) & (ends[:, None] <= weakest)).sum(dim=1)
    return float(ends[works >= AS_MANY * works.max()][0])


def commonest_of(kind: str, rows: Rows) -> float:
    """The commonest scale among the rows of a kind; among all, where none of that kind needs one."""
    alike = rows.of_kind(kind)
    return commonest(alike if (alike.weakest < 0).any() else rows)


def mildest(rows: Rows) -> float:
    """The commonest scale of the kind of prompts that needs the least; 0 where none needs one.

    Of kinds whose rows mostly need one: a row or two that were labelled by mistake do not make a kind.
    """
    kinds = [rows.of_kind(kind) for kind in set(rows.kinds)]
    return max((commonest(alike) for alike in kinds if 2 * (alike.weakest < 0).sum() >= len(alike)), default=0.0)


def pulled(rows: Rows, train: Rows, *, share: float) -> Rows:
    """The rows with what works a share of the way nearer to what works for the most train rows of their kind.

    Those that need no suppression stay at 0. Between prompts of one kind the scales that work differ more by chance than by what features
    can tell.
    """
    needed = rows.weakest < 0
    goals = {kind: commonest_of(kind, train) for kind in set(rows.kinds)}
    to = torch.tensor([goals[kind] for kind in rows.kinds])
    weakest, strongest = (
        torch.where(needed, scales + share * (to - scales), scales) for scales in (rows.weakest, rows.strongest)
    )
    return Rows(rows.features, weakest, strongest, rows.kinds)


class _Once(IterableDataset[tuple[Batch, Batch]]):
    """All rows as the only batch of an epoch."""

    def __init__(self, train: Rows, val: Rows) -> None:
        self.batches = (train.batch, val.batch)

    def __iter__(self) -> Iterator[tuple[Batch, Batch]]:
        yield self.batches


def loader(train: Rows, val: Rows) -> DataLoader[tuple[Batch, Batch]]:
    """What Lightning iterates over; without workers, they would take longer than the fit."""
    return DataLoader(_Once(train, val), batch_size=None)


def moments(rows: Rows) -> tuple[Tensor, Tensor]:
    """Mean and deviation `[inputs]`; one that never varies gets deviation 1."""
    spread = rows.features.std(dim=0, correction=0)
    return rows.features.mean(dim=0), torch.where(spread > 0, spread, 1.0)
