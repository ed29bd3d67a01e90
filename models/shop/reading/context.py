"""What the pieces of a document need to know of one another while it is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.shop.faults import InvalidProblem
from models.shop.problem import Machine, Operator
from models.shop.reading.bounds import MAX_HOURS, Bounds
from models.shop.reading.quantities import to_seconds
from models.shop.reading.row import Faults, Row


class ProcessingSeconds(dict[int | float, int]):
    """Hours -> processing time in seconds, at least 1. Raises ValueError for hours out of range.

    Only numbers may be looked up: True would be found under 1.
    """

    def __missing__(self, hours: int | float) -> int:
        if not 0 <= hours <= MAX_HOURS:
            raise ValueError("hours out of range")
        seconds = self[hours] = max(1, to_seconds(hours))
        return seconds


@dataclass(slots=True)
class Context:
    """Indexes of what has been read so far. ``zero`` is second zero as a Unix time."""

    faults: Faults
    bounds: Bounds
    zero: int = 0
    calendars: frozenset[str] = frozenset()
    matrices: frozenset[str] = frozenset()
    relax: tuple[str, ...] = ()
    machines: tuple[Machine, ...] = ()
    machine_numbers: dict[str, int] = field(default_factory=dict)
    machines_by_type: dict[int, list[int]] = field(default_factory=dict)
    operator_numbers: dict[str, int] = field(default_factory=dict)
    best_levels: dict[str, int] = field(default_factory=dict)
    seconds: ProcessingSeconds = field(default_factory=ProcessingSeconds)
    by_types: dict[tuple[tuple[int, ...], int | float], dict[int, int]] = field(default_factory=dict)
    windows_read: int = 0
    changes_read: int = 0
    operations_read: int = 0
    options_read: int = 0

    def index_machines(self, machines: tuple[Machine, ...]) -> None:
        """Know the machines by id and by type."""
        self.machines = machines
        for number, machine in enumerate(machines):
            self.machine_numbers[machine.machine_id] = number
            if machine.machine_type is not None:
                self.machines_by_type.setdefault(machine.machine_type, []).append(number)

    def index_operators(self, operators: tuple[Operator, ...]) -> None:
        """Know the operators by id, and for each skill the best level that anybody has."""
        for number, operator in enumerate(operators):
            self.operator_numbers[operator.operator_id] = number
            for skill, level in operator.skills.items():
                self.best_levels[skill] = max(level, self.best_levels.get(skill, 0))

    def second_down(self, row: Row, name: str) -> int | None:
        """An instant in seconds from second zero, rounded down."""
        instant = row.instant(name)
        return None if instant is None else instant.floor - self.zero

    def second_up(self, row: Row, name: str) -> int | None:
        """An instant in seconds from second zero, rounded up."""
        instant = row.instant(name)
        return None if instant is None else instant.ceiling - self.zero

    def count_options(self, added: int) -> None:
        """Count machine options; raises InvalidProblem at once where there are too many, so memory stays bounded."""
        self.options_read += added
        if self.options_read > self.bounds.max_options:
            self._stop("jobs", f"must have at most {self.bounds.max_options} machine options altogether")

    def count_operations(self, added: int) -> None:
        """Count operations; raises InvalidProblem at once where there are too many."""
        self.operations_read += added
        if self.operations_read > self.bounds.max_operations:
            self._stop("jobs", f"must have at most {self.bounds.max_operations} operations altogether")

    def count_windows(self, row: Row, name: str, added: int) -> None:
        """Count windows, holidays, closures and absences; raises InvalidProblem at once where there are too many."""
        self.windows_read += added
        if self.windows_read > self.bounds.max_windows:
            self._stop(row.at(name), f"must have at most {self.bounds.max_windows} windows and closures altogether")

    def count_changes(self, row: Row, added: int) -> None:
        """Count setup changes; raises InvalidProblem at once where there are too many."""
        self.changes_read += added
        if self.changes_read > self.bounds.max_changes:
            self._stop(row.at("changes"), f"must have at most {self.bounds.max_changes} setup changes altogether")

    def _stop(self, field: str, message: str) -> None:
        self.faults.add(field, "too_many", message)
        raise InvalidProblem(self.faults.kept, self.faults.total)
