"""The whole platform, end to end: what ``make demo`` runs, and what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from models.store import keys
from models.tables.session import reading, sessions

pytestmark = pytest.mark.slow


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", "demo", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def family(home: Path) -> list[psutil.Process]:
    """Every process that works on ``home``."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("NIGHTSHIFT_HOME") == str(home) and process.pid != os.getpid():
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_the_demo_plans_a_factory_and_leaves_nothing_running(environment: Path) -> None:
    demo = start(environment, "--time-limit", "2")
    out, err = demo.communicate(timeout=180)
    assert demo.returncode == 0, err
    assert "is ready after" in err
    assert "submitted 411 jobs on 149 machines" in err
    assert "of 3 batches" in err
    for name in ("Makespan", "Weighted tardiness", "On-time rate", "Completion", "Utilisation", "bound", "gap", "Wall"):
        assert name in out
    assert "nightshift demo --keep" in out
    plan = json.loads((environment / "schedule.json").read_text())
    assert len(plan["scheduled_jobs"]) == 411
    assert plan["quality"]["validated"] is True
    home = environment / "home" / "demo"
    assert not family(home)
    assert not (home / "redis.sock").exists()
    maker = sessions(f"sqlite:///{home / 'nightshift.db'}")
    with reading(maker) as session:
        assert keys.list_keys(session)
        assert not keys.list_keys(session, revoked=False)
    maker.kw["bind"].dispose()


def test_a_demo_that_is_ended_stops_what_it_started(environment: Path) -> None:
    demo = start(environment, "--keep")
    assert demo.stderr is not None
    for line in demo.stderr:
        if "submitted" in line:
            break
    home = environment / "home" / "demo"
    assert len(family(home)) > 5
    demo.send_signal(signal.SIGTERM)
    demo.communicate(timeout=60)
    assert demo.returncode == 128 + signal.SIGTERM
    deadline = time.monotonic() + 5
    while family(home):
        assert time.monotonic() < deadline, family(home)
        time.sleep(0.1)
