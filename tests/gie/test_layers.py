"""Cross-attention layers: found by what they are, named in the order they are called."""

import pytest
import torch
from diffusers import StableDiffusionPipeline, UNet2DModel

from gie import InputError
from gie.layers import cross_attention_layers, cross_attentions, plain_module


def test_layers_come_in_call_order(pipe: StableDiffusionPipeline) -> None:
    """The 16 names are in the order in which a forward reaches them (the UNet registers them in another)."""
    layers, called = cross_attentions(pipe.unet), list[str]()
    hooks = [
        layer.register_forward_hook(lambda *_, name=name: called.append(name))  # pyright: ignore[reportUnknownLambdaType]
        for name, layer in layers.items()
    ]
    pipe("a cat", num_inference_steps=1, output_type="latent")
    for hook in hooks:
        hook.remove()
    assert called == list(cross_attention_layers(pipe.unet))
    assert len(called) == 16
    registered = [name for name, _ in pipe.unet.named_modules() if name in called]
    assert registered != called


def test_self_attention_is_not_counted(pipe: StableDiffusionPipeline) -> None:
    """Half of the UNet's attention layers are self-attention."""
    assert len(pipe.unet.attn_processors) == 32
    assert all(layer.is_cross_attention for layer in cross_attentions(pipe.unet).values())


def test_a_model_without_cross_attention_is_refused() -> None:
    """An unconditional UNet knows no text."""
    unet = UNet2DModel(block_out_channels=(8, 8), norm_num_groups=4, down_block_types=("DownBlock2D",) * 2,
                       up_block_types=("UpBlock2D",) * 2, attention_head_dim=4)  # fmt: skip
    with pytest.raises(InputError, match="got UNet2DModel without cross-attention"):
        cross_attention_layers(unet)


def test_a_compiled_model_has_the_same_names(pipe: StableDiffusionPipeline) -> None:
    """torch.compile's wrapper does not reach into the names."""
    compiled = torch.compile(pipe.unet, backend="eager")
    assert cross_attention_layers(compiled) == cross_attention_layers(pipe.unet)
    assert plain_module(compiled) is pipe.unet
