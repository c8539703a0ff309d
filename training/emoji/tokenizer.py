"""A CLIPTokenizer with the few words that emoji captions need, able to spell any text from bytes."""

import json
from typing import Any, cast

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTokenizer

from training.emoji.scene import draw_scene
from training.emoji.vocabulary import Vocabulary

CONTEXT = 28
"""Longest text in tokens, [SOT] and [EOT] included."""
VOCABULARY_SIZE = 1400
SPECIAL = ["<|startoftext|>", "<|endoftext|>"]


def train_tokenizer(words: Vocabulary) -> CLIPTokenizer:
    """Byte-pair merges learned on 20,000 random captions, in CLIPTokenizer's own layout: bytes, bytes</w>, merges, specials."""
    rng = np.random.default_rng(0)
    captions = [draw_scene(words, rng).caption.lower() for _ in range(20_000)]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Punctuation(),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE, initial_alphabet=alphabet, end_of_word_suffix="</w>", show_progress=False
    )
    learner.train_from_iterator(captions, trainer)
    merges = _merges(learner)
    tokens = alphabet + [f"{character}</w>" for character in alphabet]
    known = set(tokens)
    for left, right in merges:
        if left + right not in known:
            tokens.append(left + right)
            known.add(left + right)
    vocabulary = {token: index for index, token in enumerate([*tokens, *SPECIAL])}
    return CLIPTokenizer(vocab=vocabulary, merges=cast("Any", merges), model_max_length=CONTEXT)


def _merges(learner: Tokenizer) -> list[tuple[str, str]]:
    pairs = json.loads(learner.to_str())["model"]["merges"]
    return [(left, right) for left, right in pairs]
