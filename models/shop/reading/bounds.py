"""How much of everything a problem may hold."""

from __future__ import annotations

from dataclasses import dataclass

MAX_HOURS = 100_000
"""The longest duration that can be stated, in hours."""

MAX_WEIGHT = 1_000_000
"""The greatest job weight and objective coefficient."""

MAX_CAPACITY = 10_000
MAX_LOTS = 1_000
MAX_BATCH = 10_000
MAX_SEED = 2**31 - 1
MAX_QUANTITY = 1_000_000_000_000
MAX_LEVELS = 20
"""The most objective levels in a list."""

MAX_MACHINE_TYPE = 2**31 - 1
MIN_EFFICIENCY = 0.01
MAX_EFFICIENCY = 100
MIN_SECONDS = 0.1
"""The least ``options.time_limit_seconds``."""

MAX_DISRUPTIONS = 100
"""The most disruptions that are taken at once."""

MAX_EDITS = 1000
"""The most moves, pins and releases of one edit."""

MAX_SCENARIOS, MAX_SCENARIO_CHANGES = 20, 50
"""The most scenarios that are solved side by side, and changes in one."""

MAX_ID = 200
MAX_TEXT = 1_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """Settable limits of one problem: counts of rows, levels of nesting, the longest solving budget in seconds.

    ``max_depth`` names what is nested deeper as its own fault; the form itself has 7 levels.
    ``max_options`` counts machine options over all operations, those that ``machine_types`` stands for included;
    ``max_windows`` counts weekly windows, breaks, holidays, closures and absences together; ``max_changes`` counts
    setup changes over all matrices.
    """

    max_operations: int = 200_000
    max_options: int = 5_000_000
    max_depth: int = 20
    max_jobs: int = 200_000
    max_machines: int = 20_000
    max_operators: int = 20_000
    max_calendars: int = 10_000
    max_windows: int = 500_000
    max_matrices: int = 10_000
    max_changes: int = 1_000_000
    max_fixed: int = 200_000
    max_reference: int = 1_000_000
    max_seconds: float = 3_600.0


DEFAULT_BOUNDS = Bounds()
