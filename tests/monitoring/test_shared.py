"""Metric files: what dead processes counted is kept, their files are not."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.parser import text_string_to_metric_families

from monitoring import exposition
from monitoring.shared import KINDS, fold

COUNT = """
import sys
from monitoring import exposition, metrics
metrics.RUNS.labels("finished").inc(int(sys.argv[1]))
metrics.RUN_SECONDS.labels("finished").observe(float(sys.argv[1]))
metrics.OBJECTIVE_SECONDS.labels("makespan").set(float(sys.argv[1]))
"""
DEAD = "999999999"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    return tmp_path


def count(amount: int) -> None:
    subprocess.run([sys.executable, "-c", COUNT, str(amount)], env=dict(os.environ), check=True)


def samples() -> dict[str, float]:
    text = exposition.render()[0].decode()
    return {
        f"{sample.name}{sample.labels or ''}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_bucket")
    }


def test_dead_processes_add_up_in_one_file_of_each_kind(folder: Path) -> None:
    for amount in (1, 2, 4):
        count(amount)
    assert len(list(folder.glob("*.db"))) == 3 * KINDS
    expected = {
        "nightshift_runs_total{'state': 'finished'}": 7.0,
        "nightshift_run_seconds_sum{'state': 'finished'}": 7.0,
        "nightshift_run_seconds_count{'state': 'finished'}": 3.0,
        "nightshift_objective_seconds{'objective': 'makespan'}": 4.0,
    }
    for _ in range(2):
        found = samples()
        assert {name: found[name] for name in expected} == expected
        assert sorted(file.name for file in folder.glob("*.db")) == [
            "counter_0.db",
            "gauge_mostrecent_0.db",
            "histogram_0.db",
        ]
    count(8)
    assert samples()["nightshift_runs_total{'state': 'finished'}"] == 15.0


def test_buckets_of_dead_processes_are_not_accumulated_twice(folder: Path) -> None:
    count(1)
    before = exposition.render()[0]
    assert exposition.render()[0] == before
    assert b'nightshift_run_seconds_bucket{le="1.0",state="finished"} 1.0' in before
    assert b'nightshift_run_seconds_bucket{le="+Inf",state="finished"} 1.0' in before


def test_living_processes_keep_their_files(folder: Path) -> None:
    for process in (str(os.getpid()), "1"):
        MmapedDict(str(folder / f"counter_{process}.db")).close()  # type: ignore[no-untyped-call]
    assert fold(folder) == 0
    assert len(list(folder.glob("*.db"))) == 2


def test_gauges_of_the_living_end_with_their_process(folder: Path) -> None:
    MmapedDict(str(folder / f"gauge_livesum_{DEAD}.db")).close()  # type: ignore[no-untyped-call]
    assert fold(folder) == 1
    assert not list(folder.glob("*.db"))


def test_a_file_that_a_kill_cut_short_harms_nothing(folder: Path) -> None:
    count(3)
    (folder / f"counter_{DEAD}.db").write_bytes(b"")
    (folder / f"histogram_{DEAD}.db").write_bytes(b"\xff\x00\x00\x00" + b"\x7f" * 60)
    assert samples()["nightshift_runs_total{'state': 'finished'}"] == 3.0
    assert len(list(folder.glob("*.db"))) == KINDS


def test_many_who_fold_at_once_lose_and_double_nothing(folder: Path) -> None:
    for _ in range(4):
        count(1)
    threads = [threading.Thread(target=samples) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert samples()["nightshift_runs_total{'state': 'finished'}"] == 4.0
