"""A database that takes no more: the request is refused, so that nobody waits for it."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from models.store import runs
from tests.app.conftest import Api
from tests.app.problems import sound


@pytest.mark.parametrize("refusal", ["database or disk is full", "attempt to write a readonly database"])
def test_a_database_that_takes_no_more_is_told_as_503(api: Api, monkeypatch: pytest.MonkeyPatch, refusal: str) -> None:
    def refuse(*_args: Any, **_options: Any) -> str:
        raise OperationalError("INSERT", {}, sqlite3.OperationalError(refusal))

    monkeypatch.setattr(runs, "submit", refuse)
    answer = api.submit(sound())
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert api.stored() == 0
