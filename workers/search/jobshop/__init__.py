"""Makespan of flexible and plain job shops: compiled tabu search on the critical path."""

from workers.search.jobshop.arrays import Shop, covers, from_problem
from workers.search.jobshop.search import JobShopSearch

__all__ = ["JobShopSearch", "Shop", "covers", "from_problem"]
