"""``nightshift warm``: compiles what would else be compiled when it is first used."""

from __future__ import annotations

import time

import click

from app.cli.progress import Line


@click.command(short_help="Compile the local search, so that no plan waits for it.")
def warm() -> None:
    """Compile the local search, so that no plan waits for it.

    Takes about a minute the first time, a second after that. ``make setup`` does it, and so does every worker that
    starts without.
    """
    from workers.engine import warm as compile_all

    begun = time.monotonic()
    with Line() as line:
        line.show("compiling the local search; the first time takes about a minute")
        compile_all()
    click.echo(f"the local search is compiled ({time.monotonic() - begun:.1f} s)", err=True)
