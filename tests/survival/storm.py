"""Requests go in over HTTP while everything is killed at random: web, workers, their children, beat, Redis, MariaDB."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import psutil
from sqlalchemy import func, select

from models.store.views import OPEN_STATES
from models.tables import AuditRow, Run, ScheduleRow
from models.tables.session import reading, sessions
from tests.survival.conftest import Place
from tests.survival.shops import check, shop

PACE_SECONDS = 1.0
"""A request comes in this often on average: what two processes can just serve while they are left alone."""

KILL_SECONDS = (0.6, 2.0)
REDIS_AWAY_SECONDS = 0.5
SUPERVISOR_SECONDS = 0.3
WHOLE = ("web", "control", "solve", "beat")


@dataclass
class Storm:
    """``seed`` fixes what is asked and which kills follow each other. ``run`` answers how long recovery took."""

    place: Place
    count: int
    seed: int
    kills: dict[str, int] = field(default_factory=dict)
    asked: dict[str, dict[str, Any]] = field(default_factory=dict)
    last_kill: float = 0.0

    def run(self, patience: float) -> float:
        """Seconds from the last kill to the end of the last run. Fails where that takes longer than ``patience``."""
        self.place.stack.start(*WHOLE)
        self._calm = threading.Event()
        self._ended = threading.Event()
        threads = [threading.Thread(target=work) for work in (self._kill, self._supervise)]
        for thread in threads:
            thread.start()
        try:
            self._submit()
        finally:
            self._calm.set()
            threads[0].join()
        try:
            self.place.stack.until(lambda: not self._open(), patience + 1.0 - (time.monotonic() - self.last_kill))
            return time.monotonic() - self.last_kill
        finally:
            self._ended.set()
            threads[1].join()

    def judge(self) -> dict[str, int]:
        """Checks that every request ended exactly once, with a valid result or an error: how many in which state."""
        states: dict[str, int] = {}
        for run_id, problem in self.asked.items():
            path = f"/v1/schedules/{run_id}"
            _, view = self.place.client.insist("GET", path)
            status, result = self.place.client.insist("GET", f"{path}/result")
            states[view["state"]] = states.get(view["state"], 0) + 1
            if view["state"] == "failed":
                assert status == 409 and view["error"]["title"], view
            else:
                assert status == 200, (view, result)
                check(problem, result)
        with reading(sessions(self.place.stack.database_url)) as session:
            stored = session.scalar(select(func.count()).select_from(Run))
            plans = session.scalar(select(func.count()).select_from(ScheduleRow))
            ends = session.scalars(
                select(AuditRow.subject).where(AuditRow.action.in_(("run.finished", "run.cancelled", "run.failed")))
            ).all()
        assert stored == self.count, "a request was stored twice"
        assert plans == self.count - states.get("failed", 0)
        assert sorted(ends) == sorted(self.asked)
        return states

    def _submit(self) -> None:
        dice = random.Random(self.seed)
        for number in range(self.count):
            problem = shop(
                1.0,
                jobs=dice.randint(4, 24),
                engine=dice.choice(("auto", "cpsat", "dispatch")),
                batch_size=dice.choice((4, 12, 40)),
                request_id=f"storm-{number}",
            )
            query = "?first_plan=true" if dice.random() < 0.1 else ""
            run_id = self.place.client.submit(problem, query, key=f"storm-{number}")
            self.asked[run_id] = problem
            if dice.random() < 0.2:
                time.sleep(dice.uniform(0.0, 0.8))
                self.place.client.insist("DELETE", f"/v1/schedules/{run_id}")
            time.sleep(dice.expovariate(1 / PACE_SECONDS))

    def _kill(self) -> None:
        dice = random.Random(self.seed + 1)
        kills = [self._kill_whole, self._kill_child, self._kill_redis]
        if self.place.mariadb is not None:
            kills.append(self._kill_mariadb)
        while not self._calm.wait(dice.uniform(*KILL_SECONDS)):
            name = dice.choices(kills, [4, 4, 2, 1][: len(kills)])[0](dice)
            self.kills[name] = self.kills.get(name, 0) + 1
            self.last_kill = time.monotonic()

    def _kill_whole(self, dice: random.Random) -> str:
        name = dice.choice(WHOLE)
        process = self.place.stack.running[name]
        if process.poll() is None:
            self.place.stack.kill_group(process)
        return name

    def _kill_child(self, dice: random.Random) -> str:
        name = dice.choice(("web", "control", "solve", "solve"))
        try:
            children = self.place.stack.children(name)
            if children:
                dice.choice(children).kill()
        except psutil.NoSuchProcess:
            return f"{name} (was dead)"
        return f"child of {name}"

    def _kill_redis(self, dice: random.Random) -> str:
        how = dice.choice(("killed", "emptied", "flushed"))
        if how == "flushed":
            self.place.redis.client().flushall()
        else:
            self.place.redis.kill()
            time.sleep(dice.uniform(0.0, REDIS_AWAY_SECONDS))
            self.place.redis.start(empty=how == "emptied")
        return f"redis {how}"

    def _kill_mariadb(self, _dice: random.Random) -> str:
        assert self.place.mariadb is not None
        self.place.mariadb.kill()
        self.place.mariadb.start()
        return "mariadb"

    def _supervise(self) -> None:
        while not self._ended.wait(SUPERVISOR_SECONDS):
            self.place.stack.start_again()

    def _open(self) -> int:
        with reading(sessions(self.place.stack.database_url)) as session:
            return session.scalar(select(func.count()).select_from(Run).where(Run.state.in_(OPEN_STATES))) or 0
