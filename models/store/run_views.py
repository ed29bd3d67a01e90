"""From rows of ``runs`` to ``RunView``, with ages reckoned by the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, inspect

from models.store.views import RunView
from models.tables import Run
from models.tables.clock import seconds_between, utcnow


def run_columns() -> list[ColumnElement[Any]]:
    """What to select for ``view``."""
    ages = (
        seconds_between(Run.created_at, utcnow()).label("age"),
        seconds_between(Run.heartbeat_at, utcnow()).label("heartbeat_age"),
        seconds_between(utcnow(), Run.deadline_at).label("seconds_left"),
    )
    return [*inspect(Run).columns, *ages]


def view(row: Row[Any]) -> RunView:
    """The value of one row selected with ``run_columns``."""
    return RunView(**row._mapping)
