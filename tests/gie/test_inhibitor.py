"""The equations, held against the maps built literally."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gie.inhibitor import distances, inhibitor, strongest_of_close, token_means, weigh
from tests.support.literal import literal_attention

SHAPES = st.fixed_dictionaries({
    "images": st.integers(1, 3), "heads": st.integers(1, 4), "pixels": st.integers(1, 9), "d": st.sampled_from([1, 4, 8]),
    "slots": st.integers(3, 12), "slots_star": st.integers(3, 12),
})  # fmt: skip
DTYPES = st.sampled_from([torch.float32, torch.bfloat16, torch.float16])


def draw(seed: int, dtype: torch.dtype, *shape: int) -> Tensor:
    """Normal numbers that `dtype` can say."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


@settings(max_examples=60, deadline=None)
@given(shape=SHAPES, dtype=DTYPES, seed=st.integers(0, 999), data=st.data())
def test_two_sums_are_the_inserted_maps(
    shape: dict[str, int], dtype: torch.dtype, seed: int, data: st.DataObject
) -> None:
    """Prompt's attention plus the concept's term equals Eq. 5 to 8 for any shapes, scales, concept lengths and dtypes."""
    images, heads, pixels, d = (shape[name] for name in ("images", "heads", "pixels", "d"))
    Q = draw(seed, dtype, images, heads, pixels, d)
    K, V = draw(seed + 1, dtype, 2, images, heads, shape["slots"], d)
    K_star, V_star = draw(seed + 2, dtype, 2, 1, heads, shape["slots_star"], d)
    tokens = data.draw(st.integers(1, shape["slots_star"] - 2))
    scales = data.draw(st.lists(st.floats(-15, 1, width=16), min_size=images, max_size=images))
    W = torch.zeros(images, shape["slots_star"])
    W[:, 1 : 1 + tokens] = torch.tensor(scales)[:, None]

    plain = torch.nn.functional.scaled_dot_product_attention(Q, K, V)
    out = plain + inhibitor(Q, K_star, weigh(V_star, W))

    eot = data.draw(st.integers(1, shape["slots"] - 1))
    star = (K_star[0].double(), V_star[0].double())
    for image in range(images):
        own = (*star, W[image].double())
        want = literal_attention(Q[image].double(), K[image].double(), V[image].double(), [own], eot=eot)
        # Each of the two sums is rounded at its own size, which the scale multiplies.
        tolerance = 8 * torch.finfo(dtype).eps * (1 + max(map(abs, scales))) * max(1.0, float(V_star.abs().max()))
        torch.testing.assert_close(out[image].double(), want, atol=tolerance, rtol=0)


def test_a_small_map_is_the_fused_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of the two a CPU takes is a matter of time alone."""
    Q, K, V = draw(0, torch.float32, 2, 3, 5, 8), draw(1, torch.float32, 1, 3, 7, 8), draw(2, torch.float32, 2, 3, 7, 8)
    fused = torch.nn.functional.scaled_dot_product_attention(Q, K.expand(2, -1, -1, -1), V)
    with monkeypatch.context() as context:
        context.setattr(torch.nn.functional, "scaled_dot_product_attention", None)
        torch.testing.assert_close(inhibitor(Q, K, V), fused)
    monkeypatch.setattr("gie.inhibitor.SMALL_MAP", 2 * 3 * 5 * 7 - 1)
    assert torch.equal(inhibitor(Q, K, V), fused)


@settings(max_examples=30, deadline=None)
@given(shape=SHAPES, seed=st.integers(0, 999))
def test_zero_changes_no_bit(shape: dict[str, int], seed: int) -> None:
    """A term with w = 0 leaves every bit of the attention as it was, in every dtype."""
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        Q = draw(seed, dtype, shape["images"], shape["heads"], shape["pixels"], shape["d"])
        K, V = draw(seed + 1, dtype, 2, 1, shape["heads"], shape["slots"], shape["d"])
        term = inhibitor(Q, K, weigh(V, torch.zeros(shape["images"], shape["slots"])))
        assert torch.equal(Q + term, Q)


def test_concepts_add_up() -> None:
    """Two concepts inserted one after the other are the sum of their two terms."""
    Q, K, V = draw(0, torch.float32, 3, 1, 2, 6, 4)
    stars = [draw(seed, torch.float32, 2, 1, 2, 7, 4) for seed in (1, 2)]
    Ws = [torch.tensor([[0.0, -3.0, 0, 0, 0, 0, 0]]), torch.tensor([[0.0, -1.0, -8.0, 0, 0, 0, 0]])]
    terms = [inhibitor(Q, star[0], weigh(star[1], W)) for star, W in zip(stars, Ws, strict=True)]
    out = torch.nn.functional.scaled_dot_product_attention(Q, K, V) + terms[0] + terms[1]
    concepts = [(star[0, 0], star[1, 0], W[0]) for star, W in zip(stars, Ws, strict=True)]
    torch.testing.assert_close(out[0], literal_attention(Q[0], K[0], V[0], concepts, eot=2), atol=1e-5, rtol=0)


def test_means_are_of_the_whole_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eq. 9's means are those of the maps, in fp32 also from half precision, and however few images are held at once."""
    Q, K = draw(0, torch.float16, 3, 2, 5, 4), draw(1, torch.float16, 1, 2, 6, 4)
    maps = (Q.float() @ K.float().transpose(-1, -2) / 2).softmax(dim=-1)
    want = maps[..., 1:4].mean(dim=(1, 2))
    whole = token_means(Q, K, read=[slice(1, 4)])
    monkeypatch.setattr("gie.inhibitor.LARGEST_MAP", 1)
    assert whole.dtype == torch.float32
    torch.testing.assert_close(whole, want)
    torch.testing.assert_close(token_means(Q, K, read=[slice(1, 4)]), want)


def test_means_do_not_depend_on_autocast() -> None:
    """Under autocast, which would take the maps' logits in half precision, the means are the same bits."""
    Q, K = 8 * draw(0, torch.float32, 3, 2, 5, 4), 8 * draw(1, torch.float32, 1, 2, 6, 4)
    want = token_means(Q, K, read=[slice(1, 4)])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert (Q @ K.transpose(-1, -2)).dtype == torch.bfloat16
        assert torch.equal(token_means(Q, K, read=[slice(1, 4)]), want)
        assert distances(K[0, 0]).dtype == torch.float32


def test_close_concepts_give_way_image_by_image() -> None:
    """Of two close concepts only the more negative acts, in each image for itself; a far one is left alone."""
    distance = torch.tensor([[0.0, 0.05, 0.9], [0.05, 0.0, 0.9], [0.9, 0.9, 0.0]])
    scales = torch.tensor([[-2.0, -5.0, -1.0], [-6.0, -5.0, -1.0]])
    kept = strongest_of_close(scales, distance, threshold=0.1)
    assert kept.tolist() == [[False, True, True], [True, False, True]]
    assert strongest_of_close(scales, distance, threshold=0.0).all()


def test_a_chain_gives_way_to_what_is_kept_only() -> None:
    """A concept close to one that itself gave way, but far from the strongest, is kept; of equals the first."""
    chain = torch.tensor([[0.0, 0.05, 0.5], [0.05, 0.0, 0.05], [0.5, 0.05, 0.0]])
    assert strongest_of_close(torch.tensor([[-3.0, -2.0, -1.0]]), chain, threshold=0.1).tolist() == [
        [True, False, True]
    ]
    assert strongest_of_close(torch.full((1, 2), -2.0), chain[:2, :2], threshold=0.1).tolist() == [[True, False]]


def test_distance_is_one_minus_cosine() -> None:
    """Parallel texts are at 0, orthogonal ones at 1, opposite ones at 2, whatever their lengths."""
    pooled = torch.tensor([[1.0, 0.0], [3.0, 0.0], [0.0, 2.0], [-1.0, 0.0]])
    torch.testing.assert_close(distances(pooled)[0], torch.tensor([0.0, 0.0, 1.0, 2.0]))
