"""The block around a joint pipeline: what it leaves behind, what it refuses, and that it fails closed."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from diffusers import SD3Transformer2DModel
from diffusers.models.attention_processor import JointAttnProcessor2_0, PAGJointAttnProcessor2_0
from diffusers.models.transformers.transformer_flux import FluxAttnProcessor
from peft import LoraConfig

from gie import Concept, GieError, InputError, inhibit
from gie.support import family_of
from tests.support.joint import CALL, JointModel, tiny_joint
from tests.support.tiny import seeds

CAT = Concept("cat", scale=-7.0)
PROMPTS = ["a cat", "a dog"]
TWO: dict[str, Any] = {**CALL, "num_inference_steps": 2, "output_type": "latent"}
JOINT: list[JointModel] = ["sd35", "flux"]
both = pytest.mark.parametrize("model", JOINT)


def draw(pipe: Any, **changes: Any) -> torch.Tensor:
    """Latents of two images."""
    return pipe(PROMPTS, generator=seeds(0, 1), **(TWO | changes)).images


def traces(pipe: Any) -> tuple[Any, ...]:
    """Everything that a block touches, by identity."""
    modules = [pipe.transformer, pipe.transformer.time_text_embed, pipe.transformer.context_embedder]
    hooks = [(len(module._forward_pre_hooks), len(module._forward_hooks)) for module in modules]
    processors = {name: id(processor) for name, processor in pipe.transformer.attn_processors.items()}
    return processors, hooks, dict(vars(pipe.scheduler))


@both
def test_leaving_restores_the_very_processors(model: JointModel) -> None:
    """After the block the same processor objects, hooks and scheduler methods are there, also after an exception."""
    pipe = tiny_joint(model)
    plain, before = draw(pipe), traces(pipe)
    with inhibit(pipe, CAT):
        assert traces(pipe) != before

    def fail(*_: Any) -> dict[str, Any]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), inhibit(pipe, CAT):
        draw(pipe, callback_on_step_end=fail)
    assert traces(pipe)[:2] == before[:2]
    assert torch.equal(draw(pipe), plain)


@both
def test_nested_blocks_add_up(model: JointModel) -> None:
    """Inside two blocks both concepts act, as in one block with both; each exit removes its own alone."""
    pipe, car = tiny_joint(model), Concept("car", scale=-5.0)
    with inhibit(pipe, CAT, car, threshold=0.0):
        together = draw(pipe)
    with inhibit(pipe, CAT):
        outer, cat_only = traces(pipe), draw(pipe)
        with inhibit(pipe, car):
            nested = draw(pipe)
        assert traces(pipe)[:2] == outer[:2]
        assert torch.equal(draw(pipe), cat_only)
    torch.testing.assert_close(nested, together, atol=1e-3, rtol=0)
    assert (nested - cat_only).abs().max() > 0.1


@both
def test_generations_of_one_block_are_apart(model: JointModel) -> None:
    """The same call twice gives the same bits, another batch size between them changes nothing; nothing is kept afterwards."""
    pipe = tiny_joint(model)
    with inhibit(pipe, CAT) as run:
        first = draw(pipe)
        pipe("a car", **TWO)
        assert torch.equal(draw(pipe), first)
        private: Any = run
        injections = list(private._installation.injections.values())
        assert injections[0].stream.states
    assert not any(injection.concepts or injection.stream.states for injection in injections)


@both
def test_a_window_leaves_steps_plain(model: JointModel) -> None:
    """A window between the two steps is the plain model, bit for bit; one around the first is not."""
    pipe = tiny_joint(model)
    plain = draw(pipe)
    with inhibit(pipe, Concept("cat", scale=-7.0, window=(0.1, 0.2))):
        assert torch.equal(draw(pipe), plain)
    with inhibit(pipe, Concept("cat", scale=-7.0, window=(0.0, 0.2))):
        assert not torch.equal(draw(pipe), plain)


@both
@pytest.mark.parametrize("slots", ["concept+eot", "all"])
def test_other_slots_inject_more(model: JointModel, slots: Any) -> None:
    """Injecting [EOT], or all slots, draws another picture than the concept's own tokens alone; w = 0 does not."""
    pipe = tiny_joint(model)
    plain = draw(pipe)
    with inhibit(pipe, CAT):
        own = draw(pipe)
    with inhibit(pipe, Concept("cat", scale=-7.0, slots=slots)):
        assert (draw(pipe) - own).abs().max() > 0.01
    with inhibit(pipe, Concept("cat", scale=0.0, slots=slots)):
        assert torch.equal(draw(pipe), plain)


def _with_lora(pipe: Any) -> None:
    torch.manual_seed(9)
    targets = ["to_k", "to_v", "to_q", "to_out.0", "add_k_proj", "add_v_proj", "context_embedder"]
    pipe.transformer.add_adapter(LoraConfig(r=2, target_modules=targets, init_lora_weights=False))


Prepare = Callable[[Any], object]
SWITCHED_ON: dict[str, tuple[Prepare, dict[str, Any]]] = {
    "lora": (_with_lora, {"joint_attention_kwargs": {"scale": 0.5}}),
    "offload": (lambda pipe: pipe.enable_model_cpu_offload(device="cpu"), {}),
    "bf16": (lambda pipe: pipe.to(dtype=torch.bfloat16), {}),
    "fp16": (lambda pipe: pipe.to(dtype=torch.float16), {}),
}


@both
@pytest.mark.parametrize("what", list(SWITCHED_ON))
def test_inhibition_composes(model: JointModel, what: str) -> None:
    """With it on, w = 0 is the plain picture bit for bit, w = -7 is another, and afterwards all is as before."""
    prepare, options = SWITCHED_ON[what]
    pipe = copy.deepcopy(tiny_joint(model))
    prepare(pipe)
    plain = draw(pipe, **options)
    assert torch.isfinite(plain).all()
    with inhibit(pipe, Concept("cat", scale=[0.0, -7.0])):
        erased = draw(pipe, **options)
    assert torch.equal(erased[0], plain[0])
    assert not torch.equal(erased[1], plain[1])
    assert torch.isfinite(erased).all()
    assert torch.equal(draw(pipe, **options), plain)


@both
def test_a_replaced_processor_raises(model: JointModel) -> None:
    """One block replaced in the middle of a generation is enough."""
    pipe = tiny_joint(model)

    def replace(pipe: Any, _step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        kind = FluxAttnProcessor if model == "flux" else JointAttnProcessor2_0
        pipe.transformer.transformer_blocks[1].attn.set_processor(kind())
        return tensors

    with (
        pytest.raises(GieError, match=r"processor in transformer_blocks\.1\.attn.*got .*Processor"),
        inhibit(pipe, CAT),
    ):
        draw(pipe, callback_on_step_end=replace)


@both
def test_a_skipped_block_raises(model: JointModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """What skips blocks (caches do) is noticed, also where it is the first one."""
    pipe = tiny_joint(model)
    block = pipe.transformer.transformer_blocks[0]
    monkeypatch.setattr(
        block, "forward", lambda hidden_states, encoder_hidden_states, **_: (encoder_hidden_states, hidden_states)
    )
    with (
        pytest.raises(GieError, match="joint attention layers to run in every step, but 1 did not"),
        inhibit(pipe, CAT),
    ):
        draw(pipe)


def test_skipped_layers_as_guidance_raise() -> None:
    """SD3.5's skip layer guidance calls the transformer once more without some of its blocks."""
    pipe = tiny_joint("sd35")
    with pytest.raises(GieError, match="call the pipeline without skip_guidance_layers"), inhibit(pipe, CAT):
        draw(pipe, num_inference_steps=6, skip_guidance_layers=[1], skip_layer_guidance_stop=0.9)


@both
def test_forward_past_the_hooks_raises(model: JointModel) -> None:
    """`transformer.forward(...)` runs no hooks; the blocks themselves refuse."""
    pipe, calls = tiny_joint(model), list[dict[str, Any]]()
    watch = pipe.transformer.register_forward_pre_hook(
        lambda _, _args, kwargs: calls.append(dict(kwargs)), with_kwargs=True
    )
    draw(pipe)
    watch.remove()
    with inhibit(pipe, CAT), pytest.raises(GieError, match="past the hooks"), torch.no_grad():
        pipe.transformer.forward(**calls[0])


def test_a_third_call_in_a_step_raises() -> None:
    """FLUX is called once a step, or twice with a negative prompt; with the same latents once more nobody knows for what."""
    pipe, calls = tiny_joint("flux"), list[dict[str, Any]]()
    watch = pipe.transformer.register_forward_pre_hook(
        lambda _, _args, kwargs: calls.append(dict(kwargs)), with_kwargs=True
    )
    draw(pipe)
    watch.remove()
    with torch.no_grad(), inhibit(pipe, CAT):
        pipe.scheduler.set_timesteps(2, mu=1.0)
        pipe.transformer(**calls[0])
        pipe.transformer(**calls[0])
        with pytest.raises(
            GieError, match="expected one call of the transformer for the prompt and one for the negative"
        ):
            pipe.transformer(**calls[0])


def test_another_transformer_inside_the_block_raises() -> None:
    """One that was put in place inside the block has no hooks of ours, so its generation does not begin."""
    pipe = tiny_joint("sd3")
    with inhibit(pipe, CAT):
        pipe.transformer = SD3Transformer2DModel.from_config(pipe.transformer.config)
        with pytest.raises(GieError, match="expected the transformer that inhibit"):
            draw(pipe)


@both
def test_unknown_arithmetic_is_refused(model: JointModel) -> None:
    """A processor or a layer whose arithmetic is not known is refused by name, and nothing is left half installed."""
    pipe = copy.deepcopy(tiny_joint(model))
    pipe.transformer.transformer_blocks[1].attn.set_processor(PAGJointAttnProcessor2_0())
    before = traces(pipe)
    with pytest.raises(InputError, match="got PAGJointAttnProcessor2_0"), inhibit(pipe, CAT):
        pytest.fail("the block began")
    assert traces(pipe) == before
    pipe = copy.deepcopy(tiny_joint(model))
    pipe.transformer.transformer_blocks[1].attn.fuse_projections()
    with pytest.raises(InputError, match=r"transformer_blocks\.1\.attn with its own projections"), inhibit(pipe, CAT):
        pytest.fail("the block began")


def test_compiled_blocks_are_refused() -> None:
    """No test says that a stream beside a compiled block is right."""
    pipe = copy.deepcopy(tiny_joint("flux"))
    pipe.transformer.single_transformer_blocks[0].compile(backend="eager")
    with (
        pytest.raises(InputError, match=r"single_transformer_blocks\.0\.attn in a plain block, got a compiled one"),
        inhibit(pipe, CAT),
    ):
        pytest.fail("the block began")


@both
def test_a_mask_over_the_tokens_is_refused(model: JointModel) -> None:
    """No pipeline on the list masks tokens; what does is refused rather than its mask dropped."""
    pipe = tiny_joint(model)
    mask = {"joint_attention_kwargs": {"attention_mask": torch.ones(1)}}
    with inhibit(pipe, CAT), pytest.raises(InputError, match="expected no mask over the tokens"):
        draw(pipe, **mask)


def test_other_models_are_refused() -> None:
    """A transformer of another kind in a pipeline on the list, and one without its third text encoder."""
    pipe = tiny_joint("flux")
    pipe.transformer = tiny_joint("sd3").transformer
    with pytest.raises(InputError, match="FLUX with a FluxTransformer2DModel, got a SD3Transformer2DModel"):
        family_of(pipe)
    pipe = tiny_joint("sd3")
    pipe.text_encoder_3 = None
    with pytest.raises(InputError, match="can encode the concept, got no text_encoder_3; load it too"):
        family_of(pipe)
