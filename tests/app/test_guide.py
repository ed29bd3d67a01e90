"""What the API guide says is so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.app.conftest import Api

GUIDE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
SOURCES = [*(Path(__file__).parents[2] / "app").rglob("*.py")]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_its_problem_is_accepted(api: Api) -> None:
    found = re.search(r"<<'JSON'\n(.*?)\n    JSON\n", GUIDE, re.DOTALL)
    assert found is not None
    assert api.submit(json.loads(found[1])).status_code == 202


def test_its_broken_problem_is_refused_as_shown(api: Api) -> None:
    section = GUIDE[GUIDE.index("## Errors") :]
    sent = re.search(r"--data '(\{.*?\})'\n", section, re.DOTALL)
    shown = re.search(r'"errors": (\[.*?\]),\n     "total_errors": 3', section, re.DOTALL)
    assert sent is not None
    assert shown is not None
    answer = json.loads(api.submit(json.loads(sent[1])).data)
    by_field = {fault["field"]: fault for fault in answer["errors"]}
    assert by_field == {fault["field"]: fault for fault in json.loads(shown[1])}
    assert answer["total_errors"] == 3


def test_it_lists_every_kind_of_error_and_no_other(api: Api) -> None:
    calls = re.compile(r'(?:ApiError\(\s*\d+,\s*|status=\d+, name=)"([a-z-]+)"')
    raised = {name for source in SOURCES for name in calls.findall(source.read_text(encoding="utf-8"))}
    table = [line.split("|")[2] for line in GUIDE.splitlines() if re.match(r"\| \d{3} \|", line)]
    told = {name for cell in table for name in re.findall(r"`([a-z-]+)`", cell)}
    assert told == raised | {"not-found", "method-not-allowed"}
