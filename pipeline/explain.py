"""`gie explain`: the pictures of docs/how-it-works.md, one a step of the method, drawn by the bundled model.

Everything is drawn and measured when the command runs; the prompts and the noise are fixed, so that it draws the same again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from pipeline.files import replaced_file
from pipeline.strip import Cell, grid

MODEL, EVALUATOR = "data/models/emoji-sd", "data/models/emoji-evaluator"
CONCEPT = "airplane"
PROMPTS: Mapping[str, str] = {
    "named": "an airplane, noto style",
    "beside": "an airplane and a house",
    "implied": "something flying high above the clouds",
    "absent": "a cat, noto style",
}
"""How a prompt can ask for the concept, or not."""
SCALES = tuple(round(-0.2 * step, 1) + 0.0 for step in range(16))  # + 0.0: no -0
SEED, STEPS, GUIDANCE = 7, 12, 3.0
GONE = 0.5
"""Below this probability the evaluator does not see the concept."""


@dataclass(frozen=True)
class Drawn:
    """One prompt at every scale."""

    pictures: tuple[Image.Image, ...]
    """In the order of `SCALES`."""
    features: tuple[float, ...]
    """`[layers]` attention to the concept at the first step of the plain model."""
    seen: tuple[float, ...]
    """Probability of the concept in each picture."""


def run(root: Path, folder: Path) -> list[Path]:
    """Write the pictures into `folder`; their paths."""
    drawn = draw(root)
    plain = grid({"w = 0": [Cell(one.pictures[0], name) for name, one in drawn.items()]})
    injected = grid(
        {
            name: [Cell(picture, f"{scale:g}") for picture, scale in zip(one.pictures[::2], SCALES[::2], strict=True)]
            for name, one in drawn.items()
        }
    )
    pictures = {"asked": plain, "injected": injected, "read": _features(drawn), "chosen": _seen(drawn)}
    for number, (name, picture) in enumerate(pictures.items(), 1):
        path = folder / f"how-{number}-{name}.png"
        with replaced_file(path) as aside:
            picture.save(aside, "PNG", optimize=True)
    return sorted(folder.glob("how-*.png"))


def draw(root: Path) -> dict[str, Drawn]:
    """Every prompt at every scale, from one noise."""
    from gie.concept import Concept
    from gie.inhibiting import inhibit
    from gie.model import load_pipeline
    from pipeline.drawing import generators
    from training.emoji.evaluator import Evaluator

    pipe: Any = load_pipeline(str(root / MODEL), device="cpu")
    evaluator = Evaluator.from_pretrained(root / EVALUATOR)
    found: dict[str, Drawn] = {}
    for name, prompt in PROMPTS.items():
        concept = Concept(CONCEPT, scale=SCALES, slots="all", values="concept-empty")
        count = len(SCALES)
        with inhibit(pipe, concept, capture=True) as block:
            made = pipe(
                [prompt] * count,
                generator=generators([SEED] * count),
                num_inference_steps=STEPS,
                guidance_scale=GUIDANCE,
            ).images
            # of the picture at w = 0, without [EOT]
            features = block.features[0, :-1].mean(dim=0).tolist()
        seen = evaluator.score(made).concepts[:, evaluator.concepts.index(CONCEPT)]
        found[name] = Drawn(tuple(made), tuple(features), tuple(float(value) for value in seen))
    return found


def _features(drawn: Mapping[str, Drawn]) -> Image.Image:
    def plot(axes: Any) -> None:
        for name, one in drawn.items():
            axes.plot(range(1, len(one.features) + 1), one.features, marker="o", label=name)
        axes.set_xlabel("cross-attention layer, in call order")
        axes.set_ylabel(f'attention to "{CONCEPT}"')

    return _chart(plot)


def _seen(drawn: Mapping[str, Drawn]) -> Image.Image:
    def plot(axes: Any) -> None:
        for name, one in drawn.items():
            [curve] = axes.plot(SCALES, one.seen, label=name)
            gone = next((index for index, seen in enumerate(one.seen) if seen < GONE), None)
            if gone:  # at w = 0 there was nothing to erase
                axes.plot(SCALES[gone], one.seen[gone], marker="o", markersize=10, color=curve.get_color())
        axes.axhline(GONE, color="grey", linewidth=0.8)
        axes.invert_xaxis()
        axes.set_xlabel("suppression scale w")
        axes.set_ylabel(f"{CONCEPT} is seen, probability")

    return _chart(plot)


def _chart(plot: Any) -> Image.Image:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.2), dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    plot(axes)
    axes.legend(frameon=False)
    canvas.draw()
    width, height = canvas.get_width_height()
    return Image.frombytes("RGBA", (width, height), bytes(canvas.buffer_rgba())).convert("RGB")
