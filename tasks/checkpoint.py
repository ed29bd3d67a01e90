"""Keeps a run's best plan in the database while it goes on: checked, to be read, and to go on from after a loss."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy.orm import Session

from models.shop.calendar import Calendars
from models.store import plans
from models.store.views import RunView
from models.tables.session import in_transaction
from monitoring.logs import get
from tasks.base import database
from tasks.board import to_bytes
from tasks.problems import Work
from workers.batch import Answer
from workers.conclude import PlanRefused, conclude
from workers.improve.incumbent import Incumbent
from workers.proofs import term_bounds

log = get(__name__)


def keep(
    view: RunView,
    job: Work,
    incumbent: Incumbent,
    answers: Mapping[int, Answer],
    calendars: Calendars | None = None,
) -> bool:
    """Validates the incumbent and keeps it with its result document.

    False where a newer one is kept already, or where the validator refuses it (the run then ends as ``finish`` says).
    ``calendars`` are the problem's where they were expanded before. Its bounds are those that cost little, so that the
    plan can be read early.
    """
    try:
        conclusion = conclude(
            job.problem,
            job.batches,
            answers,
            start=incumbent.decisions,
            merge=False,
            terms=term_bounds(job.problem, calendars, at_once=True),
            calendars=calendars,
            schedule_id=view.id,
            digest=view.digest,
            waited_seconds=view.age,
        )
    except PlanRefused as error:
        log.error("checkpoint_refused", version=incumbent.version, error=str(error))
        return False
    if conclusion.refused:
        return False
    document = json.dumps(conclusion.document, separators=(",", ":")).encode()
    decisions = to_bytes(incumbent.decisions)

    def store(session: Session) -> bool:
        return plans.keep(session, view.id, view.attempt, incumbent.version, decisions=decisions, result=document)

    return in_transaction(database(), store)
