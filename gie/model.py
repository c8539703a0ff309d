"""Loading a pipeline, and knowing again the weights an adapter was made for."""

import hashlib
import inspect
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers import DiffusionPipeline
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
from huggingface_hub.utils import validate_repo_id
from torch import Tensor

from gie.errors import InputError, OutsideError
from gie.layers import cross_attention_layers, plain_module
from gie.support import denoiser_of, family_named, family_of

__all__ = ["cross_attention_layers", "fingerprint", "load_pipeline"]

SAMPLES = 64
"""Values of each weight tensor that a fingerprint looks at."""


def load_pipeline(
    model: str,
    *,
    device: str = "auto",
    dtype: str = "auto",
    compile: bool = False,  # noqa: A002 - torch's own word
) -> Any:
    """A pipeline of a supported family without safety checker and progress bar, in eval mode.

    Args:
        model: a folder in diffusers' format, or a hub id.
        device: `auto` takes cuda, then mps, then cpu; or torch's name of one.
        dtype: `auto` is float16 on cuda, else float32; or torch's name of one.
        compile: compile the denoiser's repeated blocks at first use.

    Raises:
        InputError: no such model, another family, or unknown device or dtype.
        OutsideError: the hub cannot be reached.
    """
    chosen = _device(device)
    pipe = _read(model, _dtype(dtype, chosen))
    denoiser = denoiser_of(pipe)
    cross_attention_layers(denoiser)
    pipe.set_progress_bar_config(disable=True)
    pipe.to(chosen)
    if compile:
        denoiser.compile_repeated_blocks()
    return pipe


def fingerprint(pipe: Any) -> str:
    """A hash of the denoiser's, text encoders' and VAE's weights: names, shapes and evenly spaced values of every tensor.

    Values are compared as float16, so that a model and its half precision copy are the same. Not a proof against
    tampering: two models that differ only between the samples agree.

    Raises:
        InputError: weights that are not in memory.
    """
    digest = hashlib.sha256()
    family = family_of(pipe)
    encoders = [getattr(pipe, encoder.model) for encoder in family.encoders]
    for part in (plain_module(denoiser_of(pipe, family)), *encoders, pipe.vae):
        tensors = dict(sorted(part.state_dict().items()))
        digest.update(repr([(name, list(tensor.shape)) for name, tensor in tensors.items()]).encode())
        samples = [_sample(tensor) for tensor in tensors.values() if not tensor.is_meta]
        if not samples:
            raise InputError(
                f"expected the weights of {type(part).__name__} in memory, to know the model by, got none; offload by "
                "enable_model_cpu_offload instead of enable_sequential_cpu_offload"
            )
        digest.update(torch.cat(samples).cpu().numpy().tobytes())
    return digest.hexdigest()


def _sample(tensor: Tensor) -> Tensor:
    flat = tensor.detach().flatten()
    return flat[:: max(1, len(flat) // SAMPLES)][:SAMPLES].half()


def _read(model: str, dtype: torch.dtype) -> Any:
    _refuse_no_model(model)
    try:
        config: Any = DiffusionPipeline.load_config(model)
        family_named(config["_class_name"])
        kind = getattr(diffusers, config["_class_name"])
        return kind.from_pretrained(model, dtype=dtype, **_without_checker(kind))
    except OSError as error:
        raise _reading_error(model, error) from error


def _without_checker(kind: type) -> dict[str, Any]:
    """Only Stable Diffusion 1 has one."""
    off = {"safety_checker": None, "requires_safety_checker": False}
    return {name: value for name, value in off.items() if name in inspect.signature(kind.__init__).parameters}


def _refuse_no_model(model: str) -> None:
    folder = Path(model)
    if folder.exists():
        if not (folder / "model_index.json").is_file():
            raise InputError(f"expected a folder in diffusers' format, got {model} without model_index.json")
        return
    try:
        validate_repo_id(model)
    except HFValidationError as error:
        raise InputError(f"expected a model folder or a hub id, got {model}, which does not exist") from error


def _reading_error(model: str, error: OSError) -> InputError | OutsideError:
    """Diffusers raises OSError for all that can go wrong; the errors behind it tell the user's mistake from the network."""
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, LocalEntryNotFoundError):
            return OutsideError(f"expected the model folder {model} or to reach the hub, got neither; run again online")
        behind = behind.__context__
    where = "is damaged" if Path(model).exists() else "is no folder and not found on the hub"
    return InputError(f"expected a model folder in diffusers' format or a hub id, got {model}, which {where}: {error}")


def _device(device: str) -> torch.device:
    if device == "auto":
        available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
        return torch.device(next(name for name, there in available.items() if there))
    try:
        return torch.device(device)
    except RuntimeError as error:
        raise InputError(f"expected auto or a torch device such as cuda or cpu, got {device!r}") from error


def _dtype(dtype: str, device: torch.device) -> torch.dtype:
    if dtype == "auto":
        return torch.float16 if device.type == "cuda" else torch.float32
    known = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
    if dtype not in known:
        raise InputError(f"expected auto, {', '.join(known)}, got dtype {dtype!r}")
    return known[dtype]
