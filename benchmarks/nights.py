"""``nightshift bench nights``: simulated nights with two beats and workers that are killed; each due time once."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.report import Report
from models.replanning.due import due_times
from models.settings import settings
from models.store import replan_schedules, replans
from models.store.replan_schedules import Timetable
from models.tables import Replan, migrate
from models.tables.session import in_transaction, reading, sessions, transaction

CRON, ZONE = "30 2 * * *", "Europe/Berlin"
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
KILLED_SHARE = 0.2
"""How often a beat or worker dies at each place where it can."""

Maker = sessionmaker[Session]


class Killed(BaseException):
    """The end of a process."""


@dataclass
class Outcome:
    """What became of the due times: how many there were, what their replans ended as, and what was done twice."""

    due: int
    states: Counter[str]
    missing: int
    twice: int
    kills: int
    seconds: float

    @property
    def exact(self) -> bool:
        """Whether each due time happened exactly once."""
        return self.missing == self.twice == 0 and sum(self.states.values()) == self.due


class Plant:
    """Two beats and their workers on one database, with a clock of our own and deaths by chance."""

    def __init__(self, maker: Maker, seed: int) -> None:
        self.maker, self.random, self.lock = maker, random.Random(seed), threading.Lock()
        self.done: Counter[str] = Counter()
        self.kills = 0

    def perhaps_killed(self) -> None:
        """Dies by chance."""
        with self.lock:
            dies = self.random.random() < KILLED_SHARE
            self.kills += dies
        if dies:
            raise Killed

    def beat(self, schedule_id: str, now: datetime) -> None:
        """One look at what is due, as ``tasks.due.look`` has it, and what its messages lead to."""
        try:
            for replan_id in self._claimed(schedule_id, now):
                self.perhaps_killed()  # after the commit, before the message
                self.work(replan_id)
            with reading(self.maker) as session:
                waiting = list(session.scalars(select(Replan.id).where(Replan.state == "due")))
            for replan_id in waiting:
                self.work(replan_id)
        except Killed:
            return

    def _claimed(self, schedule_id: str, now: datetime) -> list[str]:
        def claim(session: Session) -> list[str]:
            found = replans.claim(session, schedule_id, now)
            if found:
                self.perhaps_killed()  # before the commit
            return found

        try:
            return in_transaction(self.maker, claim)
        except IntegrityError:
            return []

    def work(self, replan_id: str) -> None:
        """A worker takes a replan up and ends it; it may die before, or after it ended it."""
        with reading(self.maker) as session:
            view = replans.get(session, replan_id)
        if view is None or view.state != "due":
            return
        attempt = in_transaction(self.maker, lambda session: replans.begin(session, replan_id, view.attempt))
        if attempt is None:
            return
        self.perhaps_killed()

        def end(session: Session) -> bool:
            ended = replans.end(session, replan_id, "accepted") is not None
            if ended:
                self.perhaps_killed()  # before the commit: then it did not happen
            return ended

        if in_transaction(self.maker, end):
            with self.lock:
                self.done[replan_id] += 1


def simulate(maker: Maker, nights: int, seed: int = 1, down: float = 0.01, start: datetime = START) -> Outcome:
    """So many nights, each looked at by two beats at the same moment, three times; now and then both are away.

    ``down`` is the share of nights in which nobody looks at all, so that the next look has more than one to see to.
    """
    with transaction(maker) as session:
        table = Timetable("simulated", f"nightly-{seed}", CRON, ZONE)
        schedule = replan_schedules.add(session, table, start)
    plant, begun = Plant(maker, seed), time.perf_counter()
    moments = list(islice(due_times(CRON, ZoneInfo(ZONE), start), nights))
    chance = random.Random(seed)
    for moment in moments:
        if chance.random() < down and moment != moments[-1]:
            continue
        for minutes in (0, 1, 2):
            _both(plant, schedule.id, moment + timedelta(minutes=minutes, seconds=3))
    for _ in range(20):  # what was killed in the last night is taken up by the looks after it
        _both(plant, schedule.id, moments[-1] + timedelta(minutes=5))
    with reading(maker) as session:
        rows = session.execute(select(Replan.due_at, Replan.state).where(Replan.schedule_id == schedule.id)).all()
    found = Counter(row.due_at for row in rows)
    return Outcome(
        due=len(moments),
        states=Counter(row.state for row in rows),
        missing=len(set(moments) - found.keys()),
        twice=sum(count > 1 for count in (*found.values(), *plant.done.values())),
        kills=plant.kills,
        seconds=time.perf_counter() - begun,
    )


def _both(plant: Plant, schedule_id: str, now: datetime) -> None:
    beats = [threading.Thread(target=plant.beat, args=(schedule_id, now)) for _ in range(2)]
    for beat in beats:
        beat.start()
    for beat in beats:
        beat.join()


@click.command(short_help="Nights with two beats and random kills.")
@click.option("--nights", "count", default=1000, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--seed", default=1, show_default=True, type=int)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for nights.json and .md.")
def nights(count: int, seed: int, out: Path | None) -> None:
    """Simulate nights over daylight saving with two beats and random kills: each due time happens exactly once.

    On the database that DATABASE_URL names, or a SQLite file of its own.
    """
    report = Report("nights")
    url = settings().database_url
    with tempfile.TemporaryDirectory() as folder:
        if url.startswith("sqlite"):
            url = f"sqlite:///{Path(folder) / 'nights.db'}"
        migrate.upgrade(url)
        found = simulate(sessions(url), count, seed)
        sessions(url).kw["bind"].dispose()
    report.add("J8", "due times", found.due, "")
    report.add("J8", "kills", found.kills, "")
    for state, number in sorted(found.states.items()):
        report.add("J8", f"of them {state}", number, "")
    report.add("J8", "due times missing", found.missing, "", 0)
    report.add("J8", "due times or ends that happened twice", found.twice, "", 0)
    report.add("J8", "the simulation took", found.seconds, "s")
    report.write(out)
    if not found.exact:
        raise SystemExit(1)
