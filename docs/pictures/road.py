"""Draws road.svg, the way of one request through the house: python docs/pictures/road.py"""

from __future__ import annotations

from html import escape
from pathlib import Path

BOX_WIDTH, BOX_HEIGHT, GAP, TOP, LEFT = 148, 74, 34, 64, 16
STORE_TOP = TOP + BOX_HEIGHT + 62
INK, PAPER, LINE, ACCENT = "#1f2933", "#ffffff", "#52606d", "#e3ecf7"

ROAD = (
    ("app", "check, store, commit", "answer 202"),
    ("tasks / plan", "choose an engine,", "split into batches"),
    ("tasks / solve", "one batch, one engine,", "side by side"),
    ("tasks / finish", "aggregate, bound,", "validate, store"),
    ("app", "state, progress,", "the checked plan"),
)
STORES = (
    (0, 4, "database (SQLite or MariaDB): the record — problems, runs, plans, keys, audit"),
    (1, 3, "Redis: messages of ids, reports of batches, progress — may be wiped"),
)


def box(x: float, y: float, width: float, height: float, fill: str) -> str:
    """A rounded box."""
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="{fill}" stroke="{LINE}"/>'


def text(x: float, y: float, words: str, size: int = 12, weight: str = "normal") -> str:
    """A line of text, centred on ``x``."""
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" text-anchor="middle" '
        f'fill="{INK}">{escape(words)}</text>'
    )


def left_of(column: int) -> float:
    """The left edge of a box of the road."""
    return LEFT + column * (BOX_WIDTH + GAP)


def draw() -> str:
    """The whole picture."""
    width = left_of(len(ROAD)) - GAP + LEFT
    height = STORE_TOP + len(STORES) * 44 + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'font-family="system-ui, sans-serif">',
        "<title>The road of one schedule request through Nightshift</title>",
        f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        f'orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="{LINE}"/></marker></defs>',
        text(width / 2, 30, "The road of one request", 16, "bold"),
    ]
    for column, (name, first, second) in enumerate(ROAD):
        x = left_of(column)
        middle = x + BOX_WIDTH / 2
        parts.append(box(x, TOP, BOX_WIDTH, BOX_HEIGHT, ACCENT))
        parts.append(text(middle, TOP + 24, name, 13, "bold"))
        parts += [text(middle, TOP + 45, first), text(middle, TOP + 61, second)]
        if column:
            y = TOP + BOX_HEIGHT / 2
            parts.append(
                f'<path d="M{x - GAP + 2} {y}H{x - 3}" stroke="{LINE}" stroke-width="1.5" marker-end="url(#tip)"/>'
            )
    for row, (first_column, last_column, words) in enumerate(STORES):
        x, y = left_of(first_column), STORE_TOP + row * 44
        span = left_of(last_column) + BOX_WIDTH - x
        parts += [box(x, y, span, 32, PAPER), text(x + span / 2, y + 21, words)]
    middle = left_of(2) + BOX_WIDTH / 2
    parts.append(
        f'<path d="M{middle} {TOP + BOX_HEIGHT + 3}V{STORE_TOP - 4}" stroke="{LINE}" stroke-width="1.5" '
        'marker-start="url(#tip)" marker-end="url(#tip)"/>'
    )
    parts.append(text(middle + 150, TOP + BOX_HEIGHT + 36, "each step loads by id and stores what it found"))
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    Path(__file__).with_suffix(".svg").write_text(draw(), encoding="utf-8")
