"""A scene says what is on a picture and how its caption asks for it. Drawn at random from the vocabulary."""

from dataclasses import dataclass

import numpy as np

from training.emoji.vocabulary import Vocabulary

SINGLE, PAIR, IMPLIED, EMPTY = "single", "pair", "implied", "empty"
SHARES = {SINGLE: 0.49, PAIR: 0.33, IMPLIED: 0.15, EMPTY: 0.03}
"""Kind of scene -> its share of the training pictures."""

NAMED = 0.6
"""Share of the captions that name the style, and of those that name the background."""
PLAIN_NAME = 0.55
"""Share of the names that are the concept's plain words; the rest are synonyms."""


@dataclass(frozen=True)
class Scene:
    """What one picture shows, and its caption."""

    kind: str
    concepts: tuple[str, ...]
    """Left to right: none, one or two concepts."""
    style: str
    background: str
    caption: str


def draw_scene(words: Vocabulary, rng: np.random.Generator, kind: str | None = None) -> Scene:
    """One random scene; `kind` fixes its kind, otherwise `SHARES` decide."""
    kind = kind or _pick(rng, list(SHARES), weights=list(SHARES.values()))
    count = {EMPTY: 0, PAIR: 2}.get(kind, 1)
    concepts = tuple(str(name) for name in rng.choice(list(words.concepts), size=count, replace=False))
    style, background = _pick(rng, list(words.styles)), _pick(rng, list(words.backgrounds))
    caption = _sentence(words, rng, kind, concepts) + _suffixes(words, rng, style, background)
    return Scene(kind, concepts, style, background, caption)


def _pick(rng: np.random.Generator, options: list[str], weights: list[float] | None = None) -> str:
    return options[int(rng.choice(len(options), p=weights))]


def _name(words: Vocabulary, rng: np.random.Generator, concept: str) -> str:
    noun = words.concepts[concept]
    return noun.phrase if rng.random() < PLAIN_NAME else _pick(rng, noun.synonyms)


def _sentence(words: Vocabulary, rng: np.random.Generator, kind: str, concepts: tuple[str, ...]) -> str:
    if kind == EMPTY:
        return _pick(rng, words.empty_wordings)
    if kind == PAIR:
        x, y = (_name(words, rng, concept) for concept in concepts)
        return _pick(rng, words.pair_wordings).format(x=x, y=y)
    [concept] = concepts
    x = _pick(rng, words.concepts[concept].implied) if kind == IMPLIED else _name(words, rng, concept)
    return _pick(rng, words.wordings).format(x=x)


def _suffixes(words: Vocabulary, rng: np.random.Generator, style: str, background: str) -> str:
    text = ""
    if rng.random() < NAMED:
        text += _pick(rng, words.style_wordings).format(style=style)
    if rng.random() < NAMED:
        text += _pick(rng, words.background_wordings).format(background=background)
    return text
