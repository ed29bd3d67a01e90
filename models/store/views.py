"""What the store gives and takes: plain frozen values, no rows.

Times are aware UTC; ages are seconds by the database's clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

State = Literal["queued", "solving", "improving", "finished", "failed", "cancelled"]
Role = Literal["viewer", "planner", "admin"]

STATES: Final[tuple[State, ...]] = ("queued", "solving", "improving", "finished", "failed", "cancelled")
OPEN_STATES: Final[tuple[State, ...]] = ("queued", "solving", "improving")
BUSY_STATES: Final[tuple[State, ...]] = ("solving", "improving")
"""States a run still has to leave; the others are final."""

ROLES: Final[tuple[Role, ...]] = ("viewer", "planner", "admin")
"""Each role may do what those before it may."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What is told of a problem without unpacking it.

    ``seconds`` is the solving budget, ``engine`` the one asked; ``first_plan``: the first checked plan is enough.
    """

    plant: str | None
    request_id: str | None
    jobs: int
    operations: int
    engine: str
    seconds: float
    first_plan: bool = False


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as it stands. ``seconds_left`` until the deadline is negative once it has passed; None without one."""

    id: str
    state: State
    attempt: int
    version: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    deadline_at: datetime | None
    heartbeat_at: datetime
    cancel_requested: bool
    engine: str
    seconds: float
    first_plan: bool
    jobs: int
    operations: int
    plant: str | None
    request_id: str | None
    digest: str
    error: Mapping[str, Any] | None
    batches_total: int
    batches_done: int
    key_id: str | None
    age: float
    heartbeat_age: float
    seconds_left: float | None

    @property
    def ended(self) -> bool:
        """Whether the run is finished, failed or cancelled for good."""
        return self.state not in OPEN_STATES


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """How one batch was solved. ``jobs`` counts its jobs, ``seconds`` is solving time, ``status`` the engine's word."""

    number: int
    jobs: int
    engine: str
    status: str
    seconds: float
    deliveries: int = 1
    handed_over: str | None = None


@dataclass(frozen=True, slots=True)
class KeyView:
    """An API key without its secret."""

    id: str
    name: str
    role: Role
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    def may(self, role: Role) -> bool:
        """Whether the key's role covers ``role``."""
        return ROLES.index(self.role) >= ROLES.index(role)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log."""

    id: int
    at: datetime
    action: str
    subject: str
    actor: str
    detail: Mapping[str, Any]
