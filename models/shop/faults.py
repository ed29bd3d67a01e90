"""What is wrong with an input: one fault names the field, the rule and the value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MAX_FAULTS = 100
"""At most this many faults are told of one input; the rest is counted."""

MAX_VALUE_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input.

    ``field`` is the path as a person would write it (``jobs[3].operations[0].machines[1].machine_id``),
    ``rule`` a short stable name (``required``, ``minimum``, ``unknown_machine``, ``cycle``, ...),
    ``message`` one sentence that says what the rule is, ``value`` the offending value, shortened.
    """

    field: str
    rule: str
    message: str
    value: str = ""

    def __str__(self) -> str:
        shown = f" (got {self.value})" if self.value else ""
        return f"{self.field}: {self.message}{shown} [{self.rule}]"


def shown(value: object) -> str:
    """``value`` as it is quoted in a fault, at most MAX_VALUE_LENGTH characters long."""
    text = repr(value[: MAX_VALUE_LENGTH + 1] if isinstance(value, str) else value)
    return text if len(text) <= MAX_VALUE_LENGTH else text[: MAX_VALUE_LENGTH - 1] + "…"


class InvalidProblem(ValueError):
    """A problem that is refused as a whole. ``faults`` holds the first MAX_FAULTS, ``total`` counts them all."""

    def __init__(self, faults: Iterable[Fault], total: int | None = None) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)[:MAX_FAULTS]
        self.total = total if total is not None else len(self.faults)
        more = f" and {self.total - 1} more" if self.total > 1 else ""
        super().__init__(f"{self.faults[0]}{more}" if self.faults else "invalid problem")
