"""Adapters at work: features of the first step, scales inferred from them, and where they do not hold."""

from typing import Any

import pytest
import torch
from diffusers import EulerDiscreteScheduler, StableDiffusionPipeline

from gie import Concept, InputError, inhibit
from gie.features import probe
from tests.support.adapters import tiny_adapter
from tests.support.tiny import seeds

PROMPTS = ["a cat", "a photo of the dog"]
CALL: dict[str, Any] = {"num_inference_steps": 3, "output_type": "latent"}


def draw(pipe: Any, **changes: Any) -> torch.Tensor:
    """Latents of two images."""
    return pipe(PROMPTS, generator=seeds(0, 1), **(CALL | changes)).images


def count_forwards(pipe: Any) -> list[int]:
    """Grows by the rows of every pass through the UNet, hooks or not."""
    rows: list[int] = []
    pipe.unet.conv_in.register_forward_hook(lambda _module, args, _out: rows.append(len(args[0])))
    return rows


@pytest.fixture(autouse=True)
def _no_counters_left(pipe: StableDiffusionPipeline) -> Any:
    yield
    pipe.unet.conv_in._forward_hooks.clear()


@pytest.mark.parametrize("injected", [0.0, 1.0, -3.0])
@pytest.mark.parametrize("first_step", ["inhibited", "plain"])
def test_scales_come_from_the_first_steps_features(
    pipe: StableDiffusionPipeline, injected: float, first_step: Any
) -> None:
    """The adapter sees what probe() reads with the same w injected, and the images are those of its scales, fixed."""
    adapter = tiny_adapter(pipe, injected=(injected,), first_step=first_step)
    with inhibit(pipe, adapter) as run:
        got = draw(pipe)
    sampling = {"num_inference_steps": 3}
    want = probe(pipe, Concept("cat", scale=injected), prompts=PROMPTS, generators=seeds(0, 1), **sampling)
    torch.testing.assert_close(run.features, want[:, :-1], atol=1e-6, rtol=1e-4)
    assert torch.equal(run.token_scales[0], adapter.infer(run.features))
    assert run.scales[0] != run.scales[1]
    with inhibit(pipe, Concept("cat", scale=run.scales[:, 0].tolist()), first_step=first_step):
        assert torch.equal(draw(pipe), got)


@pytest.mark.parametrize("first_step", ["inhibited", "plain"])
def test_several_first_steps_are_read_side_by_side(pipe: StableDiffusionPipeline, first_step: Any) -> None:
    """An adapter that reads features at several w gets those of each, in its config's order, and infers once."""
    adapter = tiny_adapter(pipe, injected=(0.0, 1.0, -3.0), first_step=first_step)
    with inhibit(pipe, adapter) as run:
        draw(pipe)
    single = [tiny_adapter(pipe, injected=(w,), first_step=first_step) for w in (0.0, 1.0, -3.0)]
    for part, one in zip(run.features.split(16, dim=-1), single, strict=True):
        with inhibit(pipe, one) as alone:
            draw(pipe)
        torch.testing.assert_close(part, alone.features)
    assert torch.equal(run.token_scales[0], adapter.infer(run.features))


def test_eot_is_read_beside_each_token(pipe: StableDiffusionPipeline) -> None:
    """Of each w the token's own features, then those of [EOT], which are the same for all tokens of the concept."""
    injected = (1.0, 0.0)
    adapter = tiny_adapter(pipe, concept="red cat", injected=injected, eot=True)
    with inhibit(pipe, adapter) as run:
        draw(pipe)
    parts = iter(run.features.split(16, dim=-1))
    for w in injected:
        read = probe(pipe, Concept("red cat", scale=w), prompts=PROMPTS, generators=seeds(0, 1), num_inference_steps=3)
        torch.testing.assert_close(next(parts), read[:, :2], atol=1e-6, rtol=1e-4)
        torch.testing.assert_close(next(parts), read[:, [2, 2]], atol=1e-6, rtol=1e-4)
    assert torch.equal(run.token_scales[0], adapter.infer(run.features))


def test_features_are_the_literal_means(pipe: StableDiffusionPipeline) -> None:
    """Eq. 9 in the first layer: of the concept's tokens and of [EOT], which the tokenizer tells."""
    attn = next(module for name, module in pipe.unet.named_modules() if name.endswith("attn2"))
    queries: list[torch.Tensor] = []
    hook = attn.to_q.register_forward_hook(lambda _module, _args, out: queries.append(out))
    read = probe(pipe, Concept("red cat", scale=0.0), prompts=PROMPTS, generators=seeds(0, 1), num_inference_steps=1)
    hook.remove()
    ids = pipe.tokenizer("red cat", padding="max_length", return_tensors="pt").input_ids
    keys = attn.to_k(pipe.text_encoder(ids)[0])
    Q, K = (states.unflatten(-1, (attn.heads, -1)).transpose(1, 2) for states in (queries[0], keys))
    means = (Q @ K.transpose(-1, -2) * attn.scale).softmax(dim=-1).mean(dim=(1, 2))  # [images, slots]
    eot = ids[0].tolist().index(pipe.tokenizer.eos_token_id)
    torch.testing.assert_close(read[..., 0], means[:, [1, 2, eot]], atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize(
    ("first_step", "injected", "extra"),
    [
        ("plain", (0.0,), []), ("inhibited", (0.0,), [2]), ("plain", (1.0,), [2]), ("inhibited", (1.0,), [2]),
        ("plain", (1.0, 0.0), [2]), ("inhibited", (1.0, 0.0, -2.0), [2, 2, 2]),
    ],
)  # fmt: skip
def test_what_the_features_cost(
    pipe: StableDiffusionPipeline, first_step: Any, injected: Any, extra: list[int]
) -> None:
    """A passive probe of a plain first step is free; any other is one forward of the conditional rows alone, for each w."""
    adapter = tiny_adapter(pipe, injected=injected, first_step=first_step)
    rows = count_forwards(pipe)
    with inhibit(pipe, adapter):
        draw(pipe)
    assert rows == [*extra, 4, 4, 4]


def test_capture_reads_what_a_fixed_scale_shows(pipe: StableDiffusionPipeline) -> None:
    """With capture=True the first step's features come with the images, at the cost of no forward."""
    rows = count_forwards(pipe)
    with inhibit(pipe, Concept("red cat", scale=[0.0, -5.0]), capture=True) as run:
        draw(pipe)
    assert rows == [4, 4, 4]
    assert run.features.shape == (2, 3, 16)  # two tokens and [EOT]
    assert run.features.dtype == torch.float32
    for image, w in enumerate([0.0, -5.0]):
        alone = probe(
            pipe, Concept("red cat", scale=w), prompts=[PROMPTS[image]], generators=seeds(image), num_inference_steps=3
        )
        torch.testing.assert_close(run.features[image], alone[0], atol=1e-6, rtol=1e-4)


def test_features_depend_on_what_is_injected(pipe: StableDiffusionPipeline) -> None:
    """The first layer sees the same query whatever is injected after it; later layers see its effect."""
    passive, active = (
        probe(pipe, Concept("cat", scale=w), prompts=PROMPTS, generators=seeds(0, 1), num_inference_steps=3)
        for w in (0.0, -5.0)
    )
    torch.testing.assert_close(passive[..., 0], active[..., 0])
    assert ((passive[..., 1:] - active[..., 1:]).abs().amax(dim=(0, 1)) > 1e-6).all()


def test_a_probe_runs_one_forward_of_conditional_rows(pipe: StableDiffusionPipeline) -> None:
    """Probing costs one step without its unconditional half, and refuses an adapter in place of a scale."""
    rows = count_forwards(pipe)
    probe(pipe, Concept("cat", scale=1.0), prompts=PROMPTS, generators=seeds(0, 1), num_inference_steps=3)
    assert rows == [2]
    with pytest.raises(InputError, match="fixed scale to probe with"):
        probe(pipe, Concept("cat", scale=tiny_adapter(pipe)), prompts=PROMPTS, generators=seeds(0, 1))


def test_other_slots_get_the_tokens_mean(pipe: StableDiffusionPipeline) -> None:
    """An adapter's slots come from its config, and a several-token concept has a scale for each token."""
    adapter = tiny_adapter(pipe, concept="red cat", slots="all")
    with inhibit(pipe, adapter) as run:
        draw(pipe)
        private: Any = run
        W = private._installation.injections[run.layers[0]].concepts[0].weights
    tokens = run.token_scales[0]
    assert tokens.shape == (2, 2)
    assert torch.equal(W[:, 0], torch.zeros(2))
    assert torch.equal(W[:, 1:3], tokens)
    torch.testing.assert_close(W[:, 3:], tokens.mean(dim=1, keepdim=True).expand(2, 17))


def test_adapters_beside_each_other_are_read_alone(pipe: StableDiffusionPipeline) -> None:
    """An adapter's features do not know of other concepts in the block, whatever these inject."""
    cat, car = tiny_adapter(pipe, injected=(1.0,)), tiny_adapter(pipe, concept="car", injected=(1.0,))
    with inhibit(pipe, car) as run:
        draw(pipe)
    alone = run.features
    rows = count_forwards(pipe)
    with inhibit(pipe, car, cat, Concept("dog", scale=-2.0), threshold=0.0) as run:
        draw(pipe)
    assert rows == [2, 2, 4, 4, 4]
    torch.testing.assert_close(run.features, alone)
    assert run.scales.shape == (2, 3)


def test_an_adapter_in_an_inner_block(pipe: StableDiffusionPipeline) -> None:
    """Its probe leaves the outer block's rows and readings alone."""
    with inhibit(pipe, Concept("dog", scale=-3.0), capture=True) as outer:
        draw(pipe)
        want = outer.features
        with inhibit(pipe, tiny_adapter(pipe, injected=(1.0,))) as inner:
            draw(pipe)
        # The inner concept acts in the same first step, so only the first layer sees the same query.
        torch.testing.assert_close(outer.features[..., 0], want[..., 0])
        assert inner.scales.shape == (2, 1)


def test_away_from_its_conditions_the_fixed_scale_is_used(pipe: StableDiffusionPipeline) -> None:
    """Other steps, scheduler or guidance: a warning that names them, and the recorded best fixed scale."""
    adapter = tiny_adapter(pipe, best_fixed_scale=-4.0)
    pipe.scheduler = EulerDiscreteScheduler.from_config(pipe.scheduler.config)
    names = "scheduler DPMSolverMultistepScheduler there, EulerDiscreteScheduler here.*steps 3 there, 2 here.*guidance 7.5 there, 1.0 here"
    with pytest.warns(UserWarning, match=names), inhibit(pipe, adapter) as run:
        draw(pipe, num_inference_steps=2, guidance_scale=1.0)
    assert run.scales.tolist() == [[-4.0], [-4.0]]
    with inhibit(pipe, adapter, outside="go_on") as run:
        draw(pipe, num_inference_steps=2, guidance_scale=1.0)
    assert run.scales[0] != run.scales[1]


def test_without_a_fixed_scale_it_warns_and_infers(pipe: StableDiffusionPipeline) -> None:
    """An adapter that never measured a fixed scale has nothing to fall back to."""
    with (
        pytest.warns(UserWarning, match="its scales may not hold"),
        inhibit(pipe, tiny_adapter(pipe, best_fixed_scale=None)) as run,
    ):
        draw(pipe, num_inference_steps=1)
    assert run.scales[0] != run.scales[1]


def test_an_adapter_for_other_layers_is_refused(pipe: StableDiffusionPipeline) -> None:
    """Features of other layers mean nothing to it: both are named."""
    adapter = tiny_adapter(pipe, layers=("down_blocks.9.attn2",))
    with (
        pytest.raises(InputError, match=r"1 layers \(down_blocks.9.attn2\), got one with 16 \(down_blocks.0"),
        inhibit(pipe, adapter),
    ):
        pytest.fail("the block began")


def test_an_adapter_for_other_weights_is_refused(pipe: StableDiffusionPipeline) -> None:
    """Another fingerprint is refused with both names, a warning where that is wished; the same one says nothing."""
    other = tiny_adapter(pipe, fingerprint="0123456789abcdef", base_model="someone/base")
    with (
        pytest.raises(
            InputError, match=r"someone/base \(weights 0123456789ab\).* got StableDiffusionPipeline \(weights"
        ),
        inhibit(pipe, other),
    ):
        pytest.fail("the block began")
    with pytest.warns(UserWarning, match="someone/base .weights 0123456789ab"), inhibit(pipe, other, strict=False):
        pass
    with inhibit(pipe, tiny_adapter(pipe)):
        pass


def test_adapters_of_different_first_steps_need_a_word(pipe: StableDiffusionPipeline) -> None:
    """One first step cannot be both: the caller says which."""
    adapters = [tiny_adapter(pipe, first_step=first_step) for first_step in ("plain", "inhibited")]
    with pytest.raises(InputError, match="say first_step="), inhibit(pipe, *adapters):
        pytest.fail("the block began")
    with inhibit(pipe, *adapters, first_step="plain"):
        draw(pipe)
