"""Hours into whole seconds and decimals into thousandths, exactly."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import floor

_NEAR = 1e-6
"""Floats of up to 3.6e8 seconds are exact to less than this; nearer to a half second the decimal text decides."""

_NEAR_SCALED = 1e-3
"""The same for seconds divided by an efficiency: up to 3.6e10."""


def _decimal(number: int | float) -> Fraction:
    """The number as it was written: the shortest decimal that reads back as the float."""
    return Fraction(Decimal(repr(number)))


def to_seconds(hours: int | float) -> int:
    """Hours as whole seconds, rounded half up. Exact for the decimal value of ``hours``."""
    raised = hours * 3600 + 0.5
    if abs(raised - round(raised)) < _NEAR:
        return floor(_decimal(hours) * 3600 + Fraction(1, 2))
    return floor(raised)


def to_scaled_seconds(hours: int | float, efficiency: float) -> int:
    """Hours divided by a machine's efficiency, as whole seconds: rounded half up, once, exactly; at least 1."""
    raised = hours * 3600 / efficiency + 0.5
    if abs(raised - round(raised)) < _NEAR_SCALED:
        return max(1, floor(_decimal(hours) * 3600 / _decimal(efficiency) + Fraction(1, 2)))
    return max(1, floor(raised))


def to_thousandths(number: int | float) -> int | None:
    """A number in thousandths; None where it has more than three decimals."""
    scaled = _decimal(number) * 1000
    return scaled.numerator if scaled.denominator == 1 else None
