"""The fit of one adapter as Lightning sees it.

A pass over all rows takes half a millisecond, and Lightning's own work around a step several times as long. So one of
its steps is a chunk of passes, each with its backward and its optimiser step (docs/decisions/chunks.md): checkpoints, devices,
precision and loggers are Lightning's, and the time is a plain loop's.
"""

import copy
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import lightning.pytorch as lightning
import torch
from torch import Tensor

from gie.adapter import Adapter
from training.presets import Preset
from training.rows import Batch

CHUNK = 50
"""Passes in one step of Lightning's; early stopping is decided after each pass."""


@dataclass(frozen=True)
class Epoch:
    """A point of the training curve."""

    epoch: int
    train: float
    val: float


class AdapterFit(lightning.LightningModule):
    """Trains an adapter in place and remembers its curve and its best weights, also in a checkpoint."""

    def __init__(self, adapter: Adapter, preset: Preset, *, seed: int) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.adapter = adapter
        self.preset = preset
        self.seed = seed
        self.curve: list[Epoch] = []
        self.best: Epoch | None = None
        """The first epoch with the lowest loss on val."""
        self.best_weights: dict[str, Tensor] = {}

    def training_step(self, batch: tuple[Batch, Batch]) -> None:
        """Some passes over the train rows, each with a look at the val rows; ends the fit when there is no more to do."""
        train, val = batch
        optimizer = cast("torch.optim.Optimizer", self.optimizers())
        start = len(self.curve)
        while len(self.curve) < start + CHUNK and not self._is_over():
            self.one_pass(optimizer, train, val)
        if self.logger:
            for point in self.curve[start:]:
                self.logger.log_metrics(asdict(point), step=point.epoch)
        self.trainer.should_stop = self._is_over()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam; AdamW when there is weight decay."""
        weights, rate = self.adapter.parameters(), self.preset.learning_rate
        if self.preset.weight_decay:
            return torch.optim.AdamW(weights, lr=rate, weight_decay=self.preset.weight_decay)
        return torch.optim.Adam(weights, lr=rate)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what the rest of the fit depends on beside weights and optimiser."""
        checkpoint["curve"] = [(point.epoch, point.train, point.val) for point in self.curve]
        checkpoint["best_weights"] = self.best_weights

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """The inverse of `on_save_checkpoint`."""
        self.curve = [Epoch(*point) for point in checkpoint["curve"]]
        self.best = min(self.curve, key=lambda point: point.val, default=None)
        self.best_weights = checkpoint["best_weights"]

    def on_fit_end(self) -> None:
        """Put the chosen weights in place: the best ones also where the fit waited for better ones."""
        if self.best_weights:
            self.adapter.load_state_dict(self.best_weights)

    def one_pass(self, optimizer: torch.optim.Optimizer, train: Batch, val: Batch) -> None:
        """One epoch: learn from the train rows, then look at the val rows."""
        optimizer.zero_grad()
        features, weakest, strongest = train
        scales = self.adapter.each(features + self._noise(features))
        loss = window_loss(scales, weakest=weakest, strongest=self._end(weakest, strongest))
        self.manual_backward(loss)
        optimizer.step()
        with torch.no_grad():
            features, weakest, strongest = val
            watched = window_loss(self.adapter(features), weakest=weakest, strongest=self._end(weakest, strongest))
            point = Epoch(len(self.curve), loss.item(), watched.item())
        self.curve.append(point)
        if self.best is None or point.val < self.best.val:
            self.best = point
            if self._keeps_best:
                self.best_weights = copy.deepcopy(self.adapter.state_dict())

    @property
    def _keeps_best(self) -> bool:
        return self.preset.keep == "best" or self.preset.patience > 0

    def _is_over(self) -> bool:
        """All epochs are done, or val has not improved for `patience` of them."""
        stale = len(self.curve) - 1 - self.best.epoch if self.best else 0
        return len(self.curve) >= self.preset.epochs or 0 < self.preset.patience <= stale

    def _end(self, weakest: Tensor, strongest: Tensor) -> Tensor:
        return strongest if self.preset.target == "window" else weakest

    def _noise(self, features: Tensor) -> Tensor:
        """What blurs the features of this pass `[members, rows, inputs]`, the same when the fit is resumed; 0 without noise."""
        if not self.preset.noise:
            return features.new_zeros(())
        drawn = draw_noise(self.preset.members, features.shape, seed=self.seed, epoch=len(self.curve))
        return self.preset.noise * self.adapter.spread * drawn.to(features)


def draw_noise(members: int, shape: Sequence[int], *, seed: int, epoch: int) -> Tensor:
    """Normal noise `[members, *shape]` of one pass, by its number, so that a fit that goes on draws what it would have drawn."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)  # a prime, so that seeds share no passes
    return torch.randn(members, *shape, generator=generator)


def window_loss(scales: Tensor, *, weakest: Tensor, strongest: Tensor) -> Tensor:
    """Mean squared distance to the interval [strongest, weakest]; the MSE of Eq. 10 where both are the label."""
    too_weak = (scales - weakest).clamp(min=0)
    too_strong = (strongest - scales).clamp(min=0)
    return (too_weak + too_strong).square().mean()
