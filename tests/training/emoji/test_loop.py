"""The training loop of emoji-sd."""

from pathlib import Path

import pytest
import torch
from diffusers.training_utils import EMAModel
from torch import Tensor, nn

from training.emoji import loop
from training.emoji.loop import Training, train


class StopError(Exception):
    """Stands for a kill in the middle of a run."""


def network() -> nn.Linear:
    """A network to fit y = x."""
    torch.manual_seed(0)
    return nn.Linear(4, 4)


def training(model: nn.Linear, *, stop_at: int | None = None, steps: int = 12) -> Training:
    """Fits the identity on batches that depend on the step alone; raises at `stop_at`."""

    def loss(step: int) -> Tensor:
        if step == stop_at:
            raise StopError
        x = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))
        return (model(x) - x).square().mean()

    return Training("identity", loss, steps, peak_rate=1e-2, average=EMAModel(model.parameters(), decay=0.9))


def test_a_stopped_run_ends_as_if_it_had_not_been_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same weights, bit for bit, whether the run was stopped in the middle or not."""
    monkeypatch.setattr(loop, "SAVE_EVERY_S", 0.0)
    whole = network()
    train(whole, training(whole), tmp_path / "whole")
    stopped = network()
    with pytest.raises(StopError):
        train(stopped, training(stopped, stop_at=7), tmp_path / "stopped")

    resumed = network()
    train(resumed, training(resumed), tmp_path / "stopped")

    assert torch.equal(whole.weight, resumed.weight)


def test_training_lowers_the_loss_and_leaves_averaged_frozen_weights(tmp_path: Path) -> None:
    """It learns, and what comes back is ready to use."""
    model = network()
    before = training(model).loss(1000).item()

    trained = train(model, training(model, steps=200), tmp_path)

    assert training(model).loss(1000).item() < 0.7 * before
    assert not any(parameter.requires_grad for parameter in trained.parameters())


def test_a_finished_training_is_not_run_again(tmp_path: Path) -> None:
    """The checkpoint of a finished run answers without a single step."""
    model = network()
    train(model, training(model), tmp_path)

    train(network(), training(model, stop_at=0), tmp_path)
