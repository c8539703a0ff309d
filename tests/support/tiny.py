"""A tiny random Stable Diffusion 1 pipeline, built in code: the real topology at a hundredth of a second a step.

The 16 cross-attention layers, 8 heads each, sit where Stable Diffusion 1 has them (three cross-attention blocks down,
one in the middle, three up), only narrow. The tokenizer is a CLIPTokenizer that spells any text from bytes and knows
a few words as single tokens. Nothing here draws anything: the weights are random, seeded, the same in every session.
"""

import functools
import warnings
from typing import Any

import torch
from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, StableDiffusionPipeline, UNet2DConditionModel
from tokenizers import pre_tokenizers
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

CONTEXT = 20
"""Longest text in tokens, [SOT] and [EOT] included."""
SIZE_PX = 64
TEXT_WIDTH = 24
WORDS = ("cat", "dog", "car", "airplane", "kitten", "red", "a", "on", "the", "of", "photo", "flying")
"""Each is one token; any other word is spelled in bytes."""


@functools.cache
def tiny_tokenizer() -> CLIPTokenizer:
    """CLIPTokenizer whose merges build `WORDS` letter by letter."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges: list[tuple[str, str]] = []
    for word in WORDS:
        pieces = [*word[:-1], f"{word[-1]}</w>"]
        while len(pieces) > 1:
            merges.append((pieces[0], pieces[1]))
            pieces[:2] = [pieces[0] + pieces[1]]
    tokens = [*alphabet, *(f"{letter}</w>" for letter in alphabet), *dict.fromkeys(a + b for a, b in merges)]
    vocabulary = {token: index for index, token in enumerate([*tokens, "<|startoftext|>", "<|endoftext|>"])}
    tokenizer: Any = CLIPTokenizer  # its annotation knows no pairs
    return tokenizer(vocab=vocabulary, merges=list(dict.fromkeys(merges)), model_max_length=CONTEXT)


@functools.cache
def tiny_text_encoder() -> CLIPTextModel:
    """Three random layers of CLIP text encoder, `TEXT_WIDTH` wide (three, so that clip_skip has something to skip)."""
    tokenizer: Any = tiny_tokenizer()
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=TEXT_WIDTH,
        intermediate_size=2 * TEXT_WIDTH,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=CONTEXT,
        projection_dim=TEXT_WIDTH,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(1)
    model = CLIPTextModel(config).eval()
    # CLIP's own small initial spread would make all texts alike.
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=0.3)
    return model


@functools.cache
def tiny_unet() -> UNet2DConditionModel:
    """Stable Diffusion 1's topology, 32 and 64 channels wide, on 8 x 8 latents of 4 channels."""
    torch.manual_seed(2)
    return UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(32, 32, 64, 64),
        layers_per_block=2,
        attention_head_dim=8,
        cross_attention_dim=TEXT_WIDTH,
        norm_num_groups=8,
    ).eval()


@functools.cache
def tiny_vae() -> AutoencoderKL:
    """A random decoder from 8 x 8 latents to 64 x 64 pixels."""
    torch.manual_seed(3)
    autoencoder: Any = AutoencoderKL  # annotated for one block alone
    return autoencoder(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        norm_num_groups=4,
        sample_size=SIZE_PX,
    ).eval()


def tiny_pipeline() -> StableDiffusionPipeline:
    """A new pipeline object with a new scheduler around the session's one set of weights."""
    scheduler: Any = DPMSolverMultistepScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        pipe = StableDiffusionPipeline(
            vae=tiny_vae(),
            text_encoder=tiny_text_encoder(),
            tokenizer=tiny_tokenizer(),
            unet=tiny_unet(),
            scheduler=scheduler,
            safety_checker=None,  # pyright: ignore[reportArgumentType]
            feature_extractor=None,  # pyright: ignore[reportArgumentType]
            requires_safety_checker=False,
        )
    pipe.set_progress_bar_config(disable=True)
    return pipe


def seeds(*values: int) -> list[torch.Generator]:
    """One generator an image."""
    return [torch.Generator().manual_seed(value) for value in values]
