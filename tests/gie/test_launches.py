"""How many operations an inhibited step is: on a GPU that one picture does not fill, each is a launch, and launches are the time.

The count needs no GPU: the same operations are dispatched on the CPU, views left out, for they launch nothing.
"""

from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from gie import Concept, inhibit
from tests.support.families import Model, tiny_of
from tests.support.tiny import seeds

CONCEPTS = [Concept("cat", scale=-7.0), Concept("red car", scale=-3.0), Concept("dog", scale=-5.0)]
NOTHING_LAUNCHED = {
    torch.ops.aten.detach.default,
    torch.ops.aten._unsafe_view.default,
    torch.ops.aten.empty.memory_format,
}


class Launches(TorchDispatchMode):
    """Counts what would be launched inside."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Every operation that reaches a kernel."""
        self.count += not (func.is_view or func in NOTHING_LAUNCHED)
        return func(*args, **(kwargs or {}))


def launches(pipe: Any, *concepts: Concept) -> list[int]:
    """Of each call of the UNet in three steps on one picture."""
    counts: list[int] = []
    plain = type(pipe.unet).forward

    def counted(*args: Any, **kwargs: Any) -> Any:
        with Launches() as launches:
            made = plain(pipe.unet, *args, **kwargs)
        counts.append(launches.count)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipe.unet, "forward", counted)
        patch.setattr("gie.inhibitor.SMALL_MAP", 0)  # a GPU fuses every size
        call: dict[str, Any] = {"generator": seeds(0), "num_inference_steps": 3, "output_type": "latent"}
        if not concepts:
            pipe(["a cat"], **call)
            return counts
        with inhibit(pipe, *concepts, threshold=0.0):
            pipe(["a cat"], **call)
    return counts


@pytest.mark.parametrize("model", ["sd1", "sd2", "xl"])
def test_a_later_step_launches_no_more_than_a_plain_one(model: Model) -> None:
    """A layer's concept is two more, the prompt's keys and values two fewer, and diffusers divides by 1; three concepts are one more than one."""
    pipe = tiny_of(model)
    layers = sum(name.endswith("attn2.processor") for name in pipe.unet.attn_processors)
    (plain,) = set(launches(pipe))
    assert launches(pipe, *CONCEPTS[:1])[1:] == [plain - layers] * 2
    assert launches(pipe, *CONCEPTS)[1:] == [plain] * 2


@pytest.mark.parametrize("model", ["sd1", "xl"])
def test_the_first_step_pays_for_the_projections(model: Model) -> None:
    """K* and V* of all concepts together, once: what a generation of few steps costs."""
    pipe = tiny_of(model)
    layers = sum(name.endswith("attn2.processor") for name in pipe.unet.attn_processors)
    plain = launches(pipe)[0]
    one, three = launches(pipe, *CONCEPTS[:1])[0], launches(pipe, *CONCEPTS)[0]
    assert one - plain <= 8 * layers
    assert three - one <= 6 * layers


def test_all_texts_are_encoded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The empty text, which two concepts share, among them: the encoder is called once for the concepts, as for the prompts."""
    pipe = tiny_of("sd1")
    texts: list[int] = []
    encoder = pipe.text_encoder
    plain = type(encoder).forward

    def counted(*args: Any, **kwargs: Any) -> Any:
        texts.append(len(args[0]))
        return plain(encoder, *args, **kwargs)

    monkeypatch.setattr(encoder, "forward", counted)
    beyond = [Concept(text, scale=-7.0, values="concept-empty") for text in ("cat", "red car")]
    with inhibit(pipe, *beyond, Concept("dog", scale=-7.0)):
        pipe(["a cat"], num_inference_steps=2, output_type="latent")
    assert texts == [1, 1, 4]  # prompt, negative prompt, concepts and the empty text
