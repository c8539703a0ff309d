"""Perturbed attention guidance (PAG): its third part of the batch is inhibited too, and adapters never read it."""

from typing import Any

import pytest
import torch

from gie import Concept, inhibit
from tests.support.adapters import tiny_adapter
from tests.support.families import Model, tiny_of
from tests.support.literal import draw_literally
from tests.support.tiny import seeds

PROMPTS = ["a cat", "a dog"]
PAG: list[tuple[Model, str]] = [("sd1", "StableDiffusionPAGPipeline"), ("xl", "StableDiffusionXLPAGPipeline")]
NEAR = {"sd1": 2e-3, "xl": 2e-2}


def draw(pipe: Any, **call: Any) -> torch.Tensor:
    """Latents of two images in two steps."""
    return pipe(PROMPTS, generator=seeds(0, 1), num_inference_steps=2, output_type="latent", **call).images


@pytest.mark.parametrize(
    "call", [{"guidance_scale": 1.0}, {"pag_scale": 0.0}, {"guidance_scale": 1.0, "pag_scale": 0.0}]
)
@pytest.mark.parametrize(("model", "kind"), PAG)
def test_guidance_or_perturbation_is_off(model: Model, kind: str, call: dict[str, Any]) -> None:
    """Two parts may be [unconditional, conditional] or [conditional, perturbed]: each is inhibited as what it is."""
    pipe, rows = tiny_of(model, kind=kind), list[int]()
    counter = pipe.unet.conv_in.register_forward_hook(lambda _module, args, _out: rows.append(len(args[0])))
    plain = draw(pipe, **call)
    counter.remove()
    with inhibit(pipe, Concept("cat", scale=[0.0, -7.0])):
        got = draw(pipe, **call)
    want = draw_literally(pipe, {"cat": [0.0, -7.0]}, PROMPTS, generator=seeds(0, 1), num_inference_steps=2, **call)
    torch.testing.assert_close(got, want, atol=NEAR[model], rtol=0)
    assert torch.equal(got[0], plain[0])
    assert (got[1] - plain[1]).abs().max() > 10 * NEAR[model]
    assert rows == [2 if len(call) == 2 else 4] * 2


@pytest.mark.parametrize("guidance", [7.5, 1.0])
@pytest.mark.parametrize("injected", [0.0, 1.0])
@pytest.mark.parametrize(("model", "kind"), PAG)
def test_an_adapter_reads_the_unperturbed_rows(model: Model, kind: str, injected: float, guidance: float) -> None:
    """It infers what it infers without PAG from the same noise, and the images are those of its scales, fixed."""
    pipe, without = tiny_of(model, kind=kind), tiny_of(model)
    adapter = tiny_adapter(pipe, steps=2, injected=(injected,))
    call = {"guidance_scale": guidance}
    with inhibit(without, adapter, outside="go_on") as run:
        draw(without, **call)
        want = run.features
    with inhibit(pipe, adapter, outside="go_on") as run:
        got = draw(pipe, **call)
    torch.testing.assert_close(run.features, want, atol=1e-6, rtol=1e-4)
    assert torch.equal(run.token_scales[0], adapter.infer(run.features))
    assert run.scales[0] != run.scales[1]
    with inhibit(pipe, Concept("cat", scale=run.scales[:, 0].tolist())):
        assert torch.equal(draw(pipe, **call), got)
