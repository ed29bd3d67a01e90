"""What all probes found together: one level, one score, and where it tends to."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final, Literal

from monitoring.health.probe import LEVELS, Finding, Level, Probe

PENALTY: Final[Mapping[Level, int]] = {"healthy": 0, "warning": 10, "critical": 40}
"""What a finding takes off 100."""

TREND_SECONDS: Final = 300.0
TREND_POINTS: Final = 5.0
"""The last 5 minutes' mean score against that of the 5 minutes before: less than this many points apart is stable."""

Trend = Literal["improving", "stable", "declining"]


@dataclass(frozen=True, slots=True)
class Report:
    """All findings by name of the probe; ``holding`` names those for which new solves are held."""

    findings: Mapping[str, Finding]
    holding: tuple[str, ...]
    at: float

    @property
    def level(self) -> Level:
        """The worst of all findings."""
        return max((finding.level for finding in self.findings.values()), key=LEVELS.index, default="healthy")

    @property
    def score(self) -> int:
        """From 0 to 100: 10 off for each warning, 40 for each critical finding."""
        return max(0, 100 - sum(PENALTY[finding.level] for finding in self.findings.values()))


def examine(probes: Sequence[Probe]) -> Report:
    """Asks all probes at once; takes as long as the slowest of their time limits, at most."""
    begun = time.monotonic()
    asked = [probe.begin() for probe in probes]
    findings = {
        probe.name: probe.within(answer, probe.seconds - (time.monotonic() - begun))
        for probe, answer in zip(probes, asked, strict=True)
    }
    holding = tuple(probe.name for probe in probes if probe.holds and not findings[probe.name].ok)
    return Report(findings, holding, time.time())


class Watcher:
    """Examines when it is asked to and its last report has grown old; for many threads."""

    def __init__(self, probes: Sequence[Probe]) -> None:
        self._probes = probes
        self._last: Report | None = None
        self._one_at_a_time = threading.Lock()

    def report(self, seconds: float) -> Report:
        """A report that is at most ``seconds`` old; it is waited for."""
        with self._one_at_a_time:
            if self._last is None or not 0 <= time.time() - self._last.at <= seconds:
                self._last = examine(self._probes)
            return self._last

    def latest(self, seconds: float) -> Report | None:
        """The last report, however old; a new one is sent for where it is older than ``seconds``. Never waits."""
        last = self._last
        if last is None or not 0 <= time.time() - last.at <= seconds:
            threading.Thread(target=self.report, args=(seconds,), name="health", daemon=True).start()
        return last


def trend(scores: Sequence[tuple[float, float]]) -> Trend:
    """Where the score tends to. ``scores``: how many seconds ago, and the score then."""
    now = [score for age, score in scores if age <= TREND_SECONDS]
    before = [score for age, score in scores if TREND_SECONDS < age <= 2 * TREND_SECONDS]
    if not now or not before:
        return "stable"
    change = fmean(now) - fmean(before)
    if abs(change) < TREND_POINTS:
        return "stable"
    return "improving" if change > 0 else "declining"
