"""A LoRA from a file, on the UNet and on the text encoders: the concept is encoded and projected with it, as the prompt is."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model_state_dict

from gie import Concept, inhibit
from gie.encoding import encode
from tests.support.adapters import tiny_adapter
from tests.support.families import Model, tiny_of
from tests.support.tiny import seeds

PROMPTS = ["a cat", "a dog"]
CALL: dict[str, Any] = {"num_inference_steps": 2, "output_type": "latent"}
NEAR = {"sd1": 2e-3, "sd2": 2e-3, "xl": 2e-2}
TARGETS = {"unet": ["to_q", "to_k", "to_v", "to_out.0"], "text_encoder": ["q_proj", "v_proj", "out_proj"]}
TARGETS["text_encoder_2"] = TARGETS["text_encoder"]


def save_lora(model: Model, folder: Path, parts: tuple[str, ...]) -> Path:
    """A random LoRA of these parts in diffusers' own file."""
    pipe, layers = copy.deepcopy(tiny_of(model)), dict[str, Any]()
    torch.manual_seed(9)
    for part in parts:
        module = getattr(pipe, part)
        module.add_adapter(LoraConfig(r=2, lora_alpha=4, target_modules=TARGETS[part], init_lora_weights=False))
        layers[f"{part}_lora_layers"] = get_peft_model_state_dict(module)
    type(pipe).save_lora_weights(folder, **layers)
    return folder


def draw(pipe: Any, **changes: Any) -> torch.Tensor:
    """Latents of two images."""
    return pipe(PROMPTS, generator=seeds(0, 1), **(CALL | changes)).images


def encoders_of(model: Model) -> tuple[str, ...]:
    """The parts of the pipeline that read the text."""
    return ("text_encoder", "text_encoder_2") if model == "xl" else ("text_encoder",)


@pytest.mark.parametrize("model", ["sd1", "sd2", "xl"])
def test_a_scaled_lora_is_the_fused_one(model: Model, tmp_path: Path) -> None:
    """At half its scale it erases what the same LoRA does once it is part of the weights, and w = 0 is its plain picture."""
    pipe = copy.deepcopy(tiny_of(model))
    without = draw(pipe)
    pipe.load_lora_weights(save_lora(model, tmp_path, ("unet", *encoders_of(model))))
    half = {"cross_attention_kwargs": {"scale": 0.5}}
    plain = draw(pipe, **half)
    with inhibit(pipe, Concept("cat", scale=[0.0, -7.0])):
        got = draw(pipe, **half)
    assert torch.equal(got[0], plain[0])
    assert (plain - without).abs().max() > 0.1, "the LoRA does nothing"
    pipe.fuse_lora(components=["unet", *encoders_of(model)], lora_scale=0.5)
    pipe.unload_lora_weights()
    with inhibit(pipe, Concept("cat", scale=[0.0, -7.0])):
        want = draw(pipe)
    torch.testing.assert_close(got, want, atol=NEAR[model], rtol=0)
    assert (got[1] - plain[1]).abs().max() > 10 * NEAR[model]


@pytest.mark.parametrize("model", ["sd1", "sd2", "xl"])
def test_a_lora_of_the_text_encoder_changes_the_concept(model: Model, tmp_path: Path) -> None:
    """Its scale reaches the concept's embedding as it reaches the prompt's, and afterwards the encoder is as it was."""
    pipe = copy.deepcopy(tiny_of(model))
    pipe.load_lora_weights(save_lora(model, tmp_path, encoders_of(model)))
    pipe._clip_skip = None

    def encoded(scale: float) -> torch.Tensor:
        pipe._cross_attention_kwargs = {"scale": scale}
        return encode(pipe, [Concept("cat", scale=0.0)], context=pipe.tokenizer.model_max_length).rows

    none, half, whole = encoded(0.0), encoded(0.5), encoded(1.0)
    assert (half - none).abs().max() > 1e-2
    assert (whole - half).abs().max() > 1e-2
    assert torch.equal(encoded(0.5), half)
    pipe.unload_lora_weights()
    pipe._cross_attention_kwargs = None
    unloaded = encode(pipe, [Concept("cat", scale=0.0)], context=pipe.tokenizer.model_max_length)
    torch.testing.assert_close(unloaded.rows, none)


def test_an_adapter_reads_with_the_lora(tmp_path: Path) -> None:
    """Features are those of the model as it draws: with the LoRA others than without, and its own again after it is gone."""
    pipe = copy.deepcopy(tiny_of("sd1"))
    adapter = tiny_adapter(pipe, steps=2, injected=(1.0,))

    def scales() -> torch.Tensor:
        with inhibit(pipe, adapter, strict=False) as run:
            draw(pipe)
        return run.scales

    without = scales()
    pipe.load_lora_weights(save_lora("sd1", tmp_path, ("unet", "text_encoder")))
    with pytest.warns(UserWarning, match="its scales may not hold"):
        assert not torch.allclose(scales(), without)
    pipe.unload_lora_weights()
    assert torch.equal(scales(), without)
