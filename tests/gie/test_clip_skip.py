"""`clip_skip`: XL's concepts skip what its prompts skip; where diffusers itself fails with this transformers, it is said."""

from typing import Any

import pytest
import torch

from gie import Concept, InputError, inhibit
from tests.support.families import Model, tiny_of
from tests.support.literal import draw_literally
from tests.support.tiny import seeds

NEAR = 2e-2


@pytest.mark.parametrize("model", ["sd1", "sd2"])
def test_a_clip_skip_that_diffusers_cannot_do_is_refused(model: Model) -> None:
    """Embeddings that were made elsewhere bring a prompt past diffusers' own failure; the concept's is refused in words."""
    pipe = tiny_of(model)
    positive, negative = pipe.encode_prompt("a cat", "cpu", 1, do_classifier_free_guidance=True)
    call: dict[str, Any] = {"prompt_embeds": positive, "negative_prompt_embeds": negative, "output_type": "latent"}
    with pytest.raises(AttributeError, match="text_model"):
        pipe("a cat", clip_skip=1)
    with inhibit(pipe, Concept("cat", scale=-7.0)) as run:
        with pytest.raises(
            InputError, match="expected no clip_skip, which this diffusers cannot do with this transformers"
        ):
            pipe(**call, num_inference_steps=1, clip_skip=1)
        pipe(**call, num_inference_steps=1)
        assert run.scales.tolist() == [[-7.0]]


def test_xl_skips_for_the_concept_too() -> None:
    """The concept's embedding comes from the layer that the prompt's comes from."""
    pipe = tiny_of("xl")
    call: dict[str, Any] = {"generator": seeds(0), "num_inference_steps": 2, "output_type": "latent", "clip_skip": 1}

    def draw() -> torch.Tensor:
        with inhibit(pipe, Concept("cat", scale=-7.0)):
            return pipe(["a dog"], **(call | {"generator": seeds(0)})).images

    want = draw_literally(pipe, {"cat": [-7.0]}, ["a dog"], generator=seeds(0), num_inference_steps=2, clip_skip=1)
    got = draw()
    torch.testing.assert_close(got, want, atol=NEAR, rtol=0)
    assert (got - pipe(["a dog"], **(call | {"generator": seeds(0)})).images).abs().max() > 10 * NEAR
