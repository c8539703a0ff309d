"""Charts as SVG text that takes its colours from the page, so that one drawing serves light and dark.

A `Frame` maps values to places and draws the axes; marks are functions from a frame and values to SVG. Nothing else is
needed for the handful of figures here, and a plotting library's SVG would bring its own fonts and colours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

Point = tuple[float, float]


def percent(value: float) -> str:
    """0.934 -> "93 %" (with a thin space)."""
    return f"{100 * value:.0f}\u202f%"


def signed(value: float) -> str:
    """-7.0 -> "−7" (a true minus sign), 0 -> "0", -6.25 -> "−6.3"."""
    return f"{round(value, 1):g}".replace("-", "\u2212")


@dataclass(frozen=True)
class Axis:
    """One direction of a frame."""

    low: float
    """Value at the left or the bottom; may be above `high`, then the axis runs backwards."""
    high: float
    ticks: Sequence[float]
    label: str
    text: Callable[[float], str] = signed


PERCENT_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def share_axis(label: str) -> Axis:
    """0 to 100 %, with a little air so that marks at the ends are whole."""
    return Axis(-0.03, 1.05, PERCENT_TICKS, label, percent)


@dataclass(frozen=True)
class Frame:
    """The drawing area of one chart, in SVG units (pixels at full width)."""

    x: Axis
    y: Axis
    width: float = 460
    height: float = 330
    margins: tuple[float, float, float, float] = (14, 14, 44, 62)
    """Top, right, bottom, left."""

    def at(self, x: float, y: float) -> Point:
        """Place of a value."""
        top, right, bottom, left = self.margins
        across = (x - self.x.low) / (self.x.high - self.x.low)
        up = (y - self.y.low) / (self.y.high - self.y.low)
        return left + across * (self.width - left - right), self.height - bottom - up * (self.height - top - bottom)

    def draw(self, *marks: str, title: str) -> str:
        """The whole SVG: axes, then the marks in order; `title` is read out by screen readers."""
        head = (
            f'<svg class="chart" viewBox="0 0 {self.width:g} {self.height:g}" role="img"><title>{escape(title)}</title>'
        )
        return head + self._grid() + "".join(marks) + "</svg>"

    def _grid(self) -> str:
        top, right, bottom, left = self.margins
        end, floor = self.width - right, self.height - bottom
        lines = [_tick(left, end, self.at(self.x.low, tick)[1], self.y.text(tick)) for tick in self.y.ticks]
        below = [
            f'<text class="tick" x="{self.at(tick, 0)[0]:.1f}" y="{floor + 17:.1f}" text-anchor="middle">'
            f"{escape(self.x.text(tick))}</text>"
            for tick in self.x.ticks
        ]
        middle = (left + end) / 2, (top + floor) / 2
        names = (
            f'<text class="axis" x="{middle[0]:.1f}" y="{self.height - 6:.1f}" text-anchor="middle">{escape(self.x.label)}</text>'
            f'<text class="axis" transform="translate(12 {middle[1]:.1f}) rotate(-90)" text-anchor="middle">'
            f"{escape(self.y.label)}</text>"
        )
        return "".join(lines) + "".join(below) + names


def _tick(left: float, right: float, y: float, text: str) -> str:
    return (
        f'<line class="grid" x1="{left:g}" x2="{right:g}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="tick" x="{left - 6:g}" y="{y + 4:.1f}" text-anchor="end">{escape(text)}</text>'
    )


def line(frame: Frame, points: Sequence[Point], role: str) -> str:
    """A line through the points; `role` is the CSS class that colours it."""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in (frame.at(*point) for point in points))
    return f'<polyline class="line {role}" points="{places}"/>'


def band(frame: Frame, low: Sequence[Point], high: Sequence[Point], role: str) -> str:
    """The area between two lines."""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in (frame.at(*point) for point in [*low, *reversed(high)]))
    return f'<polygon class="band {role}" points="{places}"/>'


def dot(frame: Frame, point: Point, role: str, *, radius: float = 3.5, note: str = "") -> str:
    """A disc; `note` appears under the pointer."""
    x, y = frame.at(*point)
    return f'<circle class="dot {role}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"><title>{escape(note)}</title></circle>'


def label(frame: Frame, point: Point, text: str, role: str, *, shift: Point = (8, 4), anchor: str = "start") -> str:
    """Words beside a value; `shift` in SVG units, to the right and down."""
    x, y = frame.at(*point)
    return (
        f'<text class="label {role}" x="{x + shift[0]:.1f}" y="{y + shift[1]:.1f}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )


def bar(frame: Frame, low: Point, high: Point, role: str, *, note: str = "") -> str:
    """A filled box between two corners."""
    (x1, y1), (x2, y2) = frame.at(*low), frame.at(*high)
    left, top, width, height = min(x1, x2), min(y1, y2), abs(x2 - x1), abs(y2 - y1)
    box = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="bar {role}" {box}><title>{escape(note)}</title></rect>'
