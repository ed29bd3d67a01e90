"""Small runs in chosen states."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker

from models.store import runs
from models.store.views import BatchRecord, RunSummary
from models.tables import Run
from models.tables.clock import utcnow
from models.tables.session import transaction

Maker = sessionmaker[Session]

BODY = b'{"jobs": []}'
RESULT = b'{"status": "feasible"}'
BATCHES = (
    BatchRecord(0, 3, "cpsat", "optimal", 1.25),
    BatchRecord(1, 2, "dispatch", "feasible", 0.5, deliveries=2, handed_over="The engine died."),
)


def submitted(maker: Maker, *, plant: str | None = "main", key_id: str | None = "key1", body: bytes = BODY) -> str:
    """A queued run."""
    summary = RunSummary(plant=plant, request_id="r-1", jobs=5, operations=12, engine="auto", seconds=10.0)
    with transaction(maker) as session:
        return runs.submit(session, body=body, digest="ab" * 32, summary=summary, key_id=key_id)


def solving(maker: Maker, batches: int = 2) -> str:
    """A run whose first attempt has begun."""
    run_id = submitted(maker)
    with transaction(maker) as session:
        assert runs.begin(session, run_id, 1, batches=batches)
    return run_id


def seen(maker: Maker, run_id: str) -> runs.RunView:
    """The run as it stands."""
    with transaction(maker) as session:
        view = runs.get(session, run_id)
    assert view is not None
    return view


def let_pass(maker: Maker, run_id: str, seconds: float) -> None:
    """Make the run's last heartbeat ``seconds`` old, as if that time had passed."""
    with transaction(maker) as session:
        session.execute(update(Run).where(Run.id == run_id).values(heartbeat_at=utcnow(-seconds)))


def end(maker: Maker, run_id: str, attempt: int = 1, state: str = "finished") -> bool:
    """Try to end the run with RESULT."""
    with transaction(maker) as session:
        return runs.finish(session, run_id, attempt, state=state, result=RESULT, batches=BATCHES)  # type: ignore[arg-type]
