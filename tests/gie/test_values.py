"""Injecting what a concept's values have beyond those of the empty text, held against the literal method."""

import functools
import json
from typing import Any

import pytest
import torch

from gie import Concept, InputError, inhibit
from gie.adapter_config import AdapterConfig
from gie.concept import as_concept
from tests.support.adapters import tiny_adapter
from tests.support.families import Model, tiny_of
from tests.support.joint import JointModel, tiny_joint
from tests.support.literal import draw_literally
from tests.support.tiny import seeds

PROMPTS = ["a cat", "a dog"]
NEAR: dict[Model, float] = {"sd1": 2e-3, "sd2": 2e-3, "xl": 2e-2}
"""fp32 sums in another order; XL's latents are larger."""


@pytest.mark.parametrize("model", ["sd1", "sd2", "xl"])
def test_the_empty_texts_values_are_left_out(model: Model) -> None:
    """Equal to the literal method, also beside w = 0, which is the plain model bit for bit; far from injecting them whole."""
    pipe = tiny_of(model)

    def draw() -> torch.Tensor:
        return pipe(PROMPTS, generator=seeds(0, 1), num_inference_steps=2, output_type="latent").images

    plain = draw()
    with inhibit(pipe, Concept("red cat", scale=[0.0, -7.0])):
        whole = draw()
    with inhibit(pipe, Concept("red cat", scale=[0.0, -7.0], values="concept-empty")):
        got = draw()
    want = draw_literally(
        pipe, {"red cat": [0.0, -7.0]}, PROMPTS, generator=seeds(0, 1), num_inference_steps=2, without=""
    )  # fmt: skip
    assert torch.equal(got[0], plain[0])
    torch.testing.assert_close(got, want, atol=NEAR[model], rtol=0)
    assert (got[1] - plain[1]).abs().max() > 10 * NEAR[model]
    assert (got[1] - whole[1]).abs().max() > 10 * NEAR[model]


def test_a_concept_that_says_nothing_injects_nothing(pipe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the concept's text is encoded as the empty one is, nothing lies beyond it, and the picture is plain."""
    encode_prompt = pipe.encode_prompt

    @functools.wraps(encode_prompt)
    def deaf(prompt: Any, *args: Any, **options: Any) -> Any:
        heard = ["" if text == "cat" else text for text in prompt] if isinstance(prompt, list) else prompt
        return encode_prompt(heard, *args, **options)

    monkeypatch.setattr(pipe, "encode_prompt", deaf)

    def draw() -> torch.Tensor:
        return pipe("a dog", generator=seeds(0)[0], num_inference_steps=2, output_type="latent").images

    plain = draw()
    with inhibit(pipe, Concept("cat", scale=-7.0, slots="all", values="concept-empty")):
        assert torch.equal(draw(), plain)
    with inhibit(pipe, Concept("cat", scale=-7.0, slots="all")):
        assert not torch.equal(draw(), plain)


def test_unknown_values_are_refused() -> None:
    """The message lists what there is."""
    wrong: Any = "everything"
    # The checker of the tests may speak first; outside tests it is not there.
    with pytest.raises((InputError, TypeError), match="concept"):
        Concept("cat", scale=-7.0, values=wrong)


@pytest.mark.parametrize("model", ["sd3", "schnell"])
def test_joint_attention_refuses_to_leave_them_out(model: JointModel) -> None:
    """Its texts change in every block, and the empty one does not go along."""
    pipe = tiny_joint(model)
    concept = Concept("cat", scale=-7.0, values="concept-empty")
    with pytest.raises(InputError, match='expected values="concept"'), inhibit(pipe, concept):
        pytest.fail("the block began")


def test_an_adapter_knows_its_values(pipe: Any) -> None:
    """They are part of its config; one that was written before there was a choice injects them whole."""
    adapter = tiny_adapter(pipe, values="concept-empty")
    assert as_concept(adapter).values == "concept-empty"
    written = adapter.config.model_dump(mode="json")
    del written["values"]
    assert AdapterConfig.model_validate_json(json.dumps(written)).values == "concept"
