"""Reads what stands at this moment for a scrape. A server that is away leaves its series out, and costs no wait."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, cast

import psutil
import redis
from sqlalchemy.exc import SQLAlchemyError

from models.celery_queue import waiting
from models.holding import Holding
from models.inflight import connect
from models.settings import Settings
from models.signs import Sign, Signs
from models.store import replans, snapshots
from models.store.standing import open_runs
from models.tables.session import reading, sessions
from monitoring.exposition import metrics_folder
from monitoring.guarded import complete
from monitoring.health.probe import LEVELS, Probe
from monitoring.health.report import Watcher
from monitoring.health.thresholds import ALIVE_SECONDS
from monitoring.host import certificate_end, disk_use
from monitoring.labels import PROCESSES
from monitoring.logs import get
from monitoring.names import admitted
from monitoring.standing import Standing
from tasks.baselines import kept

QUEUES = ("control", "plan", "solve")

EXAMINED_SECONDS = 10.0
"""A scrape tells the last report of health, and sends for a new one where it is older than this."""

SOURCE_SECONDS = 1.5
"""So long a scrape waits for database and Redis together: one every 2 s still ends in time where a server hangs."""

log = get(__name__)


@dataclass(frozen=True)
class Sources:
    """What a scrape reads: settings, a client of Redis, and the probes that say whether a server answers."""

    settings: Settings
    redis: redis.Redis
    database_probe: Probe
    redis_probe: Probe
    health: Watcher

    @classmethod
    def of(cls, settings: Settings, database_probe: Probe, redis_probe: Probe, health: Watcher) -> Sources:
        """The sources of an application."""
        psutil.cpu_percent()  # the first call has nothing to compare with
        return cls(settings, connect(settings.redis_url), database_probe, redis_probe, health)


def standing(sources: Sources) -> Standing:
    """What stands now, as far as its sources answer."""
    found = Standing()
    begun = time.monotonic()
    asked = [(probe, probe.begin()) for probe in (sources.database_probe, sources.redis_probe)]
    database, redis_answers = (
        probe.within(answer, SOURCE_SECONDS - (time.monotonic() - begun)).ok for probe, answer in asked
    )
    found.tell("nightshift_source_up", float(database and _database(sources, found)), "database")
    found.tell("nightshift_source_up", float(redis_answers and _redis(sources, found)), "redis")
    found.tell("nightshift_source_up", float(_metric_files(found)), "metric_files")
    _health(sources.health, found)
    _host(sources.settings, found)
    return found


def _database(sources: Sources, found: Standing) -> bool:
    try:
        with reading(sessions(sources.settings.database_url)) as session:
            now = open_runs(session)
            overdue, ages = replans.overdue(session), snapshots.ages(session)
    except SQLAlchemyError as error:
        log.warning("open_runs_unknown", error=type(error).__name__)
        return False
    for state, count in now.counts.items():
        found.tell("nightshift_open_runs", count, state)
    for state, age in now.oldest.items():
        found.tell("nightshift_oldest_run_age_seconds", age, state)
    found.tell("nightshift_oldest_heartbeat_age_seconds", now.heartbeat_age)
    found.tell("nightshift_replan_overdue_seconds", overdue)
    for plant, age in ages.items():
        if admitted("plant", plant):
            found.tell("nightshift_snapshot_age_seconds", age, plant)
    return True


def _redis(sources: Sources, found: Standing) -> bool:
    try:
        queues = waiting(sources.redis, QUEUES)
        memory = cast("dict[str, Any]", sources.redis.info("memory"))
        signs = Signs(sources.redis)
        workers, beat, engines = signs.read("worker"), signs.read("beat"), signs.read("engine")
        held = Holding(sources.redis).reasons()
        found.tell("nightshift_source_up", float(_baselines(sources.redis, found)), "baselines")
    except redis.RedisError as error:
        log.warning("redis_unknown", error=type(error).__name__)
        return False
    for queue, now in queues.items():
        found.tell("nightshift_queue_depth", now.depth, queue)
        found.tell("nightshift_queue_oldest_age_seconds", now.oldest, queue)
    found.tell("nightshift_redis_used_bytes", memory["used_memory"])
    if memory.get("maxmemory"):
        found.tell("nightshift_redis_limit_bytes", memory["maxmemory"])
    found.tell("nightshift_solves_held", float(bool(held)))
    for sign in beat:
        found.tell("nightshift_beat_age_seconds", sign.age)
        for name in ("resident", "total"):
            found.tell(f"nightshift_process_{name}_bytes", sign.told.get("resident", 0), "beat")
    for policy, policy_version in sorted({tuple(row) for sign in engines for row in sign.told.get("policies", ())}):
        found.tell("nightshift_policy_info", 1, policy, policy_version)
    _workers([sign for sign in workers if sign.age <= ALIVE_SECONDS], found)
    return True


def _baselines(client: redis.Redis, found: Standing) -> bool:
    rows = kept(client)
    for row in rows or ():
        labels = (row.measure, *row.run_class)
        usual = row.comparison.baseline
        found.tell("nightshift_baseline_median", usual.median, *labels)
        found.tell("nightshift_baseline_spread", usual.spread, *labels)
        found.tell("nightshift_baseline_runs", usual.runs, *labels)
        found.tell("nightshift_baseline_change_ratio", row.comparison.change, *labels)
        found.tell("nightshift_regression", float(row.regressed), *labels)
    return rows is not None


def _workers(signs: list[Sign], found: Standing) -> None:
    for queue in QUEUES:
        of_queue = [sign.told for sign in signs if queue in sign.told["queues"]]
        found.tell("nightshift_workers", len(of_queue), queue)
        found.tell("nightshift_worker_processes", sum(told["processes"] for told in of_queue), queue)
    for kind in PROCESSES:
        told = [sign.told for sign in signs if kind in sign.told["queues"][:1]]
        if told:
            found.tell("nightshift_process_resident_bytes", max(row["resident"] for row in told), kind)
            found.tell("nightshift_process_total_bytes", sum(row["total"] for row in told), kind)
    resident = psutil.Process().memory_info().rss
    found.tell("nightshift_process_resident_bytes", resident, "web")
    found.tell("nightshift_process_total_bytes", resident, "web")


def _health(health: Watcher, found: Standing) -> None:
    report = health.latest(EXAMINED_SECONDS)
    found.tell("nightshift_source_up", float(report is not None), "health")
    if report is None:
        return
    found.tell("nightshift_health_score", report.score)
    for name, finding in report.findings.items():
        found.tell("nightshift_check_level", LEVELS.index(finding.level), name)
        found.tell("nightshift_check_seconds", finding.seconds, name)
        found.tell("nightshift_check_age_seconds", max(0.0, time.time() - finding.at), name)


def _metric_files(found: Standing) -> bool:
    folder = metrics_folder()
    if folder is None:
        return True  # there is one process, and it counts for itself
    try:
        found.tell("nightshift_metric_files", sum(1 for _ in folder.glob("*.db")))
        return complete() and folder.is_dir()
    except OSError as error:
        log.warning("metric_files_unknown", error=str(error))
        return False


def _host(settings: Settings, found: Standing) -> None:
    found.tell("nightshift_host_cpu_used_ratio", psutil.cpu_percent() / 100)
    found.tell("nightshift_host_memory_used_ratio", psutil.virtual_memory().percent / 100)
    for name, folder in (("data", settings.data_dir), ("metrics", settings.metrics_dir)):
        disk = disk_use(folder)
        if disk is not None:
            found.tell("nightshift_disk_used_ratio", disk.used_share, name)
            found.tell("nightshift_disk_free_bytes", disk.free_bytes, name)
    if settings.tls_certificate is not None:
        ends = certificate_end(settings.tls_certificate)
        if ends is not None:
            found.tell("nightshift_certificate_expiry_seconds", ends - time.time())
