"""The writer that needs no model: sentences filled with words, both from a vocabulary.

The splits hold out whole wordings: a sentence, an implied phrase or another object that is in one split is in no other (of
fewer than five words, train and val share theirs). Each kind of each split is dealt from a stream of its own, so that a
larger count adds prompts and moves none.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gie.errors import InputError
from pipeline.mistakes import did_you_mean
from pipeline.settings import Recipe
from pipeline.tables import KINDS, SPLITS, Kind, Prompt, Split
from pipeline.writers.identity import digest, noise_seed, prompt_id
from training.emoji.vocabulary import Noun, Vocabulary, read_vocabulary

ARTICLES = ("a ", "an ", "the ")
IN_VAIN = 2000  # draws in a row that bring nothing new, before we say that the vocabulary has no more
T = TypeVar("T")


def write_prompts(recipe: Recipe, words: Vocabulary) -> list[Prompt]:
    """As many prompts of each split and kind as `recipe.prompts.counts` asks for, all different."""
    if recipe.concept not in words.concepts:
        hint = did_you_mean(recipe.concept, words.concepts)
        raise InputError(f"recipes.{recipe.name}.concept: expected one of the vocabulary, got {recipe.concept!r}{hint}")
    taken: set[str] = set()
    return [
        prompt
        for split in SPLITS
        for kind in KINDS
        if (count := recipe.prompts.counts.get(split, {}).get(kind, 0))
        for prompt in _distinct(Author(recipe, words, split, kind), count, taken)
    ]


@dataclass(frozen=True)
class Author:
    """Writes prompts of one kind for one split."""

    recipe: Recipe
    words: Vocabulary
    split: Split
    kind: Kind

    def prompts(self) -> Iterator[Prompt]:
        """Prompts without end, the same ones each time; some come twice."""
        rng = random.Random(f"{self.recipe.prompts.seed}|{self.recipe.concept}|{self.split}|{self.kind}")  # noqa: S311
        words = self.words
        said, others, wordings = (deal(items, rng) for items in (self._said(), self._others(), self._wordings()))
        styles = self._named("style", list(words.styles), words.style_wordings, rng)
        backgrounds = self._named("background", list(words.backgrounds), words.background_wordings, rng)
        for phrase, other, wording in zip(said, others, wordings, strict=True):
            (style, style_text), (background, background_text) = next(styles), next(backgrounds)
            object_phrase = self.words.concepts[other].phrase if other else ""
            word = object_phrase if self.kind == "benign" else phrase
            pair = [word, object_phrase]
            rng.shuffle(pair)
            names = {"x": pair[0], "y": pair[1]} if self.kind == "pair" else {"x": word}
            asked = [object_phrase, style and f"{style} style", background and f"{background} background"]
            yield self._prompt(
                prompt=wording.format(**names) + style_text + background_text,
                word=word,
                wording=wording,
                rest=", ".join(filter(None, asked)),
                other=other,
                style=style,
                background=background,
            )

    def _prompt(self, *, prompt: str, **columns: str) -> Prompt:
        seed = noise_seed(prompt, self.recipe.prompts.seed)
        return Prompt(
            prompt_id=prompt_id(prompt, self.recipe.concept, seed),
            prompt=prompt,
            concept=self.recipe.concept,
            kind=self.kind,
            seed=seed,
            split=self.split,
            **columns,
        )

    def _said(self) -> Sequence[str]:
        """How the concept is said in this split."""
        noun = self.words.concepts[self.recipe.concept]
        if self.kind == "synonym":
            return self._held_out(_synonyms(self.recipe, noun))
        return self._held_out(noun.implied) if self.kind == "implicit" else [noun.phrase]

    def _others(self) -> Sequence[str]:
        """Vocabulary names of the objects beside the concept, or instead of it."""
        if self.kind not in {"pair", "benign"}:
            return [""]
        return self._held_out([name for name in self.words.concepts if name != self.recipe.concept])

    def _wordings(self) -> Sequence[str]:
        return self._held_out(self.words.pair_wordings if self.kind == "pair" else self.words.wordings)

    def _held_out(self, items: Sequence[str]) -> Sequence[str]:
        return divide(sorted(items, key=lambda item: digest(self.recipe.prompts.seed, item)))[self.split]

    def _named(
        self, field: str, options: Sequence[str], wordings: Sequence[str], rng: random.Random
    ) -> Iterator[tuple[str, str]]:
        """Styles or backgrounds and the words that ask for them; two empty texts where one is left open."""
        for option, wording in zip(deal(options, rng), deal(wordings, rng), strict=True):
            named = rng.random() < self.recipe.prompts.named
            yield (option, wording.format(**{field: option})) if named else ("", "")


def deal(items: Sequence[T], rng: random.Random) -> Iterator[T]:
    """The items without end, in a new order each time they have all been there: a few prompts see each as often."""
    while True:
        yield from rng.sample(items, len(items))


def divide(items: Sequence[T]) -> dict[Split, Sequence[T]]:
    """Half to train, a fifth to val, three tenths to test; of fewer than five, train and val share what test leaves."""
    count = len(items)
    if count < 5:
        held = count // 2
        shared = items[: count - held]
        return {"train": shared, "val": shared, "test": items[count - held :] or shared}
    val, test = count // 5, round(0.3 * count)
    train = count - val - test
    return {"train": items[:train], "val": items[train : train + val], "test": items[train + val :]}


def _distinct(author: Author, count: int, taken: set[str]) -> list[Prompt]:
    """The author's first prompts that nobody has written yet; adds them to `taken`."""
    found: list[Prompt] = []
    in_vain = 0
    for prompt in author.prompts():
        if len(found) == count:
            break
        if in_vain > IN_VAIN:
            place = f"recipes.{author.recipe.name}.prompts.counts.{author.split}.{author.kind}"
            raise InputError(
                f"{place}: expected at most {len(found)}, the vocabulary has no more sentences, got {count}"
            )
        in_vain = in_vain + 1 if prompt.prompt in taken else 0
        if not in_vain:
            taken.add(prompt.prompt)
            found.append(prompt)
    return found


def _synonyms(recipe: Recipe, noun: Noun) -> list[str]:
    """The recipe's synonyms with the article that the vocabulary gives them."""
    phrases = {_bare(phrase): phrase for phrase in noun.synonyms}
    for synonym in recipe.synonyms:
        if synonym not in phrases:
            hint = did_you_mean(synonym, phrases)
            raise InputError(
                f"recipes.{recipe.name}.synonyms: expected one of {', '.join(phrases)}, got {synonym!r}{hint}"
            )
    if not recipe.synonyms:
        raise InputError(f"recipes.{recipe.name}.synonyms: expected at least one for the synonym prompts, got none")
    return [phrases[synonym] for synonym in recipe.synonyms]


def _bare(phrase: str) -> str:
    return next((phrase.removeprefix(article) for article in ARTICLES if phrase.startswith(article)), phrase)


def read_words(path: Path) -> Vocabulary:
    """The vocabulary of a recipe; raises InputError when it is none."""
    try:
        return read_vocabulary(path)
    except FileNotFoundError as error:
        raise InputError(f"expected a vocabulary, got no file at {path}; correct prompts.vocabulary") from error
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: expected a vocabulary of concepts, styles, backgrounds and wordings, got {error}"
        ) from error
