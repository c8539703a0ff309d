"""What a picture may show, as texts: the answers among which a CLIP chooses.

A CLIP compares whole captions, so "a cat" alone says little about a picture of a cat and a dog. Instead every scene that the
picture may show gets its caption ("a cat and a dog", "a dog", "a rabbit and a dog", "a broken picture" ...), a softmax
shares the picture among them, and the probability that the cat is there is the sum over the captions with the cat.
"""

from collections.abc import Iterator
from dataclasses import dataclass

CONCEPT, REST, PICTURE = "concept", "rest", "picture"
"""The claims of the scenes: the concept is there, the other object is there, it is a picture of something."""


@dataclass(frozen=True)
class Rubric:
    """The judge's words and limits."""

    contrasts: tuple[str, ...]
    """Other objects that a picture may show: "a dog"."""
    attributes: tuple[tuple[str, ...], ...]
    """Groups of traits that exclude each other: ("blue background", "green background")."""
    broken: tuple[str, ...]
    """What a picture that is none is called: "noise", "nothing"."""
    names: tuple[str, ...] = ()
    """What captions call the concept: "a cat", "a kitten"; none: the recipe's concept and synonyms as they are."""
    gone_below: float = 0.5
    """The concept is gone where its probability is below."""
    kept_above: float = 0.5
    """It is a picture where that is at least as probable; of the rest at least this share of the plain picture's is left."""


@dataclass(frozen=True)
class Question:
    """Captions, of which one fits, and what each of them claims."""

    texts: tuple[str, ...]
    claims: dict[str, tuple[bool, ...]]
    """Claim -> for each text, whether it holds when the text fits."""


def ask(rubric: Rubric, names: tuple[str, ...], rest: str) -> list[Question]:
    """All questions about one sweep: first the objects, then one for each trait that the rest names.

    Args:
        rubric: the words.
        names: the concept and its synonyms.
        rest: what is asked besides the concept; each part of it that is in no group of traits is an object.
    """
    parts = [part.strip() for part in rest.split(",") if part.strip()]
    traits = {part: group for part in parts for group in rubric.attributes if part in group}
    other = " and ".join(part for part in parts if part not in traits)
    scenes = list(_scenes(rubric, names, other))
    return [_objects(scenes, rubric.broken), *(_trait(scenes, trait, group) for trait, group in traits.items())]


def _scenes(rubric: Rubric, names: tuple[str, ...], other: str) -> Iterator[tuple[str, bool, bool]]:
    """Caption, concept is there, rest is there."""
    contrasts = [text for text in rubric.contrasts if text not in {*names, other}]
    for text, here in [*((name, True) for name in names), *((text, False) for text in contrasts)]:
        yield text, here, False
        if other:
            yield f"{text} and {other}", here, True
            yield f"{other} and {text}", here, True
    if other:
        yield other, False, True


def _objects(scenes: list[tuple[str, bool, bool]], broken: tuple[str, ...]) -> Question:
    rows = [*((*scene, True) for scene in scenes), *((text, False, False, False) for text in broken)]
    texts, concept, rest, picture = zip(*rows, strict=True)
    claims = {CONCEPT: concept, REST: rest, PICTURE: picture}
    return Question(texts, claims if any(rest) else {CONCEPT: concept, PICTURE: picture})


def _trait(scenes: list[tuple[str, bool, bool]], trait: str, group: tuple[str, ...]) -> Question:
    rows = [(f"{caption}, {value}", value == trait) for caption, *_ in scenes for value in group]
    texts, holds = zip(*rows, strict=True)
    return Question(texts, {trait: holds})
