"""What is expected comes near what is counted, and what is counted is under the bound."""

from dataclasses import replace

import pytest
from PIL import Image

from labeling.endpoint.prices import FREE, PRICES, Patches, Price, Prices, Tiles, find_price
from labeling.errors import LabelingError
from tests.support.asked import numbered

SHEET = Image.new("RGB", (1280, 768))


@pytest.mark.parametrize(
    ("width", "height", "tokens"), [(512, 512, 255), (1024, 1024, 765), (2048, 4096, 1105), (1280, 768, 1105)]
)
def test_tiles_are_counted_as_openai_does(width: int, height: int, tokens: int) -> None:
    """The examples of its guide; little detail is always the same."""
    assert Tiles(85, 170).count(width, height) == tokens
    assert Tiles(85, 170).count(width, height, low=True) == 85


def test_patches_have_an_end() -> None:
    """1024 x 1024 in patches of 32 is 1024, a huge picture the cap."""
    assert Patches(32, 1.0, 1536).count(1024, 1024) == 1024
    assert Patches(32, 1.62, 1536).count(5000, 5000) == 2489


def test_a_snapshot_costs_what_its_model_costs() -> None:
    """An unknown model has no price, and the error says where to set one."""
    assert find_price("gpt-4o-2024-08-06") == PRICES["gpt-4o"] == find_price("gpt-4o")
    assert find_price("gpt-4o-mini-2024-07-18") == PRICES["gpt-4o-mini"]
    with pytest.raises(LabelingError, match="price_per_million"):
        find_price("gpt-4oo")


def test_replies_correct_the_table() -> None:
    """After one that counted twice as much, the next is expected to; another kind of question is not."""
    prices = Prices(Price(1.0, 2.0))
    sheet = replace(numbered(1), parts=("look", SHEET))
    first = prices.expected(sheet)
    plain = prices.expected(numbered(1))
    paid = prices.cost(sheet, {"prompt_tokens": 2 * first.prompt_tokens, "completion_tokens": 10})
    assert paid == pytest.approx((2 * first.prompt_tokens + 20) / 1e6)
    assert prices.expected(sheet).prompt_tokens == 2 * first.prompt_tokens
    assert prices.expected(sheet).completion_tokens == 10
    assert prices.expected(numbered(1)) == plain


def test_the_bound_is_above_what_comes() -> None:
    """Before and after the first reply; and a bound that proved too low is put up."""
    prices = Prices(Price(1.0, 2.0))
    expected = prices.expected(numbered(1))
    dear = {"prompt_tokens": 5 * expected.prompt_tokens, "completion_tokens": 50}
    assert prices.bound(numbered(1)) > expected.usd
    low = prices.bound(numbered(1))
    assert prices.cost(numbered(1), dear) > low
    assert prices.bound(numbered(2)) > prices.cost(numbered(2), dear)


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": "7"}, {"total_tokens": 7}])
def test_what_was_not_counted_is_taken_at_its_most(usage: dict[str, object] | None) -> None:
    """A budget must not believe that it was free."""
    prices = Prices(Price(1.0, 2.0))
    assert prices.cost(numbered(1), usage) == prices.bound(numbered(1)) > 0


def test_what_was_seen_before_and_what_comes_by_batch_is_cheaper() -> None:
    """Cached input at its own price; a batch at its share of the whole."""
    price = Price(10.0, 50.0, cached_usd=1.0)
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 60}}
    whole = Prices(price).cost(numbered(1), usage)
    assert whole == pytest.approx((40 * 10 + 60 * 1 + 20 * 50) / 1e6)
    assert Prices(price, share=0.5).paid(usage) == pytest.approx(whole / 2)
    assert Prices(FREE).cost(numbered(1), usage) == 0
