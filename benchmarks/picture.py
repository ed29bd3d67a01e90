"""Curves over time as an SVG picture: logarithmic axes, each curve with a colour, a dash and its name beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import cycle

from benchmarks.curves import Points

WIDTH, HEIGHT = 820, 440
LEFT, RIGHT, TOP, BOTTOM = 74, 200, 64, 58
INK, GRID, PAPER = "#1f2933", "#d9dee4", "#ffffff"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Colours that people with any kind of colour vision tell apart (M. Okabe and K. Ito, 2008), and dashes for print."""
DASHES = ("", "8 4", "2 3", "10 3 2 3", "5 2")

LABEL_GAP = 16
"""Names stand at least so far from one another."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a picture: (seconds, value)."""

    name: str
    points: Points


@dataclass(frozen=True, slots=True)
class Picture:
    """Some curves with what the axes mean. ``bars``: (seconds, value) that are to be reached, drawn as marks.
    ``steps``: a value holds until the next one; else points are joined."""

    title: str
    note: str
    x_label: str
    y_label: str
    curves: Sequence[Curve]
    bars: Points = ()
    steps: bool = True

    def svg(self) -> str:
        """The picture; says that there is nothing to show where there is nothing."""
        points = [point for curve in self.curves for point in curve.points if point[1] > 0] + list(self.bars)
        body = [
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
            text(LEFT, 26, self.title, size=16, weight="bold"),
            text(LEFT, 46, self.note, size=12),
        ]
        if points:
            body += self._drawn(points)
        else:
            body.append(text(LEFT, HEIGHT / 2, "nothing was measured yet"))
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        head += f'height="{HEIGHT}" font-family="system-ui, sans-serif" role="img">'
        return "\n".join([head, f"<title>{escape(self.title)}</title>", *body, "</svg>"]) + "\n"

    def _drawn(self, points: Points) -> list[str]:
        x = _Axis([at for at, _ in points], LEFT, WIDTH - RIGHT)
        y = _Axis([value for _, value in points], HEIGHT - BOTTOM, TOP)
        parts = [*_grid(x, y), *self._labels()]
        for at, value in self.bars:
            parts.append(f'<circle cx="{x(at):.1f}" cy="{y(value):.1f}" r="5" fill="none" stroke="{INK}"/>')
            parts.append(text(x(at) + 8, y(value) - 6, f"bar {value:g} %", size=11))
        named: list[tuple[float, str, str]] = []
        for curve, colour, dash in zip(self.curves, cycle(COLOURS), cycle(DASHES), strict=False):
            seen = [(at, max(value, y.low)) for at, value in curve.points]
            if not seen:
                continue
            parts.append(_path([(x(at), y(value)) for at, value in seen], colour, dash, steps=self.steps))
            parts.append(f'<circle cx="{x(seen[0][0]):.1f}" cy="{y(seen[0][1]):.1f}" r="3.5" fill="{colour}"/>')
            named.append((y(seen[-1][1]), curve.name, colour))
        last = -math.inf
        for height, name, colour in sorted(named):
            last = max(height + 4, last + LABEL_GAP)
            parts.append(text(WIDTH - RIGHT + 8, last, name, colour=colour, weight="bold"))
        return parts

    def _labels(self) -> list[str]:
        middle = (HEIGHT - BOTTOM + TOP) / 2
        turned = f'transform="rotate(-90 18 {middle})"'
        return [
            text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, self.x_label, anchor="middle"),
            text(18, middle, self.y_label, anchor="middle", more=turned),
        ]


class _Axis:
    """A logarithmic axis from pixel ``begin`` to ``end``."""

    def __init__(self, values: Sequence[float], begin: float, end: float) -> None:
        self.low, self.high = _floor(min(values)), _ceiling(max(values))
        if self.low == self.high:
            self.high *= 10
        self.begin, self.end = begin, end

    def __call__(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.begin + share * (self.end - self.begin)

    def marks(self) -> list[float]:
        """1, 2 and 5 of each decade that are within."""
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        found = [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)]
        return [mark for mark in found if self.low * 0.999 <= mark <= self.high * 1.001]


def _floor(value: float) -> float:
    decade = 10.0 ** math.floor(math.log10(value))
    return max(digit * decade for digit in (1, 2, 5) if digit * decade <= value * 1.0001)


def _ceiling(value: float) -> float:
    decade = 10.0 ** math.floor(math.log10(value))
    return min(digit * decade for digit in (1, 2, 5, 10) if digit * decade >= value * 0.9999)


def _grid(x: _Axis, y: _Axis) -> list[str]:
    parts = []
    for mark in x.marks():
        parts.append(_line(x(mark), y.begin, x(mark), y.end))
        parts.append(text(x(mark), HEIGHT - BOTTOM + 18, f"{mark:g}", size=12, anchor="middle"))
    for mark in y.marks():
        parts.append(_line(x.begin, y(mark), x.end, y(mark)))
        parts.append(text(LEFT - 8, y(mark) + 4, f"{mark:g}", size=12, anchor="end"))
    return parts


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{GRID}"/>'


def _path(points: Points, colour: str, dash: str, *, steps: bool) -> str:
    begin, *others = points
    to = "H{:.1f}V{:.1f}" if steps else "L{:.1f} {:.1f}"
    path = "M{:.1f} {:.1f}".format(*begin) + "".join(to.format(*point) for point in others)
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dash}"/>'


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: int = 13,
    colour: str = INK,
    weight: str = "normal",
    anchor: str = "start",
    more: str = "",
) -> str:
    """Words at a place; ``more`` holds further attributes."""
    style = f'font-size="{size}" font-weight="{weight}" fill="{colour}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style} {more}>{escape(words)}</text>'
