"""Lower bounds of objective levels, from bounds of terms and from what engines proved on batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.shop.calendar import Calendars
from models.shop.objective import Metrics, evaluate, levels
from models.shop.problem import MAX_TERMS, TERMS, Level, Problem
from models.shop.timeline import replay
from workers.bounds.terms import UNSCHEDULED, Bound
from workers.engine import Levels, Report
from workers.split import Batch


def level_bounds(
    problem: Problem,
    batches: Sequence[Batch],
    reports: Mapping[int, Report],
    term_bounds: Mapping[str, Bound],
) -> tuple[Bound, ...]:
    """The best lower bound of each level in level units, the unscheduled weight (thousandths) first.

    A level's bound from ``term_bounds`` (of ``lower_bounds``) is the sum of its terms', since coefficients are never
    negative. Bounds that engines proved on independent batches count: their sum for sums over jobs, their maximum
    otherwise. A bound of an engine for level k counts only where its own plan proves the levels
    before. Like them, bounds hold for plans whose earlier levels are optimal.
    """
    amounts = {term: term_bounds[term].value for term in TERMS}
    left_out = term_bounds[UNSCHEDULED].value
    values = levels(
        problem,
        Metrics(
            **amounts, unscheduled_weight=left_out, completion_rate=0.0, machine_utilisation=0.0, on_time_rate=None
        ),
    )
    proofs = [term_bounds[UNSCHEDULED].proved_by, *(_proofs(level, term_bounds) for level in problem.objective)]
    found = [Bound(value, proof) for value, proof in zip(values, proofs, strict=True)]
    for at, bound in enumerate(_from_batches(problem, batches, reports)):
        if bound is not None and bound.value > found[at].value:
            found[at] = bound
    return tuple(found)


def _proofs(level: Level, term_bounds: Mapping[str, Bound]) -> str:
    """What proves a level's bound: the arguments of its terms, ``trivial`` ones left out."""
    names = dict.fromkeys(term_bounds[term].proved_by for term, coefficient in level.items() if coefficient)
    return "+".join(name for name in names if name != "trivial") or "trivial"


def _from_batches(problem: Problem, batches: Sequence[Batch], reports: Mapping[int, Report]) -> list[Bound | None]:
    """The batches' own bounds, level by level, combined; None where they prove nothing for the whole."""
    alone = [batch for batch in batches if batch.independent]
    proved = [_proved(problem, batch, reports.get(batch.number)) for batch in alone]
    combined: list[Bound | None] = []
    exact = True
    for at, level in enumerate(({UNSCHEDULED: 1000}, *problem.objective)):
        values = [row[at] for row in proved]
        known = [value for value in values if value is not None]
        summed = len(batches) == 1 or _adds_up(problem, level)
        # one batch's level may be worse than its own best where another batch decides a maximum, and then its later
        # levels may be better than their bounds
        if not exact or not known:
            combined.append(None)
        else:
            engines = sorted(
                {reports[b.number].engine for b, value in zip(alone, values, strict=True) if value is not None}
            )
            combined.append(Bound(sum(known) if summed else max(known), "+".join(engines)))
        exact = exact and summed
    return combined


def _adds_up(problem: Problem, level: Level) -> bool:
    """Whether the level's value is the sum of the batches' values.

    Setups before fixed work belong to no batch alone, so that they might be counted twice.
    """
    terms = [term for term, coefficient in level.items() if coefficient]
    return not any(term in MAX_TERMS or (term == "setup_time" and problem.fixed) for term in terms)


def _proved(problem: Problem, batch: Batch, report: Report | None) -> list[int | None]:
    """The engine's bounds for the batch that count: those whose earlier levels its own plan attains."""
    count = 1 + len(problem.objective)
    if report is None or not any(bound is not None for bound in report.bounds):
        return [None] * count
    bounds = [*report.bounds, *[None] * count][:count]
    if not any(bound is not None for bound in bounds[1:]):
        return bounds
    value = _value(problem, batch, report)
    return [
        bound if all(value[before] == (bounds[before] or 0) for before in range(at)) else None
        for at, bound in enumerate(bounds)
    ]


def _value(problem: Problem, batch: Batch, report: Report) -> Levels:
    """The value of the engine's own plan for the batch."""
    calendars = Calendars(problem)
    schedule = replay(problem, report.decisions, batch.jobs, calendars)
    return evaluate(problem, schedule, batch.jobs, calendars)
