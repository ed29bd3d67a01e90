"""Runs the self-test of engines (``workers.selftest``) in a process of its own and reads what it says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any, Final

from workers.engine import ENGINES, STEADY

TIMEOUT_SECONDS: Final = 120.0
"""A second or two, but the first time on a host it may have to compile."""

COMMAND: Final = (sys.executable, "-m", "workers.selftest")

Results = dict[str, dict[str, Any]]
"""Engine -> ``ok``, ``detail`` and ``seconds``."""


class SelfTest:
    """Runs the test in a process, which ``stop`` ends."""

    def __init__(self, command: tuple[str, ...] = COMMAND) -> None:
        self._command = command
        self._process: subprocess.Popen[str] | None = None
        self.policies: list[list[str]] = []
        """Id and version of the policies in force, as the last test has told them."""
        self.parameters: dict[str, Any] | None = None
        """``in_force``: objective -> id and version of its policy; ``faults``: what is wrong with the store of them."""

    def run(self, seconds: float = TIMEOUT_SECONDS) -> Results:
        """What was found; an engine that ended the process, or did not come back in time, has failed."""
        env = {name: value for name, value in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"}
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=env,  # it counts nothing
        )
        try:
            out, _ = self._process.communicate(timeout=seconds)
            ended = _how(self._process.returncode)
        except subprocess.TimeoutExpired:
            self._process.kill()
            out, _ = self._process.communicate()
            ended = f"it did not answer within {seconds:g} s"
        results = self._read(out, ended)
        if not results:
            results = {name: {"ok": False, "detail": ended, "seconds": 0.0} for name in ENGINES if name != STEADY}
        return results

    def _read(self, out: str, ended: str) -> Results:
        results: Results = {}
        for line in out.splitlines():
            try:
                row = json.loads(line)
                if "policies" in row:
                    self.policies = row["policies"]
                elif "parameters" in row:
                    self.parameters = row["parameters"]
                else:
                    results[row.pop("name")] = row
            except (ValueError, KeyError, TypeError, AttributeError):  # a library has printed something
                continue
        return {name: row or {"ok": False, "detail": ended, "seconds": 0.0} for name, row in results.items()}

    def stop(self) -> None:
        """Ends a test that runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()


def _how(code: int) -> str:
    if code < 0:
        return f"it ended its process ({signal.Signals(-code).name})"
    return f"its process ended with code {code}"
