"""Requests go in over HTTP while everything is killed at random: web, workers, their children, beat, Redis, MariaDB."""

from __future__ import annotations

import math
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psutil
from sqlalchemy import func, select

from benchmarks.survival.place import Place
from benchmarks.survival.shops import faults, shop
from models.store.views import OPEN_STATES
from models.tables import AuditRow, Run, ScheduleRow
from models.tables.session import reading, sessions

PACE_SECONDS = 1.0
"""A request comes in this often on average: what two processes can just serve while they are left alone."""

KILL_SECONDS = (0.6, 2.0)
REDIS_AWAY_SECONDS = 0.5
SUPERVISOR_SECONDS = 0.3
LOOK_SECONDS = 0.05
WHOLE = ("web", "control", "plan", "solve", "beat")
ENDS = ("run.finished", "run.cancelled", "run.failed")


@dataclass
class Verdict:
    """What became of the requests that were answered 202, each as a sentence; ``states`` counts how they ended.

    ``lost``: not ended, or without a stored result or error. ``doubled``: stored or ended more than once. ``refused``:
    the validator refuses the result.
    """

    states: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def complaints(self) -> list[str]:
        """Everything that must not be."""
        return [*self.lost, *self.doubled, *self.refused]


@dataclass
class Storm:
    """``seed`` fixes what is asked and which kills follow each other. ``run`` answers how long recovery took.

    ``tell`` is called now and then with how many requests are in.
    """

    place: Place
    count: int
    seed: int
    tell: Callable[[int], None] = lambda _: None
    kills: dict[str, int] = field(default_factory=dict)
    asked: dict[str, dict[str, Any]] = field(default_factory=dict)
    last_kill: float = 0.0

    def run(self, patience: float) -> float:
        """Seconds from the last kill to the end of the last run.

        Infinite where one is still open ``patience`` seconds after that kill.
        """
        self.place.stack.start(*WHOLE)
        self._calm = threading.Event()
        self._ended = threading.Event()
        threads = [threading.Thread(target=work) for work in (self._kill, self._supervise)]
        for thread in threads:
            thread.start()
        try:
            try:
                self._submit()
            finally:
                self._calm.set()
                threads[0].join()
            while self._open():
                if time.monotonic() - self.last_kill > patience:
                    return math.inf
                time.sleep(LOOK_SECONDS)
            return time.monotonic() - self.last_kill
        finally:
            self._ended.set()
            threads[1].join()

    def judge(self) -> Verdict:
        """Looks at every request: whether it ended exactly once, with a valid result or an error."""
        verdict = Verdict()
        for run_id, problem in self.asked.items():
            path = f"/v1/schedules/{run_id}"
            _, view = self.place.client.insist("GET", path)
            status, result = self.place.client.insist("GET", f"{path}/result")
            state = str(view["state"])
            verdict.states[state] = verdict.states.get(state, 0) + 1
            if state == "failed":
                if status != 409 or not view["error"]["title"]:
                    verdict.lost.append(f"{run_id} failed without an error")
            elif state in OPEN_STATES or status != 200:
                verdict.lost.append(f"{run_id} is {state}, its result is answered {status}")
            else:
                verdict.refused += [f"{run_id}: {fault}" for fault in faults(problem, result)]
        self._count(verdict)
        return verdict

    def _count(self, verdict: Verdict) -> None:
        """What the database holds more than once, or holds and nobody was told of."""
        with reading(sessions(self.place.stack.database_url)) as session:
            stored = set(session.scalars(select(Run.id)))
            plans = Counter(session.scalars(select(ScheduleRow.run_id)))
            ends = Counter(session.scalars(select(AuditRow.subject).where(AuditRow.action.in_(ENDS))))
        verdict.doubled += [
            f"{run_id} was stored, and nobody was told" for run_id in sorted(stored - self.asked.keys())
        ]
        verdict.doubled += [f"{run_id} ended {times} times" for run_id, times in ends.items() if times > 1]
        verdict.doubled += [f"{run_id} has {times} results" for run_id, times in plans.items() if times > 1]
        verdict.lost += [f"{run_id} has no end in the audit" for run_id in sorted(set(self.asked) - set(ends))]

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
            self.tell(len(self.asked))
            if dice.random() < 0.2:
                time.sleep(dice.uniform(0.0, 0.8))
                self.place.client.insist("DELETE", f"/v1/schedules/{run_id}")
            time.sleep(dice.expovariate(1 / PACE_SECONDS))

    def _kill(self) -> None:
        dice = random.Random(self.seed + 1)
        kills: list[Callable[[random.Random], str]] = [self._kill_whole, self._kill_child, self._kill_redis]
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
        name = dice.choice(("web", "control", "plan", "solve", "solve"))
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
