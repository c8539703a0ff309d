"""SVG primitives: values to places, and well-formed text."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.charts import Axis, Frame, band, bar, dot, label, line, percent, share_axis, signed

FRAME = Frame(Axis(0, -10, [0, -5, -10], "w"), share_axis("kept"))


def test_a_frame_puts_the_ends_of_its_axes_at_its_margins() -> None:
    """Also on an axis that runs backwards, as scales do."""
    top, right, bottom, left = FRAME.margins
    assert FRAME.at(0, FRAME.y.low) == (left, FRAME.height - bottom)
    assert FRAME.at(-10, FRAME.y.high) == (FRAME.width - right, top)


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_is_higher(low: float, high: float) -> None:
    """SVG counts downwards, people do not."""
    assert (FRAME.at(0, low)[1] >= FRAME.at(0, high)[1]) == (low <= high) or low == pytest.approx(high)


def test_all_marks_are_well_formed_and_escape_their_words() -> None:
    """A prompt may hold any character."""
    words = 'a "cat" & <dog>'
    marks = [
        line(FRAME, [(0, 0), (-1, 1)], "fixed"),
        band(FRAME, [(0, 0), (-1, 0)], [(0, 1), (-1, 1)], "feature"),
        dot(FRAME, (0, 1), "fixed", note=words),
        bar(FRAME, (0, 0), (-1, 1), "success", note=words),
        label(FRAME, (0, 1), words, "fixed"),
    ]
    root = ET.fromstring(FRAME.draw(*marks, title=words))  # noqa: S314 - our own text
    titles = [node.text for node in root.iter() if node.tag == "title"]
    assert titles == [words] * 3
    assert {node.tag for node in root} >= {"polyline", "polygon", "circle", "rect", "text", "line"}


def test_numbers_are_written_as_people_write_them() -> None:
    """A true minus sign, no ".0", a thin space before the percent sign."""
    assert [signed(value) for value in (0.0, -7.0, -6.25, 1.0)] == ["0", "\u22127", "\u22126.2", "1"]
    assert percent(0.934) == "93\u202f%"
