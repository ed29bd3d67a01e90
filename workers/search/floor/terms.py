"""Objective terms in the order in which kernels hold them: in seconds, counts, or thousandths of weighted ones."""

from __future__ import annotations

TERMS = (
    "makespan",
    "max_tardiness",
    "weighted_tardiness",
    "total_tardiness",
    "tardy_jobs",
    "weighted_tardy_jobs",
    "total_flow_time",
    "setup_time",
    "changes",
)

(
    MAKESPAN,
    MAX_TARDINESS,
    WEIGHTED_TARDINESS,
    TOTAL_TARDINESS,
    TARDY_JOBS,
    WEIGHTED_TARDY_JOBS,
    TOTAL_FLOW_TIME,
    SETUP_TIME,
    CHANGES,
) = range(len(TERMS))
