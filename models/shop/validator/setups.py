"""The rule of setups: open machine time between consecutive operations, as late as possible before each start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from models.shop.problem import Problem
from models.shop.schedule import Assignment
from models.shop.validator.facts import Facts
from models.shop.validator.intervals import Intervals, clip, length


@dataclass(frozen=True, slots=True)
class Setup:
    """The setup that a machine needs before ``work``: ``seconds`` of the open time ``room`` after ``previous``.

    ``previous`` is None where nothing but the initial family precedes; ``free`` is the second that the machine is free.
    """

    work: Assignment
    previous: Assignment | None
    seconds: int
    free: int
    room: Intervals

    @property
    def fits(self) -> bool:
        """Whether there is room for it."""
        return self.seconds <= length(self.room)


def setups(facts: Facts) -> Iterator[Setup]:
    """The setup before every piece of work that is not completed; of 0 seconds where none is needed.

    On a machine without setups, of work alone that states one.
    A machine's family is followed from second zero; where fixed work overlaps, the last to end leaves its family.
    """
    for machine, row in enumerate(facts.on_machines()):
        if facts.problem.machines[machine].setup_matrix is None:
            yield from (Setup(a, None, 0, 0, []) for a in row if a.setup_start is not None or a.setup_seconds)
            continue
        family, previous = _state_at_zero(facts, machine)
        free = 0
        open_time = facts.open_times.machine(machine)
        for a in row:
            own = facts.operation(a).family_id
            began = a.start <= 0 and facts.work(a) is not None
            seconds = 0 if began else setup_seconds(facts.problem, machine, family, own)
            yield Setup(a, previous, seconds, free, clip(open_time, free, a.start) if seconds else [])
            if a.end >= free:
                family, previous, free = own, a, a.end


def setup_seconds(problem: Problem, machine: int, before: str | None, after: str | None) -> int:
    """Seconds of setup by the machine's matrix: as listed, else nothing within a family, else the default."""
    name = problem.machines[machine].setup_matrix
    if name is None or before is None or after is None:
        return 0
    matrix = problem.setup_matrices[name]
    return matrix.changes.get((before, after), 0 if before == after else matrix.default)


def check_setups(facts: Facts) -> None:
    """Every setup that a machine's matrix asks for is there, as late as possible, and none else."""
    for setup in setups(facts):
        if setup.fits:
            _check_stated(facts, setup)
        else:
            _report_missing(facts, setup)


def _state_at_zero(facts: Facts, machine: int) -> tuple[str | None, Assignment | None]:
    """The family that the machine is set up for at second zero, and the completed work that left it so."""
    given = facts.problem.machines[machine].initial_family
    if given is not None:
        return given, None
    last = facts.last_completed.get(machine)
    if last is None:
        return None, None
    return facts.operation(last).family_id, last


def _report_missing(facts: Facts, setup: Setup) -> None:
    """Between overlapping fixed work no setup has room: the overlap must be listed, the setup may be."""
    a, previous = setup.work, setup.previous
    involved = (a,) if previous is None else (previous, a)
    overlapping = a.start < setup.free and all(facts.work(other) is not None for other in involved)
    after = f"{facts.name(previous)} ends" if previous is not None else "second zero"
    detail = (
        f"{facts.name(a)} starts at {a.start} s, too early for {setup.seconds} s of setup on {facts.machine_name(a)} "
        f"after {after}, free from {setup.free} s."
    )
    facts.ledger.report("setup", detail, *involved, optional=overlapping)


def _check_stated(facts: Facts, setup: Setup) -> None:
    """The stated start is the right one. The stated seconds may be left out, as a result's form does."""
    a = setup.work
    start = latest_start(setup.room, setup.seconds)
    if a.setup_start != start or a.setup_seconds not in (0, setup.seconds):
        detail = (
            f"{facts.name(a)} states a setup of {a.setup_seconds} s from {a.setup_start} s, "
            f"it is {setup.seconds} s from {start} s on {facts.machine_name(a)}."
        )
        facts.ledger.report("setup", detail)


def latest_start(room: Intervals, seconds: int) -> int | None:
    """The latest second from which ``seconds`` of the open time ``room`` remain; None for no setup."""
    left = seconds
    for start, end in reversed(room):
        if end - start >= left:
            return end - left
        left -= end - start
    return None
