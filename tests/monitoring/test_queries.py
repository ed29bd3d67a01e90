"""A running Nightshift under load, watched by a real Prometheus: every query of rules and dashboards has an answer."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.survival.place import Place, made
from benchmarks.survival.shops import shop
from benchmarks.watching import Watch, watching
from models.store import records
from models.store.records import Record, RunClass
from models.tables.session import sessions, transaction
from tests.conftest import _missing
from tests.monitoring import expressions
from tests.monitoring.expressions import Expression

pytestmark = [pytest.mark.services, pytest.mark.slow]

SELDOM = {
    "nightshift_policy_declined_total": "needs a problem that the policy does not model",
    "nightshift_certificate_expiry_seconds": "needs a certificate",
    "nightshift_redis_limit_bytes": "needs a Redis with a limit",
    "nightshift_snapshot_age_seconds": "needs plant data",
    "nightshift_replan_deadline_slack_seconds": "needs a replan",
    "nightshift_replan_deadlines_missed_total": "needs a replan",
}
"""Series that a short load does not bring forth; expressions on these must be accepted, and may be empty."""

SETTLE_SECONDS = 60.0
RATE = "20s"


def _load(place: Place) -> None:
    """Requests of every engine, of two plants, each of them polled and fetched, and a bad one."""
    runs = []
    for number, engine in enumerate(("auto", "cpsat", "dispatch", "search", "ppo")):
        runs.append(place.client.submit(shop(1.0, engine=engine, plant=f"plant-{number % 2}")))
        place.client.insist("GET", f"/v1/schedules/{runs[-1]}")
    place.client.ask("POST", "/v1/schedules", {})
    for run in runs:
        assert place.stack.ended(run).state == "finished"
        place.client.insist("GET", f"/v1/schedules/{run}/result")
        place.client.insist("GET", f"/v1/schedules/{run}/why")


def _remember(database_url: str) -> None:
    """Runs of the days before, so that their class has a baseline."""
    known = RunClass("plant-0", "single", "to_30", "auto", "to_2")
    with transaction(sessions(database_url)) as session:
        for number in range(60):
            some = 1.0 + number % 7 / 100
            record = Record(f"before-{number}", known, "feasible", 20, 20, seconds=2 * some, step_seconds=0.01 * some)
            record = replace(record, objective=9 * some, makespan=32_400 * some, gap=0.1, memory=10**8)
            records.keep(session, record)


@pytest.fixture(scope="module")
def watch(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """Watches a Nightshift of its own, under load, for as long as the tests of this file run."""
    for program in ("prometheus", "prometheus-alertmanager"):
        if shutil.which(program) is None:
            _missing(f"{program} is not installed")
    home, servers = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("watch")
    metrics = home / "metrics"
    metrics.mkdir()
    settings = {"PROMETHEUS_MULTIPROC_DIR": str(metrics)}
    with made(home, template=sqlite_template, settings=settings) as place:
        _remember(place.stack.database_url)
        place.stack.start("web", "control", "plan", "solve", "beat")
        place.client.insist("GET", "/v1/schedules")
        web = f"{place.client.host}:{place.client.port}"
        with watching(servers, web, scrape_seconds=1) as found:
            found.until(lambda: found.value("min(nightshift_workers)") == 1, SETTLE_SECONDS, "no worker is seen")
            _load(place)
            time.sleep(2)  # what counts from its first value on is an increase from the second on
            place.stack.ended(place.client.submit(shop(0.5, engine="dispatch")))
            time.sleep(3)
            for late in ("nightshift_baseline_median", "nightshift_policy_info"):
                found.until(lambda: found.ask(late), SETTLE_SECONDS, f"there is no {late}")  # noqa: B023
            yield found


def _asked(expression: Expression) -> str:
    """As Grafana asks: with the range of a rate, and all values of every variable."""
    return re.sub(r'"\$\w+"', '".*"', expression.text.replace("$__rate_interval", RATE))


def _judged(expression: Expression) -> str:
    """A rule's expression with what it compares, not only where that holds, and without a wait for history."""
    text = re.sub(r" (==|!=|>=|<=|>|<) ", r" \1 bool ", expression.text)
    return re.sub(r" offset \w+", "", text)


def _left_out(expression: Expression) -> bool:
    return bool(expression.metrics & (expressions.planned() | SELDOM.keys()))


def test_every_panel_has_an_answer(watch: Watch) -> None:
    empty = [
        f"{panel.place}: {panel.text}"
        for panel in expressions.panels()
        if not watch.ask(_asked(panel)) and not _left_out(panel)
    ]
    assert not empty


def test_what_is_marked_on_graphs_is_understood(watch: Watch) -> None:
    for mark in expressions.annotations():
        watch.ask(mark.text)


def test_every_rule_judges_something(watch: Watch) -> None:
    empty = [
        f"{rule.place}: {_judged(rule)}"
        for rule in expressions.rules()
        if not watch.ask(_judged(rule)) and not _left_out(rule)
    ]
    assert not empty
    sick = [(rule["name"], rule["lastError"]) for rule in watch.rules() if rule["health"] != "ok"]
    assert not sick


def test_nothing_is_wrong_with_a_sound_nightshift(watch: Watch) -> None:
    """No alert fires under load, however busy the machine."""
    assert watch.firing() == set()
    assert watch.told == []
