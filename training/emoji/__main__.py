"""`python -m training.emoji`: make emoji-sd from nothing, or go on where the last run stopped; prints its quality table."""

import os

import torch

from training.emoji.clip import train_clip
from training.emoji.fit_evaluator import fit_evaluator
from training.emoji.tokenizer import train_tokenizer
from training.emoji.unet import train_unet
from training.emoji.vae import train_vae
from training.emoji.vocabulary import read_vocabulary


def main() -> None:
    """Every step in order."""
    torch.set_num_threads(os.cpu_count() or 1)
    words = read_vocabulary()
    tokenizer = train_tokenizer(words)
    clip = train_clip(words, tokenizer)
    vae = train_vae(words)
    evaluator = fit_evaluator(words, vae)
    unet = train_unet(words, tokenizer, clip.text_model, vae)


if __name__ == "__main__":
    main()
