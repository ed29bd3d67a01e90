"""A JSON object read field by field; what is wrong is noted with its path and reading goes on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from math import isfinite

from models.shop.faults import MAX_FAULTS, Fault, InvalidProblem, shown
from models.shop.reading.bounds import MAX_HOURS, MAX_ID
from models.shop.reading.instants import Instant, Unreadable, read_instant
from models.shop.reading.quantities import to_seconds

_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_MAX_KEY = 60
DUPLICATE = "is given more than once in one object"
_MAX_BITS = 256


class Doubled(dict[str, object]):
    """A JSON object in which a field was given more than once; ``names`` are those fields."""

    names: tuple[str, ...] = ()


def build_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object; one with a repeated field remembers that, so that it is refused where it is read."""
    fields = dict(pairs)
    if len(fields) == len(pairs):
        return fields
    given = Counter(name for name, _ in pairs)
    doubled = Doubled(fields)
    doubled.names = tuple(name for name, times in given.items() if times > 1)
    return doubled


def is_plain(text: str) -> bool:
    """Whether a text holds neither control characters nor broken Unicode."""
    return text.isprintable() or not _FORBIDDEN.search(text)


class Faults:
    """Collects what is wrong: keeps the first MAX_FAULTS, counts all."""

    def __init__(self) -> None:
        self.kept: list[Fault] = []
        self.total = 0

    def add(self, field: str, rule: str, message: str, *value: object) -> None:
        """Note one fault; ``value`` is the offending value, left out where something is missing."""
        self.total += 1
        if len(self.kept) < MAX_FAULTS:
            self.kept.append(Fault(field, rule, message, quoted(value[0]) if value else ""))

    def check(self) -> None:
        """Raise InvalidProblem if anything was noted."""
        if self.total:
            raise InvalidProblem(self.kept, self.total)


def quoted(value: object) -> str:
    """A value as a fault quotes it: text and numbers shortened, lists and objects only by their size."""
    if isinstance(value, dict):
        return f"an object of {len(value)} fields"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if value is None or isinstance(value, str | float) or (isinstance(value, int) and value.bit_length() <= _MAX_BITS):
        return shown(value).encode("utf-8", "backslashreplace").decode()
    return f"a very large {type(value).__name__}" if isinstance(value, int) else f"a {type(value).__name__}"


def join(path: str, name: str) -> str:
    """The path of field ``name`` of the object at ``path``; the document itself has the empty path.

    A field without a name is written as two quotes.
    """
    name = name or '""'
    short = name if len(name) <= _MAX_KEY else name[: _MAX_KEY - 1] + "…"
    short = _FORBIDDEN.sub("?", short)
    return f"{path}.{short}" if path else short


class Row:
    """One JSON object at a path.

    Every reader takes a field's name, notes a fault where the value breaks its rule, and then answers like for an
    absent field: with the default. Null stands for an absent field.
    """

    __slots__ = ("faults", "fields", "path")

    def __init__(self, faults: Faults, path: str, fields: dict[str, object]) -> None:
        self.faults = faults
        self.path = path
        self.fields = fields

    @classmethod
    def of(cls, faults: Faults, path: str, value: object, known: frozenset[str] | None) -> Row | None:
        """The object at ``path``, its field names checked against ``known`` (None: any name); None if it is none."""
        if not isinstance(value, dict):
            faults.add(path or "document", "type", "must be an object", value)
            return None
        row = cls(faults, path, value)
        if isinstance(value, Doubled):
            for name in value.names:
                row.fault(name, "duplicate_field", DUPLICATE)
        if known is not None and not value.keys() <= known:
            for name in value:
                if name not in known:
                    row.fault(str(name), "unknown_field", "is no field of this object", value[name])
        return row

    def at(self, name: str) -> str:
        """The path of a field."""
        return join(self.path, name)

    def fault(self, name: str, rule: str, message: str, *value: object) -> None:
        """Note a fault of a field."""
        self.faults.add(join(self.path, name), rule, message, *value)

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self.fields.get(name) is not None

    def require(self, name: str) -> bool:
        """Whether the field is there; notes a fault if not."""
        if self.fields.get(name) is not None:
            return True
        self.fault(name, "required", "is required")
        return False

    def text(self, name: str, *, least: int = 1, most: int = MAX_ID) -> str | None:
        """A string of ``least`` to ``most`` characters without control characters."""
        value = self.fields.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            hint = "; write numbers in quotes" if type(value) in (int, float) else ""
            self.fault(name, "type", f"must be a string{hint}", value)
            return None
        return value if self.is_text(name, value, least, most) else None

    def identity(self, name: str) -> str | None:
        """A required id."""
        return self.text(name) if self.require(name) else None

    def is_text(self, name: str, value: str, least: int = 1, most: int = MAX_ID) -> bool:
        """Whether a string, or the name of a field itself, keeps the rules of ``text``; notes a fault if not."""
        if not least <= len(value) <= most:
            self.fault(name, "length", f"must have {least} to {most} characters, has {len(value)}", value)
        elif not is_plain(value):
            self.fault(name, "control_character", "must not hold control characters or broken Unicode", value)
        else:
            return True
        return False

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self.fields.get(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        self.fault(name, "type", "must be true or false", value)
        return default

    def integer(self, name: str, low: int, high: int) -> int | None:
        """A whole number from ``low`` to ``high``."""
        value = self.fields.get(name)
        if value is None:
            return None
        if type(value) is not int:
            self.fault(name, "type", "must be a whole number", value)
            return None
        return value if self._in_range(name, value, low, high) else None

    def number(self, name: str, low: float, high: float) -> int | float | None:
        """A finite number from ``low`` to ``high``."""
        value = self.fields.get(name)
        if value is None:
            return None
        if type(value) is not float and type(value) is not int:
            self.fault(name, "type", "must be a number", value)
            return None
        return value if self._in_range(name, value, low, high) else None

    def _in_range(self, name: str, value: int | float, low: float, high: float) -> bool:
        if low <= value <= high:
            return True
        if isinstance(value, float) and not isfinite(value):
            self.fault(name, "finite", "must be a finite number", value)
        elif value < low:
            self.fault(name, "minimum", f"must be at least {low}", value)
        else:
            self.fault(name, "maximum", f"must be at most {high}", value)
        return False

    def hours(self, name: str) -> int | None:
        """A duration given in hours, as whole seconds rounded half up; may be 0."""
        hours = self.number(name, 0, MAX_HOURS)
        return None if hours is None else to_seconds(hours)

    def instant(self, name: str) -> Instant | None:
        """An RFC 3339 instant with offset."""
        value = self.fields.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.fault(name, "type", "must be an RFC 3339 instant as a string", value)
            return None
        try:
            return read_instant(value)
        except Unreadable as error:
            self.fault(name, error.rule, str(error), value)
            return None

    def items(self, name: str, most: int) -> list[object]:
        """A list of at most ``most`` entries; a longer one is a fault and read as empty."""
        value = self.fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self.fault(name, "type", "must be a list", value)
            return []
        if len(value) > most:
            self.fault(name, "too_many", f"must have at most {most} entries", value)
            return []
        return value

    def rows(self, name: str, known: frozenset[str], most: int) -> Iterator[Row]:
        """The objects of a list; entries that are none are noted and left out."""
        for number, value in enumerate(self.items(name, most)):
            row = Row.of(self.faults, f"{self.at(name)}[{number}]", value, known)
            if row is not None:
                yield row

    def object(self, name: str, known: frozenset[str] | None) -> Row | None:
        """An object."""
        value = self.fields.get(name)
        return None if value is None else Row.of(self.faults, self.at(name), value, known)

    def named_rows(self, name: str, known: frozenset[str], most: int) -> Iterator[tuple[str, Row]]:
        """The objects of an object whose field names are ids."""
        group = self.object(name, None)
        if group is None:
            return
        if len(group.fields) > most:
            self.fault(name, "too_many", f"must have at most {most} entries", group.fields)
            return
        for key, value in group.fields.items():
            row = Row.of(self.faults, group.at(key), value, known)
            if row is not None and group.is_text(key, key):
                yield key, row
