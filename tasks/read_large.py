"""What ``tasks.large_reads`` asks of workers: previews of edits of large plans, and what is different between two."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from models.shop.difference import difference
from models.shop.faults import InvalidProblem
from models.store import plans, plants, runs
from models.tables.session import reading
from tasks import actuals as performances
from tasks import edit
from tasks.base import RunTask, database, explanations
from tasks.explain import once
from tasks.large_reads import ASKED
from workers.celery import app


@app.task(base=RunTask, name="nightshift.preview")  # type: ignore[untyped-decorator]
@once("preview")
def preview(run_id: str, job_id: str | None = None) -> None:
    """Looks at an edit of a run's plan. ``job_id`` is the read's name."""
    asked = _asked(run_id, job_id)
    if asked is None:
        return
    at = None if asked["at"] is None else datetime.fromisoformat(asked["at"])
    try:
        _, found = edit.look(run_id, asked["document"], at)
    except InvalidProblem as error:
        faults = {"faults": [asdict(fault) for fault in error.faults], "total": error.total}
        explanations().keep(run_id, job_id, "refused", json.dumps(faults).encode())
        return
    explanations().keep(run_id, job_id, "whole", _packed(found))


@app.task(base=RunTask, name="nightshift.compare")  # type: ignore[untyped-decorator]
@once("compare")
def compare(run_id: str, job_id: str | None = None) -> None:
    """Tells what is different in another run's plan. ``job_id`` is the read's name."""
    asked = _asked(run_id, job_id)
    if asked is None:
        return
    before, after = _plan(run_id), _plan(asked["other"])
    explanations().keep(run_id, job_id, "whole", _packed(difference(before, after, asked["tolerance"], asked["most"])))


@app.task(base=RunTask, name="nightshift.actuals")  # type: ignore[untyped-decorator]
@once("actuals")
def actuals(run_id: str, job_id: str | None = None) -> None:
    """Tells how a plan in force goes beside what its plant told. ``job_id`` is the read's name."""
    asked = _asked(run_id, job_id)
    if asked is None:
        return
    with reading(database()) as session:
        force = next(iter(plants.history(session, asked["plant"], limit=1, before=asked["number"] + 1)))
    found = performances.actuals(force, datetime.fromisoformat(asked["at"]))
    explanations().keep(run_id, job_id, "whole", _packed(found))


def _asked(run_id: str, name: str | None) -> dict[str, Any] | None:
    """What was asked; None where it was forgotten: it is asked for again."""
    kept = explanations().read(run_id, f"{name}{ASKED}")
    found: dict[str, Any] | None = None if kept is None else json.loads(kept.document)
    return found


def _plan(run_id: str) -> dict[str, Any]:
    with reading(database()) as session:
        best = runs.result(session, run_id)
        so_far = plans.document(session, run_id) if best is None else None
    found: dict[str, Any] = json.loads(best or (so_far or (0, b"null"))[1])
    return found


def _packed(found: dict[str, Any]) -> bytes:
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode()
