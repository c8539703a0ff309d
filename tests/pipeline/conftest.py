"""What tests of several stages share: an evaluated project and a model's folder that they only read, and a server that sees."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.paths import Paths
    from tests.support.seeing_server import Mind


@pytest.fixture(scope="session")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> "Paths":
    """A project with one made-up adapter and all outs of its evaluate stage."""
    from tests.support.evaluation import evaluated_project

    return evaluated_project(tmp_path_factory.mktemp("evaluated"))


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> "Path":
    """The tiny model's folder; tests only read it."""
    from tests.support.tiny import tiny_pipeline

    folder = tmp_path_factory.mktemp("model")
    tiny_pipeline().save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def mind() -> "Mind":
    """What sees behind the server: the bundled CLIP."""
    from tests.support.seeing_server import Mind

    return Mind()


@pytest.fixture
def server(mind: "Mind") -> Iterator[str]:
    """The URL of a server that sees, and takes batches."""
    from tests.support.seeing_server import seeing_server

    with seeing_server(mind) as url:
        yield url
