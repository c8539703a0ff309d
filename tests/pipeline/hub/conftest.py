"""One publishable project for all tests that only read its outs."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pipeline.paths import Paths


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> "Paths":
    """Made once, never changed."""
    from tests.support.publishing import publishable_project

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIE_LEDGER", str(tmp_path_factory.mktemp("ledger")))
        return publishable_project(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def project(finished: "Paths", tmp_path: Path) -> "Paths":
    """A copy that a test may change."""
    from pipeline.paths import Paths

    shutil.copytree(finished.root, tmp_path / "project")
    return Paths(tmp_path / "project", finished.adapter)
