"""Dispatching that looks ahead: each piece goes to the machine that completes it first, busy or not.

Without routings the pieces are taken in the rule's order (list scheduling). With routings either the piece that can
start earliest goes next, the rule breaking ties (``ect``), or one of those that could start before the earliest
possible completion on its machine (``active``, after B. Giffler and G. Thompson, "Algorithms for solving production-
scheduling problems", Operations Research 8, 1960).
"""

from __future__ import annotations

import heapq
from collections import defaultdict

import numpy as np

from models.shop.schedule import Decision
from models.shop.timeline import Placement
from workers.dispatch.probes import Probes
from workers.dispatch.rules import Scorer
from workers.dispatch.work import Piece, Work


class SerialDispatch:
    """One serial run; the probes' timeline holds the fixed work at the start and the whole plan at the end."""

    def __init__(self, work: Work, scorer: Scorer, probes: Probes) -> None:
        self.work, self.scorer, self.probes = work, scorer, probes
        self.ready = [0] * len(work.pieces)
        self.left = dict(work.waits)
        self.best: dict[int, Placement] = {}
        self.stamps = [0] * len(work.pieces)
        self.on_machine: dict[int, set[int]] = defaultdict(set)
        self.with_operator: dict[int, set[int]] = defaultdict(set)
        self.lost: set[int] = set()
        self.decisions: list[Decision] = []

    def in_order(self) -> list[Decision]:
        """Pieces in the rule's order at second zero; only for work without precedence."""
        numbers = np.arange(len(self.work.pieces))
        scores = self.scorer(0.0, numbers, np.maximum(1.0, self.work.shortest), 0.0)
        for number in np.argsort(-scores, kind="stable").tolist():
            piece = self.work.pieces[number]
            at = self.probes.timeline.ready(piece.operation)
            if at is None or piece.job in self.lost:
                continue
            self.ready[number] = at
            placement = self._first_done(piece)
            if placement is None:
                self.lost.add(piece.job)
            else:
                self._take(piece, placement)
        return self.decisions

    def earliest_start(self) -> list[Decision]:
        """Always the piece that can start first on the machine that completes it first; the rule breaks ties."""
        heap: list[tuple[int, float, int, int]] = []
        self._push([number for number in self._released(self._roots()) if number in self.best], heap)
        while heap:
            _, _, number, stamp = heapq.heappop(heap)
            if number in self.best and self.stamps[number] == stamp:
                self._push(self._advance(number, self.best[number]), heap)
        return self.decisions

    def active(self) -> list[Decision]:
        """Of the pieces that compete with the one that can be completed first, the one that the rule likes best."""
        heap: list[tuple[int, int, int]] = []
        fresh = [number for number in self._released(self._roots()) if number in self.best]
        while True:
            for number in fresh:
                heapq.heappush(heap, (self.best[number].end, number, self.stamps[number]))
            while heap and (heap[0][1] not in self.best or self.stamps[heap[0][1]] != heap[0][2]):
                heapq.heappop(heap)
            if not heap:
                return self.decisions
            end, soonest, _ = heap[0]
            first = self.best[soonest]
            rivals = sorted(n for n in self.on_machine[first.machine] if self.best[n].start < end)
            number = rivals[int(np.argmax(self._scores(rivals)))] if len(rivals) > 1 else rivals[0]
            fresh = self._advance(number, self.best[number])

    def _roots(self) -> list[int]:
        return [operation for operation, waits in self.left.items() if not waits]

    def _released(self, operations: list[int]) -> list[int]:
        """Find the best placement of every piece of operations just become ready; returns those that have one."""
        fresh = []
        for operation in operations:
            at = self.probes.timeline.ready(operation)
            for number in self.work.by_operation[operation] if at is not None else ():
                piece = self.work.pieces[number]
                self.ready[number] = at or 0
                if self._seek(piece):
                    fresh.append(number)
        return fresh

    def _seek(self, piece: Piece) -> bool:
        """Find the piece's best placement anew; a job that has none is lost."""
        self._forget(piece.number)
        placement = None if piece.job in self.lost else self._first_done(piece)
        if placement is None:
            self._lose(piece.job)
            return False
        self.best[piece.number] = placement
        self.stamps[piece.number] += 1
        self.on_machine[placement.machine].add(piece.number)
        if placement.operator is not None:
            self.with_operator[placement.operator].add(piece.number)
        return True

    def _lose(self, job: int) -> None:
        self.lost.add(job)
        for operation in self.work.problem.jobs[job].operations:
            for number in self.work.by_operation.get(operation, ()):
                self._forget(number)

    def _forget(self, number: int) -> None:
        placement = self.best.pop(number, None)
        if placement is not None:
            self.on_machine[placement.machine].discard(number)
            if placement.operator is not None:
                self.with_operator[placement.operator].discard(number)

    def _advance(self, number: int, placement: Placement) -> list[int]:
        """Place the piece; returns the pieces whose best placement is new."""
        piece = self.work.pieces[number]
        self._forget(number)
        if not self._take(piece, placement):
            self._lose(piece.job)
            return []
        touched = set(self.on_machine[placement.machine])
        if placement.operator is not None:
            touched.update(
                other
                for other in self.with_operator[placement.operator]
                if self.best[other].start < placement.end and placement.start < self.best[other].end
            )
        fresh = [other for other in sorted(touched) if other in self.best and self._seek(self.work.pieces[other])]
        ready = []
        for after in self.work.problem.successors[piece.operation]:
            if after in self.left:
                self.left[after] -= 1
                if not self.left[after]:
                    ready.append(after)
        fresh += self._released(ready)
        return [other for other in fresh if other in self.best]

    def _push(self, fresh: list[int], heap: list[tuple[int, float, int, int]]) -> None:
        if fresh:
            for number, score in zip(fresh, self._scores(fresh), strict=True):
                heapq.heappush(heap, (self.best[number].start, -score, number, self.stamps[number]))

    def _scores(self, numbers: list[int]) -> list[float]:
        placements = [self.best[number] for number in numbers]
        seconds = np.array([float(placement.seconds) for placement in placements])
        setup = np.array([float(placement.setup_seconds) for placement in placements])
        starts = np.array([float(placement.start) for placement in placements])
        scores: list[float] = self.scorer(starts, np.array(numbers), seconds, setup).tolist()
        return scores

    def _first_done(self, piece: Piece) -> Placement | None:
        return self.probes.first_done(piece, sorted(piece.options), self.ready[piece.number])

    def _take(self, piece: Piece, placement: Placement) -> bool:
        """Place the piece; False where its job has become too late for its hard due date."""
        job = self.work.problem.jobs[piece.job]
        rest = self.work.tail[piece.number] - self.work.shortest[piece.number]
        if job.due_hard and job.due is not None and placement.end + rest > job.due:
            self.lost.add(piece.job)
            return False
        self.probes.place(placement)
        self.decisions.append(
            Decision(piece.operation, placement.machine, placement.operator, placement.lot, placement.share)
        )
        return True
