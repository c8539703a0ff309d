"""What a picture may show, as texts: the answers among which a CLIP chooses.

A CLIP compares whole captions, so "a cat" alone says little about a picture of a cat and a dog. Instead every scene that the
picture may show gets its caption ("a cat and a dog", "a dog", "a rabbit and a dog", "a broken picture" ...), a softmax
shares the picture among them, and the probability that the cat is there is the sum over the captions with the cat.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import permutations

CONCEPT, REST, PICTURE = "concept", "rest", "picture"
"""The claims of the scenes: the concept is there, the other object is there, it is a picture of something."""


@dataclass(frozen=True, kw_only=True)
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
    weights: tuple[float, ...]
    """How much each text counts before the picture is seen; relative."""


@dataclass(frozen=True)
class _Scene:
    caption: str
    concept: bool
    rest: bool
    single: bool


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
    scenes = _scenes(rubric, names, other)
    shown = [scene for scene in scenes if (scene.rest if other else scene.single)]
    return [_objects(scenes, rubric.broken), *(_trait(shown, trait, group) for trait, group in traits.items())]


def _scenes(rubric: Rubric, names: tuple[str, ...], other: str) -> list[_Scene]:
    """Every object alone, and every two of them in both orders."""
    objects = [_Scene(name, concept=True, rest=False, single=True) for name in names]
    objects += [_Scene(other, concept=False, rest=True, single=True)] if other else []
    contrasts = [text for text in rubric.contrasts if text not in {*names, other}]
    objects += [_Scene(text, concept=False, rest=False, single=True) for text in contrasts]
    pairs = [
        _Scene(f"{a.caption} and {b.caption}", a.concept or b.concept, a.rest or b.rest, single=False)
        for a, b in permutations(objects, 2)
        if not (a.concept and b.concept)
    ]
    return objects + pairs


def _objects(scenes: list[_Scene], broken: tuple[str, ...]) -> Question:
    rows = [*((s.caption, s.concept, s.rest, True) for s in scenes), *((text, False, False, False) for text in broken)]
    texts, concept, rest, picture = zip(*rows, strict=True)
    claims = {CONCEPT: concept, REST: rest, PICTURE: picture}
    kinds = [row[1:] for row in rows]
    sizes = Counter(kinds)
    # A kind of scene weighs the root of its size. One vote a caption would drown the few that have both objects in the
    # hundreds that have neither; one vote a kind finds a wreck in one picture of ten.
    weights = tuple(sizes[kind] ** -0.5 for kind in kinds)
    return Question(texts, claims if any(rest) else {CONCEPT: concept, PICTURE: picture}, weights)


def _trait(scenes: list[_Scene], trait: str, group: tuple[str, ...]) -> Question:
    rows = [(f"{scene.caption}, {value}", value == trait) for scene in scenes for value in group]
    texts, holds = zip(*rows, strict=True)
    return Question(texts, {trait: holds}, (1.0,) * len(texts))
