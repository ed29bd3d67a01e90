"""Works out the problem of a run that was accepted without one: a command on a large plan, see ``tasks.deferred``."""

from __future__ import annotations

from sqlalchemy.orm import Session

from models.shop.faults import MAX_FAULTS, InvalidProblem
from models.store import audit, origins, runs
from models.store.origins import Origin
from models.store.views import RunView
from models.tables.session import in_transaction, reading
from monitoring.logs import get
from tasks import edit, scenarios
from tasks.base import database
from tasks.commands import send
from tasks.deferred import COMMAND
from tasks.disrupt import Disrupt
from tasks.give import NoPlan, UnknownRun
from tasks.planned import Child, planned

log = get(__name__)


def work_out(view: RunView) -> RunView | None:
    """The run with its problem; None where the command is refused, which ends the run, or another worker was first.

    A refused command is no failure of ours: its run has state ``failed`` and says which field breaks which rule.
    """
    with reading(database()) as session:
        origin = origins.of(session, view.id)
    if origin is None or COMMAND not in origin.detail:
        return None  # another worker was first
    if view.cancel_requested:
        in_transaction(
            database(), lambda session: runs.finish(session, view.id, view.attempt, state="cancelled", result=None)
        )
        return None
    try:
        own, *others = _children(origin)
    except InvalidProblem as error:
        _refuse(view, error)
        return None
    except (UnknownRun, NoPlan):
        gone = {"type": "about:blank", "title": "The plan is gone", "detail": f"{origin.parent_id} was deleted."}
        in_transaction(database(), lambda session: runs.fail(session, view.id, view.attempt, gone))
        return None

    def store(session: Session) -> list[str] | None:
        if not own.fill(session, view.id, view.attempt):
            return None
        return [child.add(session, key_id=view.key_id, actor=view.key_id or audit.SYSTEM) for child in others]

    added = in_transaction(database(), store)
    if added is None:
        return None
    log.info("worked_out", run_id=view.id, kind=origin.kind, others=len(added))
    for run_id in added:
        send("plan", run_id, 1)
    with reading(database()) as session:
        return runs.get(session, view.id)


def _children(origin: Origin) -> list[Child]:
    plan, command = planned(origin.parent_id), origin.detail[COMMAND]
    if origin.kind == "disruption":
        return [Disrupt.of(origin.parent_id, command).child(plan)]
    if origin.kind == "edit":
        return [edit.stored(origin.parent_id, command, plan)]
    return scenarios.stored(origin, plan)


def _refuse(view: RunView, refused: InvalidProblem) -> None:
    count = "1 error" if refused.total == 1 else f"{refused.total} errors"
    error = {
        "type": "urn:nightshift:error:invalid-problem",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": f"The command has {count} and was not done. First: {refused}."[:1000],
        "errors": [
            {"field": fault.field, "rule": fault.rule, "message": fault.message, "value": fault.value}
            for fault in refused.faults[:MAX_FAULTS]
        ],
        "total_errors": refused.total,
    }
    in_transaction(database(), lambda session: runs.fail(session, view.id, view.attempt, error))
    log.info("command_refused", run_id=view.id, detail=error["detail"])
