"""What a benchmark found: a table on the screen, as Markdown and as JSON, with the machine it was found on."""

from __future__ import annotations

import json
import math
import os
import platform
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
import psutil

BUSY_LOAD = 0.3
"""More load than this for each core before the start means that the machine was shared."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One number; ``most`` is its bar (None: told without one), ``met`` whether it is within."""

    bar: str
    what: str
    value: float
    unit: str
    most: float | None = None
    samples: int = 1

    @property
    def met(self) -> bool | None:
        """Whether the bar holds; None without one."""
        return None if self.most is None else self.value <= self.most

    def as_row(self) -> dict[str, object]:
        """For JSON, which has no word for what is not finite."""
        value = self.value if math.isfinite(self.value) else None
        return asdict(self) | {"value": value, "met": self.met}

    @property
    def verdict(self) -> str:
        """``met``, ``missed``, or nothing without a bar."""
        return {None: "", True: "met", False: "missed"}[self.met]


@dataclass
class Report:
    """The numbers of one run of the benchmark ``name``, in the order they were found.

    ``sections`` are further Markdown below the table, ``details`` more for the JSON.
    """

    name: str
    command: str = field(default_factory=lambda: told_command(sys.argv[1:]))
    measures: list[Measure] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    load: float = field(default_factory=lambda: os.getloadavg()[0])
    begun: float = field(default_factory=time.time)

    def add(self, bar: str, what: str, value: float, unit: str, most: float | None = None, *, samples: int = 1) -> None:
        """Takes a number, and shows it."""
        measure = Measure(bar, what, value, unit, most, samples)
        self.measures.append(measure)
        against = "" if most is None else f"  (at most {most:g}: {measure.verdict})"
        click.echo(f"  {bar:5} {what}: {shown(value)} {unit}{against}")

    def write(self, folder: Path | None) -> None:
        """Writes NAME.json and NAME.md into ``folder``, where one is named."""
        if folder is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        about = {"name": self.name, "command": self.command, "machine": machine(), "load_at_start": self.load}
        about |= {"shared_machine": self.shared, "seconds": round(time.time() - self.begun, 1)}
        rows = [measure.as_row() for measure in self.measures]
        text = json.dumps({**about, "measures": rows, **self.details}, indent=1)
        (folder / f"{self.name}.json").write_text(text + "\n", encoding="utf-8")
        (folder / f"{self.name}.md").write_text(self.markdown(), encoding="utf-8")
        click.echo(f"written to {folder / self.name}.json and .md", err=True)

    @property
    def shared(self) -> bool:
        """Whether others used the machine when the benchmark began."""
        return self.load > BUSY_LOAD * (os.cpu_count() or 1)

    def markdown(self) -> str:
        """The table, with the command and the machine above it."""
        note = f"; load {self.load:.2f} at the start: others used the machine" if self.shared else ""
        lines = [
            f"`{self.command}` on {machine()}{note}",
            "",
            "| Bar | What | Measured | At most | |",
            "|---|---|---|---|---|",
        ]
        for m in self.measures:
            most = "" if m.most is None else f"{m.most:g} {m.unit}"
            lines.append(f"| {m.bar} | {m.what} | {shown(m.value)} {m.unit} | {most} | {m.verdict} |")
        return "\n".join([*lines, *(f"\n{section.strip()}" for section in self.sections)]) + "\n"


def told_command(words: Sequence[str]) -> str:
    """The command as another machine would be told it: folders and files by their last name."""
    parts = [" ".join(_last_name(part) for part in word.split()) for word in words]
    return " ".join(["nightshift", *(f"'{part}'" if " " in part else part for part in parts)])


def _last_name(word: str) -> str:
    return Path(word).name if Path(word).is_absolute() or word.startswith("..") else word


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table: floats with three digits that count, None as a dash, columns of numbers to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    numbers = [all(_is_number(row[at]) for row in cells) for at in range(len(head))] if cells else [False] * len(head)
    rule = ["--:" if number else "---" for number in numbers]
    return "\n".join("| " + " | ".join(row) + " |" for row in (list(head), rule, *cells))


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return shown(value) if math.isfinite(value) else "–"
    return str(value)


def _is_number(cell: str) -> bool:
    return cell == "–" or cell[:1].isdigit() or cell[:1] == "-"


def shown(value: float) -> str:
    """A number with three digits that count; whole numbers (int) as they are."""
    if isinstance(value, int):
        return f"{value:,}"
    if not value or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 4)}f}"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of ``values`` that at least ``share`` (0 to 1) of them do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    """The 50th percentile."""
    return percentile(values, 0.5)


def machine() -> str:
    """Processor, cores, memory, Python."""
    name = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:
        pass  # not a Linux: the name of the architecture has to do
    memory = psutil.virtual_memory().total / 2**30
    return f"{name}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"
