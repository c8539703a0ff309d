"""The block: what it refuses, and that it leaves everything as it was."""

import inspect
from typing import Any

import pytest
import torch
from diffusers import DDIMScheduler, EulerDiscreteScheduler

from gie import Concept, GieError, InputError, inhibit
from tests.support.tiny import CONTEXT, seeds

CAT = Concept("cat", scale=-7.0)


def draw(pipe: Any, *, steps: int = 1, prompt: str = "a cat") -> torch.Tensor:
    """Latents of one image."""
    return pipe(prompt, num_inference_steps=steps, generator=seeds(0)[0], output_type="latent").images


def traces(pipe: Any) -> tuple[Any, ...]:
    """Everything that a block touches, by identity."""
    unet = pipe.unet
    hooks = (len(unet._forward_pre_hooks), len(unet._forward_hooks))
    return {name: id(processor) for name, processor in unet.attn_processors.items()}, hooks, dict(vars(pipe.scheduler))


def test_leaving_restores_the_very_processors(pipe: Any) -> None:
    """After the block the same processor objects, hooks and scheduler methods are there; inside, other ones were."""
    before = traces(pipe)
    with inhibit(pipe, CAT):
        assert traces(pipe) != before
    assert traces(pipe) == before


def test_an_exception_restores_too(pipe: Any) -> None:
    """An exception in a step leaves nothing behind, and the next generation is plain."""
    plain, before = draw(pipe), traces(pipe)

    def fail(*_: Any) -> dict[str, Any]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), inhibit(pipe, CAT):
        pipe("a cat", num_inference_steps=2, output_type="latent", callback_on_step_end=fail)
    assert traces(pipe)[:2] == before[:2]
    assert "set_timesteps" not in vars(pipe.scheduler)
    assert torch.equal(draw(pipe), plain)


def test_a_block_goes_on_after_a_failed_generation(pipe: Any) -> None:
    """A generation that failed half-way does not leak into the next one of the same block."""
    with inhibit(pipe, CAT):
        want = draw(pipe)
        with pytest.raises(RuntimeError):
            pipe("a cat", latents=torch.zeros(1, 3, 8, 8), num_inference_steps=1)
        assert torch.equal(draw(pipe), want)


def test_nested_blocks_add_up(pipe: Any) -> None:
    """Inside two blocks both concepts act, as in one block with both; each exit removes its own alone."""
    car = Concept("car", scale=-5.0)
    with inhibit(pipe, CAT, car, threshold=0.0):
        both = draw(pipe)
    before = traces(pipe)
    with inhibit(pipe, CAT):
        outer, cat_only = traces(pipe), draw(pipe)
        with inhibit(pipe, car):
            nested = draw(pipe)
        assert traces(pipe)[:2] == outer[:2]
        assert torch.equal(draw(pipe), cat_only)
    assert traces(pipe)[:2] == before[:2]
    torch.testing.assert_close(nested, both, atol=2e-3, rtol=0)
    assert (nested - cat_only).abs().max() > 0.1


def test_generations_of_one_block_are_apart(pipe: Any) -> None:
    """The same call twice gives the same bits, another batch size between them changes nothing."""
    with inhibit(pipe, CAT) as run:
        first = draw(pipe)
        pipe(["a dog", "a car"], num_inference_steps=1, output_type="latent")
        assert run.scales.tolist() == [[-7.0], [-7.0]]
        assert torch.equal(draw(pipe), first)
        assert run.scales.tolist() == [[-7.0]]


def test_the_tensors_of_a_generation_are_dropped(pipe: Any) -> None:
    """After the block no layer holds projected keys; during it, all do."""
    with inhibit(pipe, CAT) as run:
        draw(pipe)
        private: Any = run
        injections = list(private._installation.injections.values())
        assert all(injection.keys is not None for injection in injections)
    assert not any(injection.concepts or injection.terms for injection in injections)
    assert all(injection.keys is None for injection in injections)


def test_set_timesteps_keeps_its_signature(pipe: Any) -> None:
    """Pipelines ask the scheduler's method what it takes; the wrapper answers as the method does."""
    scheduler: Any = EulerDiscreteScheduler.from_config(pipe.scheduler.config)
    pipe.scheduler = scheduler
    want = inspect.signature(scheduler.set_timesteps)
    with inhibit(pipe, CAT):
        assert inspect.signature(scheduler.set_timesteps) == want
        pipe("a cat", timesteps=[900, 500, 1], output_type="latent")


def test_a_new_scheduler_inside_the_block_is_followed(pipe: Any) -> None:
    """A scheduler put in place inside the block begins a new generation, and both are restored."""
    config = pipe.scheduler.config
    pipe.scheduler = DDIMScheduler.from_config(config)
    with inhibit(pipe, CAT):
        want = draw(pipe, steps=2)
    old: Any = EulerDiscreteScheduler.from_config(config)
    pipe.scheduler = old
    with inhibit(pipe, CAT) as run:
        draw(pipe, steps=2)
        pipe.scheduler = DDIMScheduler.from_config(config)
        assert torch.equal(draw(pipe, steps=2), want)
        assert run.conditions.scheduler == "DDIMScheduler"
    assert "set_timesteps" not in {**vars(old), **vars(pipe.scheduler)}


def test_the_first_step_may_be_left_plain(pipe: Any) -> None:
    """With first_step="plain" the first step is the plain model's, bit for bit, and the second is inhibited."""
    steps: list[torch.Tensor] = []

    def keep(_pipe: Any, _step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        steps.append(tensors["latents"])
        return tensors

    call: dict[str, Any] = {"num_inference_steps": 2, "output_type": "latent", "callback_on_step_end": keep}
    pipe("a cat", generator=seeds(0)[0], **call)
    with inhibit(pipe, CAT, first_step="plain"):
        pipe("a cat", generator=seeds(0)[0], **call)
    with inhibit(pipe, CAT):
        pipe("a cat", generator=seeds(0)[0], **call)
    assert torch.equal(steps[2], steps[0])
    assert not torch.equal(steps[3], steps[1])
    assert not torch.equal(steps[4], steps[0])


def test_close_concepts_give_way(pipe: Any) -> None:
    """Of two concepts whose texts mean the same only the stronger acts in an image; a threshold of 0 lets both act."""
    concepts = [Concept("cat", scale=[-3.0, -9.0]), Concept("cat", scale=-5.0)]
    call: dict[str, Any] = {"num_inference_steps": 1, "output_type": "latent"}
    with inhibit(pipe, *concepts) as run:
        pipe(["a cat", "a dog"], **call)
        assert run.scales.tolist() == [[0.0, -5.0], [-9.0, 0.0]]
    with inhibit(pipe, *concepts, threshold=0.0) as run:
        pipe(["a cat", "a dog"], **call)
        assert run.scales.tolist() == [[-3.0, -5.0], [-9.0, -5.0]]


@pytest.mark.parametrize("slots", ["concept+eot", "all"])
def test_other_slots_inject_more(pipe: Any, slots: Any) -> None:
    """Injecting [EOT], or all slots, draws another picture than the concept's own tokens alone; w = 0 does not."""
    with inhibit(pipe, CAT):
        own = draw(pipe)
    with inhibit(pipe, Concept("cat", scale=-7.0, slots=slots)):
        assert (draw(pipe) - own).abs().max() > 0.1
    plain = draw(pipe)
    with inhibit(pipe, Concept("cat", scale=0.0, slots=slots)):
        assert torch.equal(draw(pipe), plain)


def test_nothing_to_erase_is_refused(pipe: Any) -> None:
    """A block without a concept would do nothing in silence."""
    with pytest.raises(InputError, match="at least one Concept"), inhibit(pipe):
        pytest.fail("the block began")


@pytest.mark.parametrize("text", ["cat " * (CONTEXT - 1), "\ufeff"], ids=["too long", "no token"])
def test_a_concept_that_does_not_fit_is_refused(pipe: Any, text: str) -> None:
    """A text longer than the context, or one of which the tokenizer leaves nothing, is refused before anything is done."""
    before = traces(pipe)
    if not text.isascii():
        pipe.tokenizer = _Silent()
    with (
        pytest.raises(InputError, match="expected a concept of 1 to 18 tokens"),
        inhibit(pipe, Concept(text, scale=-7.0)),
    ):
        pytest.fail("the block began")
    assert traces(pipe) == before


class _Silent:
    """A tokenizer that drops every character."""

    model_max_length = CONTEXT
    added_tokens_encoder: dict[str, int] = {}  # noqa: RUF012 - nothing is added

    def tokenize(self, _text: str) -> list[str]:
        return []

    def __call__(self, _text: str, **_: Any) -> Any:
        return type("Ids", (), {"input_ids": [0, 1]})


def test_wrong_number_of_scales(pipe: Any) -> None:
    """One scale for each image, or a single one: anything else says how many images there are."""
    with (
        pytest.raises(InputError, match=r"each of 2 images .* got 3"),
        inhibit(pipe, Concept("cat", scale=[0, -1, -2])),
    ):
        pipe(["a cat", "a dog"], num_inference_steps=1)


def test_results_before_any_generation(pipe: Any) -> None:
    """What a block tells is of a generation; before there is one, it says so."""
    with inhibit(pipe, CAT) as run:
        for ask in (lambda: run.scales, lambda: run.features, lambda: run.conditions):
            with pytest.raises(GieError, match="got none yet"):
                ask()
        draw(pipe)
        with pytest.raises(GieError, match="capture=True"):
            _ = run.features
    assert len(run.layers) == 16
