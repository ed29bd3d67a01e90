"""``nightshift bench rules``: no plan may be worse than the best single dispatch rule (bar Q2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from benchmarks.report import Report
from models.shop.calendar import Calendars
from models.shop.faults import InvalidProblem
from models.shop.objective import LEVEL_UNIT, evaluate
from models.shop.parse import load
from models.shop.problem import Problem
from models.shop.relax import relaxed
from models.shop.result_reader import read_result
from models.shop.validator import validate
from workers import local
from workers.dispatch.portfolio import Attempt, Dispatcher, dispatch_plans
from workers.dispatch.rules import Rule
from workers.engine import Levels, Limits

RULES = ("spt", "lpt", "edd", "atc", "mwkr", "mor")
ATC_LOOK_AHEAD = 2.0
"""The look-ahead factor that A. Vepsalainen and T. Morton (Management Science 33, 1987) advise for loaded shops."""

SUFFIXES = (".json", ".fjs", ".jsp", ".txt")


@click.command(short_help="Every plan against the best single rule (Q2).")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--seconds",
    "limits",
    multiple=True,
    default=(1.0, 5.0),
    show_default=True,
    type=click.FloatRange(0.1, 3600),
    help="Time limit; may be given several times.",
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 256))
@click.option("--quick", is_flag=True, help="Only dispatch, and plans at the first time limit.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for rules.json and .md.")
def rules(folder: Path, limits: Sequence[float], workers: int, quick: bool, out: Path | None) -> None:
    """Compare our plans with SPT, LPT, EDD, ATC, MWKR and MOR on every problem in FOLDER.

    Each rule chooses whenever a machine is free, and its decisions are replayed under all rules of the problem.
    """
    report = Report("rules")
    for path in sorted(file for file in folder.rglob("*") if file.suffix in SUFFIXES):
        try:
            problem = relaxed(load(path.read_bytes()))
        except InvalidProblem as error:
            click.echo(f"{path.name} is passed over: {error}", err=True)
            continue
        calendars = Calendars(problem)
        found = {name: _rule(problem, name, calendars) for name in RULES}
        best = min(found, key=found.__getitem__)
        for seconds in limits[:1] if quick else limits:
            plans = {"dispatch": _dispatch(problem, seconds, calendars), "plan": _plan(problem, seconds, workers)}
            for what, levels in plans.items():
                name = f"{path.name}, {what} at {seconds:g} s: worse than {best.upper()} ({_told(found[best])})"
                report.add("Q2", f"{name}, {_told(levels)}", float(levels > found[best]), "", 0)
    missed = [measure for measure in report.measures if not measure.met]
    click.echo(f"{len(report.measures)} comparisons, {len(missed)} worse than the best rule")
    report.write(out)


def _rule(problem: Problem, name: str, calendars: Calendars) -> Levels:
    rule = Rule(name, ATC_LOOK_AHEAD if name == "atc" else 0.0)
    return Dispatcher(problem, range(len(problem.jobs)), calendars).plan(Attempt(rule, "event")).levels


def _dispatch(problem: Problem, seconds: float, calendars: Calendars) -> Levels:
    return dispatch_plans(problem, range(len(problem.jobs)), Limits.within(seconds), calendars).levels


def _plan(problem: Problem, seconds: float, workers: int) -> Levels:
    """The value of the whole platform's plan, read from its result document and checked."""
    asked = replace(problem, options=replace(problem.options, seconds=seconds))
    schedule, metrics = read_result(problem, local.solve(asked, workers=workers))
    verdict = validate(problem, schedule, metrics)
    if not verdict.valid:
        raise click.ClickException(f"a plan breaks a rule: {verdict.violations[0]}")
    return evaluate(problem, schedule)


def _told(levels: Levels) -> str:
    return " / ".join(f"{value / LEVEL_UNIT:,.2f}" for value in levels[1:])
