"""A stack of real processes, each of which may be killed and started again: web, workers, beat."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.stack import BenchmarkFailed
from models.store import runs
from models.store.views import RunView
from models.tables.session import reading, sessions

CELERY = [sys.executable, "-m", "celery", "--app", "workers.celery"]
PROCESSES = {
    "control": [*CELERY, "worker", "--queues", "control", "--hostname", "control@%h", "--concurrency", "1"],
    "plan": [*CELERY, "worker", "--queues", "plan", "--hostname", "plan@%h", "--concurrency", "1"],
    "solve": [*CELERY, "worker", "--queues", "solve", "--hostname", "solve@%h", "--concurrency", "2"],
    "beat": [*CELERY, "beat"],
    "web": [sys.executable, "-m", "gunicorn", "--config", "python:app.gunicorn_conf"],
}
WORKERS = ("control", "plan", "solve")
START_SECONDS = 60.0
SUBMIT = """
import sys
from models.shop.parse import load
from monitoring import logs
from tasks.commands import submit
body = sys.stdin.buffer.read()
with logs.bound(request_id=sys.argv[1]):
    print(submit(body, load(body), None))
"""


@dataclass
class Stack:
    """Starts the processes in ``env``; ``stop`` kills every one still alive.

    ``include`` is a module that the workers import beside their tasks.
    """

    env: dict[str, str]
    folder: Path
    database_url: str
    include: str | None = None
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, *names: str) -> None:
        """Starts these processes (default: all but web); their output goes to NAME.log in the folder."""
        for name in names or (*WORKERS, "beat"):
            command = [*PROCESSES[name]]
            if self.include is not None and name in WORKERS:
                command += ["--include", self.include]
            with (self.folder / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(
                    command, env=self.env, stdout=log, stderr=log, start_new_session=True
                )

    def kill(self, name: str) -> None:
        """SIGKILL to the process and all its children at once."""
        self.kill_group(self.running.pop(name))

    @staticmethod
    def kill_group(process: subprocess.Popen[bytes]) -> None:
        """SIGKILL to a process and all its children."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def start_again(self) -> None:
        """Starts what has ended by itself, as a supervisor does."""
        for name, process in list(self.running.items()):
            if process.poll() is not None:
                self.start(name)

    def children(self, name: str) -> list[psutil.Process]:
        """The children of a process. Raises psutil.NoSuchProcess where it is dead."""
        return list(psutil.Process(self.running[name].pid).children(recursive=True))

    def stop(self) -> None:
        """Kills what is alive."""
        for name in list(self.running):
            if self.running[name].poll() is None:
                self.kill(name)

    def submit(self, document: dict[str, Any], request_id: str = "stack") -> str:
        """Submits as the web process does for a request of this id, from a process of its own."""
        done = subprocess.run(
            [sys.executable, "-c", SUBMIT, request_id],
            input=json.dumps(document).encode(),
            env=self.env,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().split()[-1]

    def cancel(self, run_id: str) -> None:
        """Cancels a run as the web process does."""
        code = "import sys; from tasks.commands import cancel; cancel(sys.argv[1])"
        subprocess.run([sys.executable, "-c", code, run_id], env=self.env, check=True, capture_output=True)

    def view(self, run_id: str) -> RunView:
        """The run as the database has it."""
        with reading(sessions(self.database_url)) as session:
            found = runs.get(session, run_id)
        if found is None:
            raise BenchmarkFailed(f"there is no run {run_id}")
        return found

    def result(self, run_id: str) -> dict[str, Any]:
        """The result document of a run that has ended with one."""
        with reading(sessions(self.database_url)) as session:
            data = runs.result(session, run_id)
        if data is None:
            raise BenchmarkFailed(f"run {run_id} has no result\n{self.logs()}")
        return dict(json.loads(data))

    def until(self, condition: Callable[[], bool], seconds: float = START_SECONDS) -> None:
        """Waits for a condition; raises BenchmarkFailed, with the logs, where that takes too long."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise BenchmarkFailed(f"waited {seconds:g} s in vain\n{self.logs()}")
            time.sleep(0.05)

    def ended(self, run_id: str, seconds: float = 120.0) -> RunView:
        """Waits for the end of a run."""
        self.until(lambda: self.view(run_id).ended, seconds)
        return self.view(run_id)

    def logs(self) -> str:
        """The last lines of every process, for the message of a failure."""
        tails = []
        for path in sorted(self.folder.glob("*.log")):
            tails.append(f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-25:]))
        return "\n".join(tails)
