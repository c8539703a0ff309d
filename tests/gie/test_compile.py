"""torch.compile: the compiled UNet inhibits as the eager one does, in as few graphs as the plain one, compiled once."""

import json
import subprocess
import sys
from typing import Any

import pytest

LAYERS = 16
"""Cross-attention layers; each has a self-attention beside it."""


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What the program found."""
    command = [sys.executable, "-m", "tests.support.compiled"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.timeout(400)  # tracing is slow on a busy machine
def test_the_inhibited_unet_is_one_graph_as_the_plain_one_is(told: dict[str, Any]) -> None:
    """No graph break of ours; that the inhibitors are in the graph shows in one attention a layer more."""
    graphs, breaks, attentions = told["plain"]
    assert (graphs, breaks, attentions) == (1, 0, 2 * LAYERS)
    assert told["inhibited"] == [graphs, breaks, attentions + LAYERS]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_compiled_blocks_inhibit_alike_and_are_compiled_once(told: dict[str, Any]) -> None:
    """A later step and a second generation find the graphs of the first: only tensors changed."""
    first, second = told["graphs"]
    assert 0 < first == second
    assert max(told["distances"]) < 2e-3
