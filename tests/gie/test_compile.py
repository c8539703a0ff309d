"""torch.compile: the compiled blocks inhibit as the eager ones do, and are compiled once."""

import json
import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.timeout(400)  # tracing is slow on a busy machine
def test_compiled_blocks_inhibit_alike_and_are_compiled_once() -> None:
    """A later step and a second generation find the graphs of the first: only tensors changed."""
    command = [sys.executable, "-m", "tests.support.compiled"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    first, second = told["graphs"]
    assert 0 < first == second
    assert max(told["distances"]) < 2e-3
