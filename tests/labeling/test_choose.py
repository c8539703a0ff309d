"""Labels are thresholds on an ordered axis: the weakest scale from which on it works, whatever flickers on the way."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.choose import choose_label, choose_scale, fill_between, likely_end, onset, strongest_working
from labeling.verdict import Sight, Verdict

Seen = dict[float, Sight]


def see(gone: str, kept: str = "") -> Seen:
    """A sweep from w = 0 down: "1" yes, "0" no, "?" unsure; kept everywhere unless said."""
    answers = {"1": True, "0": False, "?": None}
    kept = kept or "1" * len(gone)
    pairs = zip(gone, kept, strict=True)
    return {-float(step): Sight(answers[here], answers[rest]) for step, (here, rest) in enumerate(pairs)}


def verdict(scale: float | None, seen: Seen | None = None) -> Verdict:
    """A judging verdict."""
    return Verdict("ok", scale, seen or see("0" + "1" * 15), reason="seen")


@given(st.integers(0, 12), st.integers(0, 12))
def test_clean_step_is_found_where_it_is(before: int, after: int) -> None:
    """Answers that turn once are turned there, and nowhere when they do not turn."""
    assert onset([False] * before + [True] * after) == before


@given(st.integers(3, 8), st.integers(3, 8), st.data())
def test_one_flicker_does_not_move_the_step(before: int, after: int, data: st.DataObject) -> None:
    """A single wrong answer leaves the step where it was, unless it stands at the step itself."""
    flags = [False] * before + [True] * after
    flip = data.draw(st.integers(0, len(flags) - 1).filter(lambda index: abs(index - before) > 1))
    flags[flip] = not flags[flip]
    assert onset(flags) == before


def test_gone_means_gone_for_good() -> None:
    """Where two places fit equally well, the concept's comeback counts."""
    assert onset([False, True, False, True, True]) == 3


@given(st.lists(st.booleans(), max_size=10))
def test_no_place_fits_better(flags: list[bool]) -> None:
    """The step has no more errors than any other, by brute force."""

    def errors(start: int) -> int:
        return sum(flag != (index >= start) for index, flag in enumerate(flags))

    assert errors(onset(flags)) == min(errors(start) for start in range(len(flags) + 1))


@pytest.mark.parametrize(("gone", "kept", "expected"), [
    ("0001111", "1111111", ("ok", -3.0)),
    ("0001111", "1111000", ("ok", -3.0)),
    ("0001111", "1110110", ("ok", -4.0)),
    ("0001111", "1110101", ("ok", -6.0)),
    ("0001111", "1111010", ("ok", -3.0)),
    ("0001111", "1110100", ("ok", -4.0)),
    ("0001111", "1110000", ("none_works", None)),
    ("0000000", "1111111", ("none_works", None)),
    ("0100111", "1111111", ("ok", -4.0)),
    ("0001011", "1111111", ("ok", -5.0)),
    ("0001101111", "1111111111", ("ok", -3.0)),
    ("1111111", "1111111", ("absent", None)),
    ("1111011", "1111111", ("absent", None)),
    ("1000111", "1111111", ("ok", -4.0)),
    ("00?1111", "1111111", ("ok", -3.0)),
    ("0001111", "111?111", ("ok", -4.0)),
])  # fmt: skip
def test_weakest_scale_that_works(gone: str, kept: str, expected: tuple[str, float | None]) -> None:
    """The label is the weakest scale from which on the concept is gone and where the rest is kept, best with a neighbour."""
    assert choose_scale(see(gone, kept)) == expected


def test_spacing_of_the_scales_does_not_matter() -> None:
    """Only the order counts, so a sweep by fifths is read like one by ones."""
    seen = {scale / 5: sight for scale, sight in see("0001111").items()}
    assert choose_scale(seen) == ("ok", -0.6)


@pytest.mark.parametrize(("gone", "kept", "last"), [
    ("0011111", "1111100", -4.0), ("0011111", "1111111", -6.0), ("0011011", "1111111", -3.0), ("0011111", "1110111", -2.0),
])  # fmt: skip
def test_window_ends_before_the_first_failure(gone: str, kept: str, last: float) -> None:
    """The working window of a label reaches to the last scale of an unbroken run."""
    seen = see(gone, kept)
    assert strongest_working(seen, -2.0, list(seen), unseen=0.0) == last


def test_what_nobody_looked_at_ends_the_window_where_windows_usually_end() -> None:
    """A search stops at its label: the window reaches on to what was seen to fail, else as far as it is told."""
    works, fails = Sight(gone=True, kept=True), Sight(gone=True, kept=False)
    scales = [-float(step) for step in range(10)]
    ends = {
        unseen: strongest_working({-2.0: works, -3.0: works}, -2.0, scales, unseen=unseen) for unseen in (0, -6, -99)
    }
    assert ends == {0: -3.0, -6: -6.0, -99: -9.0}
    assert strongest_working({-2.0: works, -3.0: works, -6.0: fails}, -2.0, scales, unseen=-99) == -5.0
    assert strongest_working({-2.0: works, -3.0: fails}, -2.0, scales, unseen=-99) == -2.0


def test_an_end_is_taken_from_those_beyond_the_label() -> None:
    """Over the shares each comes as often; the label itself where there is none."""
    ends = [-8.0, -2.0, -9.0, -5.0]
    assert [likely_end(ends, -4.0, share=share) for share in (0.0, 0.34, 0.67, 0.99)] == [-5.0, -8.0, -9.0, -9.0]
    assert likely_end(ends, -9.5, share=0.5) == likely_end([], -9.5, share=0.5) == -9.5


def test_a_pick_without_sights_is_a_window_of_its_own() -> None:
    """People say what is right, not what else is."""
    assert strongest_working({}, -2.0, [0.0, -1.0, -2.0, -3.0], unseen=-3.0) == -2.0


def test_one_verdict_is_the_label() -> None:
    """A single judge decides alone, in full agreement."""
    label = choose_label([verdict(-4.0)])
    assert (label.scale, label.outcome, label.votes, label.agreement) == (-4.0, "ok", 1, 1.0)


@pytest.mark.parametrize(("gone", "outcome"), [("11111", "absent"), ("00000", "none_works")])
def test_verdict_without_scale_says_why(gone: str, outcome: str) -> None:
    """A judge that chose no scale saw the concept nowhere, or never without it."""
    label = choose_label([verdict(None, see(gone))])
    assert (label.scale, label.outcome) == (None, outcome)


@pytest.mark.parametrize(
    ("scales", "chosen"), [((-3.0, -4.0, -9.0), -4.0), ((-3.0, -5.0), -3.0), ((-9.0, -3.0, -3.0), -3.0)]
)
def test_middle_scale_wins(scales: Sequence[float], chosen: float) -> None:
    """Of several scales the middle one is taken, of two middle ones the weaker, in any order."""
    assert choose_label([verdict(scale) for scale in scales]).scale == chosen


def test_agreement_allows_one_step() -> None:
    """Neighbours agree, further scales and other outcomes do not."""
    label = choose_label([verdict(-4.0), verdict(-5.0), verdict(-4.0), verdict(-9.0), verdict(None, see("11111"))])
    assert (label.outcome, label.scale, label.votes, label.agreement) == ("ok", -4.0, 5, 0.6)


def test_without_a_sweep_to_count_steps_in_only_equal_picks_agree() -> None:
    """People's picks come without what they saw: -1 and -9 are not neighbours because nothing is known between."""
    picks = [Verdict("ok", scale, reason="picked") for scale in (-1.0, -9.0, -1.0)]
    assert choose_label(picks).agreement == pytest.approx(2 / 3)


def test_even_split_is_no_label() -> None:
    """Judges that disagree about the outcome leave the prompt unscored."""
    label = choose_label([verdict(-4.0), verdict(None, see("11111"))])
    assert (label.outcome, label.scale, label.reason) == ("unscored", None, "the judges disagree")


def test_missing_answers_do_not_vote() -> None:
    """A refusal beside an answer changes nothing."""
    assert choose_label([Verdict("refused", reason="policy"), verdict(-4.0)]) == choose_label([verdict(-4.0)])


def test_nothing_but_missing_answers_is_unscored() -> None:
    """Without any judgement there is no label but the reasons, and never a default scale."""
    label = choose_label([Verdict("refused", reason="policy"), Verdict("transport", reason="timeout")])
    assert (label.outcome, label.scale, label.votes, label.agreement) == ("unscored", None, 0, 0.0)
    assert label.reason == "refused: policy, transport: timeout"
    assert choose_label([]).outcome == "unscored"


def test_gaps_between_alike_sights_are_filled_and_no_others() -> None:
    """What a search did not look at is known only where both its neighbours say the same."""
    there, gone = Sight(gone=False, kept=True), Sight(gone=True, kept=True)
    seen = {0.0: there, -3.0: there, -5.0: gone, -8.0: gone}
    filled = fill_between(seen, [-float(step) for step in range(10)])
    assert filled == dict.fromkeys([0.0, -1.0, -2.0, -3.0], there) | dict.fromkeys([-5.0, -6.0, -7.0, -8.0], gone)
    assert fill_between(filled, list(filled)) == filled


def test_verdict_that_does_not_vote_is_not_heard() -> None:
    """An answer that another one settled moves neither the label nor its agreement."""
    settled = Verdict("ok", -9.0, see("0" + "1" * 15), votes=False)
    assert choose_label([settled, verdict(-4.0)]) == choose_label([verdict(-4.0)])
    assert choose_label([settled]).outcome == "unscored"
