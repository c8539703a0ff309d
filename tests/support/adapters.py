"""An untrained adapter for the tiny pipeline: its scales are arbitrary, but differ from image to image."""

from typing import Any

import torch

from gie.adapter import Adapter
from gie.adapter_config import AdapterConfig, Sampling, ScaleRange
from gie.model import cross_attention_layers, fingerprint


def tiny_adapter(pipe: Any, *, steps: int = 3, **changes: Any) -> Adapter:
    """For 64 px and guidance 7.5 by the pipeline's present scheduler; `changes` are fields of its config."""
    sampling = Sampling(
        first_timestep=999.0, scheduler=type(pipe.scheduler).__name__, steps=steps, guidance=7.5, height=64, width=64
    )
    fields: dict[str, Any] = {
        "concept": "cat",
        "synonyms": (),
        "slots": "concept",
        "base_model": "tiny",
        "fingerprint": fingerprint(pipe),
        "layers": cross_attention_layers(pipe.unet),
        "scales": ScaleRange(smallest=-15.0, step=1.0),
        "injected": (0.0,),
        "first_step": "inhibited",
        "sampling": sampling,
        "recipe_hash": "0",
        "best_fixed_scale": -4.0,
        "transform": "bounded",
    }
    torch.manual_seed(5)
    adapter = Adapter(AdapterConfig(**(fields | changes))).eval().requires_grad_(False)
    adapter.mean.fill_(0.05)  # features of 20 slots lie about 1/20; spread them out, so that images differ
    adapter.spread.fill_(0.002)
    return adapter
