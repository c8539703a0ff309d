"""The numbers of labelling: everything is counted once, and what is missing is counted by scale."""

from labeling.choose import choose_label
from labeling.verdict import Sight, Verdict
from pipeline.label_metrics import measure
from tests.support.labelling import make_prompt

GOOD = Verdict(
    "ok", -2.0, {0.0: Sight(gone=False, kept=True), -2.0: Sight(gone=True, kept=True)}, judge="local", layout="single"
)
SHEETS = [
    Verdict("refused", judge="openai", layout=f"sheet-{name}", votes=False, cost_usd=0.01)
    for name in ("forward", "shuffled")
]
ONE_BY_ONE = Verdict("filtered", judge="openai", layout="bisection", votes=False, at=-0.4, cost_usd=0.02)


def test_refusals_are_counted_by_scale_concept_and_judge() -> None:
    """A whole sheet has no scale, a picture has; a prompt counts once, however often it was refused."""
    prompts = [make_prompt(number) for number in range(4)]
    said = [[*SHEETS, GOOD], [ONE_BY_ONE, GOOD], [ONE_BY_ONE], [GOOD]]
    verdicts = {prompt.prompt_id: given for prompt, given in zip(prompts, said, strict=True)}
    labels = {name: choose_label(given) for name, given in verdicts.items()}
    metrics = measure("airplane", prompts, labels, verdicts)
    assert metrics["concept"] == "airplane"
    assert metrics["outcomes"] == {"ok": 3, "unscored": 1}
    assert metrics["missing"] == {"filtered": {"-0.4": 2}, "refused": {"whole sweep": 2}}
    assert metrics["refused"] == 0.75
    assert metrics["judges"]["local"] == {"single": {"ok": 3}}
    assert metrics["judges"]["openai"]["bisection"] == {"filtered": 2}
    assert metrics["cost_usd"] == 0.06


def test_nothing_asked_is_nothing_counted() -> None:
    """Prompts without a sweep are unscored, and there is no rate of nothing."""
    prompt = make_prompt(0)
    metrics = measure("airplane", [prompt], {prompt.prompt_id: choose_label([])}, {})
    assert (metrics["outcomes"], metrics["refused"], metrics["missing"]) == ({"unscored": 1}, 0.0, {})
