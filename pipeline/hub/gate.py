"""What an adapter must show before it is published: the evaluation within the thresholds, the judge's audit passed."""

from collections.abc import Iterator

from gie.errors import InputError
from pipeline.bootstrap import Interval
from pipeline.hub.facts import Facts
from pipeline.settings import PublishSettings


def refuse_unready(facts: Facts, settings: PublishSettings) -> None:
    """Raise InputError that lists every threshold that is missed."""
    if missed := [*missed_thresholds(facts, settings), *audit_failures(facts)]:
        raise InputError(
            f"{facts.recipe.name}: expected what params.yaml asks under publish, got {'; '.join(missed)}; "
            "train a better adapter, or lower the threshold there"
        )


def missed_thresholds(facts: Facts, settings: PublishSettings) -> Iterator[str]:
    """One phrase for each threshold of the evaluation that is missed, or was not measured."""
    for name, least in (("gone", settings.gone_at_least), ("kept", settings.kept_at_least)):
        found = facts.measured.get(name)
        if found is None or found.mean < least:
            yield f"{name} {_said(found)}, which must be {least:.1%} or more"
    regret = facts.measured.get("regret")
    if regret is None or regret.mean > settings.regret_at_most:
        yield f"regret {_said(regret)}, which must be {settings.regret_at_most:.1%} or less"


def _said(found: Interval | None) -> str:
    return "not measured" if found is None else f"{found.mean:.1%}"


def audit_failures(facts: Facts) -> Iterator[str]:
    """One phrase when the judge was not audited, or did not pass."""
    if facts.audit is None:
        yield f"no audit of the judge: run gie audit {facts.recipe.name} first"
    elif facts.audit.get("passed") is not True:
        failed = ", ".join(map(str, facts.audit.get("failed", ()))) or "see gie audit"
        yield f"an audit of the judge that did not pass ({failed})"
