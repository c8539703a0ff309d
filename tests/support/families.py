"""Tiny random pipelines of every model family: the real topology, classes and config entries, a hundredth of the width.

What tells the families apart is kept: Stable Diffusion 2's linear projections, heads by block, 1024-dim text and v-prediction;
XL's two text encoders, pooled embeddings and 70 cross-attention layers; SSD-1B's pruned blocks without a middle; an LCM's embedded
guidance; a Turbo's single step.
"""

import functools
import warnings
from typing import Any, Literal

import diffusers
import torch
from diffusers import ControlNetModel, DPMSolverMultistepScheduler, LCMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor2_0
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from tests.support.tiny import CONTEXT, SIZE_PX, TEXT_WIDTH, tiny_text_encoder, tiny_tokenizer, tiny_unet, tiny_vae

Model = Literal["sd1", "sd2", "xl", "ssd", "lcm", "turbo"]
SD2_TEXT_WIDTH = 1024
WIDE_TEXT = 40
"""Width of XL's second text encoder; its states stand beside the first one's."""
POOLED = 16
PICTURE = torch.linspace(0, 1, 3 * SIZE_PX * SIZE_PX).reshape(1, 3, SIZE_PX, SIZE_PX)
MASK = (torch.arange(SIZE_PX) > SIZE_PX // 2).float().reshape(1, 1, SIZE_PX, 1).expand(1, 1, SIZE_PX, SIZE_PX)


def tiny_of(model: Model, *, kind: str | None = None, **parts: Any) -> Any:
    """A pipeline of class `kind`, else of the model's text-to-image class, around the session's one set of weights."""
    components = _components(model) | parts
    name = kind or ("StableDiffusionXLPipeline" if "text_encoder_2" in components else "StableDiffusionPipeline")
    if "ControlNet" in name:
        components["controlnet"] = _control_net(model)
    if "PAG" in name:
        components["pag_applied_layers"] = ["mid"]
    if "text_encoder_2" not in components:
        components |= {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        pipe = getattr(diffusers, name)(**components)
    pipe.set_progress_bar_config(disable=True)
    pipe.unet.set_attn_processor(AttnProcessor2_0())  # the session's weights; some PAG pipelines leave theirs behind
    return pipe


def asks_of(kind: str) -> dict[str, Any]:
    """What a pipeline of this class is called with beside the prompt: pictures, masks, sizes."""
    asked: dict[str, Any] = {}
    if "Inpaint" in kind:
        asked = {"image": PICTURE, "mask_image": MASK, "height": SIZE_PX, "width": SIZE_PX}
    if "Img2Img" in kind:
        asked = {"image": PICTURE, "strength": 0.5}
    if "ControlNet" in kind:
        asked["control_image" if asked else "image"] = PICTURE
    return asked


def _components(model: Model) -> dict[str, Any]:
    scheduler: Any = LCMScheduler if model == "lcm" else DPMSolverMultistepScheduler
    options = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
    options |= {"prediction_type": "v_prediction"} if model == "sd2" else {}
    parts: dict[str, Any] = {"vae": tiny_vae(), "unet": _unet(model), "scheduler": scheduler(**options)}
    parts |= {"tokenizer": tiny_tokenizer(), "text_encoder": tiny_text_encoder()}
    if model == "sd2":
        parts["text_encoder"] = _sd2_text_encoder()
    if model in {"xl", "ssd"}:
        parts |= {"tokenizer_2": tiny_tokenizer(), "text_encoder_2": _second_text_encoder()}
    return parts


@functools.cache
def _unet(model: Model) -> UNet2DConditionModel:
    if model in {"sd1", "turbo"}:
        return tiny_unet()
    torch.manual_seed(2)
    unet: Any = UNet2DConditionModel  # annotated for one way of saying each option
    if model in {"xl", "ssd"}:
        return unet(**(_XL if model == "xl" else _XL | _SSD)).eval()
    options = _SD2 if model == "sd2" else {"attention_head_dim": 8, "time_cond_proj_dim": 32}
    return unet(**(_SD1 | options)).eval()


_SD1: dict[str, Any] = {
    "sample_size": 8,
    "block_out_channels": (32, 32, 64, 64),
    "layers_per_block": 2,
    "cross_attention_dim": TEXT_WIDTH,
    "norm_num_groups": 8,
}
_SD2: dict[str, Any] = {
    "attention_head_dim": (2, 4, 8, 8),  # numbers of heads, as 5, 10, 20, 20 of the real one
    "cross_attention_dim": SD2_TEXT_WIDTH,
    "use_linear_projection": True,
    "upcast_attention": True,
}
_XL: dict[str, Any] = {
    "sample_size": 8,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "block_out_channels": (16, 32, 32),
    "transformer_layers_per_block": (1, 2, 10),
    "attention_head_dim": (2, 4, 4),
    "cross_attention_dim": TEXT_WIDTH + WIDE_TEXT,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 8,
    "projection_class_embeddings_input_dim": 6 * 8 + POOLED,
    "norm_num_groups": 8,
}
_SSD: dict[str, Any] = {
    "mid_block_type": None,
    "transformer_layers_per_block": (1, 2, 4),
    "reverse_transformer_layers_per_block": ((4, 4, 10), (2, 1, 1), 1),
}


def _text_config(width: int, *, projection: int) -> CLIPTextConfig:
    tokenizer: Any = tiny_tokenizer()
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=CONTEXT,
        projection_dim=projection,
        hidden_act="gelu",
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


@functools.cache
def _sd2_text_encoder() -> CLIPTextModel:
    torch.manual_seed(6)
    return _spread(CLIPTextModel(_text_config(SD2_TEXT_WIDTH, projection=512)), 0.05)


@functools.cache
def _second_text_encoder() -> CLIPTextModelWithProjection:
    torch.manual_seed(7)
    return _spread(CLIPTextModelWithProjection(_text_config(WIDE_TEXT, projection=POOLED)), 0.3)


def _spread(encoder: Any, deviation: float) -> Any:
    """CLIP's own small initial spread would make all texts alike."""
    with torch.no_grad():
        for parameter in encoder.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=deviation)
    return encoder.eval()


@functools.cache
def _control_net(model: Model) -> ControlNetModel:
    torch.manual_seed(4)
    net = ControlNetModel.from_unet(_unet(model))
    for parameter in [*net.controlnet_down_blocks.parameters(), *net.controlnet_cond_embedding.conv_out.parameters()]:
        torch.nn.init.normal_(parameter, std=0.2)  # they begin at 0, which would add nothing
    return net
