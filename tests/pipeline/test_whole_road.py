"""Recipes from their prompts to their report, over HTTP, with tiny models: the paper's `sd14-nude`, and a small one in each family."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gie import Adapter, inhibit
from gie.adapter_config import read_config
from gie.model import load_pipeline
from pipeline.album import CHUNK
from pipeline.commands.stages import STAGES
from pipeline.parquet import read_rows
from pipeline.paths import Paths
from pipeline.tables import EvaluationRow, Feature, LabelRow, Prompt
from tests.support.families import tiny_of
from tests.support.joint import tiny_joint
from tests.support.project import NAME as FAMILY
from tests.support.project import gie
from tests.support.seeing_server import seeing_server
from tests.support.tiny import seeds
from tests.support.whole_road import NAME, TEST, WritingMind, write_family_project, write_nude_project


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


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("model", "sweep", "length"),
    [
        ("sd35", {}, {"max_sequence_length": 256}),  # the pipeline's own
        ("flux", {"first_step": "plain", "max_sequence_length": 24}, {"max_sequence_length": 24}),
        ("xl", {}, {}),
    ],
    ids=["sd35", "flux", "xl"],
)
def test_a_recipe_runs_in_every_family(
    tmp_path: Path, model: Any, sweep: dict[str, Any], length: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From prompts to an erased picture; an ordinary generation is what the adapter was trained for, so no warning (they are errors)."""
    monkeypatch.chdir(tmp_path)
    pipe = tiny_of("xl") if model == "xl" else tiny_joint(model)
    scheduler = type(pipe.scheduler).__name__
    with seeing_server(WritingMind()) as base_url:
        write_family_project(tmp_path, base_url, pipe, scheduler=scheduler.removesuffix("Scheduler"), **sweep)
        for stage in ("prompts", "sweep", "label", "train", "evaluate"):
            result = gie(tmp_path, stage, FAMILY)
            assert result.exit_code == 0, (stage, result.output)
    paths = Paths(tmp_path, FAMILY)
    assert {row.outcome for row in read_rows(paths.labels, LabelRow)} == {"ok"}
    assert {1.0, 0.0} <= {row.injected for row in read_rows(paths.features, Feature)}
    assert "airplane" in paths.report.read_text()
    check_generation(load_pipeline(str(tmp_path / "model")), Adapter.from_pretrained(paths.adapter_folder), **length)
    drawn = gie(tmp_path, "erase", "a red cat", "--adapter", str(paths.adapter_folder), "--n", "2", "--compare")
    assert drawn.exit_code == 0, drawn.output
    said = read_chunk(tmp_path / "erased" / "compared.png")
    assert length.items() <= said.items()
    assert said["scheduler"] == scheduler


def read_chunk(picture: Path) -> dict[str, Any]:
    """What `gie erase` says that it was drawn with."""
    with Image.open(picture) as opened:
        return json.loads(opened.info[CHUNK])


def check_generation(pipe: Any, adapter: Adapter, **length: int) -> None:
    """The recorded conditions are the pipeline's own, with its own scheduler; scales are inferred, image by image."""
    call = {"num_inference_steps": 2, "guidance_scale": 5.0, "height": 64, "width": 64, "output_type": "latent"}
    with inhibit(pipe, adapter) as run:
        pipe(["a red cat", "a photo of the dog"], generator=seeds(0, 1), **call, **length)
    assert run.conditions == adapter.config.sampling
    assert run.layers == adapter.config.layers
    assert run.scales[0] != run.scales[1]


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
