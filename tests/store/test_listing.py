from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, text, update
from sqlalchemy.orm import Session

from models.store.listing import Position, RunFilter, page, page_query
from models.store.views import RunView
from models.tables import Run
from models.tables.clock import utcnow
from models.tables.session import reading, transaction
from tests.store.build import Maker, end, solving, submitted

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def ids(found: list[RunView]) -> list[str]:
    return [run.id for run in found]


def position(run: RunView) -> Position:
    return Position(run.created_at, run.id)


def walk(session: Session, wanted: RunFilter, limit: int) -> list[str]:
    seen: list[str] = []
    after = None
    while found := page(session, wanted, limit=limit, after=after):
        seen += ids(found)
        after = position(found[-1])
    return seen


def test_pages_are_newest_first_and_leave_nothing_out(session_factory: Maker) -> None:
    made = [submitted(session_factory, plant="north" if number % 2 else "south") for number in range(7)]
    with reading(session_factory) as session:
        assert walk(session, RunFilter(), 3) == made[::-1]
        assert walk(session, RunFilter(plant="north"), 2) == made[::-1][1::2]


def test_a_page_stays_true_while_runs_are_added(session_factory: Maker) -> None:
    made = [submitted(session_factory) for _ in range(3)]
    with reading(session_factory) as session:
        first = page(session, limit=2)
    submitted(session_factory)
    with reading(session_factory) as session:
        assert ids(page(session, limit=2, after=position(first[-1]))) == made[:1]


def test_runs_of_the_same_moment_are_listed_once_each(session_factory: Maker) -> None:
    made = [submitted(session_factory) for _ in range(4)]
    with transaction(session_factory) as session:
        session.execute(update(Run).values(created_at=utcnow()))
        assert walk(session, RunFilter(), 1) == made[::-1]


def test_several_states_are_merged_by_time(session_factory: Maker) -> None:
    kinds = (submitted, solving, solving, submitted, solving)
    made = [kind(session_factory) for kind in kinds]
    assert end(session_factory, made[2])
    with reading(session_factory) as session:
        wanted = RunFilter(frozenset({"queued", "finished"}))
        assert walk(session, wanted, 2) == [made[3], made[2], made[0]]


def test_request_ids_and_times_narrow_the_list(session_factory: Maker) -> None:
    made = [submitted(session_factory) for _ in range(3)]
    with transaction(session_factory) as session:
        for hours, run_id in enumerate(made):
            changes = {"created_at": NOON + timedelta(hours=hours), "request_id": f"r{hours}"}
            session.execute(update(Run).where(Run.id == run_id).values(changes))
        assert ids(page(session, RunFilter(request_id="r1"), limit=9)) == [made[1]]
        first, last = NOON, NOON + timedelta(hours=2)
        assert ids(page(session, RunFilter(created_after=first, created_before=last), limit=9)) == [made[1], made[0]]


def test_every_list_walks_an_index_and_sorts_nothing(session_factory: Maker) -> None:
    row = {"digest": "d", "engine": "auto", "seconds": 1.0, "jobs": 1, "operations": 1}
    many = [
        row
        | {
            "id": f"{number:036}",
            "state": "finished" if number % 7 else "queued",
            "plant": f"plant {number % 20}",
            "request_id": f"r{number}",
            "created_at": NOON + timedelta(seconds=number),
        }
        for number in range(3000)
    ]
    with transaction(session_factory) as session:
        session.execute(insert(Run), many)
        sqlite = session.get_bind().dialect.name == "sqlite"
        session.execute(text("ANALYZE" if sqlite else "ANALYZE TABLE runs")).close()
    after = Position(NOON + timedelta(seconds=2000), "x")
    filters = (
        RunFilter(),
        RunFilter(frozenset({"queued"})),
        RunFilter(plant="plant 3"),
        RunFilter(request_id="r7"),
        RunFilter(created_after=NOON, created_before=NOON + timedelta(seconds=500)),
    )
    with reading(session_factory) as session:
        for wanted in filters:
            for place in (None, after):
                (state,) = wanted.states or (None,)
                query = page_query(wanted, state, limit=10, after=place)
                shown = str(query.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
                plan = session.execute(text(("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + shown)).mappings().all()
                told = " ".join(str(dict(step)) for step in plan)
                if sqlite:
                    assert "USING INDEX" in told and "TEMP B-TREE" not in told, told
                else:
                    assert "ix_runs_" in str(plan[0]["key"]) and "filesort" not in told, told
