"""Metric files that cannot be written: counting goes on, and nothing else fails."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from monitoring import exposition
from monitoring.guarded import INITIAL_BYTES, GuardedDict

COUNT = """
from monitoring import exposition, guarded, metrics
metrics.RUNS.labels("finished").inc(2)
metrics.RUNS.labels("finished").inc(3)
metrics.RUN_SECONDS.labels("finished").observe(1)
assert metrics.RUNS.labels("finished")._value.get() == 5
print(guarded.complete(), len(exposition.render()[0]) >= 0)
"""


def counted(folder: Path, code: str = COUNT, **limits: int) -> list[str]:
    """What a process says that counts into ``folder``, no file of which may grow beyond ``limits``."""

    def limit() -> None:
        if limits:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limits["bytes"], limits["bytes"]))

    env = dict(os.environ) | {"PROMETHEUS_MULTIPROC_DIR": str(folder), "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, preexec_fn=limit)
    return done.stdout.splitlines()[-1].split() if done.stdout else []


def test_a_folder_that_is_missing_or_no_folder_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "missing", tmp_path / "file" / "below"):
        assert counted(folder) == ["False", "True"]


def test_a_disk_without_room_stops_nobody_and_kills_nobody(tmp_path: Path) -> None:
    assert counted(tmp_path, bytes=INITIAL_BYTES // 2) == ["False", "True"]
    assert not list(tmp_path.glob("*.db")), "what could not be reserved is not left behind"


def test_a_file_that_cannot_grow_keeps_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = GuardedDict(str(tmp_path / "counter_1.db"))
    store.write_value("first", 1.0, 0.0)

    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "posix_fallocate", full)
        for number in range(INITIAL_BYTES // 20):
            store.write_value(f"series {number}", float(number), 0.0)
    assert not store.complete
    assert store.read_value("first") == (1.0, 0.0)
    last = f"series {INITIAL_BYTES // 20 - 1}"
    assert store.read_value(last) == (INITIAL_BYTES // 20 - 1, 0.0)
    store._next_try = 0.0  # the disk has room again
    store.write_value(last, 7.0, 0.0)
    assert store.complete
    store.close()  # type: ignore[no-untyped-call]
    again = GuardedDict(str(tmp_path / "counter_1.db"))
    assert (again.read_value("first"), again.read_value(last)) == ((1.0, 0.0), (7.0, 0.0))


def test_a_full_disk_leaves_the_files_of_the_dead_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    counted(tmp_path)
    before = sorted(tmp_path.glob("*.db"))

    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "posix_fallocate", full)
        text = exposition.render()[0].decode()
    assert 'nightshift_runs_total{state="finished"} 5.0' in text
    assert sorted(tmp_path.glob("*.db")) == before
    text = exposition.render()[0].decode()
    assert 'nightshift_runs_total{state="finished"} 5.0' in text
    assert sorted(tmp_path.glob("*.db")) != before


def test_a_clock_that_was_set_back_does_not_freeze_a_gauge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    gauge = "from monitoring import metrics; import time; now = time.time()\n"
    gauge += "time.time = lambda: now + {ahead}; metrics.OBJECTIVE_SECONDS.labels('makespan').set({value})"
    counted(tmp_path, gauge.format(ahead=86_400, value=1))
    counted(tmp_path, gauge.format(ahead=0, value=2))
    assert 'nightshift_objective_seconds{objective="makespan"} 2.0' in exposition.render()[0].decode()
