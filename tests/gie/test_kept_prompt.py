"""The prompt's keys and values are projected once, and again whenever something changes that they depend on."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from diffusers.models.attention_processor import Attention
from torch import Tensor, nn

from gie import Concept, inhibit
from gie.kept_prompt import KeptPrompt, most_slots
from gie.layers import cross_attentions
from tests.support.tiny import CONTEXT, seeds

CAT = Concept("cat", scale=-7.0)


class Layer:
    """What `KeptPrompt` sees of an `Attention`."""

    def __init__(self) -> None:
        self.heads = 2
        self.to_k, self.to_v = nn.Linear(6, 8, bias=False), nn.Linear(6, 8)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[[nn.Module], list[Tensor]]:
    """Collects the inputs of a projection; a wrapper around its arithmetic, for a hook would be seen."""
    plain = torch.nn.functional.linear

    def count(module: Any) -> list[Tensor]:
        seen: list[Tensor] = []

        def linear(given: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
            if weight is module.weight:
                seen.append(given)
            return plain(given, weight, bias)

        monkeypatch.setattr(torch.nn.functional, "linear", linear)
        return seen

    return count


def other_prompt(_layer: Any, prompt: Tensor) -> Tensor:
    """Equal, and another."""
    return prompt.clone()


def written_prompt(_layer: Any, prompt: Tensor) -> Tensor:
    """The same, with other numbers."""
    return prompt.add_(1)


def written_weight(layer: Any, prompt: Tensor) -> Tensor:
    """As an optimiser or a loader writes."""
    layer.to_v.weight.mul_(2)
    return prompt


def written_bias(layer: Any, prompt: Tensor) -> Tensor:
    """Of the values."""
    layer.to_v.bias.add_(1)
    return prompt


def other_weight(layer: Any, prompt: Tensor) -> Tensor:
    """As accelerate puts weights in place."""
    layer.to_k.weight = nn.Parameter(2 * layer.to_k.weight)
    return prompt


def hooked(layer: Any, prompt: Tensor) -> Tensor:
    """Hooks may do anything."""
    layer.to_k.register_forward_hook(lambda _module, _given, made: made + 1)
    return prompt


def replaced(layer: Any, prompt: Tensor) -> Tensor:
    """Another forward, as some LoRA loaders install it."""
    layer.to_v.forward = lambda given: given @ layer.to_v.weight.T + 1
    return prompt


@pytest.mark.parametrize(
    "change", [other_prompt, written_prompt, written_weight, written_bias, other_weight, hooked, replaced]
)
@torch.no_grad()
def test_what_changes_is_projected_anew(change: Callable[[Any, Tensor], Tensor]) -> None:
    """The result is always the layer's own."""
    layer, kept, prompt = Layer(), KeptPrompt(10), torch.randn(2, 5, 6)
    before = kept.keys_and_values(layer, prompt)
    assert all(one is two for one, two in zip(kept.keys_and_values(layer, prompt), before, strict=True))
    prompt = change(layer, prompt)
    after = kept.keys_and_values(layer, prompt)
    assert not any(one is two for one, two in zip(after, before, strict=True))
    for made, linear in zip(after, (layer.to_k, layer.to_v), strict=True):
        assert torch.equal(made, linear(prompt).view(2, 5, 2, 4).transpose(1, 2))


@pytest.mark.parametrize("reason", ["large", "grad", "inference", "loaded in inference mode", "compiled"])
def test_what_cannot_be_kept_is_projected_each_time(reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large batch, one that gradients flow through, tensors whose writes torch does not count, and compiled code."""
    with torch.inference_mode(reason == "loaded in inference mode"):
        layer = Layer()
    kept = KeptPrompt(9 if reason == "large" else 10)
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: reason == "compiled")
    with torch.set_grad_enabled(reason == "grad"), torch.inference_mode(reason == "inference"):
        prompt = torch.randn(2, 5, 6)
        first, second = kept.keys_and_values(layer, prompt), kept.keys_and_values(layer, prompt)
    assert not any(one is two for one, two in zip(first, second, strict=True))
    assert all(torch.equal(one, two) for one, two in zip(first, second, strict=True))


def test_a_generation_projects_its_prompt_once(pipe: Any, counted: Callable[[Any], list[Tensor]]) -> None:
    """In the first step; beside it stand the concept's own keys. A second generation begins anew."""
    layer = next(iter(cross_attentions(pipe.unet).values()))
    seen = counted(layer.to_k)
    with inhibit(pipe, CAT) as run:
        for _ in range(2):
            pipe("a dog", generator=seeds(0), num_inference_steps=3, output_type="latent")
            assert sorted(len(given) for given in seen) == [1, 2]
            seen.clear()
        private: Any = run
        injections = list(private._installation.injections.values())
    assert all(injection.kept._made is None for injection in injections), "tensors outlive the block"


def test_prompts_that_change_on_the_way_are_followed(pipe: Any) -> None:
    """A callback that writes into the prompt's embedding has, at w = 0, the plain model's bits."""

    def change(_pipe: Any, step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        tensors["prompt_embeds"].mul_(1.5 if step else 0.5)
        return {}

    call: dict[str, Any] = {
        "num_inference_steps": 3,
        "output_type": "latent",
        "callback_on_step_end": change,
        "callback_on_step_end_tensor_inputs": ["prompt_embeds"],
    }
    plain = pipe("a cat", generator=seeds(0), **call).images
    with inhibit(pipe, Concept("cat", scale=0.0)):
        assert torch.equal(pipe("a cat", generator=seeds(0), **call).images, plain)
    assert most_slots(cross_attentions(pipe.unet).values()) >= 2 * CONTEXT, "too large to be kept: nothing was tried"


def test_how_much_is_kept_follows_the_model() -> None:
    """128 MiB: of Stable Diffusion 1.5's and XL's layers in half precision, 34 and 5 rows of 77 slots."""
    layers = {
        "sd15": [(5, 320), (5, 640), (6, 1280)],
        "xl": [(10, 640), (60, 1280)],
    }
    with torch.device("meta"):
        rows = {
            name: most_slots(
                Attention(width, 768, heads=8, dim_head=width // 8).half()
                for count, width in widths
                for _ in range(count)
            )
            // 77
            for name, widths in layers.items()
        }
    assert rows == {"sd15": 34, "xl": 5}
