"""Prometheus metrics that web and workers count as they go; docs/metrics.md lists them.

Every process writes to the folder named by ``PROMETHEUS_MULTIPROC_DIR`` where it is set, so that counts of several
processes add up and survive the death of a worker's children. What belongs to no process (queues, open runs, health) is
read when Prometheus asks: ``monitoring.standing``. ``monitoring.exposition`` serves both.

Times are in seconds, shares in parts of 1. Label values are bounded, see ``monitoring.labels``.
"""

from __future__ import annotations

from prometheus_client import disable_created_metrics

import monitoring.guarded  # noqa: F401  before the first metric is made
from monitoring import logs
from monitoring.labels import BoundedCounter, BoundedGauge, BoundedHistogram

disable_created_metrics()  # type: ignore[no-untyped-call]

HTTP_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
"""From a poll (a few milliseconds) to a 10,000-job submission (over a second)."""

SOLVE_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 900, 3600)
"""From a dispatch batch to the longest budget a request may ask for."""

TASK_BUCKETS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)
"""Control tasks take milliseconds, solve tasks their budget."""

QUERY_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""A look-up by key takes half a millisecond; a statement waits at most 10 s for another's lock."""

GAP_BUCKETS = (0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Shares of 1; 0 is proved optimal."""

INGEST_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""10,000 jobs take seconds."""
DECISION_BUCKETS = (1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 1e-3, 1e-2, 0.1, 1)
"""From a decision with few candidates to one in a plant of 10,000 jobs; beyond, something is wrong."""

DISTANCE_BUCKETS = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0)
"""Factors of two; beyond 1 another start is taken."""

HTTP_REQUESTS = BoundedCounter(
    "nightshift_http_requests_total", "HTTP requests answered.", ["method", "route", "status"]
)
HTTP_SECONDS = BoundedHistogram(
    "nightshift_http_request_seconds", "Time to answer an HTTP request.", ["route"], buckets=HTTP_BUCKETS
)
SUBMISSIONS = BoundedCounter("nightshift_submissions_total", "Schedule requests accepted.", ["engine"])
RUNS = BoundedCounter("nightshift_runs_total", "Schedule requests ended, by final state.", ["state"])
RUN_SECONDS = BoundedHistogram(
    "nightshift_run_seconds", "Time from acceptance to the stored end of a request.", ["state"], buckets=SOLVE_BUCKETS
)
WAIT_SECONDS = BoundedHistogram(
    "nightshift_wait_seconds", "Time from acceptance until a worker takes a request up.", buckets=SOLVE_BUCKETS
)
FIRST_PLAN_SECONDS = BoundedHistogram(
    "nightshift_first_plan_seconds",
    "Time from acceptance to the first checked plan that can be read.",
    ["size"],
    buckets=SOLVE_BUCKETS,
)
BATCHES = BoundedCounter(
    "nightshift_batches_total",
    "Batches answered, by the engine that was asked and how it went (solved, handed_over, fallback).",
    ["engine", "outcome"],
)
FALLBACKS = BoundedCounter(
    "nightshift_fallbacks_total",
    "Times that dispatch stood in for an engine or for a refused plan, by reason.",
    ["reason"],
)
SOLVE_SECONDS = BoundedHistogram(
    "nightshift_solve_seconds", "Time an engine took for a batch.", ["engine"], buckets=SOLVE_BUCKETS
)
STEPS = BoundedCounter(
    "nightshift_improvement_steps_total",
    "Neighbourhoods solved while improving, by what came of them (better, sideways, none).",
    ["outcome"],
)
JOBS = BoundedCounter("nightshift_jobs_total", "Jobs of ended requests, scheduled or left out.", ["outcome"])
OBJECTIVE_SECONDS = BoundedGauge(
    "nightshift_objective_seconds",
    "First objective level of the latest ended request, where it is a time (weighted where its term is).",
    ["objective"],
    multiprocess_mode="mostrecent",
)
OBJECTIVE_ITEMS = BoundedGauge(
    "nightshift_objective_items",
    "First objective level of the latest ended request, where it counts jobs or changes (weighted where its term is).",
    ["objective"],
    multiprocess_mode="mostrecent",
)
GAP = BoundedHistogram(
    "nightshift_gap_ratio",
    "Gap between value and lower bound of the first objective level at the end of a request.",
    ["objective"],
    buckets=GAP_BUCKETS,
)
TASKS = BoundedCounter(
    "nightshift_tasks_total", "Celery tasks run, by outcome (done, retried, failed).", ["task", "outcome"]
)
TASK_SECONDS = BoundedHistogram("nightshift_task_seconds", "Time a Celery task ran.", ["task"], buckets=TASK_BUCKETS)
TASK_CPU_SECONDS = BoundedCounter(
    "nightshift_task_cpu_seconds_total", "Processor time spent in Celery tasks.", ["task"]
)
LEASES_LOST = BoundedCounter(
    "nightshift_leases_lost_total",
    "Times a worker found that its request had moved on to another attempt without it.",
)
RESUMED = BoundedCounter("nightshift_resumptions_total", "Next attempts of requests whose work was lost or had failed.")
REFUSED_PLANS = BoundedCounter(
    "nightshift_refused_plans_total", "Plans that the validator refused before they were stored."
)


POLICY_SECONDS = BoundedHistogram(
    "nightshift_policy_inference_seconds",
    "Time a policy took for one decision, a batch averaged.",
    ["policy"],
    buckets=DECISION_BUCKETS,
)
POLICY_DECISIONS = BoundedCounter("nightshift_policy_decisions_total", "Decisions a policy made.", ["policy"])
POLICY_INVALID = BoundedCounter(
    "nightshift_policy_invalid_actions_total", "Decisions of a policy that its mask forbids; must stay 0.", ["policy"]
)
POLICY_REWARD = BoundedGauge(
    "nightshift_policy_episode_reward",
    "Reward of the latest batch a policy planned; 0 is a plan as good as that of the dispatch rule it is scaled by.",
    ["policy"],
    multiprocess_mode="mostrecent",
)
POLICY_DISTANCE = BoundedHistogram(
    "nightshift_policy_envelope_distance_ratio",
    "How far a batch lies outside what a policy was trained on, in factors of two; 0 inside.",
    ["policy"],
    buckets=DISTANCE_BUCKETS,
)
POLICY_DECLINED = BoundedCounter(
    "nightshift_policy_declined_total",
    "Batches for which another start was taken than the policy.",
    ["policy", "reason"],
)
SWEPT = BoundedCounter(
    "nightshift_sweep_steps_total", "Stuck requests that the sweep saw to, by what it did.", ["step"]
)
INGESTS = BoundedCounter("nightshift_ingests_total", "Loads of plant data ended.", ["outcome"])
INGEST_SECONDS = BoundedHistogram(
    "nightshift_ingest_seconds", "Time a load of plant data took.", buckets=INGEST_BUCKETS
)
INGEST_ROWS = BoundedCounter("nightshift_ingest_rows_total", "Rows read from plant data, kept or refused.", ["outcome"])
REPLANS = BoundedCounter("nightshift_replans_total", "Scheduled replans ended.", ["outcome"])
REPLAN_SLACK_SECONDS = BoundedGauge(
    "nightshift_replan_deadline_slack_seconds",
    "Time from the end of a plant's latest replan to its deadline; below 0 it was missed.",
    ["plant"],
    multiprocess_mode="mostrecent",
)
REPLAN_DEADLINES_MISSED = BoundedCounter(
    "nightshift_replan_deadlines_missed_total", "Replans that were not ready by their deadline."
)

QUERY_SECONDS = BoundedHistogram(
    "nightshift_database_query_seconds",
    "Time a database statement took, its wait for locks included.",
    ["operation"],
    buckets=QUERY_BUCKETS,
)
DATABASE_ERRORS = BoundedCounter("nightshift_database_errors_total", "Database statements that failed.", ["reason"])
CACHE_REQUESTS = BoundedCounter("nightshift_cache_requests_total", "Look-ups in a cache.", ["cache", "result"])
LOG_EVENTS = BoundedCounter("nightshift_log_events_total", "Log lines of level warning and above.", ["level"])

PLANT_RUNS = BoundedCounter(
    "nightshift_plant_runs_total", "Schedule requests ended, by plant and final state.", ["plant", "state"]
)
PLANT_MAKESPAN = BoundedGauge(
    "nightshift_plant_makespan_seconds",
    "Makespan of a plant's latest ended request.",
    ["plant"],
    multiprocess_mode="mostrecent",
)
PLANT_TARDINESS = BoundedGauge(
    "nightshift_plant_weighted_tardiness_seconds",
    "Weighted tardiness of a plant's latest ended request.",
    ["plant"],
    multiprocess_mode="mostrecent",
)
PLANT_TARDY_JOBS = BoundedGauge(
    "nightshift_plant_tardy_jobs",
    "Tardy jobs of a plant's latest ended request.",
    ["plant"],
    multiprocess_mode="mostrecent",
)
PLANT_ON_TIME = BoundedGauge(
    "nightshift_plant_on_time_ratio",
    "Share of jobs on time in a plant's latest ended request.",
    ["plant"],
    multiprocess_mode="mostrecent",
)
PLANT_COMPLETION = BoundedGauge(
    "nightshift_plant_completion_ratio",
    "Share of jobs scheduled in a plant's latest ended request.",
    ["plant"],
    multiprocess_mode="mostrecent",
)
PLANT_UTILISATION = BoundedGauge(
    "nightshift_plant_utilisation_ratio",
    "Machine utilisation in a plant's latest ended request.",
    ["plant"],
    multiprocess_mode="mostrecent",
)


def cache_request(cache: str, *, hit: bool) -> None:
    """Counts a look-up in ``cache``."""
    CACHE_REQUESTS.labels(cache, "hit" if hit else "miss").inc()


logs.watch(lambda level: LOG_EVENTS.labels(level).inc())


def _begin_at_zero() -> None:
    """Makes the series that are asked for: a first one is an increase only where there was a 0 before it."""
    for state in ("finished", "failed"):
        RUNS.labels(state)
    for outcome in ("scheduled", "left_out"):
        JOBS.labels(outcome)
    for outcome in ("better", "sideways", "none"):
        STEPS.labels(outcome)
    for reason in ("failed", "hung", "last_attempt", "unanswered", "refused"):
        FALLBACKS.labels(reason)


_begin_at_zero()
