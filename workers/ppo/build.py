"""The arrays of a shop, from a problem or from made-up jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

from models.shop.alone import topological
from models.shop.calendar import Calendars
from models.shop.problem import MAX_SECONDS, WHOLE_SHARE, Problem
from models.shop.timeline import Timeline
from workers.ppo.shop import NO_DUE, Floats, Integers, Shop
from workers.search.opening import ALWAYS, Openings, expand

MOST_LANES = 64
"""A machine is planned as if it had at most this capacity."""

LEAST_HORIZON = 60 * 86_400


@dataclass(slots=True)
class Work:
    """An operation as it is handed to ``build``; ``options`` maps machine to seconds, ``before`` lists predecessors."""

    job: int
    options: Mapping[int, int]
    before: Sequence[int] = ()
    family: int = -1
    whole: bool = False
    release: int = 0
    delay: int = 0


@dataclass(slots=True)
class Place:
    """A machine as it is handed to ``build``; ``lanes`` says from when on each is free."""

    lanes: Sequence[int] = (0,)
    opening: int = ALWAYS
    open_share: float = 1.0
    matrix: int = -1
    last_family: int = -1


NO_OPENINGS, _ = expand((), 0)


@dataclass(slots=True)
class Parts:
    """All that ``build`` needs. ``due`` and ``weight`` by job; ``setup`` (matrices, families, families) in seconds.

    ``works`` in an order in which predecessors come first.
    """

    works: list[Work]
    places: list[Place]
    due: list[int]
    weight: list[float]
    setup: Integers = field(default_factory=lambda: np.zeros((0, 0, 0), np.int64))
    openings: Openings = NO_OPENINGS
    tardy: bool = False


def build(parts: Parts) -> Shop:
    """The shop of these parts. An operation without options is never placed, nor is what follows it."""
    works, count = parts.works, len(parts.works)
    after: list[list[int]] = [[] for _ in works]
    for number, work in enumerate(works):
        for before in work.before:
            after[before].append(number)
    shortest = [max(1, min(work.options.values(), default=1)) for work in works]
    mean = [sum(work.options.values()) / max(1, len(work.options)) for work in works]
    tail, mean_tail, chain = [0] * count, [0.0] * count, [1] * count
    for number in range(count - 1, -1, -1):
        for follower in after[number]:
            delay = works[follower].delay
            tail[number] = max(tail[number], delay + shortest[follower] + tail[follower])
            mean_tail[number] = max(mean_tail[number], delay + mean[follower] + mean_tail[follower])
            chain[number] = max(chain[number], 1 + chain[follower])
    size = [0] * len(parts.due)
    users: list[list[int]] = [[] for _ in parts.places]
    for number, work in enumerate(works):
        size[work.job] += 1
        for machine in work.options:
            users[machine].append(number)
    listed = parts.setup[parts.setup > 0]
    return Shop(
        job=_whole(work.job for work in works),
        first=_firsts(work.options for work in works),
        machine=_whole(machine for work in works for machine in work.options),
        seconds=_whole(seconds for work in works for seconds in work.options.values()),
        shortest=_whole(shortest),
        mean=_real(mean),
        tail=_whole(tail),
        mean_tail=_real(mean_tail),
        chain=_whole(chain),
        family=_whole(work.family for work in works),
        whole=np.array([work.whole for work in works], np.bool_),
        release=_whole(work.release for work in works),
        delay=_whole(work.delay for work in works),
        waits=_whole(len(work.before) for work in works),
        next_first=_firsts(after),
        after=_whole(follower for row in after for follower in row),
        due=_whole(parts.due),
        weight=_real(parts.weight),
        size=_whole(size),
        user_first=_firsts(users),
        user=_whole(number for row in users for number in row),
        lane_first=_firsts(place.lanes for place in parts.places),
        lane_free=_whole(free for place in parts.places for free in place.lanes),
        opening=_whole(place.opening for place in parts.places),
        open_share=_real(place.open_share for place in parts.places),
        matrix=_whole(place.matrix for place in parts.places),
        last_family=_whole(place.last_family for place in parts.places),
        setup=parts.setup,
        mean_setup=float(listed.mean()) if len(listed) else 0.0,
        openings=parts.openings,
        tardy=parts.tardy,
    )


def _whole(values: object) -> Integers:
    return np.array(list(values), np.int64)  # type: ignore[call-overload]


def _real(values: object) -> Floats:
    return np.array(list(values), np.float64)  # type: ignore[call-overload]


def _firsts(rows: object) -> Integers:
    return _whole(accumulate((len(row) for row in rows), initial=0))  # type: ignore[attr-defined]


def from_problem(problem: Problem, jobs: Sequence[int], calendars: Calendars, *, tardy: bool) -> tuple[Shop, list[int]]:
    """The shop of the unfixed operations of ``jobs``, and the problem's number of each of its operations.

    Fixed work that runs over second zero keeps its machine until its end; other fixed work is not seen.
    """
    parts, numbers = parts_of(problem, jobs, calendars, tardy=tardy)
    return build(parts), numbers


def parts_of(problem: Problem, jobs: Sequence[int], calendars: Calendars, *, tardy: bool) -> tuple[Parts, list[int]]:
    """The same as what ``build`` needs, to build a shop of some of it."""
    timeline = Timeline(problem, calendars)
    numbers = [
        number
        for number in topological(problem, [n for job in sorted(jobs) for n in problem.jobs[job].operations])
        if timeline.end(number) is None
    ]
    at = {number: index for index, number in enumerate(numbers)}
    families = {name: index for index, name in enumerate(sorted(_families(problem)))}
    works = [_work(problem, timeline, number, at, families) for number in numbers]
    places = _places(problem, timeline, families)
    names = list(problem.setup_matrices)
    setup = np.zeros((len(names), len(families), len(families)), np.int64)
    for row, name in enumerate(names):
        matrix = problem.setup_matrices[name]
        for before, i in families.items():
            for after, k in families.items():
                setup[row, i, k] = matrix.seconds(before, after)
    horizon = _horizon(works, places, problem, calendars)
    openings, known = expand((calendars.machine(m) for m in range(len(places))), horizon)
    for machine, place in enumerate(places):
        opened = calendars.machine(machine)
        if not opened.always:
            place.opening = known[id(opened)]
    job_of = problem.jobs
    parts = Parts(
        works,
        places,
        due=[NO_DUE if job.due is None else job.due for job in job_of],
        weight=[max(job.weight, 1) / 1000 for job in job_of],
        setup=setup,
        openings=openings,
        tardy=tardy,
    )
    return parts, numbers


def _families(problem: Problem) -> set[str]:
    named = {operation.family_id for operation in problem.operations}
    named |= {machine.initial_family for machine in problem.machines}
    return {name for name in named if name is not None} if problem.setup_matrices else set()


def _work(
    problem: Problem, timeline: Timeline, number: int, at: Mapping[int, int], families: Mapping[str, int]
) -> Work:
    operation = problem.operations[number]
    release = max(0, problem.jobs[operation.job].earliest, operation.start_after or 0)
    before = []
    for predecessor in operation.predecessors:
        end = timeline.end(predecessor)
        if end is not None:
            release = max(release, end + operation.min_delay)
        elif predecessor in at:
            before.append(at[predecessor])
    rest = timeline.rest(number)
    options = dict(operation.options)
    if rest is not None:
        options = {machine: max(1, -(-seconds * rest[1] // WHOLE_SHARE)) for machine, seconds in options.items()}
    return Work(
        job=operation.job,
        options=options,
        before=before,
        family=families.get(operation.family_id or "", -1),
        whole=not operation.interruptible,
        release=release,
        delay=operation.min_delay,
    )


def _places(problem: Problem, timeline: Timeline, families: Mapping[str, int]) -> list[Place]:
    matrices = {name: index for index, name in enumerate(problem.setup_matrices)}
    lanes = [[0] * min(machine.capacity, MOST_LANES) for machine in problem.machines]
    last = [machine.initial_family for machine in problem.machines]
    for work in timeline.fixed:
        if work.start <= 0:
            row = lanes[work.machine]
            lane = row.index(min(row))
            row[lane] = max(row[lane], work.end)
            last[work.machine] = problem.operations[work.operation].family_id
    return [
        Place(
            lanes=row,
            matrix=-1 if machine.setup_matrix is None else matrices[machine.setup_matrix],
            last_family=families.get(family or "", -1),
        )
        for machine, row, family in zip(problem.machines, lanes, last, strict=True)
    ]


def _horizon(works: Sequence[Work], places: Sequence[Place], problem: Problem, calendars: Calendars) -> int:
    """Far enough for any sensible plan; sets the machines' open shares."""
    if all(calendars.machine(machine).always for machine in range(len(places))):
        return 0
    load = [float(max(place.lanes)) for place in places]
    chains = [0.0] * len(problem.jobs)
    for work in works:
        mean = sum(work.options.values()) / max(1, len(work.options))
        chains[work.job] += mean
        for machine, seconds in work.options.items():
            load[machine] += seconds / len(work.options)
    release = max((work.release for work in works), default=0)
    least = 1.0
    for machine, place in enumerate(places):
        opened = calendars.machine(machine)
        place.open_share = max(0.02, opened.between(0, LEAST_HORIZON) / LEAST_HORIZON)
        least = min(least, place.open_share)
    wanted = release + (2.0 * max(load, default=0.0) + 2.0 * max(chains, default=0.0)) / least
    return int(min(MAX_SECONDS, max(LEAST_HORIZON, wanted)))
