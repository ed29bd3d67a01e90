"""How a replan is made: what stays, how much may move, how long it may search, and who puts it in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from models.shop.reading.bounds import MAX_WEIGHT
from models.shop.reading.options import read_objective
from models.shop.reading.row import Faults, Row

MAX_FROZEN_HOURS = 10_000
MAX_MOVES = 1_000_000
ACCEPTING = ("rule", "person")


@dataclass(frozen=True, slots=True)
class ReplanOptions:
    """How a replan is made.

    ``seconds``: the whole solving budget. ``frozen_hours``: work of the plan in force that starts within them stays
    where it is. ``max_moves``: the churn budget, how many operations may be moved at most (docs/problem.md, changes);
    None sets none. ``move_price``: hours (or counts) of the first objective level that a move costs; with a budget the
    first price that is tried. ``accept``: ``rule`` puts a plan in force that is no worse than going on as planned and
    within the budget, ``person`` leaves it to people. ``ingest``: take a snapshot first; else the last one is planned
    from. ``objective``: as in a problem; None keeps that of the plan in force.
    """

    seconds: float = 60.0
    frozen_hours: float = 0.0
    max_moves: int | None = None
    move_price: float = 0.001
    accept: Literal["rule", "person"] = "rule"
    ingest: bool = True
    objective: Any = None

    def document(self) -> dict[str, Any]:
        """The options as JSON."""
        return asdict(self)


def from_document(document: Mapping[str, Any], most_seconds: float, path: str = "options") -> ReplanOptions:
    """The options that a document states; what it leaves out is at its default. Raises InvalidProblem."""
    faults = Faults()
    known = frozenset(field.name for field in fields(ReplanOptions))
    row = Row.of(faults, path, dict(document), known)
    assert row is not None
    default = ReplanOptions()
    seconds = row.number("seconds", 0.1, most_seconds)
    frozen = row.number("frozen_hours", 0, MAX_FROZEN_HOURS)
    price = row.number("move_price", 0, MAX_WEIGHT)
    accept = row.fields.get("accept") or default.accept
    if accept not in ACCEPTING:
        row.fault("accept", "choice", f"must be one of {', '.join(ACCEPTING)}", accept)
    if row.has("objective"):
        read_objective(row)
    found = ReplanOptions(
        seconds=default.seconds if seconds is None else float(seconds),
        frozen_hours=default.frozen_hours if frozen is None else float(frozen),
        max_moves=row.integer("max_moves", 0, MAX_MOVES),
        move_price=default.move_price if price is None else float(price),
        accept=accept if accept == "person" else "rule",
        ingest=row.flag("ingest", default.ingest),
        objective=row.fields.get("objective"),
    )
    faults.check()
    return found
