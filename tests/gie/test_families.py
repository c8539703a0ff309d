"""Which models `inhibit` takes, which it refuses and why, and how each family's concepts are encoded."""

from typing import Any

import diffusers
import pytest
import torch

from gie import Concept, InputError, inhibit
from gie.encoding import count_tokens, encode
from gie.families import FAMILIES
from gie.layers import cross_attention_layers, layer_widths
from gie.support import family_of
from tests.support.families import Model, tiny_of
from tests.support.literal import embed

CAT = Concept("cat", scale=-7.0)


@pytest.mark.parametrize(("model", "layers"), [("sd1", 16), ("sd2", 16), ("xl", 70), ("ssd", 34), ("lcm", 16)])
def test_every_cross_attention_layer_is_found(model: Model, layers: int) -> None:
    """In the order in which a forward reaches them, whatever the family's blocks are."""
    pipe, called = tiny_of(model), list[str]()
    names = cross_attention_layers(pipe.unet)
    modules = dict(pipe.unet.named_modules())
    hooks = [modules[name].register_forward_hook(lambda *_, name=name: called.append(name)) for name in names]
    pipe("a cat", num_inference_steps=1, guidance_scale=1.0, output_type="latent")
    for hook in hooks:
        hook.remove()
    assert called == list(names)
    assert len(names) == layers == len(layer_widths(pipe.unet))


def test_the_list_names_diffusers_classes() -> None:
    """Every pipeline on a family's list exists, and no class is on two lists."""
    names = [name for family in FAMILIES for name in family.pipelines]
    assert len(names) == len(set(names)) == 30
    assert all(hasattr(diffusers, name) for name in names)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("StableDiffusionInstructPix2PixPipeline", "a third part"),
        ("StableDiffusionUpscalePipeline", "low resolution picture"),
        ("StableUnCLIPPipeline", "a picture's embedding"),
        ("StableDiffusionAdapterPipeline", "no test covers"),
        ("StableDiffusionXLInstructPix2PixPipeline", "a third part"),
        ("KolorsPipeline", "no test covers"),
        ("StableDiffusion3PAGPipeline", "perturbed guidance"),
        ("StableDiffusion3ControlNetPipeline", "a ControlNet feeds"),
        ("FluxControlNetPipeline", "a ControlNet feeds"),
        ("FluxFillPipeline", "a picture beside the noise"),
        ("FluxKontextPipeline", "a picture beside the noise"),
    ],
)
def test_other_pipelines_are_refused(name: str, reason: str) -> None:
    """A pipeline class that no test covers is refused by name, with the reason."""
    kind = getattr(diffusers, name)
    with pytest.raises(InputError, match=f"got diffusers.*{name}: .*{reason}"), inhibit(kind.__new__(kind), CAT):
        pytest.fail("the block began")


def test_a_subclass_is_refused(pipe: Any) -> None:
    """A class of one's own may call the UNet in any way, even under a name that is on the list."""
    pipe.__class__ = type("StableDiffusionPipeline", (type(pipe),), {"__module__": "mine"})
    with pytest.raises(InputError, match=r"got mine\.StableDiffusionPipeline"), inhibit(pipe, CAT):
        pytest.fail("the block began")


@pytest.mark.parametrize(
    ("entry", "value", "match"),
    [
        ("encoder_hid_dim_type", "ip_image_proj", "IP-Adapter"),
        ("class_embed_type", "projection", "class embeddings"),
        ("dual_cross_attention", True, "two texts"),
        ("only_cross_attention", [False, True], "without self-attention"),
        ("attention_type", "gated", "GLIGEN"),
        ("addition_embed_type", "text_time", "addition_embed_type = 'text_time', not None"),
    ],
)
def test_other_models_are_refused(
    pipe: Any, monkeypatch: pytest.MonkeyPatch, entry: str, value: Any, match: str
) -> None:
    """Models of other kinds come in the same pipeline classes; the UNet's config gives them away."""
    config = type(pipe.unet.config)({**pipe.unet.config, entry: value})
    monkeypatch.setattr(pipe.unet, "_internal_dict", config)
    with pytest.raises(InputError, match=match), inhibit(pipe, CAT):
        pytest.fail("the block began")


def test_the_refiner_alone_is_refused() -> None:
    """XL's refiner has one text encoder: it is refused by that name, and the base beside it is not."""
    base = tiny_of("xl")
    refiner = tiny_of("xl", kind="StableDiffusionXLImg2ImgPipeline", text_encoder=None, tokenizer=None)
    with pytest.raises(InputError, match="leave the refiner alone"), inhibit(refiner, CAT):
        pytest.fail("the block began")
    assert family_of(base).name == "Stable Diffusion XL"


def test_a_pipeline_without_text_encoder_is_refused(pipe: Any) -> None:
    """The concept could not be encoded."""
    pipe.text_encoder = None
    with pytest.raises(InputError, match="expected a pipeline that can encode the concept, got no text_encoder"):
        family_of(pipe)


@pytest.mark.parametrize("model", ["sd1", "sd2", "xl"])
def test_the_embedding_is_the_pipelines_own(model: Model) -> None:
    """The concept is encoded as a prompt of its own would be, by all of the model's encoders."""
    pipe = tiny_of(model)
    pipe._clip_skip, pipe._cross_attention_kwargs = None, None
    encoded, (want, _) = encode(pipe, [Concept("red cat", scale=0.0)]).concepts[0], embed(pipe, "red cat")
    torch.testing.assert_close(encoded.embedding[0], want)
    if model == "xl":
        ids = pipe.tokenizer_2("red cat", padding="max_length", max_length=20, return_tensors="pt").input_ids
        want_pooled = pipe.text_encoder_2(ids).text_embeds[0]
    else:
        want_pooled = want[3]
    torch.testing.assert_close(encoded.pooled, want_pooled)


def test_encoders_that_count_differently_are_refused() -> None:
    """A textual inversion of different lengths for XL's encoders has no common slots."""
    pipe = tiny_of("xl")
    pipe.tokenizer_2 = _Apart(pipe.tokenizer)
    assert count_tokens(pipe, "cat") == (1,)
    with pytest.raises(InputError, match=r"as many tokens for each text encoder, got \[1, 2\]"):
        count_tokens(pipe, "dog")


class _Apart:
    """A tokenizer that knows no dog."""

    added_tokens_encoder: dict[str, int] = {}  # noqa: RUF012 - nothing is added
    model_max_length = 20

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer

    def tokenize(self, text: str) -> Any:
        return self.tokenizer.tokenize(text)

    def __call__(self, text: str, **kwargs: Any) -> Any:
        return self.tokenizer(text.replace("dog", "cat cat"), **kwargs)
