"""Features from noise that all prompts share differ by the prompt alone."""

from typing import Any

import pytest
import torch
from diffusers import StableDiffusionPipeline

from gie import Concept, inhibit
from gie.features import probe
from gie.noise import shared_noise
from tests.support.adapters import tiny_adapter
from tests.support.joint import CALL, JointModel, tiny_joint
from tests.support.tiny import seeds

PROMPTS = ["a cat", "a photo of the dog"]
SAMPLING: dict[str, Any] = {"num_inference_steps": 3, "output_type": "latent"}


def draw(pipe: Any) -> torch.Tensor:
    """Latents of two images."""
    return pipe(PROMPTS, generator=seeds(0, 1), **SAMPLING).images


def test_the_noise_is_the_same_in_every_row_and_what_a_denoiser_expects() -> None:
    """Of variance 1, in the dtype of what it stands for; another number is other noise."""
    like = torch.zeros(3, 4, 32, 32, dtype=torch.float16)
    noise = shared_noise(like, 0, channels=None)
    assert noise.shape == like.shape
    assert noise.dtype == like.dtype
    assert torch.equal(noise[0], noise[2])
    assert noise[0].float().std().item() == pytest.approx(1, abs=0.05)
    assert torch.equal(noise[:1], shared_noise(like[:1], 0, channels=4)), "it does not depend on the number of rows"
    assert not torch.equal(noise, shared_noise(like, 1, channels=None))


def test_channels_that_hold_no_noise_stay() -> None:
    """Of an inpainting UNet mask and masked picture are the caller's."""
    like = torch.rand(2, 9, 8, 8)
    noise = shared_noise(like, 0, channels=4)
    assert torch.equal(noise[:, 4:], like[:, 4:])
    assert not torch.isclose(noise[:, :4], like[:, :4]).all()


@pytest.mark.parametrize("first_step", ["inhibited", "plain"])
@pytest.mark.parametrize("noises", [1, 2])
def test_an_adapter_reads_what_a_probe_reads(pipe: StableDiffusionPipeline, first_step: Any, noises: int) -> None:
    """With each of its w, from as many noises, one row of each prompt at a time; then the steps are as ever."""
    adapter = tiny_adapter(pipe, injected=(1.0, 0.0), noises=noises, first_step=first_step)
    rows = list[int]()
    counter = pipe.unet.conv_in.register_forward_pre_hook(lambda _, args: rows.append(len(args[0])))
    with inhibit(pipe, adapter) as run:
        got = draw(pipe)
    counter.remove()
    assert rows == [2] * 2 * noises + [4, 4, 4]
    read = [
        probe(pipe, Concept("cat", scale=w), prompts=PROMPTS, generators=seeds(0, 1), noises=noises, **SAMPLING)
        for w in (1.0, 0.0)
    ]
    torch.testing.assert_close(run.features, torch.cat([one[:, :-1] for one in read], dim=-1), atol=1e-6, rtol=1e-4)
    with inhibit(pipe, Concept("cat", scale=run.scales[:, 0].tolist()), first_step=first_step):
        want = draw(pipe)
    assert torch.equal(got, want), "the pictures start from their own noise"


def test_the_scale_depends_on_the_prompt_alone(pipe: StableDiffusionPipeline) -> None:
    """Another seed draws another picture with the same scale; from their own noise the scales differ."""
    inferred = {}
    for noises in (0, 1):
        with inhibit(pipe, tiny_adapter(pipe, noises=noises)) as run:
            pipe([PROMPTS[0]] * 3, generator=seeds(0, 1, 2), **SAMPLING)
        inferred[noises] = run.scales[:, 0]
    assert inferred[1].unique().numel() == 1
    assert inferred[0].unique().numel() == 3


def test_adapters_of_both_kinds_beside_each_other(pipe: StableDiffusionPipeline) -> None:
    """Each reads what it would read alone."""
    shared, own = tiny_adapter(pipe, noises=2), tiny_adapter(pipe, concept="red car")
    alone = []
    for adapter in (shared, own):
        with inhibit(pipe, adapter) as run:
            pipe(PROMPTS, generator=seeds(0, 1), **SAMPLING)
        alone.append(run.token_scales[0])
    with inhibit(pipe, shared, own, threshold=0) as run:
        pipe(PROMPTS, generator=seeds(0, 1), **SAMPLING)
    for together, single in zip(run.token_scales, alone, strict=True):
        torch.testing.assert_close(together, single, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("model", ["sd3", "flux", "schnell"])
def test_joint_models_start_from_it_too(model: JointModel) -> None:
    """Also where the latents are a row of patches; the picture's own seed no longer matters."""
    pipe = tiny_joint(model)
    first, second, own = (
        probe(pipe, Concept("cat", scale=0.0), prompts=PROMPTS, generators=seeds(*those), noises=noises, num_inference_steps=3, **CALL)
        for those, noises in (((0, 1), 1), ((2, 3), 1), ((0, 1), 0))
    )  # fmt: skip
    torch.testing.assert_close(first, second)
    assert not torch.allclose(first, own, atol=1e-5)
