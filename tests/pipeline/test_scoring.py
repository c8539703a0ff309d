"""The evaluator's probabilities read for what each prompt asks for."""

import io

import numpy as np
import pytest
from PIL import Image

from gie.errors import InputError
from pipeline.png import open_picture
from pipeline.scoring import NamingEye
from pipeline.tables import Prompt
from pipeline.trials import distance, look_at
from tests.support.evaluation import Facts, StampReader, make_prompts, picture, stamp

PROMPTS = {prompt.kind: prompt for prompt in make_prompts({"test": 2}) if prompt.seed == 1}
BLANK = np.zeros((64, 64, 3), np.uint8)


def shown(*concepts: str, style: str = "twemoji", background: str = "pink") -> Image.Image:
    """A picture of these things."""
    return open_picture(stamp(BLANK, Facts(concepts, style, background, 0.8)))


def look(prompt: Prompt, image: Image.Image) -> tuple[bool | None, ...]:
    """Target, other, style, background."""
    [seen] = NamingEye(StampReader(), "airplane", "stamps").look([prompt], [image])
    assert seen.quality == pytest.approx(0.8)
    return seen.target, seen.other, seen.style, seen.background


def test_what_was_asked_for_is_looked_for() -> None:
    """A pair's prompt names style, background and the other object."""
    pair = PROMPTS["pair"]
    assert (pair.other, pair.style, pair.background) == ("house", "twemoji", "pink")
    assert look(pair, shown("airplane", "house")) == (True, True, True, True)
    assert look(pair, shown("cat", style="noto", background="blue")) == (False, False, False, False)


def test_what_was_not_asked_for_is_none() -> None:
    """Not false: nothing can be lost."""
    bare = make_prompts({"test": 1})[0]
    assert (bare.other, bare.style, bare.background) == ("", "", "")
    assert look(bare, shown("airplane")) == (True, None, None, None)


def test_a_target_that_the_evaluator_does_not_know_is_refused() -> None:
    """Before any picture is looked at."""
    with pytest.raises(InputError, match=r"expected a concept that the evaluator knows .*airplane.*, got 'dragon'"):
        NamingEye(StampReader(), "dragon", "stamps")


def test_pictures_meet_their_own_prompts_across_batches() -> None:
    """More pictures than a batch; those of other prompts are passed over."""
    prompts = make_prompts({"test": 20})
    known = {prompt.prompt_id: prompt for prompt in prompts if prompt.kind != "benign"}
    pictures = [picture(prompt, -float(step)) for prompt in prompts for step in range(4)]
    trials = list(look_at(pictures, known, NamingEye(StampReader(), "airplane", "stamps")))
    expected = [shot for shot in pictures if shot.prompt_id in known]
    assert len(expected) > 256
    assert [(trial.prompt.prompt_id, trial.scale) for trial in trials] == [(s.prompt_id, s.scale) for s in expected]


def test_distance_is_zero_for_a_picture_and_itself_and_one_for_black_and_white() -> None:
    """The ends of the scale."""
    black, white = (stamp_free(level) for level in (0, 255))
    assert distance(black, black) == 0
    assert distance(black, white) == pytest.approx(1)


def stamp_free(level: int) -> bytes:
    """PNG of one grey level."""
    stored = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), level, np.uint8)).save(stored, "PNG")
    return stored.getvalue()
