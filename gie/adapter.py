"""The adapter (Eq. 10): a small MLP that reads a prompt's suppression scale from the concept's first-step attention.

`L -> 64 -> 32 -> 1`, one token of the concept at a time. Beside the paper's form it can normalise its inputs, bound its output,
read first steps with several w, and average several networks, which errs less after few prompts. It is saved as `config.json`
and `model.safetensors`, never as a pickle.
"""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from gie.adapter_config import CONFIG_FILE, AdapterConfig, Reading, read_config, write_config
from gie.errors import InputError
from gie.network import Members

WEIGHTS_FILE = "model.safetensors"


class Adapter(nn.Module):
    """Features of a concept's tokens -> their suppression scales, with the record of what it was trained for."""

    mean: Float[Tensor, "inputs"]
    """Subtracted from the features; 0 when they are not normalised."""
    spread: Float[Tensor, "inputs"]
    """The features are divided by it; 1 when they are not normalised."""

    def __init__(self, config: AdapterConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.zeros(config.inputs))
        self.register_buffer("spread", torch.ones(config.inputs))
        self.network = Members([config.inputs, *config.hidden, 1], config.members)

    @property
    def concept(self) -> str:
        """The text that is injected."""
        return self.config.concept

    @property
    def slots(self) -> str:
        """Which token slots of the concept are injected."""
        return self.config.slots

    def forward(self, features: Float[Tensor, "rows inputs"]) -> Float[Tensor, "rows"]:
        """The scale of each row, mean over the members, not clamped."""
        return self.each(features).mean(dim=0)

    def each(self, features: Float[Tensor, "... rows inputs"]) -> Float[Tensor, "members rows"]:
        """What each member says of the same rows, or of its own `[members, rows, inputs]`: what training compares with the labels."""
        output = self.network((features - self.mean) / self.spread)
        if self.config.transform == "bounded":
            return self.config.scales.smallest * torch.sigmoid(output)
        return output

    def arrange(
        self, readings: Mapping[Reading, Float[Tensor, "images read layers"]]
    ) -> Float[Tensor, "images tokens inputs"]:
        """The inputs of each own token, of what was read in the first steps of `config.readings`: own tokens, then [EOT]."""
        parts: list[Tensor] = []
        for w in self.config.injected:
            read = torch.stack([readings[one] for one in self.config.readings if one.injected == w]).mean(dim=0)
            own, eot = read[:, :-1], read[:, -1:]
            parts += [own, eot.expand_as(own)] if self.config.eot else [own]
        return torch.cat(parts, dim=-1)

    @torch.no_grad()
    def infer(self, features: Float[Tensor, "..."]) -> Float[Tensor, "images tokens"]:
        """The scale of each token from features `[images, tokens, inputs]`, clamped to [smallest scale, 0].

        All tokens of an image get 0 where their mean is weaker than `config.weakest`.

        The inputs are the features of the layers, once for each w of `config.injected`, as `arrange` puts them side by side.

        Raises:
            InputError: the features are of another number of layers, or not finite.
        """
        inputs = self.config.inputs
        if features.ndim != 3 or features.shape[-1] != inputs:
            msg = f"expected features [images, tokens, {inputs}], got {list(features.shape)}; is it another model?"
            raise InputError(msg)
        if not torch.isfinite(features).all():
            msg = "expected finite features, got nan or inf; run the model in float32 or bfloat16"
            raise InputError(msg)
        scales = self(features.to(self.mean).flatten(0, 1)).unflatten(0, features.shape[:2])
        scales = scales.clamp(self.config.scales.smallest, 0.0)
        return torch.where(scales.mean(dim=1, keepdim=True) > self.config.weakest, 0.0, scales)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the folder that `from_pretrained` reads; each file appears whole or not at all."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        aside = folder / f"{WEIGHTS_FILE}.aside"
        save_file({name: tensor.contiguous() for name, tensor in self.state_dict().items()}, aside)
        aside.replace(folder / WEIGHTS_FILE)
        write_config(self.config, folder)

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        *,
        revision: str | None = None,
        local_files_only: bool = False,
        token: str | None = None,
    ) -> "Adapter":
        """The inverse of `save_pretrained` and `push_to_hub`, bit for bit.

        Args:
            folder: a folder, or `user/name` of a repository on the hub.
            revision: of a repository: branch, tag, commit; None: main.
            local_files_only: of a repository: what was fetched before, without the network.
            token: of a private repository; None: huggingface_hub's own.

        Raises:
            InputError: no such folder or repository, a file is missing or damaged, or the weights do not fit the config.
            OutsideError: the hub cannot be reached, and nothing was fetched before.
        """
        folder = _locate(str(folder), revision=revision, local_files_only=local_files_only, token=token)
        adapter = cls(read_config(folder))
        weights = _read_weights(folder / WEIGHTS_FILE)
        _refuse_misfit(adapter.state_dict(), weights, folder)
        adapter.load_state_dict(weights)
        return adapter.eval().requires_grad_(False)

    def push_to_hub(
        self, repo: str, *, private: bool = False, create_pr: bool = False, token: str | None = None
    ) -> str:
        """Put config, weights and a card into a repository, in one commit or none; the address of what was sent.

        The card tells what the config tells. `gie publish` also tells what was measured.

        Args:
            repo: `user/name`, made when it is not there.
            private: of a repository that is made now.
            create_pr: as a pull request.
            token: None: huggingface_hub's own.

        Raises:
            InputError: a name that no repository can have, or no right to write there.
            OutsideError: the hub cannot be reached, or failed; the same call goes on from there.
        """
        from gie.card import plain_card
        from gie.hub import send

        with TemporaryDirectory() as place:
            folder = Path(place)
            self.save_pretrained(folder)
            (folder / "README.md").write_text(plain_card(self.config, repo), encoding="utf-8")
            message = f"Adapter for {self.concept}"
            return send(folder, repo, private=private, create_pr=create_pr, message=message, token=token).url


def _locate(place: str, *, revision: str | None, local_files_only: bool, token: str | None) -> Path:
    """The folder itself, or that of the repository's files in huggingface_hub's cache."""
    from gie.hub import fetch, is_repo_id

    if is_repo_id(place):
        files = [CONFIG_FILE, WEIGHTS_FILE]
        return fetch(place, revision=revision, files=files, local_files_only=local_files_only, token=token)
    if revision is not None:
        msg = f"expected revision=None for a folder, got {revision!r} for {place}; only a repository on the hub has one"
        raise InputError(msg)
    return Path(place)


def _read_weights(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        msg = f"expected {path}, got no such file; train the adapter again or copy its folder whole"
        raise InputError(msg)
    try:
        return load_file(path)
    except SafetensorError as error:
        msg = f"{path}: expected a safetensors file, got a damaged one ({error}); copy the adapter folder again"
        raise InputError(msg) from error


def _refuse_misfit(expected: dict[str, Tensor], weights: dict[str, Tensor], folder: Path) -> None:
    """Refuse weights of other names, shapes or types than the config's network has, and weights that are not finite."""
    want = {name: (list(tensor.shape), tensor.dtype) for name, tensor in expected.items()}
    have = {name: (list(tensor.shape), tensor.dtype) for name, tensor in weights.items()}
    wrong = sorted(name for name in want.keys() | have.keys() if want.get(name) != have.get(name))
    if wrong:
        name = wrong[0]
        msg = f"{folder}: {name}: expected {want.get(name, 'no such tensor')}, got {have.get(name, 'no such tensor')}"
        raise InputError(f"{msg}; config and weights are not of one adapter")
    broken = sorted(name for name, tensor in weights.items() if not torch.isfinite(tensor).all())
    if broken:
        msg = f"{folder}: {broken[0]}: expected finite weights, got nan or inf; train the adapter again"
        raise InputError(msg)
