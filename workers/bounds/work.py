"""The work that has to be done, column by column, so that a million options are read once and then by NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from models.shop.problem import Operation

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Work:
    """Pieces of work: row r takes at least ``seconds`` on one of its machines, not before ``head``.

    After it ends, its job needs at least ``tail`` more seconds. ``divisible`` work may run on several machines at once.
    Options are (row, machine) pairs, row after row: those of row r begin at ``first[r]``.
    """

    job: Numbers
    head: Numbers
    tail: Numbers
    divisible: npt.NDArray[np.bool_]
    first: Numbers
    row: Numbers
    machine: Numbers
    seconds: Numbers

    def __len__(self) -> int:
        return len(self.job)

    @property
    def shortest(self) -> Numbers:
        """Seconds of each row on its fastest machine."""
        return np.minimum.reduceat(self.seconds, self.first) if len(self) else self.job

    @property
    def machines(self) -> Numbers:
        """Machines that any row may run on, ascending."""
        return np.unique(self.machine)

    def only(self, chosen: npt.NDArray[np.bool_]) -> Work:
        """The chosen rows."""
        counts = np.diff(self.first, append=len(self.row))[chosen]
        options = chosen[self.row]
        return Work(
            self.job[chosen],
            self.head[chosen],
            self.tail[chosen],
            self.divisible[chosen],
            _starts(counts),
            np.repeat(np.arange(len(counts)), counts),
            self.machine[options],
            self.seconds[options],
        )

    def groups(self, *, by_job: bool) -> Iterator[Work]:
        """Rows that share machines, directly or through others; ``by_job`` also keeps each job's rows together."""
        if not len(self):
            return
        label = np.arange(int(self.machine.max()) + 1)
        while True:
            of_row = np.minimum.reduceat(label[self.machine], self.first)
            if by_job:
                of_job = np.full(int(self.job.max()) + 1, len(label))
                np.minimum.at(of_job, self.job, of_row)
                of_row = of_job[self.job]
            found = label.copy()
            np.minimum.at(found, self.machine, of_row[self.row])
            found = found[found]
            if np.array_equal(found, label):
                break
            label = found
        for group in np.unique(of_row):
            yield self.only(of_row == group)


def table(operations: Sequence[Operation], heads: Sequence[int], tails: Sequence[int]) -> Work:
    """Operations with their heads and tails as work."""
    counts = np.fromiter((len(o.options) for o in operations), np.int64, len(operations))
    total = int(counts.sum())
    return Work(
        np.fromiter((o.job for o in operations), np.int64, len(operations)),
        np.array(heads, np.int64),
        np.array(tails, np.int64),
        np.fromiter((o.max_lots > 1 for o in operations), bool, len(operations)),
        _starts(counts),
        np.repeat(np.arange(len(counts)), counts),
        np.fromiter(chain.from_iterable(o.options for o in operations), np.int64, total),
        np.fromiter(chain.from_iterable(o.options.values() for o in operations), np.int64, total),
    )


def _starts(counts: Numbers) -> Numbers:
    return np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64) if len(counts) else counts
