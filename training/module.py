"""The fit of one adapter as Lightning sees it."""

import copy
from dataclasses import asdict, dataclass

import lightning.pytorch as lightning
import torch
from torch import Tensor

from gie.adapter import Adapter
from training.presets import Preset

Batch = tuple[Tensor, Tensor, Tensor]
"""Features `[rows, layers]`, weakest and strongest scale `[rows]`."""


@dataclass(frozen=True)
class Epoch:
    """A point of the training curve."""

    epoch: int
    train: float
    val: float


class AdapterFit(lightning.LightningModule):
    """Trains an adapter in place and remembers its curve and its best weights."""

    def __init__(self, adapter: Adapter, preset: Preset) -> None:
        super().__init__()
        self.adapter = adapter
        self.preset = preset
        self.curve: list[Epoch] = []
        self.best_loss = float("inf")
        self.best_weights: dict[str, Tensor] = {}
        self._train_loss = float("nan")

    def training_step(self, batch: Batch) -> Tensor:
        """Loss of all training rows."""
        loss = self._loss(batch)
        self._train_loss = loss.item()
        return loss

    def validation_step(self, batch: Batch) -> None:
        """Loss of all val rows; Lightning validates at the end of an epoch, before it calls it ended."""
        loss = self._loss(batch)
        self.curve.append(Epoch(self.current_epoch, self._train_loss, loss.item()))
        if self.logger:  # not self.log: its bookkeeping takes longer than the step
            self.logger.log_metrics(asdict(self.curve[-1]), step=self.current_epoch)
        if loss.item() < self.best_loss:
            self.best_loss = loss.item()
            self.best_weights = copy.deepcopy(self.adapter.state_dict())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam; AdamW when there is weight decay."""
        weights, rate = self.adapter.parameters(), self.preset.learning_rate
        if self.preset.weight_decay:
            return torch.optim.AdamW(weights, lr=rate, weight_decay=self.preset.weight_decay)
        return torch.optim.Adam(weights, lr=rate)

    def _loss(self, batch: Batch) -> Tensor:
        features, weakest, strongest = batch
        end = strongest if self.preset.target == "window" else weakest
        return window_loss(self.adapter(features), weakest=weakest, strongest=end)

    def on_fit_end(self) -> None:
        """Put the chosen weights in place."""
        if self.preset.keep == "best" and self.best_weights:
            self.adapter.load_state_dict(self.best_weights)


def window_loss(scales: Tensor, *, weakest: Tensor, strongest: Tensor) -> Tensor:
    """Mean squared distance to the interval [strongest, weakest]; the MSE of Eq. 10 where both are the label."""
    too_weak = (scales - weakest).clamp(min=0)
    too_strong = (strongest - scales).clamp(min=0)
    return (too_weak + too_strong).square().mean()
