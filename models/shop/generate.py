"""Makes up factories with the statistics of a real one: 149 machines, 411 jobs, 14,951 hours of work.

Durations run from 0.03 to 332 hours with a heavy tail: most jobs take a shift or two, a few take weeks. The same seed
and sizes give the same factory.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from math import ceil

import numpy as np

MEAN_HOURS = 14_951 / 411
"""Work a job, in hours: the total over the number of jobs of the real plant."""

SHORTEST_HOURS, LONGEST_HOURS = 0.03, 332.0
LEAST_LONGEST_HOURS = 60.0
"""Jobs capped lower than this would all be about as long as the mean."""

DURATION_SIGMA = 1.6
"""Spread of the lognormal durations: a median of about 14 hours at a mean of 36."""

ENDS_FROM_JOBS = 30
"""From this many jobs on, the shortest and the longest duration both occur; fewer jobs could not keep the mean."""

MACHINES_IN_GROUP = 149 / 16
MOST_ELIGIBLE = 16
SPEED_SPREAD = 0.1
IMPORTANT_SHARE = 0.125
DUE_SPREAD = 0.5
"""Due dates are spread over this share of the time that all work would take on all machines evenly."""

OVERDUE_SHARE, OVERDUE_LEAST = 0.04, 0.5
"""So many jobs are promised sooner than their work takes, at least this share of it: no plan has every job on time."""

LOT_HOURS, MOST_LOTS = 20.0, 8
"""Work longer than this may be cut, into a lot for each so many hours begun, up to the most."""

CALENDAR_STRETCH = 3.0
"""Elapsed hours for an hour of work, about, where machines have calendars and operators."""

OPERATIONS, OPERATIONS_SHARE = (1, 2, 3, 4), (0.45, 0.25, 0.18, 0.12)
RELEASED_LATER_SHARE, LATEST_RELEASE_HOURS = 0.3, 30.0
SKILLS = 6
CREW_SHARE = 0.9
"""A crew attends this share of its skill's machines at a time."""

START = datetime(2026, 1, 5, 6, tzinfo=timezone(timedelta(hours=1)))
TIME_ZONE = "Europe/Berlin"

WEEKDAYS = ["mon", "tue", "wed", "thu", "fri"]


@dataclass(frozen=True, slots=True)
class _Group:
    """Machines that do the same kind of work, and the families of parts that they make."""

    number: int
    machines: range
    families: tuple[str, ...]
    skill: str


@dataclass(frozen=True, slots=True)
class _Features:
    setups: bool
    routings: bool
    calendars: bool
    operators: bool
    lots: bool


@dataclass(frozen=True, slots=True)
class Promises:
    """How due dates are drawn: ``spread`` and ``overdue`` as DUE_SPREAD and OVERDUE_SHARE say.

    With a spread of 1 and nothing overdue a good plan is late with few jobs, though simple rules are with many.
    """

    spread: float = DUE_SPREAD
    overdue: float = OVERDUE_SHARE


def factory(
    jobs: int = 411,
    machines: int = 149,
    seed: int = 1,
    *,
    setups: bool = False,
    routings: bool = False,
    calendars: bool = False,
    operators: bool = False,
    lots: bool = False,
    longest_hours: float = LONGEST_HOURS,
    promises: Promises = Promises(),
    start: datetime = START,
) -> dict[str, object]:
    """A factory as a problem document (docs/problem.md), ready for ``parse``.

    Without options every job is one operation on one of 1 to 16 machines of its group. ``setups`` adds a setup matrix a
    group, ``routings`` jobs of 1 to 4 operations and release dates, ``calendars`` shifts, breaks and a holiday,
    ``operators`` skills with crews and single people; with ``lots`` long operations may be cut. No job has more than
    ``longest_hours`` of work. Raises ValueError for sizes below 1, a start without offset, or jobs so short that they
    cannot reach the mean of MEAN_HOURS.
    """
    if jobs < 1 or machines < 1:
        raise ValueError(f"jobs and machines must be at least 1 (got {jobs} and {machines})")
    if start.tzinfo is None:
        raise ValueError(f"start must have an offset (got {start.isoformat()})")
    if longest_hours < LEAST_LONGEST_HOURS:
        raise ValueError(f"longest_hours must be at least {LEAST_LONGEST_HOURS:g} (got {longest_hours:g})")
    features = _Features(setups, routings, calendars, operators, lots)
    rng = np.random.default_rng([seed, jobs, machines])
    groups = _groups(rng, machines)
    speeds = rng.uniform(1 - SPEED_SPREAD, 1 + SPEED_SPREAD, machines)
    names = [f"M{i + 1:0{max(3, len(str(machines)))}}" for i in range(machines)]
    document: dict[str, object] = {
        "request_id": f"factory-{jobs}-jobs-{machines}-machines-seed-{seed}",
        "schedule_start": start.isoformat(),
        "time_zone": TIME_ZONE,
        "machines": _machines(rng, groups, names, features),
    }
    if setups:
        document["setup_matrices"] = {f"S{group.number}": _matrix(rng, group) for group in groups}
    if calendars:
        document["calendars"] = _calendars(start)
    if operators:
        document["operators"] = _operators(rng, groups, features)
    load = MEAN_HOURS * jobs / machines
    document["jobs"] = [
        _job(rng, f"J{i + 1:05}", hours, load, groups, _Options(names, speeds), features, promises, start)
        for i, hours in enumerate(_durations(rng, jobs, longest_hours))
    ]
    return document


class _Options:
    """Which machines may do an operation, and how long each takes."""

    def __init__(self, names: list[str], speeds: np.ndarray) -> None:
        self.names, self.speeds = names, speeds

    def draw(self, rng: np.random.Generator, group: _Group, hours: float) -> list[dict[str, object]]:
        most = min(len(group.machines), MOST_ELIGIBLE)
        count = int(rng.integers(1, most + 1, 2).max())  # the larger of two draws: most of a group can usually do it
        chosen = sorted(int(i) for i in rng.choice(group.machines, count, replace=False))
        return [
            {"machine_id": self.names[i], "processing_time": max(0.01, round(hours * float(self.speeds[i]), 2))}
            for i in chosen
        ]


def _groups(rng: np.random.Generator, machines: int) -> list[_Group]:
    count = min(machines, max(1, round(machines / MACHINES_IN_GROUP)))
    weights = rng.uniform(0.1, 2.0, count)
    cuts = np.floor(np.cumsum(weights) / weights.sum() * (machines - count)).astype(int)
    cuts[-1] = machines - count
    ends = [int(cut) + i + 1 for i, cut in enumerate(cuts)]  # one machine each, the rest by weight
    return [
        _Group(
            number=i + 1,
            machines=range(begin, end),
            families=tuple(f"F{i + 1}-{k + 1}" for k in range(int(rng.integers(3, 6)))),
            skill=f"K{i % SKILLS + 1}",
        )
        for i, (begin, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True))
    ]


def _durations(rng: np.random.Generator, jobs: int, longest: float = LONGEST_HOURS) -> list[float]:
    """Lognormal hours, two decimals, within the shortest and the longest, adding up to MEAN_HOURS a job."""
    z = rng.standard_normal(jobs)
    total = round(MEAN_HOURS * jobs, 2)
    low, high = -20.0, 20.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _stretched(z, middle, longest).sum() < total else (low, middle)
    hours = np.round(_stretched(z, low, longest), 2)
    # rounding leaves a few hundredths: they go to the job nearest the mean
    nearest = int(np.abs(hours - MEAN_HOURS).argmin())
    hours[nearest] = np.round(hours[nearest] + total - hours.sum(), 2)
    return [float(value) for value in hours]


def _stretched(z: np.ndarray, mu: float, longest: float) -> np.ndarray:
    hours = np.clip(np.exp(mu + DURATION_SIGMA * z), SHORTEST_HOURS, longest)
    if len(z) >= ENDS_FROM_JOBS:
        hours[z.argmin()], hours[z.argmax()] = SHORTEST_HOURS, longest
    return hours


def _machines(
    rng: np.random.Generator, groups: list[_Group], names: list[str], features: _Features
) -> list[dict[str, object]]:
    rows = []
    for group in groups:
        shifts = str(rng.choice(["three-shift", "two-shift", "day"], p=[0.7, 0.2, 0.1]))
        for i in group.machines:
            row: dict[str, object] = {
                "machine_id": names[i],
                "machine_type": group.number,
                "department": f"D{(group.number - 1) * 5 // len(groups) + 1}",
            }
            if features.calendars:
                row["calendar"] = shifts
            if features.setups:
                row |= {"setup_matrix": f"S{group.number}", "initial_family": str(rng.choice(group.families))}
            rows.append(row)
    return rows


def _matrix(rng: np.random.Generator, group: _Group) -> dict[str, object]:
    changes = [
        {"from_family": before, "to_family": after, "setup_time": round(float(rng.uniform(0.1, 1.5)), 2)}
        for before in group.families
        for after in group.families
        if before != after
    ]
    return {"default": 0.5, "changes": changes}


def _calendars(start: datetime) -> dict[str, object]:
    holiday = (start + timedelta(days=10)).date().isoformat()

    def shifts(*windows: tuple[str, str, str], days: list[str] = WEEKDAYS) -> list[dict[str, object]]:
        return [{"days": days, "from": begin, "to": end, "shift": name} for begin, end, name in windows]

    early, late, night = ("06:00", "14:00", "early"), ("14:00", "22:00", "late"), ("22:00", "06:00", "night")
    pause = [{"days": WEEKDAYS, "from": f"{hour}:00", "to": f"{hour}:30"} for hour in (10, 18)]
    noon = [{"days": WEEKDAYS, "from": "12:00", "to": "12:30"}]
    return {
        "three-shift": {"weekly": shifts(early, late, night, days=[*WEEKDAYS, "sat"]), "holidays": [holiday]},
        "two-shift": {"weekly": shifts(early, late), "breaks": pause, "holidays": [holiday]},
        "day": {"weekly": shifts(("06:00", "18:00", "day")), "breaks": noon, "holidays": [holiday]},
    }


def _operators(rng: np.random.Generator, groups: list[_Group], features: _Features) -> list[dict[str, object]]:
    crews: list[dict[str, object]] = []
    skills = list(dict.fromkeys(group.skill for group in groups))
    for skill in skills:
        attended = sum(len(group.machines) for group in groups if group.skill == skill)
        crew: dict[str, object] = {"operator_id": f"CREW-{skill}", "skills": {skill: 2}}
        crews.append(crew | {"capacity": max(1, round(CREW_SHARE * attended))})
    people: list[dict[str, object]] = [
        {
            "operator_id": f"P{i + 1:03}",
            "skills": {str(s): int(rng.integers(1, 4)) for s in rng.choice(skills, min(len(skills), 2), replace=False)},
        }
        for i in range(sum(len(group.machines) for group in groups) // 6)
    ]
    if features.calendars:
        for who, shifts in [*((crew, "three-shift") for crew in crews), *((one, "two-shift") for one in people)]:
            who["calendar"] = shifts
    return crews + people


def _job(
    rng: np.random.Generator,
    job_id: str,
    hours: float,
    load: float,
    groups: list[_Group],
    options: _Options,
    features: _Features,
    promises: Promises,
    start: datetime,
) -> dict[str, object]:
    stretch = CALENDAR_STRETCH if features.calendars else 1.0
    job: dict[str, object] = {
        "job_id": job_id,
        "priority": int(rng.integers(1, 6)),
        "is_important": bool(rng.random() < IMPORTANT_SHARE),
    }
    release = 0.0
    if features.routings and rng.random() < RELEASED_LATER_SHARE:
        release = float(rng.uniform(0.0, LATEST_RELEASE_HOURS))
        job["release_date"] = _instant(start, release)
    count = int(rng.choice(OPERATIONS, p=OPERATIONS_SHARE)) if features.routings else 1
    parts = _parts(rng, hours, min(count, len(groups)))
    sizes = np.array([len(group.machines) for group in groups], dtype=float)
    route = rng.choice(len(groups), len(parts), replace=False, p=sizes / sizes.sum())
    rows = [_operation(rng, groups[int(i)], part, options, features) for i, part in zip(route, parts, strict=True)]
    if len(rows) == 1:
        job |= rows[0]
    else:
        job["operations"] = [{"operation_id": str(i + 1), **row} for i, row in enumerate(rows)]
    if rng.random() < promises.overdue:
        allowed = hours * float(rng.uniform(OVERDUE_LEAST, 1.0))
    else:
        allowed = hours * (1 + SPEED_SPREAD) + load * promises.spread * float(rng.random())
    return job | {"lcd_date": _instant(start, release + stretch * allowed)}


def _parts(rng: np.random.Generator, hours: float, count: int) -> list[float]:
    """``hours`` cut into at most ``count`` parts of two decimals, none below the shortest duration."""
    count = max(1, min(count, int(hours / SHORTEST_HOURS) // 2))
    spare = hours - count * SHORTEST_HOURS
    parts = [round(SHORTEST_HOURS + spare * float(share), 2) for share in rng.dirichlet([2.0] * count)[1:]]
    return [round(hours - sum(parts), 2), *parts]


def _operation(
    rng: np.random.Generator, group: _Group, hours: float, options: _Options, features: _Features
) -> dict[str, object]:
    row: dict[str, object] = {
        "family_id": str(rng.choice(group.families)),
        "machines": options.draw(rng, group, hours),
    }
    if features.operators:
        row["skill"] = {"skill": group.skill, "level": int(rng.integers(1, 3))}
    if features.lots and hours > LOT_HOURS:
        row["max_lots"] = min(MOST_LOTS, ceil(hours / LOT_HOURS))
    if features.calendars and hours < 4 and rng.random() < 0.2:
        row["interruptible"] = False
    return row


def _instant(start: datetime, hours: float) -> str:
    return (start + timedelta(seconds=round(hours * 3600))).isoformat()
