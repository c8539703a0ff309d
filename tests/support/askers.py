"""Who answers questions in tests without a network: reads the brightness of pictures, or has a taste instead of eyes.

The pictures are found as a server finds them: by the names in the text, the cells of a sheet in the pixels.
"""

import base64
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from labeling.asking import Answer, Part, Question
from labeling.verdict import Sweep
from tests.support.seeing_server import Read, read_request

THERE, GONE, WRECK = 150, 250, 20
"""Brightness of a picture with the concept, without it, and of none."""


def greys(pattern: str) -> Sweep:
    """A sweep of plain pictures, from w = 0 down: t(here), g(one), w(reck). Each has a grain of its own."""
    grey = {"t": THERE, "g": GONE, "w": WRECK}
    images = {-float(step): _grained(grey[letter], step) for step, letter in enumerate(pattern)}
    return Sweep("a cat on a mat", "a mat", "cat", ("kitten",), images, "p1")


def _grained(grey: int, step: int) -> Image.Image:
    pixels = np.full((48, 48, 3), grey, np.uint8)
    pixels[0, step % 48] = 1
    return Image.fromarray(pixels)


def understand(question: Question) -> Read:
    """The question as a server reads it."""
    return read_request({"messages": [{"role": "user", "content": [to_part(part) for part in question.parts]}]})


def to_part(part: Part) -> dict[str, object]:
    """Text, or a picture as a data URL: as a request carries it."""
    if isinstance(part, str):
        return {"type": "text", "text": part}
    stored = io.BytesIO()
    part.save(stored, "PNG")
    url = "data:image/png;base64," + base64.b64encode(stored.getvalue()).decode()
    return {"type": "image_url", "image_url": {"url": url}}


@dataclass
class Bright:
    """Sees brightness; an `Asker`."""

    model: str = "bright"
    questions: list[Question] = field(default_factory=list[Question])
    favours: str = ""
    """A cell from which on, it says, everything works, where there are many."""
    refuses_when: int = 1000
    """From so many pictures in a question on it refuses."""
    instead: Sequence[Answer] = ()
    """Answers that it gives first, whatever is asked."""

    async def ask(self, question: Question) -> Answer:
        """Answer as told."""
        self.questions.append(question)
        if len(self.questions) <= len(self.instead):
            return self.instead[len(self.questions) - 1]
        read = understand(question)
        if len(read.pictures) >= self.refuses_when:
            return Answer("refused", text="I can't help", reason="I can't help", raw='{"refusal": "x"}')
        grey = {name: int(np.median(np.asarray(picture))) for name, picture in read.pictures.items()}
        if self.favours in grey and len(grey) > 3:
            grey = {name: GONE if (len(name), name) >= (1, self.favours) and name != "REF" else THERE for name in grey}
        picks = "\npick:" in read.text
        names = [name for name in grey if name != "REF"] if not picks and len(grey) > 1 else list(grey)
        views = [
            {"picture": name, "gone": _word(not 100 < grey[name] < 200), "kept": _word(grey[name] > 100)}
            for name in names
        ]
        works = [
            view["picture"] for view in views if view["gone"] == view["kept"] == "yes" and view["picture"] != "REF"
        ]
        first = (
            self.favours if self.favours in works else min(works, key=lambda name: _step(read, name), default="none")
        )
        value = {"views": views} | ({"pick": first} if picks else {})
        text = json.dumps(value)
        return Answer("ok", value, text, raw=text, usage='{"total_tokens": 10}', cost_usd=0.01)


def _step(read: Read, name: str) -> float:
    """How strongly a picture was suppressed, by its grain: the least is most like the plain one."""
    row = np.asarray(read.pictures[name])[0, :, 0]
    return float(row.argmin()) / len(row)


def _word(value: bool) -> str:
    return "yes" if value else "no"
