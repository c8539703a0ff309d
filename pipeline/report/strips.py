"""What the page shows of single prompts: sweep strips, pictures with and without the adapter, and the failures."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.policies import ADAPTER, ORACLE
from pipeline.report.charts import signed
from pipeline.report.findings import MOST_FAILURES, PAIRS_A_KIND, STRIPS_A_KIND, Findings, failures, first_of_each_kind
from pipeline.tables import EvaluationRow


@dataclass(frozen=True)
class Tile:
    """One picture with what the evaluator says of it."""

    picture: str
    """`data:` address."""
    scale: str
    state: str
    """plain | there (concept still seen) | broken (gone, but something else is lost) | success."""
    marks: tuple[str, ...] = ()
    """Who chose this scale: judge, adapter, oracle."""


@dataclass(frozen=True)
class Strip:
    """One prompt's sweep, and the picture that the adapter made."""

    prompt: str
    kind: str
    tiles: list[Tile]
    adapted: Tile
    note: str
    """What went wrong with the adapter's picture; "" when nothing did."""


def strips(findings: Findings) -> Iterator[Strip]:
    """Prompts of every kind with all their scales."""
    for row in first_of_each_kind(findings.summary, STRIPS_A_KIND):
        tiles = [
            Tile(findings.pictures[row.prompt_id, swept.scale], signed(swept.scale), state(swept), marks)
            for swept, marks in _marked(findings, row)
        ]
        yield _strip(findings, row, tiles)


def pairs(findings: Findings) -> dict[str, list[Strip]]:
    """Kind -> pictures without and with the adapter."""
    by_kind: dict[str, list[Strip]] = {}
    for pair in _pairs(findings, first_of_each_kind(findings.summary, PAIRS_A_KIND)):
        by_kind.setdefault(pair.kind, []).append(pair)
    return by_kind


def failed(findings: Findings) -> list[Strip]:
    """The adapter's failures without and with it; at most `MOST_FAILURES`."""
    return list(_pairs(findings, failures(findings.summary)[:MOST_FAILURES]))


def _pairs(findings: Findings, rows: Iterable[EvaluationRow]) -> Iterator[Strip]:
    for row in rows:
        yield _strip(findings, row, [Tile(findings.pictures[row.prompt_id, 0.0], "0", "plain")])


def state(row: EvaluationRow) -> str:
    """One word for a row, as `Tile.state` has them."""
    if row.success is None or row.scale == 0:
        return "plain"
    if row.success:
        return "success"
    return "there" if row.gone is False else "broken"


def _strip(findings: Findings, row: EvaluationRow, tiles: list[Tile]) -> Strip:
    adapted = Tile(findings.adapted[row.prompt_id], signed(row.scale), state(row), (ADAPTER,))
    return Strip(findings.prompts[row.prompt_id].prompt, row.kind, tiles, adapted, _wrong(findings, row))


def _marked(findings: Findings, row: EvaluationRow) -> Iterator[tuple[EvaluationRow, tuple[str, ...]]]:
    """The sweep's rows, each with those who chose its scale; the adapter's w falls on the nearest."""
    sweep = findings.sweep(row.prompt_id)
    label, oracle = findings.labels.get(row.prompt_id), findings.row(row.prompt_id, ORACLE)
    chosen = {ADAPTER: min((swept.scale for swept in sweep), key=lambda scale: abs(scale - row.scale))}
    if label is not None and label.scale is not None:
        chosen["judge"] = label.scale
    if oracle.success:
        chosen[ORACLE] = oracle.scale
    for swept in sweep:
        yield swept, tuple(name for name, scale in chosen.items() if scale == swept.scale)


def _wrong(findings: Findings, row: EvaluationRow) -> str:
    if row.success:
        return ""
    prompt = findings.prompts[row.prompt_id]
    lost = [
        name
        for name, found in (
            (prompt.other, row.other_found),
            (prompt.style, row.style_found),
            (prompt.background, row.background_found),
        )
        if found is False
    ]
    seen = [f"{findings.concept} still seen ({row.target:.2f})"] if row.found and row.kind != "benign" else []
    gone = [f"{', '.join(lost)} lost"] if lost else []
    return "; ".join(seen + gone) or f"no clear picture any more (quality {row.quality:.2f})"
