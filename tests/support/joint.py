"""Tiny random pipelines with joint attention: SD3, SD3.5 and FLUX by diffusers' own classes, a hundredth of the width.

What is special about each is kept: SD3's three text encoders and a last block without a text to hand on; SD3.5's normed queries and
second attention; FLUX's places, double and single blocks, embedded guidance and latents in a row of patches.
"""

import functools
from typing import Any, Literal

import diffusers
import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxTransformer2DModel, SD3Transformer2DModel
from diffusers.models.attention_processor import JointAttnProcessor2_0
from diffusers.models.transformers.transformer_flux import FluxAttnProcessor
from transformers import CLIPTextConfig, CLIPTextModelWithProjection, T5Config, T5EncoderModel, T5Tokenizer

from gie.adapter import Adapter
from gie.adapter_config import AdapterConfig, Sampling, ScaleRange
from gie.model import cross_attention_layers, fingerprint
from tests.support.tiny import CONTEXT, SIZE_PX, TEXT_WIDTH, WORDS, tiny_text_encoder, tiny_tokenizer

JointModel = Literal["sd3", "sd35", "flux", "schnell"]
T5_WIDTH = 64
CHANNELS = 16
"""Of the latents; SD3's inpainting knows no other number."""
LONGEST = 14
"""`max_sequence_length` of the tests' calls: slots of T5."""
CALL: dict[str, Any] = {"height": SIZE_PX, "width": SIZE_PX, "max_sequence_length": LONGEST}


def tiny_joint(model: JointModel, *, kind: str | None = None) -> Any:
    """A pipeline of class `kind`, else of the model's text-to-image class, around the session's one set of weights."""
    flux = model in {"flux", "schnell"}
    name = kind or ("FluxPipeline" if flux else "StableDiffusion3Pipeline")
    parts: dict[str, Any] = {"vae": _vae(), "scheduler": _scheduler(model)}
    parts |= {"tokenizer": tiny_tokenizer(), "transformer": _transformer(model)}
    if flux:
        parts |= {"text_encoder": tiny_text_encoder(), "tokenizer_2": t5_tokenizer(), "text_encoder_2": _t5()}
    else:
        parts |= {"tokenizer_2": tiny_tokenizer(), "tokenizer_3": t5_tokenizer(), "text_encoder_3": _t5()}
        parts |= {"text_encoder": _clip(TEXT_WIDTH, 8), "text_encoder_2": _clip(T5_WIDTH - TEXT_WIDTH, 12)}
    pipe = getattr(diffusers, name)(**parts)
    pipe.set_progress_bar_config(disable=True)
    pipe.transformer.set_attn_processor(FluxAttnProcessor() if flux else JointAttnProcessor2_0())
    return pipe


def joint_adapter(pipe: Any, **changes: Any) -> Adapter:
    """An untrained adapter: its scales are arbitrary, but differ from image to image."""
    sampling = Sampling(first_timestep=1000.0, scheduler=type(pipe.scheduler).__name__, steps=2, guidance=7.0, height=SIZE_PX, width=SIZE_PX)  # fmt: skip
    fields: dict[str, Any] = {
        "concept": "red cat", "synonyms": (), "slots": "concept", "base_model": "tiny", "fingerprint": fingerprint(pipe),
        "layers": cross_attention_layers(pipe.transformer), "scales": ScaleRange(smallest=-15.0, step=1.0),
        "injected": (0.0,), "first_step": "inhibited", "sampling": sampling, "recipe_hash": "0", "best_fixed_scale": -4.0,
        "transform": "bounded",
    }  # fmt: skip
    torch.manual_seed(5)
    adapter = Adapter(AdapterConfig(**(fields | changes))).eval().requires_grad_(False)
    adapter.mean.fill_(0.03)  # features lie about one of 50 keys; spread them out, so that images differ
    adapter.spread.fill_(0.002)
    return adapter


def _scheduler(model: JointModel) -> FlowMatchEulerDiscreteScheduler:
    """SD3.5-medium and FLUX.1-dev shift by the picture's size, as FLUX.1-schnell does not; SD3 has one shift."""
    shift = 1.0 if model == "schnell" else 3.0
    return FlowMatchEulerDiscreteScheduler(shift=shift, use_dynamic_shifting=model in {"sd35", "flux"})


@functools.cache
def t5_tokenizer() -> T5Tokenizer:
    """A word is one token, or spelled in letters; `kitten` and `airplane` are three, unlike in the other tokenizer."""
    words = {f"▁{word}": -2.0 for word in WORDS if word not in {"kitten", "airplane"}}
    pieces = dict.fromkeys(["kit", "ten", "air", "plane"], -3.0)
    letters = dict.fromkeys([*"abcdefghijklmnopqrstuvwxyz", "▁"], -9.0)
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -20.0), *(words | pieces | letters).items()]
    return T5Tokenizer(vocab=vocabulary, extra_ids=0, model_max_length=512)


@functools.cache
def _t5() -> T5EncoderModel:
    torch.manual_seed(11)
    config = T5Config(vocab_size=len(t5_tokenizer()), d_model=T5_WIDTH, d_kv=16, d_ff=64, num_layers=2, num_heads=4, feed_forward_proj="gated-gelu")  # fmt: skip
    return _spread(T5EncoderModel(config), 0.3)


@functools.cache
def _clip(width: int, projection: int) -> CLIPTextModelWithProjection:
    tokenizer: Any = tiny_tokenizer()
    torch.manual_seed(12)
    config = CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=width, intermediate_size=32, num_hidden_layers=3, num_attention_heads=4,
        max_position_embeddings=CONTEXT, projection_dim=projection, bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    return _spread(CLIPTextModelWithProjection(config), 0.3)


@functools.cache
def _transformer(model: JointModel) -> Any:
    torch.manual_seed(13)
    if model in {"flux", "schnell"}:
        return _spread(FluxTransformer2DModel(**_FLUX, guidance_embeds=model == "flux"), 0.25)
    return _spread(SD3Transformer2DModel(**(_SD3 if model == "sd3" else _SD3 | _SD35)), 0.25)


_SD3: dict[str, Any] = {
    "sample_size": 8, "patch_size": 2, "in_channels": CHANNELS, "num_layers": 4, "attention_head_dim": 8, "num_attention_heads": 2,
    "joint_attention_dim": T5_WIDTH, "caption_projection_dim": 16, "pooled_projection_dim": 20, "out_channels": CHANNELS,
    "pos_embed_max_size": 8,
}  # fmt: skip
_SD35: dict[str, Any] = {"dual_attention_layers": (0, 1), "qk_norm": "rms_norm"}
_FLUX: dict[str, Any] = {
    "in_channels": 4 * CHANNELS, "num_layers": 2, "num_single_layers": 3, "attention_head_dim": 16, "num_attention_heads": 2,
    "joint_attention_dim": T5_WIDTH, "pooled_projection_dim": TEXT_WIDTH, "axes_dims_rope": (4, 6, 6),
}  # fmt: skip


@functools.cache
def _vae() -> AutoencoderKL:
    torch.manual_seed(3)
    autoencoder: Any = AutoencoderKL  # annotated for one block alone
    return autoencoder(
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 8, 8, 8), norm_num_groups=4, sample_size=SIZE_PX, latent_channels=CHANNELS, shift_factor=0.1, scaling_factor=1.5,
        use_quant_conv=False, use_post_quant_conv=False,
    ).eval()  # fmt: skip


def _spread(model: Any, deviation: float) -> Any:
    """The classes' own small initial spread would make all texts alike."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=deviation)
    return model.eval()
