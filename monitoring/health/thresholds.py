"""From where on health is a warning or critical, in one place. Seconds, bytes, shares of 1."""

from __future__ import annotations

from typing import Final

REDIS_WARNING_SHARE: Final = 0.8
REDIS_CRITICAL_SHARE: Final = 0.95
"""Of its maxmemory; from there on it refuses writes soon."""

DISK_WARNING_SHARE: Final = 0.9
DISK_WARNING_BYTES: Final = 2 * 2**30
DISK_CRITICAL_SHARE: Final = 0.98
DISK_CRITICAL_BYTES: Final = 200 * 2**20
"""In use, and left. A large disk may be fuller: both have to be exceeded for a share to count."""

MEMORY_WARNING_SHARE: Final = 0.9
MEMORY_CRITICAL_SHARE: Final = 0.97
"""Of the host's memory, not available. A solve takes 200 MiB and more; beyond this the kernel kills one."""

QUEUE_SECONDS: Final = {"control": (15.0, 60.0), "plan": (30.0, 120.0), "solve": (600.0, 3600.0)}
"""How long the oldest message of a queue may wait: warning, critical. A batch waits behind whole budgets, the longest
of which is an hour; control and plan tasks never wait behind a solve."""

BEAT_WARNING_SECONDS: Final = 20.0
BEAT_CRITICAL_SECONDS: Final = 60.0
"""Beat sends every 5 s. Without it nobody looks after lost work."""

ALIVE_SECONDS: Final = 15.0
"""A worker tells of itself every 5 s; one that has not for this long is lost."""

CLOCK_SECONDS: Final = 2.0
"""How far this host's clock may be from the database's and Redis's, or jump."""

CLOCK_REMEMBERED_SECONDS: Final = 600.0
"""How long a jump is told."""

ENGINE_SECONDS: Final = 900.0
"""An engine's last self-test may be this old; workers test every 5 minutes."""
