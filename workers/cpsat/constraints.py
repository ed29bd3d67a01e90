"""The rules of the shop as CP-SAT constraints, one function per family of rules.

Calendars, setups and fixed work on a machine are exact in its open time; the clock enters where operations on different
calendars meet. What a plan may do is what docs/problem.md says; what is not modelled here, ``unsupported`` names.
"""

from __future__ import annotations

from workers.cpsat.capacities import capacity, operators
from workers.cpsat.clock import Clock
from workers.cpsat.lines import kept_line, setups
from workers.cpsat.variables import Variables


def add_rules(variables: Variables) -> Clock:
    """Adds every rule; returns the clock, with which an objective reads times."""
    clock = Clock(variables)
    eligibility(variables)
    durations(variables)
    calendars(variables, clock)
    precedence(variables, clock)
    for machine in variables.machines:
        places = [clock.place(option) for option in variables.on[machine]]
        kept = set(variables.scope.kept.get(machine, ()))
        if variables.scope.problem.machines[machine].capacity == 1:
            if len(kept) == len(places):
                kept_line(variables, machine, places)
                continue
            if machine in variables.scope.has_setups:
                setups(variables, machine, places)
            elif kept:
                kept_line(variables, machine, [p for p in places if p.number in kept])
        capacity(variables, machine, places)
    operators(variables, clock)
    return clock


def eligibility(variables: Variables) -> None:
    """Each operation runs on exactly one eligible machine, and so on one calendar."""
    cp = variables.model.cp
    for stays in variables.stays.values():
        if not stays:
            cp.add_bool_or([])  # nowhere to go in time: no plan at all
        for stay in stays:
            if len(stay.options) == 1:
                continue
            if stay.used is None:
                cp.add_exactly_one(option.used for option in stay.options)
            else:
                cp.add_exactly_one([*(option.used for option in stay.options), ~stay.used])
        if len(stays) > 1:
            cp.add_exactly_one(stay.used for stay in stays if stay.used is not None)


def durations(variables: Variables) -> None:
    """An operation takes its time on the machine that runs it, in that machine's open time."""
    cp = variables.model.cp
    for stays in variables.stays.values():
        for stay in stays:
            taken = sum(option.seconds * option.used for option in stay.options)
            equation = cp.add(stay.end == stay.start + taken)
            if stay.used is not None:
                equation.only_enforce_if(stay.used)
            for option in stay.options:
                if option.start is not stay.start:
                    cp.add(option.start == stay.start).only_enforce_if(option.used)


def calendars(variables: Variables, clock: Clock) -> None:
    """Work that must not be interrupted lies in one open interval; all other calendar rules lie in the coordinates."""
    cp = variables.model.cp
    for stays in variables.stays.values():
        for stay in stays:
            if stay.operation.interruptible or stay.axis.always:
                continue
            for gap in stay.axis.gaps(stay.first + 1, stay.last - 1):
                after = clock.past_start(stay, gap.coordinate)
                cp.add(stay.end <= gap.coordinate).only_enforce_if(
                    [~after, *([] if stay.used is None else [stay.used])]
                )


def precedence(variables: Variables, clock: Clock) -> None:
    """An operation starts no earlier than each predecessor's end plus its delay."""
    cp = variables.model.cp
    for operation in variables.part.operations:
        delay = variables.units(operation.min_delay)
        for before in operation.predecessors:
            if before not in variables.stays:
                continue  # fixed work: its end is in the operation's earliest start
            ours, theirs = variables.stays[operation.number], variables.stays[before]
            if len(ours) == len(theirs) == 1 and ours[0].axis is theirs[0].axis and not delay:
                cp.add(ours[0].start >= theirs[0].end)
            else:
                end = clock.instant(before, end=True)
                cp.add(clock.instant(operation.number, end=False) >= end + delay)
