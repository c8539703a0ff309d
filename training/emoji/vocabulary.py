"""What emoji-sd can be asked for: concepts with their words, drawing styles, backgrounds, sentences.

The words lie in `data/emoji/vocabulary.json`, because the `template` prompts of the pipeline are written with the same ones.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

VOCABULARY = Path(__file__).parents[2] / "data" / "emoji" / "vocabulary.json"


@dataclass(frozen=True)
class Noun:
    """One concept and all the ways to ask for it."""

    icon: str
    """Name of the icon in the Iconify sets."""
    phrase: str
    """The plain words with their article: "a cat"."""
    synonyms: list[str]
    """Other names, with their article."""
    implied: list[str]
    """Phrases that mean the concept and never name it."""

    @property
    def names(self) -> list[str]:
        """The plain words and the synonyms."""
        return [self.phrase, *self.synonyms]


@dataclass(frozen=True)
class Vocabulary:
    """All words of emoji-sd."""

    concepts: dict[str, Noun]
    styles: dict[str, str]
    """Style as captions say it -> Iconify set that draws it."""
    backgrounds: dict[str, tuple[int, int, int]]
    """Colour as captions say it -> RGB, 0 to 255."""
    wordings: list[str]
    """Sentences with one `{x}`."""
    pair_wordings: list[str]
    """Sentences with `{x}` and `{y}`; `{x}` is drawn on the left."""
    style_wordings: list[str]
    background_wordings: list[str]
    empty_wordings: list[str]
    """Sentences that ask for no object at all."""


@cache
def read_vocabulary(path: Path = VOCABULARY) -> Vocabulary:
    """Read the committed vocabulary."""
    raw = json.loads(path.read_text())
    nouns = {name: Noun(**noun) for name, noun in raw.pop("concepts").items()}
    backgrounds = {name: (r, g, b) for name, (r, g, b) in raw.pop("backgrounds").items()}
    return Vocabulary(concepts=nouns, backgrounds=backgrounds, **raw)
