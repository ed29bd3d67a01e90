"""The tables and the picture of a study of job shops."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from statistics import fmean

from benchmarks.curves import mean_curve, middle, times
from benchmarks.picture import Curve, Picture
from benchmarks.quality_bars import BARS
from benchmarks.quality_results import MINUTES, NAMES, Results
from benchmarks.report import Report, shown, table
from benchmarks.work import OURS, Task, crowded

CLASSES: Mapping[str, str] = {
    "mk": "Brandimarte",
    "edata": "Hurink e",
    "rdata": "Hurink r",
    "vdata": "Hurink v",
    "dpp": "Dauzère-Pérès, Paulli",
    "behnke": "Behnke, Geiger",
    "ta": "Taillard",
}
"""Letters that an instance's name begins with -> whose it is; other letters name a class themselves."""

MOST_ERRORS = 5


def tell_tables(results: Results, report: Report, half: int | None) -> None:
    """By class, by instance, and how it was measured."""
    report.sections += [
        "![Mean gap over time](quality.svg)",
        "## By class\n\nMean over instances of the median over seeds, in % above the best known makespan; for the "
        "peers over\nthe instances that they have a plan for (how many of how many).\n\n" + _by_class(results),
        "## By instance\n\nMedian over seeds, in % above the best known; the worst in brackets where it differs. Ours "
        "also:\nwhen the first plan was told, status at the largest limit, and how far the bound lies below the best "
        "known.\n\n" + _by_instance(results),
        _notes(results, half),
    ]
    report.details["instances"] = [_row(results, problem) for problem in results.problems]


def class_of(name: str) -> str:
    """Whose instance it is, by the letters that its name begins with."""
    letters = re.match(r"[A-Za-z]*", name)
    stem = letters.group().lower() if letters else ""
    return CLASSES.get(stem, stem or "others")


def _by_class(results: Results) -> str:
    solvers = (OURS, *results.peers)
    head = ["", "instances", *(f"{NAMES[solver]} {limit:g} s" for solver in solvers for limit in results.limits)]
    groups: dict[str, list[Task]] = {}
    for problem in results.problems:
        groups.setdefault(class_of(problem.name), []).append(problem)
    rows = []
    for name, members in [*sorted(groups.items()), ("all", list(results.problems))]:
        cells = [_mean(results, members, solver, limit) for solver in solvers for limit in results.limits]
        rows.append([name, len(members), *cells])
    return table(head, rows)


def _mean(results: Results, problems: Sequence[Task], solver: str, limit: float) -> str | None:
    run = [found for p in problems if (found := results.gap(p, solver, limit)) is not None]
    solved = [one for one in run if math.isfinite(one)]
    if not solved:
        return None
    count = "" if len(solved) == len(problems) else f" ({len(solved)} of {len(problems)})"
    return f"{shown(fmean(solved))}{count}"


def _by_instance(results: Results) -> str:
    solvers = (OURS, *results.peers)
    titles = [f"{NAMES[solver]} {limit:g} s" for solver in solvers for limit in results.limits]
    head = ["instance", "operations", "best known", *titles, "first plan, s", "status", "bound, %"]
    rows = []
    for problem in results.problems:
        runs = results.ours(problem)
        last = results.of(problem, results.limits[-1])
        reference = results.references.get(problem.name)
        first = max((run.first_seconds or math.inf for run in runs), default=None)
        rows.append(
            [
                problem.name,
                runs[0].operations if runs else None,
                None if reference is None else f"{reference * MINUTES:g}",
                *(_cell(results.gaps(problem, solver, limit)) for solver in solvers for limit in results.limits),
                first,
                last[0].status if last else None,
                results.slack(problem),
            ]
        )
    return table(head, rows)


def _cell(gaps: Sequence[float]) -> str | None:
    if not gaps or not math.isfinite(middle(gaps)):
        return None
    worst = max(gaps)
    text = f"{middle(gaps):.1f}"
    if f"{worst:.1f}" == text:
        return text
    return f"{text} ({worst:.1f})" if math.isfinite(worst) else f"{text} (–)"


def _row(results: Results, problem: Task) -> dict[str, object]:
    """For the JSON."""
    known = results.best_known.get(problem.name)
    found = {
        NAMES[solver]: {
            f"{limit:g}": [_finite(one) for one in results.gaps(problem, solver, limit)] for limit in results.limits
        }
        for solver in (OURS, *results.peers)
    }
    return {"instance": problem.name, "best_known": known and known[0], "gaps_percent": found}


def _finite(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _notes(results: Results, half: int | None) -> str:
    tasks = [results.task(p, OURS, s, t) for p in results.problems for s in results.seeds for t in results.our_limits]
    lines = [
        "## Notes\n",
        f"- Seeds of ours: {len(results.seeds)}, of the peers: {len(results.peer_seeds)}. Every run had a process and "
        f"one core of its own (pinned), {results.study.at_once} at once.",
        "- Clock: from the parsed problem to the checked result document for ours, to the last solution for the peers; "
        "building the model counts.",
        "- PyJobShop: the better of one worker and its default (as many as the machine has cores, on the one core).",
        f"- Versions of ours that were measured: {', '.join(results.study.versions_of(tasks)) or 'none'}.",
    ]
    if note := crowded(run for problem in results.problems for run in results.ours(problem)):
        lines.append(f"- {note}")
    if results.trajectory:
        lines.append(
            "- Ours was run once a seed, with the largest limit, and read at each: it paced itself for the largest."
        )
    if half:
        lines.append(f"- Half {half} of the instances: every second of the sorted names.")
    if not results.best_known:
        lines.append("- No best known values were stated: gaps are to the best of this study.")
    errors = [f"{p.name}: {run.error}" for p in results.problems for run in results.ours(p) if run.error]
    return "\n".join([*lines, *(f"- Ours failed: {error}" for error in errors[:MOST_ERRORS])])


def picture(results: Results) -> str:
    """The mean gap over time as SVG."""
    last = results.limits[-1]
    common = [p for p in results.problems if all(_solved(results, p, solver) for solver in (OURS, *results.peers))]
    curves = []
    for solver in (OURS, *results.peers):
        runs = {p.name: [run.points for run in results.last(p, solver)] for p in common}
        references = {p.name: results.references[p.name] for p in common}
        if runs:
            curves.append(Curve(NAMES[solver], mean_curve(runs, references, times(0.1, last))))
    return Picture(
        title="Mean gap to the best known makespan over time, one core",
        note=f"{len(common)} of {len(results.problems)} instances: those that all have a plan for in the end. A curve "
        "begins when it has one for each.",
        x_label="seconds since the problem was parsed",
        y_label="mean gap, %",
        curves=curves,
        bars=[(at, most) for at, most in BARS.items() if at <= last],
    ).svg()


def _solved(results: Results, problem: Task, solver: str) -> bool:
    value = results.gap(problem, solver, results.limits[-1])
    return value is not None and math.isfinite(value)
