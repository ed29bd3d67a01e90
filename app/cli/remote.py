"""``nightshift submit``, ``status``, ``result`` and ``cancel``: planning on a server."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import click

from app.cli import files, kpi
from app.cli.client import Client, NotReady
from app.cli.errors import Failed, Unreachable, refused
from app.cli.progress import Line, bar

DEFAULT_PORT = "8080"
SHOWN_URL = "http://127.0.0.1:8080, or at NIGHTSHIFT_PORT"
POLL_SECONDS = 0.5
PATIENCE_SECONDS = 30.0
"""A server that stops answering while a run is followed is waited for this long."""

ENDED = ("finished", "failed", "cancelled")


def default_url() -> str:
    """The server that ``nightshift up`` starts on this machine, at the port that both are told."""
    return f"http://127.0.0.1:{os.environ.get('NIGHTSHIFT_PORT') or DEFAULT_PORT}"


def _with_client(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that say which server to talk to, and hands over a client."""

    @click.option("--url", envvar="NIGHTSHIFT_URL", default=default_url, show_default=SHOWN_URL, help="The server.")
    @click.option("--key", envvar="NIGHTSHIFT_API_KEY", help="API key; better kept in NIGHTSHIFT_API_KEY.")
    @wraps(command)
    def wrapped(url: str, key: str | None, **arguments: Any) -> None:
        command(client=Client(url, key), **arguments)

    return wrapped


@click.command(short_help="Submit a problem to a server.")
@click.argument("file")
@click.option("--wait", is_flag=True, help="Follow the run to its end and show the key figures.")
@click.option("--output", metavar="FILE", help="With --wait: write the result as JSON.")
@_with_client
def submit(client: Client, file: str, wait: bool, output: str | None) -> None:
    """Submit the problem in FILE; the run's id goes to stdout. FILE may be FJSP or JSP text too; - reads stdin."""
    if output is not None and not wait:
        raise click.UsageError("--output needs --wait")
    files.check_writable(output)
    begun = time.monotonic()
    run_id = client.submit(_as_json(file))
    click.echo(run_id)
    if wait:
        state = follow(client, run_id)
        document = json.loads(fetch(client, run_id, state))
        if output is not None:
            files.write_json(output, document)
        click.echo(kpi.table(document, time.monotonic() - begun))


@click.command()
@click.argument("run_id")
@_with_client
def status(client: Client, run_id: str) -> None:
    """Show the state and progress of a run as JSON."""
    click.echo(json.dumps(client.status(run_id), indent=1, ensure_ascii=False))


@click.command(short_help="Fetch the plan of a run as JSON.")
@click.argument("run_id")
@click.option("--output", metavar="FILE", help="Where to write it.  [default: stdout]")
@_with_client
def result(client: Client, run_id: str, output: str | None) -> None:
    """Fetch the plan of a run as JSON; exit code 1 where there is none."""
    files.check_writable(output)
    body = client.result(run_id)
    if output is None:
        click.echo(body.decode())
    else:
        Path(output).write_bytes(body)


@click.command()
@click.argument("run_id")
@_with_client
def cancel(client: Client, run_id: str) -> None:
    """Ask a run to stop; it keeps the best plan it has."""
    click.echo(client.cancel(run_id)["state"])


def follow(client: Client, run_id: str) -> str:
    """Shows the progress of a run until it ends; returns the state it ended in."""
    silent_since: float | None = None
    with Line() as line:
        while True:
            try:
                found = client.status(run_id)
            except Unreachable as error:
                silent_since = silent_since or time.monotonic()
                if time.monotonic() - silent_since > PATIENCE_SECONDS:
                    raise
                line.show(f"{error.message}; trying again")
            else:
                silent_since = None
                line.show(told(found))
                if found["state"] in ENDED:
                    return str(found["state"])
            time.sleep(POLL_SECONDS)


def fetch(client: Client, run_id: str, state: str) -> bytes:
    """The result of an ended run. Raises Failed with the stored reason where it has none."""
    try:
        return client.result(run_id)
    except NotReady as error:
        raise Failed(f"run {run_id} {state}: {error.message}") from None


def told(found: Mapping[str, Any]) -> str:
    """A run's status as one line."""
    progress = found.get("progress")
    if not progress:
        return str(found["state"])
    parts = [f"{bar(progress['fraction'])} {found['state']}"]
    parts.append(f"{progress['batches_done']} of {progress['batches_total']} batches")
    for level in progress["levels"][:1]:
        if level["value"] is not None:
            bound = "" if level["lower_bound"] is None else f" (bound {level['lower_bound']:,.1f})"
            parts.append(f"{level['objective']} {level['value']:,.1f}{bound}")
    return ", ".join(parts)


def _as_json(file: str) -> bytes:
    """The body to send: JSON as it is, so that the server names every fault; text formats as the JSON they mean."""
    body = files.read_bytes(file)
    if body.lstrip()[:1] in (b"{", b"["):
        return body
    from models.shop.canonical import canonical_bytes
    from models.shop.faults import InvalidProblem
    from models.shop.parse import load

    try:
        return canonical_bytes(load(body, files.bounds()))
    except InvalidProblem as error:
        raise refused(file, error) from None
