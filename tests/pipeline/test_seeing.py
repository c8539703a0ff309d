"""Labels over HTTP: pictures that emoji-sd drew go to a server that sees, and come back as the local judge's labels."""

import asyncio
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labeling.choose import choose_label
from labeling.sheet import draw_sheet
from labeling.verdict import Label, Sweep, Verdict
from pipeline.bench import Bench
from pipeline.judging import USUAL, Options, open_judge
from pipeline.ledger import Ledger
from pipeline.paths import Paths
from pipeline.settings import LabelSettings
from tests.support.drawn import ROOT, drawn_recipe, drawn_sweeps
from tests.support.seeing_server import MODEL, Mind, find_cells

AGREED = 0.95
"""Least share of the labels that are the local judge's."""


@pytest.fixture(scope="module")
def sweeps() -> list[Sweep]:
    """Twenty, drawn once."""
    return drawn_sweeps()


def judge_all(
    settings: LabelSettings, sweeps: list[Sweep], ledger: Path, options: Options = USUAL
) -> dict[str, Sequence[Verdict]]:
    """The verdicts of a judge."""

    async def run() -> Bench:
        paths = Paths(ROOT, "emoji-airplane")
        async with open_judge(settings, paths, Ledger(ledger), device="cpu", options=options) as judge:
            bench = Bench(judge, 8)
            await bench.run(sweeps, total=len(sweeps), title="labels")
        return bench

    return asyncio.run(run()).verdicts


def label_all(settings: LabelSettings, sweeps: list[Sweep], ledger: Path, options: Options = USUAL) -> dict[str, Label]:
    """The labels of a judge."""
    return {name: choose_label(given) for name, given in judge_all(settings, sweeps, ledger, options).items()}


def asked_at(server: str, strategy: str) -> LabelSettings:
    """The judge behind the server."""
    settings = {"judge": "openai", "model": MODEL, "strategy": strategy, "base_url": server}
    return LabelSettings.model_validate(settings)


def agreement(labels: Mapping[str, Label], others: Mapping[str, Label]) -> float:
    """Share of the prompts with the same outcome and the same scale."""
    same = [
        (label.outcome, label.scale) == (others[name].outcome, others[name].scale) for name, label in labels.items()
    ]
    return sum(same) / len(same)


@pytest.fixture(scope="module")
def local(sweeps: list[Sweep], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Label]:
    """What the local judge says; most prompts have a scale, and not all the same."""
    labels = label_all(drawn_recipe().label, sweeps, tmp_path_factory.mktemp("ledger"))
    assert len(labels) == 20
    assert len({label.scale for label in labels.values()}) >= 4
    assert {label.outcome for label in labels.values()} >= {"ok", "absent"}
    return labels


@pytest.mark.parametrize("strategy", ["sheet", "multi", "bisect", "pairwise"])
def test_labels_over_http_are_the_local_judges(
    strategy: str, server: str, sweeps: list[Sweep], local: dict[str, Label], tmp_path: Path
) -> None:
    """At least 95 % of them, whatever way the pictures travel."""
    settings = asked_at(server, strategy)
    labels = label_all(settings, sweeps, tmp_path)
    assert agreement(labels, local) >= AGREED


def test_second_run_and_replay_ask_nobody(mind: Mind, server: str, sweeps: list[Sweep], tmp_path: Path) -> None:
    """Every answer is in the ledger: not even the probe is sent again, and a replay needs no server at all."""
    few = sweeps[:3]
    first = label_all(asked_at(server, "bisect"), few, tmp_path)
    asked = len(mind.questions)
    assert label_all(asked_at(server, "bisect"), few, tmp_path) == first
    nowhere = asked_at("http://127.0.0.1:9/v1", "bisect")
    assert label_all(nowhere, few, tmp_path, Options(replay=True)) == first
    assert len(mind.questions) == asked
    with pytest.raises(ConnectionError, match="is it running"):
        label_all(nowhere, sweeps[3:4], tmp_path)


def test_money_is_never_overshot(server: str, sweeps: list[Sweep], tmp_path: Path) -> None:
    """With a limit some sweeps are judged and the others say why not; the chain's cheaper judge is not asked instead."""
    settings = asked_at(server, "multi").model_copy(update={"price_per_million": (1000.0, 1000.0)})
    settings = settings.model_copy(update={"then": (drawn_recipe().label,)})
    bound = 8.0
    given = judge_all(settings, sweeps, tmp_path, Options(max_cost_usd=bound))
    outcomes = [{verdict.outcome for verdict in some} for some in given.values()]
    assert {"ok"} in outcomes
    assert any("budget" in some for some in outcomes)
    assert 0 < sum(verdict.cost_usd for some in given.values() for verdict in some) <= bound
    assert {verdict.judge for some in given.values() for verdict in some} == {"openai"}


def test_local_judge_that_bisects_labels_alike(sweeps: list[Sweep], local: dict[str, Label], tmp_path: Path) -> None:
    """The search alone costs no more than one label in twenty."""
    settings = drawn_recipe().label.model_copy(update={"strategy": "bisect"})
    assert agreement(label_all(settings, sweeps, tmp_path), local) >= AGREED


def test_labels_come_from_the_pictures(
    server: str, sweeps: list[Sweep], local: dict[str, Label], tmp_path: Path
) -> None:
    """With the pictures of another prompt under each question, the agreement is gone: the text alone gives nothing away."""
    swapped = [
        Sweep(sweep.prompt, sweep.rest, sweep.concept, sweep.synonyms, other.images, sweep.prompt_id)
        for sweep, other in zip(sweeps, sweeps[1:] + sweeps[:1], strict=True)
    ]
    labels = label_all(asked_at(server, "sheet"), swapped, tmp_path)
    assert agreement(labels, local) < 0.7


def test_server_finds_cells_after_compression() -> None:
    """A sheet that came as JPEG still shows its cells, give or take a block of the compression."""
    noise = np.random.default_rng(0)
    pictures = [Image.fromarray(noise.integers(0, 256, (64, 64, 3), np.uint8)) for _ in range(7)]
    sheet = draw_sheet(pictures[0], list(zip("ABCDEF", pictures[1:], strict=True)))
    stored = io.BytesIO()
    sheet.save(stored, "JPEG", quality=92)
    cells = find_cells(Image.open(stored))
    assert len(cells) == 7
    assert all(abs(cell.width - 256) <= 16 and abs(cell.height - 256) <= 16 for cell in cells)


def test_server_imports_nothing_of_labeling() -> None:
    """What judge and server agree on went over the wire."""
    for file in ("seeing_server.py", "eyes.py"):
        assert "labeling" not in [
            line.split()[1].split(".")[0]
            for line in (ROOT / "tests" / "support" / file).read_text().splitlines()
            if line.startswith(("import ", "from "))
        ]
