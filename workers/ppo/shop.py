"""The shop that the policy plans, as arrays: what never changes (``Shop``) and what a plan has done to it (``State``).

All times are whole seconds from second zero. Routings, eligible machines, releases, minimum delays, due dates, weights,
families with setup times, calendars and machine capacities are modelled and agree with ``models.shop.timeline``.
Operators, lots, ``end_before`` and hard due dates are not: the policy plans as if they were not there, and the timeline
that replays its decisions keeps them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workers.search.opening import Openings

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

CANDIDATES = 32
"""Pairs of operation and machine that the policy chooses from at a time."""

NO_DUE = 1 << 41
"""The due date of a job without one: later than anything."""


class Shop(NamedTuple):
    """What never changes. O operations of J jobs, N options in all, M machines.

    By operation: ``job``; its options are ``first[o]`` to ``first[o + 1] - 1`` of ``machine`` and ``seconds``;
    ``shortest`` and ``mean`` of its seconds; ``tail``, ``mean_tail``: the longest chain of such times after it, minimum
    delays included; ``chain``: operations on the longest chain from it on; ``family`` (-1: none); ``whole``: must not
    be interrupted by closed time; ``release``: earliest start; ``delay``: after each predecessor's end; ``waits``: how
    many predecessors are unplanned; its successors are ``next_first[o]`` to ``next_first[o + 1] - 1`` of ``after``.

    By job: ``due`` (NO_DUE), ``weight``, ``size`` (operations).

    By machine: the operations it may run are ``user_first[m]`` to ``user_first[m + 1] - 1`` of ``user``; it works on as
    many at a time as it has lanes, ``lane_first[m]`` to ``lane_first[m + 1] - 1``, each free from ``lane_free`` on;
    ``opening`` (its calendar in ``openings``), ``open_share`` of time, ``matrix`` (of ``setup``; -1: none),
    ``last_family`` (-1: none). ``setup[matrix, before, after]`` in seconds; ``mean_setup`` over all listed.

    ``tardy``: whether the plan is for weighted tardiness rather than makespan.
    """

    job: Integers
    first: Integers
    machine: Integers
    seconds: Integers
    shortest: Integers
    mean: Floats
    tail: Integers
    mean_tail: Floats
    chain: Integers
    family: Integers
    whole: Bools
    release: Integers
    delay: Integers
    waits: Integers
    next_first: Integers
    after: Integers
    due: Integers
    weight: Floats
    size: Integers
    user_first: Integers
    user: Integers
    lane_first: Integers
    lane_free: Integers
    opening: Integers
    open_share: Floats
    matrix: Integers
    last_family: Integers
    setup: npt.NDArray[np.int64]
    mean_setup: float
    openings: Openings
    tardy: bool


class State(NamedTuple):
    """What a plan has done to a shop so far, and what the policy chooses from next.

    By operation: ``ready`` (earliest start), ``waits``, and of those that wait for a machine ``soonest`` (least start
    over its machines), ``best`` and ``second`` (least completion, and least on another machine). ``waiting`` lists
    them, ``place`` says where in it one is.

    By machine: ``free``, ``family``, ``load`` (seconds of unplanned work, shared evenly between eligible machines),
    ``lane`` by lane. By job: ``bound`` (lower bound of its completion), ``end`` (last completion), ``left``.

    ``counts``: waiting operations, operations left, operations planned, candidates, pairs they were chosen from.
    ``values``: shortest seconds of all unplanned work, lower bounds of weighted tardiness and of makespan, now (the
    earliest start of anything), the earliest completion of anything, the end of the plan so far.

    Candidates: ``operation``, ``to`` (machine), ``start``, ``finish``, ``change`` (setup seconds). The plan so far, in
    the order in which it was made: ``done``, ``done_on``, ``done_start``, ``done_end``. The rest is scratch.
    """

    ready: Integers
    waits: Integers
    soonest: Integers
    best: Integers
    second: Integers
    waiting: Integers
    place: Integers
    free: Integers
    family: Integers
    load: Floats
    lane: Integers
    bound: Integers
    end: Integers
    left: Integers
    counts: Integers
    values: Floats
    operation: Integers
    to: Integers
    start: Integers
    finish: Integers
    change: Integers
    done: Integers
    done_on: Integers
    done_start: Integers
    done_end: Integers
    pool: Integers
    scores: Floats
    picked: Bools
    chosen: Integers
    chosen_score: Floats
    rivals: Integers
    rival_times: Floats


MOST_MACHINES = 4
"""Machines of one operation among the pairs that candidates are chosen from."""


def new_state(shop: Shop) -> State:
    """Room for planning a shop; ``begin`` fills it."""
    operations, machines, jobs = len(shop.job), len(shop.opening), len(shop.due)

    def whole(*shape: int) -> Integers:
        return np.zeros(shape, np.int64)

    def real(*shape: int) -> Floats:
        return np.zeros(shape, np.float64)

    return State(
        ready=whole(operations),
        waits=whole(operations),
        soonest=whole(operations),
        best=whole(operations),
        second=whole(operations),
        waiting=whole(operations),
        place=whole(operations),
        free=whole(machines),
        family=whole(machines),
        load=real(machines),
        lane=whole(len(shop.lane_free)),
        bound=whole(jobs),
        end=whole(jobs),
        left=whole(jobs),
        counts=whole(5),
        values=real(6),
        operation=whole(CANDIDATES),
        to=whole(CANDIDATES),
        start=whole(CANDIDATES),
        finish=whole(CANDIDATES),
        change=whole(CANDIDATES),
        done=whole(operations),
        done_on=whole(operations),
        done_start=whole(operations),
        done_end=whole(operations),
        pool=whole(5, MOST_MACHINES * operations),
        scores=real(MOST_MACHINES * operations),
        picked=np.zeros(MOST_MACHINES * operations, np.bool_),
        chosen=whole(CANDIDATES),
        chosen_score=real(CANDIDATES),
        rivals=whole(machines),
        rival_times=real(2, machines),
    )
