"""``nightshift bench timeline``: how fast decisions are turned into times."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from benchmarks.report import Report, median
from models.shop.calendar import Calendars
from models.shop.generate import factory
from models.shop.parse import parse
from models.shop.timeline import replay
from workers.dispatch.portfolio import dispatch_plans
from workers.engine import Limits

JOBS, MACHINES = 10_000, 149
SHOPS: dict[str, tuple[dict[str, Any], float | None]] = {
    "plain": ({}, 30.0),
    "with calendars": ({"calendars": True}, None),
    "with calendars and setups": ({"calendars": True, "setups": True}, 150.0),
    "with calendars, setups and operators": ({"calendars": True, "setups": True, "operators": True}, None),
}
"""Shop -> what ``factory`` adds, and the most milliseconds."""


@click.command(short_help="Replay of 10,000 operations.")
@click.option("--repeats", default=25, show_default=True, type=click.IntRange(1, 10_000), help="Replays of each shop.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for timeline.json and .md.")
def timeline(repeats: int, out: Path | None) -> None:
    """Replay a dispatched plan of 10,000 operations on 149 machines, in several shops.

    The calendars are expanded once and kept, as a search keeps them.
    """
    report = Report("timeline")
    for name, (features, most) in SHOPS.items():
        problem = parse(factory(JOBS, MACHINES, **features))
        calendars = Calendars(problem)
        decisions = dispatch_plans(problem, range(len(problem.jobs)), Limits.within(0.0), calendars).decisions
        times = []
        for _ in range(repeats):
            begun = time.perf_counter()
            replay(problem, decisions, calendars=calendars)
            times.append((time.perf_counter() - begun) * 1000)
        report.add("", f"replay of 10,000 operations {name}, median", median(times), "ms", most, samples=repeats)
        report.add("", "the same, fastest", min(times), "ms", samples=repeats)
    report.write(out)
