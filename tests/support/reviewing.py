"""A review page in service for tests: a project that a judge with doubts has labelled, and the headless browser to look at it."""

import os
import shutil
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, sync_playwright

from labeling.asking import Memory
from labeling.choose import choose_label
from labeling.verdict import Sight, Sweep, Verdict
from pipeline.ledger import Ledger
from pipeline.review.desk import Desk
from pipeline.review.exhibits import Exhibit
from pipeline.review.server import Site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine; apt-get install chromium")
SCALES = (0.0, -1.0, -2.0, -3.0, -4.0)
PROMPTS = ("clear", "split", "refused")


@dataclass(frozen=True)
class Served:
    """A site that answers."""

    site: Site
    address: str
    """With the token."""
    port: int


def make_sweep(name: str) -> Sweep:
    """Pictures that differ by prompt and scale: a disc that fades."""
    images: dict[float, Image.Image] = {}
    for scale in SCALES:
        image = Image.new("RGB", (96, 96), (225, 230, 240))
        shade = int(255 * min(1.0, -scale / 3))
        ImageDraw.Draw(image).ellipse((20, 20, 76, 76), fill=(230, shade, 40 + 60 * PROMPTS.index(name)))
        images[scale] = image
    return Sweep(f"a disc, {name} </script><b>bold</b>", "", "disc", (), images, name)


def make_exhibits() -> list[Exhibit]:
    """One label that all agree on, one that they split over, one that was refused."""
    seen = {scale: Sight(gone=scale <= -2, kept=scale > -4) for scale in SCALES}
    verdicts = {
        "clear": [Verdict("ok", -2.0, seen, "the disc is gone", judge="openai", model="m", layout="forward")] * 2,
        "split": [
            Verdict("ok", -1.0, seen, "almost gone", judge="openai", model="m", layout="forward"),
            Verdict("ok", -4.0, seen, "gone at last", judge="openai", model="m", layout="shuffled"),
            Verdict("ok", -3.0, seen, "settled", judge="openai", model="m", layout="bisect"),
        ],
        "refused": [Verdict("refused", reason="policy", judge="openai", model="m", layout="forward")],
    }
    return [
        Exhibit(
            name, make_sweep(name).prompt, "explicit", choose_label(given), given, lambda name=name: make_sweep(name)
        )
        for name, given in verdicts.items()
    ]


@contextmanager
def serving(memory: Memory, exhibits: list[Exhibit] | None = None) -> Generator[Served]:
    """The page while the block runs."""
    site = Site(Desk("disc", make_exhibits() if exhibits is None else exhibits, memory, by="tester"))
    with site.open() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield Served(site, site.address(server), int(server.server_address[1]))
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def browsing(folder: Path) -> Generator[Page]:
    """A page of a headless Chromium; what its console says goes to `folder/console.txt`, and screenshots to `GIE_SCREENSHOTS`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1000, "height": 720})
        console = folder / "console.txt"
        console.write_text("")

        def note(message: Any) -> None:
            with console.open("a") as file:
                file.write(f"{message.text}\n")

        def note_error(error: Any) -> None:
            console.write_text(str(error))

        page.on("console", note)
        page.on("pageerror", note_error)
        try:
            yield page
        finally:
            browser.close()


def screenshot(page: Page, name: str) -> None:
    """Keep a picture of the page where `GIE_SCREENSHOTS` says; nowhere without it."""
    if folder := os.environ.get("GIE_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def make_memory(folder: Path) -> Ledger:
    """A ledger of its own."""
    return Ledger(folder / "picks")
