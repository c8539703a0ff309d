"""A tiny CLIP, written in code, that really sees: its towers are random, but a test may plant what fits what."""

from pathlib import Path

import torch
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

from tests.support.tiny import CONTEXT, tiny_tokenizer


def write_tiny_clip(folder: Path) -> Path:
    """A folder that `Clip.from_folder` takes: random `CLIPModel` of 16 x 16 pictures, tokenizer, image processor."""
    tokenizer = tiny_tokenizer()
    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    text = shape | ends | {"vocab_size": len(tokenizer), "max_position_embeddings": CONTEXT}
    vision = shape | {"image_size": 16, "patch_size": 8}
    torch.manual_seed(0)
    CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=16)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    size = {"height": 16, "width": 16}
    CLIPImageProcessorPil(size={"shortest_edge": 16}, crop_size=size).save_pretrained(folder)
    return folder
