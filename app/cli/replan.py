"""``nightshift replan``: when plants are replanned, and replanning them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from app.cli.database import made_sessions
from app.cli.errors import BadInput, Failed, refused
from app.cli.plant import ACTOR, plant_option

if TYPE_CHECKING:
    from models.store.replans import ReplanView

POLL_SECONDS = 0.5


@click.group(short_help="Replan plants: on schedule, or now.")
def replan() -> None:
    """Replan plants: on schedule, or now. docs/replan.md explains what a replan does."""


def options_option(command: click.decorators.FC) -> click.decorators.FC:
    """How to replan, as options of a command."""
    for option in reversed(
        (
            click.option("--seconds", type=float, help="Solving budget, all runs together.  [default: 60]"),
            click.option("--frozen-hours", type=float, help="Work that starts within them stays.  [default: 0]"),
            click.option("--max-moves", type=int, help="Churn budget: operations that may be moved."),
            click.option("--move-price", type=float, help="Hours of the first objective level a move costs."),
            click.option(
                "--accept", type=click.Choice(("rule", "person")), help="Who puts it in force.  [default: rule]"
            ),
            click.option("--no-ingest", is_flag=True, help="Plan from the last snapshot."),
        )
    ):
        command = option(command)
    return command


def _options(no_ingest: bool, **given: Any) -> dict[str, Any]:
    found = {name: value for name, value in given.items() if value is not None}
    return found | ({"ingest": False} if no_ingest else {})


@replan.command()
@click.argument("name")
@plant_option
@click.option("--cron", required=True, help="Minute, hour, day of the month, month, day of the week.")
@click.option("--time-zone", default="UTC", show_default=True, help="IANA time zone of the due times.")
@click.option("--missed", type=click.Choice(("once", "skip")), default="once", show_default=True)
@click.option("--ready-by", metavar="HH:MM", help="Local time at which a plan has to be there.")
@click.option("--why", help="Kept in the audit.")
@options_option
def add(
    name: str,
    plant: str,
    cron: str,
    time_zone: str,
    missed: str,
    ready_by: str | None,
    why: str | None,
    no_ingest: bool,
    **given: Any,
) -> None:
    """Replan a plant at every due time from now on."""
    from models.shop.faults import InvalidProblem
    from models.store.replan_schedules import Timetable
    from tasks.give import Who, give
    from tasks.plant_commands import AddReplanSchedule, NameTaken

    made_sessions()
    _quiet()
    options = _options(no_ingest, **given)
    table = Timetable(plant, name, cron, time_zone, "skip" if missed == "skip" else "once", ready_by, True, options)
    try:
        view = give(AddReplanSchedule(table), Who(ACTOR, why))
    except InvalidProblem as error:
        raise refused("replan add", error) from None
    except NameTaken as error:
        raise BadInput(str(error)) from None
    click.echo(view.id)
    click.echo(f"{view.name}: next due at {view.next_due_at:%Y-%m-%d %H:%M} UTC", err=True)


@replan.command("list")
def list_schedules() -> None:
    """List all replan schedules: id, plant, name, when, next due time."""
    from models.store import replan_schedules
    from models.tables.session import reading

    with reading(made_sessions()) as session:
        for view in replan_schedules.listed(session):
            due = f"next due {view.next_due_at:%Y-%m-%d %H:%M} UTC" if view.next_due_at else "switched off"
            click.echo(f"{view.id}  {view.plant}  {view.name}  {view.cron!r} {view.time_zone}, {due}")


@replan.command()
@click.argument("schedule_id")
@click.option("--why", help="Kept in the audit.")
def remove(schedule_id: str, why: str | None) -> None:
    """Delete the replan schedule SCHEDULE_ID; the plans that it made stay."""
    from tasks.give import Who, give
    from tasks.plant_commands import RemoveReplanSchedule, UnknownSchedule

    made_sessions()
    _quiet()
    try:
        give(RemoveReplanSchedule(schedule_id), Who(ACTOR, why))
    except UnknownSchedule:
        raise BadInput(f"there is no replan schedule {schedule_id!r}") from None
    click.echo(f"replan schedule {schedule_id} deleted")


@replan.command()
@plant_option
@click.option("--wait", is_flag=True, help="Wait for its end and show what came of it.")
@click.option("--why", help="Kept in the audit.")
@options_option
def now(plant: str, wait: bool, why: str | None, no_ingest: bool, **given: Any) -> None:
    """Replan a plant now; the replan's id goes to stdout. The workers of a running server do it.

    With --wait the exit code is 1 where the replan failed, or its plan was held for more than --accept person.
    """
    from models.shop.faults import InvalidProblem
    from tasks.give import Who, give
    from tasks.plant_commands import ReplanNow

    made_sessions()
    _quiet()
    try:
        replan_id = give(ReplanNow(plant, _options(no_ingest, **given)), Who(ACTOR, why))
    except InvalidProblem as error:
        raise refused("replan now", error) from None
    click.echo(replan_id)
    if wait:
        _follow(replan_id)
    else:
        click.echo(f"asked for; what comes of it: nightshift replan show {replan_id}", err=True)


@replan.command()
@click.argument("replan_id")
@click.option("--wait", is_flag=True, help="Wait for its end.")
def show(replan_id: str, wait: bool) -> None:
    """Show how the replan REPLAN_ID stands, what came of it and what to do next. Exit codes as of replan now --wait."""
    from models.store import replans
    from models.tables.session import reading

    with reading(made_sessions()) as session:
        view = replans.get(session, replan_id)
    if view is None:
        raise BadInput(f"there is no replan {replan_id!r}")
    if wait:
        _follow(replan_id)
    else:
        _end(view)


@replan.command()
@plant_option
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
def runs(plant: str, limit: int) -> None:
    """Show what was due in a plant and what came of it, newest first."""
    from models.store import replans
    from models.tables.session import reading

    with reading(made_sessions()) as session:
        for view in replans.listed(session, plant=plant, limit=limit):
            click.echo(f"{view.id}  due {view.due_at:%Y-%m-%d %H:%M} UTC  {_told(view)}")


@replan.command()
@click.argument("problem")
@click.argument("schedule")
@click.option("--at", metavar="INSTANT", help="From then on; what was planned before counts as done.")
@click.option("--moves", default="0,20,100", show_default=True, help="Churn budgets to compare.")
@click.option("--seconds", default=10.0, show_default=True, type=click.FloatRange(0.1, 3600), help="For each run.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64))
def frontier(problem: str, schedule: str, at: str | None, moves: str, seconds: float, workers: int) -> None:
    """Show what stability costs: the best plan of PROBLEM for each churn budget against the plan in SCHEDULE.

    SCHEDULE is a result of PROBLEM. One line a budget: what is moved, then each objective level.
    """
    from app.cli import files
    from models.shop.faults import InvalidProblem
    from models.shop.result_reader import read_result
    from workers.frontier import frontier as traced

    try:
        budgets = [int(text) for text in moves.split(",")]
    except ValueError:
        raise BadInput(f"--moves: must be whole numbers like 0,20,100 (got {moves!r})") from None
    shop = files.read_problem(problem)
    try:
        plan, _ = read_result(shop, files.read_json(schedule))
    except InvalidProblem as error:
        raise refused(schedule, error) from None
    _quiet()
    second = 0 if at is None else _second(at) - shop.epoch
    for point in traced(shop, plan, budgets, at=second, seconds=seconds, workers=workers):
        click.echo(point.line())


def _second(text: str) -> int:
    from models.shop.reading.instants import Unreadable, read_instant

    try:
        return read_instant(text).floor
    except Unreadable as error:
        raise BadInput(f"--at: {error} (got {text!r})") from None


def _quiet() -> None:
    from monitoring import logs

    logs.configure(level="CRITICAL")  # what goes wrong is told on the screen


def _follow(replan_id: str) -> None:
    from models.store import replans
    from models.tables.session import reading

    sessions = made_sessions()
    while True:
        with reading(sessions) as session:
            view = replans.get(session, replan_id)
        if view is None:
            raise Failed(f"replan {replan_id} is gone")
        if view.state not in replans.OPEN:
            break
        time.sleep(POLL_SECONDS)
    _end(view)


def _end(view: ReplanView) -> None:
    """Tells what came of a replan, and what to do next."""
    click.echo(_told(view))
    if view.comparison is not None and view.comparison.get("seconds"):
        spent = view.comparison["seconds"]
        runs_made = len(view.tries)
        runs_word = f"{runs_made} run{'s'[: runs_made > 1]}"
        click.echo(f"{spent['given']:g} s to solve; {spent['spent']:.1f} s in {runs_word}, waits for workers included")
    for warning in () if view.before is None else view.before.get("warnings", ()):
        click.echo(f"warning: {warning}", err=True)
    if view.state == "failed":
        raise Failed(f"the plan in force stays; when that is mended: nightshift replan now --plant {view.plant}")
    if view.state == "held" and view.comparison is not None:
        _tell_held(view, view.comparison)
    if view.state == "due":
        click.echo("no worker has taken it up yet; one of a running server does: nightshift up", err=True)
    elif view.state == "solving":
        click.echo(f"it is being solved; to wait for it: nightshift replan show {view.id} --wait", err=True)


def _tell_held(view: ReplanView, comparison: Mapping[str, Any]) -> None:
    """What to do with a plan that was not put in force. Raises Failed unless people were to decide all along."""
    from models.store import plants
    from models.tables.session import reading

    with reading(made_sessions()) as session:
        force = plants.in_force(session, view.plant)
    number = 0 if force is None else force.number
    lines = [f"plan {number} stays in force" if number else "no plan is in force"]
    if number != view.base_number:
        lines.append(f"to go on from that one: nightshift replan now --plant {view.plant}")
    accept = f"nightshift plant accept {comparison['run_id']} --plant {view.plant} --replaces {number}"
    lines.append(f"to put this plan in force all the same: {accept}")
    if view.options.get("accept") == "person" and len(comparison["reasons"]) == 1:
        click.echo("; ".join(lines), err=True)
    else:
        raise Failed("; ".join(lines))


def _told(view: ReplanView) -> str:
    """What came of a replan, in one line."""
    late = ", late" if view.late else ""
    if view.error is not None:
        return f"{view.state}{late}: {view.error.get('detail')}"
    if view.comparison is None:
        return f"{view.state}{late}"
    reasons = view.comparison["reasons"]
    why = f": {'; '.join(reasons)}" if reasons else ""
    return f"{view.state}{late}, {view.comparison['moves']} moves, {_terms(view.comparison)}{why}"


def _terms(comparison: Mapping[str, Any]) -> str:
    after = comparison["after"]["metrics"]["weighted_tardiness"]
    if comparison["before"] is None:
        return f"weighted tardiness {after:,.1f} h"
    return f"weighted tardiness {comparison['before']['metrics']['weighted_tardiness']:,.1f} -> {after:,.1f} h"
