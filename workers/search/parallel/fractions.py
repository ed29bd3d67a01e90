"""The assignment LP's own plan: operations spread over machines, of which few are on more than one."""

from __future__ import annotations

from collections.abc import Sequence

from models.shop.problem import WHOLE_SHARE, Operation

MOST_OPTIONS = 60_000
"""More (operation, machine) pairs than this take the LP too long."""


def spread(operations: Sequence[Operation], seconds: float) -> dict[int, dict[int, int]] | None:
    """Operation number -> machine -> share in millionths, with the least greatest load (J. Lenstra, D. Shmoys, E.
    Tardos, Mathematical Programming 46, 1990).

    What may not be cut is put whole on the machine with the greatest share, and cut operations keep no lot that is too
    short and no more than they may have: loads come out somewhat above the LP's. None within ``seconds`` or for more
    than MOST_OPTIONS.
    """
    if sum(len(operation.options) for operation in operations) > MOST_OPTIONS:
        return None
    from ortools.linear_solver import pywraplp  # noqa: PLC0415  only what cuts operations loads the solver

    solver = pywraplp.Solver.CreateSolver("GLOP")
    solver.SetTimeLimit(max(1, int(seconds * 1000)))
    top = solver.NumVar(0, solver.infinity(), "")
    loads: dict[int, pywraplp.Constraint] = {}
    parts = []
    for operation in operations:
        whole = solver.Constraint(1, 1)
        row = {}
        for machine, time in operation.options.items():
            if machine not in loads:
                loads[machine] = solver.Constraint(-solver.infinity(), 0)
                loads[machine].SetCoefficient(top, -1)
            row[machine] = solver.NumVar(0, 1, "")
            whole.SetCoefficient(row[machine], 1)
            loads[machine].SetCoefficient(row[machine], time)
        parts.append(row)
    solver.Minimize(top)
    if solver.Solve() != pywraplp.Solver.OPTIMAL:
        return None
    return {
        operation.number: _rounded(operation, {machine: x.solution_value() for machine, x in row.items()})
        for operation, row in zip(operations, parts, strict=True)
    }


def _rounded(operation: Operation, parts: dict[int, float]) -> dict[int, int]:
    """Whole millionths that sum to one: the greatest parts that are long enough, as many as there may be."""
    greatest = sorted(parts, key=lambda machine: (-parts[machine], machine))
    kept = [m for m in greatest if parts[m] * operation.options[m] > operation.min_lot][: operation.max_lots]
    if len(kept) < 2:
        return {greatest[0]: WHOLE_SHARE}
    total = sum(parts[machine] for machine in kept)
    shares = {machine: int(parts[machine] / total * WHOLE_SHARE) for machine in kept}
    shares[kept[0]] += WHOLE_SHARE - sum(shares.values())
    return shares
