"""An OpenAI-compatible server that sees: it decodes the pictures of a request and answers with a real model.

It gets what a server gets, text and pixels. The cells of a contact sheet it finds in the pixels; which pictures it is asked about, what
for and in which form it reads in the question. It imports nothing of `labeling`, so whatever judge and server agree on went over the wire.
"""

import base64
import io
import json
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.support.batch_desk import BatchDesk
from tests.support.eyes import Asked, Eyes, Shown
from tests.support.serving import serving

MODEL = "seeing-clip"
SURE = 0.5
NOISE = 12
"""How far a pixel of the ground may be off, where the picture came compressed."""
LEAST_PX = 32
"""Lower bands are names, not pictures."""
COLOURS = {
    "red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0), "black": (0, 0, 0), "white": (255, 255, 255),
}  # fmt: skip


def find_cells(sheet: Image.Image) -> list[Image.Image]:
    """The pictures of a sheet in reading order: what lies between bands of the ground that its corner shows."""
    pixels = np.asarray(sheet.convert("RGB")).astype(int)
    ground = (np.abs(pixels - pixels[0, 0]) <= NOISE).all(axis=2)
    found: list[Image.Image] = []
    for top, bottom in _runs(~ground.all(axis=1)):
        if bottom - top >= LEAST_PX:
            spans = _runs(~ground[top:bottom].all(axis=0))
            found += [sheet.crop((left, top, right, bottom)) for left, right in spans if right - left >= LEAST_PX]
    return found


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end of each run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


@dataclass(frozen=True)
class Read:
    """A request, understood."""

    text: str
    pictures: dict[str, Image.Image]
    """By name, where the question names them; else by number."""


def read_request(body: dict[str, Any]) -> Read:
    """Text and pictures of the last message; a picture is named by the text before it, the cells of a sheet by the question's list."""
    content = body["messages"][-1]["content"]
    parts: list[dict[str, Any]] = [{"type": "text", "text": content}] if isinstance(content, str) else content
    text = "\n".join(part["text"] for part in parts if part["type"] == "text")
    named: dict[str, Image.Image] = {}
    loose: list[Image.Image] = []
    before = ""
    for part in parts:
        if part["type"] == "text":
            before = part["text"].strip()
            continue
        picture = _decode(part["image_url"]["url"])
        if re.fullmatch(r"[A-Z]+:", before):
            named[before[:-1]] = picture
        else:
            loose.append(picture)
    if len(loose) == 1 and (names := _names(text)):
        cells = find_cells(loose[0])
        if len(cells) != len(names):
            raise ValueError(f"{len(names)} names, {len(cells)} cells")
        return Read(text, dict(zip(names, cells, strict=True)))
    return Read(text, named or {str(number): picture for number, picture in enumerate(loose)})


def _names(text: str) -> list[str]:
    found = re.search(r"For each of the pictures ([A-Z, ]+), answer", text)
    return found[1].split(", ") if found else []


def _decode(url: str) -> Image.Image:
    head, data = url.split(",", 1)
    assert head.startswith("data:image/")
    return Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")


def _asked(text: str) -> Asked:
    def line(start: str) -> str:
        found = re.search(rf"^{start}: (.*)$", text, re.MULTILINE)
        return found[1] if found else ""

    names = [line("Concept"), *line("Other names of the concept").split(", ")]
    articled = tuple(f"{'an' if name[0] in 'aeiou' else 'a'} {name}" for name in names if name != "none")
    rest = line("Besides the concept the prompt asks for")
    return Asked(articled, () if rest == "nothing more" else tuple(rest.split(", ")))


@dataclass
class Mind:
    """Answers questions about pictures; one at a time."""

    eyes: Eyes = field(default_factory=Eyes)
    lock: threading.Lock = field(default_factory=threading.Lock)
    questions: list[str] = field(default_factory=list[str])

    def answer(self, body: dict[str, Any]) -> str:
        """The answer's text."""
        request = read_request(body)
        names = _names(request.text)
        with self.lock:
            self.questions.append(request.text)
            return json.dumps(self._views(request, names) if names else self._colours(request))

    def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        """The answer as a chat completion."""
        text = self.answer(body)
        usage = {"prompt_tokens": 100, "completion_tokens": len(text) // 4, "total_tokens": 100 + len(text) // 4}
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": body["model"]}
        return {**head, "choices": [choice], "usage": usage}

    def _views(self, request: Read, names: list[str]) -> dict[str, Any]:
        embedded = self.eyes.embed([_small(picture) for picture in request.pictures.values()])
        shown = dict(zip(request.pictures, self.eyes.look(embedded, _asked(request.text)), strict=True))
        likeness = dict(zip(request.pictures, (embedded @ embedded[0]).tolist(), strict=True))
        kept = {name: _kept(shown["REF"], shown[name]) for name in names}
        gone = {name: shown[name].concept < SURE for name in names}
        views = [{"picture": name, "gone": _word(gone[name]), "kept": _word(kept[name])} for name in names]
        working = [name for name in names if name != "REF" and gone[name] and kept[name]]
        pick = max(working, key=lambda name: likeness[name], default="none")
        return {"views": views} | ({"pick": pick} if "\npick:" in request.text else {})

    def _colours(self, request: Read) -> dict[str, Any]:
        """The nearest plain colour of each picture, or the word that is to be said: what a probe asks."""
        if not request.pictures:
            return {"words": re.findall(r'word "(\w+)"', request.text)}
        means = [np.asarray(picture).reshape(-1, 3).mean(axis=0) for picture in request.pictures.values()]
        nearest = [min(COLOURS, key=lambda name: np.abs(mean - COLOURS[name]).sum()) for mean in means]
        return {"words": nearest}


def _kept(plain: Shown, seen: Shown) -> bool:
    """It is a picture, and shows at least half of what the plain one shows of the rest."""
    wanted = {name: SURE * value for name, value in plain.rest.items() if value >= SURE}
    return seen.picture >= SURE and all(seen.rest[name] >= least for name, least in wanted.items())


def _small(picture: Image.Image) -> Image.Image:
    """As large as the model's retina; a picture that was enlarged by a whole factor is itself again."""
    return picture if max(picture.size) <= 64 else picture.resize((64, 64), Image.Resampling.BOX)


def _word(value: bool) -> str:
    return "yes" if value else "no"


@contextmanager
def seeing_server(mind: Mind) -> Generator[str]:
    """Serve on a free port of this machine, single questions and batches of them; gives the base URL."""
    desk = BatchDesk()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Models, batches, and the content of files."""
            path = urlsplit(self.path).path.removeprefix("/v1")
            if path == "/batches":
                self._send(desk.list())
            elif found := re.fullmatch(r"/files/(.+)/content", path):
                self._send_bytes(desk.files[found[1]])
            else:
                model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "tests"}
                self._send({"object": "list", "data": [model]})

        def do_POST(self) -> None:
            """One chat completion; a file, or a batch of them."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            path = urlsplit(self.path).path.removeprefix("/v1")
            if path == "/files":
                self._send(desk.upload(body, self.headers["Content-Type"]))
            elif path == "/batches":
                self._send(desk.create(json.loads(body), mind.complete))
            else:
                self._send(mind.complete(json.loads(body)))

        def _send(self, value: dict[str, Any]) -> None:
            self._send_bytes(json.dumps(value).encode())

        def _send_bytes(self, data: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    with serving(Handler) as port:
        yield f"http://127.0.0.1:{port}/v1"
