from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask

from app import create_app
from app.schemas.problem import EXAMPLE, ProblemForm
from models.settings import load_settings
from models.shop import parse
from models.shop.faults import InvalidProblem
from models.shop.generate import factory
from models.shop.parse import load
from models.shop.problem import TERMS
from tests.app.problems import SOUND, broken

jsonschema = pytest.importorskip("jsonschema")
openapi_spec_validator = pytest.importorskip("openapi_spec_validator")

PAGES = {"/", "/docs", "/openapi.json"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return create_app(load_settings({"NIGHTSHIFT_HOME": str(tmp_path_factory.mktemp("home"))}))


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    answer = app.test_client().get("/openapi.json")
    assert answer.content_type == "application/json"
    found: dict[str, Any] = json.loads(answer.data)
    return found


@pytest.fixture(scope="module")
def problem_form(document: dict[str, Any]) -> Any:
    schema = {"$ref": "#/components/schemas/ProblemForm", "components": document["components"]}
    return jsonschema.Draft202012Validator(schema)


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    openapi_spec_validator.validate(document)


def test_every_route_is_in_it(app: Flask, document: dict[str, Any]) -> None:
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS") and rule.rule not in PAGES and not rule.rule.startswith("/runbooks")
    }
    told = {(path, method) for path, operations in document["paths"].items() for method in operations}
    assert told == routes


def test_every_protected_operation_tells_its_key_and_its_errors(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path.startswith("/v1"):
                assert operation["security"] == [{"bearer": []}, {"header": []}]
                assert {"401", "403", "503"} <= operation["responses"].keys()
            errors = [answer for status, answer in operation["responses"].items() if status[0] in "45"]
            for answer in errors if path.startswith("/v1") else []:
                assert list(answer["content"]) == ["application/problem+json"]


def test_nothing_is_loaded_from_elsewhere(document: dict[str, Any]) -> None:
    assert "http" not in {text[:4] for text in re.findall(r'"\$ref": "([^"]+)"', json.dumps(document))}
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert references == document["components"]["schemas"].keys()


def test_the_form_names_every_field_that_is_read(document: dict[str, Any]) -> None:
    assert document["components"]["schemas"]["ProblemForm"]["properties"].keys() == parse._DOCUMENT
    assert json.dumps(document).count('"weighted_tardy_jobs"') > 0
    assert all(f'"{term}"' in json.dumps(document) for term in TERMS)


@pytest.mark.parametrize(
    "problem",
    [
        SOUND,
        EXAMPLE,
        factory(jobs=20, machines=8),
        factory(jobs=20, machines=8, setups=True, routings=True, calendars=True, operators=True),
    ],
    ids=["sound", "example", "factory", "full"],
)
def test_what_is_accepted_has_the_form(problem: dict[str, Any], problem_form: Any) -> None:
    load(json.dumps(problem).encode())
    problem_form.validate(json.loads(json.dumps(problem)))
    ProblemForm.model_validate(problem)


def test_null_is_the_same_as_left_out_in_the_form_too(problem_form: Any) -> None:
    for name in ("time_zone", "objective", "options", "plant", "jobs.0.priority", "jobs.0.lcd_date", "options.engine"):
        problem_form.validate(problem := broken(name, None))
        load(json.dumps(problem).encode())


@pytest.mark.parametrize(
    "problem",
    [
        broken("schedule_start", None),
        broken("machines", []),
        broken("jobs.0.priority", 6),
        broken("jobs.0.processing_time", -1),
        broken("jobs.0.processing_time", 1e6),
        broken("jobs.0.colour", "red"),
        broken("jobs.0.job_id", ""),
        broken("jobs.1.operations", []),
        broken("machines.1.efficiency", 0),
        broken("calendars.week.weekly.0.from", "6:00"),
        broken("calendars.week.weekly.0.days", ["monday"]),
        broken("operators.0.skills.welding", 4),
        broken("objective", "profit"),
        broken("options.engine", "magic"),
        broken("options.batch_size", 0),
    ],
)
def test_what_breaks_the_form_is_refused(problem: dict[str, Any], problem_form: Any) -> None:
    assert not problem_form.is_valid(problem)
    with pytest.raises(InvalidProblem):
        load(json.dumps(problem).encode())
