"""Small problems for the tests of workers."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from models.shop.problem import (
    Calendar,
    FixedWork,
    Job,
    Level,
    Machine,
    Operation,
    Operator,
    Problem,
    SetupMatrix,
    Span,
)

START = datetime(2026, 1, 5, tzinfo=UTC)
HOUR = 3600

Row = Mapping[str, object]


def shop(
    machines: int | Sequence[Machine],
    jobs: Sequence[Row],
    *,
    objective: Sequence[Level] = ({"weighted_tardiness": 1000}, {"makespan": 1000}),
    **fields: object,
) -> Problem:
    """A problem from jobs given as dictionaries of ``Job`` fields, with ``operations`` as dictionaries of ``Operation``
    fields.

    An operation without ``predecessors`` follows the one before it.
    """
    if isinstance(machines, int):
        machines = [Machine(f"M{number}") for number in range(machines)]
    operations: list[Operation] = []
    rows: list[Job] = []
    for index, row in enumerate(jobs):
        first = len(operations)
        own = dict(row)
        for place, operation in enumerate(own.pop("operations")):  # type: ignore[call-overload]
            number = first + place
            chain = {"predecessors": (number - 1,)} if place else {}
            operations.append(Operation(number, index, str(place + 1), **(chain | operation)))
        rows.append(Job(index, f"J{index}", first, len(operations) - first, **own))  # type: ignore[arg-type]
    return Problem(
        start=START,
        machines=tuple(machines),
        jobs=tuple(rows),
        operations=tuple(operations),
        objective=tuple(objective),
        **fields,  # type: ignore[arg-type]
    )


def job(*options: Mapping[int, int], **fields: object) -> Row:
    """A job with one operation for each mapping of machine to seconds."""
    return {"operations": [{"options": dict(option)} for option in options], **fields}


def random_shop(seed: int, *, jobs: int = 4, machines: int = 3, **fields: object) -> Problem:
    """A shop with whatever the seed brings: routings, releases, due dates, closures, setups, operators, fixed work."""
    draw = random.Random(seed)
    matrix = SetupMatrix("S", 2, {("a", "b"): 3, ("b", "a"): 1})
    made_machines = [
        Machine(
            f"M{m}",
            calendar="shift" if draw.random() < 0.3 else None,
            closed=(Span(at := draw.randrange(10), at + 5),) if draw.random() < 0.3 else (),
            setup_matrix=(mapped := "S" if draw.random() < 0.4 else None),
            initial_family="a" if mapped and draw.random() < 0.5 else None,
            capacity=1 if mapped or draw.random() < 0.8 else 2,
        )
        for m in range(machines)
    ]
    rows: list[Row] = []
    for _ in range(jobs):
        operations = [
            {
                "options": {m: draw.randint(1, 12) for m in draw.sample(range(machines), draw.randint(1, machines))},
                "family_id": draw.choice(["a", "b", None]),
                "skill": "weld" if draw.random() < 0.25 else None,
                "interruptible": draw.random() < 0.7,
                "min_delay": draw.choice([0, 0, 3]),
            }
            for _ in range(draw.choice([1, 1, 2, 3]))
        ]
        release = draw.choice([None, 0, 4])
        rows.append(
            {
                "operations": operations,
                "weight": draw.choice([1000, 2500, 6000]),
                "release": release,
                "earliest": release or 0,
                "due": draw.choice([None, 5, 12, 20]),
                "due_hard": draw.random() < 0.1,
            }
        )
    shift = Calendar("shift", closed=(Span(6, 9), Span(15, 20)))
    fixed = (FixedWork(0, min(rows[0]["operations"][0]["options"]), draw.randrange(8)),)  # type: ignore[index]
    return shop(
        made_machines,
        rows,
        calendars={"shift": shift},
        operators=(Operator("W0", {"weld": 1}), Operator("W1", {"weld": 2}, absent=(Span(0, 7),))),
        setup_matrices={"S": matrix},
        fixed=fixed if draw.random() < 0.2 else (),
        **fields,
    )
