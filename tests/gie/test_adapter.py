"""The adapter: Eq. 10, clamped, and saved so that it comes back bit for bit or not at all."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from safetensors.torch import load_file, save_file

from gie.adapter import Adapter
from gie.adapter_config import AdapterConfig, Sampling, ScaleRange
from gie.errors import InputError


def make_config(**changes: Any) -> AdapterConfig:
    """A small adapter's config with some fields changed."""
    fields = {
        "concept": "cat", "synonyms": ("kitten",), "slots": "concept", "base_model": "tiny", "fingerprint": "f00d",
        "layers": ("down.0", "mid", "up.0"), "scales": ScaleRange(smallest=-15, step=1), "injected": (1.0,),
        "first_step": "inhibited", "recipe_hash": "beef", "best_fixed_scale": -7.0,
        "sampling": Sampling(first_timestep=917, scheduler="DDIMScheduler", steps=12, guidance=5, height=64, width=64),
    }  # fmt: skip
    return AdapterConfig.model_validate(fields | changes)


def make_adapter(**changes: Any) -> Adapter:
    """An adapter with random weights and a normalisation that changes something."""
    torch.manual_seed(0)
    adapter = Adapter(make_config(**changes))
    adapter.mean.copy_(torch.rand(adapter.mean.shape))
    adapter.spread.copy_(1 + torch.rand(adapter.spread.shape))
    return adapter.eval()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved adapter's folder."""
    make_adapter().save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


def edit_config(folder: Path, **changes: Any) -> None:
    """Change fields of the saved config."""
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_network_is_the_papers() -> None:
    """Eq. 10 is layers -> 64 -> 32 -> 1 with ReLU between and nothing after, as torch's own linear layers compute it."""
    adapter, features = Adapter(make_config()), torch.rand(5, 3)
    weights, biases = list(adapter.network.weights), list(adapter.network.biases)
    assert [list(weight.shape) for weight in weights] == [[1, 3, 64], [1, 64, 32], [1, 32, 1]]
    hidden = features
    for index, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        hidden = torch.nn.functional.linear(hidden.relu() if index else hidden, weight[0].T, bias[0, 0])
    torch.testing.assert_close(adapter(features), hidden[:, 0])


def test_first_weights_are_torchs() -> None:
    """A member starts as a stack of `torch.nn.Linear` does, and each as another one."""
    torch.manual_seed(0)
    network = Adapter(make_config(members=2)).network
    torch.manual_seed(0)
    first = torch.nn.Linear(3, 64)
    assert torch.equal(network.weights[0][0], first.weight.T)
    assert torch.equal(network.biases[0][0, 0], first.bias)
    assert not torch.equal(network.weights[0][0], network.weights[0][1])


def test_members_are_averaged() -> None:
    """The scale is the mean of what the members say, and they differ."""
    adapter, features = make_adapter(members=3, transform="bounded"), torch.rand(4, 3)
    each = adapter.each(features)
    assert each.shape == (3, 4)
    assert each.std(dim=0).min() > 0
    assert torch.equal(adapter(features), each.mean(dim=0))


def test_several_first_steps_are_read_side_by_side() -> None:
    """An adapter that reads features at two w takes twice as many numbers a token."""
    adapter = make_adapter(injected=[1.0, 0.0])
    assert adapter.infer(torch.rand(2, 1, 6)).shape == (2, 1)
    with pytest.raises(InputError, match=r"expected features \[images, tokens, 6\], got"):
        adapter.infer(torch.rand(2, 1, 3))


def test_fresh_adapter_does_not_normalise() -> None:
    """Before training has set the normalisation, the features reach the network as they are."""
    adapter = Adapter(make_config())
    features = torch.rand(4, 3)
    assert torch.equal(adapter(features), adapter.network(features)[0])


@given(st.integers(0, 3), st.integers(1, 4), st.floats(-1e3, 1e3), st.sampled_from(["linear", "bounded"]))
def test_inferred_scales_stay_in_the_recipes_range(images: int, tokens: int, value: float, transform: str) -> None:
    """Whatever the features are, no inferred scale is positive or stronger than the recipe's strongest."""
    scales = make_adapter(transform=transform).infer(torch.full((images, tokens, 3), value))
    assert scales.shape == (images, tokens)
    assert ((scales >= -15) & (scales <= 0)).all()


def test_clamp_has_something_to_clamp() -> None:
    """The linear output does leave the range on its own, so the clamp is what keeps it."""
    adapter, features = make_adapter(), torch.tensor([[[1e3] * 3], [[-1e3] * 3]])
    raw = adapter(features[:, 0])
    assert ((raw < -15) | (raw > 0)).any()
    assert torch.equal(adapter.infer(features)[:, 0], raw.clamp(-15, 0))


def test_what_is_weaker_than_the_weakest_is_nothing() -> None:
    """All tokens of an image get 0 where their mean is weaker; the other images keep every bit."""
    features = 30 * torch.randn(64, 3, 3, generator=torch.Generator().manual_seed(0))
    plain = make_adapter().infer(features)
    limit = float(plain.mean(dim=1).median())
    cut = make_adapter(weakest=limit).infer(features)
    weak = plain.mean(dim=1) > limit
    assert 0 < weak.sum() < 64
    assert (cut[weak] == 0).all()
    assert torch.equal(cut[~weak], plain[~weak])
    assert (plain[weak] != 0).any()


def test_bounded_output_needs_no_clamp() -> None:
    """The bounded transform keeps training inside the range as well."""
    raw = make_adapter(transform="bounded")(torch.randn(100, 3) * 50)
    assert ((raw >= -15) & (raw <= 0)).all()


def test_tokens_are_independent() -> None:
    """A token's scale depends on its own features alone."""
    adapter, features = make_adapter(), torch.rand(2, 3, 3)
    alone = torch.stack([adapter.infer(features[:, [token]])[:, 0] for token in range(3)], dim=1)
    torch.testing.assert_close(adapter.infer(features), alone)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (3,)])
def test_features_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    """Features of other layers, or without the images' axis, are an error and not a broadcast."""
    with pytest.raises(InputError, match=r"expected features \[images, tokens, 3\], got"):
        make_adapter().infer(torch.rand(shape))


def test_nan_features_are_refused() -> None:
    """A half-precision overflow is an error and not a nan scale."""
    with pytest.raises(InputError, match="expected finite features"):
        make_adapter().infer(torch.full((1, 1, 3), torch.nan))


@pytest.mark.parametrize("transform", ["linear", "bounded"])
def test_round_trip_is_bit_identical(tmp_path: Path, transform: str) -> None:
    """Saved and read again, an adapter has the same config, weights and scales; saved twice, the same bytes."""
    adapter = make_adapter(transform=transform)
    adapter.save_pretrained(tmp_path / "one")
    again = Adapter.from_pretrained(tmp_path / "one")
    again.save_pretrained(tmp_path / "two")
    assert again.config == adapter.config
    features = torch.rand(5, 2, 3)
    assert torch.equal(again.infer(features), adapter.infer(features))
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == ["config.json", "model.safetensors"]
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in files)


def test_read_adapter_is_for_inference() -> None:
    """Config answers for what inhibit needs to know without opening it."""
    adapter = make_adapter(slots="all")
    assert (adapter.concept, adapter.slots) == ("cat", "all")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_missing_file_is_refused(folder: Path, name: str) -> None:
    """A folder that lacks a file is named, with the file."""
    (folder / name).unlink()
    with pytest.raises(InputError, match=name):
        Adapter.from_pretrained(folder)


@pytest.mark.parametrize(("changes", "match"), [
    ({"format_version": 2}, "format_version: expected .* format 1; .* got 2"),
    ({"colour": "red"}, "colour: .*Extra inputs are not permitted, got 'red'"),
    ({"scales": {"smallest": 3, "step": 1}}, "scales.smallest: .* got 3"),
    ({"best_fixed_scale": 2}, "best_fixed_scale: .* got 2"),
    ({"layers": []}, "layers: "),
    ({"layers": ["down.0", "mid"]}, r"expected .*\[2\].*, got .*\[3\].*; config and weights are not of one adapter"),
    ({"hidden": [8]}, "network.biases.0: expected"),
])  # fmt: skip
def test_unfit_config_is_refused(folder: Path, changes: dict[str, Any], match: str) -> None:
    """A config of another format, with unknown or impossible fields, or of other layers than the weights, is one clear error."""
    edit_config(folder, **changes)
    with pytest.raises(InputError, match=match):
        Adapter.from_pretrained(folder)


def test_config_that_is_no_json_is_refused(folder: Path) -> None:
    """A damaged config is an error about the file."""
    (folder / "config.json").write_text("{")
    with pytest.raises(InputError, match="the file: expected a valid adapter config"):
        Adapter.from_pretrained(folder)


def test_truncated_weights_are_refused(folder: Path) -> None:
    """Half a safetensors file is an error about the file."""
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="expected a safetensors file, got a damaged one"):
        Adapter.from_pretrained(folder)


def test_weights_that_are_not_finite_are_refused(folder: Path) -> None:
    """Weights from a training that diverged are refused."""
    path = folder / "model.safetensors"
    weights = load_file(path)
    weights["network.weights.0"][0, 0, 0] = torch.inf
    save_file(weights, path)
    with pytest.raises(InputError, match=r"network\.weights\.0: expected finite weights"):
        Adapter.from_pretrained(folder)


def test_config_is_frozen() -> None:
    """What an adapter was trained for cannot be edited in place."""
    with pytest.raises(ValidationError, match="frozen"):
        make_config().concept = "dog"
