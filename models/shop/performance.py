"""The plan beside what the plant told of its work: how far it is, how late, and how long work took beside planned."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from models.shop.actual import Actual
from models.shop.calendar import Calendars
from models.shop.fixed_work import lot_seconds
from models.shop.problem import Problem
from models.shop.schedule import Assignment, Schedule

HOUR: Final = 3600
DIGITS: Final = 3

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Took:
    """Finished work: seconds of open time that it took where it was done, and those that are planned for it there."""

    machine_id: str
    family_id: str | None
    actual: int
    planned: int

    @property
    def ratio(self) -> float:
        """How often the planned time it took."""
        return self.actual / self.planned


def performance(problem: Problem, schedule: Schedule, actuals: Iterable[Actual], now: int) -> Document:
    """The plan ``schedule`` beside what was told of its work until second ``now``, as a document (docs/api.md)."""
    told = {(actual.operation, actual.lot): actual for actual in actuals}
    pairs = [(row, told.get((row.operation, row.lot))) for row in schedule.assignments]
    took = list(_took(problem, pairs))
    return {
        "operations": _counts(pairs, now),
        "hours_late": {
            "start": _lateness([one.stretches[0][0] - row.start for row, one in pairs if one and one.stretches]),
            "end": _lateness([end - row.end for row, one in pairs if (end := _end(one)) is not None]),
        },
        "durations": {
            "all": _ratios(took) if took else None,
            "machines": _grouped("machine_id", took),
            "families": _grouped("family_id", took),
        },
    }


def _counts(pairs: Sequence[tuple[Assignment, Actual | None]], now: int) -> dict[str, int]:
    states = Counter("untold" if actual is None else actual.state for _, actual in pairs)
    due = [actual for row, actual in pairs if row.end <= now]
    return {
        "planned": len(pairs),
        **{state: states[state] for state in ("finished", "running", "paused", "scrapped", "untold")},
        "due": len(due),
        "due_and_not_finished": sum(actual is None or actual.state != "finished" for actual in due),
    }


def _end(actual: Actual | None) -> int | None:
    if actual is None or actual.state != "finished" or not actual.stretches:
        return None
    return actual.stretches[-1][1]


def _lateness(seconds: Sequence[int]) -> Document | None:
    """Of so many operations, in hours; negative is early. None of none."""
    if not seconds:
        return None
    hours = [value / HOUR for value in seconds]
    found = {"mean": sum(hours) / len(hours), "median": median(hours), "worst": max(hours)}
    return {"operations": len(hours), **{name: round(value, DIGITS) for name, value in found.items()}}


def _took(problem: Problem, pairs: Iterable[tuple[Assignment, Actual | None]]) -> Iterable[Took]:
    calendars = Calendars(problem)
    for row, actual in pairs:
        if actual is None or _end(actual) is None:
            continue
        operation = problem.operations[row.operation]
        whole = operation.options.get(actual.machine)
        opened = calendars.both(actual.machine, actual.operator if operation.skill is not None else None)
        seconds = sum(opened.between(first, last) for first, last in actual.stretches if last is not None)
        if whole is not None and seconds > 0:
            machine_id = problem.machines[actual.machine].machine_id
            yield Took(machine_id, operation.family_id, seconds, lot_seconds(whole, row.share))


def _grouped(name: str, took: Iterable[Took]) -> list[Document]:
    """By machine or family, those with the most operations first."""
    groups: dict[str, list[Took]] = defaultdict(list)
    for one in took:
        key = getattr(one, name)
        if key is not None:
            groups[key].append(one)
    return [{name: key, **_ratios(groups[key])} for key in sorted(groups, key=lambda key: (-len(groups[key]), key))]


def _ratios(took: Sequence[Took]) -> Document:
    planned, actual = (sum(getattr(one, name) for one in took) for name in ("planned", "actual"))
    return {
        "operations": len(took),
        "planned_hours": round(planned / HOUR, DIGITS),
        "actual_hours": round(actual / HOUR, DIGITS),
        "ratio": round(actual / planned, DIGITS),
        "median_ratio": round(median(one.ratio for one in took), DIGITS),
    }
