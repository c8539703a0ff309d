"""Fit an adapter (Eq. 10): from rows to a trained `gie.Adapter` and its training curve.

Lightning runs the loop, on one thread and with everything that would write files or print switched off: the fit takes
seconds, and the same rows and seed give the same bits, also when it was stopped and went on from its checkpoint.
"""

import logging
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import lightning.pytorch as lightning
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException

from gie.adapter import Adapter
from gie.adapter_config import AdapterConfig
from gie.errors import InputError
from training.checkpoint import Checkpoint
from training.module import AdapterFit, Epoch
from training.presets import Preset
from training.rows import Rows, loader, mildest, moments, pulled

Accelerator = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["32-true", "64-true", "bf16-mixed", "16-mixed"]


@dataclass(frozen=True)
class Fitted:
    """A trained adapter and how it came about."""

    adapter: Adapter
    """Ready for inference, on the CPU."""
    curve: tuple[Epoch, ...]
    """One point an epoch."""


@dataclass(frozen=True)
class Running:
    """Where the fit runs and what it leaves: nothing of it belongs to the method."""

    accelerator: Accelerator = "cpu"
    precision: Precision = "32-true"
    """`32-true` on the CPU is the same bits everywhere that torch is the same; the others trade that for speed."""
    logger: Any = None
    """A Lightning logger, for example of W&B; None: the curve alone."""
    checkpoint: Path | None = None
    """Where a stopped fit goes on from; removed when it ends. None: it begins anew."""


def fit(
    train: Rows, val: Rows, *, config: AdapterConfig, preset: Preset, seed: int, running: Running | None = None
) -> Fitted:
    """Train an adapter; `config` must have the preset's transform and hidden widths.

    Args:
        train: rows to learn from, at least one.
        val: rows to watch, of other prompts; at least one.
        config: what the adapter is for; the weakest scale that it injects comes from the rows.
        preset: how it is trained.
        seed: of the first weights.
        running: where; None: on the CPU, in full precision.

    Raises:
        InputError: an accelerator that is not there, or a precision that it cannot do.
    """
    form = (preset.transform, preset.hidden, preset.members)
    assert (config.transform, config.hidden, config.members) == form, "the config states the preset's form"
    running = running or Running()
    config = config.model_copy(update={"weakest": round(preset.untouched * mildest(train), 6)})
    train, val = (pulled(rows, train, share=preset.pull) for rows in (train, val))
    checkpoint = Checkpoint(running.checkpoint)
    with _reproducible(seed), _quiet():
        adapter = Adapter(config)
        if preset.normalise:
            mean, spread = moments(train)
            adapter.mean.copy_(mean)
            adapter.spread.copy_(spread)
        module = AdapterFit(adapter, preset, seed=seed)
        _trainer(running, checkpoint).fit(module, loader(train, val), ckpt_path=checkpoint.found)
    checkpoint.remove()
    return Fitted(adapter.float().cpu().eval().requires_grad_(False), tuple(module.curve))


def _trainer(running: Running, checkpoint: Checkpoint) -> lightning.Trainer:
    try:
        return lightning.Trainer(
            max_epochs=-1,  # the module knows when it is over
            accelerator=running.accelerator,
            devices=1,
            precision=running.precision,
            logger=running.logger or False,
            callbacks=[checkpoint],
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
    except (MisconfigurationException, ValueError) as error:
        got = f"{running.accelerator} with {running.precision}"
        raise InputError(
            f"expected an accelerator and a precision that this machine has, got {got}: {error}"
        ) from error


@contextmanager
def _reproducible(seed: int) -> Generator[None]:
    """One thread, since sums over threads round differently; the caller's random state comes back."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def _quiet() -> Generator[None]:
    """Without Lightning's advice on data workers, devices and its own cloud."""
    log = logging.getLogger("lightning.pytorch")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*does not have many workers.*")
            warnings.filterwarnings("ignore", message=".*LeafSpec.*")  # lightning 2.6 against torch 2.13
            yield
    finally:
        log.setLevel(level)
