"""What improvers do with their board: every call is noted, and read afterwards as steps."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

from models.shop.schedule import Decision
from workers import local, pool
from workers.improve.incumbent import Incumbent, LocalBoard, Value

Event = tuple[float, int, str, int, list[int]]
"""Time, who (a thread: one for each improver), the call, a number (the version read, whether it worked), machines."""


class RecordingBoard(LocalBoard):
    """A board that writes each call into ``file`` as a line of JSON: into one, whatever process serves the board."""

    file: ClassVar[Path]

    def __init__(self, first: Incumbent | None = None) -> None:
        super().__init__(first)
        self._out = self.file.open("a", encoding="utf-8", buffering=1)

    def read(self) -> Incumbent | None:
        """Noted with the version."""
        found = super().read()
        self._note("read", 0 if found is None else found.version)
        return found

    def put(self, seen: int, value: Value, decisions: tuple[Decision, ...]) -> bool:
        """Noted with whether it was put."""
        done = super().put(seen, value, decisions)
        self._note("put", int(done))
        return done

    def claim(self, machines: Collection[int], owner: str, seconds: float) -> bool:
        """Noted with whether they were free, and the machines."""
        done = super().claim(machines, owner, seconds)
        self._note("claim", int(done), machines)
        return done

    def release(self, machines: Collection[int], owner: str) -> None:
        """Noted."""
        super().release(machines, owner)
        self._note("release", 0)

    def _note(self, call: str, number: int, machines: Collection[int] = ()) -> None:
        event = (time.monotonic(), threading.get_ident(), call, number, sorted(machines))
        self._out.write(json.dumps(event) + "\n")


def record(file: Path) -> None:
    """From now on local runs of this process note what happens on their boards in ``file``."""
    RecordingBoard.file = file
    setattr(local, "LocalBoard", RecordingBoard)  # noqa: B010  not local's own to give away; in this child only
    pool._Boards.register("Board", RecordingBoard)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an improver, from one reading of the incumbent to the next.

    ``end``, ``seconds``: when it ended, and how long it took. ``machines`` are those claimed, ``blocked`` says that
    others held some. ``offered``: it had a patch. ``moved``: the incumbent had changed meanwhile, so that the patch was
    rebased. ``put``: the patch made the plan better (or moved it sideways) and stands.
    """

    end: float
    seconds: float
    machines: tuple[int, ...]
    blocked: bool
    offered: bool
    moved: bool
    put: bool

    def as_row(self) -> list[object]:
        """Short, for JSON."""
        flags = [self.blocked, self.offered, self.moved, self.put]
        return [round(self.end, 4), round(self.seconds, 4), list(self.machines), *map(int, flags)]

    @classmethod
    def of(cls, row: Sequence[Any]) -> Step:
        """From ``as_row``."""
        end, seconds, machines, blocked, offered, moved, put = row
        return cls(end, seconds, tuple(machines), bool(blocked), bool(offered), bool(moved), bool(put))


def steps_of(events: Iterable[Event], begun: float) -> list[Step]:
    """The steps of all improvers in the order that they ended; times count from ``begun`` (``time.monotonic()``)."""
    by_thread: dict[int, list[Event]] = {}
    for event in events:
        by_thread.setdefault(event[1], []).append(event)
    found = [step for calls in by_thread.values() for step in _steps(calls, begun)]
    return sorted(found, key=lambda step: step.end)


def _steps(calls: Sequence[Event], begun: float) -> Iterator[Step]:
    """One improver's steps."""
    starts = [*_starts(calls), len(calls)]
    for start, end in pairwise(starts):
        inside = calls[start:end]
        claims = [event for event in inside if event[2] == "claim"]
        rereads = [event[3] for event in inside[1:] if event[2] == "read"]
        puts = [event[3] for event in inside if event[2] == "put"]
        released = any(event[2] == "release" for event in inside)
        if not claims and not puts:
            continue  # somebody looked at the board
        ended = calls[min(end, len(calls) - 1)][0]
        yield Step(
            end=ended - begun,
            seconds=ended - calls[start][0],
            machines=tuple(claims[-1][4]) if claims else (),
            blocked=bool(claims) and not released,
            offered=bool(rereads or puts),
            moved=any(version != calls[start][3] for version in rereads) or 0 in puts,
            put=1 in puts,
        )


def _starts(calls: Sequence[Event]) -> Iterator[int]:
    """Where steps begin: readings outside of a claim, but for those that put a patch in spite of another's claim."""
    held, claiming = False, any(event[2] == "claim" for event in calls)
    for at, (_, _, call, number, _) in enumerate(calls):
        after = calls[at + 1][2] if at + 1 < len(calls) else ""
        if call == "read" and not held and not (claiming and after in ("put", "release")):
            yield at
        held = number == 1 if call == "claim" else held and call != "release"


def events_in(file: Path) -> list[Event]:
    """Every event that was noted; a line that was cut off at the end is left out."""
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            at, who, call, number, machines = json.loads(line)
        except ValueError:
            continue
        found.append((at, who, call, number, machines))
    return found
