"""Made-up shops to learn on, each kind after a published generator or a real plant.

The same random generator gives the same shops. Times are drawn in minutes and kept in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np

from models.shop.calendar import Calendars
from models.shop.generate import factory as made_factory
from models.shop.parse import parse
from workers.ppo.build import Parts, Place, Work, build, from_problem
from workers.ppo.shop import NO_DUE, Shop
from workers.search.opening import Openings

MINUTE = 60
MOST_OPERATIONS = 150
"""Operations of a shop to learn on; policies are used on far larger ones."""

Generator = np.random.Generator
Kind = Callable[[Generator, bool], Shop]
"""(random numbers, whether for weighted tardiness) -> shop."""

SMALL_JOBS, SMALL_MACHINES = (6, 16), (4, 9)
"""Jobs and machines of shops with routings for makespan, the upper end left out: larger ones brought nothing."""

JOBS, MACHINES, MOST_PAIRS = (6, 26), (4, 14), 260
"""The same for weighted tardiness and for lessons, small ones more often; and jobs x machines at most."""


def sd1(rng: Generator, jobs: int, machines: int) -> Parts:
    """W. Song, X. Chen, Q. Li and Z. Cao, IEEE Transactions on Industrial Informatics 19 (2023): each operation has a
    mean time of 1 to 20 and takes 0.8 to 1.2 of it on each of 1 to all machines."""
    works: list[Work] = []
    for job in range(jobs):
        for step in range(int(rng.integers(max(1, int(0.8 * machines)), int(1.2 * machines) + 1))):
            mean = int(rng.integers(1, 21))
            least, most = max(1, round(0.8 * mean)), max(1, round(1.2 * mean))
            options = {m: int(rng.integers(least, most + 1)) * MINUTE for m in _some(rng, machines, 1, machines)}
            works.append(_next(works, job, step, options))
    return _undated(works, machines, jobs)


def sd2(rng: Generator, jobs: int, machines: int) -> Parts:
    """R. Wang, G. Wang, J. Sun, F. Deng and J. Chen, IEEE TNNLS 35 (2024): as many operations a job as machines, each
    on 1 to all machines with unrelated times of 1 to 99."""
    works: list[Work] = []
    for job in range(jobs):
        for step in range(machines):
            options = {m: int(rng.integers(1, 100)) * MINUTE for m in _some(rng, machines, 1, machines)}
            works.append(_next(works, job, step, options))
    return _undated(works, machines, jobs)


def brandimarte(rng: Generator, jobs: int, machines: int) -> Parts:
    """P. Brandimarte, Annals of Operations Research 41 (1993): 3 to 10 operations a job on up to 2 to 6 machines each,
    with unrelated times of 1 to between 7 and 30."""
    most, longest = min(machines, int(rng.integers(2, 7))), int(rng.integers(7, 31))
    works: list[Work] = []
    for job in range(jobs):
        for step in range(int(rng.integers(3, 11))):
            options = {m: int(rng.integers(1, longest + 1)) * MINUTE for m in _some(rng, machines, 1, most)}
            works.append(_next(works, job, step, options))
    return _undated(works, machines, jobs)


def hurink(rng: Generator, jobs: int, machines: int) -> Parts:
    """J. Hurink, B. Jurisch and M. Thole, OR Spektrum 15 (1994): job shops whose operations may also run, in the same
    time, on few (e), some (r) or half (v) of the other machines."""
    others = float(rng.choice([0.0, 0.15, 1.0, 0.5 * machines], p=[0.15, 0.25, 0.3, 0.3]))
    least = int(rng.choice([1, 5, 11]))
    works: list[Work] = []
    for job in range(jobs):
        for step, own in enumerate(rng.permutation(machines).tolist()):
            seconds = int(rng.integers(least, least * 4 if least == 11 else 100)) * MINUTE
            more = rng.random(machines) < others / max(1, machines - 1)
            machines_here = sorted({own, *np.flatnonzero(more).tolist()})
            works.append(_next(works, job, step, dict.fromkeys(machines_here, seconds)))
    return _undated(works, machines, jobs)


def factory(rng: Generator) -> Parts:
    """Groups of like machines, lognormal times, 2 to 70 jobs a machine; some with 1 to 4 operations a job, releases,
    setups between families, and shifts. After the plant of ``models.shop.generate``."""
    places = int(rng.integers(2, 13))
    routed = bool(rng.random() < 0.4)
    each = 2.5 if routed else 1.0
    load = float(np.exp(rng.uniform(np.log(2.0), np.log(70.0))))
    count = int(np.clip(load * places / each, 4, MOST_OPERATIONS / each))
    groups = rng.integers(0, max(1, int(rng.integers(1, places // 3 + 2))), places)
    speeds = rng.uniform(0.8, 1.25, places)
    hours = np.exp(rng.normal(0.0, rng.uniform(0.4, 1.6), count)) * 60.0
    hours = np.minimum(hours, hours.sum() / places * rng.uniform(0.4, 1.0) + 1.0)
    calendars = rng.random() < 0.25
    families = int(rng.integers(3, 7)) if rng.random() < 0.45 else 0
    works: list[Work] = []
    released = rng.random() < 0.3
    for job in range(count):
        stages = int(rng.integers(1, 5)) if routed else 1
        release = int(rng.uniform(0, hours.mean() * load * 0.5) * MINUTE) if released and rng.random() < 0.5 else 0
        for step in range(stages):
            inside = np.flatnonzero(groups == groups[rng.integers(places)])
            chosen = inside[_some(rng, len(inside), max(1, len(inside) // 3), len(inside))]
            options = {int(m): max(1, int(hours[job] / stages * speeds[m] * MINUTE)) for m in chosen}
            work = _next(works, job, step, options)
            work.release = release if step == 0 else 0
            work.family = int(rng.integers(families)) if families else -1
            works.append(work)
    parts = _undated(works, places, count)
    if families:
        _add_setups(rng, parts, families, groups)
    if calendars:
        _add_shifts(rng, parts)
    return parts


def dated(rng: Generator, parts: Parts) -> Parts:
    """The same shop for weighted tardiness: due dates from tight to loose, priorities, important jobs."""
    jobs, machines = len(parts.due), len(parts.places)
    chain, release = [0.0] * jobs, [0] * jobs
    for work in parts.works:
        chain[work.job] += min(work.options.values())
        release[work.job] = max(release[work.job], work.release)
    share = float(np.mean([place.open_share for place in parts.places]))
    spread = rng.uniform(0.2, 1.3) * sum(chain) / machines
    slack = rng.uniform(0.9, 1.6)
    undated = rng.random() * 0.2
    for job in range(jobs):
        allowed = chain[job] * rng.uniform(min(1.0, slack), slack + 0.2) + spread * rng.random()
        parts.due[job] = NO_DUE if rng.random() < undated else release[job] + int(allowed / share)
        parts.weight[job] = float(rng.integers(1, 6)) * (2.0 if rng.random() < 0.125 else 1.0)
    parts.tardy = True
    return parts


def small(rng: Generator) -> tuple[int, int]:
    """Jobs and machines of a shop to learn makespan on."""
    return int(rng.integers(*SMALL_JOBS)), int(rng.integers(*SMALL_MACHINES))


def larger(rng: Generator) -> tuple[int, int]:
    """Jobs and machines of a shop to learn weighted tardiness on, and of a lesson."""
    while True:
        jobs, machines = (int(np.exp(rng.uniform(*np.log(ends)))) for ends in (JOBS, MACHINES))
        if jobs * machines <= MOST_PAIRS:
            return jobs, machines


def _some(rng: Generator, machines: int, least: int, most: int) -> list[int]:
    """From ``least`` to ``most`` machines, in order."""
    count = int(rng.integers(least, most + 1))
    return sorted(rng.permutation(machines)[:count].tolist())


def _next(works: Sequence[Work], job: int, step: int, options: Mapping[int, int]) -> Work:
    return Work(job, options, (len(works) - 1,) if step else ())


def _undated(works: list[Work], machines: int, jobs: int) -> Parts:
    return Parts(works, [Place() for _ in range(machines)], [NO_DUE] * jobs, [1.0] * jobs)


def _add_setups(rng: Generator, parts: Parts, families: int, groups: np.ndarray) -> None:
    mean = np.mean([min(work.options.values()) for work in parts.works]) * rng.uniform(0.05, 0.6)
    count = int(groups.max()) + 1
    parts.setup = np.maximum(1, rng.uniform(0.2, 1.8, (count, families, families)) * mean).astype(np.int64)
    for family in range(families):
        parts.setup[:, family, family] = 0
    for place, group in zip(parts.places, groups.tolist(), strict=True):
        place.matrix, place.last_family = group, int(rng.integers(-1, families))


def _add_shifts(rng: Generator, parts: Parts) -> None:
    """One to three calendars, each open for a share of a cycle; each machine follows one, or none."""
    mean = float(np.mean([min(work.options.values()) for work in parts.works]))
    total = sum(max(work.options.values()) for work in parts.works)
    release = max(work.release for work in parts.works)
    rows: list[tuple[list[int], list[int], float]] = []
    for _ in range(int(rng.integers(1, 4))):
        cycle = max(60, int(mean * rng.uniform(3.0, 20.0)))
        share = float(rng.uniform(0.4, 0.95))
        begin = int(rng.uniform(0, cycle * (1 - share)))
        turns = min(2000, int((release + 2 * total / share) / cycle) + 2)
        starts = [turn * cycle + begin for turn in range(turns)]
        rows.append((starts, [start + max(1, int(share * cycle)) for start in starts], share))
    first, before = [0], []
    for starts, ends, _ in rows:
        first.append(first[-1] + len(starts))
        lengths = np.array(ends) - np.array(starts)
        before.append(np.concatenate(([0], np.cumsum(lengths)[:-1])))
    parts.openings = Openings(
        np.array(first, np.int64),
        np.concatenate([row[0] for row in rows]).astype(np.int64),
        np.concatenate([row[1] for row in rows]).astype(np.int64),
        np.concatenate(before).astype(np.int64),
    )
    for place in parts.places:
        number = int(rng.integers(-1, len(rows)))
        if number >= 0:
            place.opening, place.open_share = number, rows[number][2]
    shortest = min(row[1][0] - row[0][0] for row in rows)
    for work in parts.works:
        work.whole = bool(rng.random() < 0.1) and max(work.options.values()) <= shortest


def plant(rng: Generator, tardy: bool) -> Shop:
    """A small plant of ``models.shop.generate``, with or without setups and routings."""
    machines = int(rng.integers(3, 15))
    routed = bool(rng.random() < 0.35)
    most = MOST_OPERATIONS // (2 if routed else 1)
    jobs = int(np.clip(machines * np.exp(rng.uniform(np.log(2.0), np.log(25.0))), 6, most))
    document = made_factory(
        jobs,
        machines,
        int(rng.integers(2**31)),
        setups=bool(rng.random() < 0.4),
        routings=routed,
        longest_hours=float(rng.uniform(60.0, 332.0)),
    )
    problem = parse(document)
    return from_problem(problem, range(jobs), Calendars(problem), tardy=tardy)[0]


def _of(parts: Callable[[Generator], Parts]) -> Kind:
    def made(rng: Generator, tardy: bool) -> Shop:
        drawn = parts(rng)
        return build(dated(rng, drawn) if tardy else drawn)

    return made


def _routed(parts: Callable[[Generator, int, int], Parts]) -> Kind:
    def made(rng: Generator, tardy: bool) -> Shop:
        drawn = parts(rng, *(larger(rng) if tardy else small(rng)))
        return build(dated(rng, drawn) if tardy else drawn)

    return made


KINDS: Mapping[str, Kind] = {
    "sd1": _routed(sd1),
    "sd2": _routed(sd2),
    "brandimarte": _routed(brandimarte),
    "hurink": _routed(hurink),
    "factory": _of(factory),
    "plant": plant,
}

SHARES: Mapping[bool, Mapping[str, float]] = {
    False: {"sd1": 0.2, "sd2": 0.2, "brandimarte": 0.15, "hurink": 0.35, "factory": 0.1, "plant": 0.0},
    True: {"sd1": 0.05, "sd2": 0.1, "brandimarte": 0.1, "hurink": 0.1, "factory": 0.25, "plant": 0.4},
}
"""How often each kind is drawn, for makespan (False) and for weighted tardiness (True)."""


class Source(Protocol):
    """Where shops to learn on come from."""

    def draw(self, rng: np.random.Generator, kind: str | None = None) -> Shop:
        """The next shop."""


PLANTS_KEPT, PLANTS_NEW = 64, 0.25
"""A plant takes ten times as long to make as to plan: training meets each about four times, among so many others."""


class MadeUp:
    """Shops of all kinds, for one objective."""

    def __init__(self, *, tardy: bool) -> None:
        self.tardy = tardy
        self.kinds = list(SHARES[tardy])
        self.shares = list(SHARES[tardy].values())
        self._plants: list[Shop] = []

    def draw(self, rng: Generator, kind: str | None = None) -> Shop:
        """The next shop, new of a kind or of any; a plant of any may have been met before."""
        any_kind = kind or str(rng.choice(self.kinds, p=self.shares))
        if kind is not None or any_kind != "plant":
            return KINDS[any_kind](rng, self.tardy)
        if len(self._plants) == PLANTS_KEPT and rng.random() >= PLANTS_NEW:
            return self._plants[int(rng.integers(PLANTS_KEPT))]
        made = plant(rng, self.tardy)
        if len(self._plants) < PLANTS_KEPT:
            self._plants.append(made)
        else:
            self._plants[int(rng.integers(PLANTS_KEPT))] = made
        return made
