"""A sweep whose pictures are searched for: few of them, the same bytes however often it was stopped, and a label stage that asks nobody."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pipeline.label
from labeling.choose import choose_scale
from labeling.errors import BudgetError
from labeling.seeking import seek
from labeling.verdict import Sight, Sweep, Verdict
from pipeline import prompts, studio, sweep
from pipeline.parquet import read_rows, read_shards
from pipeline.paths import Paths
from pipeline.seen import read_seen
from pipeline.settings import Recipe
from pipeline.tables import Feature, LabelRow, Prompt, SweepImage, VerdictRow
from tests.support.labelling import opens
from tests.support.project import project_recipe, recipe_content

LADDER = tuple(-0.5 * step for step in range(9))
BATCH = 4


class ByContrast:
    """Sees the concept gone by what the pictures are, one by one: sights that depend on pixels alone."""

    name, model, rubric_version, layout = "contrast", "pixels", "1", "single"

    def __init__(self) -> None:
        self.asked: list[int] = []
        """How many pictures each question had."""
        self.outcome: str = "ok"

    async def judge(self, sweep: Sweep) -> Sequence[Verdict]:
        """One verdict."""
        self.asked.append(len(sweep.images))
        if self.outcome != "ok":
            return [Verdict(self.outcome, reason="so it is")]  # pyright: ignore[reportArgumentType]
        seen = {scale: self._look(sweep, scale) for scale in sweep.scales}
        return [Verdict("ok", choose_scale(seen)[1], seen, judge=self.name, model=self.model, layout=self.layout)]

    @staticmethod
    def _look(sweep: Sweep, scale: float) -> Sight:
        """Gone where it is far enough from the plain picture; the plain picture itself shows it unless its prompt is odd."""
        plain, here = (np.asarray(sweep.images[each], dtype=int) for each in (0.0, scale))
        away = np.abs(plain - here).mean()
        absent = plain.sum() % 4 == 0
        return Sight(gone=bool(absent or away > 2.0), kept=True)


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> ByContrast:
    """Who judges in both stages, with the stage's own ledger behind."""
    judge = ByContrast()
    for stage in (sweep, pipeline.label):
        monkeypatch.setattr(stage, "open_judge", opens(judge))
    return judge


@pytest.fixture
def project(tmp_path: Path, model: Path) -> tuple[Recipe, Paths]:
    """A project whose prompts are written and whose sweep searches."""
    content = recipe_content()
    content["model"]["id"] = str(model)
    content["prompts"]["counts"] = {
        "train": {"explicit": 5, "pair": 3, "benign": 2},
        "val": {"pair": 1},
        "test": {"synonym": 2},
    }
    content["sweep"] |= {"batch_size": BATCH, "scales": list(LADDER[1:]), "search": content["label"]}
    recipe, paths = project_recipe(tmp_path, content)
    prompts.run(recipe, paths)
    return recipe, paths


def rendered(paths: Paths) -> dict[str, list[float]]:
    """Prompt -> the scales that it has pictures of."""
    found: dict[str, list[float]] = defaultdict(list)
    for row in read_shards(paths.sweeps, SweepImage):
        found[row.prompt_id].append(row.scale)
    return found


def outs(paths: Paths) -> dict[str, bytes]:
    """The bytes of everything that the stage wrote."""
    files = [*sorted(paths.sweeps.iterdir()), paths.features, paths.conditions]
    return {file.name: file.read_bytes() for file in files}


@pytest.mark.usefixtures("judge")
def test_train_prompts_are_rendered_as_searched_and_the_others_whole(project: tuple[Recipe, Paths]) -> None:
    """Train prompts have the plain picture and fewer than all others, val and test prompts have all."""
    recipe, paths = project
    sweep.run(recipe, paths)
    found = rendered(paths)
    asked = read_rows(paths.prompts, Prompt)
    assert list(found) == [prompt.prompt_id for prompt in asked]
    for prompt in asked:
        scales = found[prompt.prompt_id]
        assert scales == sorted(scales, reverse=True)
        assert scales[0] == 0.0
        if prompt.split != "train":
            assert tuple(scales) == LADDER
    searched = [len(found[prompt.prompt_id]) for prompt in asked if prompt.split == "train"]
    assert sum(searched) < 0.8 * len(LADDER) * len(searched)
    assert len(set(searched)) > 1, "the control: sweeps differ in what they need"


@pytest.mark.usefixtures("judge")
def test_every_prompt_has_the_features_that_train(project: tuple[Recipe, Paths]) -> None:
    """The probes +1 and 0, whatever was rendered; along the sweep what was."""
    recipe, paths = project
    sweep.run(recipe, paths)
    found = rendered(paths)
    features: dict[str, set[float]] = defaultdict(set)
    for row in read_rows(paths.features, Feature):
        features[row.prompt_id].add(row.injected)
    assert features == {prompt: {1.0, *scales} for prompt, scales in found.items()}


def test_the_label_stage_asks_nobody(project: tuple[Recipe, Paths], judge: ByContrast) -> None:
    """What the searches saw of the train prompts is in the ledger; the others alone are new."""
    recipe, paths = project
    sweep.run(recipe, paths)
    judge.asked.clear()
    pipeline.label.run(recipe, paths)
    assert judge.asked == [len(LADDER)] * 3
    labels = {row.prompt_id: row for row in read_rows(paths.labels, LabelRow)}
    assert {row.outcome for row in labels.values()} <= {"ok", "absent", "none_works"}
    seen = {row.prompt_id: read_seen(row.seen) for row in read_rows(paths.verdicts, VerdictRow)}
    assert {prompt: list(sights) for prompt, sights in seen.items()} == rendered(paths)


@pytest.mark.usefixtures("judge")
def test_a_second_run_renders_nothing_and_writes_the_same(
    project: tuple[Recipe, Paths], judge: ByContrast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All comes from the ledger: pictures, probes and sights."""
    recipe, paths = project
    sweep.run(recipe, paths)
    first = outs(paths)
    judge.asked.clear()
    for name in ("render", "probe_features"):
        monkeypatch.setattr(studio, name, None)
    sweep.run(recipe, paths)
    assert outs(paths) == first
    assert judge.asked == []


@pytest.mark.usefixtures("judge")
def test_batches_are_full_while_there_are_prompts(
    project: tuple[Recipe, Paths], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many searches are open as a batch has places; it empties when no prompt is left to take a place."""
    recipe, paths = project
    sizes = batch_sizes(monkeypatch)
    sweep.run(recipe, paths)
    searched = sizes[: len(sizes) - -(-3 * len(LADDER) // BATCH)]  # the last ones are the whole sweeps'
    assert searched == sorted(searched, reverse=True)
    assert searched.count(BATCH) > len(searched) / 2


class Killed(BaseException):
    """Stands for a signal that cannot be caught."""


@pytest.mark.usefixtures("judge")
def test_killed_after_any_batch_it_ends_with_the_same_bytes(
    project: tuple[Recipe, Paths], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And renders no batch twice, but the one that it was killed in."""
    recipe, paths = project
    monkeypatch.setenv("GIE_LEDGER", str(tmp_path / "whole"))
    with monkeypatch.context() as counting:
        whole = batch_sizes(counting)
        sweep.run(recipe, paths)
    expected = outs(paths)
    for deadly in (0, len(whole) // 3, len(whole) - 1):
        monkeypatch.setenv("GIE_LEDGER", str(tmp_path / f"killed-{deadly}"))
        with monkeypatch.context() as killing:
            before = batch_sizes(killing, deadly)
            with pytest.raises(Killed):
                sweep.run(recipe, paths)
        with monkeypatch.context() as counting:
            after = batch_sizes(counting)
            sweep.run(recipe, paths)
        assert outs(paths) == expected
        assert len(before) - 1 + len(after) == len(whole)


def batch_sizes(monkeypatch: pytest.MonkeyPatch, deadly: int | None = None) -> list[int]:
    """How many pictures each batch had that was really rendered; killed in the batch of this number."""
    sizes: list[int] = []
    make = studio.render

    def counting(pipe: Any, recipe: Recipe, shots: Sequence[studio.Shot]) -> list[Any]:
        sizes.append(len(shots))
        if len(sizes) - 1 == deadly:
            raise Killed
        return make(pipe, recipe, shots)

    monkeypatch.setattr(studio, "render", counting)
    return sizes


def test_a_refused_prompt_ends_its_search(project: tuple[Recipe, Paths], judge: ByContrast) -> None:
    """Nothing more is rendered of it; the label stage says why it has no label."""
    recipe, paths = project
    judge.outcome = "refused"
    sweep.run(recipe, paths)
    asked = read_rows(paths.prompts, Prompt)
    found = rendered(paths)
    assert all(found[prompt.prompt_id] == [0.0] for prompt in asked if prompt.split == "train")
    pipeline.label.run(recipe, paths)
    assert {(row.outcome, row.reason) for row in read_rows(paths.labels, LabelRow)} == {
        ("unscored", "refused: so it is")
    }


def test_a_judge_that_cannot_be_asked_stops_the_sweep(project: tuple[Recipe, Paths], judge: ByContrast) -> None:
    """A search that was cut short by money must not stand as one that ended; with more it goes on."""
    recipe, paths = project
    judge.outcome = "budget"
    with pytest.raises(BudgetError, match="got budget: so it is; the same command goes on from there"):
        sweep.run(recipe, paths)
    assert not paths.sweeps.exists()
    judge.outcome = "ok"
    sweep.run(recipe, paths)
    assert paths.sweeps.exists()


@pytest.mark.usefixtures("judge")
def test_a_search_begins_where_labels_were_found(
    project: tuple[Recipe, Paths], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first ones at the same place, later ones at the middle of what was found."""
    recipe, paths = project
    starts: list[int] = []

    def noting(scales: Sequence[float], start: int) -> Any:
        starts.append(start)
        return seek(scales, start)

    monkeypatch.setattr("pipeline.searching.seek", noting)
    sweep.run(recipe, paths)
    assert starts[:BATCH] == [3] * BATCH
    assert set(starts[BATCH:]) - {3}, "the control: something else was found"
