"""``nightshift disrupt``: repair a plan in files after something broke."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from app.cli import files, kpi
from app.cli.diff import lines
from app.cli.errors import BadInput, refused
from models.shop.faults import InvalidProblem

if TYPE_CHECKING:
    from models.shop.disruptions import Repaired
    from models.shop.problem import Problem
    from models.shop.schedule import Schedule


@click.command(short_help="Repair a plan after a breakdown, an absence, a rush order.")
@click.argument("problem")
@click.argument("schedule")
@click.argument("disruptions")
@click.option("--at", "moment", required=True, metavar="INSTANT", help="When: what was planned before then is done.")
@click.option(
    "--frozen",
    default=0.0,
    type=click.FloatRange(0, 100_000),
    metavar="HOURS",
    help="Work that starts within these stays.",
)
@click.option(
    "--move-price",
    default=0.2,
    show_default=True,
    type=click.FloatRange(0, 100_000),
    metavar="HOURS",
    help="Of the first objective level, for leaving an operation where it is.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(0, 86_400),
    metavar="SECONDS",
    help="For the repair; 0: shifted right only.  [default: as the file says]",
)
@click.option("--workers", type=click.IntRange(1, 256), help="Processes.  [default: cores]")
@click.option("--output", metavar="FILE", help="Write the repaired plan as JSON.")
@click.option("--problem-output", metavar="FILE", help="Write the problem that it is a plan of.")
@click.option(
    "--most", default=20, show_default=True, type=click.IntRange(0, 100_000), help="Moved operations to tell of."
)
def disrupt(
    problem: str,
    schedule: str,
    disruptions: str,
    moment: str,
    frozen: float,
    move_price: float,
    time_limit: float | None,
    workers: int | None,
    output: str | None,
    problem_output: str | None,
    most: int,
) -> None:
    """Repair the plan in SCHEDULE (a result) of PROBLEM after what DISRUPTIONS lists, from INSTANT on.

    DISRUPTIONS is a list as in the API's POST /v1/disruptions, or an object with `disruptions`. The plan is shifted
    right around them, then repaired by a search; the key figures, what moved and what it costs go to stdout.
    """
    files.check_writable(output)
    files.check_writable(problem_output)
    begun = time.monotonic()
    shop, plan, before = _planned(problem, schedule)
    found = _repaired(shop, plan, files.read_json(disruptions), disruptions, _second(shop, moment), frozen)
    document = _solved(found, move_price, time_limit, workers)
    if output is not None:
        files.write_json(output, document)
    if problem_output is not None:
        from models.shop.canonical import to_document

        files.write_json(problem_output, to_document(found.problem))
    from models.shop.difference import difference

    click.echo(kpi.table(document, time.monotonic() - begun, picture=False))
    for line in found.merged:
        click.echo(f"warning: {line}", err=True)
    for job_id, operation_id in found.released:
        click.echo(f"Released: {job_id}/{operation_id} cannot stay where it was pinned")
    click.echo()
    click.echo("\n".join(lines(difference(before, document, most=most))))


def _planned(problem: str, schedule: str) -> tuple[Problem, Schedule, dict[str, Any]]:
    from models.shop.difference import faults_of
    from models.shop.relax import relaxed
    from models.shop.result_reader import read_result

    shop, document = relaxed(files.read_problem(problem)), files.read_json(schedule)
    try:
        plan, _ = read_result(shop, document)
    except InvalidProblem as error:
        raise refused(schedule, error) from None
    faults = list(faults_of(document))
    if faults:
        raise refused(schedule, InvalidProblem(faults))
    assert isinstance(document, dict)
    return shop, plan, document


def _second(shop: Problem, moment: str) -> int:
    from models.shop.reading.instants import Unreadable, read_instant

    try:
        return read_instant(moment).floor - shop.epoch
    except Unreadable as error:
        raise BadInput(f"--at: {error} (got {moment!r})") from None


def _repaired(shop: Problem, plan: Schedule, rows: object, name: str, now: int, frozen: float) -> Repaired:
    from models.shop.disruptions import disrupted
    from models.shop.objective import HOUR
    from models.shop.reading.disruptions import read_disruptions

    listed = rows.get("disruptions") if isinstance(rows, dict) else rows
    try:
        wanted = read_disruptions(shop, listed)
        return disrupted(shop, plan, wanted, now=now, frozen=round(frozen * HOUR), bounds=files.bounds())
    except InvalidProblem as error:
        raise refused(name, error) from None


def _solved(found: Repaired, move_price: float, time_limit: float | None, workers: int | None) -> dict[str, Any]:
    from models.shop.disruptions import priced
    from monitoring import logs
    from workers import local

    logs.configure(level="CRITICAL")
    made = replace(found.problem, objective=priced(found.problem.objective, move_price))
    return local.solve(
        made,
        engine="dispatch" if time_limit == 0 else None,
        seconds=time_limit or None,
        workers=workers or os.cpu_count() or 1,
        start=found.decisions,
    )
