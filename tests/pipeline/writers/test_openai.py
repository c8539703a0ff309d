"""Prompts from a language model: as many as asked, all different, of their kind, and an end where there are no more."""

import asyncio
from collections import Counter
from itertools import combinations

import pytest

from gie.errors import InputError, OutsideError
from labeling.asking import Answer, Question
from labeling.errors import BudgetError
from pipeline.settings import PromptSettings, Recipe, read_recipe
from pipeline.tables import Prompt
from pipeline.writers.openai import IN_VAIN, Author
from tests.support.project import ROOT
from tests.support.writers import Scripted, diligent, drafts

NUDE = read_recipe("sd14-nude", ROOT / "params.yaml")


def counted(**kinds: int) -> Recipe:
    """The paper's recipe with a few train prompts."""
    settings = PromptSettings.model_validate({"provider": "openai", "model": "m", "counts": {"train": kinds}})
    return NUDE.model_copy(update={"prompts": settings})


def write(recipe: Recipe, asker: Scripted) -> tuple[list[Prompt], Author]:
    """What the author writes with this model."""
    author = Author(recipe, asker)
    return asyncio.run(author.write()), author


def test_the_paper_s_sixty_prompts() -> None:
    """Six words, ten prompts each, in train and val, and a hundred to be measured on; wordings are shared by no two prompts."""
    prompts, author = write(NUDE, Scripted(diligent))
    learned = [prompt for prompt in prompts if prompt.split != "test"]
    assert Counter(prompt.word for prompt in learned) == dict.fromkeys([NUDE.concept, *NUDE.synonyms], 10)
    assert Counter((prompt.split, prompt.kind) for prompt in prompts) == {
        ("train", "explicit"): 8, ("train", "synonym"): 40, ("val", "explicit"): 2, ("val", "synonym"): 10,
        ("test", "explicit"): 20, ("test", "synonym"): 40, ("test", "implicit"): 20, ("test", "benign"): 20,
    }  # fmt: skip
    for column in ("prompt", "prompt_id", "wording"):
        assert len({getattr(prompt, column) for prompt in prompts}) == 160
    assert author.cost_usd == pytest.approx(0.001 * sum(author.outcomes.values()))


def test_wordings_are_held_out_by_split() -> None:
    """The same sentence around another word is dropped, whichever split it was for."""
    prompts, author = write(NUDE, Scripted(diligent))
    by_split = [{prompt.wording for prompt in prompts if prompt.split == split} for split in ("train", "val")]
    assert not by_split[0] & by_split[1]

    def same_for_all(question: Question, number: int) -> Answer:
        word = str(question.parts[0]).split('contains "')[1].split('"')[0]
        return drafts([f"a {word} figure on the beach", f"a {word} statue in hall {number} by lamp {number * number}"])

    prompts, author = write(counted(synonym=5), Scripted(same_for_all))
    assert sum(prompt.wording == "a {x} figure on the beach" for prompt in prompts) == 1
    assert author.sieve.dropped["duplicate"] >= 1


def test_near_duplicates_are_dropped_and_counted() -> None:
    """A sentence that differs by one small word is no other sentence."""
    texts = [
        "a nude figure walking along the wide sandy beach at dawn",
        "the nude figure walking along the wide sandy beach at dawn",
        "A nude figure, walking along the wide sandy beach at dawn!",
        "a marble nude in a museum hall",
    ]
    prompts, author = write(counted(explicit=2), Scripted(lambda *_: drafts(texts)))
    assert [prompt.prompt for prompt in prompts] == [texts[0], texts[3]]
    assert author.sieve.dropped == {"near_duplicate": 1, "duplicate": 1}


def test_it_is_asked_again_until_the_count_is_there() -> None:
    """Another time, with what is there already, and for what is missing alone."""
    answers = [
        drafts(["a nude on a beach", "a nude on a beach"]),
        Answer("refused", reason="policy"),
        drafts(["in a studio a nude poses"]),
    ]
    asker = Scripted(lambda _, number: answers[number])
    prompts, author = write(counted(explicit=2), asker)
    assert [prompt.prompt for prompt in prompts] == ["a nude on a beach", "in a studio a nude poses"]
    assert [question.repeat for question in asker.asked] == [0, 1, 2]
    assert "- a nude on a beach" in str(asker.asked[1].parts[0])
    assert str(asker.asked[2].parts[0]).startswith("Write 1 different")
    assert author.outcomes == {"ok": 2, "refused": 1}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            drafts(["a nude on a beach"]),
            "got 1 in 11 answers; .*nothing new of this kind; dropped in all: 10 duplicate",
        ),
        (Answer("refused", reason="policy"), "got 0 in 10 answers; .*refused: policy; dropped in all: none"),
        (Answer("ok", {"texts": []}), "got 0 in 10 answers; .*invalid: "),
        (drafts(["a cat on a sofa"]), "dropped in all: 10 off_kind"),
    ],
)
def test_a_model_that_has_no_more_ends_it(answer: Answer, said: str) -> None:
    """With how far it came, why, and what was dropped; never with fewer prompts than asked."""
    with pytest.raises(OutsideError, match=said):
        write(counted(explicit=2), Scripted(lambda *_: answer))
    assert IN_VAIN == 10


def test_an_endpoint_that_fails_ends_it_at_once() -> None:
    """What came before is in the ledger."""
    asker = Scripted(lambda *_: Answer("transport", reason="nobody there"))
    with pytest.raises(OutsideError, match="got no answer: nobody there"):
        write(counted(explicit=2), asker)
    assert len(asker.asked) == 1


def test_a_budget_that_is_reached_is_an_end_of_its_own() -> None:
    """Exit code 3: more money goes on, running again does not."""
    with pytest.raises(BudgetError, match=r"with a higher limit .* most 1 dollar"):
        write(counted(explicit=2), Scripted(lambda *_: Answer("budget", reason="at most 1 dollar")))


def test_kinds_are_what_they_are_called() -> None:
    """Named, described without the words, beside another thing, not there; what is off its kind is dropped."""
    replies = {
        "explicit": drafts(["a person on a rock", "a nude on a rock"]),
        "implicit": drafts(["a naked person", "a person without a stitch"], said="without a stitch"),
        "pair": drafts(["a nude alone in a boat", "a nude beside a tall vase"], said="a tall vase"),
        "benign": drafts(["a bare tree", "a green tree"], said="tree"),
    }
    kinds = iter(("explicit", "implicit", "pair", "benign"))
    prompts, author = write(
        counted(explicit=1, implicit=1, pair=1, benign=1), Scripted(lambda *_: replies[next(kinds)])
    )
    assert [(prompt.kind, prompt.prompt, prompt.word, prompt.other, prompt.wording) for prompt in prompts] == [
        ("explicit", "a nude on a rock", "nude", "", "a {x} on a rock"),
        ("implicit", "a person without a stitch", "without a stitch", "", "a person {x}"),
        ("pair", "a nude beside a tall vase", "nude", "a tall vase", "a {x} beside {y}"),
        ("benign", "a green tree", "tree", "tree", "a green {x}"),
    ]
    assert author.sieve.dropped == {"off_kind": 4}


def test_the_same_answers_give_the_same_table() -> None:
    """So that a replay from the ledger is byte for byte what was paid for."""
    first, second = (write(NUDE, Scripted(diligent))[0] for _ in range(2))
    assert first == second
    assert all(a.seed != b.seed for a, b in combinations(first, 2))


def test_synonym_prompts_need_a_synonym() -> None:
    """Said before anybody is asked."""
    recipe = counted(synonym=1).model_copy(update={"synonyms": ()})
    with pytest.raises(InputError, match="expected at least one for the synonym prompts, got none"):
        write(recipe, Scripted(diligent))
