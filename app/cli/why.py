"""``nightshift why``: what late jobs waited for, and which rules keep jobs out of a plan."""

from __future__ import annotations

import json
import math

import click

from app.cli import files
from app.cli.errors import BadInput, refused
from models.shop.faults import InvalidProblem


@click.command(short_help="Explain late and left-out jobs of a plan.")
@click.argument("problem")
@click.argument("schedule")
@click.option("--job", "job_id", metavar="ID", help="One job, with every link of its blocking chain.")
@click.option("--most", default=10, show_default=True, type=click.IntRange(1, 100_000), help="Jobs to tell of.")
@click.option(
    "--time-limit",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0.1, 86_400),
    metavar="SECONDS",
    help="For conflicting rules, where jobs are left out.",
)
@click.option("--json", "as_json", is_flag=True, help="The document of the API instead of text.")
def why(problem: str, schedule: str, job_id: str | None, most: int, time_limit: float, as_json: bool) -> None:
    """Explain the plan in SCHEDULE (a result) of PROBLEM.

    For late jobs: the blocking chain, from the completion back to a release date, second zero or fixed work. For jobs
    left out: the smallest set of rules that conflict, and what relaxing each would buy.
    """
    from models.shop.relax import relaxed
    from models.shop.result_reader import read_result
    from models.shop.validator import validate
    from workers.explain import document, words
    from workers.explain.plan import Plan

    if not math.isfinite(time_limit):
        raise BadInput(f"--time-limit: must be a number of seconds (got {time_limit})")
    shop = relaxed(files.read_problem(problem))
    index = next((job.index for job in shop.jobs if job.job_id == job_id), None)
    if job_id is not None and index is None:
        raise BadInput(f"--job: {problem} has no job {job_id!r}")
    try:
        found, _ = read_result(shop, files.read_json(schedule))
    except InvalidProblem as error:
        raise refused(schedule, error) from None
    if not validate(shop, found).valid:
        raise BadInput(f"{schedule}: is no valid plan; see: nightshift check {problem} {schedule}")
    plan = Plan(shop, found)
    told = document.overview(plan, most) if index is None else document.of_job(plan, index)
    asked = list(plan.left_out) if index is None else [job for job in (index,) if job in plan.left_out]
    if asked:
        from workers.explain.conflicts import conflicts

        told["conflicts"] = document.of_conflicts(shop, conflicts(shop, found, time_limit, asked))
    if as_json:
        click.echo(json.dumps(told, indent=1, ensure_ascii=False))
    else:
        click.echo("\n".join(words.lines(told, len(shop.jobs), most)))
