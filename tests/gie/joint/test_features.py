"""Features of joint attention: what the literal maps show, in the order of the blocks."""

from typing import Any

import pytest
import torch

from gie import Concept, InputError, inhibit
from gie.features import probe
from gie.layers import cross_attention_layers, layer_widths
from tests.support.joint import CALL, LONGEST, JointModel, tiny_joint
from tests.support.literal_joint import draw_joint_literally
from tests.support.tiny import seeds

PROMPTS = ["a cat", "a dog"]
ONE: dict[str, Any] = {**CALL, "num_inference_steps": 1}
LAYERS = {"sd3": 4, "sd35": 4, "flux": 5, "schnell": 5}
OWN = {"sd3": 2 + 4, "sd35": 2 + 4, "flux": 4, "schnell": 4}
"""Own tokens of `red kitten`: two in CLIP's stretch, four in T5's."""


@pytest.mark.parametrize("model", list(LAYERS))
def test_layers_come_in_call_order(model: JointModel) -> None:
    """Every block's joint attention; SD3.5's second attention, of the image alone, is none."""
    pipe, called = tiny_joint(model), list[str]()
    names = cross_attention_layers(pipe.transformer)
    modules = dict(pipe.transformer.named_modules())
    hooks = [modules[name].register_forward_hook(lambda *_, name=name: called.append(name)) for name in names]
    pipe(PROMPTS, output_type="latent", **ONE)
    for hook in hooks:
        hook.remove()
    assert called == list(names)
    assert len(names) == LAYERS[model]
    width = pipe.transformer.inner_dim
    assert layer_widths(pipe.transformer) == ((width, width),) * len(names)


@pytest.mark.parametrize("w", [0.0, 1.0, -5.0])
@pytest.mark.parametrize("model", list(LAYERS))
def test_features_are_the_literal_means(model: JointModel, w: float) -> None:
    """Eq. 9 of each block's own second run, for each own token and [EOT], with what is injected in the blocks before it."""
    pipe = tiny_joint(model)
    with inhibit(pipe, Concept("red kitten", scale=w), capture=True) as run:
        pipe(PROMPTS, generator=seeds(0, 1), output_type="latent", **ONE)
    _, literal = draw_joint_literally(pipe, {"red kitten": [w, w]}, PROMPTS, generator=seeds(0, 1), **ONE)
    want = torch.stack([torch.stack(literal.means[0, image], dim=-1) for image in (0, 1)])
    assert run.features.shape == (2, OWN[model] + 1, LAYERS[model])
    assert run.features.dtype == torch.float32
    torch.testing.assert_close(run.features, want, atol=1e-6, rtol=1e-4)
    assert (run.features[0] - run.features[1]).abs().max() > 1e-4, "the images are alike"


@pytest.mark.parametrize("model", list(LAYERS))
def test_a_probe_reads_what_a_generation_does(model: JointModel) -> None:
    """One call of the conditional rows alone; a model that reads the guidance itself keeps the caller's."""
    pipe, rows = tiny_joint(model), list[int]()
    counter = pipe.transformer.context_embedder.register_forward_pre_hook(lambda _, args: rows.append(len(args[0])))
    call: dict[str, Any] = {"guidance_scale": 5.0, "num_inference_steps": 3}
    got = probe(pipe, Concept("cat", scale=1.0), prompts=PROMPTS, generators=seeds(0, 1), **CALL, **call)
    counter.remove()
    assert rows == [2, 1]  # the prompts, and the concept beside them
    with inhibit(pipe, Concept("cat", scale=1.0), capture=True) as run:
        pipe(PROMPTS, generator=seeds(0, 1), output_type="latent", **CALL, **call)
    torch.testing.assert_close(got, run.features, atol=1e-6, rtol=1e-4)
    assert run.conditions.guidance == (1.0 if model == "schnell" else 5.0)


@pytest.mark.parametrize("model", ["sd3", "flux"])
def test_conditions_are_read_from_the_call(model: JointModel) -> None:
    """Size in pixels and the first timestep in the scheduler's unit, also where latents are a row of patches."""
    pipe = tiny_joint(model)
    with inhibit(pipe, Concept("cat", scale=-7.0)) as run:
        pipe(PROMPTS[0], output_type="latent", **(ONE | {"height": 32, "width": 48, "num_inference_steps": 2}))
    conditions = run.conditions
    assert (conditions.height, conditions.width, conditions.steps) == (32, 48, 2)
    assert conditions.first_timestep == pytest.approx(1000.0)
    assert conditions.scheduler == "FlowMatchEulerDiscreteScheduler"
    assert conditions.max_sequence_length == LONGEST


@pytest.mark.parametrize("model", ["sd3", "flux"])
def test_a_concept_has_room_beside_the_calls_prompts(model: JointModel) -> None:
    """The concept is as long as the call's prompts; one that does not fit there is refused, and the next call goes on."""
    pipe, text = tiny_joint(model), "cat " * 10
    with inhibit(pipe, Concept(text, scale=-7.0)) as run:
        with pytest.raises(
            InputError, match=r"up to 5 tokens beside prompts of .* slots, got 10 .* larger max_sequence"
        ):
            pipe(PROMPTS[0], output_type="latent", **(ONE | {"max_sequence_length": 6}))
        pipe(PROMPTS[0], output_type="latent", **ONE)
    assert run.token_scales[0].shape == (1, 20 if model == "sd3" else 10)


def test_embeddings_too_short_for_their_encoders_are_refused() -> None:
    """Prompts that came as embeddings may be of any length; where T5's slots would be, none are left."""
    pipe = tiny_joint("sd3")
    embeds = {"prompt_embeds": torch.zeros(1, 20, 64), "pooled_prompt_embeds": torch.zeros(1, 20)}
    call = {name: value for name, value in ONE.items() if name != "max_sequence_length"}
    with inhibit(pipe, Concept("cat", scale=-7.0)), pytest.raises(InputError, match="more than 20 slots, got 20"):
        pipe(guidance_scale=1.0, output_type="latent", **embeds, **call)
