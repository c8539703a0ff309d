"""CLIP for emoji-sd: its text tower conditions the UNet, both towers are the local judge.

The usual symmetric contrastive loss (Radford et al. 2021). Synonyms and implied phrases meet by themselves, since they
share their pictures; that is what lets the concept "cat" erase a prompt that never says it.
"""

import numpy as np
import torch
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

from training.emoji.broken import break_picture
from training.emoji.loop import Training, train
from training.emoji.picture import SIZE_PX, draw_picture, to_tensor
from training.emoji.scene import EMPTY, draw_scene
from training.emoji.vocabulary import Vocabulary

STEPS = 1700
BATCH = 128
BROKEN = 0.06
"""Share of the pictures that are broken, and captioned so."""
BROKEN_CAPTIONS = ["a broken picture", "a smeared picture", "noise", "something unrecognizable"]


def build_clip(tokenizer: CLIPTokenizer) -> CLIPModel:
    """A CLIPModel with random weights, text 96 wide, image 128 wide, 4 layers each."""
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    shape = {"num_hidden_layers": 4, "projection_dim": 96}
    text = {
        "vocab_size": len(tokenizer), "hidden_size": 96, "intermediate_size": 384, "num_attention_heads": 4,
        "max_position_embeddings": tokenizer.model_max_length, "pad_token_id": tokenizer.pad_token_id,
    }  # fmt: skip
    vision = {
        "hidden_size": 128, "intermediate_size": 512, "num_attention_heads": 4, "image_size": SIZE_PX, "patch_size": 8,
    }  # fmt: skip
    config = CLIPConfig(text_config={**text, **shape, **ends}, vision_config={**vision, **shape}, projection_dim=96)
    torch.manual_seed(0)
    return CLIPModel(config)


def train_clip(words: Vocabulary, tokenizer: CLIPTokenizer) -> CLIPModel:
    """Train both towers."""
    clip = build_clip(tokenizer)

    def loss(step: int) -> Tensor:
        pictures, captions = draw_batch(words, np.random.default_rng([1, step]))
        tokens = tokenizer(captions, padding=True, return_tensors="pt")
        output = clip(input_ids=tokens.input_ids, attention_mask=tokens.attention_mask, pixel_values=pictures)
        return contrastive_loss(output.logits_per_text, captions)

    return train(clip, Training("clip", loss, STEPS, peak_rate=1e-3))


def draw_batch(words: Vocabulary, rng: np.random.Generator) -> tuple[Tensor, list[str]]:
    """Pictures `[128, 3, 64, 64]` and their captions, some of them broken."""
    pictures: list[np.ndarray] = []
    captions: list[str] = []
    for _ in range(BATCH):
        scene = draw_scene(words, rng)
        picture, caption = draw_picture(words, scene, rng), scene.caption
        if scene.kind != EMPTY and rng.random() < BROKEN:
            picture, caption = break_picture(picture, rng), str(rng.choice(BROKEN_CAPTIONS))
        pictures.append(picture)
        captions.append(caption)
    return to_tensor(pictures), captions


def contrastive_loss(logits: Tensor, captions: list[str]) -> Tensor:
    """Symmetric cross entropy of `[texts, images]`; equal captions share their target instead of fighting."""
    same = torch.tensor([[a == b for b in captions] for a in captions], dtype=logits.dtype)
    target = same / same.sum(dim=1, keepdim=True)
    cross_entropy = nn.functional.cross_entropy
    return (cross_entropy(logits, target) + cross_entropy(logits.T, target)) / 2
