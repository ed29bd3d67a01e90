"""Elite plans, and how two of them make a new one.

A plan is kept as the machine of each operation and its place in time: head - tail, which grows along every path of the
plan. A weighted mean of two such places still grows along every precedence, so that sorting by it gives a plan without
cycles between the two, whatever the weight: path relinking without a walk (compare B. Peng, Z. Lu and T. Cheng, "A tabu
search/path relinking algorithm to solve the job shop scheduling problem", Computers & Operations Research 53, 2015).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workers.search.jobshop.arrays import Indices, Seconds

LEAST_SHARE = 0.1
"""A new plan takes at least this share from each of the two that it comes from."""


@dataclass(frozen=True, slots=True, eq=False)
class Elite:
    """A good plan: (n,) machines and (n,) places in time."""

    makespan: int
    machine: Indices
    place: Seconds

    @property
    def order(self) -> Indices:
        """A topological order of its operations."""
        return np.argsort(self.place, kind="stable").astype(np.int32)

    def same(self, other: Elite) -> bool:
        """Whether the two plans do the same at the same times."""
        return (
            self.makespan == other.makespan
            and np.array_equal(self.machine, other.machine)
            and np.array_equal(self.place, other.place)
        )


class Pool:
    """The best plans found, all different, at most ``size``."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.members: list[Elite] = []

    @property
    def full(self) -> bool:
        """Whether a new plan needs the place of another."""
        return len(self.members) >= self.size

    @property
    def best(self) -> Elite | None:
        """The plan with the least makespan."""
        return min(self.members, key=lambda member: member.makespan, default=None)

    def add(self, plan: Elite) -> None:
        """Keep a plan unless it is known already, or all others are better."""
        if any(plan.same(member) for member in self.members):
            return
        self.members.append(plan)
        if len(self.members) > self.size:
            self.members.remove(max(self.members, key=lambda member: member.makespan))

    def pair(self, random: np.random.Generator) -> tuple[Elite, Elite]:
        """Two different members, each pair as likely; there must be two."""
        first, second = random.choice(len(self.members), 2, replace=False)
        return self.members[first], self.members[second]


def recombine(one: Elite, other: Elite, random: np.random.Generator) -> tuple[Indices, Indices]:
    """Machines and order of a plan between two: a share of its machines and of its places in time from each."""
    share = random.uniform(LEAST_SHARE, 1 - LEAST_SHARE)
    place = (1 - share) * one.place + share * other.place
    machine = np.where(random.random(len(place)) < share, other.machine, one.machine).astype(np.int32)
    return machine, np.argsort(place, kind="stable").astype(np.int32)
