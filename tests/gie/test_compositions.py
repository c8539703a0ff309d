"""Inhibition beside what people switch on: LoRA, offload, slicing, tiling, half precision, no guidance."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from peft import LoraConfig

from gie import Concept, inhibit
from tests.support.families import Model, tiny_of
from tests.support.tiny import seeds

PROMPTS = ["a cat", "a dog"]
Prepare = Callable[[Any], object]


def _with_lora(pipe: Any) -> None:
    torch.manual_seed(9)
    targets = ["to_k", "to_v", "to_q", "to_out.0"]
    pipe.unet.add_adapter(LoraConfig(r=2, target_modules=targets, init_lora_weights=False))


SWITCHED_ON: dict[str, tuple[Prepare, dict[str, Any]]] = {
    "lora": (_with_lora, {"cross_attention_kwargs": {"scale": 0.5}}),
    "offload": (lambda pipe: pipe.enable_model_cpu_offload(device="cpu"), {}),
    "slicing": (lambda pipe: pipe.enable_attention_slicing(2), {}),
    "tiling": (lambda pipe: pipe.vae.enable_tiling(), {"output_type": "pt"}),
    "no guidance": (lambda _: None, {"guidance_scale": 1.0}),
    "bf16": (lambda pipe: pipe.to(dtype=torch.bfloat16), {}),
    "fp16": (lambda pipe: pipe.to(dtype=torch.float16), {}),
    "two pictures a prompt": (lambda _: None, {"num_images_per_prompt": 2}),
}


@pytest.mark.parametrize("model", ["sd1", "sd2", "xl"])
@pytest.mark.parametrize("what", list(SWITCHED_ON))
def test_inhibition_composes(model: Model, what: str) -> None:
    """With it on, w = 0 is the plain picture bit for bit, w = -7 is another, and afterwards all is as before."""
    prepare, options = SWITCHED_ON[what]
    pipe = copy.deepcopy(tiny_of(model))
    prepare(pipe)
    call = {"num_inference_steps": 2, "output_type": "latent", **options}
    each = 2 if "num_images_per_prompt" in call else 1

    def draw() -> torch.Tensor:
        noise = seeds(*range(len(PROMPTS) * each))
        return torch.as_tensor(pipe(PROMPTS, generator=noise, **call).images)

    plain = draw()
    with inhibit(pipe, Concept("cat", scale=[0.0] * each + [-7.0] * each)):
        erased = draw()
    assert torch.equal(erased[:each], plain[:each])
    assert not torch.equal(erased[each:], plain[each:])
    assert torch.equal(draw(), plain)
