"""The questions that make up health, each for one thing that can go wrong."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import cast

import psutil
import redis
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from models.celery_queue import waiting
from models.inflight import connect
from models.settings import Settings
from models.signs import Signs
from models.tables.clock import utcnow
from models.tables.session import reading, sessions
from monitoring.exposition import metrics_folder
from monitoring.guarded import complete
from monitoring.health import thresholds
from monitoring.health.probe import Impaired, NotReady, Probe
from monitoring.health.servers import database_probe, redis_memory_probe
from monitoring.host import disk_use

QUEUES = ("control", "plan", "solve")

POLICY_ENGINE = "ppo"


def probes(settings: Settings) -> tuple[Probe, ...]:
    """Every question, for the servers that ``settings`` name and the host that this runs on."""
    client = connect(settings.redis_url)
    signs = Signs(client)
    clock = Clock(sessions(settings.database_url), client)
    return (
        database_probe(settings),
        redis_memory_probe(settings),
        Probe("disk", lambda: disk(settings), holds=True),
        Probe("memory", memory, holds=True),
        Probe("engine", lambda: engines(signs), holds=True),
        Probe("policy", lambda: policies(signs)),
        Probe("parameters", lambda: parameters(signs)),
        Probe("workers", lambda: workers(signs)),
        Probe("queues", lambda: queues(client)),
        Probe("beat", lambda: beat(signs)),
        Probe("clock", clock.look),
        Probe("metrics", metric_files),
    )


def disk(settings: Settings) -> str:
    """Room under the folders of data and metrics. Without room for metrics plans go on, and counts stay in memory."""
    told = []
    doubts = []
    for name, folder in (("data", settings.data_dir), ("metrics", settings.metrics_dir)):
        found = disk_use(folder)
        if found is None:
            raise NotReady(f"the disk of the {name} folder cannot be asked")
        text = f"{name} folder: {found.used_share:.0%} used, {found.free_bytes / 2**30:.1f} GiB left"
        full = found.used_share >= thresholds.DISK_CRITICAL_SHARE and found.free_bytes < thresholds.DISK_WARNING_BYTES
        if name == "data" and (full or found.free_bytes < thresholds.DISK_CRITICAL_BYTES):
            raise NotReady(f"{text}: make room")
        if found.used_share >= thresholds.DISK_WARNING_SHARE and found.free_bytes < thresholds.DISK_WARNING_BYTES:
            doubts.append(f"{text}: make room" if full else text)
        told.append(text)
    if doubts:
        raise Impaired("; ".join(doubts))
    return "; ".join(told)


def memory() -> str:
    """The host's memory."""
    used = psutil.virtual_memory().percent / 100
    text = f"{used:.0%} of the host's memory is in use"
    if used >= thresholds.MEMORY_CRITICAL_SHARE:
        raise NotReady(f"{text}: processes are about to be killed")
    if used >= thresholds.MEMORY_WARNING_SHARE:
        raise Impaired(text)
    return text


def engines(signs: Signs) -> str:
    """What solve workers found when they last tried every engine on a small problem.

    Critical where none of them can solve with dispatch, which stands in for all others, or with any engine at all; an
    engine that fails while others stand in is a warning.
    """
    fresh = [sign for sign in signs.read("engine") if sign.age <= thresholds.ENGINE_SECONDS]
    if not fresh:
        raise Impaired("no solve worker has tested its engines in the last 15 minutes")
    if not any(sign.told["engines"].get("dispatch", {}).get("ok") for sign in fresh):
        raise NotReady("dispatch, which stands in for every engine, fails on every host")
    broken = sorted(
        {
            f"{name} ({row['detail']})"
            for sign in fresh
            for name, row in sign.told["engines"].items()
            if not row["ok"] and name != POLICY_ENGINE
        }
    )
    if broken:
        raise Impaired(f"fails its self-test: {', '.join(broken)}; dispatch stands in")
    names = sorted({name for sign in fresh for name in sign.told["engines"]} - {POLICY_ENGINE})
    oldest = max(sign.age for sign in fresh)
    return f"{', '.join(names)} solve on {len(fresh)} host(s); tested {oldest:.0f} s ago"


def policies(signs: Signs) -> str:
    """Whether the policies in force decide; where one does not, another start stands in."""
    fresh = [sign for sign in signs.read("engine") if sign.age <= thresholds.ENGINE_SECONDS]
    rows = [row for sign in fresh if (row := sign.told["engines"].get(POLICY_ENGINE)) is not None]
    if not rows:
        return "none has been tested"
    wrong = sorted({row["detail"] for row in rows if not row["ok"]})
    if wrong:
        raise Impaired(f"fails its self-test ({', '.join(wrong)}); dispatch rules stand in")
    names = sorted({name for sign in fresh for name, _ in sign.told.get("policies", ())})
    return f"in force: {', '.join(names) or 'none'}; planning with them works"


def parameters(signs: Signs) -> str:
    """Whether the policies that engines decide by are those that were activated or shipped, the same on every host.

    Each solve worker reads its host's store anew beside its engines' test. Critical where an objective has no usable
    policy left; a warning where another stands in for one that is missing, damaged or not what was activated.
    """
    fresh = [sign for sign in signs.read("engine") if sign.age <= thresholds.ENGINE_SECONDS]
    stores = {sign.name: sign.told["parameters"] for sign in fresh if sign.told.get("parameters") is not None}
    if not stores:
        return "no store of policies has been read"
    lost = sorted({name for store in stores.values() for name, (policy, _) in store["in_force"].items() if not policy})
    wrong = "; ".join(sorted({fault for store in stores.values() for fault in store["faults"]}))
    if lost:
        raise NotReady(f"no policy can be used for {', '.join(lost)} ({wrong})")
    if wrong:
        raise Impaired(f"{wrong}; another stands in")
    for name in sorted({name for store in stores.values() for name in store["in_force"]}):
        chosen = {
            host: " ".join(store["in_force"][name]) for host, store in stores.items() if name in store["in_force"]
        }
        if len(set(chosen.values())) > 1:
            told = ", ".join(f"{policy} on {host}" for host, policy in sorted(chosen.items()))
            raise Impaired(f"hosts plan {name} with different policies ({told}): activate the same")
    some = next(iter(stores.values()))["in_force"]
    told = ", ".join(f"{name}: {policy} {version}" for name, (policy, version) in sorted(some.items()))
    return f"{told}; as activated or shipped on {len(stores)} host(s)"


def workers(signs: Signs) -> str:
    """Whether each queue has a worker that lives."""
    alive = [sign.told for sign in signs.read("worker") if sign.age <= thresholds.ALIVE_SECONDS]
    counts = {queue: sum(told["processes"] for told in alive if queue in told["queues"]) for queue in QUEUES}
    missing = [queue for queue, count in counts.items() if not count]
    if missing:
        raise NotReady(f"no living worker takes messages of {', '.join(missing)}")
    return ", ".join(f"{queue}: {count} process(es)" for queue, count in counts.items())


def queues(client: redis.Redis) -> str:
    """How long the oldest message of each queue has waited."""
    found = waiting(client, QUEUES)
    told = ", ".join(f"{queue}: {now.depth} waiting, {now.oldest:.0f} s" for queue, now in found.items())
    late = {queue: now.oldest for queue, now in found.items()}
    if any(age > thresholds.QUEUE_SECONDS[queue][1] for queue, age in late.items()):
        raise NotReady(f"work waits too long ({told})")
    if any(age > thresholds.QUEUE_SECONDS[queue][0] for queue, age in late.items()):
        raise Impaired(f"work waits ({told})")
    return told


def beat(signs: Signs) -> str:
    """Whether beat sends."""
    ages = [sign.age for sign in signs.read("beat")]
    if not ages:
        raise NotReady("has never been seen: nobody looks after lost work")
    if ages[0] > thresholds.BEAT_CRITICAL_SECONDS:
        raise NotReady(f"sent nothing for {ages[0]:.0f} s: nobody looks after lost work")
    if ages[0] > thresholds.BEAT_WARNING_SECONDS:
        raise Impaired(f"sent nothing for {ages[0]:.0f} s")
    return f"sent {ages[0]:.0f} s ago"


def metric_files() -> str:
    """Whether what is counted can be told: the folder of metric files takes them."""
    folder = metrics_folder()
    if folder is None:
        return "this process counts for itself"
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise Impaired("the folder of metric files is missing or cannot be written: other processes are unseen")
    if not complete():
        raise Impaired("metric files take no more: some counts are kept in memory")
    return f"{sum(1 for _ in folder.glob('*.db'))} metric files"


class Clock:
    """Whether this host's clock agrees with those of database and Redis, and has not jumped lately.

    Ages and deadlines are by the database's clock and Redis's: a wrong clock here spoils logs and the age of messages,
    not plans.
    """

    def __init__(
        self,
        maker: sessionmaker[Session],
        client: redis.Redis,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._maker, self._client, self._wall, self._steady = maker, client, wall, steady
        self._offset = wall() - steady()
        self._jumped: tuple[float, float] | None = None

    def look(self) -> str:
        """Compares. Raises Impaired."""
        offset, moment = self._wall() - self._steady(), self._steady()
        if abs(offset - self._offset) > thresholds.CLOCK_SECONDS:
            self._jumped = (moment, offset - self._offset)
        self._offset = offset
        apart = self._apart()
        if any(abs(seconds) > thresholds.CLOCK_SECONDS for _, seconds in apart):
            told = ", ".join(f"{seconds:+.1f} s from {name}" for name, seconds in apart)
            raise Impaired(f"this host's clock is {told}: see to its time synchronisation")
        if self._jumped is not None and moment - self._jumped[0] <= thresholds.CLOCK_REMEMBERED_SECONDS:
            raise Impaired(f"this host's clock jumped by {self._jumped[1]:+.1f} s {moment - self._jumped[0]:.0f} s ago")
        return "agrees with database and Redis"

    def _apart(self) -> Sequence[tuple[str, float]]:
        found = []
        before = self._wall()
        with reading(self._maker) as session:
            stored = session.scalar(select(utcnow()))
        if stored is not None:
            found.append(("the database", (before + self._wall()) / 2 - stored.timestamp()))
        before = self._wall()
        seconds, microseconds = cast("tuple[int, int]", self._client.time())
        found.append(("Redis", (before + self._wall()) / 2 - seconds - microseconds / 1e6))
        return found
