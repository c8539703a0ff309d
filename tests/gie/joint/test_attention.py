"""The equations of joint attention, held against the maps built literally."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gie.joint.attention import joint_inhibitor, joint_means

SHAPES = st.fixed_dictionaries({
    "images": st.integers(1, 3), "heads": st.integers(1, 3), "pixels": st.integers(1, 7), "d": st.sampled_from([1, 4, 8]),
    "slots": st.integers(1, 6), "slots_star": st.integers(3, 9),
})  # fmt: skip
DTYPES = st.sampled_from([torch.float32, torch.bfloat16, torch.float16])


def draw(seed: int, dtype: torch.dtype, *shape: int) -> Tensor:
    """Normal numbers that `dtype` can say."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def maps(Q: Tensor, K: Tensor) -> Tensor:
    """Eq. 5 and 6, in fp64."""
    return (Q.double() @ K.double().transpose(-1, -2) / Q.shape[-1] ** 0.5).softmax(dim=-1)


@settings(max_examples=60, deadline=None)
@given(shape=SHAPES, dtype=DTYPES, seed=st.integers(0, 999), data=st.data())
def test_two_sums_are_the_inserted_maps(
    shape: dict[str, int], dtype: torch.dtype, seed: int, data: st.DataObject
) -> None:
    """The image's own attention plus the term equals inserting the re-weighted columns of the concept's whole map."""
    images, heads, pixels, d = (shape[name] for name in ("images", "heads", "pixels", "d"))
    Q, K, V = draw(seed, dtype, 3, images, heads, pixels, d)
    K_text, V_text = draw(seed + 1, dtype, 2, images, heads, shape["slots"], d)
    K_star, V_star = draw(seed + 2, dtype, 2, images, heads, shape["slots_star"], d)
    tokens = data.draw(st.integers(1, shape["slots_star"] - 2))
    scales = torch.tensor(data.draw(st.lists(st.floats(-15, 1, width=16), min_size=images, max_size=images)))
    W = torch.zeros(images, shape["slots_star"])
    W[:, 1 : 1 + tokens] = scales[:, None]

    plain = torch.nn.functional.scaled_dot_product_attention(Q, torch.cat([K, K_text], 2), torch.cat([V, V_text], 2))
    out = plain + joint_inhibitor(Q, K, text=(K_star, V_star), W=W)

    columns = maps(Q, torch.cat([K, K_star], 2))[..., pixels + 1 : pixels + 1 + tokens]
    inserted = torch.cat([maps(Q, torch.cat([K, K_text], 2)), scales.double()[:, None, None, None] * columns], -1)
    want = inserted @ torch.cat([V, V_text, V_star[:, :, 1 : 1 + tokens]], 2).double()
    # Each of the two sums is rounded at its own size, which the scale multiplies.
    largest = max(1.0, float(V_star.abs().max()), float(V.abs().max()))
    tolerance = 8 * torch.finfo(dtype).eps * (1 + float(scales.abs().max())) * largest
    torch.testing.assert_close(out.double(), want, atol=tolerance, rtol=0)


@settings(max_examples=30, deadline=None)
@given(shape=SHAPES, seed=st.integers(0, 999))
def test_zero_changes_no_bit(shape: dict[str, int], seed: int) -> None:
    """A term with w = 0 leaves every bit of the attention as it was, in every dtype."""
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        Q, K = draw(seed, dtype, 2, shape["images"], shape["heads"], shape["pixels"], shape["d"])
        text = draw(seed + 1, dtype, 2, shape["images"], shape["heads"], shape["slots_star"], shape["d"])
        W = torch.zeros(shape["images"], shape["slots_star"])
        assert torch.equal(Q + joint_inhibitor(Q, K, text=(text[0], text[1]), W=W), Q)


def test_means_are_of_the_whole_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eq. 9's means, in fp32 also from half precision, of own slots in two stretches, and however few pixels are held at once."""
    Q, K = draw(0, torch.float16, 2, 3, 2, 5, 4)
    K_star, own = draw(1, torch.float16, 3, 2, 6, 4), [slice(1, 3), slice(4, 5)]
    want = maps(Q, torch.cat([K, K_star], 2))[..., [6, 7, 9]].mean(dim=(1, 2)).float()
    whole = joint_means(Q, K, K_star, read=own)
    assert whole.dtype == torch.float32
    torch.testing.assert_close(whole, want)
    monkeypatch.setattr("gie.joint.attention.LARGEST_MAP", 1)
    torch.testing.assert_close(joint_means(Q, K, K_star, read=own), want)
