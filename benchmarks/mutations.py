"""Sound problem documents and ways to break them, the same for the same seed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from models.shop.generate import factory

Path = tuple[str | int, ...]

ODD: tuple[Any, ...] = (
    None,
    True,
    "",
    "x",
    "x" * 5000,
    "nul\x00",
    "\ud800",
    "\u202e",
    "2026-02-30T25:00:00Z",
    "0001-01-01T00:00:00Z",
    "24:00",
    -1,
    0,
    -0.0,
    1e-320,
    0.1,
    1e308,
    -1e308,
    float("nan"),
    float("inf"),
    2**63,
    10**400,
    [],
    {},
    [[]],
    [None],
    {"": None},
    {"makespan": 1e999},
)


def sources() -> list[dict[str, Any]]:
    """Documents that together use every part of the form."""
    full: dict[str, Any] = factory(jobs=6, machines=4, setups=True, routings=True, calendars=True, operators=True)
    job, machine = full["jobs"][0], full["machines"][0]["machine_id"]
    operation = job["operations"][0]["operation_id"] if "operations" in job else "1"
    row = {"job_id": job["job_id"], "operation_id": operation, "machine_id": machine}
    row["start_time"] = full["schedule_start"]
    stated = copy.deepcopy(full) | {"fixed": [row | {"remaining_time": 1}], "reference": [row]}
    stated["objective"] = [{"makespan": 1, "changes": 2}, "total_tardiness"]
    return [factory(jobs=5, machines=3), full, stated]


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of everything in a document but itself."""
    parts: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield (*path, name)
        yield from paths(part, (*path, name))


def broken(source: dict[str, Any], random: Random) -> dict[str, Any]:
    """A copy of a document with one to three things changed."""
    document = copy.deepcopy(source)
    for _ in range(random.choice((1, 1, 2, 3))):
        found = list(paths(document))
        if found:
            random.choice(WAYS)(document, random.choice(found), random)
    return document


def _holder(document: Any, path: Path) -> Any:
    for name in path[:-1]:
        document = document[name]
    return document


def _drop(document: Any, path: Path, _: Random) -> None:
    del _holder(document, path)[path[-1]]


def _retype(document: Any, path: Path, random: Random) -> None:
    _holder(document, path)[path[-1]] = copy.deepcopy(random.choice(ODD))


def _rename(document: Any, path: Path, random: Random) -> None:
    holder = _holder(document, path)
    if isinstance(holder, dict):
        holder[random.choice(("colour", "", "a" * 300, str(path[-1]).upper()))] = holder.pop(path[-1])


def _double(document: Any, path: Path, _: Random) -> None:
    holder = _holder(document, path)
    if isinstance(holder, list):
        holder.insert(int(path[-1]), copy.deepcopy(holder[int(path[-1])]))


def _swap(document: Any, path: Path, random: Random) -> None:
    """Puts another part of the document here: names of the wrong kind, cycles of predecessors, nested forms."""
    other = random.choice(list(paths(document)))
    _holder(document, path)[path[-1]] = copy.deepcopy(_holder(document, other)[other[-1]])


def _bury(document: Any, path: Path, random: Random) -> None:
    value: Any = _holder(document, path)[path[-1]]
    for _ in range(random.choice((1, 25, 300))):
        value = [value] if random.random() < 0.5 else {"jobs": value}
    _holder(document, path)[path[-1]] = value


def _refer(document: Any, _: Path, random: Random) -> None:
    """Makes an operation wait for any operation of its job: itself, a later one, one that is not there."""
    jobs = [j for j in _list(document.get("jobs")) if isinstance(j, dict) and _list(j.get("operations"))]
    operations = [o for o in _list(random.choice(jobs)["operations"]) if isinstance(o, dict)] if jobs else []
    if operations:
        ids = [operation.get("operation_id") for operation in operations] + ["nobody"]
        random.choice(operations)["predecessors"] = [random.choice(ids) for _ in range(random.randint(1, 3))]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


WAYS: tuple[Callable[[Any, Path, Random], None], ...] = (
    _drop,
    _retype,
    _retype,
    _rename,
    _double,
    _swap,
    _bury,
    _refer,
)
