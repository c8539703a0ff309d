"""A review page in service, for the tests that ask its server and those that drive a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.ledger import Ledger
from tests.support.reviewing import Served, make_memory, serving


@pytest.fixture
def memory(tmp_path: Path) -> Ledger:
    """Where picks go."""
    return make_memory(tmp_path)


@pytest.fixture
def served(memory: Ledger) -> Iterator[Served]:
    """The page in service."""
    with serving(memory) as served:
        yield served
