"""What a host has left: room on disks, time on certificates."""

from __future__ import annotations

import shutil
import ssl
from dataclasses import dataclass
from pathlib import Path

from monitoring.logs import get

log = get(__name__)


@dataclass(frozen=True, slots=True)
class Disk:
    """How full a disk is: the share in use, and the bytes left for us."""

    used_share: float
    free_bytes: int


def disk_use(folder: Path) -> Disk | None:
    """The disk under ``folder``, or under its nearest parent that exists; None where it cannot be asked."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        use = shutil.disk_usage(folder)
    except OSError as error:
        log.warning("disk_unknown", error=str(error))
        return None
    # what is kept for root counts as used
    return Disk(1 - use.free / (use.used + use.free) if use.used + use.free else 1.0, use.free)


def certificate_end(file: Path) -> float | None:
    """When the first certificate in a PEM file ends, in seconds since 1970; None where it cannot be read."""
    try:
        ends = ssl._ssl._test_decode_cert(str(file))["notAfter"]  # type: ignore[attr-defined]
        return float(ssl.cert_time_to_seconds(ends))
    except (OSError, ssl.SSLError, KeyError, ValueError) as error:
        log.warning("certificate_unreadable", error=str(error))
        return None
