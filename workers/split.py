"""Splitting a request's jobs into batches that engines solve beside each other.

Batches follow the order in which jobs matter: important jobs first, then the earlier due date (none last), then the
higher priority (1 is the highest), then the order of the request. Parts of the shop that share no machine and no
operator stay whole where they fit into a batch, because a batch that shares nothing with another loses nothing by being
solved alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from models.shop.problem import MAX_SECONDS, WHOLE_SHARE, Job, Problem

Resource = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Batch:
    """Jobs that one engine plans at a time.

    ``jobs`` are indices into ``Problem.jobs``, most urgent first. ``independent`` says that no other batch may use any
    machine or operator that this one may use, so that its plan and its bounds stand on their own.
    """

    number: int
    jobs: tuple[int, ...]
    independent: bool = True


def urgency(job: Job) -> tuple[bool, int, int, int]:
    """Sort key of the job order: important, earlier due date, higher priority, place in the request."""
    return (not job.is_important, MAX_SECONDS + 1 if job.due is None else job.due, job.priority, job.index)


def unfixed_share(problem: Problem, operation: int) -> int:
    """The share of an operation, in millionths, that fixed work does not cover."""
    return WHOLE_SHARE - sum(work.share for work in problem.fixed_by_operation.get(operation, ()))


def split(problem: Problem, batch_size: int) -> tuple[Batch, ...]:
    """The problem's jobs in batches of at most ``batch_size``, never more than ceil(jobs / batch_size) of them.

    A part of the shop larger than a batch is cut in job order. Where whole parts cannot be packed into that number of
    batches, the parts left over (the smallest ones) are cut to fill the room that is left. The same problem is always
    split in the same way. Raises ValueError for a ``batch_size`` below 1.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    if not problem.jobs:
        return ()
    used = [_resources(problem, job) for job in problem.jobs]
    order = sorted(problem.jobs, key=urgency)
    place = {job.index: position for position, job in enumerate(order)}
    pieces: list[list[int]] = []
    for part in _parts([job.index for job in order], used):
        pieces.extend(part[at : at + batch_size] for at in range(0, len(part), batch_size))
    bins = _packed(pieces, batch_size, -(-len(problem.jobs) // batch_size))
    rows = sorted((sorted(row, key=place.__getitem__) for row in bins), key=lambda row: place[row[0]])
    users: dict[Resource, set[int]] = defaultdict(set)
    for number, row in enumerate(rows):
        for job_index in row:
            for resource in used[job_index]:
                users[resource].add(number)
    sharing = {number for numbers in users.values() if len(numbers) > 1 for number in numbers}
    return tuple(Batch(number, tuple(row), number not in sharing) for number, row in enumerate(rows))


def _resources(problem: Problem, job: Job) -> set[Resource]:
    """Machines and operators that the job's unfixed work may use; fixed work stands and so connects nothing."""
    found: set[Resource] = set()
    for number in job.operations:
        if unfixed_share(problem, number) <= 0:
            continue
        operation = problem.operations[number]
        found.update(("machine", machine) for machine in operation.options)
        if operation.skill is not None:
            able = problem.operators_by_skill[operation.skill, operation.skill_level]
            found.update(("operator", operator) for operator in able)
    return found


def _parts(order: Sequence[int], used: Sequence[Iterable[Resource]]) -> Iterator[list[int]]:
    """Connected parts of the shop as lists of jobs, each in job order, the part with the most urgent job first."""
    parent: dict[Resource, Resource] = {}

    def root(of: Resource) -> Resource:
        while parent.setdefault(of, of) != of:
            parent[of] = parent[parent[of]]
            of = parent[of]
        return of

    for job in order:
        first, *rest = used[job] or (("job", job),)
        for other in rest:
            parent[root(other)] = root(first)
    parts: dict[Resource, list[int]] = defaultdict(list)
    for job in order:
        parts[root(next(iter(used[job]), ("job", job)))].append(job)
    yield from parts.values()


def _packed(pieces: Sequence[list[int]], size: int, count: int) -> list[list[int]]:
    """Pieces packed whole into at most ``count`` bins: as ordered, else by size; what is left over is cut."""
    bins, left = _first_fit(pieces, size, count)
    if left:
        bins, left = _first_fit(sorted(pieces, key=len, reverse=True), size, count)
    overflow = [job for piece in left for job in piece]
    for row in bins:
        room = size - len(row)
        row.extend(overflow[:room])
        overflow = overflow[room:]
    return bins


def _first_fit(pieces: Iterable[list[int]], size: int, count: int) -> tuple[list[list[int]], list[list[int]]]:
    """First fit: every piece into the first bin that has room for it; also returns the pieces that fitted nowhere."""
    bins: list[list[int]] = []
    left: list[list[int]] = []
    for piece in pieces:
        for row in bins:
            if len(row) + len(piece) <= size:
                row.extend(piece)
                break
        else:
            if len(bins) < count:
                bins.append(list(piece))
            else:
                left.append(piece)
    return bins, left
