"""Finds runs that nobody works on and sends them on their way: lost messages, dead workers, a wiped Redis.

The database says which runs have had no heartbeat for a while; Redis, if it still knows the run, says why. A run that
only waits behind others in a queue is left alone.
"""

from __future__ import annotations

import redis

from models.inflight import Inflight
from models.store import runs
from models.store.views import RunView
from models.tables.session import reading, transaction
from monitoring.logs import get
from tasks.base import RunTask, database, inflight
from tasks.commands import send
from tasks.finish import overdue
from tasks.plan import send_batches
from tasks.problems import work
from tasks.recovery import restart
from workers.celery import SOLVE_QUEUE, app

log = get(__name__)

STALE_SECONDS = 10.0
"""Without a heartbeat for this long a run is looked at; workers beat every two seconds."""

DEAD_SECONDS = 10.0
"""A started batch that has not beaten for this long has lost its worker."""


@app.task(base=RunTask, name="nightshift.sweep")  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Looks at every stale run once. Two sweeps at once do no harm: each step is fenced or safe to repeat."""
    with reading(database()) as session:
        stale = runs.stale(session, older_than=STALE_SECONDS)
    if not stale:
        return
    scratch = inflight()
    waiting = scratch.queue_depth(SOLVE_QUEUE) > 0
    for view in stale:
        try:
            step = _look(view, scratch, waiting)
        except redis.RedisError:
            raise
        except Exception as error:  # one broken run must not keep the sweep from the others
            log.exception("sweep_failed", run_id=view.id)
            restart(view, f"{type(error).__name__}: {error}")
        else:
            log.info("swept", run_id=view.id, step=step)


def _look(view: RunView, scratch: Inflight, waiting: bool) -> str:
    if view.state == "queued":
        _touch(view)
        send("plan", view.id, view.attempt)
        return "planned again"
    if overdue(view):
        send("finish", view.id, view.attempt)
        _touch(view)
        return "finished with what there is"
    if view.first_plan:
        _touch(view)
        send("finish", view.id, view.attempt)
        return "finished with its first plan"
    if view.state == "improving":
        return _look_improving(view, scratch, waiting)
    if not scratch.known(view.id, view.attempt):
        job = work(view.id)
        scratch.open(view.id, view.attempt, len(job.batches))
        _touch(view)
        send_batches(view.id, view.attempt, range(len(job.batches)), job.seconds)
        return "all batches sent again"
    batches = {number: state for number, state in scratch.batch_states(view.id, view.attempt).items() if number >= 0}
    if all(batch.state == "done" for batch in batches.values()):
        _touch(view)
        send("merge", view.id, view.attempt)
        return "merge sent again"
    if any(batch.state == "started" and batch.beat_age > DEAD_SECONDS for batch in batches.values()):
        restart(view, "a worker was lost while it solved")
        return "next attempt"
    _touch(view)
    queued = [number for number, batch in batches.items() if batch.state == "queued"]
    if queued and not waiting:
        send_batches(view.id, view.attempt, queued, work(view.id).seconds)
        return "lost batches sent again"
    return "waits for its turn"


def _look_improving(view: RunView, scratch: Inflight, waiting: bool) -> str:
    """An improving run has a plan: where its improvers, or Redis, are lost it ends with that plan."""
    _touch(view)
    states = scratch.batch_states(view.id, view.attempt).values()
    alive = any(batch.state == "started" and batch.beat_age <= DEAD_SECONDS for batch in states)
    if alive or (waiting and any(batch.state == "queued" for batch in states)):
        return "waits for its turn"
    send("finish", view.id, view.attempt)
    return "finished with the best plan"


def _touch(view: RunView) -> None:
    with transaction(database()) as session:
        runs.touch(session, view.id, view.attempt)
