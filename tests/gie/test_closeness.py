"""What gave way is told, and a window leaves steps plain."""

from typing import Any

import pytest
import torch

from gie import Concept, InputError, inhibit
from tests.support.tiny import seeds

CALL: dict[str, Any] = {"num_inference_steps": 4, "output_type": "latent"}


def test_what_gave_way_is_told(pipe: Any) -> None:
    """Which concept, in which image, with which w, for which other one; nothing where all act."""
    concepts = [Concept("cat", scale=[-3.0, -9.0]), Concept("cat", scale=-5.0)]
    with inhibit(pipe, *concepts) as run:
        pipe(["a cat", "a dog"], **CALL)
        assert [(gone.image, gone.concept, gone.to, gone.scale) for gone in run.gave_way] == [
            (0, 0, 1, -3.0),
            (1, 1, 0, -5.0),
        ]
        line = run.gave_way[0].line(["cat", "kitten"])
    assert line == "image 0: 'cat' (w = -3.00) gave way to 'kitten', 0.000 from it"
    with inhibit(pipe, *concepts, threshold=0.0) as run:
        pipe(["a cat", "a dog"], **CALL)
        assert run.gave_way == ()


def test_outside_of_its_window_a_step_is_plain(pipe: Any) -> None:
    """A window of the second half leaves the first steps' bits as they are, and inhibits after them."""

    def steps(*concepts: Concept) -> list[torch.Tensor]:
        kept: list[torch.Tensor] = []

        def keep(_pipe: Any, _step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            kept.append(tensors["latents"])
            return tensors

        if not concepts:
            pipe("a cat", generator=seeds(0)[0], callback_on_step_end=keep, **CALL)
            return kept
        with inhibit(pipe, *concepts):
            pipe("a cat", generator=seeds(0)[0], callback_on_step_end=keep, **CALL)
        return kept

    plain, late = steps(), steps(Concept("cat", scale=-7.0, window=(0.5, 1.0)))
    early = steps(Concept("cat", scale=-7.0, window=(0.0, 0.1)))
    whole = steps(Concept("cat", scale=-7.0))
    assert torch.equal(late[0], plain[0])
    assert torch.equal(late[1], plain[1])
    assert not torch.equal(late[3], plain[3])
    assert torch.equal(early[0], whole[0])
    assert not torch.equal(early[1], whole[1])
    assert not torch.equal(early[0], plain[0])


def test_windows_of_several_concepts(pipe: Any) -> None:
    """Each step injects those whose window it is in, in one image as in several, where concepts act one by one."""
    concepts = [
        Concept("cat", scale=-7.0, window=(0.0, 0.4)),
        Concept("car", scale=-3.0),
        Concept("dog", scale=-5.0, window=(0.7, 1.0), values="concept-empty"),
    ]

    def draw(images: int) -> torch.Tensor:
        with inhibit(pipe, *concepts, threshold=0.0):
            return pipe(["a cat"] * images, generator=seeds(*[0] * images), **CALL).images[0]

    torch.testing.assert_close(draw(1), draw(2), atol=2e-3, rtol=0)
    with inhibit(pipe, concepts[1]):
        alone = pipe(["a cat"], generator=seeds(0), **CALL).images[0]
    assert (alone - draw(1)).abs().max() > 0.1


@pytest.mark.parametrize("window", [(0.5, 0.5), (-0.1, 1.0), (0.0, 1.1), (0.8, 0.2)])
def test_a_window_that_is_none_is_refused(window: tuple[float, float]) -> None:
    """It starts before it stops, between 0 and 1."""
    with pytest.raises(InputError, match="expected a window from 0 to 1"):
        Concept("cat", scale=-7.0, window=window)
