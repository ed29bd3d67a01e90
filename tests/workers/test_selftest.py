"""The self-test of engines, in a process of its own."""

from __future__ import annotations

import json
import sys
import time

import pytest

from models.shop.parse import load as load_problem
from workers import selftest
from workers.engine import ENGINES, STEADY
from workers.tester import SelfTest

TESTED = {name for name in ENGINES if name != STEADY}


@pytest.mark.slow
def test_every_engine_solves() -> None:
    test = SelfTest()
    results = test.run()
    assert len(test.policies) >= 1
    assert all(len(version) == 12 for _, version in test.policies)
    assert test.parameters is not None
    assert test.parameters["faults"] == []
    assert sorted(test.parameters["in_force"].values()) == sorted(test.policies)
    assert {"dispatch", "search", "cpsat"} <= TESTED
    assert {name: row["detail"] for name, row in results.items()} == dict.fromkeys(TESTED, "")
    assert all(row["ok"] for row in results.values())


def test_a_search_without_time_has_not_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "ENGINE_SECONDS", 0.0)
    assert selftest.tested("search", load_problem(json.dumps(selftest.PROBLEM).encode())) == ""


def says(code: str) -> SelfTest:
    return SelfTest((sys.executable, "-c", code))


def test_the_engine_that_ends_the_process_has_failed() -> None:
    good = '{"name": "dispatch", "ok": true, "detail": "", "seconds": 0}'
    code = f"""import os; print('welcome'); print('{good}'); print('{{"name": "cpsat"}}', flush=True); os.abort()"""
    results = says(code).run()
    assert results["dispatch"]["ok"]
    assert results["cpsat"] == {"ok": False, "detail": "it ended its process (SIGABRT)", "seconds": 0.0}


def test_a_process_that_says_nothing_fails_every_engine() -> None:
    results = says("raise SystemExit(3)").run()
    assert {row["detail"] for row in results.values()} == {"its process ended with code 3"}
    assert set(results) == TESTED


def test_a_process_that_hangs_is_ended() -> None:
    begun = time.monotonic()
    code = """import time; print('{"name": "search"}', flush=True); time.sleep(60)"""
    assert says(code).run(seconds=1.0)["search"]["detail"] == "it did not answer within 1 s"
    assert time.monotonic() - begun < 20
