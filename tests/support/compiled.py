"""Compiles some of the tiny pipeline's transformer blocks and inhibits with them; prints what tests/gie/test_compile.py reads.

A program of its own, because the checks of annotations that tests install cannot be traced.
"""

import json
import sys
from typing import Any

import torch
from torch._dynamo.testing import CompileCounter

from gie import Concept, inhibit
from tests.support.tiny import seeds, tiny_pipeline


def main() -> None:
    """Print graphs after the first and the second compiled generation, and how far each is from the eager one."""
    torch.set_num_threads(1)
    pipe: Any = tiny_pipeline()

    def draw() -> torch.Tensor:
        with inhibit(pipe, Concept("cat", scale=-7.0)):
            return pipe("a cat", generator=seeds(0), num_inference_steps=2, output_type="latent").images

    eager = draw()
    counter = CompileCounter()
    unet = pipe.unet
    for attention in (unet.mid_block.attentions[0], *unet.up_blocks[3].attentions):
        attention.transformer_blocks[0].compile(backend=counter)
    graphs, distances = list[int](), list[float]()
    for _ in range(2):
        distances.append(float((draw() - eager).abs().max()))
        graphs.append(counter.frame_count)
    sys.stdout.write(json.dumps({"graphs": graphs, "distances": distances}))


if __name__ == "__main__":
    main()
