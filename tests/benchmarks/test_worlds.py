"""What the benchmark of other worlds counts."""

from typing import Any

from benchmarks.worlds import line
from pipeline.settings import read_recipe
from pipeline.summary import summarise
from pipeline.tables import EvaluationRow


def row(prompt: str, policy: str, scale: float, *, success: bool | None, split: Any = "test") -> EvaluationRow:
    """One picture; what succeeds is gone and kept, what does not is gone alone."""
    return EvaluationRow(
        prompt_id=prompt, kind="explicit", split=split, policy=policy, scale=scale, target_before=1.0, target=0.0,
        found_before=True, found=False, other_found=None, style_found=None, background_found=None, rest=None, quality=1.0,
        gone=None if success is None else True, kept=success, success=success,
    )  # fmt: skip


def sweep(prompt: str, works: dict[float, bool | None], *, chosen: float, split: Any = "test") -> list[EvaluationRow]:
    """All policies' rows of one prompt; the adapter chose one of the scales."""
    rows = [row(prompt, f"fixed:{scale:g}", scale, success=success, split=split) for scale, success in works.items()]
    best = max(works, key=lambda scale: bool(works[scale]))
    return [
        *rows,
        row(prompt, "oracle", best, success=works[best], split=split),
        row(prompt, "adapter", chosen, success=works[chosen], split=split),
    ]


def test_the_adapter_is_beside_the_scale_that_val_chose() -> None:
    """The fixed w is val's best, not test's; prompts that do not count are left out; a prompt that no scale serves stays."""
    rows = [
        *sweep("v", {-1.0: True, -2.0: False}, chosen=-2.0, split="val"),
        *sweep("a", {-1.0: False, -2.0: True}, chosen=-2.0),
        *sweep("b", {-1.0: True, -2.0: True}, chosen=-1.0),
        *sweep("c", {-1.0: None, -2.0: None}, chosen=-1.0),
        *sweep("d", {-1.0: False, -2.0: False}, chosen=-1.0),
    ]
    told = line(read_recipe("emoji-car"), [summarise(rows)])
    assert told[:6] == ["emoji-car", "concept", 3, "0.667", "0.333", "0.667"]
    assert str(told[6]).startswith("+33.3 [")
    assert told[7] == "100 / 67 (100 / 33)"
    assert told[8] == "– / – (– / –)"
