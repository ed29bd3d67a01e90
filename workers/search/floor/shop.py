"""A problem and a plan of it as arrays of records, for kernels that cannot hold Python objects.

A *piece* is one operation, or one lot of it, that the plan schedules. Pieces, options, machines, resources and jobs are
numbers; times are seconds from second zero; what is absent is -1. Rows of uneven length lie one after another: those of
record i begin at its field ``first_...`` and end where those of record i + 1 begin, so each array has one record more.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from workers.search.opening import Openings

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Records = Any
"""An array of records; kernels read their fields by name, which NumPy's types do not know."""

NONE = cast("int", np.int64(-1))
"""What is absent. Of a type of its own, as kernels would be compiled anew for each plain number they are handed."""

NO_REFERENCE = -2
"""The reference machine of a piece that the reference plan does not have; -1 is a machine that is gone."""


class Floor(NamedTuple):
    """All that a search on the floor knows.

    ``piece``, ``option``, ``machine``, ``resource``, ``job``, ``block``, ``step`` and ``trial`` hold the fields of
    PIECE to TRIAL. ``before`` and ``after`` are the pieces' neighbours in their jobs, ``pieces_of`` the jobs' pieces,
    ``able`` the operators of each ``skill``, those to be preferred first; ``joint[kind, operator]`` is the opening that
    they share with machines of that kind; ``setups`` are all matrices, row by row; ``used`` is fixed work on resources.
    ``order`` lists the pieces as they are appended, ``held`` those that each resource is held by. ``touched`` lists the
    pieces that the change being tried gives new times, ``changed_jobs`` the jobs that it gives new completions.
    ``amounts`` and ``new_amounts`` are the objective terms of the plan and after the change. ``target`` is the change
    to try next: piece, option, place in the order, piece ahead on the machine; ``cost_sums`` adds up the jobs' costs.
    """

    openings: Openings
    piece: Records
    option: Records
    machine: Records
    resource: Records
    job: Records
    block: Records
    skill: Records
    used: Records
    step: Records
    trial: Records
    before: Integers
    after: Integers
    pieces_of: Integers
    able: Integers
    joint: Integers
    setups: Integers
    order: Integers
    held: Integers
    touched: Integers
    changed_jobs: Integers
    amounts: Integers
    new_amounts: Integers
    target: Integers
    cost_sums: Floats


def _record(names: str) -> np.dtype[np.void]:
    return np.dtype([(name, np.int64) for name in names.split()])


PIECE = _record(
    "job release delay latest whole skill reference_machine reference_start first_option first_before first_after "
    "place option start end setup operator delayed ahead behind "
    "changed new_start new_end new_setup new_operator new_delayed best_option best_start best_operator"
)
"""What is given: ``release`` by release date, ``start_after`` and fixed predecessors; ``delay`` after predecessors;
``latest`` end by ``end_before`` and hard due date; ``whole`` 1 where it must not be interrupted. The plan: ``place`` in
the order, ``option``, times, whether no operator could do it sooner (``delayed``), and the pieces ``ahead`` and
``behind`` on its machine. The change being tried: new times, where ``changed`` is the trial's stamp. The best plan."""

OPTION = _record("machine seconds code")
"""A machine that may run a piece, the seconds there, and the code of the piece's family there."""

MACHINE = _record("opening kind unit matrix width end family gap first_block head tail changed last")
"""``opening`` and its ``kind``; ``unit``: the resource that counts a capacity above 1; where its setup ``matrix``
begins and how wide it is; the state of its line before anything is appended. The plan: first and last piece. The
change: ``last`` appended piece where ``changed`` is the trial's stamp."""

RESOURCE = _record("capacity first_used first_held holders built dirty dirty_from dirty_to first_step steps")
"""An operator, or a machine of capacity above 1. ``built`` and ``dirty`` are stamps: its use is known as ``steps``
steps; between ``dirty_from`` and ``dirty_to`` it may not be used as in the plan."""

JOB = _record("due weight released standing first_piece counted done changed new_done")
"""``weight`` in thousandths; ``released`` is what flow time counts from, ``standing`` the end of its fixed work."""

BLOCK = _record("start end begins leaves")
"""Fixed work on a machine: its times, and the codes of the families it begins and ends in."""

SKILL = _record("first")
USED = _record("start end")
STEP = _record("time level")
"""From ``time`` on a resource has ``level`` users."""

TRIAL = np.dtype(
    [(name, np.int64) for name in ("stamp", "piece", "option", "touched", "jobs", "tried", "accepted")]
    + [("loss", np.float64), ("best_cost", np.float64)]
)
"""The change being tried: its ``stamp``, the piece that moves and its option then, how many pieces and jobs it touches,
and the ``loss`` by jobs that end later. The search: changes tried and accepted, and the cost of the best plan."""
