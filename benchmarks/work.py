"""One measured run: what is asked of a child process, and what it answers. Both travel as JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

OURS = "nightshift"
PYJOBSHOP, PYJOBSHOP_DEFAULT = "pyjobshop/1", "pyjobshop"
"""PyJobShop with one worker, and with the number of workers that it takes by itself."""

CPSAT = "cpsat"
RULES = "rules"
SHOP = "shop"
"""A job shop; other kinds of plants are named in ``benchmarks.plants``."""

PEERS: Mapping[str, tuple[str, ...]] = {"pyjobshop": (PYJOBSHOP, PYJOBSHOP_DEFAULT), "cpsat": (CPSAT,)}
"""Name on the command line -> the ways it is run; the better one counts."""

OWN_SHARE, LEAST_SECONDS = 0.9, 0.5
"""A run of at least so many seconds that has a core of its own gets this share of them as processor time."""


@dataclass(frozen=True, slots=True)
class Task:
    """One run: ``solver`` on the problem in ``file`` with ``seed`` and a time ``limit`` in seconds.

    ``name`` and ``digest`` (of the file) say which problem it is. ``objective`` is the one term that is minimised in
    place of the file's objective. ``kind`` is that of the plant: the child warms up with a made-up one of its kind.
    ``cores``: the processors that the child and its children are pinned to. ``keep``: where to write the result
    document for an outside checker. ``record``: tell the steps of the improvers.
    """

    name: str
    file: str
    digest: str
    solver: str = OURS
    seed: int = 1
    limit: float = 5.0
    workers: int = 1
    objective: str | None = None
    kind: str = SHOP
    cores: tuple[int, ...] = ()
    keep: str | None = None
    record: bool = False

    @property
    def key(self) -> str:
        """Equal for runs that need not be repeated."""
        parts = (self.name, self.digest, self.solver, self.seed, f"{self.limit:g}", self.workers, self.objective or "")
        return "|".join(map(str, parts))

    @property
    def title(self) -> str:
        """For people."""
        workers = f" with {self.workers} workers" if self.workers > 1 else ""
        return f"{self.name}, {self.solver}{workers}, seed {self.seed}, {self.limit:g} s"

    def on(self, cores: Sequence[int], keep: str | None = None) -> Task:
        """The same run, pinned to ``cores``."""
        return replace(self, cores=tuple(cores), keep=keep)


@dataclass(slots=True)
class Outcome:
    """What a run brought.

    ``value`` and ``bound`` are of the first objective level, in its unit (hours or counts); None where there is no plan
    or no bound. ``points`` are (seconds since the problem was parsed, value), better and better. ``seconds`` is the
    wall clock until the answer, ``cpu_seconds`` the processor time of it (less means that others used the core).
    ``parse_seconds`` is the time from the file's text to the problem. Memory in MiB: ``base_mib`` resident before the
    file was read, ``parsed_mib`` after that, ``peak_mib`` the most while it was solved, child processes included.
    ``valid`` is our validator's verdict, ``checked`` that of an outside checker; None where nothing was judged.
    """

    value: float | None = None
    bound: float | None = None
    status: str = "unknown"
    left_out: int = 0
    points: list[tuple[float, float]] = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    parse_seconds: float = 0.0
    base_mib: float = 0.0
    parsed_mib: float = 0.0
    peak_mib: float = 0.0
    jobs: int = 0
    operations: int = 0
    unit: str = "h"
    valid: bool | None = None
    checked: bool | None = None
    error: str | None = None
    load: float = 0.0
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def first_seconds(self) -> float | None:
        """When the first plan was there."""
        return self.points[0][0] if self.points else None

    @property
    def crowded(self) -> bool:
        """Whether the core was shared: the run got clearly less processor time than the wall clock says."""
        return self.seconds > LEAST_SECONDS and self.cpu_seconds < OWN_SHARE * self.seconds

    def at(self, seconds: float) -> float | None:
        """The value after ``seconds``; None where there was no plan yet."""
        return value_at(self.points, seconds)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Outcome:
        """From JSON."""
        points = [(float(at), float(value)) for at, value in document.get("points", [])]
        return cls(**{**document, "points": points})

    def as_document(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def crowded(runs: Iterable[Outcome]) -> str:
    """A sentence on how many runs had to share their core; empty where none had."""
    all_runs = list(runs)
    count = sum(run.crowded for run in all_runs)
    if not count:
        return ""
    return f"In {count} of {len(all_runs)} runs of ours the core was shared with other work: measure again for numbers."


def value_at(points: Sequence[tuple[float, float]], seconds: float) -> float | None:
    """The last of ``points`` (time, value) that is not after ``seconds``."""
    found = [value for at, value in points if at <= seconds]
    return found[-1] if found else None


def digest_of(file: Path) -> str:
    """Eight hex digits that tell one file's content from another's."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:8]
