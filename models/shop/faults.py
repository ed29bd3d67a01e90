"""What is wrong with an input: one fault names the field, the rule and the value."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from dataclasses import dataclass

MAX_FAULTS = 100
"""At most this many faults are told of one input; the rest is counted."""

MAX_VALUE_LENGTH = 120
_MAX_BITS = 400


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


class _Short(reprlib.Repr):
    """Writes the beginning of a value only, so that quoting a large one costs no more than a small one."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxfrozenset = 30
        self.maxstring = self.maxother = MAX_VALUE_LENGTH

    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002  reprlib's signature
        """Python refuses to write whole numbers of thousands of digits."""
        return repr(x) if x.bit_length() <= _MAX_BITS else "a very large int"


_SHORT = _Short()


def shown(value: object) -> str:
    """``value`` as it is quoted in a fault, at most MAX_VALUE_LENGTH characters long; of a large one its beginning."""
    text = repr(value[: MAX_VALUE_LENGTH + 1]) if isinstance(value, str | bytes | bytearray) else _SHORT.repr(value)
    return text if len(text) <= MAX_VALUE_LENGTH else text[: MAX_VALUE_LENGTH - 1] + "…"


class InvalidProblem(ValueError):
    """A problem that is refused as a whole. ``faults`` holds the first MAX_FAULTS, ``total`` counts them all."""

    def __init__(self, faults: Iterable[Fault], total: int | None = None) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)[:MAX_FAULTS]
        self.total = total if total is not None else len(self.faults)
        more = f" and {self.total - 1} more" if self.total > 1 else ""
        super().__init__(f"{self.faults[0]}{more}" if self.faults else "invalid problem")
