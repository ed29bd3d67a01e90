"""Names that become values of labels and that only requests tell, such as plants: the first of a host, and no more.

A process's own list would not do: each new worker child would admit others, and their series stay.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Final

from monitoring.logs import get

MOST_NAMES: Final = 60

log = get(__name__)

_known: dict[tuple[str, str], set[str]] = {}


def admitted(kind: str, name: str) -> bool:
    """Whether ``name`` is among the first MOST_NAMES of its kind on this host; a new one is noted where there is room.

    Without a folder of metric files, or where it cannot be written, each process has a list of its own.
    """
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
    known = _known.setdefault((folder, kind), set())
    if name in known:
        return True
    if len(known) >= MOST_NAMES:
        return False
    if folder:
        try:
            _shared(Path(folder) / f"names-{kind}", known, name)
        except OSError as error:
            log.warning("names_not_shared", kind=kind, error=str(error))
    if len(known) < MOST_NAMES:
        known.add(name)
    return name in known


def _shared(file: Path, known: set[str], name: str) -> None:
    """Reads the host's list into ``known``, and adds ``name`` to it where there is room."""
    with file.open("a+", encoding="utf-8") as names:
        fcntl.flock(names, fcntl.LOCK_EX)
        try:
            names.seek(0)
            text = names.read()
            known.update(filter(None, map(_read, text.splitlines()[:MOST_NAMES])))
            if name not in known and len(known) < MOST_NAMES:
                cut_short = text and not text.endswith("\n")
                names.write(("\n" if cut_short else "") + json.dumps(name) + "\n")
                names.flush()
        finally:
            fcntl.flock(names, fcntl.LOCK_UN)


def _read(line: str) -> str | None:
    """The name in a line; None for one that a kill cut short."""
    try:
        return str(json.loads(line))
    except ValueError:
        return None
