"""While health is critical new solves are held; they are released by themselves."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from models import holding as module
from models.holding import Holding
from monitoring.health.probe import NotReady, Probe
from tasks import base, health, sweep
from tests.tasks.conftest import Road


@pytest.fixture
def critical(road: Road, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is critical, for the task that examines."""
    found: list[str] = []

    def ask() -> str:
        if found:
            raise NotReady(found[0])
        return "good"

    monkeypatch.setattr(module, "PREFIX", f"test-{secrets.token_hex(4)}:")
    monkeypatch.setattr(health, "_probes", lambda: (Probe("disk", ask, holds=True),))
    health.holding.cache_clear()
    yield found
    health.holding().hold(())
    health.holding.cache_clear()


def test_new_solves_are_held_while_critical_and_go_on_after(
    road: Road, critical: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    critical.append("no room")
    health.health()
    assert health.held() == ("disk",)
    run_id = road.submit()
    road.deliver()
    assert road.view(run_id).state == "queued"
    monkeypatch.setattr(sweep, "STALE_SECONDS", -1.0)
    sweep.sweep()
    assert road.sent == []
    critical.clear()
    health.health()
    assert health.held() == ()
    sweep.sweep()
    road.deliver()
    assert road.view(run_id).state == "finished"


def test_what_has_begun_goes_on(road: Road, critical: list[str]) -> None:
    run_id = road.submit()
    road.deliver(road.take("plan"))
    critical.append("no room")
    health.health()
    road.deliver()
    assert road.view(run_id).state == "finished"


def test_a_hold_that_nobody_renews_ends(road: Road, critical: list[str]) -> None:
    critical.append("no room")
    health.health()
    kept = base.inflight()._client
    assert 0 < kept.ttl(f"{module.PREFIX}hold") <= module.HOLD_SECONDS  # type: ignore[operator]


def test_scores_are_kept_from_the_latest_on(road: Road, critical: list[str]) -> None:
    kept: Holding = health.holding()
    for score in (100, 60, 20):
        kept.note(score)
    assert [score for _, score in kept.scores()] == [20, 60, 100]
    assert all(0 <= age < 60 for age, _ in kept.scores())
    kept._client.delete(f"{module.PREFIX}health")
