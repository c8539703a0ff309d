"""The emoji pictures: three Iconify sets from npm, fetched by name, version and hash, rendered with resvg.

Only training needs them. Licences: fluent-emoji-flat MIT (Microsoft), noto Apache-2.0 (Google), twemoji CC-BY-4.0 (Twitter).
"""

import hashlib
import io
import json
import subprocess
import tarfile
from functools import cache
from pathlib import Path

import resvg_py
from PIL import Image

PACKAGES = {
    "fluent-emoji-flat": ("1.2.6", "7d064769dee690815f823bc5bcc511d957198caf9f5edd8dd9c1aa48a6aeb175"),
    "noto": ("1.2.9", "3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad"),
    "twemoji": ("1.2.5", "19046dff7d8707ce96212ec86468b36ac5f8e60409629dd13f809265c6d0ebb7"),
}
"""Iconify set -> (version, sha256 of the npm tarball)."""

FOLDER = Path("build/emoji-sd/icons")


def fetch(name: str, folder: Path = FOLDER) -> Path:
    """Download one set with `npm pack` unless it is there, and check its hash.

    Raises:
        ValueError: the tarball is not the one this recipe was made with.
    """
    version, expected = PACKAGES[name]
    tarball = folder / f"iconify-json-{name}-{version}.tgz"
    if not tarball.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", f"@iconify-json/{name}@{version}"], cwd=folder, check=True)
    got = hashlib.sha256(tarball.read_bytes()).hexdigest()
    if got != expected:
        msg = f"{tarball}: expected sha256 {expected}, got {got}; delete the file and run again"
        raise ValueError(msg)
    return tarball


@cache
def read_set(name: str) -> dict[str, str]:
    """Icon name -> SVG text, for one Iconify set."""
    with tarfile.open(fetch(name)) as archive:
        member = archive.extractfile("package/icons.json")
        assert member is not None, "an Iconify package has icons.json"
        content = json.load(member)
    width, height = content.get("width", 16), content.get("height", 16)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
    return {icon: f"{head}{entry['body']}</svg>" for icon, entry in content["icons"].items()}


@cache
def sprite(icon_set: str, icon: str, size_px: int) -> Image.Image:
    """One icon as an RGBA picture, `size_px` wide and high."""
    png = resvg_py.svg_to_bytes(svg_string=read_set(icon_set)[icon], width=size_px, height=size_px)
    return Image.open(io.BytesIO(bytes(png))).convert("RGBA")
