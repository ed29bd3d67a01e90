"""The bars Q1 and Q8 for a study of job shops."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean

from benchmarks.curves import gap, middle
from benchmarks.quality_results import NAMES, Results
from benchmarks.report import Report
from benchmarks.work import OURS, PEERS, PYJOBSHOP, Outcome, Task

FIRST_PLAN_SECONDS = 1.0
BARS: Mapping[float, float] = {5.0: 4.0, 15.0: 2.5, 60.0: 1.5}
"""Time limit -> the most mean gap in percent (Q1)."""

SHARE_OF_PEER = 0.25
LATE_SECONDS = 0.5
"""An answer this long after the time limit is on time: the plan is validated, bounded and written then."""


def tell_bars(results: Results, report: Report) -> None:
    """Every number that has a bar, and those it is compared with."""
    problems = [problem for problem in results.problems if results.ours(problem)]
    if not problems:
        return
    _plans(results, report, problems)
    for limit in results.limits:
        _at(results, report, problems, limit)
    _proofs(results, report, problems)


def _plans(results: Results, report: Report, problems: Sequence[Task]) -> None:
    runs = [(problem, run) for problem in problems for run in results.ours(problem)]
    late = sum(1 for _, run in runs if run.first_seconds is None or run.first_seconds > FIRST_PLAN_SECONDS)
    count = len(runs)
    report.add("Q1", f"of {count} runs on {len(problems)} instances: no plan within 1 s", late, "", 0, samples=count)
    worst = max(run.first_seconds or math.inf for _, run in runs)
    report.add("Q1", "the latest first plan", worst, "s", FIRST_PLAN_SECONDS, samples=count)
    report.add("Q1", "plans that our validator refuses", sum(run.valid is not True for _, run in runs), "", 0)
    judged = [run for _, run in runs if run.checked is not None]
    if judged:
        refused = sum(run.checked is False for run in judged)
        report.add("Q1", f"of {len(judged)} plans: refused by the outside checker", refused, "", 0)
    over = max(
        run.seconds - limit
        for problem in problems
        for limit in results.our_limits
        for run in results.of(problem, limit)
    )
    report.add("Q1", "the longest after its time limit: checked result document", max(0.0, over), "s", LATE_SECONDS)


def _at(results: Results, report: Report, problems: Sequence[Task], limit: float) -> None:
    ours = {p.name: found for p in problems if (found := results.gaps(p, OURS, limit))}
    if not ours:
        return
    medians = {name: middle(found) for name, found in ours.items()}
    count = len(ours)
    mean = fmean(medians.values())
    report.add("Q1", f"mean gap at {limit:g} s, median of the seeds", mean, "%", BARS.get(limit), samples=count)
    worst = fmean(max(found) for found in ours.values())
    report.add("Q1", f"mean gap at {limit:g} s, worst of the seeds", worst, "%", BARS.get(limit), samples=count)
    for peer in results.peers:
        theirs = {p.name: one for p in problems if (one := results.gap(p, peer, limit)) is not None}
        solved = {name: one for name, one in theirs.items() if math.isfinite(one) and name in medians}
        if not theirs:
            continue
        failed = len(theirs) - len(solved)
        report.add("Q1", f"{NAMES[peer]} at {limit:g} s: no plan, of {len(theirs)} instances", failed, "")
        if not solved:
            continue
        theirs_mean, ours_mean = fmean(solved.values()), fmean(medians[name] for name in solved)
        report.add("Q1", f"{NAMES[peer]} at {limit:g} s: mean gap of the {len(solved)} it solves", theirs_mean, "%")
        if theirs_mean > 0:
            most = SHARE_OF_PEER if PYJOBSHOP in PEERS[peer] else None
            what = f"our mean gap over that of {NAMES[peer]} at {limit:g} s, on those {len(solved)}"
            report.add("Q1", what, ours_mean / theirs_mean, "", most, samples=len(solved))


def _proofs(results: Results, report: Report, problems: Sequence[Task]) -> None:
    def proved(runs: Sequence[Outcome]) -> bool:
        return bool(runs) and sum(run.status == "optimal" for run in runs) * 2 > len(runs)

    mine = {p.name for p in problems if proved(results.of(p, results.limits[-1]))}
    report.add("Q8", f"proved optimal within {results.limits[-1]:g} s, of {len(problems)}", len(mine), "")
    for peer in results.peers:
        theirs = {p.name for p in problems if proved(results.last(p, peer))}
        report.add("Q8", f"the same, {NAMES[peer]}", len(theirs), "")
        most = 0 if PYJOBSHOP in PEERS[peer] else None
        report.add("Q8", f"proved by {NAMES[peer]} and not by ours", len(theirs - mine), "", most)
    untrue = 0
    for problem in problems:
        bounds = [run.bound for run in results.ours(problem) if run.bound is not None]
        untrue += bool(bounds) and gap(max(bounds), results.references[problem.name]) > 0
    report.add("Q8", "instances with a bound above the best known makespan", untrue, "", 0)
    slack = [found for p in problems if p.name in results.best_known and (found := results.slack(p)) is not None]
    if slack:
        report.add("Q8", "mean distance of our bound below the best known", fmean(slack), "%", samples=len(slack))
