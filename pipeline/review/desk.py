"""What a person picks goes into the ledger as judge `human`; the desk knows all exhibits and how far the two agree."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import quote

from labeling.asking import Memory
from labeling.judges.human import Pick, read_pick, write_pick
from labeling.verdict import Label, Sweep
from pipeline.review.exhibits import Exhibit, by_doubt, describe
from pipeline.review.page import agreement
from pipeline.review.thumbnails import thumbnail


class UnknownPromptError(LookupError):
    """The page that was left open is another one's, or somebody guesses."""


@dataclass
class Desk:
    """All exhibits, their small pictures, and the picks; several requests may come at once."""

    concept: str
    exhibits: Iterable[Exhibit]
    memory: Memory
    by: str
    """Who picks."""
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        """Look at every sweep once: for its small pictures, and for what was picked before."""
        self.exhibits = by_doubt(self.exhibits)
        self.shown: dict[str, Exhibit] = {exhibit.prompt_id: exhibit for exhibit in self.exhibits}
        self.pictures: dict[str, dict[float, bytes]] = {}
        self.picks: dict[str, Pick] = {}
        for name, exhibit in self.shown.items():
            sweep = exhibit.open()
            self.pictures[name] = {scale: thumbnail(image) for scale, image in sweep.images.items()}
            if pick := read_pick(self.memory, sweep):
                self.picks[name] = pick

    def page(self, token: str) -> dict[str, Any]:
        """What the page shows; addresses of pictures carry the token."""
        with self._lock:
            strips = [self._strip(exhibit, token) for exhibit in self.shown.values()]
        return {
            "title": f"Labels for {self.concept}",
            "concept": self.concept,
            "token": token,
            "strips": strips,
            "agreement": self.agreement(),
        }

    def picture(self, prompt_id: str, scale: str) -> bytes | None:
        """One small picture, WebP; None where there is none."""
        try:
            return self.pictures.get(prompt_id, {}).get(float(scale))
        except ValueError:
            return None

    def take(self, prompt_id: str, pick: Pick) -> Mapping[str, Any]:
        """Keep a pick for good; how far the person now agrees with the judge.

        Raises:
            UnknownPromptError: it is about a prompt or a scale that is not here.
        """
        exhibit = self.shown.get(prompt_id)
        if exhibit is None or (pick.scale is not None and pick.scale not in self.pictures[prompt_id]):
            raise UnknownPromptError(f"no prompt {prompt_id!r} with a picture at {pick.scale}")
        sweep: Sweep = exhibit.open()
        signed = pick.model_copy(update={"by": self.by})
        with self._lock:
            write_pick(self.memory, sweep, signed)
            self.picks[prompt_id] = signed
        return self.agreement()

    def agreement(self) -> dict[str, Any]:
        """Of the picks with the judge's labels."""
        with self._lock:
            picks = dict(self.picks)
        return agreement((self.shown[name].label, _label(pick), self.pictures[name]) for name, pick in picks.items())

    def _strip(self, exhibit: Exhibit, token: str) -> dict[str, Any]:
        name = exhibit.prompt_id
        tiles = {scale: f"picture/{quote(name, safe='')}/{scale!r}?token={token}" for scale in self.pictures[name]}
        pick = self.picks.get(name)
        return describe(exhibit, tiles, pick.model_dump() if pick else None)


def _label(pick: Pick) -> Label:
    return Label(pick.scale, pick.outcome, votes=1, agreement=1.0, reason="")
