"""A generation in two halves, as XL's base hands over to a second pipeline: both together are the whole one."""

from typing import Any

import pytest
import torch
from diffusers import DDIMScheduler

from gie import Concept, inhibit
from tests.support.families import tiny_of
from tests.support.tiny import seeds

PROMPTS = ["a cat", "a dog"]
CALL: dict[str, Any] = {"num_inference_steps": 4, "output_type": "latent", "guidance_scale": 5.0}
NEAR = 2e-2
CONCEPTS = {
    "all of the way": Concept("cat", scale=[0.0, -7.0]),
    "the first half": Concept("cat", scale=[0.0, -7.0], window=(0.0, 0.5)),
    "the second half": Concept("cat", scale=[0.0, -7.0], window=(0.5, 1.0)),
}


def halves() -> tuple[Any, Any]:
    """XL's base and a pipeline that goes on from its latents, with one stateless scheduler each."""
    pipes = tiny_of("xl"), tiny_of("xl", kind="StableDiffusionXLImg2ImgPipeline")
    for pipe in pipes:
        pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config)
    return pipes


def first_half(base: Any) -> torch.Tensor:
    """Latents after two of four steps."""
    return base(PROMPTS, generator=seeds(0, 1), denoising_end=0.5, **CALL).images


def second_half(other: Any, latents: torch.Tensor) -> torch.Tensor:
    """Latents after the rest."""
    return other(PROMPTS, image=latents, generator=seeds(0, 1), denoising_start=0.5, **CALL).images


@pytest.mark.parametrize("which", list(CONCEPTS))
def test_two_inhibited_halves_are_the_whole(which: str) -> None:
    """Windows go by timestep, so that they mean the same in a half as in the whole; w = 0 stays plain."""
    (base, other), concept = halves(), CONCEPTS[which]
    plain = base(PROMPTS, generator=seeds(0, 1), **CALL).images
    with inhibit(base, concept):
        want = base(PROMPTS, generator=seeds(0, 1), **CALL).images
        half = first_half(base)
    with inhibit(other, concept):
        got = second_half(other, half)
    torch.testing.assert_close(got, want, atol=NEAR, rtol=0)
    torch.testing.assert_close(got[0], plain[0], atol=NEAR, rtol=0)
    assert (got[1] - plain[1]).abs().max() > 10 * NEAR


def test_a_half_outside_of_the_window_is_plain() -> None:
    """The base draws plain bits when only the second half is inhibited, and the rest when only the first is."""
    base, other = halves()
    plain = first_half(base)
    with inhibit(base, CONCEPTS["the second half"]):
        assert torch.equal(first_half(base), plain)
    with inhibit(base, CONCEPTS["the first half"]):
        inhibited = first_half(base)
    assert not torch.equal(inhibited, plain)
    with inhibit(other, CONCEPTS["the first half"]):
        got = second_half(other, inhibited)
    assert torch.equal(got, second_half(other, inhibited))
