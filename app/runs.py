"""What the endpoints about schedule requests share: their addresses, and what is answered where there is no plan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response, jsonify

from app.errors import ApiError
from app.intake import Gate
from models.store.ids import is_run_id
from models.store.views import OPEN_STATES, RunView
from tasks.give import NoPlan, UnknownRun
from tasks.large_reads import ReadFailed
from tasks.why import RedisAway

PREFIX = "/v1/schedules"
POLL_SECONDS = "1"
"""``Retry-After`` of a run that has not ended."""

AWAY_RETRY_SECONDS = "2"
"""``Retry-After`` where Redis does not answer."""

_gate = Gate()


def known_form(run_id: str) -> str:
    """The id, if it has the form of one. Raises ApiError 404."""
    if not is_run_id(run_id):
        raise unknown(run_id)
    return run_id


def links(run_id: str) -> dict[str, str]:
    """Where to go on from a run."""
    return {"self": f"{PREFIX}/{run_id}", "result": f"{PREFIX}/{run_id}/result"}


def unknown(run_id: str) -> ApiError:
    """The error for an id that no run has."""
    return ApiError(404, "unknown-schedule", f"There is no schedule {run_id[:64]!r}.")


def no_plan(view: RunView) -> ApiError:
    """The error for a run that has no plan to read."""
    state = view.state
    if state in OPEN_STATES:
        detail = f"Schedule {view.id} is still {state}; poll it until it has ended."
        return ApiError(409, "not-finished", detail, headers={"Retry-After": POLL_SECONDS}, state=state)
    if state == "failed":
        return ApiError(409, "run-failed", "The run failed; `error` says why.", state=state, error=view.error)
    return ApiError(409, "no-plan", "The run was cancelled before it had a plan.", state=state)


def redis_away() -> ApiError:
    """The error where work cannot be sent for."""
    detail = "Redis does not answer, so that no worker can be sent for it. Try again shortly."
    return ApiError(503, "redis-unavailable", detail, headers={"Retry-After": AWAY_RETRY_SECONDS})


def awaited(view: RunView) -> tuple[Response, int, dict[str, str]]:
    """202: a worker is at what was asked for of a run; ask again."""
    return jsonify(id=view.id, state=view.state, links=links(view.id)), 202, {"Retry-After": POLL_SECONDS}


@contextmanager
def read_by_a_worker() -> Iterator[None]:
    """Answers 500 or 503 where a worker cannot read a large plan."""
    try:
        yield
    except RedisAway:
        raise redis_away() from None
    except ReadFailed:
        raise ApiError(
            500, "explanation-failed", "It could not be worked out. It is logged under the run's id."
        ) from None


@contextmanager
def planned_or_refused() -> Iterator[None]:
    """Answers 404 or 409 where a command names a schedule that is not there or has no plan to change.

    One command at a time: reading a plan takes a while, in which the others' polls are to be answered, too.
    """
    try:
        with _gate.passed():
            yield
    except UnknownRun as error:
        raise unknown(str(error)) from None
    except NoPlan as error:
        raise no_plan(error.view) from None
