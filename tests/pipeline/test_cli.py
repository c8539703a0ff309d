"""The command line: every mistake is one line and a code, and nothing that was there is lost."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.paths import Paths
from tests.support.project import NAME, gie, one_line, project_recipe, recipe_content, start_gie, write_project
from tests.support.tiny import tiny_pipeline

Change = Callable[[dict[str, Any]], None]


def with_prompts(root: Path, **model: str) -> Paths:
    """A project whose prompts are written, for this model."""
    content = recipe_content()
    content["model"] |= model
    write_project(root, content)
    assert gie(root, "prompts", NAME).exit_code == 0
    return Paths(root, NAME)


def test_a_stage_says_where_its_out_is(tmp_path: Path) -> None:
    """The control: code 0, and the path."""
    write_project(tmp_path)
    result = gie(tmp_path, "prompts", NAME)
    assert result.exit_code == 0
    assert result.stdout.split() == [str(Paths(tmp_path, NAME).prompts)]
    assert Paths(tmp_path, NAME).prompts.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: content.update(concpt="cat"), "concpt: unknown key, did you mean 'concept'?"),
        (lambda content: content["sweep"].update(steps="many"), "sweep.steps: expected a valid integer, got 'many'"),
        (
            lambda content: content["prompts"]["counts"].update(val={"pair": -3}),
            "val.pair: expected greater than or equal",
        ),
        (lambda content: content["sweep"].update(scales=[-1, 3]), "sweep.scales: expected negative scales"),
        (
            lambda content: content["prompts"].update(provider="openai"),
            "prompts: expected a model for provider openai, got none",
        ),
        (lambda content: content.update(concept="airplan"), "did you mean 'airplane'?"),
    ],
)
def test_a_mistake_in_params_is_one_line_and_code_2(tmp_path: Path, change: Change, said: str) -> None:
    """Unknown key, wrong type, negative count, positive scale, a provider or a word that is not there."""
    content = recipe_content()
    change(content)
    write_project(tmp_path, content)
    result = gie(tmp_path, "prompts", NAME)
    assert result.exit_code == 2
    assert said in one_line(result.stderr)


@pytest.mark.parametrize(
    ("stage", "first"), [("sweep", "prompts"), ("label", "prompts"), ("train", "label"), ("evaluate", "")]
)
def test_a_stage_without_its_input_names_the_stage_before(tmp_path: Path, stage: str, first: str) -> None:
    """Not a traceback of the reader."""
    write_project(tmp_path)
    result = gie(tmp_path, stage, NAME)
    assert result.exit_code == 2
    assert f"run gie {first} {NAME} first" in one_line(result.stderr) or not first


@pytest.mark.parametrize("broken", ["no folder", "empty folder"])
def test_a_missing_model_is_code_2(tmp_path: Path, broken: str) -> None:
    """A folder that is not there, or is no model."""
    paths = with_prompts(tmp_path, id="./models/none")
    if broken == "empty folder":
        (tmp_path / "models" / "none").mkdir(parents=True)
    result = gie(tmp_path, "sweep", NAME)
    assert result.exit_code == 2
    assert "models/none" in one_line(result.stderr)
    assert not paths.sweeps.exists()


def test_a_model_without_cross_attention_is_code_2(tmp_path: Path) -> None:
    """There is nothing to inhibit."""
    from diffusers import UNet2DConditionModel

    pipe = tiny_pipeline()
    pipe.unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 8),
        layers_per_block=1,
        norm_num_groups=4,
        cross_attention_dim=24,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
        mid_block_type=None,
    )
    pipe.save_pretrained(tmp_path / "model")
    with_prompts(tmp_path)
    result = gie(tmp_path, "sweep", NAME)
    assert result.exit_code == 2
    assert "cross-attention" in one_line(result.stderr)


def test_an_unknown_scheduler_is_code_2(tmp_path: Path, model: Path) -> None:
    """With the nearest that fits the model."""
    content = recipe_content()
    content["model"]["id"] = str(model)
    content["sweep"]["scheduler"] = "DDIMM"
    write_project(tmp_path, content)
    assert gie(tmp_path, "prompts", NAME).exit_code == 0
    result = gie(tmp_path, "sweep", NAME)
    assert result.exit_code == 2
    assert "got 'DDIMM', did you mean 'DDIM'?" in one_line(result.stderr)


def test_a_full_disk_is_code_1_and_the_old_out_stays(tmp_path: Path) -> None:
    """The place aside is a device that is always full."""
    paths = with_prompts(tmp_path)
    before = paths.prompts.read_bytes()
    aside = paths.prompts.with_name(f"{paths.prompts.name}.writing")
    aside.symlink_to("/dev/full")
    result = gie(tmp_path, "prompts", NAME)
    assert result.exit_code == 1
    assert "expected room on the disk, got a full one" in one_line(result.stderr)
    assert "run again" in result.stderr
    assert paths.prompts.read_bytes() == before
    assert not aside.is_symlink()
    assert gie(tmp_path, "prompts", NAME).exit_code == 0


def test_a_mistake_of_ours_keeps_its_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not dressed up as the user's."""

    def broken(*_: object) -> None:
        raise RuntimeError("not foreseen")

    write_project(tmp_path)
    monkeypatch.setattr("pipeline.prompts.run", broken)
    result = gie(tmp_path, "prompts", NAME)
    assert isinstance(result.exception, RuntimeError)


def test_the_real_command_ends_with_the_same_code_and_no_traceback(tmp_path: Path) -> None:
    """In a process of its own, as a shell starts it."""
    write_project(tmp_path)
    process = start_gie(tmp_path, "prompts", "tiny-airplan")
    said = process.communicate(timeout=100)[1]
    assert process.returncode == 2
    assert one_line(said).endswith("got 'tiny-airplan', did you mean 'tiny-airplane'?; it has tiny-airplane")


def test_a_reader_that_leaves_early_is_no_failure(tmp_path: Path) -> None:
    """As in `gie plan NAME | head -1`: nothing is said."""
    write_project(tmp_path)
    with start_gie(tmp_path, "plan", NAME) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""


def test_summary_has_the_three_numbers_and_the_places(tmp_path: Path) -> None:
    """Before the evaluation it says what to run."""
    _, paths = project_recipe(tmp_path)
    result = gie(tmp_path, "summary")
    assert result.exit_code == 2
    assert "run make repro, or gie evaluate tiny-airplane first" in one_line(result.stderr)
    paths.evaluating.mkdir(parents=True)
    paths.metrics.write_text(json.dumps({"gone": 0.912, "kept": None, "regret": 0.05}))
    result = gie(tmp_path, "summary")
    assert result.exit_code == 0
    words = result.stdout.split()
    assert words[words.index("gone") + 1] == "91.2"
    assert words[words.index("kept") + 1] == "-"
    assert words[words.index("regret") + 1] == "5.0"
    assert {str(paths.adapter_folder), str(paths.metrics), str(paths.report)} <= set(words)


def test_the_shell_completes_recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the params file of the folder."""
    from pipeline.cli import recipe_names

    write_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert recipe_names("ti") == [NAME]
    assert recipe_names("x") == []
