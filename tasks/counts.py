"""What is counted of batches and of ended runs."""

from __future__ import annotations

from models.shop.problem import COUNT_TERMS
from monitoring import metrics
from workers.batch import Answer
from workers.conclude import Conclusion

SECONDS_PER_HOUR = 3600


def batch(answer: Answer, *, last_attempt: bool) -> None:
    """Counts a batch that was answered; ``last_attempt``: dispatch was asked in place of the engine that was wanted."""
    metrics.BATCHES.labels(answer.asked, answer.outcome).inc()
    metrics.SOLVE_SECONDS.labels(answer.report.engine).observe(answer.report.seconds)
    reason = _reason(answer, last_attempt=last_attempt)
    if reason is not None:
        metrics.FALLBACKS.labels(reason).inc()


def _reason(answer: Answer, *, last_attempt: bool) -> str | None:
    """Why dispatch stands in, as a class: the sentence names machines and jobs, which no label may."""
    if last_attempt:
        return "last_attempt"
    if answer.hung:
        return "hung"
    if answer.report.handed_over:
        return "unsupported"
    return "failed" if answer.fallback else None


def ended(conclusion: Conclusion, state: str, seconds: float, *, unanswered: int) -> None:
    """Counts a run that has ended ``seconds`` after it was accepted, ``unanswered`` of its batches without answer."""
    metrics.RUNS.labels(state).inc()
    metrics.RUN_SECONDS.labels(state).observe(seconds)
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
