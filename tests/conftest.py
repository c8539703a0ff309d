"""What every test shares: one thread, and the tiny pipeline handed out fresh and checked when it comes back."""

import os
from collections.abc import Iterator

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before the first import of a hub client: no test may reach the network

import pytest
import torch
from diffusers import StableDiffusionPipeline
from diffusers.models.attention_processor import AttnProcessor2_0

from tests.support.tiny import tiny_pipeline

torch.set_num_threads(1)


@pytest.fixture
def pipe() -> Iterator[StableDiffusionPipeline]:
    """A tiny Stable Diffusion 1 pipeline; its weights are the session's, so its processors are reset afterwards."""
    pipe = tiny_pipeline()
    yield pipe
    pipe.unet.set_attn_processor(AttnProcessor2_0())
