"""What an adapter learns from: labelled prompts with the features of their first step. What is left out is counted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from gie.errors import InputError
from labeling.choose import likely_end, strongest_working
from labeling.verdict import Sight
from pipeline.tables import EOT, Feature, LabelRow, Prompt

_Values = dict[str, dict[int, tuple[float, ...]]]
"""Prompt -> token -> `[layers]`."""
_Ends = dict[str, list[float]]
"""Kind of prompt -> the last scales that work."""


@dataclass(frozen=True)
class Lesson:
    """One prompt that has a scale to learn."""

    prompt: Prompt
    values: tuple[tuple[float, ...], ...]
    """`[tokens, inputs]`: what the adapter reads of each token, in the order of `Adapter.arrange`."""
    weakest: float
    """The label; 0 where the concept is absent."""
    strongest: float
    """The last scale up to which none was seen to fail; where nobody looked, as far as a val prompt's. The label itself where the concept is
    absent, for less is better there."""
    works: Mapping[float, bool]
    """Swept scale -> whether it succeeds by the judge: gone and kept, on benign prompts kept alone; empty where the
    plain picture lacks a concept that was asked for, which is neither."""


@dataclass(frozen=True)
class Tables:
    """The rows of the stages before."""

    prompts: Sequence[Prompt]
    labels: Mapping[str, LabelRow]
    seen: Mapping[str, Mapping[float, Sight]]
    """Prompt -> scale -> what the judge saw; of several judges the first that judged."""
    features: Sequence[Feature]
    """Of one kind of noise; see `from_noises`."""
    ladder: Sequence[float]
    """All scales of a sweep, looked at or not."""


def collect(
    tables: Tables, *, injected: Sequence[float], eot: bool = False, absent: str
) -> tuple[list[Lesson], dict[str, int]]:
    """Lessons of the train and val prompts, and how many of their prompts were left out for which outcome.

    Raises:
        InputError: no features were read with one of `injected`, or none of [EOT].
    """
    values = read_features(tables.features, injected, eot=eot)
    usable = {"ok", "absent"} if absent == "zero" else {"ok"}
    prompts = [prompt for prompt in tables.prompts if prompt.split != "test"]
    dropped = Counter(outcome for p in prompts if (outcome := tables.labels[p.prompt_id].outcome) not in usable)
    ends = _ends(tables)
    lessons = [
        _lesson(prompt, tables, values[prompt.prompt_id], ends)
        for prompt in prompts
        if tables.labels[prompt.prompt_id].outcome in usable
    ]
    return lessons, dict(sorted(dropped.items()))


def _lesson(prompt: Prompt, tables: Tables, values: tuple[tuple[float, ...], ...], ends: _Ends) -> Lesson:
    label, seen = tables.labels[prompt.prompt_id], tables.seen[prompt.prompt_id]
    if label.scale is None:
        works = {scale: bool(sight.kept) for scale, sight in seen.items()} if prompt.kind == "benign" else {}
        return Lesson(prompt, values, weakest=0.0, strongest=0.0, works=works)
    works = {scale: bool(sight.gone and sight.kept) for scale, sight in seen.items()}
    share = int(prompt.prompt_id, 16) / 16 ** len(prompt.prompt_id)
    alike = ends.get(prompt.kind) or list(chain.from_iterable(ends.values()))
    unseen = likely_end(alike, label.scale, share=share)
    return Lesson(
        prompt, values, label.scale, strongest_working(seen, label.scale, tables.ladder, unseen=unseen), works
    )


def _ends(tables: Tables) -> _Ends:
    """The last scale that works of each val prompt: their sweeps are whole also where those of the train prompts are searched for.

    By kind, for what else is asked for goes before the picture does: those of pairs lie nearer.
    """
    ends: _Ends = {}
    for prompt in tables.prompts:
        scale = tables.labels[prompt.prompt_id].scale
        if prompt.split == "val" and scale is not None:
            end = strongest_working(tables.seen[prompt.prompt_id], scale, tables.ladder, unseen=0.0)
            ends.setdefault(prompt.kind, []).append(end)
    return ends


def from_noises(features: Sequence[Feature], noises: int) -> list[Feature]:
    """Those that were read from so many shared noises.

    Raises:
        InputError: there are none.
    """
    if found := [row for row in features if row.noises == noises]:
        return found
    there = ", ".join(map(str, sorted({row.noises for row in features})))
    raise InputError(f"sweep.noises: expected features from {noises} shared noises, got {there}; run gie sweep again")


def read_features(
    features: Sequence[Feature], injected: Sequence[float], *, eot: bool = False
) -> dict[str, tuple[tuple[float, ...], ...]]:
    """Prompt -> `[tokens, inputs]`: the features of each w side by side, and with `eot` [EOT]'s beside each token's.

    Raises:
        InputError: none were read with one of `injected`, or none of [EOT].
    """
    parts = [_values(features, w) for w in injected]
    if eot and any(EOT not in tokens for part in parts for tokens in part.values()):
        raise InputError("train.eot: expected features of [EOT], got tables without; run gie sweep again")
    return {
        prompt: tuple(
            _beside(parts, prompt, (token, EOT) if eot else (token,)) for token in sorted(tokens) if token != EOT
        )
        for prompt, tokens in parts[0].items()
    }


def _beside(parts: Sequence[_Values], prompt: str, tokens: Sequence[int]) -> tuple[float, ...]:
    """The features of these tokens, of each part."""
    return tuple(chain.from_iterable(part[prompt][token] for part in parts for token in tokens))


def _values(rows: Sequence[Feature], injected: float) -> _Values:
    """The features that were read with `injected`."""
    found: _Values = {}
    for row in rows:
        if row.injected == injected:
            found.setdefault(row.prompt_id, {})[row.token] = row.values
    if not found:
        there = ", ".join(f"{scale:g}" for scale in sorted({row.injected for row in rows}, reverse=True))
        raise InputError(f"train.injected: expected one of {there}, got {injected:g}; add it to sweep.probes")
    return found
