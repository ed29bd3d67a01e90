"""The validator: recomputes every rule of docs/problem.md on a finished schedule.

It shares no code with what it checks: its open time, sweeps, setups and metrics are written a second time, by other
means. Whatever an engine or the timeline gets wrong therefore shows here before a result is stored.
"""

from models.shop.validator.check import RULES, validate
from models.shop.validator.ledger import Verdict, Violation

__all__ = ["RULES", "Verdict", "Violation", "validate"]
