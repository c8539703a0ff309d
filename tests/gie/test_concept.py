"""What a concept is, and how its text becomes an embedding with own slots."""

from typing import Any, get_args

import pytest
import torch

from gie import Concept, InputError
from gie.concept import as_concept
from gie.encoding import count_tokens, encode
from gie.slots import Slots, Stretch
from tests.support.adapters import tiny_adapter
from tests.support.literal import embed


@pytest.mark.parametrize("text", ["", "  ", "\n\t"])
def test_an_empty_concept_is_refused(text: str) -> None:
    """There is nothing to erase."""
    with pytest.raises(InputError, match="expected the text of a concept"):
        Concept(text, scale=-7.0)


@pytest.mark.parametrize("scale", [float("nan"), float("-inf"), [], [-1.0, float("nan")]], ids=str)
def test_a_scale_that_is_no_number_is_refused(scale: Any) -> None:
    """Neither nan nor infinity nor nothing at all."""
    with pytest.raises(InputError, match="expected a finite scale"):
        Concept("cat", scale=scale)


def test_unknown_slots_are_refused() -> None:
    """The message lists what there is."""
    wrong: Any = "everything"
    # The checker of the tests may speak first; outside tests it is not there.
    with pytest.raises((InputError, TypeError), match="concept"):
        Concept("cat", scale=-7.0, slots=wrong)


@pytest.mark.parametrize(
    ("text", "tokens"), [("cat", 1), ("the red cat", 3), ("red  \n cat", 2), ("zoo", 3), ("cat,dog", 3)]
)
def test_own_slots_are_counted(pipe: Any, text: str, tokens: int) -> None:
    """As many own tokens as the tokenizer makes, right after [SOT]; the same that are no special token."""
    assert count_tokens(pipe, text) == (tokens,)
    _, own = embed(pipe, text)
    assert list(range(20))[Stretch(1, tokens, 20).own] == own


def test_the_longest_concept_fits(pipe: Any) -> None:
    """18 tokens fill a context of 20; one more is refused."""
    assert count_tokens(pipe, "cat " * 18) == (18,)
    with pytest.raises(InputError, match="1 to 18 tokens, got 19"):
        count_tokens(pipe, "cat " * 19)


def test_a_textual_inversion_counts_its_vectors(pipe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A learned word of several vectors is as many tokens as the pipeline makes of it."""
    monkeypatch.setattr(pipe, "maybe_convert_prompt", lambda text, _tokenizer: text.replace("<mine>", "cat dog car"))
    assert count_tokens(pipe, "red <mine>") == (4,)


def test_the_embedding_is_the_pipelines_own(pipe: Any) -> None:
    """The concept is encoded as a prompt of its own would be, and pooled where its [EOT] is."""
    pipe._clip_skip, pipe._cross_attention_kwargs = None, None
    encoded = encode(pipe, [Concept("red cat", scale=0.0)]).concepts[0]
    want, _ = embed(pipe, "red cat")
    torch.testing.assert_close(encoded.embedding[0], want)
    torch.testing.assert_close(encoded.pooled, want[3])
    assert encoded.stretches == (Stretch(1, 2, 20),)


def test_an_adapter_stands_for_its_concept(pipe: Any) -> None:
    """Text and slots are what it was trained with; a Concept is taken as it is."""
    adapter = tiny_adapter(pipe, concept="red cat", slots="all")
    assert as_concept(adapter) == Concept("red cat", scale=adapter, slots="all")
    cat = Concept("cat", scale=-7.0)
    assert as_concept(cat) is cat


def test_which_slots_are_injected() -> None:
    """Own tokens; [EOT] behind them; everything after [SOT]."""
    stretch, every = Stretch(first=1, tokens=2, stop=8), get_args(Slots)
    spans = {slots: stretch.injected(slots) for slots in every}
    assert spans == {"concept": slice(1, 3), "concept+eot": slice(1, 4), "all": slice(1, 8)}
    assert stretch.own == slice(1, 3)
