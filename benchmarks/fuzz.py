"""``nightshift bench fuzz``: the platform against its own OpenAPI document, and broken problems (bar S4)."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import click

from benchmarks.mutations import broken, sources
from benchmarks.report import Report
from benchmarks.stack import BenchmarkFailed, Platform, platform

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
    "missing_required_header",
)
"""Left out: positive_data_acceptance (ids that name nothing and keys that came before keep the document's form and are
refused) and use_after_free, ensure_resource_availability (a cancelled run can still be read, and may have ended)."""

SHOWN = 5


@click.command(short_help="The API against its own document, and broken problems (S4).")
@click.option(
    "--minutes", default=10.0, show_default=True, type=click.FloatRange(0.05, 600), help="Length of the fuzz."
)
@click.option("--problems", default=1000, show_default=True, type=click.IntRange(1, 100_000), help="Broken problems.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="What is generated.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for fuzz.json and .md.")
def fuzz(minutes: float, problems: int, seed: int, out: Path | None) -> None:
    """Start a platform, and let schemathesis (extra `dev`) ask it whatever its OpenAPI document allows and forbids.

    All its phases: examples, coverage, fuzzing, and sequences of calls. Then broken problems are submitted.
    """
    if importlib.util.find_spec("schemathesis") is None:
        raise BenchmarkFailed("schemathesis is missing; install the extra dev")
    report = Report("fuzz")
    with platform() as running:
        _fuzzed(running, report, minutes, seed)
        _broken(running, report, problems, seed)
    report.write(out)


def _fuzzed(running: Platform, report: Report, minutes: float, seed: int) -> None:
    click.echo(f"S4: schemathesis for {minutes:g} min", err=True)
    url = f"http://{running.settings.host}:{running.settings.port}/openapi.json"
    with TemporaryDirectory(prefix="nightshift-fuzz-") as folder:
        told = Path(folder) / "fuzz.json"
        command = [str(Path(sys.executable).with_name("schemathesis")), "--no-color", "run", url]
        command += [
            "--header",
            f"Authorization: Bearer {running.token}",
            "--max-time",
            str(max(1, round(minutes * 60))),
        ]
        command += ["--checks", ",".join(CHECKS), "--continue-on-failure", "--seed", str(seed)]
        command += ["--suppress-health-check", "all", "--generation-database", "none"]
        command += ["--report", "json", "--report-json-path", str(told)]
        begun = time.monotonic()
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - begun
        if not told.is_file() or not told.stat().st_size:
            raise BenchmarkFailed(
                f"schemathesis ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
            )
        found: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
    if not found["operations"]["tested"]:
        raise BenchmarkFailed("schemathesis asked nothing in this time; give it more")
    if done.returncode:
        click.echo(done.stdout, err=True)
    cases = found["test_cases"]
    report.add("S4", "schemathesis ran", seconds / 60, "min")
    report.add("S4", "operations of the document asked", found["operations"]["tested"], "")
    report.add("S4", "cases", cases["generated"], "")
    report.add("S4", "findings", cases["unique_failures"], "", 0, samples=cases["generated"])
    report.add("S4", "errors of schemathesis itself", len(found["errors"]), "", 0)


def _broken(running: Platform, report: Report, count: int, seed: int) -> None:
    click.echo(f"S4: {count} broken problems", err=True)
    documents, answers, faults = sources(), Counter[int](), []
    for number in range(count):
        random = Random(seed * 1_000_000 + number)
        try:
            body = json.dumps(broken(random.choice(documents), random)).encode()
        except ValueError:  # a number of more digits than Python writes
            continue
        status, answer = running.call("POST", "/v1/schedules", body)
        answers[status] += 1
        if status != 202 and not _names_the_field(status, json.loads(answer)):
            faults.append(f"seed {seed * 1_000_000 + number} was answered {status}: {answer[:300]!r}")
        elif status == 202:
            running.call("DELETE", f"/v1/schedules/{json.loads(answer)['id']}")
    for fault in faults[:SHOWN]:
        click.echo(f"  {fault}", err=True)
    asked = sum(answers.values())
    report.add("S4", "broken problems submitted", asked, "")
    report.add("S4", "of them refused", asked - answers[202], "")
    report.add("S4", "of them still sound, and accepted", answers[202], "")
    report.add("S4", "answers that are neither 202 nor a 4xx that names the field", len(faults), "", 0, samples=asked)


def _names_the_field(status: int, told: dict[str, Any]) -> bool:
    errors = told.get("errors", [])
    return 400 <= status < 500 and bool(errors) and all(error["field"] and error["rule"] for error in errors)
