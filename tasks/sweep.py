"""Finds runs that nobody works on and sends them on their way: lost messages, dead workers, a wiped Redis.

The database says which runs have had no heartbeat for a while or are past their time; Redis, if it still knows the run,
says why. A run whose messages wait in a queue only waits for its turn, however long: it is left alone.
"""

from __future__ import annotations

from models.celery_queue import Message
from models.inflight import BatchState, Inflight
from models.settings import settings
from models.store import runs
from models.store.neglect import neglected
from models.store.views import RunView
from models.tables.session import in_transaction, reading
from monitoring import metrics
from monitoring.logs import get
from tasks import watch
from tasks.away import SERVER_ERRORS
from tasks.base import RunTask, database, inflight
from tasks.commands import send
from tasks.finish import overdue
from tasks.health import held
from tasks.plan import send_batches
from tasks.recovery import restart
from workers.celery import QUEUES, app

log = get(__name__)

STALE_SECONDS = 10.0
"""Without a heartbeat for this long a run is looked at; workers beat every two seconds."""

SLACK_SECONDS = 3.0
"""Improvers have this long after the end of a run's time to end by themselves."""


@app.task(base=RunTask, name="nightshift.sweep")  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Looks at every neglected run once. Two sweeps at once do no harm: each step is fenced or safe to repeat."""
    time_over = settings().hard_limit_seconds - SLACK_SECONDS
    with reading(database()) as session:
        found = neglected(session, older_than=STALE_SECONDS, improved_until=time_over)
    if not found:
        return
    scratch = inflight()
    waiting = {message for queue in QUEUES for message in scratch.waiting(queue)}
    for view in found:
        try:
            step = _look(view, scratch, waiting)
        except SERVER_ERRORS:
            raise
        except Exception as error:  # one broken run must not keep the sweep from the others
            log.exception("sweep_failed", run_id=view.id)
            restart(view, f"{type(error).__name__}: {error}")
        else:
            metrics.SWEPT.labels(step.replace(" ", "_")).inc()
            log.info("swept", run_id=view.id, step=step)


def _look(view: RunView, scratch: Inflight, waiting: set[Message]) -> str:
    if view.state == "queued" and held():
        _touch(view)
        return "held"
    if view.state == "queued":
        return _send_on(view, waiting, "plan", "planned again")
    if view.first_plan:
        return _send_on(view, waiting, "finish", "finished with its first plan")
    if view.state == "improving":
        return _look_improving(view, scratch, waiting)
    return _look_solving(view, scratch, waiting)


def _look_solving(view: RunView, scratch: Inflight, waiting: set[Message]) -> str:
    states = scratch.batch_states(view.id, view.attempt)
    turns = {number for number in range(view.batches_total) if _waits(view, "solve", number, waiting)}
    if overdue(view) and not turns:
        return _send_on(view, waiting, "finish", "finished with what there is")
    if not scratch.known(view.id, view.attempt):
        scratch.open(view.id, view.attempt, view.batches_total)
        states = scratch.batch_states(view.id, view.attempt)
    if view.batches_total == 0:
        return _send_on(view, waiting, "finish", "finished with what there is")
    if all(batch.state == "done" for batch in states.values()):
        return _send_on(view, waiting, "merge", "merge sent again")
    if any(_dead(batch) and number not in turns for number, batch in states.items()):
        restart(view, "a worker was lost while it solved")
        return "next attempt"
    _touch(view)
    lost = [number for number, batch in states.items() if batch.state == "queued" and number not in turns]
    send_batches(view, lost)
    return "lost batches sent again" if lost else "waits for its turn"


def _look_improving(view: RunView, scratch: Inflight, waiting: set[Message]) -> str:
    """An improving run has a plan: where its time is over, or its improvers or Redis are lost, it ends with that."""
    states = scratch.batch_states(view.id, view.attempt)
    if not _time_over(view) and any(_at_work(view, number, batch, waiting) for number, batch in states.items()):
        _touch(view)
        return "waits for its turn"
    return _send_on(view, waiting, "finish", "finished with the best plan")


def _at_work(view: RunView, number: int, batch: BatchState, waiting: set[Message]) -> bool:
    return (batch.state == "started" and not _dead(batch)) or _waits(view, "improve", number, waiting)


def _dead(batch: BatchState) -> bool:
    return batch.state == "started" and batch.beat_age > watch.DEAD_SECONDS


def _time_over(view: RunView) -> bool:
    return view.seconds_left is not None and view.seconds_left < settings().hard_limit_seconds - SLACK_SECONDS


def _waits(view: RunView, name: str, number: int, waiting: set[Message]) -> bool:
    return (f"nightshift.{name}", view.id, view.attempt, number) in waiting


def _send_on(view: RunView, waiting: set[Message], name: str, step: str) -> str:
    """Sends the run's next control task, unless its message waits in the queue already."""
    _touch(view)
    if (f"nightshift.{name}", view.id, view.attempt) in waiting:
        return "waits for its turn"
    send(name, view.id, view.attempt)
    return step


def _touch(view: RunView) -> None:
    in_transaction(database(), lambda session: runs.touch(session, view.id, view.attempt))
