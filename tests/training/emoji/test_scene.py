"""Scenes, captions and vocabulary of emoji-sd."""

import numpy as np
import pytest

from training.emoji.scene import EMPTY, IMPLIED, PAIR, SINGLE, draw_scene
from training.emoji.vocabulary import read_vocabulary

WORDS = read_vocabulary()


def test_the_same_seed_draws_the_same_scene() -> None:
    """A scene depends on its generator alone."""
    first = [draw_scene(WORDS, np.random.default_rng(7)) for _ in range(3)]

    assert first[0] == first[1] == first[2]


@pytest.mark.parametrize(("kind", "count"), [(SINGLE, 1), (PAIR, 2), (IMPLIED, 1), (EMPTY, 0)])
def test_each_kind_has_its_number_of_objects(kind: str, count: int) -> None:
    """Kinds say how many objects are on the picture."""
    scenes = [draw_scene(WORDS, np.random.default_rng(seed), kind) for seed in range(50)]

    assert {len(scene.concepts) for scene in scenes} == {count}
    assert {scene.kind for scene in scenes} == {kind}


def test_a_pair_never_shows_the_same_concept_twice() -> None:
    """Two different objects."""
    scenes = [draw_scene(WORDS, np.random.default_rng(seed), PAIR) for seed in range(300)]

    assert all(left != right for left, right in (scene.concepts for scene in scenes))


@pytest.mark.parametrize("concept", WORDS.concepts)
def test_implied_phrases_never_name_their_concept(concept: str) -> None:
    """No name of the concept, plain or synonym, stands in a phrase that only implies it."""
    noun = WORDS.concepts[concept]
    names = {name.split(" ", 1)[-1] for name in noun.names} | {concept}

    for phrase in noun.implied:
        assert not names & set(phrase.split()), phrase


def test_no_phrase_is_shared_by_two_concepts() -> None:
    """What asks for a concept asks for that one only."""
    phrases = [phrase for noun in WORDS.concepts.values() for phrase in [*noun.names, *noun.implied]]

    assert len(phrases) == len(set(phrases))


def test_the_papers_objects_are_among_the_concepts() -> None:
    """Car, airplane and cat can be asked for, each by several names and implied phrases."""
    for concept in ("car", "airplane", "cat"):
        assert len(WORDS.concepts[concept].synonyms) >= 3
        assert len(WORDS.concepts[concept].implied) >= 6
