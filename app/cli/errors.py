"""What the command line says and how it exits when something is wrong: short lines on stderr, never a traceback.

Exit codes: 0 done; 1 the answer is no (violations found, the run failed, a process ended); 2 bad input; 3 a server that
is needed does not answer.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import IO, Any

import click

from models.shop.faults import InvalidProblem


class Trouble(click.ClickException):
    """Something that is told in one line, or one line a fault."""

    def __init__(self, message: str, faults: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)

    def show(self, file: IO[Any] | None = None) -> None:
        """Writes the message, or the faults one a line, to stderr."""
        for line in self.faults or (self.message,):
            click.echo(line, file=file or sys.stderr)


class Failed(Trouble):
    """What was asked for did not come about."""

    exit_code = 1


class BadInput(Trouble):
    """What was given cannot be used."""

    exit_code = 2


class Unreachable(Trouble):
    """A server that is needed does not answer."""

    exit_code = 3


def refused(name: str, error: InvalidProblem) -> BadInput:
    """The faults of a document called ``name``, one a line."""
    lines = [f"{name}: {fault}" for fault in error.faults]
    if error.total > len(error.faults):
        lines.append(f"{name}: and {error.total - len(error.faults)} more")
    return BadInput(f"{name}: {error}", lines)
