"""The API against its own OpenAPI document, and broken problems sent to it."""

from __future__ import annotations

import json
import os
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from benchmarks.mutations import broken, sources
from models.shop.canonical import digest
from models.shop.parse import load
from models.store import runs
from models.tables.session import transaction
from tests.app.conftest import Api
from tests.app.test_follow import failed, queued, solving
from workers.conclude import conclude
from workers.engine import Limits, Unwatched
from workers.engine import load as engine
from workers.split import split

schemathesis = pytest.importorskip("schemathesis")

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

EXAMPLES = int(os.environ.get("NIGHTSHIFT_FUZZ_EXAMPLES", "15"))
"""Requests for each operation and mode; a long run takes some hundreds."""

BROKEN = 80
PATIENTLY = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_headers_conformance,
    schemathesis.checks.response_schema_conformance,
]


@pytest.fixture
def described(api: Api) -> Any:
    return schemathesis.openapi.from_wsgi("/openapi.json", api.client.application)


@pytest.fixture
def known(api: Api) -> tuple[str, ...]:
    """Runs in every state a caller may meet, and an id that is none."""
    return queued(api), solving(api), finished(api), failed(api), "nobody"


def finished(api: Api) -> str:
    """A run that has ended with a plan as workers make it."""
    run_id = solving(api)
    with transaction(api.maker) as session:
        problem = load(runs.problem_body(session, run_id))
        jobs = range(len(problem.jobs))
        report = engine("dispatch").solve(problem, jobs, Limits.within(0.2), Unwatched())
        conclusion = conclude(
            problem,
            split(problem, 170),
            {},
            start=report.decisions,
            merge=False,
            schedule_id=run_id,
            digest=digest(problem),
            waited_seconds=0.1,
        )
        result = json.dumps(conclusion.document).encode()
        assert runs.finish(session, run_id, 1, state="finished", result=result)
    return run_id


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_answers_are_what_the_document_says(api: Api, known: tuple[str, ...], mode: Any) -> None:
    """Requests that keep the document's rules and requests that break them, for every operation."""
    document = schemathesis.openapi.from_wsgi("/openapi.json", api.client.application)
    headers = {"Authorization": f"Bearer {api.keys['admin']}", "Accept-Encoding": "identity"}
    for operation in [found.ok() for found in document.get_all_operations()]:
        ids = st.sampled_from(known) if operation.path_parameters else st.none()

        @PATIENTLY
        @given(case=operation.as_strategy(generation_mode=mode), run_id=ids)
        def ask(case: Any, run_id: str | None) -> None:
            if run_id is not None and mode is schemathesis.GenerationMode.POSITIVE:
                case.path_parameters["run_id"] = run_id
            response = case.call(headers=headers)
            # nothing runs here but the web application: that its health is critical is the right answer
            checks = CHECKS if case.operation.path != "/health" else [c for c in CHECKS if c is not CHECKS[0]]
            case.validate_response(response, checks=checks)

        try:
            ask()
        except Unsatisfiable:  # an operation without parameters cannot be asked wrongly
            assert not list(operation.iter_parameters()) and not operation.body


def test_a_broken_problem_is_answered_with_the_field(api: Api) -> None:
    documents = sources()
    for seed in range(10_000, 10_000 + BROKEN):
        random = Random(seed)
        document = broken(random.choice(documents), random)
        try:
            answer = api.send(json.dumps(document).encode())
        except ValueError:  # a number of more digits than Python writes
            continue
        assert answer.status_code in (202, 400, 422), (seed, answer.text)
        if answer.status_code != 202:
            told = json.loads(answer.data)
            assert told["total_errors"] >= len(told["errors"]) > 0
            assert all(error["field"] and error["rule"] and error["message"] for error in told["errors"])
