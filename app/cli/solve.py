"""``nightshift solve``, ``check`` and ``generate``: planning on this machine, without a server."""

from __future__ import annotations

import gc
import math
import os
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from app.cli import files, kpi
from app.cli.errors import BadInput, Failed, refused
from app.cli.progress import Line
from models.shop.faults import InvalidProblem
from models.shop.objective import LEVEL_UNIT
from models.shop.problem import TERMS

if TYPE_CHECKING:
    from models.shop.problem import Level, Problem
    from workers.local import Progress

ENGINES = ("auto", "dispatch", "search", "cpsat", "ppo")
THOUSAND = 1000
"""A coefficient of 1 in thousandths."""


@click.command(short_help="Plan a problem here, without a server.")
@click.argument("file")
@click.option("--engine", type=click.Choice(ENGINES), help="Engine; auto picks.  [default: as the file says, or auto]")
@click.option(
    "--objective",
    "terms",
    metavar="TERM[,TERM...]",
    help=f"What to minimise, most important first, of {', '.join(TERMS)}.  [default: as the file says]",
)
@click.option("--time-limit", type=click.FloatRange(0.1, 86_400), metavar="SECONDS", help="Solving budget.")
@click.option("--workers", type=click.IntRange(1, 256), help="Batches solved side by side.  [default: cores]")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Seed of the search.")
@click.option("--deterministic", is_flag=True, help="Count work instead of time: same input and seed, same plan.")
@click.option("--batch-size", type=click.IntRange(1, 10_000), help="Jobs in a batch.")
@click.option("--output", metavar="FILE", help="Write the result as JSON.")
def solve(
    file: str,
    engine: str | None,
    terms: str | None,
    time_limit: float | None,
    workers: int | None,
    seed: int | None,
    deterministic: bool,
    batch_size: int | None,
    output: str | None,
) -> None:
    """Plan FILE here: split, solve side by side, aggregate, validate.

    FILE is Nightshift JSON, or FJSP or JSP text, told apart by content; - reads stdin. Progress goes to stderr, the key
    figures to stdout. Ctrl-C stops the search and keeps the best plan.
    """
    files.check_writable(output)
    if time_limit is not None and not math.isfinite(time_limit):
        raise BadInput(f"--time-limit: must be a number of seconds (got {time_limit})")
    objective = None if terms is None else _objective(terms)
    begun = time.monotonic()
    problem = files.read_problem(file)
    stated = problem.options
    options = replace(
        stated,
        engine=engine or stated.engine,
        seconds=stated.seconds if time_limit is None else time_limit,
        seed=stated.seed if seed is None else seed,
        deterministic=deterministic or stated.deterministic,
        batch_size=batch_size or stated.batch_size,
    )
    problem = replace(problem, options=options, objective=objective or problem.objective)
    gc.freeze()  # it stays: a collector that looks through 100,000 jobs again and again takes a tenth of the time
    document = _solved(problem, workers or os.cpu_count() or 1)
    if output is not None:
        files.write_json(output, document)
    click.echo(kpi.table(document, time.monotonic() - begun))


def _solved(problem: Problem, workers: int) -> dict[str, object]:
    from monitoring import logs
    from workers import local

    logs.configure(level="CRITICAL")  # an engine that fails is told among the result's warnings
    with Line() as line:
        if line.live and problem.options.engine != "dispatch":
            line.show("loading the search; compiling it takes a minute where nightshift warm has not done so")
        return local.solve(problem, workers=workers, progress=lambda now: line.show(_told(now)))


def _told(now: Progress) -> str:
    news = []
    if now.total:
        news.append(f"{now.done} of {now.total} batches done")
    if now.plan is not None:
        news.append(f"best plan {' / '.join(f'{value / LEVEL_UNIT:,.2f}' for value in now.plan[1:])}")
    elif now.best:
        news.append(f"{len(now.best)} with a plan")
    return ", ".join([*(news or ["making a first plan"]), f"{now.seconds:.1f} s"])


def _objective(terms: str) -> tuple[Level, ...]:
    names = [name.strip() for name in terms.split(",")]
    for name in names:
        if name not in TERMS:
            raise BadInput(f"--objective: {name!r} is none of {', '.join(TERMS)}")
    return tuple({name: THOUSAND} for name in names)


@click.command(short_help="Check a plan against every rule of its problem.")
@click.argument("problem")
@click.argument("schedule")
def check(problem: str, schedule: str) -> None:
    """Check the plan in SCHEDULE (a result) against every rule of PROBLEM.

    Violations are told one a line; then the exit code is 1.
    """
    from models.shop.relax import relaxed
    from models.shop.result_reader import read_result
    from models.shop.validator import validate

    shop = relaxed(files.read_problem(problem))
    document = files.read_json(schedule)
    try:
        plan, metrics = read_result(shop, document)
    except InvalidProblem as error:
        raise refused(schedule, error) from None
    verdict = validate(shop, plan, metrics)
    for violation in verdict.violations:
        click.echo(f"{violation.rule}: {violation.detail}")
    if not verdict.valid:
        raise Failed(f"{schedule}: {len(verdict.violations)} violations")
    click.echo(f"valid: {len(plan.assignments)} operations placed, {len(plan.unscheduled)} jobs unscheduled")


@click.command(short_help="Make up a factory, as a problem in JSON.")
@click.option("--jobs", default=411, show_default=True, type=click.IntRange(1, 200_000))
@click.option("--machines", default=149, show_default=True, type=click.IntRange(1, 20_000))
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0, 2**31 - 1))
@click.option("--setups", is_flag=True, help="Setup times between families.")
@click.option("--routings", is_flag=True, help="Jobs of 1 to 4 operations, and release dates.")
@click.option("--calendars", is_flag=True, help="Shifts, breaks and a holiday.")
@click.option("--operators", is_flag=True, help="Skills, crews and single operators.")
@click.option("--lots", is_flag=True, help="Long operations may be cut into lots.")
@click.option("--longest", default=332.0, show_default=True, type=click.FloatRange(60, 10_000), help="Hours, at most.")
@click.option("--output", metavar="FILE", help="Where to write it.  [default: stdout]")
def generate(
    jobs: int,
    machines: int,
    seed: int,
    setups: bool,
    routings: bool,
    calendars: bool,
    operators: bool,
    lots: bool,
    longest: float,
    output: str | None,
) -> None:
    """Make up a factory with the statistics of a real one, as a problem in JSON."""
    from models.shop.generate import factory

    files.check_writable(output)
    document = factory(
        jobs,
        machines,
        seed,
        setups=setups,
        routings=routings,
        calendars=calendars,
        operators=operators,
        lots=lots,
        longest_hours=longest,
    )
    if output is None:
        sys.stdout.writelines(files.lines(document))
    else:
        files.write_json(output, document)
        click.echo(f"{output}: {jobs} jobs on {machines} machines", err=True)
