"""Problems for tests of the policy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from models.shop.generate import factory
from models.shop.parse import load
from models.shop.problem import Problem
from models.shop.relax import relaxed


def plant(jobs: int = 25, machines: int = 8, seed: int = 1, objective: Sequence[str] = (), **has: Any) -> Problem:
    """A made-up plant, relaxed."""
    problem = relaxed(load(json.dumps(factory(jobs, machines, seed, **has)).encode()))
    return replace(problem, objective=tuple({term: 1000} for term in objective)) if objective else problem
