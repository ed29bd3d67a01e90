"""What is counted of batches and of ended runs."""

from __future__ import annotations

from collections.abc import Mapping

from models.shop.problem import COUNT_TERMS
from models.store.views import RunView
from monitoring import metrics
from monitoring.labels import NO_PLANT, SIZES, step_of
from workers.batch import Answer
from workers.conclude import Conclusion

SECONDS_PER_HOUR = 3600


def batch(answer: Answer, *, last_attempt: bool) -> None:
    """Counts a batch that was answered; ``last_attempt``: dispatch was asked in place of the engine that was wanted."""
    metrics.BATCHES.labels(answer.asked, answer.outcome).inc()
    metrics.SOLVE_SECONDS.labels(answer.report.engine).observe(answer.report.seconds)
    _policy(answer)
    reason = _reason(answer, last_attempt=last_attempt)
    if reason is not None:
        metrics.FALLBACKS.labels(reason).inc()


def _policy(answer: Answer) -> None:
    """Counts what a policy did, or that it was not asked, where one was."""
    told = answer.report.parameters
    name, decisions = told.get("policy"), told.get("decisions")
    if name is None:
        return
    if isinstance(distance := told.get("envelope_distance"), float):
        metrics.POLICY_DISTANCE.labels(name).observe(distance)
    if answer.report.handed_over:
        metrics.POLICY_DECLINED.labels(name, "unsupported").inc()
    if isinstance(decisions, int) and decisions and isinstance(seconds := told.get("policy_seconds"), float):
        metrics.POLICY_DECISIONS.labels(name).inc(decisions)
        metrics.POLICY_SECONDS.labels(name).observe(seconds / decisions)
    if isinstance(wrong := told.get("invalid_actions"), int):
        metrics.POLICY_INVALID.labels(name).inc(wrong)
    if isinstance(reward := told.get("reward"), float):
        metrics.POLICY_REWARD.labels(name).set(reward)


def _reason(answer: Answer, *, last_attempt: bool) -> str | None:
    """Why dispatch stands in, as a class: the sentence names machines and jobs, which no label may."""
    if last_attempt:
        return "last_attempt"
    if answer.hung:
        return "hung"
    if answer.report.handed_over:
        return "unsupported"
    return "failed" if answer.fallback else None


def begun(view: RunView) -> None:
    """Counts that a worker has taken up a run."""
    metrics.WAIT_SECONDS.observe(max(0.0, view.age))


def first_plan(view: RunView) -> None:
    """Counts that a run's first plan can be read."""
    metrics.FIRST_PLAN_SECONDS.labels(step_of(SIZES, view.jobs)).observe(max(0.0, view.age))


def failed(view: RunView) -> None:
    """Counts a run that has ended with an error."""
    metrics.RUNS.labels("failed").inc()
    metrics.PLANT_RUNS.labels(view.plant or NO_PLANT, "failed").inc()
    metrics.RUN_SECONDS.labels("failed").observe(max(0.0, view.age))


def ended(conclusion: Conclusion, view: RunView, state: str, *, unanswered: int) -> None:
    """Counts a run that has ended with a plan, ``unanswered`` of its batches without answer."""
    metrics.RUNS.labels(state).inc()
    metrics.RUN_SECONDS.labels(state).observe(max(0.0, view.age))  # a database's clock may be set back
    _plant(conclusion, view.plant or NO_PLANT, state)
    metrics.JOBS.labels("scheduled").inc(conclusion.scheduled)
    metrics.JOBS.labels("left_out").inc(conclusion.left_out)
    if unanswered:
        metrics.FALLBACKS.labels("unanswered").inc(unanswered)
    if conclusion.refused:
        metrics.REFUSED_PLANS.inc()
        metrics.FALLBACKS.labels("refused").inc()
    if conclusion.first_level is None:
        return
    name, value, gap = conclusion.first_level
    if name in COUNT_TERMS:
        metrics.OBJECTIVE_ITEMS.labels(name).set(value)
    else:
        metrics.OBJECTIVE_SECONDS.labels(name).set(value * SECONDS_PER_HOUR)
    if gap is not None:
        metrics.GAP.labels(name).observe(gap)


def _plant(conclusion: Conclusion, plant: str, state: str) -> None:
    metrics.PLANT_RUNS.labels(plant, state).inc()
    measured = conclusion.metrics
    metrics.PLANT_MAKESPAN.labels(plant).set(_number(measured, "makespan") * SECONDS_PER_HOUR)
    metrics.PLANT_TARDINESS.labels(plant).set(_number(measured, "weighted_tardiness") * SECONDS_PER_HOUR)
    metrics.PLANT_TARDY_JOBS.labels(plant).set(_number(measured, "tardy_jobs"))
    for gauge, name in (
        (metrics.PLANT_ON_TIME, "on_time_rate"),
        (metrics.PLANT_COMPLETION, "completion_rate"),
        (metrics.PLANT_UTILISATION, "machine_utilisation"),
    ):
        if measured.get(name) is not None:
            gauge.labels(plant).set(_number(measured, name))


def _number(measured: Mapping[str, float | None], name: str) -> float:
    return measured.get(name) or 0.0
