"""Template prompts: as many as asked, all different, nothing shared between the splits that could be learned by heart."""

import random
from collections import Counter
from collections.abc import Sequence
from itertools import combinations, islice

import pytest

from gie.errors import InputError
from pipeline.settings import Recipe, read_recipe
from pipeline.tables import KINDS, SPLITS, Kind, Prompt, Split
from pipeline.writers.template import deal, divide, write_prompts
from tests.support.project import ROOT
from training.emoji.vocabulary import read_vocabulary

WORDS = read_vocabulary()


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    """The recipe that `make repro` builds."""
    return read_recipe("emoji-airplane", ROOT / "params.yaml")


@pytest.fixture(scope="module")
def prompts(recipe: Recipe) -> list[Prompt]:
    """Its prompts."""
    return write_prompts(recipe, WORDS)


def test_there_are_as_many_of_each_as_asked(recipe: Recipe, prompts: Sequence[Prompt]) -> None:
    """Enough of each kind in test to measure it."""
    counts = Counter((prompt.split, prompt.kind) for prompt in prompts)
    assert counts == {(split, kind): n for split, kinds in recipe.prompts.counts.items() for kind, n in kinds.items()}
    assert all(counts["test", kind] >= 30 for kind in KINDS)


def test_no_prompt_and_no_seed_comes_twice(prompts: Sequence[Prompt]) -> None:
    """So that no noise and no sentence of training is met in the test."""
    for column in ("prompt", "prompt_id", "seed"):
        assert len({getattr(prompt, column) for prompt in prompts}) == len(prompts)


def test_whole_wordings_are_held_out(prompts: Sequence[Prompt]) -> None:
    """A sentence, an implied phrase and another object belong to one split."""
    for first, second in combinations(SPLITS, 2):
        assert not wordings(prompts, first) & wordings(prompts, second)
        assert not said(prompts, first, "implicit") & said(prompts, second, "implicit")
        assert not others(prompts, first) & others(prompts, second)
    assert not said(prompts, "train", "synonym") & said(prompts, "test", "synonym")


@pytest.mark.parametrize("split", SPLITS)
def test_few_prompts_show_every_other_object_about_as_often(prompts: Sequence[Prompt], split: Split) -> None:
    """One in six is a banana where objects are drawn, and the adapter learns of bananas; a sentence that is there already is skipped."""
    objects = others(prompts, split)
    assert len(objects) >= 3
    for kind in ("pair", "benign"):
        counts = Counter(prompt.other for prompt in prompts if (prompt.split, prompt.kind) == (split, kind))
        assert max(counts.values()) - min(counts[name] for name in objects) <= 2


def test_all_are_dealt_before_one_comes_again() -> None:
    """And each round in another order."""
    dealt = deal("abcdef", random.Random(0))  # noqa: S311
    rounds = [list(islice(dealt, 6)) for _ in range(5)]
    assert all(sorted(one) == list("abcdef") for one in rounds)
    assert len({tuple(one) for one in rounds}) > 1


def test_kinds_are_what_they_are_called(prompts: Sequence[Prompt]) -> None:
    """Explicit names the concept, implicit and benign never do, a pair names both."""
    for prompt in prompts:
        assert ("an airplane" in prompt.prompt) == (prompt.kind in {"explicit", "pair"})
        assert bool(prompt.other) == (prompt.kind in {"pair", "benign"})
        assert prompt.word in prompt.prompt
        if prompt.other:
            phrase = WORDS.concepts[prompt.other].phrase
            assert phrase in prompt.prompt
            assert prompt.rest.startswith(phrase)


def test_rest_is_what_is_asked_besides(prompts: Sequence[Prompt]) -> None:
    """Style and background stand in their columns, in the prompt and in the rest, or in none of them."""
    for prompt in prompts:
        for named, word in (
            (prompt.style, f"{prompt.style} style"),
            (prompt.background, f"{prompt.background} background"),
        ):
            assert not named or (word in prompt.prompt and word in prompt.rest)
        assert not prompt.rest or prompt.other or prompt.style or prompt.background
    assert 0.5 < sum(bool(prompt.style) for prompt in prompts) / len(prompts) < 0.7
    assert 0.5 < sum(bool(prompt.background) for prompt in prompts) / len(prompts) < 0.7


def test_a_larger_count_adds_prompts_and_moves_none(recipe: Recipe) -> None:
    """What was rendered stays valid."""
    few, many = (write_prompts(counted(recipe, count), WORDS) for count in (5, 9))
    assert many[:5] == few


def test_another_seed_gives_other_prompts_and_other_noise(recipe: Recipe) -> None:
    """The same seed gives the same."""
    changed = recipe.model_copy(update={"prompts": recipe.prompts.model_copy(update={"seed": 1})})
    assert write_prompts(recipe, WORDS) == write_prompts(recipe, WORDS)
    seeds = [{prompt.seed for prompt in write_prompts(each, WORDS)} for each in (recipe, changed)]
    assert not seeds[0] & seeds[1]


@pytest.mark.parametrize("count", range(1, 30))
def test_divide_gives_each_split_something_and_loses_nothing(count: int) -> None:
    """From five on, the three parts are disjoint; below, test alone is held out where there are two."""
    parts = divide(range(count))
    assert all(parts.values())
    assert {item for part in parts.values() for item in part} == set(range(count))
    if count >= 5:
        assert sum(map(len, parts.values())) == count
    if count > 1:
        assert not set(parts["train"]) & set(parts["test"])


@pytest.mark.parametrize(
    ("change", "said_so"),
    [
        ({"concept": "airplan"}, "got 'airplan', did you mean 'airplane'"),
        ({"synonyms": ("plain",)}, "expected one of plane, aircraft, jet, got 'plain', did you mean 'plane'"),
        ({"synonyms": ()}, "expected at least one for the synonym prompts, got none"),
    ],
)
def test_words_that_the_vocabulary_lacks_are_refused(recipe: Recipe, change: dict[str, object], said_so: str) -> None:
    """With what it has."""
    with pytest.raises(InputError, match=said_so):
        write_prompts(recipe.model_copy(update=change), WORDS)


def test_more_prompts_than_sentences_are_refused(recipe: Recipe) -> None:
    """Rather than written twice; the message has the number that there are."""
    with pytest.raises(InputError, match=r"counts\.train\.explicit: expected at most \d+, .* got 100000"):
        write_prompts(counted(recipe, 100_000), WORDS)


def counted(recipe: Recipe, count: int) -> Recipe:
    """The recipe with explicit train prompts alone."""
    return recipe.model_copy(
        update={"prompts": recipe.prompts.model_copy(update={"counts": {"train": {"explicit": count}}})}
    )


def wordings(prompts: Sequence[Prompt], split: Split) -> set[str]:
    """The sentences of a split."""
    return {prompt.wording for prompt in prompts if prompt.split == split}


def said(prompts: Sequence[Prompt], split: Split, kind: Kind) -> set[str]:
    """How the concept is said there."""
    return {prompt.word for prompt in prompts if prompt.split == split and prompt.kind == kind}


def others(prompts: Sequence[Prompt], split: Split) -> set[str]:
    """The other objects of a split."""
    return {prompt.other for prompt in prompts if prompt.split == split and prompt.other}
