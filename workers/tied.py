"""Commands that end with whoever started them, however that ends: the kernel sends them SIGTERM.

Run by itself, ``python tied.py PARENT COMMAND...``, this file asks for that signal and becomes the command: so it is
safe in a program with threads, which a function between fork and exec is not.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1
"""Of prctl(2): the signal that the calling process gets when the thread that started it ends; survives exec."""

ISOLATED = ("-I", "-S")
"""Python starts in a few milliseconds without what this file does not need."""


def tied(command: Sequence[str]) -> list[str]:
    """The command, started so that it gets SIGTERM once this thread has ended. As it is where there is no Linux."""
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, *ISOLATED, __file__, str(os.getpid()), *command]


def tied_in_shell(command: str) -> str:
    """A shell command that replaces its shell and gets SIGTERM once the shell's parent has ended."""
    if sys.platform != "linux":
        return f"exec {command}"
    return f'exec {shlex.join([sys.executable, *ISOLATED, __file__])} "$PPID" {command}'


def end_with_parent(parent: int, number: signal.Signals) -> None:
    """This process gets signal ``number`` once the process ``parent``, which started it, has ended, or has it now."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl does not take the signal of a parent's end")
    if os.getppid() != parent:  # it ended before it could be asked for
        os.kill(os.getpid(), number)


if __name__ == "__main__":
    end_with_parent(int(sys.argv[1]), signal.SIGTERM)
    os.execvp(sys.argv[2], sys.argv[2:])
