"""The numbers of an evaluation: who is counted, who chose, and that they fit together."""

from dataclasses import replace
from typing import Any

import pytest

from pipeline.evaluate import evaluation_rows
from pipeline.policies import ADAPTER, ORACLE, PLAIN, fixed
from pipeline.scoring import NamingEye
from pipeline.summary import GROUPS, OVERALL, TARGETS, Summary, gain_together, metrics, summarise
from pipeline.tables import KINDS, EvaluationRow
from tests.support.evaluation import LADDER, StampReader, adapted, make_prompts, picture


@pytest.fixture(scope="module")
def rows() -> list[EvaluationRow]:
    """A made-up evaluation, all splits but train."""
    prompts = make_prompts({"val": 6, "test": 8})
    sweeps = [picture(prompt, scale) for prompt in prompts for scale in LADDER]
    made = adapted([prompt for prompt in prompts if prompt.split == "test"])
    return evaluation_rows(
        sweeps, made, {prompt.prompt_id: prompt for prompt in prompts}, NamingEye(StampReader(), "airplane", "stamps")
    )


@pytest.fixture(scope="module")
def summary(rows: list[EvaluationRow]) -> Summary:
    """Its test prompts."""
    return summarise(rows)


@pytest.fixture(scope="module")
def numbers(summary: Summary) -> dict[str, Any]:
    """Its metrics."""
    return metrics(summary, benign_distance=0.0123456)


def test_only_test_prompts_are_reported(summary: Summary) -> None:
    """Val chose the scale, so it may not speak for it."""
    assert {row.split for row in summary.rows} == {"test"}
    assert len(summary.all(PLAIN)) == 8 * len(KINDS)


def test_the_fixed_scale_is_chosen_on_val_alone(rows: list[EvaluationRow], summary: Summary) -> None:
    """Turning every test success into a failure changes the hindsight, not the choice."""
    spoiled = [replace(row, success=False) if row.split == "test" and row.success is not None else row for row in rows]
    assert summarise(spoiled).chosen == summary.chosen
    assert summary.hindsight != summarise(spoiled).hindsight


def test_the_hindsight_scale_is_at_least_as_good_as_the_chosen_one(summary: Summary) -> None:
    """On the prompts that it was chosen on."""
    policies = summary.policies()
    chosen, hindsight = (
        summary.interval(policies[name] or "", "success") for name in ("best_fixed", "hindsight_fixed")
    )
    assert chosen is not None
    assert hindsight is not None
    assert hindsight.mean >= chosen.mean


def test_every_policy_is_measured_on_the_same_prompts(summary: Summary) -> None:
    """Otherwise their differences would not be paired."""
    asked = [{row.prompt_id for row in summary.of(policy)} for policy in (PLAIN, ADAPTER, ORACLE, fixed(-4.0))]
    assert asked[0]
    assert all(prompts == asked[0] for prompts in asked)


def test_regret_is_zero_for_the_oracle_and_at_most_one(summary: Summary) -> None:
    """And the plain model regrets every target."""
    oracle, adapter, plain = (summary.regret(policy) for policy in (ORACLE, ADAPTER, PLAIN))
    assert oracle
    assert adapter
    assert plain
    assert oracle.mean == 0
    assert adapter.mean <= plain.mean <= 1


def test_kinds_add_up_to_targets_and_overall(numbers: dict[str, Any]) -> None:
    """The groups partition the counted prompts."""
    counts = {group: numbers["adapter"][group]["n"] for group in GROUPS}
    assert counts[TARGETS] == sum(counts[kind] for kind in KINDS if kind != "benign")
    assert counts[OVERALL] == counts[TARGETS] + counts["benign"]


def test_prompts_that_the_plain_model_fails_are_left_out_and_counted(summary: Summary, numbers: dict[str, Any]) -> None:
    """Some made-up targets are never drawn."""
    drawn = len(summary.of(PLAIN, TARGETS)) / len(summary.all(PLAIN, TARGETS))
    assert drawn < 1
    assert numbers["target_before"] == round(drawn, 4)


def test_the_plain_model_erases_nothing_and_keeps_all(numbers: dict[str, Any]) -> None:
    """The control of every other number."""
    assert (numbers["plain"][TARGETS]["gone"], numbers["plain"][OVERALL]["kept"]) == (0.0, 1.0)


def test_benign_prompts_have_nothing_to_be_gone(numbers: dict[str, Any]) -> None:
    """A missing rate is null, never 0."""
    assert numbers["adapter"]["benign"]["gone"] is None
    assert numbers["adapter"]["benign"]["success"] == numbers["adapter"]["benign"]["kept"]


def test_the_three_numbers_are_those_of_the_adapter(numbers: dict[str, Any]) -> None:
    """What is printed at the end stands in the table too."""
    adapter = numbers["adapter"]
    assert (numbers["gone"], numbers["kept"]) == (adapter[TARGETS]["gone"], adapter[OVERALL]["kept"])
    assert numbers["regret"] == adapter["regret"] == numbers["adapter_regret"]["mean"]


def test_the_difference_is_that_of_the_rates(numbers: dict[str, Any]) -> None:
    """Paired or not, the mean is the same."""
    rates = [numbers[policy][OVERALL]["success"] for policy in ("adapter", "best_fixed")]
    assert numbers["adapter_minus_best_fixed"]["mean"] == pytest.approx(rates[0] - rates[1], abs=1e-4)


def test_adapters_are_counted_together(rows: list[EvaluationRow], summary: Summary) -> None:
    """Each against its own fixed scale, by the prompts of all: the mean is the weighted one, the interval narrower."""
    alone = summary.gain()
    assert alone is not None
    twice = gain_together([summary, summary])
    assert twice is not None
    assert (twice.mean, twice.n) == (pytest.approx(alone.mean), 2 * alone.n)
    assert twice.high - twice.low < alone.high - alone.low
    nothing = summarise([replace(row, success=None) for row in rows])
    assert gain_together([summary, nothing]) == alone
    assert gain_together([nothing]) is None


def test_orr_counts_every_picture_without_the_target(summary: Summary, numbers: dict[str, Any]) -> None:
    """Also those that the plain model failed: it is the paper's number, not ours."""
    plain = summary.all(PLAIN, TARGETS)
    absent = sum(not row.found for row in plain) / len(plain)
    assert numbers["plain"][TARGETS]["orr"] == round(absent, 4) > 0


def test_where_the_plain_model_draws_nothing_nothing_is_known(rows: list[EvaluationRow]) -> None:
    """Every number that would be a share of nothing is null; the others stay."""
    blind = [replace(row, found_before=False, found=False, gone=None, kept=None, success=None) for row in rows]
    found = metrics(summarise(blind), benign_distance=None)
    assert {found[name] for name in ("gone", "kept", "regret", "adapter_minus_best_fixed", "best_fixed")} == {None}
    assert found["scale"] == {"best_fixed": None, "hindsight_fixed": None}
    assert found["target_before"] == 0.0
    assert found["adapter"][TARGETS] == {"n": 0, "gone": None, "kept": None, "success": None, "orr": 1.0}
