"""Bar T3: 200 who poll and 20 who submit, all at once, on one web process."""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import dataclass, field

import click

from benchmarks.report import Report, median, percentile
from benchmarks.stack import Platform
from benchmarks.wire import MessageSizes
from models.shop.generate import factory

POLLERS, SUBMITTERS = 200, 20
POLL_SECONDS = 1.0
"""What Retry-After asks for."""

SUBMIT_SECONDS = 4.0
SUBMITTED_JOBS = 40
ANSWER_SECONDS = 30.0


@dataclass
class Load:
    """What happened: times in milliseconds, errors as sentences."""

    host: str
    port: int
    token: str
    polls: list[float] = field(default_factory=list)
    submits: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)


class Connection:
    """One kept HTTP/1.1 connection."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def call(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and body of an answer."""
        if self.reader is None or self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.load.host, self.load.port)
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.load.host}\r\nAuthorization: Bearer {self.load.token}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        answer = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in answer[1:] if ": " in line)
        content = await self.reader.readexactly(int(fields.get("content-length", "0")))
        if fields.get("connection") == "close":
            self.close()
        return int(answer[0].split()[1]), content

    def close(self) -> None:
        """The next call makes a new one."""
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


def under_load(running: Platform, report: Report, seconds: float) -> None:
    """Puts the load on for ``seconds`` and reports."""
    click.echo(f"T3: {POLLERS} pollers and {SUBMITTERS} submitters for {seconds:g} s", err=True)
    load = Load(running.settings.host, running.settings.port, running.token)
    with MessageSizes(running.settings.redis_url) as messages:
        asyncio.run(_run(load, seconds))
        for run_id in load.runs:
            running.ended(run_id)
    for error in sorted(set(load.errors))[:5]:
        click.echo(f"  error: {error}", err=True)
    count = len(load.polls)
    report.add("T3", f"errors of {POLLERS} pollers and {SUBMITTERS} submitters", len(load.errors), "", 0, samples=count)
    report.add("T3", "poll answered, p50", median(load.polls), "ms", samples=count)
    report.add("T3", "poll answered, p99", percentile(load.polls, 0.99), "ms", 100, samples=count)
    report.add(
        "T3",
        f"POST of {SUBMITTED_JOBS} jobs answered, p99",
        percentile(load.submits, 0.99),
        "ms",
        samples=len(load.submits),
    )
    report.add("T3", "requests answered", (count + len(load.submits)) / seconds, "/s")
    report.add("T3", "largest message", max(messages.sizes, default=0) / 1024, "KiB", 16, samples=len(messages.sizes))


async def _run(load: Load, seconds: float) -> None:
    end = time.monotonic() + seconds
    first = Connection(load)
    await _submit(load, first, 0)
    first.close()
    pollers = [_poller(load, number, end) for number in range(POLLERS)]
    submitters = [_submitter(load, number, end) for number in range(SUBMITTERS)]
    await asyncio.gather(*pollers, *submitters)


async def _poller(load: Load, number: int, end: float) -> None:
    chosen = random.Random(number)
    connection = Connection(load)
    await asyncio.sleep(chosen.random() * POLL_SECONDS)
    while time.monotonic() < end and load.runs:
        begun = time.perf_counter()
        status = await _told(load, connection, "GET", f"/v1/schedules/{chosen.choice(load.runs)}")
        load.polls.append((time.perf_counter() - begun) * 1000)
        if status not in (None, 200):
            load.errors.append(f"poll: {status}")
        await asyncio.sleep(max(0.0, POLL_SECONDS - (time.perf_counter() - begun)))
    connection.close()


async def _submitter(load: Load, number: int, end: float) -> None:
    connection = Connection(load)
    await asyncio.sleep(number / SUBMITTERS * SUBMIT_SECONDS)
    while time.monotonic() < end:
        begun = time.perf_counter()
        await _submit(load, connection, number)
        load.submits.append((time.perf_counter() - begun) * 1000)
        await asyncio.sleep(max(0.0, SUBMIT_SECONDS - (time.perf_counter() - begun)))
    connection.close()


async def _submit(load: Load, connection: Connection, seed: int) -> None:
    document = factory(SUBMITTED_JOBS, 20, seed + 1) | {"options": {"engine": "dispatch", "time_limit_seconds": 1}}
    try:
        status, answer = await asyncio.wait_for(
            connection.call("POST", "/v1/schedules", json.dumps(document).encode()), ANSWER_SECONDS
        )
    except (OSError, EOFError, TimeoutError) as error:
        connection.close()
        load.errors.append(f"submit: {type(error).__name__}")
        return
    if status == 202:
        load.runs.append(json.loads(answer)["id"])
    else:
        load.errors.append(f"submit: {status}")


async def _told(load: Load, connection: Connection, method: str, path: str) -> int | None:
    """The status of an answer; None, with the error noted, where there is none."""
    try:
        return (await asyncio.wait_for(connection.call(method, path), ANSWER_SECONDS))[0]
    except (OSError, EOFError, TimeoutError) as error:
        connection.close()
        load.errors.append(f"poll: {type(error).__name__}")
        return None
