"""One training loop for all networks of emoji-sd: seeded by the step, so that a stopped run goes on as if it had not been.

A batch depends on (network, step) alone, never on what was drawn before, so a checkpoint needs no state of any data loader.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from tqdm import tqdm

CHECKPOINTS = Path("build/emoji-sd")
SAVE_EVERY_S = 60.0

Network = TypeVar("Network", bound=nn.Module)


@dataclass
class Training:
    """What a network of emoji-sd is trained with."""

    name: str
    """Names the checkpoint and the progress bar."""
    loss: Callable[[int], Tensor]
    """Step -> scalar loss on that step's batch."""
    steps: int
    peak_rate: float
    """Highest learning rate of the one-cycle schedule."""
    average: Any = None
    """`EMAModel`, or None."""
    weight_decay: float = 0.01


def train(network: Network, training: Training, folder: Path = CHECKPOINTS) -> Network:
    """Train to the end, from the last checkpoint if there is one; the network ends with the averaged weights if it has some."""
    folder.mkdir(parents=True, exist_ok=True)
    optimizer = torch.optim.AdamW(network.parameters(), lr=training.peak_rate, weight_decay=training.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, training.peak_rate, total_steps=training.steps, pct_start=0.1
    )
    state = {"network": network, "optimizer": optimizer, "schedule": schedule}
    if training.average is not None:
        state["average"] = training.average
    path = folder / f"{training.name}.pt"
    start = _restore(state, path)
    _run(training, state, start, path)
    if training.average is not None:
        training.average.copy_to(network.parameters())
    return network.eval().requires_grad_(False)


def _run(training: Training, state: dict[str, Any], start: int, path: Path) -> None:
    saved = time.monotonic()
    network: nn.Module = state["network"]
    network.train()
    bar = tqdm(range(start, training.steps), training.name, initial=start, total=training.steps, mininterval=2)
    smooth = None
    for step in bar:
        loss = training.loss(step)
        state["optimizer"].zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        state["optimizer"].step()
        state["schedule"].step()
        if training.average is not None:
            training.average.step(network.parameters())
        smooth = loss.item() if smooth is None else 0.98 * smooth + 0.02 * loss.item()
        bar.set_postfix(loss=f"{smooth:.4f}", refresh=False)
        if time.monotonic() - saved > SAVE_EVERY_S or step + 1 == training.steps:
            _save(state, step + 1, path)
            saved = time.monotonic()


def _restore(state: dict[str, Any], path: Path) -> int:
    """Load the checkpoint into the parts; the step to go on with."""
    if not path.exists():
        return 0
    checkpoint = torch.load(path, weights_only=True)
    for name, part in state.items():
        part.load_state_dict(checkpoint[name])
    return int(checkpoint["step"])


def _save(state: dict[str, Any], step: int, path: Path) -> None:
    aside = path.with_suffix(".tmp")
    torch.save({"step": step} | {name: part.state_dict() for name, part in state.items()}, aside)
    aside.replace(path)
