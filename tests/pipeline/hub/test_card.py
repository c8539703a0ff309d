"""The model card: valid metadata, numbers that are the evaluation's, nothing that was not measured."""

import json
from dataclasses import replace
from typing import Any

import pytest
from huggingface_hub import ModelCard

from pipeline.hub.card import write_card
from pipeline.hub.facts import Facts, gather_facts
from pipeline.paths import Paths
from pipeline.settings import read_recipe
from tests.support.hub_server import Hub
from tests.support.publishing import NAME


@pytest.fixture
def facts(finished: Paths) -> Facts:
    """Of the finished project."""
    return gather_facts(read_recipe(NAME, finished.root / "params.yaml"), finished)


def card_of(facts: Facts, *, pictures: bool = False) -> ModelCard:
    """Read back by huggingface_hub."""
    return ModelCard(write_card(facts, "someone/no-airplanes", license="apache-2.0", pictures=pictures))


def test_metadata_is_what_the_hub_understands(hub: Hub, facts: Facts) -> None:
    """The client's own validation passes against the hub's endpoint."""
    card = card_of(facts)
    card.validate()
    assert hub.count("POST", "/api/validate-yaml") == 1
    data = card.data.to_dict()
    assert data["base_model"] == "someone/emoji-sd"
    assert (data["base_model_relation"], data["pipeline_tag"]) == ("adapter", "text-to-image")
    assert (data["license"], data["library_name"]) == ("apache-2.0", "gie")
    assert {"concept-erasure", "diffusers"} <= set(data["tags"])
    assert "not-for-all-audiences" not in data["tags"]


def test_the_model_index_has_the_evaluation_s_names_and_intervals(facts: Facts, finished: Paths) -> None:
    """Each number is that of metrics.json, and its interval holds it."""
    metrics = json.loads(finished.metrics.read_text())
    data: Any = card_of(facts).data
    results = data.eval_results
    found = {result.metric_type: result for result in results}
    assert set(found) == {"gone", "kept", "success", "regret"}
    for name in ("gone", "kept", "regret"):
        assert found[name].metric_value == pytest.approx(metrics[name], abs=1e-4)
        assert found[name].metric_args["low"] <= metrics[name] <= found[name].metric_args["high"]
        assert found[name].metric_args["n"] > 1
    assert metrics["protocol"] in found["gone"].metric_name


def test_the_page_tells_judge_refusals_cost_and_limits(facts: Facts) -> None:
    """What was paid, who judged, how often it did not answer."""
    refused = replace(facts, judging=replace(facts.judging, outcomes={"ok": 40, "refused": 3}, agreement=0.875))
    page = card_of(refused).content
    for said in ("truth, stamps", "40 ok, 3 refused", "87.5% of its votes", "0.45 US dollars", "Limits and misuse"):
        assert said in page, said


def test_six_lines_of_use_are_python(facts: Facts) -> None:
    """They name the repository, and compile."""
    page = card_of(facts).content
    code = page.split("```python\n")[1].split("```")[0]
    compile(code, "card", "exec")
    assert 'Adapter.from_pretrained("someone/no-airplanes")' in code
    assert len([line for line in code.splitlines() if line]) == 6


def test_an_audit_is_told(facts: Facts) -> None:
    """Passed or not run; one that failed is never published."""
    assert "| audit of the judge | not run |" in card_of(replace(facts, audit=None)).content
    assert "| audit of the judge | passed |" in card_of(replace(facts, audit={"passed": True})).content


def test_the_audit_s_numbers_are_told_with_their_intervals(facts: Facts) -> None:
    """Those that were taken; a second judge that was not asked is not mentioned."""
    retest = {"within_one_step": {"value": 0.95, "low": 0.8, "high": 0.99, "n": 20}}
    refused = {"value": None, "low": None, "high": None, "n": 0}
    page = card_of(
        replace(facts, audit={"passed": True, "retest": retest, "second_judge": {}, "refused": refused})
    ).content
    assert "| audit of the judge | passed; labels that come again within a step 0.95 [0.80, 0.99] |" in page
