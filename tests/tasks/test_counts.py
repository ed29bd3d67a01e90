"""Why dispatch stood in, as a class."""

from __future__ import annotations

import pytest

from monitoring import metrics
from tasks import counts
from workers.batch import Answer
from workers.engine import Report

PLAN = Report("dispatch", (), "feasible")
HANDED = Report("dispatch", (), "feasible", handed_over="operation J7-1 needs a crew")


@pytest.mark.parametrize(
    ("answer", "last_attempt", "reason"),
    [
        (Answer(PLAN, "cpsat", ("dispatch", "cpsat")), False, None),
        (Answer(HANDED, "cpsat", ("dispatch", "cpsat")), False, "unsupported"),
        (Answer(HANDED, "cpsat", ("dispatch", "cpsat"), fallback="cpsat handed it over"), False, "unsupported"),
        (Answer(PLAN, "cpsat", ("dispatch", "cpsat"), fallback="cpsat failed (M7)"), False, "failed"),
        (Answer(PLAN, "cpsat", ("dispatch", "cpsat"), fallback="cpsat did not answer", hung=True), False, "hung"),
        (Answer(PLAN, "dispatch", ("dispatch",)), True, "last_attempt"),
    ],
)
def test_a_fallback_is_counted_by_its_reason(answer: Answer, last_attempt: bool, reason: str | None) -> None:
    reasons = ("unsupported", "failed", "hung", "last_attempt", "other")
    before = {name: metrics.FALLBACKS.labels(name)._value.get() for name in reasons}
    counts.batch(answer, last_attempt=last_attempt)
    after = {name: metrics.FALLBACKS.labels(name)._value.get() for name in reasons}
    assert [name for name in reasons if after[name] > before[name]] == ([reason] if reason else [])
