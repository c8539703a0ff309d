"""Adapters of every family: their files come back whole and act alike, other widths are refused, their window holds."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from gie import Adapter, Concept, InputError, inhibit
from gie.layers import cross_attention_layers, layer_widths
from tests.support.adapters import tiny_adapter
from tests.support.families import Model, tiny_of
from tests.support.tiny import seeds

PROMPTS = ["a cat", "a dog"]


def draw(pipe: Any, *, steps: int = 2) -> torch.Tensor:
    """Latents of two images, guided as the adapters' config says: XL's own default is another."""
    call: dict[str, Any] = {"num_inference_steps": steps, "guidance_scale": 7.5, "output_type": "latent"}
    return pipe(PROMPTS, generator=seeds(0, 1), **call).images


@pytest.mark.parametrize(("model", "layers"), [("sd2", 16), ("xl", 70), ("ssd", 34)])
def test_files_come_back_whole(model: Model, layers: int, tmp_path: Path) -> None:
    """As many inputs as the family has layers; what is read infers the same scales and draws the same bits."""
    pipe = tiny_of(model)
    adapter = tiny_adapter(pipe, steps=2, injected=(1.0,), widths=layer_widths(pipe.unet))
    adapter.save_pretrained(tmp_path)
    read = Adapter.from_pretrained(tmp_path)
    assert read.config == adapter.config
    assert read.network.weights[0].shape[1] == layers == len(read.config.layers)
    with inhibit(pipe, adapter, strict=True) as run:
        want, scales = draw(pipe), run.token_scales[0]
    with inhibit(pipe, read, strict=True) as run:
        assert torch.equal(draw(pipe), want)
        assert torch.equal(run.token_scales[0], scales)
    assert scales[0] != scales[1]


def test_an_adapter_of_other_widths_is_refused() -> None:
    """Stable Diffusion 1 and 2 name their layers alike; the first one that differs is named with both widths."""
    one, two = tiny_of("sd1"), tiny_of("sd2")
    assert cross_attention_layers(one.unet) == cross_attention_layers(two.unet)
    adapter = tiny_adapter(one, widths=layer_widths(one.unet))
    with inhibit(one, adapter):
        pass
    message = "expected down_blocks.0.attentions.0.transformer_blocks.0.attn2 to be 32 wide with a text of 24, got 32 and 1024"
    with pytest.raises(InputError, match=re.escape(message)), inhibit(two, adapter):
        pytest.fail("the block began")


@pytest.mark.parametrize("first_step", ["inhibited", "plain"])
@pytest.mark.parametrize("window", [(0.0, 0.5), (0.5, 1.0)])
def test_an_adapters_window_holds(pipe: Any, window: tuple[float, float], first_step: Any) -> None:
    """Its scales are inferred in the first step all the same, and act inside the window that its config names alone."""
    whole, part = (
        tiny_adapter(pipe, steps=4, first_step=first_step, **changes) for changes in ({}, {"window": window})
    )
    with inhibit(pipe, whole) as run:
        everywhere, scales = draw(pipe, steps=4), run.scales
    with inhibit(pipe, part) as run:
        got = draw(pipe, steps=4)
    assert torch.equal(run.scales, scales)
    fixed = Concept("cat", scale=scales[:, 0].tolist(), window=window)
    with inhibit(pipe, fixed, first_step=first_step):
        assert torch.equal(draw(pipe, steps=4), got)
    assert not torch.equal(got, everywhere)
    assert not torch.equal(got, draw(pipe, steps=4))
