"""From the pace of one batch to the hours of a recipe: how often each stage does what `pipeline.pace` has measured.

A range where the pictures decide: a search may want few of a sweep or all of it. What goes over a network is not in it: nobody knows
beforehand how fast an endpoint answers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from labeling.bisection import Search, bisect
from labeling.seeking import seek, usual
from labeling.verdict import Sight
from pipeline.auditing.probes import PLANTERS
from pipeline.duration import Range
from pipeline.settings import LabelSettings, Recipe
from pipeline.tables import SPLITS, Split

COMPUTING = ("local", "detector")
"""Judges that look on this machine."""


@dataclass(frozen=True)
class Pace:
    """Seconds that one machine takes for the parts of one recipe."""

    opening_s: float
    """Until the model can draw; as good for a stage that opens another one."""
    picture_s: float
    """A picture in all steps, in batches of the recipe's size; decoded, and as PNG."""
    probe_s: float
    """A first step for its features alone, of one picture and one w."""
    judged_s: float | None
    """A picture before the judge; None where no judge looks on this machine."""
    seen_s: float | None
    """A picture before the evaluator; None where none looked."""
    where: str
    """Device and how it was measured, in words."""
    unmeasured: Mapping[str, str] = field(default_factory=dict[str, str])
    """Who could not be opened, and why."""


def count_audited(recipe: Recipe) -> int:
    """Sweeps that an audit judges, at most."""
    return recipe.audit.probes * len(PLANTERS) + recipe.audit.retests


def count_prompts(recipe: Recipe, *splits: Split) -> int:
    """Prompts of these splits; of all where none is named."""
    return sum(sum(kinds.values()) for split, kinds in recipe.prompts.counts.items() if not splits or split in splits)


def forecast(recipe: Recipe, pace: Pace) -> dict[str, Range]:
    """Stage -> its seconds; stages of which nothing is known are left out."""
    found = {"sweep": _sweeping(recipe, pace)}
    if pace.judged_s is not None:
        whole = _looked_at(recipe.label, recipe.sweep.ladder).times(pace.judged_s)
        # what a search was told is in the ledger when the label stage asks
        asked = sum(count_prompts(recipe, split) for split in SPLITS if not recipe.sweep.searches(split))
        found["label"] = Range.exactly(pace.opening_s) + whole.times(asked)
        found["audit"] = Range(0, pace.opening_s + whole.most * count_audited(recipe))
    if count_prompts(recipe, "test"):
        found["evaluate"] = _evaluating(recipe, pace)
    return found


def _sweeping(recipe: Recipe, pace: Pace) -> Range:
    pictures = _rendered(recipe, *SPLITS)
    probes = len(recipe.sweep.unread) * count_prompts(recipe)
    return (
        Range.exactly(pace.opening_s + probes * pace.probe_s)
        + pictures.times(pace.picture_s)
        + _searching(recipe, pace)
    )


def _searching(recipe: Recipe, pace: Pace) -> Range:
    """The judge looks at each new picture beside the plain one, and in the end at all that a search has asked for."""
    if not recipe.sweep.search or pace.judged_s is None:
        return Range.exactly(0)
    looks = _rendered(recipe, "train").times(3) + Range.exactly(-count_prompts(recipe, "train"))
    return looks.times(pace.judged_s)


def _evaluating(recipe: Recipe, pace: Pace) -> Range:
    """The test prompts are drawn with the adapter; the evaluator looks at these and at all that are held out."""
    test = count_prompts(recipe, "test")
    free = {0.0} if recipe.sweep.first_step == "plain" and not recipe.sweep.noises else set[float]()
    probes = len(set(recipe.train.injected) - free)
    drawn = Range.exactly(pace.opening_s + test * (pace.picture_s + probes * pace.probe_s))
    looked = _rendered(recipe, "val", "test") + Range.exactly(test)
    return drawn + looked.times(pace.seen_s or 0)


def _rendered(recipe: Recipe, *splits: Split) -> Range:
    """Pictures of these splits' sweeps."""
    return sum((_rendered_of(recipe, split) for split in splits), Range.exactly(0))


def _rendered_of(recipe: Recipe, split: Split) -> Range:
    ladder = recipe.sweep.ladder
    prompts = count_prompts(recipe, split)
    if not recipe.sweep.searches(split):
        return Range.exactly(prompts * len(ladder))
    absent = recipe.prompts.counts.get(split, {}).get("benign", 0)  # two pictures, and the search has ended
    least = 2 * absent + (prompts - absent) * _wanted(lambda: seek(ladder, usual((), len(ladder))), ladder).least
    return Range(least, prompts * len(ladder))


def _looked_at(judge: LabelSettings, ladder: Sequence[float]) -> Range:
    """Pictures of one sweep that are put before the judge; a bisection shows the plain one each time."""
    if judge.judge == "local" and judge.strategy == "bisect":
        return _wanted(lambda: bisect(ladder), ladder).times(2)
    return Range.exactly(len(ladder))


def _wanted(begin: Callable[[], Search], ladder: Sequence[float]) -> Range:
    """Pictures that a search wants where the concept goes once and for all, wherever that is, or never does."""
    counts = [_count(begin(), ladder[onset:]) for onset in range(1, len(ladder) + 1)]
    return Range(min(counts), max(counts))


def _count(search: Search, gone: Sequence[float]) -> int:
    wanted, count = next(search), 1
    while True:
        try:
            wanted = search.send(Sight(gone=wanted in gone, kept=True))
        except StopIteration:
            return count
        count += 1
