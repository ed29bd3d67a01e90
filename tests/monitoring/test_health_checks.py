"""What each check finds, and what they add up to."""

from __future__ import annotations

import threading
import time
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import redis
from sqlalchemy.orm import Session, sessionmaker

from models.settings import load_settings
from models.signs import Sign, Signs
from monitoring import host
from monitoring.health import checks, thresholds
from monitoring.health.probe import Impaired, NotReady, Probe
from monitoring.health.report import Watcher, examine, trend

Usage = namedtuple("Usage", "total used free")
GIB = 2**30


class Told(Signs):
    """Signs that a test has made up."""

    def __init__(self, *signs: Sign) -> None:
        self.signs = list(signs)

    def read(self, kind: str) -> list[Sign]:
        return self.signs


def level(question: Callable[[], str]) -> str:
    return Probe("any", question).ask().level


@pytest.mark.parametrize(
    ("total", "free", "found"),
    [
        (100 * GIB, 50 * GIB, "healthy"),
        (1000 * GIB, 15 * GIB, "healthy"),
        (20 * GIB, GIB, "warning"),
        (100 * GIB, GIB, "critical"),
        (GIB, 100 * 2**20, "critical"),
        (0, 0, "critical"),
    ],
)
def test_disks(total: int, free: int, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host.shutil, "disk_usage", lambda _: Usage(total, total - free, free))  # type: ignore[attr-defined]
    settings = load_settings({"NIGHTSHIFT_HOME": str(tmp_path / "not" / "made" / "yet")})
    assert level(lambda: checks.disk(settings)) == found


@pytest.mark.parametrize(("used", "found"), [(1, "healthy"), (64, "warning")])
def test_a_small_or_full_folder_of_metrics_alone_holds_nothing(
    used: int, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings({"NIGHTSHIFT_HOME": str(tmp_path), "NIGHTSHIFT_METRICS_DIR": str(tmp_path / "small")})
    (tmp_path / "small").mkdir()
    small, large = Usage(64 * 2**10, used * 2**10, (64 - used) * 2**10), Usage(100 * GIB, 50 * GIB, 50 * GIB)
    monkeypatch.setattr(host.shutil, "disk_usage", lambda at: small if at == settings.metrics_dir else large)  # type: ignore[attr-defined]
    assert level(lambda: checks.disk(settings)) == found


@pytest.mark.parametrize(("percent", "found"), [(50, "healthy"), (92, "warning"), (99, "critical")])
def test_memory(percent: float, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: namedtuple("Memory", "percent")(percent))
    assert level(checks.memory) == found


def test_engines_that_fail_are_named() -> None:
    good = {"ok": True, "detail": "", "seconds": 0.1}
    bad = {"ok": False, "detail": "it ended its process (SIGILL)", "seconds": 0.1}
    both = Sign("a", 10.0, {"engines": {"dispatch": good, "cpsat": good}})
    assert "cpsat, dispatch solve on 1 host(s)" in checks.engines(Told(both))
    with pytest.raises(Impaired, match=r"cpsat \(it ended its process \(SIGILL\)\)"):
        checks.engines(Told(both, Sign("b", 10.0, {"engines": {"dispatch": good, "cpsat": bad}})))
    with pytest.raises(NotReady, match="dispatch"):
        checks.engines(Told(Sign("a", 10.0, {"engines": {"dispatch": bad, "cpsat": good}})))
    with pytest.raises(Impaired, match="15 minutes"):
        checks.engines(Told(Sign("a", thresholds.ENGINE_SECONDS + 1, {"engines": {"dispatch": bad}})))


def test_a_policy_that_fails_is_told_apart_from_engines() -> None:
    good = {"ok": True, "detail": "", "seconds": 0.1}
    bad = {"ok": False, "detail": "its plan breaks capacity", "seconds": 0.1}
    assert checks.policies(Told()) == "none has been tested"
    told = {"engines": {"dispatch": good, "ppo": good}, "policies": [["makespan-2", "0123456789ab"]]}
    assert checks.policies(Told(Sign("a", 10.0, told))) == "in force: makespan-2; planning with them works"
    failing = Told(Sign("a", 10.0, told | {"engines": {"dispatch": good, "ppo": bad}}))
    assert "dispatch solve on" in checks.engines(failing)
    with pytest.raises(Impaired, match="breaks capacity"):
        checks.policies(failing)


def read(host: str, *faults: str, **in_force: list[str]) -> Sign:
    told = {"in_force": {"makespan": ["m-1", "0123"], "weighted_tardiness": ["w-1", "4567"]} | in_force}
    return Sign(host, 10.0, {"engines": {}, "parameters": told | {"faults": list(faults)}})


def test_parameters_that_are_damaged_lost_or_differ_are_told() -> None:
    assert checks.parameters(Told(Sign("old", 10.0, {"engines": {}}))) == "no store of policies has been read"
    assert checks.parameters(Told(read("a"), read("b"))) == (
        "makespan: m-1 0123, weighted_tardiness: w-1 4567; as activated or shipped on 2 host(s)"
    )
    with pytest.raises(Impaired, match=r"^policy x: policy\.npz is not what was activated; another stands in$"):
        checks.parameters(Told(read("a"), read("b", "policy x: policy.npz is not what was activated")))
    with pytest.raises(NotReady, match=r"no policy can be used for makespan \(m-1: card\.toml cannot be read\)"):
        checks.parameters(Told(read("a"), read("b", "m-1: card.toml cannot be read", makespan=["", ""])))
    with pytest.raises(Impaired, match=r"plan makespan with different policies \(m-1 0123 on a, m-2 89ab on b\)"):
        checks.parameters(Told(read("a"), read("b", makespan=["m-2", "89ab"])))
    assert "has been read" in checks.parameters(Told(Sign("a", thresholds.ENGINE_SECONDS + 1, read("a", "x").told)))


def test_a_queue_without_a_living_worker_is_named() -> None:
    signs = [Sign("a", 1.0, {"queues": ["control", "plan"], "processes": 2}), Sign("b", 60.0, {"queues": ["solve"]})]
    with pytest.raises(NotReady, match=r"messages of solve$"):
        checks.workers(Told(*signs))


@pytest.mark.parametrize(("age", "found"), [(1.0, "healthy"), (30.0, "warning"), (90.0, "critical")])
def test_beat(age: float, found: str) -> None:
    assert level(lambda: checks.beat(Told(Sign("beat", age, {})))) == found


def test_a_clock_that_jumps_or_disagrees_is_told(
    session_factory: sessionmaker[Session], redis_client: redis.Redis
) -> None:
    ahead = 0.0
    clock = checks.Clock(session_factory, redis_client, lambda: time.time() + ahead)
    assert "agrees" in clock.look()
    ahead = 3600.0
    with pytest.raises(Impaired, match=r"\+3600.0 s from the database, \+3600.0 s from Redis"):
        clock.look()
    ahead = 0.0
    with pytest.raises(Impaired, match=r"jumped by -3600.0 s"):
        clock.look()


def test_a_report_scores_and_says_what_holds() -> None:
    def bad() -> str:
        raise NotReady("bad")

    def doubtful() -> str:
        raise Impaired("doubtful")

    report = examine([Probe("a", lambda: "good"), Probe("b", doubtful), Probe("c", bad), Probe("d", bad, holds=True)])
    assert (report.level, report.score, report.holding) == ("critical", 10, ("d",))
    assert examine([Probe("b", doubtful)]).level == "warning"
    assert (examine([]).level, examine([]).score) == ("healthy", 100)
    assert examine([Probe(name, bad) for name in "abc"]).score == 0


def test_questions_are_asked_at_once_each_with_its_limit() -> None:
    release = threading.Event()

    def hang() -> str:
        release.wait(10)
        return "late"

    begun = time.monotonic()
    report = examine([Probe(name, hang, seconds=0.3) for name in "abcdef"] + [Probe("good", lambda: "good", 0.3)])
    assert time.monotonic() - begun < 2
    release.set()
    assert report.findings["a"].detail == "no answer within 0.3 s"
    assert report.findings["good"].level == "healthy"


def test_a_watcher_examines_no_more_often_than_asked() -> None:
    asked = []
    watcher = Watcher([Probe("a", lambda: str(asked.append(1)))])
    assert watcher.latest(10.0) is None
    first = watcher.report(10.0)
    assert watcher.report(10.0) is first
    assert watcher.latest(10.0) is first
    assert watcher.report(0.0) is not first


@pytest.mark.parametrize(
    ("scores", "found"),
    [
        ([], "stable"),
        ([(10, 50)], "stable"),
        ([(10, 50), (400, 90)], "declining"),
        ([(10, 90), (200, 90), (400, 60)], "improving"),
        ([(10, 90), (400, 92), (9000, 10)], "stable"),
    ],
)
def test_trend(scores: list[tuple[float, float]], found: str) -> None:
    assert trend(scores) == found
