"""Non-delay dispatching: whenever a machine is free and open it takes the waiting piece that the rule likes best.

Of the idle eligible machines, the piece goes to the one that finishes it first. A piece that would have to wait for an
operator, for fixed work or for a longer open interval steps back for up to LOOK others that can start now; if none can,
the machine waits until the first of them can.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import numpy as np

from models.shop.calendar import Calendars
from models.shop.schedule import Decision
from models.shop.timeline import Placement
from workers.dispatch.probes import Probes
from workers.dispatch.rules import Scorer
from workers.dispatch.work import Floats, Integers, Piece, Work

LOOK = 8
"""How many pieces, in the rule's order, a machine looks at for one that can start at once."""

READY, FREE, WAKE = 0, 1, 2

TRIM = 32
"""A machine's arrays drop the pieces already placed every so many choices."""


class Queues:
    """The pieces that wait at each machine, best first; a piece waits at every machine that may run it."""

    def __init__(self, work: Work) -> None:
        self.waiting = np.zeros(len(work.pieces), bool)
        self.counts: dict[int, int] = {}

    def add(self, piece: Piece) -> None:
        """The piece is ready and waits from now on."""
        self.waiting[piece.number] = True
        for machine in piece.options:
            self.counts[machine] = self.counts.get(machine, 0) + 1

    def remove(self, piece: Piece) -> None:
        """The piece waits no longer."""
        self.waiting[piece.number] = False
        for machine in piece.options:
            self.counts[machine] -= 1

    def best(self, machine: int, now: int, family: str | None) -> Iterator[int]:
        """Waiting pieces, best first; whoever stops early leaves the others waiting."""
        raise NotImplementedError


class HeapQueues(Queues):
    """For rules whose scores stand still: a heap for each machine, cleared of placed pieces as they come up."""

    def __init__(self, work: Work, scorer: Scorer) -> None:
        super().__init__(work)
        self.heaps: dict[int, list[tuple[float, int]]] = {}
        self.work = work
        numbers = np.array([piece.number for piece in work.pieces for _ in piece.options], int)
        seconds = np.array([time for piece in work.pieces for time in piece.options.values()], float)
        self.keys = (-scorer(0.0, numbers, seconds, 0.0)).tolist()
        self.first_key = np.concatenate(([0], np.cumsum([len(piece.options) for piece in work.pieces]))).tolist()

    def add(self, piece: Piece) -> None:
        """The piece is ready and waits from now on."""
        super().add(piece)
        at = self.first_key[piece.number]
        for offset, machine in enumerate(piece.options):
            heapq.heappush(self.heaps.setdefault(machine, []), (self.keys[at + offset], piece.number))

    def best(self, machine: int, now: int, family: str | None) -> Iterator[int]:  # noqa: ARG002  scores stand still
        """Waiting pieces, best first."""
        heap = self.heaps.get(machine, [])
        seen: list[tuple[float, int]] = []
        try:
            while heap:
                entry = heapq.heappop(heap)
                if self.waiting[entry[1]]:
                    seen.append(entry)
                    yield entry[1]
        finally:
            for entry in seen:
                if self.waiting[entry[1]]:
                    heapq.heappush(heap, entry)


class ScanQueues(Queues):
    """For rules whose scores move with time or setups: every choice scores all pieces that wait at the machine."""

    def __init__(self, work: Work, scorer: Scorer) -> None:
        super().__init__(work)
        self.work, self.scorer = work, scorer
        rows: dict[int, list[tuple[int, int]]] = {}
        for piece in work.pieces:
            for machine, seconds in piece.options.items():
                rows.setdefault(machine, []).append((piece.number, seconds))
        self.eligible: dict[int, tuple[Integers, Floats]] = {}
        for machine, row in rows.items():
            table = np.array(row, int)
            self.eligible[machine] = (table[:, 0], table[:, 1].astype(float))
        self.gone = np.zeros(len(work.pieces), bool)
        self.choices: dict[int, int] = {}

    def remove(self, piece: Piece) -> None:
        """The piece waits no longer."""
        super().remove(piece)
        self.gone[piece.number] = True

    def best(self, machine: int, now: int, family: str | None) -> Iterator[int]:
        """Waiting pieces, best first."""
        numbers, seconds = self.eligible[machine]
        self.choices[machine] = self.choices.get(machine, 0) + 1
        if self.choices[machine] % TRIM == 0:
            keep = ~self.gone[numbers]
            self.eligible[machine] = numbers, seconds = numbers[keep], seconds[keep]
        here = self.waiting[numbers]
        numbers, seconds = numbers[here], seconds[here]
        setups = self.work.setups(machine, family)
        scores = self.scorer(now, numbers, seconds, 0.0 if setups is None else setups[self.work.family[numbers]])
        for _ in range(len(numbers)):
            at = int(np.argmax(scores))
            scores[at] = -np.inf
            yield int(numbers[at])


class EventDispatch:
    """One non-delay run; the probes' timeline holds the fixed work at the start and the whole plan at the end."""

    def __init__(self, work: Work, queues: Queues, probes: Probes, calendars: Calendars) -> None:
        self.work, self.queues, self.probes = work, queues, probes
        self.calendars = calendars
        machines = work.problem.machines
        self.slots = [machine.capacity for machine in machines]
        self.wake = [0] * len(machines)
        self.family = [machine.initial_family for machine in machines]
        self.ready = [0] * len(work.pieces)
        self.left = dict(work.waits)
        self.lost: set[int] = set()
        self.events: list[tuple[int, int, int]] = []
        self.decisions: list[Decision] = []

    def run(self) -> list[Decision]:
        """The decisions in the order they were taken; jobs that could not be placed break off."""
        for operation, waits in self.left.items():
            if not waits:
                self._release(operation)
        while self.events:
            now = self.events[0][0]
            look: set[int] = set()
            while self.events and self.events[0][0] == now:
                _, kind, number = heapq.heappop(self.events)
                if kind == READY:
                    self._arrive(number, look)
                else:
                    self.slots[number] += kind == FREE
                    look.add(number)
            for machine in sorted(look, key=lambda m: (self.queues.counts.get(m, 0), m)):
                while self.queues.counts.get(machine) and self._serve(machine, now):
                    pass
        return self.decisions

    def _release(self, operation: int) -> None:
        at = self.probes.timeline.ready(operation)
        if at is None:
            return
        for number in self.work.by_operation[operation]:
            self.ready[number] = at
            heapq.heappush(self.events, (max(0, at), READY, number))

    def _arrive(self, number: int, look: set[int]) -> None:
        self.probes.clock.tick()
        piece = self.work.pieces[number]
        if piece.job in self.lost:
            return
        self.queues.add(piece)
        look.update(machine for machine in piece.options if self.slots[machine])

    def _serve(self, machine: int, now: int) -> bool:
        """Let the machine start one piece now, if it can; otherwise it is woken when something changes."""
        if not self.slots[machine] or not self._open(machine, now):
            return False
        later: int | None = None
        looked = 0
        for number in self.queues.best(machine, now, self.family[machine]):
            piece = self.work.pieces[number]
            placement = self._quickest(piece, now)
            if placement is None:
                continue
            begins = placement.start if placement.setup_start is None else placement.setup_start
            if begins <= now:
                self._take(piece, placement)
                return True
            later = begins if later is None else min(later, begins)
            looked += 1
            if looked == LOOK:
                break
        if later is not None and later != self.wake[machine]:
            self.wake[machine] = later
            heapq.heappush(self.events, (later, WAKE, machine))
        return False

    def _open(self, machine: int, now: int) -> bool:
        """Whether the machine is open; if not it is woken when it opens."""
        calendar = self.calendars.machine(machine)
        if calendar.always:
            return True
        opens = calendar.next_open(now)
        if opens == now:
            return True
        if opens is not None and opens != self.wake[machine]:
            self.wake[machine] = opens
            heapq.heappush(self.events, (opens, WAKE, machine))
        return False

    def _quickest(self, piece: Piece, now: int) -> Placement | None:
        """The placement that ends first over the idle open machines that may run the piece.

        A piece that will never fit on any machine loses its job.
        """
        idle = [machine for machine in piece.options if self.slots[machine] and self._open(machine, now)]
        ready = self.ready[piece.number]
        placement = self.probes.first_done(piece, idle, ready)
        if placement is None and all(self.probes.probe(piece, machine, ready) is None for machine in piece.options):
            self._lose(piece)
        return placement

    def _lose(self, piece: Piece) -> None:
        self.lost.add(piece.job)
        for operation in self.work.problem.jobs[piece.job].operations:
            for number in self.work.by_operation.get(operation, ()):
                if self.queues.waiting[number]:
                    self.queues.remove(self.work.pieces[number])

    def _take(self, piece: Piece, placement: Placement) -> None:
        job = self.work.problem.jobs[piece.job]
        rest = self.work.tail[piece.number] - self.work.shortest[piece.number]
        if job.due_hard and job.due is not None and placement.end + rest > job.due:
            self._lose(piece)
            return
        self.queues.remove(piece)
        self.probes.place(placement)
        machine = placement.machine
        self.slots[machine] -= 1
        self.family[machine] = piece.family
        heapq.heappush(self.events, (placement.end, FREE, machine))
        self.decisions.append(Decision(piece.operation, machine, placement.operator, placement.lot, placement.share))
        for after in self.work.problem.successors[piece.operation]:
            if after in self.left:
                self.left[after] -= 1
                if not self.left[after]:
                    self._release(after)
