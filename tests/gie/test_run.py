"""Fail closed: a step that would not be inhibited as configured raises."""

from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor

from gie import Concept, GieError, InputError, inhibit
from gie.call import Call
from tests.support.tiny import TEXT_WIDTH

CAT = Concept("cat", scale=-7.0)
ONE: dict[str, Any] = {"num_inference_steps": 1, "output_type": "latent"}


def call_unet(pipe: Any, *, rows: int = 2, **kwargs: Any) -> Any:
    """One UNet call as a loop of one's own makes it."""
    text = torch.zeros(rows, 20, TEXT_WIDTH)
    return pipe.unet(torch.zeros(rows, 4, 8, 8), 999, encoder_hidden_states=text, **kwargs)


def test_attention_slicing_inside_the_block_raises(pipe: Any) -> None:
    """It replaces our processors without a word; the next forward notices, and after the block all is as before."""
    before = pipe.unet.attn_processors
    with inhibit(pipe, CAT):
        pipe("a cat", **ONE)
        pipe.enable_attention_slicing(1)
        with pytest.raises(GieError, match="got SlicedAttnProcessor"):
            pipe("a cat", **ONE)
    after = pipe.unet.attn_processors
    assert all(after[name] is before[name] for name in before if "attn2" in name)


def test_one_replaced_processor_between_steps_raises(pipe: Any) -> None:
    """One layer replaced in the middle of a generation is enough."""

    def replace(pipe: Any, _step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        pipe.unet.mid_block.attentions[0].transformer_blocks[0].attn2.set_processor(AttnProcessor())
        return tensors

    with pytest.raises(GieError, match=r"processor in mid_block.*got AttnProcessor"), inhibit(pipe, CAT):
        pipe("a cat", num_inference_steps=2, callback_on_step_end=replace)


def test_another_unet_inside_the_block_raises(pipe: Any) -> None:
    """A UNet that was put in place inside the block has no hooks of ours, so its generation does not begin."""
    other = UNet2DConditionModel.from_config(pipe.unet.config)
    with inhibit(pipe, CAT):
        pipe.unet = other
        with pytest.raises(GieError, match="got another"):
            pipe("a cat", **ONE)


def test_forward_past_the_hooks_raises(pipe: Any) -> None:
    """`unet.forward(...)` runs no hooks; the layers themselves refuse, before and after a generation."""
    with inhibit(pipe, CAT):
        for _ in range(2):
            with pytest.raises(GieError, match="past the hooks"):
                pipe.unet.forward(torch.zeros(2, 4, 8, 8), 999, encoder_hidden_states=torch.zeros(2, 20, TEXT_WIDTH))
            pipe("a cat", **ONE)


def test_a_loop_that_sets_no_timesteps_raises(pipe: Any) -> None:
    """Without set_timesteps nobody knows where a generation begins; with it, a loop of one's own is inhibited."""
    pipe._guidance_scale, pipe._clip_skip, pipe._cross_attention_kwargs = 7.5, None, None
    with torch.no_grad(), inhibit(pipe, CAT) as run:
        with pytest.raises(GieError, match="expected the scheduler's set_timesteps"):
            call_unet(pipe)
        pipe.scheduler.set_timesteps(2)
        call_unet(pipe)
        assert run.scales.tolist() == [[-7.0]]


def test_rows_that_do_not_fit_raise(pipe: Any) -> None:
    """A guided batch of an odd number of rows, or of another size than the generation's first, is not guessed at."""
    pipe._guidance_scale, pipe._clip_skip, pipe._cross_attention_kwargs = 7.5, None, None
    with torch.no_grad(), inhibit(pipe, CAT):
        pipe.scheduler.set_timesteps(2)
        with pytest.raises(GieError, match="got 3 rows"):
            call_unet(pipe, rows=3)
        call_unet(pipe, rows=2)
        with pytest.raises(GieError, match="expected 1 guided images in the batch, got 4 rows"):
            call_unet(pipe, rows=4)


def test_a_layer_that_is_skipped_raises(pipe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What skips layers in the first step (caches do) is noticed."""
    block = pipe.unet.mid_block.attentions[0].transformer_blocks[0]
    monkeypatch.setattr(block, "forward", lambda hidden_states, **_: hidden_states)
    assert torch.isfinite(pipe("a cat", **ONE).images).all()
    with pytest.raises(GieError, match="expected all 16 cross-attention layers to run"), inhibit(pipe, CAT):
        pipe("a cat", **ONE)


def test_a_mask_over_the_prompt_is_refused(pipe: Any) -> None:
    """No Stable Diffusion 1 pipeline masks prompt tokens; a loop that does is refused rather than its mask dropped."""
    pipe._guidance_scale, pipe._clip_skip, pipe._cross_attention_kwargs = 7.5, None, None
    with torch.no_grad(), inhibit(pipe, CAT):
        pipe.scheduler.set_timesteps(2)
        with pytest.raises(InputError, match="expected no mask"):
            call_unet(pipe, encoder_attention_mask=torch.ones(2, 20))


@pytest.mark.parametrize(("window", "reads"), [((0.0, 1.0), 1), ((0.0, 0.5), 4)])
def test_timesteps_are_read_only_where_they_matter(
    pipe: Any, monkeypatch: pytest.MonkeyPatch, window: tuple[float, float], reads: int
) -> None:
    """To read one is to wait for a GPU: once for the conditions, and in each of three steps where a concept has a window."""
    asked: list[Call] = []
    read = Call.timestep.fget
    assert read is not None

    def counted(call: Call) -> float:
        asked.append(call)
        return read(call)

    monkeypatch.setattr(Call, "timestep", property(counted))
    with inhibit(pipe, Concept("cat", scale=-7.0, window=window)):
        pipe("a cat", num_inference_steps=3, output_type="latent")
    assert len(asked) == reads
