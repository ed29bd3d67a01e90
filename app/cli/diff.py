"""``nightshift diff``: two plans side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import click

from app.cli import files
from app.cli.errors import refused
from models.shop.faults import MAX_FAULTS, InvalidProblem
from models.shop.problem import COUNT_TERMS

Document = Mapping[str, Any]


@click.command(short_help="Compare two plans: what moved, and what it costs.")
@click.argument("before")
@click.argument("after")
@click.option(
    "--tolerance",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0, 8784),
    metavar="HOURS",
    help="A start that is no further away has not moved.",
)
@click.option(
    "--most", default=20, show_default=True, type=click.IntRange(0, 100_000), help="Rows to tell of each kind."
)
@click.option("--json", "as_json", is_flag=True, help="The document of the API instead of text.")
def diff(before: str, after: str, tolerance: float, most: int, as_json: bool) -> None:
    """Compare the plans in BEFORE and AFTER (results): what moved, was added and dropped, and each objective term."""
    from models.shop.difference import difference
    from models.shop.objective import HOUR

    told = difference(_result(before), _result(after), round(tolerance * HOUR), most)
    if as_json:
        click.echo(json.dumps(told, indent=1, ensure_ascii=False))
    else:
        click.echo("\n".join(lines(told)))


def lines(told: Document) -> Iterator[str]:
    """A difference for a terminal."""
    counts = told["counts"]
    yield (
        f"{counts['moved']} operations moved, {counts['on_another_machine']} of them to another machine; "
        f"{counts['adjusted']} adjusted, {counts['unchanged']} unchanged, {counts['added']} added, "
        f"{counts['dropped']} dropped"
    )
    yield ""
    yield from table(
        [("term", "before", "after", "change")]
        + [
            (row["term"], *(_amount(row["term"], row[side]) for side in ("a", "b")), _change(row))
            for row in told["terms"]
            if row["a"] is not None or row["b"] is not None
        ]
    )
    if told["a"]["schedule_start"] != told["b"]["schedule_start"]:
        starts = [_moment(told[side]["schedule_start"]) for side in ("a", "b")]
        yield f"the plans start at {starts[0]} and {starts[1]}: what is counted from the start has no change"
    ends = [_moment(told[side]["last_end"]) for side in ("a", "b")]
    yield f"last end {ends[0]} -> {ends[1]}"
    if told["moved"]:
        yield ""
        rows = [("moved", "by", "from", "to", "start", "now")]
        yield from table([*rows, *(_moved(row) for row in told["moved"])])
    for name in ("added", "dropped"):
        for row in told[name]:
            yield f"{name} {_name(row)} on {row['machine_id']}, {_moment(row['start_time'])}"
    for name, words in (("left_out", "left out now"), ("taken_in", "no longer left out")):
        if told[name]:
            yield f"{words}: {', '.join(told[name])}"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows of cells as aligned lines."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _result(path: str) -> Document:
    from models.shop.difference import faults_of

    document = files.read_json(path)
    faults = list(islice(faults_of(document), MAX_FAULTS))
    if faults:
        raise refused(path, InvalidProblem(faults))
    assert isinstance(document, dict)
    return document


def _moved(row: Document) -> tuple[str, ...]:
    was, now = row["from"], row["to"]
    return (
        _name(row),
        f"{row['hours']:+.2f} h",
        was["machine_id"],
        now["machine_id"] if row["machine_changed"] else "-",
        _moment(was["start_time"]),
        _moment(now["start_time"]),
    )


def _name(row: Document) -> str:
    return f"{row['job_id']}/{row['operation_id']}" + (f" lot {row['lot']}" if row["lot"] > 1 else "")


def _amount(term: str, value: float | None) -> str:
    if value is None:
        return "-"
    if term.endswith("rate") or term.endswith("utilisation"):
        return f"{100 * value:.1f} %"
    return f"{value:,g}" if term in COUNT_TERMS else f"{value:,.2f} h"


def _change(row: Document) -> str:
    if row["change"] is None:
        return "-"
    sign = "+" if row["change"] > 0 else ""
    return "" if row["change"] == 0 else f"{sign}{_amount(row['term'], row['change'])}"


def _moment(text: str | None) -> str:
    return "-" if text is None else datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M")
