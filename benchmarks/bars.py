"""Values of several series beside each other, class by class, as an SVG picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import cycle

from benchmarks.picture import BOTTOM, COLOURS, GRID, HEIGHT, INK, LEFT, PAPER, TOP, WIDTH, text

RIGHT = 24
MARKS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000)
LINES = 6
"""At most so many lines across."""

SHARE = 0.8
"""Of a group's width that its bars take."""


@dataclass(frozen=True, slots=True)
class Bars:
    """``groups``: name -> a value of at least 0 for each of ``series``; None leaves a bar out."""

    title: str
    note: str
    label: str
    series: Sequence[str]
    groups: Mapping[str, Sequence[float | None]]

    def svg(self) -> str:
        """The picture."""
        most = max([value for row in self.groups.values() for value in row if value is not None], default=1.0) * 1.08
        step = next((mark for mark in MARKS if most / mark <= LINES), MARKS[-1])
        floor, top = HEIGHT - BOTTOM, TOP + 22
        high = (floor - top) / max(most, 1e-9)
        parts = [
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
            text(LEFT, 26, self.title, size=16, weight="bold"),
            text(LEFT, 46, self.note, size=12),
            text(
                18,
                (floor + top) / 2,
                self.label,
                anchor="middle",
                more=f'transform="rotate(-90 18 {(floor + top) / 2})"',
            ),
        ]
        for mark in range(0, int(most) + 1, step):
            y = floor - mark * high
            parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="{GRID}"/>')
            parts.append(text(LEFT - 8, y + 4, f"{mark}", size=12, anchor="end"))
        for at, (name, colour) in enumerate(zip(self.series, cycle(COLOURS), strict=False)):
            x = LEFT + at * (WIDTH - LEFT - RIGHT) / max(1, len(self.series))
            parts.append(f'<rect x="{x:.1f}" y="60" width="12" height="12" fill="{colour}"/>')
            parts.append(text(x + 18, 71, name, size=12))
        wide = (WIDTH - LEFT - RIGHT) / max(1, len(self.groups))
        bar = SHARE * wide / max(1, len(self.series))
        for number, (name, row) in enumerate(self.groups.items()):
            begin = LEFT + number * wide + (1 - SHARE) / 2 * wide
            for at, (value, colour) in enumerate(zip(row, cycle(COLOURS), strict=False)):
                if value is not None:
                    x, tall = begin + at * bar, value * high
                    parts.append(
                        f'<rect x="{x:.1f}" y="{floor - tall:.1f}" width="{bar - 1:.1f}" height="{tall:.1f}" '
                        f'fill="{colour}"/>'
                    )
                    shown = text(x + bar / 2, floor - tall - 4, f"{value:.1f}", size=10, colour=INK, anchor="middle")
                    parts.append(shown)
            for line, words in enumerate(_lines(name)):
                parts.append(
                    text(LEFT + (number + 0.5) * wide, floor + 18 + 14 * line, words, size=11, anchor="middle")
                )
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        head += f'height="{HEIGHT}" font-family="system-ui, sans-serif" role="img">'
        return "\n".join([head, f"<title>{escape(self.title)}</title>", *parts, "</svg>"]) + "\n"


def _lines(name: str) -> list[str]:
    """A name on two lines where it has a comma."""
    return [part.strip() for part in name.split(",", 1)]
