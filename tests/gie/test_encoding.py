"""A concept's text becomes an embedding with own slots, as the pipeline encodes its prompts."""

from typing import Any

import pytest
import torch

from gie import Concept, InputError
from gie.encoding import count_tokens, encode
from gie.slots import Stretch
from tests.support.literal import embed


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


def test_texts_that_are_encoded_together_are_as_alone(pipe: Any) -> None:
    """Each in its row, the empty text once behind them, whoever asks for it."""
    pipe._clip_skip, pipe._cross_attention_kwargs = None, None
    concepts = [
        Concept("red cat", scale=0.0, values="concept-empty"),
        Concept("car", scale=0.0),
        Concept("dog", scale=0.0, values="concept-empty"),
    ]
    together = encode(pipe, concepts)
    assert len(together.rows) == 4
    for concept, encoded in zip(concepts, together.concepts, strict=True):
        alone = encode(pipe, [Concept(concept.text, scale=0.0)])
        assert len(alone.rows) == 1
        torch.testing.assert_close(encoded.embedding, alone.rows)
        torch.testing.assert_close(encoded.pooled, alone.concepts[0].pooled)
        assert encoded.beyond_empty == (concept.values == "concept-empty")
    torch.testing.assert_close(together.rows[3], embed(pipe, "")[0])
