"""`gie erase`: the method from the command line."""

from pathlib import Path
from typing import Annotated

import typer

Scale = Annotated[
    float | None,
    typer.Option(
        help="How strongly --concept is erased, w: 0 is the plain model, more negative erases more, too much spoils the picture. "
        "Left out: -1.6, for other models -7 (of -1 to -15; nobody measured which SD3 and FLUX need)."
    ),
]
AnyWeights = Annotated[
    bool,
    typer.Option(
        "--any-weights",
        help="Take an adapter on a fine-tune of its model too, or in another precision: a warning, no error.",
    ),
]
Compare = Annotated[
    bool,
    typer.Option(
        "--compare",
        help="Draw the plain picture of the same noise too, and compared.png: plain left, erased right.",
    ),
]


def erase(  # noqa: PLR0913, PLR0917 - a command's options are its arguments
    prompt: Annotated[str, typer.Argument(help="What to draw.")],
    concept: Annotated[
        list[str] | None,
        typer.Option(help="What to keep out of it, in a few words; give it again for more concepts."),
    ] = None,
    adapter: Annotated[
        list[str] | None,
        typer.Option(help="Folder or hub id of an adapter, which chooses the scale itself; give it again for more."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Folder or hub id; else the first adapter's, or the bundled model.")
    ] = None,
    scale: Scale = None,
    n: Annotated[int, typer.Option("--n", min=1, help="How many pictures, each of the next seed.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the first picture's noise.")] = 0,
    steps: Annotated[
        int | None,
        typer.Option(
            min=1, help="Denoising steps; else the adapter's, or 12, for other models 50, for SD3 and FLUX 28."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("erased"),
    any_weights: AnyWeights = False,
    compare: Compare = False,
) -> None:
    """Draw pictures without a concept, by one scale for all prompts (--concept) or by an adapter that chooses it (--adapter).

    A first look: gie erase "an airplane and a house" --concept airplane --compare

    Too much, or not enough: the same with --scale -0.8 or --scale -3

    With what was trained: gie erase "a jet" --adapter data/adapters/emoji-airplane --n 4

    Another model: gie erase "a cat on a sofa" --concept cat --model stable-diffusion-v1-5/stable-diffusion-v1-5

    Each PNG says in its text chunk "gie" how it was made, the scales that an adapter chose among it.
    """
    from pipeline.erase import Wish
    from pipeline.erase import erase as draw

    wish = Wish(prompt, tuple(concept or ()), tuple(adapter or ()), model, scale, seed, n, steps, any_weights)
    drawn = draw(wish, out, compare=compare)
    for picture in drawn.pictures:
        scales = ", ".join(f"{text} w = {value:.2f}" for text, value in picture.scales.items())
        typer.echo(f"{picture.path}: {scales}")
    if drawn.compared:
        typer.echo(f"{drawn.compared}: plain left, erased right")
    for note in drawn.notes:
        typer.echo(note, err=True)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(erase)
