"""Which runs there are, newest first, in pages that stay true while runs are added."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from models.store.run_views import run_columns, view
from models.store.views import RunView, State
from models.tables import Run


class Position(NamedTuple):
    """Where a page ended: the moment at which its last run was made, and that run's id."""

    created_at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class RunFilter:
    """What runs to list; a field that is None, or no state at all, keeps every run.

    ``created_after`` is included, ``created_before`` is not; both need an offset.
    """

    states: frozenset[State] = frozenset()
    plant: str | None = None
    request_id: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


EVERY_RUN = RunFilter()


def page(
    session: Session, wanted: RunFilter = EVERY_RUN, *, limit: int, after: Position | None = None
) -> list[RunView]:
    """Up to ``limit`` runs, newest first, those at or before ``after`` on earlier pages left out.

    Each state is asked for by itself and the answers are merged: so every question is a walk along one index.
    """
    states: list[State | None] = [*sorted(wanted.states)] or [None]
    queries = [page_query(wanted, state, limit=limit, after=after) for state in states]
    answers = [[view(row) for row in session.execute(query)] for query in queries]
    return list(islice(heapq.merge(*answers, key=_place, reverse=True), limit))


def page_query(wanted: RunFilter, state: State | None, *, limit: int, after: Position | None) -> Select[Any]:
    """The question behind ``page`` for one state, or for all."""
    query = select(*run_columns()).order_by(Run.created_at.desc(), Run.id.desc()).limit(limit)
    return query.where(*_conditions(wanted, state, after))


def _conditions(wanted: RunFilter, state: State | None, after: Position | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if state is not None:
        conditions.append(Run.state == state)
    if wanted.plant is not None:
        conditions.append(Run.plant == wanted.plant)
    if wanted.request_id is not None:
        conditions.append(Run.request_id == wanted.request_id)
    if wanted.created_after is not None:
        conditions.append(Run.created_at >= wanted.created_after)
    if wanted.created_before is not None:
        conditions.append(Run.created_at < wanted.created_before)
    if after is not None:
        # not a comparison of pairs: MariaDB walks no index for those
        conditions.append(Run.created_at <= after.created_at)
        conditions.append((Run.created_at < after.created_at) | (Run.id < after.id))
    return conditions


def _place(run: RunView) -> tuple[datetime, str]:
    return run.created_at, run.id
