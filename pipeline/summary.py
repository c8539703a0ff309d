"""The evaluation in numbers: rates by policy and kind, regret, and the adapter against the best fixed scale."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from pipeline.bootstrap import Interval, paired_difference, share
from pipeline.policies import ADAPTER, ORACLE, PLAIN, best_fixed, fixed
from pipeline.tables import KINDS, EvaluationRow

TARGETS, OVERALL = "targets", "overall"
"""All kinds that ask for the concept; these and benign."""
GROUPS = (*KINDS, TARGETS, OVERALL)


@dataclass(frozen=True)
class Summary:
    """The held-out test prompts under every policy."""

    rows: Sequence[EvaluationRow]
    """Test split only, sorted by prompt."""
    chosen: float | None
    """The fixed scale that val chose; None where no val prompt counts."""
    hindsight: float | None
    """The fixed scale that would have been best on test; None where no test prompt counts."""

    @property
    def best(self) -> str | None:
        """The policy that takes the chosen scale."""
        return None if self.chosen is None else fixed(self.chosen)

    def policies(self) -> dict[str, str | None]:
        """Name in the metrics -> policy of the rows; None where there is none."""
        return {
            "plain": PLAIN,
            "best_fixed": self.best,
            "hindsight_fixed": None if self.hindsight is None else fixed(self.hindsight),
            "adapter": ADAPTER,
            "oracle": ORACLE,
        }

    def of(self, policy: str, group: str = OVERALL) -> list[EvaluationRow]:
        """The counted rows of one policy in one group of kinds, in the order of the prompts."""
        return [row for row in self.all(policy, group) if row.success is not None]

    def all(self, policy: str, group: str = OVERALL) -> list[EvaluationRow]:
        """The same with the rows that do not count, because the plain picture lacks what was asked for."""
        return [row for row in self.rows if row.policy == policy and in_group(row, group)]

    def interval(self, policy: str, measure: str, group: str = OVERALL) -> Interval | None:
        """Share of `gone`, `kept` or `success`; None when no row of the group has it."""
        values = [value for row in self.of(policy, group) if (value := getattr(row, measure)) is not None]
        return share(values) if values else None

    def gain(self, group: str = OVERALL) -> Interval | None:
        """Success of the adapter minus success of the best fixed scale, prompt by prompt; None when no prompt counts."""
        return None if self.best is None else self._difference(ADAPTER, self.best, group)

    def regret(self, policy: str, group: str = OVERALL) -> Interval | None:
        """Success of the oracle minus success of the policy, prompt by prompt; None when no prompt counts."""
        return self._difference(ORACLE, policy, group)

    def successes(self, first: str, second: str, group: str = OVERALL) -> tuple[list[bool], list[bool]]:
        """Of both policies, in the order of the prompts that count."""
        pair = [{row.prompt_id: bool(row.success) for row in self.of(policy, group)} for policy in (first, second)]
        return [pair[0][prompt] for prompt in pair[1]], list(pair[1].values())

    def _difference(self, first: str, second: str, group: str) -> Interval | None:
        pair = self.successes(first, second, group)
        return paired_difference(*pair) if pair[1] else None


def gain_together(summaries: Sequence[Summary]) -> Interval | None:
    """`Summary.gain` over the prompts of several adapters, each against its own fixed scale; None when no prompt counts."""
    pairs = [summary.successes(ADAPTER, summary.best) for summary in summaries if summary.best]
    adapters, constants = ([hit for pair in pairs for hit in pair[which]] for which in (0, 1))
    return paired_difference(adapters, constants) if constants else None


def in_group(row: EvaluationRow, group: str) -> bool:
    """The row's kind belongs to a kind, to `targets` or to `overall`."""
    return group in {OVERALL, row.kind} or (group == TARGETS and row.kind != "benign")


def summarise(rows: Iterable[EvaluationRow]) -> Summary:
    """Choose the fixed scale on val (on test itself only for the hindsight) and keep the test rows."""
    rows = sorted(rows, key=lambda row: row.key)
    test = [row for row in rows if row.split == "test"]
    return Summary(test, best_fixed([row for row in rows if row.split == "val"]), best_fixed(test))


def metrics(summary: Summary, *, benign_distance: float | None) -> dict[str, Any]:
    """What `dvc metrics show` prints: the three numbers first, then every policy by kind; null is what could not be measured."""
    return {
        "gone": _mean(summary.interval(ADAPTER, "gone", TARGETS)),
        "kept": _mean(summary.interval(ADAPTER, "kept")),
        "regret": _mean(summary.regret(ADAPTER)),
        "target_before": _share(summary.all(PLAIN, TARGETS), lambda row: row.found_before),
        "pair_other_before": _share(summary.all(PLAIN, "pair"), lambda row: bool(row.other_found)),
        "benign_before": _share(summary.all(PLAIN, "benign"), lambda row: bool(row.other_found)),
        "benign_distance": None if benign_distance is None else _round(benign_distance),
        "adapter_regret": _interval(summary.regret(ADAPTER)),
        "adapter_minus_best_fixed": _interval(summary.gain()),
        "adapter_minus_best_fixed_on_targets": _interval(summary.gain(TARGETS)),
        "scale": {"best_fixed": summary.chosen, "hindsight_fixed": summary.hindsight},
        **{name: policy and _policy(summary, policy) for name, policy in summary.policies().items()},
    }


def _policy(summary: Summary, policy: str) -> dict[str, Any]:
    groups = {group: _rates(summary, policy, group) for group in GROUPS if summary.all(policy, group)}
    return {"regret": _mean(summary.regret(policy)), **groups}


def _rates(summary: Summary, policy: str, group: str) -> dict[str, float | None]:
    rates = {measure: _mean(summary.interval(policy, measure, group)) for measure in ("gone", "kept", "success")}
    shown = summary.all(policy, group)
    absent = _share(shown, lambda row: not row.found)
    rest = [row.rest for row in shown if row.rest is not None]
    clip = {"clip": _round(fmean(rest))} if rest else {}
    return {"n": len(summary.of(policy, group)), **rates, "orr": absent, **clip}


def _share(rows: Sequence[EvaluationRow], holds: Callable[[EvaluationRow], bool]) -> float | None:
    return _round(sum(holds(row) for row in rows) / len(rows)) if rows else None


def _mean(interval: Interval | None) -> float | None:
    return None if interval is None else _round(interval.mean)


def _interval(interval: Interval | None) -> dict[str, float] | None:
    if interval is None:
        return None
    return {"mean": _round(interval.mean), "low": _round(interval.low), "high": _round(interval.high), "n": interval.n}


def _round(value: float) -> float:
    return round(value, 4)
