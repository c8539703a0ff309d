"""A made-up evaluation: tables of every stage whose pictures carry their own truth, and an evaluator that reads it.

What is on a picture is written into its first two pixels, so that `StampReader` sees exactly what `simulate` decided. Each
prompt has a scale from which the concept is gone and one from which the rest breaks; both are drawn from its hash.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from gie.adapter_config import AdapterConfig, Sampling, ScaleRange, write_config
from pipeline.evaluate import evaluate
from pipeline.parquet import write_rows, write_shards
from pipeline.paths import Paths
from pipeline.scoring import NamingEye
from pipeline.settings import read_recipe
from pipeline.tables import EOT, KINDS, Feature, Kind, LabelRow, Prompt, Split, SweepImage

CONCEPTS = ("airplane", "cat", "house", "tree")
STYLES = ("noto", "twemoji")
BACKGROUNDS = ("blue", "pink", "white")
LADDER = tuple(float(-step) for step in range(16))
LAYERS = tuple(f"down_blocks.{block}.attn2" for block in range(3))
NOISES = 4
COLOURS = {"blue": (112, 166, 240), "pink": (250, 176, 204), "white": (255, 255, 255)}


@dataclass(frozen=True)
class Facts:
    """The truth about one picture."""

    concepts: tuple[str, ...]
    """At most two."""
    style: str
    background: str
    quality: float


Draw = Callable[[Prompt, Facts], np.ndarray]
"""`[64, 64, 3]` uint8."""


def plain_colours(prompt: Prompt, facts: Facts) -> np.ndarray:
    """A picture that costs nothing: its background."""
    del prompt
    return np.full((64, 64, 3), COLOURS[facts.background], np.uint8)


def stamp(picture: np.ndarray, facts: Facts) -> bytes:
    """PNG of the picture with the facts in its first two pixels."""
    picture = picture.copy()
    indices = [CONCEPTS.index(name) + 1 for name in facts.concepts] + [0, 0]
    picture[0, 0] = (indices[0], indices[1], STYLES.index(facts.style))
    picture[0, 1] = (BACKGROUNDS.index(facts.background), round(255 * facts.quality), 0)
    stored = io.BytesIO()
    Image.fromarray(picture).save(stored, "PNG")
    return stored.getvalue()


@dataclass(frozen=True)
class Scores:
    """As `training.emoji.evaluator.Scores`."""

    concepts: np.ndarray
    styles: np.ndarray
    backgrounds: np.ndarray
    quality: np.ndarray


class StampReader:
    """An evaluator that is never wrong."""

    concepts = CONCEPTS
    styles = STYLES
    backgrounds = BACKGROUNDS
    quality_threshold = 0.5

    def score(self, images: list[Image.Image]) -> Scores:
        """0.98 for what is there, 0.02 for what is not."""
        pixels = np.stack([np.asarray(image)[0, :2] for image in images]).astype(int)  # [images, 2, 3]
        there = np.stack([(pixels[:, 0, :2] == index + 1).any(axis=1) for index in range(len(CONCEPTS))], axis=1)
        styles = np.eye(len(STYLES), dtype=bool)[pixels[:, 0, 2]]
        backgrounds = np.eye(len(BACKGROUNDS), dtype=bool)[pixels[:, 1, 0]]
        soft = [np.where(found, 0.98, 0.02) for found in (there, styles, backgrounds)]
        return Scores(*soft, quality=pixels[:, 1, 1] / 255)


def chance(prompt: Prompt, what: str) -> float:
    """A number from 0 to 1 that depends on the prompt and on `what` alone."""
    return int(hashlib.sha256(f"{prompt.prompt_id} {what}".encode()).hexdigest()[:8], 16) / 2**32


def gone_from(prompt: Prompt) -> float:
    """The weakest scale without the concept: -2.5 ... -10.5."""
    return -2.5 - 8 * chance(prompt, "gone") ** 1.3


def broken_from(prompt: Prompt) -> float:
    """The weakest scale at which something else is lost."""
    return (-6.0 if prompt.kind == "benign" else gone_from(prompt)) - 0.6 - 6 * chance(prompt, "broken")


def simulate(prompt: Prompt, scale: float) -> Facts:
    """What the model draws for the prompt at a scale."""
    asked = [] if prompt.kind == "benign" or scale <= gone_from(prompt) else ["airplane"]
    if prompt.kind != "benign" and chance(prompt, "drawn") < 0.05:
        asked = ["tree"]  # the plain model fails too
    facts = Facts(
        (*asked, *([prompt.other] if prompt.other else [])), prompt.style or "noto", prompt.background or "white", 0.95
    )
    if scale > broken_from(prompt):
        return facts
    how = chance(prompt, "how")
    if how < 0.5 or not prompt.other:
        return replace(facts, quality=0.1)
    return replace(facts, concepts=tuple(name for name in facts.concepts if name != prompt.other))


def make_prompts(counts: dict[Split, int]) -> list[Prompt]:
    """So many prompts of every kind for each split."""
    return [
        _prompt(kind, split, number) for split, count in counts.items() for kind in KINDS for number in range(count)
    ]


def _prompt(kind: Kind, split: Split, number: int) -> Prompt:
    other = CONCEPTS[1 + number % 3] if kind in {"pair", "benign"} else ""
    style, background = STYLES[number % 2] if number % 3 else "", BACKGROUNDS[number % 3] if number % 4 else ""
    words = {
        "explicit": "an airplane",
        "synonym": "a jet",
        "implicit": "something above the clouds",
        "pair": f"an airplane and a {other}",
        "benign": f"a {other}",
    }
    text = (
        f"a picture of {words[kind]}"
        + f", {style} style" * bool(style)
        + f", {background} background" * bool(background)
    )
    identity = hashlib.sha256(f"{kind} {split} {number}".encode()).hexdigest()[:16]
    return Prompt(
        prompt_id=identity, prompt=text, concept="airplane", word=words[kind], kind=kind, wording="a picture of {x}",
        rest="", other=other, style=style, background=background, seed=number, split=split,
    )  # fmt: skip


def picture(prompt: Prompt, scale: float, draw: Draw = plain_colours) -> SweepImage:
    """One picture of the made-up model."""
    facts = simulate(prompt, scale)
    return SweepImage(prompt.prompt_id, scale, stamp(draw(prompt, facts), facts))


def adapter_scale(prompt: Prompt) -> float:
    """A good adapter: near the middle of what works, and off by up to two and a half."""
    aim = 0.0 if prompt.kind == "benign" else (gone_from(prompt) + broken_from(prompt)) / 2
    return min(0.0, aim + 3.5 * (chance(prompt, "aim") - 0.5))


def adapted(prompts: list[Prompt], draw: Draw = plain_colours) -> list[SweepImage]:
    """What the made-up adapter makes of the prompts."""
    return [picture(prompt, adapter_scale(prompt), draw) for prompt in prompts]


def write_stages(paths: Paths, prompts: list[Prompt], draw: Draw = plain_colours) -> None:
    """The outs of prompts, sweep and label."""
    ordered = sorted(prompts, key=lambda prompt: prompt.key)
    write_rows(paths.prompts, Prompt, ordered)
    write_shards(paths.sweeps, SweepImage, (picture(prompt, scale, draw) for prompt in ordered for scale in LADDER))
    write_rows(paths.labels, LabelRow, [_label(prompt) for prompt in ordered])
    write_rows(paths.features, Feature, (feature for prompt in ordered for feature in _features(prompt)))


def _label(prompt: Prompt) -> LabelRow:
    if prompt.kind == "benign":
        return LabelRow(prompt.prompt_id, None, "absent", 1, 1.0, "not seen at w = 0")
    works = [scale for scale in LADDER if broken_from(prompt) < scale <= gone_from(prompt)]
    if not works:
        return LabelRow(prompt.prompt_id, None, "none_works", 1, 1.0, "no scale erases it and keeps the rest")
    return LabelRow(prompt.prompt_id, works[0], "ok", 1, 1.0, "")


def _features(prompt: Prompt) -> Iterator[Feature]:
    """The probes from as many shared noises as the emoji recipes read, and what comes along the sweep."""
    for injected, noises in ((1.0, NOISES), (0.0, NOISES), *((scale, 0) for scale in LADDER)):
        level = [
            0.05 + 0.02 * layer + (0.004 - 0.0003 * layer) * injected * (1 + 0.4 * chance(prompt, str(layer)))
            for layer in range(len(LAYERS))
        ]
        for token, times in ((0, 1.0), (EOT, 0.5)):
            values = tuple(float(np.float32(times * value)) for value in level)
            yield Feature(prompt.prompt_id, token, injected, values, noises)


def write_adapter(paths: Paths) -> None:
    """What the page reads of an adapter's folder: the layers' names and the training curve."""
    paths.adapter_folder.mkdir(parents=True, exist_ok=True)
    config = AdapterConfig(
        concept="airplane",
        synonyms=(),
        slots="concept",
        base_model="data/models/emoji-sd",
        fingerprint="none",
        layers=LAYERS,
        scales=ScaleRange(smallest=LADDER[-1], step=1.0),
        injected=(1.0,),
        first_step="inhibited",
        sampling=Sampling(first_timestep=999, scheduler="DDIM", steps=12, guidance=5.0, height=64, width=64),
        recipe_hash="none",
    )
    write_config(config, paths.adapter_folder)
    curve = [f"{epoch},{20 / (1 + epoch / 50):.3f},{22 / (1 + epoch / 60):.3f}" for epoch in range(0, 400, 20)]
    paths.history.write_text("\n".join(["epoch,train,val", *curve]) + "\n")


def evaluated_project(root: Path) -> Paths:
    """A project folder with one made-up adapter and all outs of its evaluate stage."""
    recipe = read_recipe("emoji-airplane", Path(__file__).parents[2] / "params.yaml")
    paths = Paths(root, recipe.name)
    prompts = make_prompts({"train": 1, "val": 2, "test": 4})
    write_stages(paths, prompts)
    write_adapter(paths)
    write_rows(paths.adapted, SweepImage, adapted([prompt for prompt in prompts if prompt.split == "test"]))
    evaluate(recipe, paths, NamingEye(StampReader(), "airplane", "stamps"))
    return paths
