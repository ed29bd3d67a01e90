from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from models.replanning.due import NoCron
from models.store import audit, replan_schedules, replans
from models.store.replan_schedules import ScheduleView, Timetable
from models.tables import Replan
from models.tables.clock import utcnow
from models.tables.session import in_transaction, reading, transaction
from tests.store.build import end as end_run
from tests.store.build import solving as solving_run

Maker = sessionmaker[Session]

SUNDAY = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)
DUE = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def nightly(maker: Maker, now: datetime = SUNDAY, **changes: object) -> ScheduleView:
    table = {"plant": "main", "name": "night", "cron": "30 2 * * *", "time_zone": "Europe/Berlin"} | changes
    with transaction(maker) as session:
        return replan_schedules.add(session, Timetable(**table), now)  # type: ignore[arg-type]


def claim(maker: Maker, schedule: ScheduleView, now: datetime) -> list[str]:
    return in_transaction(maker, lambda session: replans.claim(session, schedule.id, now))


def states(maker: Maker, schedule: ScheduleView) -> list[tuple[datetime, str]]:
    with reading(maker) as session:
        return [(r.due_at, r.state) for r in reversed(replans.listed(session, schedule_id=schedule.id))]


def test_a_due_time_is_claimed_once(session_factory: Maker) -> None:
    schedule = nightly(session_factory, ready_by="05:30", options={"seconds": 5})
    assert schedule.next_due_at == DUE
    assert claim(session_factory, schedule, DUE - timedelta(seconds=1)) == []
    with reading(session_factory) as session:
        assert replans.due_schedules(session, DUE - timedelta(seconds=1)) == []
        assert replans.due_schedules(session, DUE) == [schedule.id]
    (replan_id,) = claim(session_factory, schedule, DUE)
    assert claim(session_factory, schedule, DUE) == []
    with reading(session_factory) as session:
        found = replans.get(session, replan_id)
        later = replan_schedules.get(session, schedule.id)
    assert found is not None and later is not None
    assert (found.due_at, found.state, found.options) == (DUE, "due", {"seconds": 5})
    assert found.ready_by_at == datetime(2026, 3, 29, 3, 30, tzinfo=UTC)
    assert later.next_due_at == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


def test_two_that_look_at_the_same_moment_claim_it_once(session_factory: Maker) -> None:
    schedule = nightly(session_factory)

    def look(_: int) -> list[str]:
        try:
            return claim(session_factory, schedule, DUE)
        except IntegrityError:
            return []

    with ThreadPoolExecutor(4) as pool:
        claimed = [replan_id for found in pool.map(look, range(4)) for replan_id in found]
    assert len(claimed) == 1
    assert states(session_factory, schedule) == [(DUE, "due")]


def test_the_database_itself_refuses_a_due_time_twice(session_factory: Maker) -> None:
    schedule = nightly(session_factory)
    claim(session_factory, schedule, DUE)
    with pytest.raises(IntegrityError), transaction(session_factory) as session:
        row = dict(session.execute(select(Replan.__table__)).mappings().one())
        session.execute(Replan.__table__.insert().values(row | {"id": "another"}))


@pytest.mark.parametrize(
    ("missed", "hours", "expected"),
    [("once", 0, "ssd"), ("once", 5, "ssd"), ("skip", 0, "ssd"), ("skip", 5, "sss")],
)
def test_missed_due_times_are_caught_up_once_or_skipped(
    missed: str, hours: int, expected: str, session_factory: Maker
) -> None:
    schedule = nightly(session_factory, missed=missed)
    claimed = claim(session_factory, schedule, datetime(2026, 3, 31, 0, 31, tzinfo=UTC) + timedelta(hours=hours))
    found = states(session_factory, schedule)
    assert "".join(state[0] for _, state in found) == expected
    assert len(claimed) == expected.count("d")


def test_steps_are_fenced_by_state_and_attempt(session_factory: Maker) -> None:
    with transaction(session_factory) as session:
        replan_id = replans.ask(session, "main", {}, "cli")
        assert replans.begin(session, replan_id, 0) == 1
        assert replans.begin(session, replan_id, 0) is None
        assert replans.begin(session, replan_id, 1) == 2
    run_id = solving_run(session_factory)
    told = {"run_id": run_id, "price": 0.5, "snapshot_id": "s", "base_number": 0, "before": None}
    with transaction(session_factory) as session:
        assert not replans.solving(session, replan_id, 1, **told)  # type: ignore[arg-type]
        assert replans.solving(session, replan_id, 2, **told)  # type: ignore[arg-type]
        assert replans.end(session, replan_id, "held", comparison={"reasons": ["so"]}) is not None
        assert replans.end(session, replan_id, "accepted") is None
    with reading(session_factory) as session:
        found = replans.get(session, replan_id)
        assert found is not None
        assert (found.state, found.tries, found.comparison) == ("held", ((run_id, 0.5),), {"reasons": ["so"]})
        assert [entry.action for entry in audit.entries(session, replan_id)] == ["replan.held"]


def test_what_is_stuck_is_sent_again(session_factory: Maker) -> None:
    def age(replan_id: str, seconds: float) -> None:
        with transaction(session_factory) as session:
            session.execute(update(Replan).where(Replan.id == replan_id).values(heartbeat_at=utcnow(-seconds)))

    def waiting() -> list[str]:
        with reading(session_factory) as session:
            return replans.to_send(session)

    with transaction(session_factory) as session:
        replan_id = replans.ask(session, "main", {}, "cli")
    assert waiting() == []
    age(replan_id, replans.STALE_SECONDS + 1)
    assert waiting() == [replan_id]
    run_id = solving_run(session_factory)
    with transaction(session_factory) as session:
        assert replans.touch(session, replan_id)
        replans.begin(session, replan_id, 0)
        replans.solving(session, replan_id, 1, run_id=run_id, price=0, snapshot_id="s", base_number=0, before=None)
    age(replan_id, 1000)
    assert waiting() == []  # its run goes on
    assert end_run(session_factory, run_id)
    assert waiting() == [replan_id]
    with transaction(session_factory) as session:
        assert replans.touch(session, replan_id)
    assert waiting() == []


def test_a_deadline_is_missed_once(session_factory: Maker) -> None:
    schedule = nightly(session_factory, ready_by="05:30")
    ready = datetime(2026, 3, 29, 3, 30, tzinfo=UTC)
    (replan_id,) = claim(session_factory, schedule, DUE)

    def late(now: datetime) -> list[str]:
        return in_transaction(session_factory, lambda session: replans.mark_late(session, now))

    assert late(ready) == []
    assert late(ready + timedelta(seconds=1)) == [replan_id]
    assert late(ready + timedelta(hours=1)) == []
    second = nightly(session_factory, name="other", ready_by="05:30")
    claim(session_factory, second, DUE)
    with transaction(session_factory) as session:
        for found in replans.listed(session, schedule_id=second.id):
            session.execute(update(Replan).where(Replan.id == found.id).values(state="accepted", finished_at=ready))
    assert late(ready + timedelta(hours=1)) == []


def test_schedules_are_changed_by_version_switched_off_and_removed(session_factory: Maker) -> None:
    schedule = nightly(session_factory)
    table = Timetable("main", "night", "0 4 * * 1-5", "Europe/Berlin", enabled=False)
    with transaction(session_factory) as session:
        changed = replan_schedules.change(session, schedule.id, schedule.version, table)
        assert changed is not None and (changed.version, changed.next_due_at) == (2, None)
        assert replan_schedules.change(session, schedule.id, schedule.version, table) is None
    with pytest.raises(IntegrityError):
        nightly(session_factory)
    with pytest.raises(NoCron):
        nightly(session_factory, name="never", cron="0 0 31 2 *")
    with transaction(session_factory) as session:
        assert [view.name for view in replan_schedules.listed(session, "main")] == ["night"]
        assert replan_schedules.remove(session, schedule.id)
        assert not replan_schedules.remove(session, schedule.id)


def test_overdue_tells_how_long_a_due_time_waits(session_factory: Maker) -> None:
    with reading(session_factory) as session:
        assert replans.overdue(session) == 0
    nightly(session_factory)
    with reading(session_factory) as session:
        assert replans.overdue(session) > 3600
