"""`gie explain`: the pictures of docs/how-it-works.md show what the page says."""

from pathlib import Path

import pytest
from PIL import Image

from pipeline.explain import GONE, PROMPTS, SCALES, draw, run

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_pictures_show_what_the_page_says(tmp_path: Path) -> None:
    """Each prompt that asks for the concept shows it at w = 0 and loses it, at another scale each; four pictures are written."""
    drawn = draw(ROOT)
    lost = {
        name: next((w for w, seen in zip(SCALES, one.seen, strict=True) if seen < GONE), None)
        for name, one in drawn.items()
    }
    assert list(drawn) == list(PROMPTS)
    assert lost.pop("absent") == 0, "it was never there"
    assert all(scale and scale < 0 for scale in lost.values())
    assert len(set(lost.values())) > 1
    paths = run(ROOT, tmp_path)
    assert [path.name for path in paths] == [
        f"how-{n}-{what}.png" for n, what in enumerate(("asked", "injected", "read", "chosen"), 1)
    ]
    page = (ROOT / "docs" / "how-it-works.md").read_text("utf-8")
    for path in paths:
        with Image.open(path) as picture:
            assert picture.width > 300
        assert f"images/{path.name}" in page
