"""What a prompt is known by: its id and its noise follow from its text, so that more prompts move none."""

import hashlib
import json


def digest(*parts: str | int) -> str:
    """64 hex digits of the parts."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def noise_seed(prompt: str, seed: int) -> int:
    """Seed of the first latents, 0 ... 2**31 - 1."""
    return int(digest(seed, prompt)[:8], 16) & 0x7FFFFFFF


def prompt_id(prompt: str, concept: str, noise: int) -> str:
    """16 hex digits."""
    return digest(prompt, concept, noise)[:16]
