"""Calls for a negative prompt alone: the second of a step with the very same latents, and no other."""

import pytest
import torch

from gie.call import Call, read_call
from gie.errors import GieError
from gie.families import FLUX
from gie.negative import NegativeCalls


def call_with(latents: torch.Tensor) -> Call:
    """A call of the denoiser."""
    return read_call((latents,), {"timestep": 0.999}, FLUX)


def test_the_second_call_of_a_step_is_the_negative_one() -> None:
    """The step after it begins with the prompt's call again, also without a negative one in between."""
    calls, first, second = NegativeCalls(), torch.zeros(1), torch.zeros(1)
    told = list[bool]()
    for latents, step in [(first, None), (first, None), (second, 1), (second, 2), (second, 2)]:
        calls.look(call_with(latents), step)
        calls.end()
        told.append(calls.running)
    assert told == [False, True, False, False, True]


def test_a_third_call_raises() -> None:
    """Nobody knows what it is for."""
    calls, latents = NegativeCalls(), torch.zeros(1)
    for _ in range(2):
        calls.look(call_with(latents), None)
        calls.end()
    with pytest.raises(GieError, match="got more"):
        calls.look(call_with(latents), None)


def test_a_failed_call_may_be_made_again() -> None:
    """What failed was answered by nothing, so that the same call is the prompt's still."""
    calls, latents = NegativeCalls(), torch.zeros(1)
    calls.look(call_with(latents), None)
    calls.look(call_with(latents), None)
    assert not calls.running
