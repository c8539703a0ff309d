"""The ways of drawing that the decision pages measure: at w = 0, or in its own layout, each is the plain model, and nothing is left behind."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from PIL import Image

from benchmarks.emoji import Easel
from benchmarks.layout import keep_layout, record_layout
from benchmarks.passes import two_passes
from gie import Concept, inhibit
from pipeline.settings import read_recipe
from pipeline.tables import KINDS, Prompt
from tests.support.tiny import seeds


def draw(pipe: Any) -> torch.Tensor:
    """Latents of two images in three steps with guidance."""
    call: dict[str, Any] = {"num_inference_steps": 3, "output_type": "latent"}
    return pipe(["a cat", "a dog"], generator=seeds(0, 1), **call).images


def test_a_plain_picture_in_its_own_layout_is_itself(pipe: Any) -> None:
    """Bit for bit; in another picture's layout it is another one, and afterwards the processors are those of before."""
    before, plain = pipe.unet.attn_processors, draw(pipe)
    with record_layout(pipe, until=1.0) as layout:
        assert torch.equal(draw(pipe), plain)
    with keep_layout(pipe, layout):
        assert torch.equal(draw(pipe), plain)
    with inhibit(pipe, Concept("cat", scale=-7.0)):
        erased = draw(pipe)
        with keep_layout(pipe, layout):
            kept = draw(pipe)
    assert not torch.equal(kept, erased)
    assert not torch.equal(kept, plain)
    assert pipe.unet.attn_processors == before


def test_two_passes_at_0_are_the_plain_model(pipe: Any) -> None:
    """With w they are not, nor are they one pass; afterwards the processors are those of before."""
    before, plain = pipe.unet.attn_processors, draw(pipe)
    drawn: dict[float, torch.Tensor] = {}
    for scale in (0.0, -7.0):
        with torch.no_grad(), two_passes(pipe, "cat", scale=scale, slots="concept", images=2):
            drawn[scale] = draw(pipe)
    with inhibit(pipe, Concept("cat", scale=-7.0)):
        one_pass = draw(pipe)
    torch.testing.assert_close(drawn[0.0], plain, atol=1e-4, rtol=0)
    assert (drawn[-7.0] - plain).abs().max() > 0.1
    assert (drawn[-7.0] - one_pass).abs().max() > 1e-3
    assert pipe.unet.attn_processors == before


@pytest.mark.slow
def test_the_easel_counts_as_the_evaluation_does() -> None:
    """Plain pictures keep everything and lose nothing; gray ones lose it all; prompts that do not count are not counted."""
    recipe = read_recipe("emoji-airplane")
    easel = Easel(recipe, prompts_a_kind=2)
    assert [prompt.kind for prompt in easel.prompts] == [kind for kind in KINDS for _ in range(2)]
    plain = easel.count(lambda pipe, asked, _: pipe(**asked).images)

    def gray(_pipe: Any, _asked: dict[str, Any], batch: Sequence[Prompt]) -> Sequence[Image.Image]:
        return [Image.new("RGB", (64, 64), "gray")] * len(batch)

    blank = easel.count(gray)
    for kind in KINDS:
        assert plain[kind].counted == blank[kind].counted > 0
        assert (plain[kind].gone, plain[kind].kept) == (0, plain[kind].counted)
        assert blank[kind].kept == blank[kind].both == 0
        assert blank[kind].gone == (0 if kind == "benign" else blank[kind].counted)
