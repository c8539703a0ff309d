"""What a step's callback may do to a generation of any family: end guidance, end it early, or make it skip layers, which is noticed."""

from typing import Any

import pytest
import torch

from gie import Concept, GieError, inhibit
from tests.support.families import Model, tiny_of
from tests.support.literal import draw_literally
from tests.support.tiny import seeds

PROMPTS = ["a cat", "a dog"]
CAT = Concept("cat", scale=[-7.0, 0.0])
NEAR = {"sd1": 2e-3, "sd2": 2e-3, "xl": 2e-2}
CONDITIONS = {"sd2": ["prompt_embeds"], "xl": ["prompt_embeds", "add_text_embeds", "add_time_ids"]}


def draw(pipe: Any, **call: Any) -> torch.Tensor:
    """Latents of two images in three steps."""
    return pipe(PROMPTS, generator=seeds(0, 1), num_inference_steps=3, output_type="latent", **call).images


def end_guidance(pipe: Any, step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
    """After the first step, as diffusers' own page on callbacks does."""
    if step:
        return {}
    pipe._guidance_scale = 0.0
    return {name: tensor.chunk(2)[-1] for name, tensor in tensors.items()}


@pytest.mark.parametrize("model", ["sd2", "xl"])
def test_guidance_ends_on_the_way(model: Model) -> None:
    """The rows halve and the same images go on being inhibited; their neighbour at w = 0 stays plain, bit for bit."""
    pipe = tiny_of(model)
    call: dict[str, Any] = {
        "callback_on_step_end": end_guidance,
        "callback_on_step_end_tensor_inputs": CONDITIONS[model],
    }
    plain, guided = draw(pipe, **call), draw(pipe)
    with inhibit(pipe, CAT):
        got = draw(pipe, **call)
    want = draw_literally(pipe, {"cat": [-7.0, 0.0]}, PROMPTS, generator=seeds(0, 1), num_inference_steps=3, **call)
    torch.testing.assert_close(got, want, atol=NEAR[model], rtol=0)
    assert torch.equal(got[1], plain[1])
    assert (got[0] - plain[0]).abs().max() > 10 * NEAR[model]
    assert not torch.equal(plain, guided), "guidance did not end"


@pytest.mark.parametrize("model", ["sd1", "sd2", "xl"])
def test_an_interrupted_generation_was_inhibited(model: Model) -> None:
    """What there is after the first step is the inhibited step's, and the next generation of the block is whole."""
    pipe, kept = tiny_of(model), list[torch.Tensor]()

    def keep(_pipe: Any, _step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        kept.append(tensors["latents"])
        return tensors

    def interrupt(pipe: Any, _step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        pipe._interrupt = True
        return tensors

    before = pipe.unet.attn_processors
    with inhibit(pipe, CAT) as run:
        whole = draw(pipe, callback_on_step_end=keep)
        assert torch.equal(draw(pipe, callback_on_step_end=interrupt), kept[0])
        assert run.scales.tolist() == [[-7.0], [0.0]]
        assert torch.equal(draw(pipe), whole)
    assert pipe.unet.attn_processors == before
    assert not torch.equal(kept[0], whole)


@pytest.mark.parametrize("model", ["sd1", "sd2", "xl"])
def test_a_layer_that_is_skipped_later_raises(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """What begins to skip layers after the first step (a cache does) is noticed in the step that it spoils."""
    pipe, steps = tiny_of(model), list[int]()
    block = pipe.unet.mid_block.attentions[0].transformer_blocks[0]

    def skip(_pipe: Any, step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        steps.append(step)
        if step == 1:
            monkeypatch.setattr(block, "forward", lambda hidden_states, *_, **__: hidden_states)
        return tensors

    with (
        pytest.raises(GieError, match=r"cross-attention layers to run in every step, but 1 did not"),
        inhibit(pipe, CAT),
    ):
        draw(pipe, callback_on_step_end=skip)
    assert steps == [0, 1]
