"""What the compiled search works on: pieces, machine rows and costs in one flat tuple of arrays.

The tuple is flat, and kernels never take an array out of it to hand it on: both would make Numba count references to
each array at each call, which costs more than the calls.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# columns of State.facts: earliest start; the job's due date (NEVER without); by when it has to end; 1 where closed
# time may interrupt it; its job; 1 where that job ends with other work too; its options are FIRST to LAST - 1
READY, DUE, LATEST, WAITS, JOB, SHARED, FIRST, LAST = range(8)

# columns of State.options: machine, seconds there, code of its family there, the piece
ON, TAKES, AS, OF = range(4)

# columns of State.money: what a second late costs, being late at all, a second until completion; what the piece's own
# end and setup cost now
LATE, TARDY, FLOW, COST = range(4)

# columns of State.now, how a piece stands: its option (NOWHERE if it is not in the plan), seconds and family code
# there, end, position in its machine's row, machine, place among the hot pieces (-1: none), end under trial, the number
# of the change that this trial belongs to, and the seconds of setup before it
OPTION, SECONDS, CODE, END, POSITION, MACHINE, HOT_AT, TRIAL, STAMP, SETUPS = range(10)
NOWHERE = -1

# columns of State.machines: where its row begins, how many pieces it holds and may hold, last end, greatest lateness,
# 1 where its pieces may move
BASE, LENGTH, ROOM, LAST_END, WORST_LATE, USABLE = range(6)

# columns of State.jobs: its pieces are JOB_FIRST to JOB_LAST - 1; when fixed work of it ends; the number of the change
# that touches it
JOB_FIRST, JOB_LAST, JOB_END, TOUCHED_AT = range(4)

# entries of State.weights: what a second of makespan costs, of maximum tardiness, of setup, a squared second of a
# machine's end (to cross plateaus of the makespan); the least makespan and maximum tardiness in seconds
MAKESPAN, WORST, SETUP, BALANCE, FLOOR_END, FLOOR_LATE = range(6)

# entries of State.totals: cost of all jobs and setups, sum of the machines' squared ends, cost of the best plan kept, a
# lower bound on what the move under trial costs, and the most that it may cost
SUM, SQUARES, BEST, BOUND, LIMIT = range(5)

# entries of State.counts: hot pieces, jobs touched, number of the change under trial; 1 where slopes are bounds: where
# all lines are plain, nothing has a release date or shares its job, and being late costs by the second alone
HOT, TOUCHED, CHANGE, RIGID = range(4)

# entries of State.control: temperature in units of cost, shares of moves that begin with a
# late piece and with one on the machine that ends last, that swap, that move runs of pieces
HEAT, HOT_SHARE, TOP_SHARE, SWAP_SHARE, RUN_SHARE = range(5)

LONGEST = 64
"""Pieces that one change puts into a row at most."""


class State(NamedTuple):
    """All arrays of one search; columns and entries are named above.

    ``row`` holds the pieces of all machines' rows, ``slope`` what a second later costs of each piece and those before
    it in its row together, as they stand (costs are convex, so that is a bound). ``job_cost``: what the ends of jobs of
    several pieces cost. ``tops`` and ``worsts`` are the three machines that end last and that have the greatest
    lateness, greatest first. ``hot`` are the pieces that are late where lateness costs something, ``touched`` jobs of
    several pieces under trial, ``movable`` the pieces that may move. The move under trial changes up to two rows:
    ``move`` (machine, low, high, count of each), ``fresh`` the options that it puts in. ``random``: see ``random``.
    ``best_*``: copies of the best plan.
    """

    facts: Integers
    options: Integers
    money: Floats
    now: Integers
    machines: Integers
    row: npt.NDArray[np.int32]
    slope: Floats
    jobs: Integers
    job_cost: Floats
    weights: Floats
    totals: Floats
    counts: Integers
    control: Floats
    tops: Integers
    worsts: Integers
    hot: Integers
    touched: Integers
    movable: Integers
    fresh: Integers
    move: Integers
    random: npt.NDArray[np.uint64]
    best_row: npt.NDArray[np.int32]
    best_machines: Integers
    best_option: Integers
