"""``nightshift ingest`` and ``nightshift plant``: a plant's data, and its plans in force."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from app.cli import files
from app.cli.database import made_sessions
from app.cli.errors import BadInput, Failed, Unreachable, refused

if TYPE_CHECKING:
    from models.ingest.mapping import PlantMapping
    from models.store.plants import PlanInForce
    from models.store.snapshots import SnapshotView

ACTOR = "cli"
SHOWN = 20
"""Refused rows that are told on the screen."""

SAMPLE_ZONE = "Europe/Berlin"


def plant_option(command: click.decorators.FC) -> click.decorators.FC:
    """Says which plant is meant."""
    return click.option("--plant", default="main", show_default=True, help="Whose data, whose plan.")(command)


@click.command(short_help="Read a plant's data into a snapshot to plan from.")
@plant_option
@click.option("--mapping", "mapping_file", metavar="FILE", help="Mapping.  [default: NIGHTSHIFT_PLANTS_DIR/PLANT.toml]")
@click.option(
    "--from", "path", metavar="PATH", help="Instead: a folder of CSV files or an .xlsx file with our columns."
)
@click.option("--time-zone", default="UTC", show_default=True, help="With --from: of times without offset.")
@click.option("--output", metavar="FILE", help="Write the snapshot as JSON too.")
@click.option("--force", is_flag=True, help="Take the load in spite of the mapping's limits.")
def ingest(
    plant: str, mapping_file: str | None, path: str | None, time_zone: str, output: str | None, force: bool
) -> None:
    """Read a plant's machines, people, jobs and progress into a snapshot to plan from.

    The plant's mapping says where they are and how to read them; docs/ingest.md explains it. Rows that cannot be taken
    go to stderr with table, key and reason. Exit code 1 where limits stop the load, 2 for a source or mapping that
    cannot be read, 3 where the source does not answer.
    """
    from models.ingest.database import SourceAway
    from models.ingest.rows import SourceRefused
    from monitoring import logs
    from tasks import ingest as ingesting

    logs.configure(level="CRITICAL")  # whatever goes wrong is told on the screen
    files.check_writable(output)
    sessions = made_sessions()
    mapping = _mapping(plant, mapping_file, path, time_zone)
    try:
        view = ingesting.take(mapping, actor=ACTOR, force=force)
    except SourceAway as error:
        raise Unreachable(str(error)) from None
    except (SourceRefused, ingesting.MadeUp) as error:
        raise BadInput(str(error)) from None
    except ingesting.LoadStopped as error:
        _tell_refused(error.snapshot)
        raise Failed(f"{error}; --force takes it all the same") from None
    _tell_refused(view)
    work = f"{view.jobs} jobs, {view.hours:,.1f} h of work, {sum(view.rows.values())} rows"
    click.echo(f"snapshot {view.id} of plant {view.plant}: {work}, {view.refused_total} refused")
    if output is not None:
        from models.store import snapshots
        from models.tables.session import reading

        with reading(sessions) as session:
            held = snapshots.contents(session, view.id)
        files.write_json(output, {"document": held.document, "progress": held.progress})


def _mapping(plant: str, file: str | None, path: str | None, time_zone: str) -> PlantMapping:
    from models.ingest.mapping import for_files, read_mapping
    from models.shop.faults import InvalidProblem
    from tasks.ingest import NoMapping, mapping_of

    if file is not None and path is not None:
        raise BadInput("--mapping and --from exclude each other")
    try:
        if path is not None:
            return for_files(plant, time_zone, Path(path))
        return mapping_of(plant) if file is None else read_mapping(Path(file))
    except InvalidProblem as error:
        raise refused(file or path or f"{plant}.toml", error) from None
    except NoMapping as error:
        raise BadInput(str(error)) from None


def _tell_refused(view: SnapshotView) -> None:
    for row in view.refused[:SHOWN]:
        click.echo(f"refused: {row['table']} {row['key']}: {row['reason']}", err=True)
    if view.refused_total > SHOWN:
        click.echo(f"refused: and {view.refused_total - SHOWN} more", err=True)


@click.group(short_help="Look after plants: a sample one to try, the plan in force.")
def plant() -> None:
    """Look after plants: a sample one to try, the plan in force."""


@plant.command()
@click.option("--jobs", default=411, show_default=True, type=click.IntRange(1, 200_000))
@click.option("--machines", default=149, show_default=True, type=click.IntRange(1, 20_000))
@click.option("--seed", "number", default=1, show_default=True, type=click.IntRange(0, 2**31 - 1))
@click.option("--name", default="main", show_default=True, help="What the plant is called.")
@click.option("--url-variable", metavar="NAME", help="Environment variable with the URL of an empty MariaDB or SQLite.")
@click.option("--start", metavar="INSTANT", help="When its work begins.  [default: this hour]")
def seed(jobs: int, machines: int, number: int, name: str, url_variable: str | None, start: str | None) -> None:
    """Make a sample production database with made-up data, and the mapping to read it with.

    Without --url-variable it is a SQLite file in NIGHTSHIFT_HOME. Run it again for a fresh plant; other databases are
    left alone. Then: nightshift ingest.
    """
    from models.sample_plant.mapping import write_mapping
    from models.sample_plant.seed import NotEmpty
    from models.sample_plant.seed import seed as filled
    from models.settings import settings
    from models.tables.session import make_engine

    found = settings()
    if found.production:
        raise BadInput("NIGHTSHIFT_ENV=production takes no made-up data")
    url, source = _place(found.data_dir / f"{name}.db", url_variable)
    engine = make_engine(url)
    try:
        rows = filled(engine, jobs, machines, number, start=_start(start))
    except NotEmpty as error:
        raise BadInput(f"{url_variable or name}: the database is left alone: {error}") from None
    finally:
        engine.dispose()
    file = found.plants_dir / f"{name}.toml"
    written = write_mapping(file, name, source)
    click.echo(
        f"plant {name}: {rows['work_orders']} orders on {rows['work_centres']} machines, {sum(rows.values())} rows"
    )
    click.echo(
        f"mapping: {file}{'' if written else ' (left as it was)'}; next: nightshift ingest --plant {name}", err=True
    )


def _place(file: Path, url_variable: str | None) -> tuple[str, str]:
    """The URL of the sample plant, and the line of its mapping that names it."""
    if url_variable is None:
        return f"sqlite:///{file}", f'url = "sqlite:///{file}"'
    url = os.environ.get(url_variable, "").strip()
    if not url:
        raise BadInput(f"--url-variable: the environment variable {url_variable} is not set")
    return url, f'url_variable = "{url_variable}"'


def _start(text: str | None) -> datetime:
    zone = ZoneInfo(SAMPLE_ZONE)
    if text is None:
        return datetime.now(zone).replace(minute=0, second=0, microsecond=0)
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"--start: must be an instant like 2026-01-05T06:00:00+01:00 (got {text!r})") from None
    return start.replace(tzinfo=zone) if start.tzinfo is None else start.astimezone(zone)


@plant.command()
@plant_option
def show(plant: str) -> None:
    """Show the plan in force of a plant and its last snapshot."""
    from models.store import plants, snapshots
    from models.tables.session import reading

    with reading(made_sessions()) as session:
        force, snapshot = plants.in_force(session, plant), snapshots.latest(session, plant)
    if force is None:
        click.echo(f"plant {plant} has no plan in force; try: nightshift replan now --plant {plant}")
    else:
        click.echo(f"plan {force.number} in force: schedule {force.run_id}, {_accepted(force)}")
    if snapshot is None:
        raise Failed(f"plant {plant!r} has no snapshot to plan from; run: nightshift ingest --plant {plant}")
    work = f"{snapshot.jobs} jobs, {snapshot.hours:,.1f} h of work, {snapshot.refused_total} rows refused"
    click.echo(f"snapshot {snapshot.id} of {snapshot.taken_at:%Y-%m-%d %H:%M} UTC: {work}")


@plant.command()
@plant_option
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
def history(plant: str, limit: int) -> None:
    """List the plans that were in force in a plant, newest first."""
    from models.store import plants
    from models.tables.session import reading

    with reading(made_sessions()) as session:
        for plan in plants.history(session, plant, limit=limit):
            click.echo(f"{plan.number}  {plan.run_id}  {_accepted(plan)}")


@plant.command()
@click.argument("schedule_id")
@plant_option
@click.option("--replaces", metavar="NUMBER", type=int, help="Only in the place of this plan in force; 0 is none.")
@click.option("--why", help="Kept with it.")
def accept(schedule_id: str, plant: str, replaces: int | None, why: str | None) -> None:
    """Put the plan of SCHEDULE_ID in force in its plant."""
    from models.store.plants import NotAcceptable, Overtaken
    from monitoring import logs
    from tasks.give import Who, give
    from tasks.plant_commands import AcceptPlan

    logs.configure(level="CRITICAL")  # what goes wrong is told on the screen
    made_sessions()
    try:
        found = give(AcceptPlan(plant, schedule_id, replaces), Who(ACTOR, why))
    except (LookupError, NotAcceptable) as error:
        raise BadInput(str(error)) from None
    except Overtaken as error:
        raise Failed(f"{error}; nothing was changed") from None
    click.echo(f"plan {found.number} in force in plant {found.plant}")


@plant.command()
@plant_option
@click.option("--by", type=click.Choice(("machine", "family")), default="machine", show_default=True)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), help="Rows.")
def actuals(plant: str, by: str, limit: int) -> None:
    """Show how the plan in force goes beside what the plant told, and how long work took beside planned."""
    from monitoring import logs
    from tasks.actuals import NoPlanInForce, in_force
    from tasks.actuals import actuals as beside

    logs.configure(level="CRITICAL")  # what goes wrong is told on the screen
    made_sessions()
    try:
        found = beside(in_force(plant))
    except NoPlanInForce:
        raise Failed(f"plant {plant!r} has no plan in force; try: nightshift replan now --plant {plant}") from None
    counts = found["operations"]
    click.echo(
        f"plan {found['number']} in force: {counts['planned']} operations, {counts['finished']} finished, "
        f"{counts['running']} running; of {counts['due']} due {counts['due_and_not_finished']} are not finished"
    )
    for name, late in found["hours_late"].items():
        if late is not None:
            click.echo(
                f"{name}s {late['mean']:+.2f} h beside the plan (median {late['median']:+.2f}, "
                f"worst {late['worst']:+.2f}; {late['operations']} operations)"
            )
    rows = found["durations"]["machines" if by == "machine" else "families"]
    for row in rows[:limit]:
        click.echo(
            f"{row[f'{by}_id']}  took {row['ratio']:.2f} of the planned time "
            f"({row['actual_hours']:,.2f} of {row['planned_hours']:,.2f} h, {row['operations']} operations)"
        )
    if not rows:
        click.echo(f"nothing was told to be finished yet: POST /v1/executions for plant {plant}", err=True)


def _accepted(plan: PlanInForce) -> str:
    by = plan.accepted_by if plan.rule is None else f"rule {plan.rule!r}"
    why = "" if plan.why is None else f" ({plan.why})"
    return f"accepted {plan.accepted_at:%Y-%m-%d %H:%M} UTC by {by}{why}"
