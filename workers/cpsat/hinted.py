"""A CP-SAT model whose variables are created together with their values in a known plan.

A hint helps CP-SAT only if it is complete, so every variable is given its value where it is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import gcd
from typing import Any, TypeAlias

from ortools.sat.python import cp_model

# ortools types its expressions as a union of private classes that mypy cannot combine; inside this package an
# expression is whatever CpModel.add accepts.
Expression: TypeAlias = Any
Variable: TypeAlias = Any
Interval: TypeAlias = Any


class HintedModel:
    """``cp_model.CpModel`` with a hint for every variable, where a plan is known."""

    def __init__(self, hinted: bool) -> None:
        self.cp = cp_model.CpModel()
        self.hinted = hinted
        self._hints: list[tuple[int, int]] = []

    def finish(self) -> cp_model.CpModel:
        """The model with its hints."""
        hint = self.cp.proto.solution_hint
        hint.vars.extend(index for index, _ in self._hints)
        hint.values.extend(value for _, value in self._hints)
        self._hints = []
        return self.cp

    def integer(self, low: int, high: int, value: int) -> Variable:
        """An integer variable in [low, high]; ``value`` in the known plan."""
        variable = self.cp.new_int_var(low, high, "")
        if self.hinted:
            self._hints.append((variable.index, min(max(value, low), high)))
        return variable

    def boolean(self, value: bool) -> Variable:
        """A literal; ``value`` in the known plan."""
        literal = self.cp.new_bool_var("")
        if self.hinted:
            self._hints.append((literal.index, int(value)))
        return literal


def common_unit(numbers: Iterable[int]) -> int:
    """The greatest common divisor of the numbers, 1 where all are 0."""
    return gcd(*numbers) or 1
