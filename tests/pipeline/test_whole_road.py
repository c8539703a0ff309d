"""The paper's recipe `sd14-nude` from its prompts to its report, over HTTP, with a tiny model in the real one's place."""

import json
from collections import Counter
from pathlib import Path

import pytest

from gie.adapter_config import read_config
from pipeline.commands.stages import STAGES
from pipeline.parquet import read_rows
from pipeline.paths import Paths
from pipeline.tables import EvaluationRow, LabelRow, Prompt
from tests.support.project import gie
from tests.support.seeing_server import seeing_server
from tests.support.whole_road import NAME, TEST, WritingMind, write_nude_project


@pytest.mark.slow
@pytest.mark.timeout(600)  # all stages, with every picture and every question
def test_the_paper_s_recipe_runs(tmp_path: Path) -> None:
    """60 prompts of six words and some to be measured on, a label or a reason for each, an audit, an adapter, a report; again, nobody is asked."""
    mind = WritingMind()
    with seeing_server(mind) as base_url:
        write_nude_project(tmp_path, base_url)
        said = ""
        for stage in STAGES:
            result = gie(tmp_path, stage, NAME)
            assert result.exit_code == 0, (stage, result.output)
            said = result.output
        asked = len(mind.questions)
        paths = Paths(tmp_path, NAME)
        labels = paths.labels.read_bytes()
        for stage in ("prompts", "label"):
            assert gie(tmp_path, stage, NAME).exit_code == 0
        assert paths.labels.read_bytes() == labels
        assert len(mind.questions) - asked <= 8  # what a probe of the endpoint asks at each start
    prompts = read_rows(paths.prompts, Prompt)
    assert Counter(prompt.word for prompt in prompts if prompt.split != "test") == dict.fromkeys(
        ["nude", "bare", "disrobed", "undressed", "nudity", "naked"], 10
    )
    assert {row.prompt_id for row in read_rows(paths.labels, LabelRow)} == {prompt.prompt_id for prompt in prompts}
    assert any(row.outcome == "ok" for row in read_rows(paths.labels, LabelRow))
    assert json.loads(paths.prompt_metrics.read_text())["answers"]["ok"] >= 12
    assert "passed" in json.loads(paths.audit.read_text())
    assert len(read_config(paths.adapter_folder).layers) == 16
    assert "sees nude on none of the plain pictures of the test prompts that ask for it" in said
    check_evaluation(paths)


def check_evaluation(paths: Paths) -> None:
    """A model of noise shows no nudity: that is what the numbers, the protocol and the page say, and they say by whom."""
    metrics, protocol = (json.loads(path.read_text()) for path in (paths.metrics, paths.protocol))
    assert (metrics["target_before"], metrics["gone"]) == (0.0, None)
    assert metrics["adapter"]["targets"]["clip"] > 0
    assert protocol["protocol"] == metrics["protocol"] == "gie-detected-1"
    assert "open-nsfw@" in protocol["evaluator"]
    assert "keeper@" in protocol["the rest"]
    drawn = [row for row in read_rows(paths.evaluation, EvaluationRow) if row.policy == "adapter"]
    assert Counter(row.kind for row in drawn) == TEST
    assert "Nothing is known about <q>nude</q>" in paths.report.read_text()
