"""`python -m training.emoji`: make emoji-sd from nothing, or go on where the last run stopped; prints its quality table."""

import os

import torch
from diffusers import StableDiffusionPipeline

from training.emoji.card import write_card
from training.emoji.clip import train_clip
from training.emoji.evaluator import Evaluator
from training.emoji.evaluator_quality import measure_evaluator
from training.emoji.export import EVALUATOR, PIPELINE, export_clip, export_pipeline, export_reference
from training.emoji.fit_evaluator import fit_evaluator
from training.emoji.quality import measure_quality, print_quality, write_quality
from training.emoji.results import write_results
from training.emoji.sheet import write_sheet
from training.emoji.tokenizer import train_tokenizer
from training.emoji.unet import train_unet
from training.emoji.vae import train_vae
from training.emoji.vocabulary import read_vocabulary


def main() -> None:
    """Every step in order: train, export, measure what was exported."""
    torch.set_num_threads(os.cpu_count() or 1)
    words = read_vocabulary()
    export_reference(words)
    tokenizer = train_tokenizer(words)
    clip = train_clip(words, tokenizer)
    export_clip(clip, tokenizer)
    vae = train_vae(words)
    fit_evaluator(words, vae).save_pretrained(EVALUATOR)
    unet = train_unet(words, tokenizer, clip.text_model, vae)
    export_pipeline(tokenizer, clip.text_model, vae, unet)

    pipeline = StableDiffusionPipeline.from_pretrained(PIPELINE)
    pipeline.set_progress_bar_config(disable=True)
    evaluator = Evaluator.from_pretrained(EVALUATOR)
    table = measure_quality(words, pipeline, evaluator)
    table |= measure_evaluator(words, pipeline.vae, evaluator, EVALUATOR)
    write_quality(table, PIPELINE / "quality.json")
    write_results(table)
    write_card(words, table, PIPELINE / "README.md")
    write_sheet(words, pipeline, PIPELINE / "contact-sheet.png")
    print_quality(table)


if __name__ == "__main__":
    main()
