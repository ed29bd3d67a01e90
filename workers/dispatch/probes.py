"""Asking the timeline where pieces would run, without asking twice what cannot have changed."""

from __future__ import annotations

from collections.abc import Sequence

from models.shop.calendar import Calendars
from models.shop.problem import MAX_SECONDS
from models.shop.timeline import Placement, Timeline
from workers.dispatch.patience import Clock
from workers.dispatch.work import Piece, Work

NEVER = 2 * MAX_SECONDS
"""Ends later than any plan."""


class Probes:
    """A timeline being filled, and the placements it gave for pieces on machines.

    A placement stays exact until its machine or its operator takes something else. After that its end is still taken
    for a lower bound, since a shop that fills up makes nothing earlier (but for setups, where it may miss a little).
    """

    def __init__(self, work: Work, timeline: Timeline, calendars: Calendars, clock: Clock) -> None:
        """``clock`` ticks with every question to the timeline."""
        machines = work.problem.machines
        self.timeline = timeline
        self.clock = clock
        self._open = [calendars.machine(machine) for machine in range(len(machines))]
        self._single = [machine.capacity == 1 for machine in machines]
        self._free = [0] * len(machines)
        self._machine_changes = [0] * len(machines)
        self._operator_changes = [0] * len(work.problem.operators)
        self._known: dict[tuple[int, int], tuple[Placement | None, int, int]] = {}
        self._bounds: dict[int, dict[int, int]] = {}

    def place(self, placement: Placement) -> None:
        """Append a placement that is exact."""
        self.timeline.place(placement)
        self._free[placement.machine] = placement.end
        self._machine_changes[placement.machine] += 1
        if placement.operator is not None:
            self._operator_changes[placement.operator] += 1

    def probe(self, piece: Piece, machine: int, ready: int) -> Placement | None:
        """Where the piece would run on the machine; None where it never can."""
        key = (piece.number, machine)
        known = self._known.get(key)
        named: int | None = None
        if known is not None:
            placement, machine_changes, operator_changes = known
            if placement is None:
                return None
            if machine_changes == self._machine_changes[machine]:
                named = placement.operator
                if named is None or operator_changes == self._operator_changes[named]:
                    return placement
        found = self._ask(piece, machine, named, ready)
        if named is not None and known is not None and found != known[0]:
            # the operator is no longer free then, so that others may be better
            found = self._ask(piece, machine, None, ready)
        changes = 0 if found is None or found.operator is None else self._operator_changes[found.operator]
        self._known[key] = (found, self._machine_changes[machine], changes)
        return found

    def first_done(self, piece: Piece, machines: Sequence[int], ready: int) -> Placement | None:
        """The placement that ends first over ``machines``; of equals the one on the machine named first."""
        bounds = self._bounds.get(piece.number)
        if bounds is None:
            bounds = self._bounds[piece.number] = {m: self._soonest(piece, m, ready) for m in piece.options}
        while machines:
            machine = min(machines, key=bounds.__getitem__)
            if bounds[machine] == NEVER:
                break
            placement = self.probe(piece, machine, ready)
            end = NEVER if placement is None else placement.end
            if end <= bounds[machine]:
                return placement
            bounds[machine] = end
        return None

    def _ask(self, piece: Piece, machine: int, operator: int | None, ready: int) -> Placement | None:
        self.clock.tick()
        return self.timeline.probe(piece.operation, machine, operator, lot=piece.lot, share=piece.share, ready=ready)

    def _soonest(self, piece: Piece, machine: int, ready: int) -> int:
        """The end that the machine alone allows now."""
        start = max(self._free[machine], ready) if self._single[machine] else ready
        seconds = piece.options[machine]
        opened = self._open[machine]
        return start + seconds if opened.always else opened.finish(start, seconds) or NEVER
