"""``nightshift bench``: the measurements in the repository's folder ``benchmarks``, which is not installed."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import click

from app.cli.errors import BadInput

FOLDER = "benchmarks"


class _Found(click.Group):
    """The commands that ``benchmarks`` names, imported when they are called."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Their names."""
        return list(_commands())

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        place = _commands().get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.command(cls=_Found, short_help="Measure this version against its bars.")
def bench() -> None:
    """Measure this version against its bars; benchmarks/README.md has the protocol and the numbers.

    Needs the repository: call it from there.
    """


def _commands() -> dict[str, str]:
    if not Path(FOLDER, "__init__.py").is_file():
        raise BadInput(f"there is no folder {FOLDER} here; call nightshift bench from the repository")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    found: dict[str, Any] = dict(importlib.import_module(FOLDER).COMMANDS)
    return found
