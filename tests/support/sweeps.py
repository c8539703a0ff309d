"""Folders of pictures as somebody else would have rendered them; the brightness is the truth, as in `tests.support.labelling`."""

from pathlib import Path

from PIL import Image

from tests.support.labelling import GONE, THERE, WRECK

SCALES = (0.0, -2.0, -4.0, -6.0)


def write_sweeps(root: Path, *, count: int = 3, width: int = 8) -> Path:
    """`PROMPT_ID/SCALE.png`: the concept is gone from -4 on in even prompts, in odd ones from -2; at -6 all is wrecked."""
    for number in range(count):
        folder = root / f"prompt-{number}"
        folder.mkdir(parents=True)
        for scale in SCALES:
            write_picture(folder / f"{scale:g}.png", shade(number, scale), width=width + number)  # no two sweeps alike
    return root


def onset(number: int) -> float:
    """The truth about a prompt."""
    return -2.0 if number % 2 else -4.0


def shade(number: int, scale: float) -> int:
    """Brightness of one picture."""
    return WRECK if scale <= SCALES[-1] else GONE if scale <= onset(number) else THERE


def write_picture(path: Path, brightness: int, *, width: int = 8) -> None:
    """One grey, as the file's ending says."""
    Image.new("RGB", (width, width), (brightness,) * 3).save(path)
