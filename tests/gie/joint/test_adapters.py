"""Adapters on joint attention: scales from the first step's features, as for UNets, and refused where they do not belong."""

from typing import Any

import pytest
import torch

from gie import Concept, InputError, inhibit
from gie.features import probe
from tests.support.adapters import tiny_adapter
from tests.support.joint import CALL, LONGEST, JointModel, joint_adapter, tiny_joint
from tests.support.tiny import seeds

PROMPTS = ["a cat", "a photo of the dog"]
TWO: dict[str, Any] = {**CALL, "num_inference_steps": 2}
JOINT: list[JointModel] = ["sd35", "flux"]
both = pytest.mark.parametrize("model", JOINT)


def draw(pipe: Any) -> torch.Tensor:
    """Latents of two images."""
    return pipe(PROMPTS, generator=seeds(0, 1), output_type="latent", **TWO).images


@both
@pytest.mark.parametrize("injected", [0.0, 1.0])
@pytest.mark.parametrize("first_step", ["inhibited", "plain"])
def test_scales_come_from_the_first_steps_features(model: JointModel, injected: float, first_step: Any) -> None:
    """The adapter sees what probe() reads with the same w injected, and the images are those of its scales, fixed."""
    pipe = tiny_joint(model)
    adapter = joint_adapter(pipe, injected=(injected,), first_step=first_step)
    with inhibit(pipe, adapter, outside="go_on") as run:
        got = draw(pipe)
    want = probe(pipe, Concept("red cat", scale=injected), prompts=PROMPTS, generators=seeds(0, 1), **TWO)
    torch.testing.assert_close(run.features, want[:, :-1], atol=1e-6, rtol=1e-4)
    assert torch.equal(run.token_scales[0], adapter.infer(run.features))
    assert run.scales[0] != run.scales[1]
    assert not torch.equal(got, draw(pipe))


@both
def test_conditions_belong_to_an_adapter(model: JointModel) -> None:
    """Another guidance warns with both values and uses the best fixed scale; the same conditions infer."""
    pipe, guidance = tiny_joint(model), {"sd35": 7.0, "flux": 3.5}[model]
    sampling = joint_adapter(pipe).config.sampling
    there = sampling.model_copy(update={"guidance": guidance})
    with inhibit(pipe, joint_adapter(pipe, sampling=there)) as run:
        draw(pipe)
    assert run.scales[0] != run.scales[1]
    elsewhere = sampling.model_copy(update={"guidance": 2.0})
    with (
        pytest.warns(UserWarning, match="guidance 2.0 there"),
        inhibit(pipe, joint_adapter(pipe, sampling=elsewhere)) as run,
    ):
        draw(pipe)
    assert run.scales.tolist() == [[-4.0], [-4.0]]


@both
def test_features_belong_to_the_length_of_the_text(model: JointModel) -> None:
    """Padding takes its part of the attention: with eight times the slots less than half is left, so an adapter of another length warns."""
    pipe, long = tiny_joint(model), {**TWO, "max_sequence_length": 8 * LONGEST}
    concept = Concept("red cat", scale=0.0)
    here, there = (probe(pipe, concept, prompts=PROMPTS, generators=seeds(0, 1), **call).mean() for call in (TWO, long))
    assert there < here / 2
    guidance = {"sd35": 7.0, "flux": 3.5}[model]
    sampling = joint_adapter(pipe).config.sampling.model_copy(
        update={"guidance": guidance, "max_sequence_length": 8 * LONGEST}
    )
    adapter = joint_adapter(pipe, sampling=sampling)
    with inhibit(pipe, adapter) as run:
        pipe(PROMPTS, generator=seeds(0, 1), output_type="latent", **long)
    assert run.scales[0] != run.scales[1]
    with pytest.warns(UserWarning, match="max_sequence_length 112 there, 14 here"), inhibit(pipe, adapter) as run:
        draw(pipe)
    assert run.scales.tolist() == [[-4.0], [-4.0]]


@both
def test_adapters_of_other_models_are_refused(model: JointModel, pipe: Any) -> None:
    """A UNet's adapter on a transformer, a transformer's on a UNet, and one of other widths: both layers are named."""
    joint = tiny_joint(model)
    with (
        pytest.raises(InputError, match=r"down_blocks.*got one with . \(transformer_blocks"),
        inhibit(joint, tiny_adapter(pipe)),
    ):
        pytest.fail("the block began")
    with (
        pytest.raises(InputError, match=r"\(transformer_blocks.* got one with 16 \(down_blocks"),
        inhibit(pipe, joint_adapter(joint)),
    ):
        pytest.fail("the block began")
    layers = len(joint_adapter(joint).config.layers)
    with (
        pytest.raises(InputError, match=r"transformer_blocks\.0\.attn to be 8 wide"),
        inhibit(joint, joint_adapter(joint, widths=((8, 8),) * layers)),
    ):
        pytest.fail("the block began")
