"""The order of a job's operations: a chain as listed, or the stated predecessors without cycles."""

from __future__ import annotations

from collections.abc import Sequence

from models.shop.reading.row import Row

_MAX_NAMED = 20
"""A cycle's fault names this many operations at most."""


def read_predecessors(rows: Sequence[Row], ids: Sequence[str | None], job: Row) -> list[tuple[int, ...]]:
    """Direct predecessors of each operation of one job, as positions in ``rows``.

    Where no operation has the field ``predecessors`` (an empty list counts, null does not) they form a chain as listed.
    """
    if not any(row.has("predecessors") for row in rows):
        return [(position - 1,) if position else () for position in range(len(rows))]
    positions = {operation_id: position for position, operation_id in enumerate(ids) if operation_id is not None}
    before = [_read_one(row, positions) for row in rows]
    if any(place >= position for position, places in enumerate(before) for place in places):
        cycle = _find_cycle(before)
        if cycle:
            path = [str(ids[position]) for position in (*cycle, cycle[0])]
            middle = path if len(path) <= _MAX_NAMED else [*path[: _MAX_NAMED - 1], "…", path[-1]]
            job.fault("operations", "cycle", "the predecessors form a cycle, each after the next", " -> ".join(middle))
    return before


def _read_one(row: Row, positions: dict[str, int]) -> tuple[int, ...]:
    places: dict[int, None] = {}
    for number, operation_id in enumerate(row.items("predecessors", len(positions) + 1)):
        name = f"predecessors[{number}]"
        if not isinstance(operation_id, str):
            row.fault(name, "type", "must be an operation_id as a string", operation_id)
        elif operation_id not in positions:
            row.fault(name, "unknown_predecessor", "names no operation of this job", operation_id)
        else:
            places[positions[operation_id]] = None
    return tuple(places)


def _find_cycle(before: Sequence[tuple[int, ...]]) -> list[int]:
    """Positions of one cycle, each a successor of the next; empty where there is none. Kahn (1962), then a walk."""
    waiting = [len(places) for places in before]
    after: list[list[int]] = [[] for _ in before]
    for position, places in enumerate(before):
        for place in places:
            after[place].append(position)
    free = [position for position, count in enumerate(waiting) if count == 0]
    while free:
        for position in after[free.pop()]:
            waiting[position] -= 1
            if waiting[position] == 0:
                free.append(position)
    stuck = next((position for position, count in enumerate(waiting) if count), None)
    if stuck is None:
        return []
    walk: dict[int, int] = {}
    while stuck not in walk:
        walk[stuck] = len(walk)
        stuck = next(place for place in before[stuck] if waiting[place])
    return list(walk)[walk[stuck] :]
