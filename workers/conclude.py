"""From the answers of all batches to the one document that leaves: aggregated, validated, bounded, explained."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from models.shop.alone import topological
from models.shop.calendar import Calendars
from models.shop.objective import LEVEL_UNIT, as_document, measure
from models.shop.objective import levels as levels_of
from models.shop.problem import Problem
from models.shop.result import LevelQuality, Outcome, Quality, objective_name, to_document
from models.shop.schedule import Decision
from models.shop.timeline import replay
from models.shop.validator import Violation, validate
from monitoring.logs import get
from workers.aggregate import Plan, aggregate
from workers.batch import Answer
from workers.bounds import Bound, level_bounds
from workers.engine import Levels, Limits
from workers.improve.standing import COUNTED, Steps
from workers.proofs import BOUND_SECONDS, term_bounds
from workers.split import Batch

log = get(__name__)

AGGREGATE_SECONDS = 5.0

MERGE_SHARE, LEAST_MERGE_SECONDS = 0.1, 0.3
"""Part of a run's time for merging its batches before improving, at least so long where it is short."""
CANCELLED_SECONDS = 0.5
"""Who has cancelled does not wait for more merge orders and rules."""

VERSIONED = ("nightshift", "ortools", "numpy", "celery")


def merge_limits(seconds: float) -> Limits:
    """Limits for merging the batches of a run of ``seconds``."""
    return Limits.within(min(AGGREGATE_SECONDS, max(LEAST_MERGE_SECONDS, MERGE_SHARE * seconds)))


class PlanRefused(RuntimeError):
    """The validator refused every plan there was; ``violations`` says why. Nothing of it leaves."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(violations)
        first = "; ".join(f"{v.rule}: {v.detail}" for v in self.violations[:3])
        super().__init__(f"{len(self.violations)} violations of the plan, the first: {first}")


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A run's result document and what is counted of it.

    ``first_level``: name, value (hours or count) and gap of the first objective level. ``refused``: the validator
    refused the engines' plan and the dispatch plan took its place. ``metrics`` as the document states them.
    """

    document: dict[str, object]
    levels: Levels
    scheduled: int
    left_out: int
    refused: bool
    first_level: tuple[str, float, float | None] | None
    metrics: Mapping[str, float | None]


def conclude(
    problem: Problem,
    batches: Sequence[Batch],
    answers: Mapping[int, Answer],
    *,
    start: Sequence[Decision] | None = None,
    merge: bool = True,
    steps: Steps | None = None,
    terms: Mapping[str, Bound] | None = None,
    calendars: Calendars | None = None,
    proving_seconds: float = BOUND_SECONDS,
    schedule_id: str,
    digest: str,
    cancelled: bool = False,
    waited_seconds: float = 0.0,
) -> Conclusion:
    """One validated result of a relaxed problem: of the batches' answers, of the plan ``start``, or the better of both.

    Batches without an answer are planned by dispatch. ``merge`` False takes ``start`` as it is. ``steps`` is
    what improvers did to it. ``terms`` are the lower bounds of objective terms, ``calendars`` the problem's, where they
    are known already. Else linear programmes may take ``proving_seconds`` for the bounds. A ``cancelled`` run is
    concluded in a hurry.

    Raises PlanRefused where even the dispatch plan breaks a rule: a fault of ours, stored as the run's error.
    """
    begun = time.monotonic()
    calendars = calendars or Calendars(problem)
    limits = Limits.within(AGGREGATE_SECONDS)
    if cancelled:
        limits = Limits.within(CANCELLED_SECONDS, patience=CANCELLED_SECONDS)
    plan, refused = _validated(problem, batches, answers, start, limits, calendars, merge=merge or start is None)
    aggregated = time.monotonic()
    if terms is None:
        known = steps is not None and any(row is not None and row.proved_by for row in steps.proved)
        seconds = min(proving_seconds, CANCELLED_SECONDS if cancelled else BOUND_SECONDS)
        terms = term_bounds(problem, calendars, seconds=max(0.0, seconds), at_once=known)
    reports = {number: answer.report for number, answer in answers.items()}
    bounds = _higher(plan.levels, level_bounds(problem, batches, reports, terms), steps)
    # bounds hold for plans that leave out no more than must be: one that does may lie below them
    counts = plan.levels[0] <= bounds[0].value
    levels = [
        LevelQuality(level, value, bound.value if counts else None, bound.proved_by if counts else None)
        for level, value, bound in zip(problem.objective, plan.levels[1:], bounds[1:], strict=True)
    ]
    left_out = LevelQuality(
        {"unscheduled": 1000}, _weight_units(plan.levels[0]), _weight_units(bounds[0].value), bounds[0].proved_by
    )
    merge = merge or start is None
    warnings = [*problem.warnings, *_notes(batches, answers, merge=merge)]
    if refused:
        warnings.append("The validator refused the engines' plan; the plan of the dispatch rules stands in.")
    unanswered = merge and len(answers) < len(batches)
    fallback = refused or unanswered or any(answer.fallback for answer in answers.values())
    outcome = Outcome(
        status=_status(problem, plan, left_out, levels, cancelled=cancelled),
        metrics=as_document(plan.metrics),
        quality=_quality(problem, answers, plan, steps, levels, left_out, digest),
        schedule_id=schedule_id,
        warnings=tuple(warnings),
        fallback_used=bool(fallback),
        timing={
            "waited_seconds": round(waited_seconds, 3),
            "solve_seconds": round(sum(answer.report.seconds for answer in answers.values()), 3),
            "aggregate_seconds": round(aggregated - begun, 3),
            "bound_seconds": round(time.monotonic() - aggregated, 3),
        },
    )
    missing = len(plan.schedule.unscheduled)
    return Conclusion(
        document=to_document(problem, plan.schedule, outcome),
        levels=plan.levels,
        scheduled=len(problem.jobs) - missing,
        left_out=missing,
        refused=refused,
        first_level=_first(levels),
        metrics=as_document(plan.metrics),
    )


def _higher(levels: Levels, bounds: Sequence[Bound], steps: Steps | None) -> tuple[Bound, ...]:
    """The bounds, or those that improvers proved where higher: of a level while the plan attains all before it."""
    found = list(bounds)
    for at, row in enumerate(() if steps is None else steps.proved):
        if any(levels[before] > found[before].value for before in range(at)):
            break
        if row is not None and row.proved_by and row.value > found[at].value:
            found[at] = Bound(row.value, row.proved_by)
    return tuple(found)


def _validated(
    problem: Problem,
    batches: Sequence[Batch],
    answers: Mapping[int, Answer],
    start: Sequence[Decision] | None,
    limits: Limits,
    calendars: Calendars,
    *,
    merge: bool,
) -> tuple[Plan, bool]:
    """The best plan there is if it is valid, else the dispatch plan; whether the first was refused."""
    plans = []
    if start is not None:
        plans.append(_replayed(problem, start, calendars))
    if merge:
        reports = {number: answer.report for number, answer in answers.items()}
        plans.append(aggregate(problem, batches, reports, limits, calendars))
    plan = min(plans, key=lambda plan: plan.levels)
    verdict = validate(problem, plan.schedule, as_document(plan.metrics))
    if verdict.valid:
        return plan, False
    log.error("plan_refused", source=plan.source, violations=[f"{v.rule}: {v.detail}" for v in verdict.violations[:5]])
    plan = aggregate(problem, batches, {}, Limits.within(AGGREGATE_SECONDS))
    verdict = validate(problem, plan.schedule, as_document(plan.metrics))
    if not verdict.valid:
        raise PlanRefused(verdict.violations)
    return plan, True


def _replayed(problem: Problem, decisions: Sequence[Decision], calendars: Calendars) -> Plan:
    """The plan of an incumbent. Jobs it leaves out are tried once more, last: that places them or says why not."""
    decided = {decision.operation for decision in decisions}
    left = [number for number in topological(problem) if number not in decided]
    last = [
        Decision(number, min(options, key=options.__getitem__))
        for number in left
        if (options := problem.operations[number].options)
    ]
    schedule = replay(problem, [*decisions, *last], None, calendars)
    metrics = measure(problem, schedule, None, calendars)
    return Plan(schedule, metrics, levels_of(problem, metrics), "improved")


def _weight_units(thousandths: int) -> int:
    return thousandths * (LEVEL_UNIT // 1000)


def _status(
    problem: Problem, plan: Plan, left_out: LevelQuality, levels: Sequence[LevelQuality], *, cancelled: bool
) -> str:
    if cancelled:
        return "cancelled"
    if not all(level.lower_bound is not None and level.lower_bound >= level.value for level in (left_out, *levels)):
        return "feasible"
    nothing = len(plan.schedule.unscheduled) == len(problem.jobs) > 0
    return "infeasible" if nothing else "optimal"


def _quality(
    problem: Problem,
    answers: Mapping[int, Answer],
    plan: Plan,
    steps: Steps | None,
    levels: Sequence[LevelQuality],
    left_out: LevelQuality,
    digest: str,
) -> Quality:
    tried = list(dict.fromkeys(name for answer in answers.values() for name in answer.tried)) or ["dispatch"]
    used = {answer.report.engine for answer in answers.values()} or {"dispatch"}
    improved = {}
    if steps is not None and steps.tried:
        improved = {"improvement": {name: getattr(steps, name) for name in COUNTED}}
    if improved:
        tried.append("improve")
        used |= {"improve"} if steps is not None and steps.better else set()
    options = problem.options
    return Quality(
        levels=tuple(levels),
        engine="+".join(sorted(used)) if plan.source != "dispatch" else "dispatch",
        engines_tried=tuple(tried),
        parameters={
            "engine": options.engine,
            "time_limit_seconds": options.seconds,
            "gap_tolerance": options.gap_tolerance,
            "batch_size": options.batch_size,
            "merged_by": plan.source,
            **improved,
            "batches": [dict(answer.report.parameters) for _, answer in sorted(answers.items())],
        },
        seed=options.seed,
        input_sha256=digest,
        versions=_versions(),
        policy=_policies(answers),
        unscheduled=left_out if plan.schedule.unscheduled else None,
    )


def _policies(answers: Mapping[int, Answer]) -> str | None:
    """The policies whose plans count, each with the SHA-256 of its arrays; None where none was used."""
    reports = [answer.report.parameters for answer in answers.values() if answer.report.engine == "ppo"]
    return "+".join(sorted({f"{row['policy']}@{row['policy_sha256']}" for row in reports})) or None


def _notes(batches: Sequence[Batch], answers: Mapping[int, Answer], *, merge: bool) -> list[str]:
    """One warning for each kind of hand-over or fallback, with the batches it happened to."""
    told: dict[str, list[int]] = {}
    for batch in batches:
        answer = answers.get(batch.number)
        if answer is None and merge:
            note = "no answer in time; dispatch stands in"
        elif answer is None:
            continue
        elif answer.fallback:
            note = answer.fallback
        elif answer.report.parameters.get("reproducible") is False:
            note = "cut short on a slow machine; the same request may give another plan"
        elif answer.report.handed_over:
            note = f"planned by dispatch: {answer.report.handed_over}"
        else:
            continue
        told.setdefault(note, []).append(batch.number + 1)
    return [f"Batch {', '.join(map(str, numbers))} of {len(batches)}: {note}" for note, numbers in told.items()]


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in VERSIONED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def _first(levels: Sequence[LevelQuality]) -> tuple[str, float, float | None] | None:
    if not levels:
        return None
    document = levels[0].as_document()
    name = objective_name(levels[0].objective)
    gap = document["gap"]
    return (
        name if isinstance(name, str) else "combined",
        levels[0].value / LEVEL_UNIT,
        float(gap) if isinstance(gap, (int, float)) else None,
    )
