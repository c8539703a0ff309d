"""torch.compile: the compiled blocks inhibit as the eager ones do, and are compiled once."""

import pytest
import torch
from diffusers import StableDiffusionPipeline
from torch._dynamo.testing import CompileCounter

from gie import Concept, inhibit
from tests.support.tiny import seeds


@pytest.mark.slow
def test_compiled_blocks_inhibit_alike_and_are_compiled_once(pipe: StableDiffusionPipeline) -> None:
    """A second generation, and a later step, find the graphs of the first: only tensors changed."""

    def draw() -> torch.Tensor:
        with inhibit(pipe, Concept("cat", scale=-7.0)):
            return pipe("a cat", generator=seeds(0), num_inference_steps=3, output_type="latent").images

    want = draw()
    counter = CompileCounter()
    blocks = [module for name, module in pipe.unet.named_modules() if name.endswith("transformer_blocks.0")]
    try:
        for block in blocks:
            block.compile(backend=counter)
        torch.testing.assert_close(draw(), want, atol=2e-3, rtol=0)
        graphs = counter.frame_count
        torch.testing.assert_close(draw(), want, atol=2e-3, rtol=0)
    finally:
        for block in blocks:
            block._compiled_call_impl = None
        torch.compiler.reset()
    assert 0 < graphs == counter.frame_count
