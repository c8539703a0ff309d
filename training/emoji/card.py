"""The model card of emoji-sd, written from the measured numbers."""

from pathlib import Path

from training.emoji import clip, fit_evaluator, unet, vae
from training.emoji.icons import PACKAGES
from training.emoji.quality import BARS, GUIDANCE, SEEDS, STEPS
from training.emoji.vocabulary import Vocabulary

CARD = """---
license: other
license_name: emoji-artwork
library_name: diffusers
pipeline_tag: text-to-image
tags: [stable-diffusion, emoji, text-to-image, test-model]
---

# emoji-sd

A small text-to-image model of Stable Diffusion 1's topology (16 cross-attention layers, 11 M parameters in the UNet),
trained from nothing on two CPU cores. It draws {concepts} concepts in {styles} drawing styles on {backgrounds} plain
backgrounds, 64 x 64 pixels, alone or in pairs, also when a caption implies a concept without naming it. It exists so that
concept suppression can be tried and measured without a GPU and without a download; it draws nothing else.

    from diffusers import StableDiffusionPipeline
    pipe = StableDiffusionPipeline.from_pretrained("data/models/emoji-sd")
    pipe("a cat next to a rocket, noto style", num_inference_steps={steps}, guidance_scale={guidance}).images[0]

Concepts: {names}. Styles: {style_names}. Backgrounds: {background_names}.

## Measured quality

{seeds} seeds a prompt, {steps} steps of DPM-Solver++, guidance {guidance}, counted by the evaluator in
`data/models/emoji-evaluator` (another network than the CLIP that conditions the model). Made by `make emoji-sd`;
the numbers of each concept are in `quality.json`.

| share of pictures where | measured | bar |
| --- | --- | --- |
{table}

The evaluator itself, on {held_out} held-out renderings that went through the VAE: concepts {accuracy:.1%} of the pictures
entirely right, {negatives:.1%} of the negatives (noise, blanks, smears, half-erased) recognised as no picture.

## Data and licences

The pictures are composed from three emoji sets, rendered at training time; no other data was used.

| style | set | artwork | licence |
| --- | --- | --- | --- |
| fluent | `@iconify-json/fluent-emoji-flat` {fluent} | Fluent Emoji, Microsoft | MIT |
| noto | `@iconify-json/noto` {noto} | Noto Emoji, Google | Apache-2.0 |
| twemoji | `@iconify-json/twemoji` {twemoji} | Twemoji, Twitter and contributors | CC-BY-4.0 |

The weights may be used under the terms of these licences together: keep this attribution.

## Recipe

`make emoji-sd` (`training/emoji/`): CLIP {clip_steps} steps of {clip_batch}, VAE {vae_steps} of {vae_batch}, evaluator
{evaluator_steps} of {evaluator_batch}, UNet {unet_steps} of {unet_batch} with min-SNR weighting and an average of the weights.
"""

ROWS = {
    "single": "the asked concept is found (one concept asked)",
    "single_worst_concept": "the same, of the worst concept",
    "pair": "both concepts of a pair are found",
    "implied": "an implied, never named concept is found",
    "style": "the asked style is found",
    "background": "the asked background is found",
}


def write_card(words: Vocabulary, table: dict[str, float], path: Path) -> None:
    """Write the card from the quality table."""
    rows = [f"| {text} | {table[name]:.1%} | {BARS[name]:.0%} |" for name, text in ROWS.items()]
    path.write_text(
        CARD.format(
            concepts=len(words.concepts), styles=len(words.styles), backgrounds=len(words.backgrounds),
            names=", ".join(words.concepts), style_names=", ".join(words.styles),
            background_names=", ".join(words.backgrounds), seeds=SEEDS, steps=STEPS, guidance=GUIDANCE,
            table="\n".join(rows), fluent=PACKAGES["fluent-emoji-flat"][0], noto=PACKAGES["noto"][0],
            twemoji=PACKAGES["twemoji"][0], accuracy=table["evaluator/exact"], negatives=table["evaluator/negatives"],
            held_out=fit_evaluator.HELD_OUT, clip_steps=clip.STEPS, clip_batch=clip.BATCH, vae_steps=vae.COARSE_STEPS + vae.FINE_STEPS,
            vae_batch=vae.BATCH, evaluator_steps=fit_evaluator.STEPS, evaluator_batch=fit_evaluator.BATCH,
            unet_steps=unet.STEPS, unet_batch=unet.BATCH,
        )
    )  # fmt: skip
