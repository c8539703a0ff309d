"""Batches give the labels that asking directly gives, over HTTP, from files of requests."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gie.errors import InputError
from labeling.choose import choose_label
from labeling.verdict import Sweep, Verdict
from pipeline.batching import asked_judge, judge_in_batches
from pipeline.bench import Bench
from pipeline.judging import USUAL, Options, open_judge
from pipeline.ledger import Ledger
from pipeline.paths import Paths
from pipeline.settings import JudgeSettings, LabelSettings
from tests.support.seeing_server import MODEL, Mind

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "data" / "emoji" / "reference"


def emoji(pattern: str, number: int) -> Sweep:
    """A sweep of known pictures: c(at), h(ouse); no two are the same."""
    names = {"c": "cat", "h": "house"}
    images: dict[float, Image.Image] = {}
    for step, letter in enumerate(pattern):
        pixels = np.asarray(Image.open(REFERENCE / f"{names[letter]}-noto.png").convert("RGB")).copy()
        pixels[0, step] = number
        images[-float(step)] = Image.fromarray(pixels)
    return Sweep("a cat", "", "cat", ("kitten",), images, str(number))


SWEEPS = [emoji(pattern, number) for number, pattern in enumerate(("ccccchhhhh", "chhhhhhhhh", "cccccccchh"))]
EXPECTED = {"0": ("ok", -5.0), "1": ("ok", -1.0), "2": ("ok", -8.0)}


def judge(settings: LabelSettings, ledger: Ledger, options: Options = USUAL) -> Mapping[str, Sequence[Verdict]]:
    """The verdicts about all sweeps, by batches."""

    async def once(how: Options) -> dict[str, Sequence[Verdict]]:
        async with open_judge(settings, Paths(ROOT, "x"), ledger, device="cpu", options=how) as opened:
            bench = Bench(opened, 2)
            await bench.run(SWEEPS, total=len(SWEEPS), title="labels")
        return bench.verdicts

    return asyncio.run(judge_in_batches(settings, ledger, options, once, poll_s=0.01))


def asked_at(server: str, strategy: str, **changes: object) -> LabelSettings:
    """A judge that takes batches."""
    settings = {"judge": "openai", "model": MODEL, "strategy": strategy, "base_url": server, **changes}
    return LabelSettings.model_validate(settings)


@pytest.mark.parametrize("strategy", ["sheet", "bisect", "pairwise"])
def test_labels_are_those_of_asking_directly(mind: Mind, server: str, tmp_path: Path, strategy: str) -> None:
    """Whatever a strategy asks next depends on what it was told, and is in the next batch; nothing is asked twice."""
    before = len(mind.questions)
    verdicts = judge(asked_at(server, strategy), Ledger(tmp_path))
    labels = {name: choose_label(given) for name, given in verdicts.items()}
    assert {name: (label.outcome, label.scale) for name, label in labels.items()} == EXPECTED
    asked = mind.questions[before:]
    assert len(asked) - 3 == len(list(tmp_path.glob("??/*.json")))
    assert not list(tmp_path.glob("batches/*/*.jsonl"))


def test_budget_of_batches_is_kept(server: str, tmp_path: Path) -> None:
    """What has no room is said so, and is not handed in; what had room is judged, and nothing is overshot."""
    room = 2.9  # one sheet may cost 2.84 at this price and costs far less: after it there is no room for another
    settings = asked_at(server, "sheet", price_per_million=(1000.0, 1000.0))
    verdicts = judge(settings, Ledger(tmp_path), Options(max_cost_usd=room))
    given = [verdict for some in verdicts.values() for verdict in some]
    assert {verdict.outcome for verdict in given} == {"budget", "ok"}
    assert sum(verdict.cost_usd for verdict in given) <= room


def test_batches_are_for_one_endpoint() -> None:
    """A recipe without a judge behind an endpoint, or with two, is refused."""
    local = LabelSettings(judge="local", model="clip")
    with pytest.raises(InputError, match="expected one judge openai in label, got 0"):
        asked_judge(local)
    two = asked_at("http://127.0.0.1:9/v1", "sheet", then=(JudgeSettings(judge="openai", model="other"),))
    with pytest.raises(InputError, match="got 2"):
        asked_judge(two)
