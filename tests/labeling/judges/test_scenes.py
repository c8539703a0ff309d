"""The captions among which the judge's CLIP chooses."""

import pytest

from labeling.judges.scenes import CONCEPT, PICTURE, REST, Question, Rubric, ask

RUBRIC = Rubric(
    contrasts=("a cat", "a dog", "a house"),
    attributes=(("noto style", "fluent style"), ("blue background", "pink background")),
    broken=("noise", "nothing"),
)
NAMES = ("a cat", "a kitten")


def claiming(question: Question, claim: str) -> set[str]:
    """The texts that make a claim."""
    return {text for text, holds in zip(question.texts, question.claims[claim], strict=True) if holds}


def test_single_object_is_asked_among_others() -> None:
    """The concept's names stand against the other objects, alone and in pairs, and the broken pictures, each once."""
    [question] = ask(RUBRIC, NAMES, "")
    singles = {text for text in question.texts if " and " not in text}
    assert singles == {"a cat", "a kitten", "a dog", "a house", "noise", "nothing"}
    assert claiming(question, CONCEPT) & singles == {"a cat", "a kitten"}
    assert claiming(question, PICTURE) == set(question.texts) - {"noise", "nothing"}
    assert len(question.texts) == len(set(question.texts))
    assert set(question.claims) == {CONCEPT, PICTURE}


def test_no_caption_names_the_concept_twice() -> None:
    """Pairs are of two objects, and a cat and a kitten are one."""
    texts = ask(RUBRIC, NAMES, "")[0].texts
    assert "a cat and a kitten" not in texts
    assert {"a cat and a dog", "a dog and a cat", "a dog and a house"} < set(texts)


def test_other_object_is_asked_in_pairs() -> None:
    """With another object, captions pair it with everything, on both sides."""
    [question] = ask(RUBRIC, NAMES, "a dog")
    assert claiming(question, REST) == {
        "a dog", "a cat and a dog", "a dog and a cat", "a kitten and a dog", "a dog and a kitten", "a house and a dog", "a dog and a house",
    }  # fmt: skip
    both = claiming(question, REST) & claiming(question, CONCEPT)
    assert both == {"a cat and a dog", "a dog and a cat", "a kitten and a dog", "a dog and a kitten"}
    assert "a cat and a house" in claiming(question, CONCEPT)


def test_captions_of_a_kind_share_its_weight() -> None:
    """Captions that claim the same weigh the same, and each less the more they are."""
    [question] = ask(RUBRIC, NAMES, "a dog")
    weights = dict(zip(question.texts, question.weights, strict=True))
    assert weights["a cat and a dog"] == weights["a dog and a kitten"] == 0.5  # four captions have both
    assert weights["noise"] == weights["nothing"] == pytest.approx(2**-0.5)


def test_traits_are_asked_over_all_scenes() -> None:
    """A named style or background is one question each: which of its group, whatever stands beside the other object."""
    objects, style, background = ask(RUBRIC, NAMES, "a dog, noto style, pink background")
    assert REST in objects.claims
    assert claiming(style, "noto style") == {text for text in style.texts if text.endswith(", noto style")}
    assert claiming(background, "pink background") < set(background.texts)
    assert len(style.texts) == 2 * len(claiming(style, "noto style"))
    assert {text.removesuffix(", noto style") for text in claiming(style, "noto style")} == claiming(objects, REST)


def test_trait_alone_is_no_object() -> None:
    """A rest of nothing but traits asks for no other object."""
    assert REST not in ask(RUBRIC, NAMES, "noto style")[0].claims


def test_unknown_part_is_an_object() -> None:
    """What is in no group of traits is looked for as an object."""
    assert "a hat" in claiming(ask(RUBRIC, NAMES, "a hat, noto style")[0], REST)
