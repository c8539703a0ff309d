"""`gie erase`: pictures without concepts, from the command line."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.main import get_command

from pipeline.album import CHUNK
from pipeline.cli import app
from tests.support.adapters import tiny_adapter
from tests.support.joint import tiny_joint
from tests.support.project import gie, one_line
from tests.support.tiny import tiny_pipeline


def draw(folder: Path, model: Path, *arguments: str) -> Any:
    """Run the command with two steps."""
    fixed = ["--model", str(model), "--steps", "2", "--out", str(folder)]
    return gie(folder, "erase", "a cat on a car", *fixed, *arguments)


def pixels(path: Path) -> bytes:
    """The decoded picture."""
    with Image.open(path) as picture:
        return picture.tobytes()


def made_by(path: Path) -> dict[str, Any]:
    """What the picture says of itself."""
    with Image.open(path) as picture:
        return json.loads(picture.info[CHUNK])


def test_the_picture_is_drawn_without_and_with(tmp_path: Path, model: Path) -> None:
    """From one noise; without --compare the erased one alone; at w = 0 they are the same."""
    assert draw(tmp_path, model, "--concept", "cat").exit_code == 0
    assert not (tmp_path / "plain.png").exists()
    result = draw(tmp_path, model, "--concept", "cat", "--compare")
    assert result.stdout.splitlines() == [
        f"{tmp_path}/erased.png: cat w = -7.00",
        f"{tmp_path}/plain.png: cat w = 0.00",
        f"{tmp_path}/compared.png: plain left, erased right",
    ]
    plain = pixels(tmp_path / "plain.png")
    assert pixels(tmp_path / "erased.png") != plain
    assert draw(tmp_path, model, "--concept", "cat", "--scale", "0").exit_code == 0
    assert pixels(tmp_path / "erased.png") == plain


def test_compared_pictures_stand_beside_each_other(tmp_path: Path, model: Path) -> None:
    """A row a seed, plain at the left and erased at the right, pixel for pixel; the picture says what made it."""
    result = draw(tmp_path, model, "--concept", "cat", "--compare", "--n", "2", "--seed", "3")
    assert re.search(r"erased: +0%.* 0/2 ", result.stderr)
    assert re.search(r"plain: +0%.* 0/2 ", result.stderr), "a bar for each drawing"
    with Image.open(tmp_path / "compared.png") as compared:
        assert compared.size == (128, 128)
        for row, seed in enumerate([3, 4]):
            for column, name in enumerate(["plain", "erased"]):
                box = (64 * column, 64 * row, 64 * column + 64, 64 * row + 64)
                assert compared.crop(box).tobytes() == pixels(tmp_path / f"{name}-{seed}.png")
    said = made_by(tmp_path / "compared.png")
    assert (said["seeds"], said["scales"]) == ([3, 4], [{"cat": -7.0}] * 2)


def test_a_picture_says_what_an_adapter_chose(tmp_path: Path, model: Path) -> None:
    """The scale that was inferred for this picture, the slots, and all that the call was made with."""
    tiny_adapter(tiny_pipeline(), steps=2, slots="all").save_pretrained(tmp_path / "adapter")
    result = draw(tmp_path, model, "--adapter", str(tmp_path / "adapter"), "--n", "2")
    first, second = (made_by(tmp_path / f"erased-{seed}.png") for seed in (0, 1))
    chosen = [said.pop("scales")["cat"] for said in (first, second)]
    assert chosen[0] != chosen[1]
    assert all(-15 <= w < 0 for w in chosen)
    assert [f"cat w = {w:.2f}" for w in chosen] == [line.partition(": ")[2] for line in result.stdout.splitlines()]
    assert first == {
        "prompt": "a cat on a car", "model": str(model), "scheduler": "DPMSolverMultistepScheduler", "num_inference_steps": 2,
        "guidance_scale": 7.5, "height": 64, "width": 64, "slots": {"cat": "all"}, "values": {"cat": "concept"},
        "seed": 0,
    }  # fmt: skip


@pytest.mark.parametrize(("model", "guidance"), [("sd3", 7.0), ("schnell", 3.5)])
def test_a_flow_matching_model_keeps_its_own_manner(tmp_path: Path, model: Any, guidance: float) -> None:
    """Its own scheduler, and the pipeline's own guidance; the concept changes the picture."""
    tiny_joint(model).save_pretrained(tmp_path / "model")
    result = draw(tmp_path, tmp_path / "model", "--concept", "cat", "--compare")
    assert result.exit_code == 0, result.stderr
    said = made_by(tmp_path / "erased.png")
    assert (said["scheduler"], said["guidance_scale"]) == ("FlowMatchEulerDiscreteScheduler", guidance)
    assert said["num_inference_steps"] == 2
    assert pixels(tmp_path / "erased.png") != pixels(tmp_path / "plain.png")


def test_several_pictures_have_the_next_seeds(tmp_path: Path, model: Path) -> None:
    """And each says how it was made."""
    assert draw(tmp_path, model, "--concept", "cat", "--n", "2", "--seed", "5").exit_code == 0
    files = sorted(path.name for path in tmp_path.glob("*.png"))
    assert files == ["erased-5.png", "erased-6.png"]
    said = made_by(tmp_path / "erased-6.png")
    assert (said["prompt"], said["seed"], said["scales"]) == ("a cat on a car", 6, {"cat": -7.0})
    assert said["model"] == str(model)
    assert pixels(tmp_path / "erased-5.png") != pixels(tmp_path / "erased-6.png")


def test_several_concepts_are_erased_together(tmp_path: Path, model: Path) -> None:
    """Each with its own w, by scale or by adapter; of the tiny encoder's close ones the strongest stays."""
    tiny_adapter(tiny_pipeline()).save_pretrained(tmp_path / "adapter")
    folder = str(tmp_path / "adapter")
    with pytest.warns(UserWarning, match="trained"):  # two steps are not what the adapter was trained under
        result = draw(tmp_path, model, "--concept", "car", "--scale", "-4", "--adapter", folder)
    assert result.exit_code == 0, result.stderr
    scales = made_by(tmp_path / "erased.png")["scales"]
    assert set(scales) == {"car", "cat"}
    assert min(scales.values()) < 0


def test_of_two_words_for_one_thing_the_weaker_gives_way(tmp_path: Path, model: Path) -> None:
    """The same concept twice is one concept (Eq. 11), and it is said which was left out."""
    result = draw(tmp_path, model, "--concept", "cat", "--concept", "cat")
    assert result.exit_code == 0
    assert "gave way to 'cat'" in result.stderr
    assert "Loading" not in result.stderr, "only the bar that counts steps"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "expected --concept or --adapter, got neither"),
        (["--adapter", "nowhere"], "expected an adapter folder with config.json, got nowhere"),
        (["--adapter", "nowhere", "--scale", "-3"], "expected either --adapter or --scale, got both"),
        (["--concept", " "], "expected the text of a concept"),
        (["--concept", "cat", "--model", "nowhere/at/all"], "nowhere/at/all"),
        (["--concept", "cat", "--scale", "nan"], "expected a finite scale"),
        (["--concept", "cat " * 19], "1 to 18 tokens, got 19"),
        (["--concept", "cat", "--out", __file__], "expected a folder for the pictures, got the file"),
    ],
)
def test_what_cannot_be_done_is_refused(tmp_path: Path, model: Path, arguments: list[str], said: str) -> None:
    """Nothing to erase, too much, an adapter, a concept or a model that is none."""
    result = draw(tmp_path, model, *arguments)
    assert result.exit_code == 2
    assert said in one_line(result.stderr)


def test_the_help_teaches() -> None:
    """Every option is explained, and the examples are commands that parse."""
    command: Any = get_command(app).commands["erase"]  # pyright: ignore[reportAttributeAccessIssue]
    assert all(getattr(parameter, "help", "") for parameter in command.params)
    examples = [shlex.split(line) for line in re.findall(r"gie erase (.*)", command.help)]
    assert len(examples) == 3
    for example in examples:
        command.make_context("erase", example)


def test_an_adapter_for_other_layers_is_refused(tmp_path: Path, model: Path) -> None:
    """With the name of the layer that is missing."""
    layers = tiny_adapter(tiny_pipeline()).config.layers
    tiny_adapter(tiny_pipeline(), layers=("elsewhere.attn2", *layers[1:])).save_pretrained(tmp_path / "adapter")
    result = draw(tmp_path, model, "--adapter", str(tmp_path / "adapter"))
    assert result.exit_code == 2
    assert "elsewhere.attn2" in one_line(result.stderr)


def test_an_adapter_for_other_weights_is_refused_unless_wished(tmp_path: Path, model: Path) -> None:
    """Both models are named; with --any-weights it is a warning, and the picture is drawn."""
    tiny_adapter(tiny_pipeline(), steps=2, fingerprint="f00d" * 16, base_model="someone/base").save_pretrained(
        tmp_path / "adapter"
    )
    adapted = ("--adapter", str(tmp_path / "adapter"))
    result = draw(tmp_path, model, *adapted)
    assert result.exit_code == 2
    assert re.search(rf"expected someone/base .* got {re.escape(str(model))}", one_line(result.stderr))
    with pytest.warns(UserWarning, match="its scales may not hold"):
        assert draw(tmp_path, model, *adapted, "--any-weights").exit_code == 0
    assert (tmp_path / "erased.png").exists()
