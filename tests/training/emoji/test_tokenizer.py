"""The small CLIP tokenizer."""

from typing import Any

import numpy as np
import pytest

from training.emoji.scene import draw_scene
from training.emoji.tokenizer import CONTEXT, train_tokenizer
from training.emoji.vocabulary import read_vocabulary

WORDS = read_vocabulary()


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """Trained once for this file."""
    return train_tokenizer(WORDS)


def test_every_caption_fits_the_context(tokenizer: Any) -> None:
    """No training caption is cut."""
    rng = np.random.default_rng(1)
    captions = [draw_scene(WORDS, rng).caption for _ in range(2000)]

    assert max(len(ids) for ids in tokenizer(captions).input_ids) <= CONTEXT


def test_common_words_are_one_token_each(tokenizer: Any) -> None:
    """[SOT], a, cat, [EOT]."""
    assert len(tokenizer("a cat").input_ids) == 4


def test_any_text_can_be_spelled(tokenizer: Any) -> None:
    """Unknown words fall back to bytes: they come back whole."""
    text = "café naïve 日本"

    assert tokenizer.decode(tokenizer(text).input_ids, skip_special_tokens=True) == text
