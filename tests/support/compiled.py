"""Compiles the tiny pipeline's UNet, whole and some of its blocks, and inhibits with it; prints what tests/gie/test_compile.py reads.

A program of its own, because the checks of annotations that tests install cannot be traced.
"""

import json
import sys
from typing import Any

import torch
from torch import Tensor
from torch import _dynamo as dynamo
from torch._dynamo.testing import CompileCounter

from gie import Concept, inhibit
from tests.support.tiny import TEXT_WIDTH, seeds, tiny_pipeline

CONCEPT = Concept("cat", scale=-7.0)


def draw(pipe: Any, *concepts: Concept) -> Tensor:
    """Latents of two steps."""
    with inhibit(pipe, *concepts):
        return pipe("a cat", generator=seeds(0), num_inference_steps=2, output_type="latent").images


def explain(pipe: Any) -> tuple[int, int, int]:
    """Of the UNet as it is in the middle of a generation: graphs, breaks between them, and attentions in them."""
    dynamo.reset()
    told = dynamo.explain(pipe.unet)(torch.randn(2, 4, 8, 8), torch.tensor(10), torch.randn(2, 20, TEXT_WIDTH))
    nodes = [str(node.target) for graph in told.graphs for node in graph.graph.nodes]
    return told.graph_count, told.graph_break_count, sum("scaled_dot_product" in name for name in nodes)


def explain_on_the_way(pipe: Any) -> tuple[int, int, int]:
    """After the first step, which is eager: it projects the concept's keys and values."""
    seen: list[tuple[int, int, int]] = []

    def look(*_: Any) -> dict[str, Any]:
        seen.append(explain(pipe))
        return {}

    pipe("a cat", num_inference_steps=1, output_type="latent", callback_on_step_end=look)
    return seen[0]


def compile_blocks(pipe: Any) -> tuple[list[int], list[float]]:
    """Graphs after the first and the second compiled generation, and how far each is from the eager one."""
    eager = draw(pipe, CONCEPT)
    counter = CompileCounter()
    unet = pipe.unet
    for attention in (unet.mid_block.attentions[0], *unet.up_blocks[3].attentions):
        attention.transformer_blocks[0].compile(backend=counter)
    graphs, distances = list[int](), list[float]()
    for _ in range(2):
        distances.append(float((draw(pipe, CONCEPT) - eager).abs().max()))
        graphs.append(counter.frame_count)
    return graphs, distances


def main() -> None:
    """Print the figures as JSON."""
    torch.set_num_threads(1)
    pipe = tiny_pipeline()
    with torch.no_grad():
        plain = explain_on_the_way(pipe)
        with inhibit(pipe, CONCEPT):
            inhibited = explain_on_the_way(pipe)
    dynamo.reset()
    graphs, distances = compile_blocks(pipe)
    told = {"plain": plain, "inhibited": inhibited, "graphs": graphs, "distances": distances}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
