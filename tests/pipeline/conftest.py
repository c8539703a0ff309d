"""One evaluated project for all tests that only read it."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pipeline.paths import Paths


@pytest.fixture(scope="session")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> "Paths":
    """A project with one made-up adapter and all outs of its evaluate stage."""
    from tests.support.evaluation import evaluated_project

    return evaluated_project(tmp_path_factory.mktemp("evaluated"))
