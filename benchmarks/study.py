"""Many measured runs, each in a process and on a core of its own; what is known already is not run again."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

import click

from benchmarks.memory import resident
from benchmarks.work import OURS, RULES, Outcome, Task

GRACE_SECONDS, PEER_GRACE_SECONDS = 180.0, 30.0
"""A child that has not answered so long after its time limit is ended: start, warming up and checks need some. A peer
has nothing to check, but may be building its model still."""

TALLEST_CHECK_SECONDS = 600.0
TAIL = 300


class Study:
    """The outcomes of a study, kept as JSON lines in ``file`` as they come: an interrupted study goes on from there."""

    def __init__(self, file: Path, *, checker: str | None = None, at_once: int = 1) -> None:
        self.file, self.checker, self.at_once = file, checker, at_once
        self.known: dict[str, Outcome] = {}
        self.versions: dict[str, str] = {}
        self._lock = threading.Lock()
        self._children: set[subprocess.Popen[str]] = set()
        if file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                self.known[row["key"]] = Outcome.of(row["outcome"])
                self.versions[row["key"]] = row["version"]

    def forget(self, solvers: Collection[str]) -> None:
        """Drops what is known of some solvers, so that they are measured again."""
        if not solvers or not self.file.exists():
            return
        rows = [json.loads(line) for line in self.file.read_text(encoding="utf-8").splitlines()]
        kept = [row for row in rows if row["task"]["solver"] not in solvers]
        self.file.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
        self.known = {row["key"]: self.known[row["key"]] for row in kept}

    def get(self, task: Task) -> Outcome | None:
        """What a run brought; None where it is not known (yet)."""
        return self.known.get(task.key)

    def versions_of(self, tasks: Iterable[Task]) -> list[str]:
        """The versions of the code that were measured."""
        return sorted({self.versions[task.key] for task in tasks if task.key in self.versions})

    def run(self, tasks: Sequence[Task]) -> None:
        """Runs what is not known yet, on ``at_once`` cores, and shows what comes out. Ctrl-C keeps what is done."""
        todo = [task for task in dict.fromkeys(tasks) if task.key not in self.known]
        if len(todo) < len(tasks):
            click.echo(f"{len(tasks) - len(todo)} of {len(tasks)} runs are known already", err=True)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        version = code_version()
        begun, done = time.monotonic(), 0.0
        whole = sum(_cost(task) for task in todo)
        cores = Cores(max([self.at_once, *(task.workers for task in todo)]))
        with ThreadPoolExecutor(max(1, self.at_once)) as pool:
            futures = {pool.submit(self._one, task, cores): task for task in todo}
            try:
                for number, future in enumerate(as_completed(futures), 1):
                    task, outcome = futures[future], future.result()
                    self._keep(task, outcome, version)
                    done += _cost(task)
                    left = (time.monotonic() - begun) / done * (whole - done)
                    click.echo(f"[{number}/{len(todo)}, {_clock(left)} left] {task.title}: {_told(outcome)}", err=True)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self._end_children()
                raise

    def _one(self, task: Task, cores: Cores) -> Outcome:
        taken = cores.take(task.workers)
        try:
            with tempfile.TemporaryDirectory(prefix="nightshift-bench-") as folder:
                result = Path(folder, "result.json")
                outcome = self._measured(task.on(taken, str(result) if self.checker else None))
                if self.checker and result.exists():
                    outcome.checked, said = check(self.checker, task.file, result, task.objective)
                    if not outcome.checked:
                        outcome.error = said
            return outcome
        finally:
            cores.give(taken)

    def _measured(self, task: Task) -> Outcome:
        command = [sys.executable, "-m", "benchmarks.child"]
        grace = GRACE_SECONDS if task.solver in (OURS, RULES) else PEER_GRACE_SECONDS
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for us; we end it
        )
        self._children.add(child)
        try:
            answer, said = child.communicate(json.dumps(asdict(task)), timeout=task.limit + grace)
        except subprocess.TimeoutExpired:
            held = resident("VmHWM", child.pid)
            _end(child)
            child.communicate()
            return Outcome(error=f"no answer {grace:g} s after the time limit", peak_mib=held)
        finally:
            self._children.discard(child)
        if child.returncode or not answer.strip():
            return Outcome(error=f"ended with {child.returncode}: {said.strip()[-TAIL:]}")
        return Outcome.of(json.loads(answer.strip().splitlines()[-1]))

    def _keep(self, task: Task, outcome: Outcome, version: str) -> None:
        row = {"key": task.key, "version": version, "at": round(time.time()), "task": asdict(task)}
        with self._lock, self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**row, "outcome": outcome.as_document()}) + "\n")
        self.known[task.key], self.versions[task.key] = outcome, version

    def _end_children(self) -> None:
        for child in list(self._children):
            _end(child)


def _end(child: subprocess.Popen[str]) -> None:
    """Ends a child and all that it started: its session is its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


class Cores:
    """The processors that runs are pinned to, so that two at once do not share one."""

    def __init__(self, most: int) -> None:
        allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
        self.all = tuple(allowed)[:most] if most < len(allowed) else tuple(allowed)
        self._free: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._turn = threading.Lock()
        for core in self.all:
            self._free.put(core)

    def take(self, count: int) -> tuple[int, ...]:
        """``count`` cores, or all where there are fewer; waits until they are free."""
        with self._turn:  # one at a time, or two that want all would wait for each other
            return tuple(self._free.get() for _ in range(min(count, len(self.all))))

    def give(self, taken: Iterable[int]) -> None:
        """Gives cores back."""
        for core in taken:
            self._free.put(core)


def check(command: str, problem: str, result: Path, objective: str | None) -> tuple[bool, str]:
    """Whether an outside checker agrees: called with problem, result and, where the file's is not it, --objective."""
    asked = [*shlex.split(command), problem, str(result), *(["--objective", objective] if objective else [])]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=TALLEST_CHECK_SECONDS, check=False)
    return done.returncode == 0, f"the outside checker: {(done.stdout or done.stderr).strip()[:TAIL]}"


def code_version() -> str:
    """The commit that is measured, with + where files differ from it; ``unknown`` away from a repository."""
    try:
        git = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
        return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _cost(task: Task) -> float:
    return (task.limit + 3.0) * task.workers


def _clock(seconds: float) -> str:
    minutes = int(seconds / 60 + 0.5)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


def _told(outcome: Outcome) -> str:
    if outcome.value is None:
        return outcome.error or f"no plan ({outcome.status})"
    bad = f" — {outcome.error}" if outcome.error else ""
    first = "" if outcome.first_seconds is None else f", first plan after {outcome.first_seconds:.2f} s"
    return f"{outcome.value:,.4f} {outcome.unit}, bound {_or_none(outcome.bound)}{first}{bad}"


def _or_none(value: float | None) -> str:
    return "none" if value is None else f"{value:,.4f}"
