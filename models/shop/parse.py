"""From a problem document to a Problem; the form is described in docs/problem.md.

Everything wrong with a document is told at once, each fault with its path, rule and value. The pieces of a document
are read by ``models.shop.reading``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from models.shop.faults import Fault, InvalidProblem
from models.shop.formats import parse_text
from models.shop.problem import Job, Problem
from models.shop.reading.bounds import DEFAULT_BOUNDS, Bounds
from models.shop.reading.calendars import read_calendars
from models.shop.reading.context import Context
from models.shop.reading.jobs import read_jobs
from models.shop.reading.options import read_objective, read_options
from models.shop.reading.plant import read_machines, read_matrices, read_operators
from models.shop.reading.row import Faults, Row, build_object
from models.shop.reading.stated_work import number_operations, read_fixed, read_reference

__all__ = ["Bounds", "load", "parse"]

_DOCUMENT = frozenset(
    {
        "request_id",
        "plant",
        "schedule_start",
        "time_zone",
        "machines",
        "calendars",
        "operators",
        "setup_matrices",
        "jobs",
        "fixed",
        "reference",
        "objective",
        "options",
    }
)
_TEXT_OPENINGS = "0123456789#"
"""FJSP and JSP text begin with a number or a comment; nothing that is a problem in JSON does."""

_EXAMPLES = 3
"""A warning names this many jobs."""


def parse(document: object, bounds: Bounds = DEFAULT_BOUNDS) -> Problem:
    """The problem that a JSON document states.

    Raises InvalidProblem with all faults (the first 100 told, all counted); where there is far too much of something
    reading stops at once.
    """
    try:
        return _read(document, bounds)
    except InvalidProblem:
        # The form itself is no deeper than 7 levels, so only what is refused anyway can be nested too deep.
        if _is_deeper(document, bounds.max_depth):
            message = f"must be nested at most {bounds.max_depth} levels deep"
            raise _refused("document", "depth", message) from None
        raise


def _read(document: object, bounds: Bounds) -> Problem:
    faults = Faults()
    root = Row.of(faults, "", document, _DOCUMENT)
    if root is None:
        raise InvalidProblem(faults.kept, faults.total)
    context = Context(faults, bounds)
    start = _read_start(root)
    context.zero = round(start.timestamp())
    time_zone = _read_time_zone(root)
    calendars = read_calendars(context, root)
    context.calendars = frozenset(calendars)
    matrices = read_matrices(context, root)
    context.matrices = frozenset(matrices)
    options = read_options(context, root)
    context.relax = options.relax
    machines = read_machines(context, root)
    context.index_machines(machines)
    operators = read_operators(context, root)
    context.index_operators(operators)
    jobs, operations = read_jobs(context, root)
    numbers = number_operations(jobs, operations) if root.has("fixed") or root.has("reference") else {}
    problem = Problem(
        start,
        machines,
        jobs,
        operations,
        time_zone=time_zone,
        calendars=calendars,
        operators=operators,
        setup_matrices=matrices,
        fixed=read_fixed(context, root, numbers, operations),
        reference=read_reference(context, root, numbers),
        objective=read_objective(root),
        options=options,
        request_id=root.text("request_id"),
        plant=root.text("plant"),
        warnings=_warn_of_past_dates(jobs),
    )
    faults.check()
    return problem


def load(data: bytes, bounds: Bounds = DEFAULT_BOUNDS) -> Problem:
    """The problem in a file or request body: JSON, or FJSP / JSP text, told apart by content.

    A byte order mark is skipped. Raises InvalidProblem.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused("document", "encoding", f"must be UTF-8; byte {error.start} is not") from None
    opening = text.lstrip()[:1]
    if not opening:
        raise _refused("document", "empty", "is empty")
    if opening in _TEXT_OPENINGS:
        return parse_text(text, bounds=bounds)
    return parse(_from_json(text), bounds)


def _from_json(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=build_object)
    except json.JSONDecodeError as error:
        message = f"is neither JSON nor FJSP / JSP text; at column {error.colno}: {error.msg}"
        raise _refused(f"line {error.lineno}", "json", message) from None
    except RecursionError:
        raise _refused("document", "depth", "is nested far too deep") from None
    except ValueError:
        raise _refused("document", "maximum", "holds a number with thousands of digits") from None


def _refused(field: str, rule: str, message: str) -> InvalidProblem:
    return InvalidProblem([Fault(field, rule, message)])


def _is_deeper(document: object, most: int) -> bool:
    """Whether a document has more than ``most`` levels; looked at level by level, so that no stack overflows."""
    level = [document] if isinstance(document, dict | list) else []
    for _ in range(most):
        level = [
            value
            for group in level
            for value in (group.values() if isinstance(group, dict) else group)
            if isinstance(value, (dict, list))
        ]
    return bool(level)


def _read_start(root: Row) -> datetime:
    start = root.instant("schedule_start") if root.require("schedule_start") else None
    if start is None:
        return datetime(1970, 1, 1, tzinfo=UTC)
    if start.decimals:
        root.fault("schedule_start", "whole_second", "must be a whole second", root.fields["schedule_start"])
    return start.moment


def _read_time_zone(root: Row) -> str:
    name = root.text("time_zone")
    if name is None:
        return "UTC"
    try:
        if name.startswith(("posix", "right", "localtime")):
            raise ValueError(name)
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        root.fault("time_zone", "unknown_time_zone", "must be an IANA time zone like Europe/Berlin", name)
    return name


def _warn_of_past_dates(jobs: Sequence[Job]) -> tuple[str, ...]:
    past = [job.job_id for job in jobs if job.due is not None and job.due < 0]
    if not past:
        return ()
    if len(past) == 1:
        return (f"Job {past[0]} is due before schedule_start.",)
    examples = ", ".join(past[:_EXAMPLES])
    more = ", for example" if len(past) > _EXAMPLES else ":"
    return (f"{len(past)} jobs are due before schedule_start{more} {examples}.",)
