"""FJSP and JSP benchmark text.

``.fjs`` (Brandimarte 1993): ``jobs machines [flexibility]``, then a line a job: the number of operations, and for each
the number of its machines and as many pairs of machine and time. JSP standard form: ``jobs machines``, then pairs of
machine and time. Machines count from 0 if any 0 occurs, else from 1. One unit of time is one minute. Lines that are
blank or begin with # are skipped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NoReturn

from models.shop.faults import Fault, InvalidProblem, shown
from models.shop.problem import Job, Level, Machine, Operation, Problem
from models.shop.reading.bounds import DEFAULT_BOUNDS, MAX_HOURS, Bounds

MINUTE = 60
DEFAULT_START = datetime(2026, 1, 1, tzinfo=UTC)
_MAKESPAN: tuple[Level, ...] = ({"makespan": 1000},)
_WHOLE = re.compile(r"[0-9]{1,9}")
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]*)?")
_MAX_TIME = MAX_HOURS * 60

Line = tuple[int, list[int]]
"""A line's number in the text, from 1, and its numbers."""

Pairs = list[tuple[int, int]]
"""The machines of one operation as written, each with its time."""


def parse_text(text: str, start: datetime | None = None, bounds: Bounds = DEFAULT_BOUNDS) -> Problem:
    """The problem in FJSP or JSP text, told apart by content: jobs J1.., machines M1.., operations 1.. in a chain.

    ``start`` is second zero, 2026-01-01T00:00:00Z unless given. The objective is the makespan. A time of 0 becomes one
    second. Raises InvalidProblem; its field is the line.
    """
    lines = _split(text)
    if not lines:
        _refuse(1, "empty", "the text is empty")
    number, header = lines[0]
    jobs, machines = _read_header(number, header)
    body = [(at, _read_numbers(at, tokens)) for at, tokens in lines[1:]]
    if len(body) != jobs:
        at = body[-1][0] if body else number
        _refuse(at, "line_count", f"line {number} announces {jobs} jobs, but {len(body)} lines follow", jobs)
    for name, count, most in (("jobs", jobs, bounds.max_jobs), ("machines", machines, bounds.max_machines)):
        if count > most:
            _refuse(number, "too_many", f"must announce at most {most} {name}", count)
    routings = _read_routings(body)
    _check_sizes(number, routings, bounds)
    first = _check_machines(body, routings, machines)
    return _build(routings, machines, first, start or DEFAULT_START)


def _split(text: str) -> list[tuple[int, list[str]]]:
    lines = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1)]
    return [(number, tokens) for number, tokens in lines if tokens and not tokens[0].startswith("#")]


def _read_header(number: int, tokens: list[str]) -> tuple[int, int]:
    if not 2 <= len(tokens) <= 3:
        _refuse(
            number,
            "header",
            "must hold the numbers of jobs and machines, and perhaps the flexibility",
            " ".join(tokens),
        )
    jobs, machines = _read_numbers(number, tokens[:2])
    if len(tokens) == 3 and _DECIMAL.fullmatch(tokens[2]) is None:
        _refuse(number, "type", "the flexibility must be a number", tokens[2])
    if jobs < 1 or machines < 1:
        _refuse(number, "minimum", "there must be at least one job and one machine", min(jobs, machines))
    return jobs, machines


def _read_numbers(number: int, tokens: list[str]) -> list[int]:
    for token in tokens:
        if _WHOLE.fullmatch(token) is None:
            _refuse(number, "type", "must hold whole numbers from 0 to 999999999 only", token)
    return [int(token) for token in tokens]


def _read_routings(body: Sequence[Line]) -> list[list[Pairs]]:
    """The operations of each job: as FJSP where every line reads so, else as JSP where every line holds pairs."""
    routings = []
    for at, numbers in body:
        try:
            routings.append(_read_flexible(numbers))
        except ValueError as error:
            if all(len(line) % 2 == 0 for _, line in body):
                return [[[(line[k], line[k + 1])] for k in range(0, len(line), 2)] for _, line in body]
            _refuse(at, "routing", f"is neither a line of FJSP nor pairs of machine and time: {error}")
    return routings


def _read_flexible(numbers: Sequence[int]) -> list[Pairs]:
    """One job's line of FJSP. Raises ValueError that says where it is none."""
    if numbers[0] < 1:
        raise ValueError("a job needs at least one operation")
    operations = []
    at = 1
    for operation in range(1, numbers[0] + 1):
        count = numbers[at] if at < len(numbers) else 0
        end = at + 1 + 2 * count
        if at >= len(numbers) or end > len(numbers):
            raise ValueError(f"it ends within operation {operation} of {numbers[0]}")
        if count < 1:
            raise ValueError(f"operation {operation} has no machine")
        operations.append([(numbers[k], numbers[k + 1]) for k in range(at + 1, end, 2)])
        at = end
    if at < len(numbers):
        raise ValueError(f"{len(numbers) - at} numbers follow its last operation")
    return operations


def _check_sizes(header: int, routings: Sequence[Sequence[Pairs]], bounds: Bounds) -> None:
    operations = sum(map(len, routings))
    options = sum(len(pairs) for routing in routings for pairs in routing)
    for name, count, most in (
        ("operations", operations, bounds.max_operations),
        ("machine options", options, bounds.max_options),
    ):
        if count > most:
            _refuse(header, "too_many", f"must have at most {most} {name} altogether", count)


def _check_machines(body: Sequence[Line], routings: Sequence[Sequence[Pairs]], machines: int) -> int:
    """The number of the first machine, 0 or 1, once every machine and time is in range and no machine named twice."""
    first = 0 if any(machine == 0 for routing in routings for pairs in routing for machine, _ in pairs) else 1
    last = machines - 1 + first
    for (at, _), routing in zip(body, routings, strict=True):
        for pairs in routing:
            if len({machine for machine, _ in pairs}) < len(pairs):
                _refuse(at, "duplicate", "lists a machine twice for one operation", [machine for machine, _ in pairs])
            for machine, minutes in pairs:
                if machine > last:
                    _refuse(at, "unknown_machine", f"machine numbers must lie between {first} and {last}", machine)
                if minutes > _MAX_TIME:
                    _refuse(at, "maximum", f"a time must be at most {_MAX_TIME} minutes", minutes)
    return first


def _build(routings: Sequence[Sequence[Pairs]], machines: int, first: int, start: datetime) -> Problem:
    jobs: list[Job] = []
    operations: list[Operation] = []
    for job, routing in enumerate(routings):
        base = len(operations)
        jobs.append(Job(job, f"J{job + 1}", base, len(routing)))
        for position, pairs in enumerate(routing):
            options = {machine - first: max(1, minutes * MINUTE) for machine, minutes in pairs}
            before = (base + position - 1,) if position else ()
            operations.append(Operation(base + position, job, str(position + 1), options, predecessors=before))
    shop = tuple(Machine(f"M{number}") for number in range(1, machines + 1))
    return Problem(start, shop, tuple(jobs), tuple(operations), objective=_MAKESPAN)


def _refuse(line: int, rule: str, message: str, value: object = None) -> NoReturn:
    raise InvalidProblem([Fault(f"line {line}", rule, message, "" if value is None else shown(value))])


def to_fjs(problem: Problem) -> str:
    """The problem as FJSP text in minutes, machines from 1. Raises ValueError where the text cannot say it.

    The text knows machines, times in whole minutes and chains of operations only. Due dates, weights and the objective
    are left out; anything else that would change what a valid plan is, is refused.
    """
    for what, is_used in _unspeakable(problem).items():
        if is_used:
            raise ValueError(f"FJSP text cannot state {what}")
    options = sum(len(operation.options) for operation in problem.operations)
    lines = [f"{len(problem.jobs)} {len(problem.machines)} {options / max(1, len(problem.operations)):.2f}"]
    for job in problem.jobs:
        numbers = [job.count]
        for k in job.operations:
            pairs = problem.operations[k].options
            numbers.append(len(pairs))
            for machine in sorted(pairs):
                numbers += (machine + 1, pairs[machine] // MINUTE)
        lines.append(" ".join(map(str, numbers)))
    return "\n".join(lines) + "\n"


def _unspeakable(problem: Problem) -> dict[str, bool]:
    """What FJSP text has no words for, and whether the problem uses it."""
    machines, operations = problem.machines, problem.operations
    chains = {k: (k - 1,) if k > job.first else () for job in problem.jobs for k in job.operations}
    return {
        "calendars and closures": any(m.calendar is not None or m.closed for m in machines),
        "setup times": any(m.setup_matrix is not None for m in machines),
        "capacity above 1": any(m.capacity > 1 for m in machines),
        "skills": any(o.skill is not None for o in operations),
        "windows": any(o.start_after is not None or o.end_before is not None for o in operations),
        "release dates": any(job.earliest > 0 for job in problem.jobs),
        "hard due dates": any(job.due_hard for job in problem.jobs),
        "lots": any(o.max_lots > 1 for o in operations),
        "delays": any(o.min_delay for o in operations),
        "fixed work": bool(problem.fixed),
        "predecessors other than a chain": any(o.predecessors != chains[o.number] for o in operations),
        "times that are no whole minutes": any(s % MINUTE and s != 1 for o in operations for s in o.options.values()),
    }
