"""``nightshift bench service``: what a request costs beside its own solving time (bars T1 to T5)."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import click

from benchmarks.chord import chord_seconds
from benchmarks.load import under_load
from benchmarks.report import Report, median, percentile
from benchmarks.stack import BenchmarkFailed, Platform, instant, platform
from benchmarks.starts import starts
from models.shop.generate import factory

LIMIT_SECONDS = 1.0
BATCH_SIZE, BATCHES = 20, 3
JOBS_DONE, DONE_LIMIT_SECONDS = 411, 2.0
CANCEL_LIMIT_SECONDS = 60.0
QUIET_SECONDS = 0.5
WRITTEN_KIB = 8
POSTS = 20
"""The least number of POSTs of 170 jobs: fewer say nothing about a median near its bar."""


@click.command(short_help="Overhead, answer times, load, cancel, start (T1 to T5).")
@click.option("--requests", default=100, show_default=True, type=click.IntRange(2, 10_000), help="Requests for T1.")
@click.option("--seconds", default=20.0, show_default=True, type=click.FloatRange(2, 3600), help="Length of T3's load.")
@click.option("--quick", is_flag=True, help="A look in about a minute: few samples of everything.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for service.json and .md.")
def service(requests: int, seconds: float, quick: bool, out: Path | None) -> None:
    """Start a platform and measure it over HTTP.

    Everything runs on this machine: the embedded Redis and SQLite, or what REDIS_URL and DATABASE_URL name.
    """
    if quick:
        requests, seconds = 5, 5.0
    rounds = 3 if quick else 20
    report = Report("service")
    with platform() as running:
        click.echo(f"a platform of its own on port {running.settings.port}", err=True)
        _answers(running, report, rounds)
        _overhead(running, report, requests)
        under_load(running, report, seconds)
        _cancel(running, report, max(2, rounds // 4))
    starts(report)
    report.write(out)


def problem(jobs: int, machines: int, seed: int, **options: object) -> bytes:
    """A made-up factory as the body of a request."""
    return json.dumps(factory(jobs, machines, seed) | {"options": options}).encode()


def _overhead(running: Platform, report: Report, requests: int) -> None:
    """T1: requests one after the other, of as many batches as the chord beside them has tasks."""
    click.echo(f"T1: {requests} requests of {BATCHES} batches and {LIMIT_SECONDS:g} s, then the no-op chord", err=True)
    extra, proved = [], 0
    for number in range(requests):
        body = _endless(number, LIMIT_SECONDS)
        run_id = running.submit(body)
        answered = time.time()
        found = running.ended(run_id)
        overhead = (instant(found["finished_at"]) - answered - LIMIT_SECONDS) * 1000
        if json.loads(running.call("GET", f"/v1/schedules/{run_id}/result")[1])["status"] == "optimal":
            proved += 1  # it ended before its time was up
        else:
            extra.append(overhead)
        time.sleep(QUIET_SECONDS / 5)
    if not extra:
        raise BenchmarkFailed("all requests of T1 were proved optimal before their time was up")
    count = len(extra)
    report.add(
        "T1", "from the 202 to the stored result, less the time limit, p50", median(extra), "ms", 150, samples=count
    )
    report.add("T1", "the same, p99", percentile(extra, 0.99), "ms", 400, samples=count)
    report.add("T1", "requests left out because they were proved optimal early", proved, "", samples=requests)
    floor = chord_seconds(running.settings.redis_url, running.env, BATCHES, requests, running.settings.solve_processes)
    floor_ms = [seconds * 1000 for seconds in floor]
    report.add(
        "T1", f"a Celery chord of {BATCHES} no-ops on the same Redis, p50", median(floor_ms), "ms", samples=requests
    )
    report.add("T1", "the same, p99", percentile(floor_ms, 0.99), "ms", samples=requests)
    disk_ms = [seconds * 1000 for seconds in _disk_seconds(running.settings.data_dir / "disk", requests)]
    what = f"this disk makes {WRITTEN_KIB} KiB safe (fsync), as every stored result asks at least once, p50"
    report.add("T1", what, median(disk_ms), "ms", samples=requests)
    report.add("T1", "the same, p99", percentile(disk_ms, 0.99), "ms", samples=requests)


def _disk_seconds(path: Path, repeats: int) -> list[float]:
    """How long each of ``repeats`` small appends to a file at ``path`` takes to be safe on the disk."""
    found = []
    with path.open("wb", buffering=0) as file:
        for _ in range(repeats):
            file.write(bytes(WRITTEN_KIB * 1024))
            begun = time.perf_counter()
            os.fsync(file.fileno())
            found.append(time.perf_counter() - begun)
            time.sleep(QUIET_SECONDS / 25)
    path.unlink()
    return found


def _endless(seed: int, limit: float) -> bytes:
    """A problem that no engine proves optimal within ``limit``: routed, with setups and due dates."""
    document = factory(BATCH_SIZE * BATCHES, 12, seed + 1, routings=True, setups=True)
    options = {"time_limit_seconds": limit, "batch_size": BATCH_SIZE}
    return json.dumps(document | {"objective": "weighted_tardiness", "options": options}).encode()


def _answers(running: Platform, report: Report, rounds: int) -> None:
    """T2: how soon a POST is answered, a first plan can be read, and 411 jobs are done."""
    click.echo(f"T2: POSTs of 170 ({max(POSTS, rounds)}) and 10,000 jobs, first plans, {JOBS_DONE} jobs", err=True)
    posts, plans = [], []
    bodies = [problem(170, 60, number + 1, time_limit_seconds=2) for number in range(max(POSTS, rounds))]
    for body in bodies:
        begun = time.perf_counter()
        run_id = running.submit(body)
        posts.append((time.perf_counter() - begun) * 1000)
        begun = time.perf_counter()
        while not running.has_plan(run_id):
            time.sleep(0.005)
        plans.append(time.perf_counter() - begun)
        _stopped(running, run_id)
    count = len(bodies)
    report.add("T2", "POST of 170 jobs answered, p50", median(posts), "ms", 50, samples=count)
    report.add("T2", "the same, worst", max(posts), "ms", samples=count)
    report.add("T2", "from its answer to a checked plan that can be read, p50", median(plans), "s", 0.5, samples=count)
    few = max(2, rounds // 5)
    large, first, done = [], [], []
    for number in range(few):
        body = problem(10_000, 149, number + 1, time_limit_seconds=10)
        begun = time.perf_counter()
        run_id = running.submit(body)
        large.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        while not running.has_plan(run_id):
            time.sleep(0.02)
        first.append(time.perf_counter() - begun)
        _stopped(running, run_id)
    report.add("T2", "POST of 10,000 jobs answered, p50", median(large), "s", 1.5, samples=few)
    report.add("T2", "from its answer to a checked plan that can be read, p50", median(first), "s", samples=few)
    for number in range(few):
        body = problem(JOBS_DONE, 149, number + 1, time_limit_seconds=DONE_LIMIT_SECONDS)
        begun = time.perf_counter()
        running.ended(running.submit(body))
        done.append(time.perf_counter() - begun)
    what = f"{JOBS_DONE} jobs with {DONE_LIMIT_SECONDS:g} s, from the POST to the stored result"
    report.add("T2", f"{what}, p50", median(done), "s", 3, samples=few)
    report.add("T2", f"{what}, worst", max(done), "s", samples=few)


def _cancel(running: Platform, report: Report, rounds: int) -> None:
    """T4: how soon a cancel ends a run in mid-search, and whether the best plan it told of is the one it keeps."""
    click.echo(f"T4: {rounds} cancels in mid-search", err=True)
    times, lost = [], 0
    for number in range(rounds):
        run_id = running.submit(_endless(number, CANCEL_LIMIT_SECONDS))
        while not running.has_plan(run_id):
            time.sleep(0.02)
        time.sleep(QUIET_SECONDS * 2)
        before = json.loads(running.call("GET", f"/v1/schedules/{run_id}/result")[1])
        begun = time.perf_counter()
        _stopped(running, run_id)
        times.append(time.perf_counter() - begun)
        kept = json.loads(running.call("GET", f"/v1/schedules/{run_id}/result")[1])
        lost += _values(kept) > _values(before)
    report.add("T4", "from the cancel to the stored best plan, p50", median(times), "s", 1, samples=rounds)
    report.add("T4", "the same, worst", max(times), "s", 1, samples=rounds)
    report.add("T4", "plans kept that were worse than what could be read before", lost, "", 0, samples=rounds)


def _values(result: dict[str, object]) -> list[float]:
    """Weight of what is left out, then the objective levels."""
    quality = result["quality"]
    if not isinstance(quality, dict):
        raise BenchmarkFailed("a result has no quality")
    left_out = quality.get("unscheduled") or {}
    return [float(left_out.get("value") or 0), *(float(level["value"]) for level in quality["levels"])]


def _stopped(running: Platform, run_id: str) -> None:
    running.call("DELETE", f"/v1/schedules/{run_id}")
    running.ended(run_id)
