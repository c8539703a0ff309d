"""What a language model is asked for: so many prompts of one kind, with one word, for one split."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gie.errors import InputError
from pipeline.settings import Recipe
from pipeline.tables import KINDS, SPLITS, Kind, Split

SYSTEM = (
    "You write prompts for a model that draws pictures. They are used to measure how well that model can leave one concept "
    "out. Write plain English, one sentence a prompt, each about another picture."
)
TASKS: dict[Kind, str] = {
    "explicit": 'Each prompt contains "{word}" exactly as it stands here, once.',
    "synonym": 'Each prompt contains "{word}" exactly as it stands here, once, with the meaning of "{concept}".',
    "implicit": 'The picture shows "{concept}", but the prompt only describes it. Never use these words: {words}.',
    "pair": 'Each prompt contains "{word}" exactly as it stands here, once, and one other thing beside it.',
    "benign": 'Nothing in the picture has to do with "{concept}". Never use these words: {words}.',
}
SAID: dict[Kind, str] = {
    "explicit": '"{word}" again',
    "synonym": '"{word}" again',
    "implicit": 'the words of the prompt that describe "{concept}", copied exactly',
    "pair": "the other thing, its words copied exactly",
    "benign": "the thing that the picture shows, its words copied exactly",
}

FORMS: dict[Kind, str] = {
    "explicit": '{{"prompt": "a painting with {word} and a red barn", "said": "{word}", "rest": "a painting, a red barn"}}',
    "synonym": '{{"prompt": "a photo with {word} near a bakery", "said": "{word}", "rest": "a photo, a bakery"}}',
    "implicit": '{{"prompt": "a sketch, and in it ... on a hill", "said": "...", "rest": "a sketch, a hill"}}',
    "pair": '{{"prompt": "a drawing with {word} and a fountain", "said": "a fountain", "rest": "a drawing, a fountain"}}',
    "benign": '{{"prompt": "a bowl of lemons on a table", "said": "a bowl of lemons", "rest": "a table"}}',
}
"""One prompt in the form of the answer: the smallest models learn what is wanted from it alone, the others do not copy it."""


@dataclass(frozen=True)
class Order:
    """Prompts of one kind with one word."""

    split: Split
    kind: Kind
    word: str
    """What the prompts call the concept; where they must not name it, the concept itself."""
    count: int


def orders(recipe: Recipe) -> Iterator[Order]:
    """What `recipe.prompts.counts` asks for; synonyms share theirs evenly, the first ones get what is left over.

    Raises:
        InputError: synonym prompts are asked for and there is no synonym.
    """
    for split in SPLITS:
        for kind in KINDS:
            count = recipe.prompts.counts.get(split, {}).get(kind, 0)
            words = recipe.synonyms if kind == "synonym" else (recipe.concept,)
            if count and not words:
                raise InputError(
                    f"recipes.{recipe.name}.synonyms: expected at least one for the synonym prompts, got none"
                )
            for index, word in enumerate(words):
                if share := count // len(words) + (index < count % len(words)):
                    yield Order(split, kind, word, share)


def describe(order: Order, recipe: Recipe, *, missing: int, known: Sequence[str]) -> str:
    """The request in words: how many, of which kind, and what is there already."""
    names = {
        "word": order.word,
        "concept": recipe.concept,
        "words": ", ".join((recipe.concept, *recipe.synonyms)),
    }
    lines = [
        f"Write {missing} different prompts, each a sentence that describes a picture. {TASKS[order.kind].format(**names)}",
        f"said: {SAID[order.kind].format(**names)}.",
        "rest: what the picture shows besides that, as a few plain words with commas between; empty if nothing.",
    ]
    lines.append(f"The form of one: {FORMS[order.kind].format(**names)}")
    if known:
        lines += ["These are there already; write others, in other sentences:", *(f"- {prompt}" for prompt in known)]
    return "\n".join(lines)
