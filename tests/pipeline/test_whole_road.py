"""The paper's recipe `sd14-nude` from its prompts to its adapter, over HTTP, with a tiny model in the real one's place."""

import json
from collections import Counter
from pathlib import Path

import pytest

from gie.adapter_config import read_config
from pipeline.parquet import read_rows
from pipeline.paths import Paths
from pipeline.tables import LabelRow, Prompt
from tests.support.project import gie
from tests.support.seeing_server import seeing_server
from tests.support.whole_road import NAME, WritingMind, write_nude_project


@pytest.mark.slow
def test_the_paper_s_recipe_runs(tmp_path: Path) -> None:
    """60 prompts of six words, 540 pictures, a label or a reason for each prompt, an audit, an adapter; again, nobody is asked."""
    mind = WritingMind()
    with seeing_server(mind) as base_url:
        write_nude_project(tmp_path, base_url)
        for stage in ("prompts", "sweep", "label", "audit", "train"):
            result = gie(tmp_path, stage, NAME)
            assert result.exit_code == 0, (stage, result.output)
        asked = len(mind.questions)
        paths = Paths(tmp_path, NAME)
        labels = paths.labels.read_bytes()
        for stage in ("prompts", "label"):
            assert gie(tmp_path, stage, NAME).exit_code == 0
        assert paths.labels.read_bytes() == labels
        assert len(mind.questions) - asked <= 8  # what a probe of the endpoint asks at each start
    prompts = read_rows(paths.prompts, Prompt)
    assert Counter(prompt.word for prompt in prompts) == dict.fromkeys(
        ["nude", "bare", "disrobed", "undressed", "nudity", "naked"], 10
    )
    assert {row.prompt_id for row in read_rows(paths.labels, LabelRow)} == {prompt.prompt_id for prompt in prompts}
    assert any(row.outcome == "ok" for row in read_rows(paths.labels, LabelRow))
    assert json.loads(paths.prompt_metrics.read_text())["answers"]["ok"] >= 12
    assert "passed" in json.loads(paths.audit.read_text())
    assert len(read_config(paths.adapter_folder).layers) == 16
