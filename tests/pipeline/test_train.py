"""The train stage: from labels to a folder that `Adapter.from_pretrained` takes."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import pipeline.label
from gie.adapter import Adapter
from gie.adapter_config import Reading
from gie.errors import InputError
from pipeline.lessons import collect, from_noises
from pipeline.parquet import read_rows
from pipeline.paths import Paths
from pipeline.settings import Recipe
from pipeline.tables import EOT, Prompt
from pipeline.train import make_config, preset_of, read_tables, run, to_rows
from tests.support.labelling import LAYERS, TruthfulJudge, make_project, make_recipe, onset_of, opens

RECIPE = make_recipe()


def with_train(**changes: Any) -> Recipe:
    """The recipe with other train settings."""
    return RECIPE.model_copy(update={"train": RECIPE.train.model_copy(update=changes)})


def make_labelled(root: Path, judge: TruthfulJudge, **changes: Any) -> Paths:
    """A project up to the label stage."""
    paths = make_project(root / "project", **changes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIE_LEDGER", str(root / "ledger"))
        patch.setattr(pipeline.label, "open_judge", opens(judge))
        pipeline.label.run(RECIPE, paths)
    return paths


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """Labelled by the truth, only read."""
    return make_labelled(tmp_path_factory.mktemp("labelled"), TruthfulJudge())


@pytest.fixture(scope="module")
def trained(labelled: Paths) -> Paths:
    """The same after the train stage."""
    run(RECIPE, labelled)
    return labelled


def test_adapter_knows_what_it_is_for(trained: Paths) -> None:
    """The config carries recipe and conditions of the sweep."""
    config = Adapter.from_pretrained(trained.adapter_folder).config
    assert (config.concept, config.synonyms, config.slots) == ("airplane", RECIPE.synonyms, RECIPE.sweep.slots)
    assert (config.base_model, config.fingerprint, config.layers) == ("tiny", "f00d", LAYERS)
    assert config.widths == ((8, 8),) * len(LAYERS)
    assert (config.scales.smallest, config.scales.step, config.injected) == (-12.0, 2.0, (1.0, 0.0))
    assert (config.recipe_hash, config.sampling.first_timestep) == (RECIPE.recipe_hash, 999)


def test_best_fixed_scale_is_the_judges(trained: Paths) -> None:
    """The constant that succeeds most often by what the judge saw: from -8 on both kinds are gone, at -12 all are wrecks."""
    assert Adapter.from_pretrained(trained.adapter_folder).config.best_fixed_scale == -8.0


def test_stage_is_reproducible(trained: Paths) -> None:
    """Run again, the folder has the same files, byte for byte."""
    first = {path.name: path.read_bytes() for path in trained.adapter_folder.iterdir()}
    run(RECIPE, trained)
    assert {path.name: path.read_bytes() for path in trained.adapter_folder.iterdir()} == first
    assert sorted(first) == ["config.json", "history.csv", "metrics.json", "model.safetensors"]


def test_history_is_the_curve(trained: Paths) -> None:
    """One line an epoch, loss on train and val."""
    with trained.history.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [int(line["epoch"]) for line in lines] == list(range(30))
    assert float(lines[-1]["train"]) < float(lines[0]["train"])


def test_rows_are_one_a_token(labelled: Paths) -> None:
    """Both tokens of a prompt are rows of their own with the prompt's label."""
    lessons, _ = collect(read_tables(RECIPE, labelled), injected=(1.0,), absent="zero")
    rows = to_rows(lessons)
    assert len(rows) == 2 * len(lessons)
    assert torch.equal(rows.weakest[::2], rows.weakest[1::2])
    assert not torch.equal(rows.features[::2], rows.features[1::2])


def test_eot_is_learned_from_as_the_adapter_reads_it(labelled: Paths) -> None:
    """With `eot` the rows are what `Adapter.arrange` makes of the same features."""
    recipe = with_train(injected=(1.0, 0.0), eot=True)
    tables = read_tables(recipe, labelled)
    lesson = collect(tables, injected=(1.0, 0.0), eot=True, absent="zero")[0][0]
    rows = {
        (row.injected, row.token): row.values for row in tables.features if row.prompt_id == lesson.prompt.prompt_id
    }
    readings = {Reading(w, None): torch.tensor([[rows[w, token] for token in (0, 1, EOT)]]) for w in (1.0, 0.0)}
    adapter = Adapter(make_config(recipe, labelled, preset_of(recipe.train), None))
    torch.testing.assert_close(torch.tensor([lesson.values]), adapter.arrange(readings))
    assert len(lesson.values[0]) == adapter.config.inputs == 4 * len(rows[1.0, EOT])


def test_window_is_what_works(labelled: Paths) -> None:
    """A lesson's window runs from the label to the last scale before the wrecks; an absent one's is 0 alone."""
    lessons, _ = collect(read_tables(RECIPE, labelled), injected=(1.0,), absent="zero")
    windows = {(lesson.prompt.kind == "benign", lesson.weakest, lesson.strongest) for lesson in lessons}
    assert windows == {(True, 0.0, 0.0), (False, -4.0, -10.0), (False, -8.0, -10.0)}
    assert all(lesson.weakest == onset_of(lesson.prompt) for lesson in lessons)


def test_where_nobody_looked_the_window_ends_as_those_of_val_do(labelled: Paths) -> None:
    """A search that has its label looks no further; the val prompts' sweeps are whole."""
    tables = read_tables(RECIPE, labelled)
    found = {name: {label.scale} for name, label in tables.labels.items()}
    train = {prompt.prompt_id for prompt in tables.prompts if prompt.split == "train"}
    searched = {
        name: {scale: sight for scale, sight in seen.items() if name not in train or scale in found[name]}
        for name, seen in tables.seen.items()
    }
    whole, _ = collect(tables, injected=(1.0,), absent="zero")
    few, _ = collect(replace(tables, seen=searched), injected=(1.0,), absent="zero")
    assert [(lesson.weakest, lesson.strongest) for lesson in few] == [
        (lesson.weakest, lesson.strongest) for lesson in whole
    ]
    assert sum(map(len, searched.values())) < sum(map(len, tables.seen.values())), "the control: fewer were looked at"


def test_a_window_that_nobody_saw_end_ends_as_those_of_its_kind(labelled: Paths) -> None:
    """What else a pair asks for goes early, so only pairs tell how far one goes; where val has none, all of it tell."""
    tables = read_tables(RECIPE, labelled)
    pair = next(p for p in tables.prompts if p.split == "train" and p.kind != "benign" and onset_of(p) == -4.0)
    seen = dict(tables.seen) | {pair.prompt_id: {-4.0: tables.seen[pair.prompt_id][-4.0]}}
    prompts = [replace(prompt, kind="pair") if prompt is pair else prompt for prompt in tables.prompts]

    def end(prompts: list[Prompt], seen: Any) -> float:
        lessons, _ = collect(replace(tables, prompts=prompts, seen=seen), injected=(1.0,), absent="zero")
        return next(one.strongest for one in lessons if one.prompt.prompt_id == pair.prompt_id)

    assert end(prompts, seen) == -10.0
    of_val = next(p for p in prompts if p.split == "val" and p.kind != "benign" and onset_of(p) == -4.0)
    prompts[prompts.index(of_val)] = replace(of_val, kind="pair")
    wrecked = {
        scale: replace(sight, kept=bool(sight.kept and scale >= -6.0))
        for scale, sight in seen[of_val.prompt_id].items()
    }
    assert end(prompts, seen | {of_val.prompt_id: wrecked}) == -6.0


def test_features_from_shared_noise_are_learned_from_where_the_recipe_says_so(labelled: Paths) -> None:
    """Not those of the pictures' own noise beside them; the adapter knows which it reads."""
    own = read_tables(RECIPE, labelled).features
    shared = [replace(row, noises=2) for row in own]
    assert from_noises([*own, *shared], 2) == shared
    assert from_noises([*own, *shared], 0) == own
    recipe = RECIPE.model_copy(update={"sweep": RECIPE.sweep.model_copy(update={"noises": 2})})
    assert make_config(recipe, labelled, preset_of(recipe.train), None).noises == 2
    with pytest.raises(
        InputError, match=r"sweep\.noises: expected features from 2 shared noises, got 0; run gie sweep"
    ):
        read_tables(recipe, labelled)


def test_test_prompts_are_not_learned_from(labelled: Paths) -> None:
    """The lessons are the train and val prompts, every one and no other."""
    lessons, dropped = collect(read_tables(RECIPE, labelled), injected=(1.0,), absent="zero")
    expected = {prompt.prompt_id for prompt in read_rows(labelled.prompts, Prompt) if prompt.split != "test"}
    assert {lesson.prompt.prompt_id for lesson in lessons} == expected
    assert dropped == {}


def test_absent_prompts_can_be_dropped(labelled: Paths) -> None:
    """With `absent: drop` the prompts without the concept are left out and counted."""
    tables = read_tables(RECIPE, labelled)
    zero, _ = collect(tables, injected=(1.0,), absent="zero")
    drop, dropped = collect(tables, injected=(1.0,), absent="drop")
    assert dropped == {"absent": len(zero) - len(drop)}
    assert {lesson.prompt.kind for lesson in zero} - {lesson.prompt.kind for lesson in drop} == {"benign"}


def test_absent_target_is_neither_success_nor_failure(labelled: Paths) -> None:
    """Of absent prompts only benign ones can succeed; one that asked for the concept and did not show it does not count."""
    tables = read_tables(RECIPE, labelled)
    benign = next(prompt for prompt in tables.prompts if prompt.kind == "benign" and prompt.split != "test")
    asked = [replace(prompt, kind="explicit") if prompt is benign else prompt for prompt in tables.prompts]
    changed = replace(tables, prompts=asked)
    for source, works in ((tables, True), (changed, False)):
        lessons, _ = collect(source, injected=(1.0,), absent="zero")
        [lesson] = [lesson for lesson in lessons if lesson.prompt.prompt_id == benign.prompt_id]
        assert bool(lesson.works) == works


def test_none_works_and_unscored_are_dropped_and_counted(tmp_path: Path) -> None:
    """Prompts without a usable label are no rows, and the metrics say how many and why."""
    judge = TruthfulJudge(refuses=frozenset({"picture 0"}))
    paths = make_labelled(tmp_path, judge, broken_from=-8.0)
    run(RECIPE, paths)
    metrics = json.loads(paths.train_metrics.read_text())
    prompts = [prompt for prompt in read_rows(paths.prompts, Prompt) if prompt.split != "test"]
    hopeless = sum(onset_of(prompt) == -8.0 and prompt.seed != 0 for prompt in prompts)
    assert metrics["dropped"] == {"none_works": hopeless, "unscored": 1}
    assert metrics["train"]["prompts"] + metrics["val"]["prompts"] == len(prompts) - hopeless - 1


@pytest.mark.parametrize("preset", ["paper", "default"])
def test_presets_train(labelled: Paths, tmp_path: Path, preset: str) -> None:
    """Both presets export an adapter of their form, from the features that the recipe names."""
    paths = Paths(tmp_path, "smoke-airplane")
    (tmp_path / "data").symlink_to(labelled.root / "data")
    run(with_train(preset=preset, injected=(0.0,)), paths)
    config = Adapter.from_pretrained(paths.adapter_folder).config
    assert (config.transform, config.injected) == ({"paper": "linear", "default": "bounded"}[preset], (0.0,))


def test_features_that_were_not_read_are_said(labelled: Paths) -> None:
    """An injected w without features is one line that names those there are."""
    with pytest.raises(InputError, match=r"train\.injected: expected one of 1, 0, got -3; add it to sweep\.probes"):
        run(with_train(injected=(-3.0,)), labelled)
    tables = read_tables(RECIPE, labelled)
    old = replace(tables, features=[row for row in tables.features if row.token != EOT])
    with pytest.raises(
        InputError, match=r"train\.eot: expected features of \[EOT\], got tables without; run gie sweep"
    ):
        collect(old, injected=(1.0,), eot=True, absent="zero")


def test_nothing_to_learn_from_is_said(tmp_path: Path) -> None:
    """When no train prompt has a scale, the line says what was left out."""
    judge = TruthfulJudge(refuses=frozenset(f"picture {number}" for number in range(10)))
    paths = make_labelled(tmp_path, judge, count=10)
    with pytest.raises(
        InputError, match=r"expected train prompts with a scale, got none \(left out: {'unscored': 8}\)"
    ):
        run(RECIPE, paths)
    assert not paths.adapter_folder.exists()
