"""Fit an adapter (Eq. 10): from rows to a trained `gie.Adapter` and its training curve.

Lightning runs the loop, on one thread and with everything that would write files or print switched off: the fit takes
seconds, and the same rows and seed give the same bits.
"""

import logging
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import lightning.pytorch as lightning
import torch

from gie.adapter import Adapter
from gie.adapter_config import AdapterConfig
from training.module import AdapterFit, Epoch
from training.presets import Preset
from training.rows import Rows, loader, moments


@dataclass(frozen=True)
class Fitted:
    """A trained adapter and how it came about."""

    adapter: Adapter
    """Ready for inference, on the CPU."""
    curve: tuple[Epoch, ...]
    """One point an epoch."""


def fit(train: Rows, val: Rows, *, config: AdapterConfig, preset: Preset, seed: int, logger: Any = None) -> Fitted:
    """Train an adapter; `config` must have the preset's transform and hidden widths.

    Args:
        train: rows to learn from, at least one.
        val: rows to watch, of other prompts; at least one.
        config: what the adapter is for.
        preset: how it is trained.
        seed: of the first weights.
        logger: a Lightning logger, for example of W&B; None: the curve alone.
    """
    assert (config.transform, config.hidden) == (preset.transform, preset.hidden), "the config states the preset's form"
    with _reproducible(seed), _quiet():
        adapter = Adapter(config)
        if preset.normalise:
            mean, spread = moments(train)
            adapter.mean.copy_(mean)
            adapter.spread.copy_(spread)
        module = AdapterFit(adapter, preset)
        _trainer(preset.epochs, logger).fit(module, loader(train), loader(val))
    return Fitted(adapter.eval().requires_grad_(False), tuple(module.curve))


def _trainer(epochs: int, logger: Any) -> lightning.Trainer:
    return lightning.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=logger or False,
        log_every_n_steps=50,
        num_sanity_val_steps=0,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


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
