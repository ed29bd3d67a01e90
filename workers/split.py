"""Splitting a request's jobs into batches that engines solve beside each other.

Batches follow the order in which jobs matter: important jobs first, then the earlier due date (none last), then the
higher priority (1 is the highest), then the order of the request. Parts of the shop that share no machine and no
operator stay whole where they fit into a batch, because a batch that shares nothing with another loses nothing by being
solved alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.shop.problem import MAX_SECONDS, WHOLE_SHARE, Job, Problem

Resource = tuple[str, int]
"""A machine or an operator by index, or a job that needs none."""

Group = tuple[str, Hashable]
"""Machines that one operation names, or operators with one skill: what many operations share is looked through once."""


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


def undecided(problem: Problem, jobs: Iterable[int]) -> bool:
    """Whether fixed work leaves anything of ``jobs`` to decide."""
    return any(unfixed_share(problem, number) > 0 for job in jobs for number in problem.jobs[job].operations)


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
    members: dict[Group, Collection[Resource]] = {}
    used = [_groups(problem, job, members) for job in problem.jobs]
    order = sorted(problem.jobs, key=urgency)
    place = {job.index: position for position, job in enumerate(order)}
    pieces: list[list[int]] = []
    for part in _parts([job.index for job in order], used, members):
        pieces.extend(part[at : at + batch_size] for at in range(0, len(part), batch_size))
    bins = _packed(pieces, batch_size, -(-len(problem.jobs) // batch_size))
    rows = sorted((sorted(row, key=place.__getitem__) for row in bins), key=lambda row: place[row[0]])
    sharing = _sharing(rows, used, members)
    return tuple(Batch(number, tuple(row), number not in sharing) for number, row in enumerate(rows))


def _groups(problem: Problem, job: Job, members: dict[Group, Collection[Resource]]) -> set[Group]:
    """What the job's unfixed work may use; fixed work stands and so connects nothing. New groups go to ``members``."""
    found: set[Group] = set()
    for number in job.operations:
        if unfixed_share(problem, number) <= 0:
            continue
        operation = problem.operations[number]
        group: Group = ("machines", frozenset(operation.options))
        if group not in members:
            members[group] = [("machine", machine) for machine in operation.options]
        found.add(group)
        if operation.skill is not None:
            needed = operation.skill, operation.skill_level
            group = ("operators", needed)
            if group not in members:
                members[group] = [("operator", operator) for operator in problem.operators_by_skill[needed]]
            found.add(group)
    return {group for group in found if members[group]}


def _sharing(
    rows: Sequence[Sequence[int]], used: Sequence[Iterable[Group]], members: Mapping[Group, Iterable[Resource]]
) -> set[int]:
    """The batches that may use what another may use too."""
    users: dict[Group, set[int]] = defaultdict(set)
    for number, row in enumerate(rows):
        for job in row:
            for group in used[job]:
                users[group].add(number)
    first: dict[Resource, int] = {}
    sharing: set[int] = set()
    for group, numbers in users.items():
        one = min(numbers)
        if len(numbers) > 1:
            sharing |= numbers
        for resource in members[group]:
            other = first.setdefault(resource, one)
            if other != one:
                sharing |= {one, other}
    return sharing


def _parts(
    order: Sequence[int], used: Sequence[Iterable[Group]], members: Mapping[Group, Iterable[Resource]]
) -> Iterator[list[int]]:
    """Connected parts of the shop as lists of jobs, each in job order, the part with the most urgent job first."""
    parent: dict[Resource, Resource] = {}

    def root(of: Resource) -> Resource:
        while parent.setdefault(of, of) != of:
            parent[of] = parent[parent[of]]
            of = parent[of]
        return of

    representative: dict[Group, Resource] = {}
    for group, resources in members.items():
        first, *rest = resources or [("none", 0)]
        representative[group] = first
        for other in rest:
            parent[root(other)] = root(first)
    for job in order:
        for group in used[job]:
            parent[root(representative[group])] = root(("job", job))
    parts: dict[Resource, list[int]] = defaultdict(list)
    for job in order:
        parts[root(("job", job))].append(job)
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
