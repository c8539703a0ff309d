"""Where a stopped fit goes on: one file, written aside and renamed, every few hundred epochs."""

from pathlib import Path

import lightning.pytorch as lightning

EVERY = 10
"""Chunks between two checkpoints: a stop costs a fifth of a second, and writing them a hundredth of the fit."""


class Checkpoint(lightning.Callback):
    """Writes the trainer's whole state, so that going on gives the bits of a fit that was never stopped."""

    def __init__(self, path: Path | None) -> None:
        super().__init__()
        self._path = path

    @property
    def found(self) -> Path | None:
        """The file to go on from; None when the fit begins anew."""
        return self._path if self._path and self._path.is_file() else None

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Lightning's epoch is a chunk of ours."""
        del pl_module
        if self._path and (trainer.current_epoch + 1) % EVERY == 0:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            aside = self._path.with_name(f"{self._path.name}.writing")
            trainer.save_checkpoint(aside)
            aside.replace(self._path)

    def remove(self) -> None:
        """The fit has ended."""
        if self._path:
            self._path.unlink(missing_ok=True)
