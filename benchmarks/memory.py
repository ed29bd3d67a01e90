"""How much memory a process holds; 0 where the system does not tell."""

from __future__ import annotations

import contextlib
from pathlib import Path

KIB = 1024


def resident(field: str, process: int | str = "self") -> float:
    """``VmRSS`` (now) or ``VmHWM`` (the most so far) of a process in MiB."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
            if line.startswith(field):
                return int(line.split()[1]) / KIB
    return 0.0


def forget_peak() -> None:
    """Lets this process's VmHWM begin anew from what is resident now."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
