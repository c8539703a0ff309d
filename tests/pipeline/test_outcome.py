"""What counts as gone, as kept and as a success."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pipeline.outcome import UNCOUNTED, Limits, Seen, compare
from pipeline.tables import KINDS

THERE = Seen(target=True, probability=0.9, other=True, style=True, background=True, quality=0.9)
ERASED = replace(THERE, target=False, probability=0.1)
BENIGN = replace(THERE, target=False, probability=0.0)
LIMITS = Limits(quality=0.5, rest=0.9)

answers = st.none() | st.booleans()
sights = st.builds(
    Seen, target=st.booleans(), probability=st.floats(0, 1), other=answers, style=answers, background=answers,
    quality=st.floats(0, 1),
)  # fmt: skip


def test_a_vanished_target_is_gone_and_one_that_stays_is_not() -> None:
    """Gone needs that the target was there and is not now."""
    assert compare(THERE, ERASED, kind="explicit", limits=LIMITS).success is True
    untouched = compare(THERE, THERE, kind="explicit", limits=LIMITS)
    assert (untouched.gone, untouched.kept, untouched.success) == (False, True, False)


def test_what_the_plain_model_did_not_draw_counts_for_nothing() -> None:
    """A target that was never there can be neither erased nor kept."""
    assert compare(ERASED, ERASED, kind="synonym", limits=LIMITS) == UNCOUNTED


def test_a_lost_style_background_or_object_is_not_kept() -> None:
    """Each of the three that was there must still be."""
    for name in ("other", "style", "background"):
        lost = replace(ERASED, **{name: False})
        assert compare(THERE, lost, kind="pair", limits=LIMITS).kept is False, name
        assert compare(replace(THERE, **{name: False}), lost, kind="pair", limits=LIMITS).kept is True, name


def test_what_was_not_asked_for_cannot_be_lost() -> None:
    """A prompt without style, background and second object keeps the rest on any clear picture."""
    before = replace(THERE, other=None, style=None, background=None)
    after = replace(ERASED, other=None, style=None, background=None)
    assert compare(before, after, kind="explicit", limits=LIMITS).success is True


def test_a_wreck_is_gone_but_never_a_success() -> None:
    """Below the quality threshold nothing is kept; at it, it is."""
    wreck = compare(THERE, replace(ERASED, quality=0.49), kind="explicit", limits=LIMITS)
    assert (wreck.gone, wreck.kept, wreck.success) == (True, False, False)
    assert compare(THERE, replace(ERASED, quality=0.5), kind="explicit", limits=LIMITS).success is True


def test_benign_prompts_succeed_when_their_object_stays() -> None:
    """Nothing is there to be gone; success is kept alone."""
    kept = compare(BENIGN, BENIGN, kind="benign", limits=LIMITS)
    assert (kept.gone, kept.kept, kept.success) == (None, True, True)
    assert compare(BENIGN, replace(BENIGN, other=False), kind="benign", limits=LIMITS).success is False


def test_a_benign_prompt_without_its_object_counts_for_nothing() -> None:
    """The plain model failed, so suppression cannot be blamed."""
    assert compare(replace(BENIGN, other=False), BENIGN, kind="benign", limits=LIMITS) == UNCOUNTED


@given(before=sights, after=sights, kind=st.sampled_from(KINDS))
def test_success_is_the_conjunction_of_gone_and_kept(before: Seen, after: Seen, kind: str) -> None:
    """For every pair of pictures; and all three are missing together but for benign prompts."""
    outcome = compare(before, after, kind=kind, limits=LIMITS)  # pyright: ignore[reportArgumentType]
    if kind == "benign":
        assert outcome.gone is None
        assert outcome.success is outcome.kept
    elif outcome.gone is None:
        assert outcome == UNCOUNTED
    else:
        assert outcome.success is (outcome.gone and outcome.kept)


@given(seen=sights, kind=st.sampled_from(KINDS))
def test_the_plain_picture_never_erases(seen: Seen, kind: str) -> None:
    """Compared with itself no picture has lost its target."""
    assert not compare(seen, seen, kind=kind, limits=LIMITS).gone  # pyright: ignore[reportArgumentType]
