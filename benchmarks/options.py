"""What the commands that study plans have in common on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from benchmarks.work import PEERS

OUT = Path("docs/benchmarks")


class Numbers(click.ParamType[tuple[float, ...]]):
    """Positive numbers with commas between them."""

    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Ascending, each once."""
        if not isinstance(value, str):
            return tuple(value)
        try:
            found = tuple(sorted({float(part) for part in value.split(",")}))
        except ValueError:
            self.fail(f"{value!r} is not numbers with commas between them", param, ctx)
        if not all(0 < one < float("inf") for one in found):
            self.fail(f"{value!r} must be above 0", param, ctx)
        return found


def peers_of(_context: click.Context, _option: click.Parameter, value: str) -> tuple[str, ...]:
    """Names of peers with commas between them; ``none`` for none."""
    names = tuple(name.strip() for name in value.split(",") if name.strip() not in ("", "none"))
    for name in names:
        if name not in PEERS:
            raise click.BadParameter(f"{name!r} is none of {', '.join(PEERS)}")
    return names


Command = Callable[..., Any]

peers_option = click.option(
    "--peers", default="pyjobshop,cpsat", show_default=True, callback=peers_of, help="Solvers beside ours, or none."
)
factor_option = click.option(
    "--time-factor",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0.001, 100),
    help="Times every time limit; the bars are meant for 1.",
)
machines_option = click.option(
    "--machines", default=149, show_default=True, type=click.IntRange(1, 20_000), help="Of made-up plants."
)


def study_options(command: Command) -> Command:
    """The options that every study has: seeds, cores, an outside checker, what to do again, where to write."""
    for option in (
        click.option("--out", default=OUT, show_default=True, type=click.Path(file_okay=False, path_type=Path)),
        click.option("--only-tables", is_flag=True, help="Run nothing; write the tables of what is known."),
        click.option(
            "--again", multiple=True, metavar="SOLVER", help="Measure a solver again, as nightshift or cpsat."
        ),
        click.option("--checker", metavar="COMMAND", help="Called with PROBLEM RESULT; exit code 0 means valid."),
        click.option(
            "--jobs-at-once",
            "at_once",
            default=1,
            show_default=True,
            type=click.IntRange(1, 256),
            help="Runs beside each other, each on a core of its own.",
        ),
        click.option("--seeds", default=3, show_default=True, type=click.IntRange(1, 100), help="Runs of ours each."),
    ):
        command = option(command)
    return command
