"""An alert on its whole way: breach, Prometheus, Alertmanager, and whoever is to be told."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import start_http_server

from benchmarks.watching import Watch, watching
from monitoring import exposition, metrics
from tests.conftest import _missing

pytestmark = [pytest.mark.services, pytest.mark.slow]

DELIVERY_SECONDS = 10.0
SCRAPE_SECONDS = 2


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """Watches the metrics of this process."""
    for program in ("prometheus", "prometheus-alertmanager"):
        if shutil.which(program) is None:
            _missing(f"{program} is not installed")
    web, thread = start_http_server(0, "127.0.0.1", exposition.registry())
    with watching(tmp_path, f"127.0.0.1:{web.server_port}", scrape_seconds=SCRAPE_SECONDS) as found:
        yield found
    web.shutdown()
    web.server_close()
    thread.join()


def test_a_breach_reaches_the_receiver_with_its_runbook(watch: Watch) -> None:
    watch.until(lambda: watch.value("nightshift_refused_plans_total") is not None, 20, "nothing is scraped")
    assert watch.told == []
    metrics.REFUSED_PLANS.inc()
    breach = time.monotonic()
    watch.until(lambda: watch.told, 30, "nobody is told")
    told = watch.told[0]
    print(f"delivered after {told.at - breach:.1f} s")
    assert told.at - breach <= DELIVERY_SECONDS
    assert (told.name, told.status, told.labels["severity"]) == ("NightshiftPlanRefused", "firing", "critical")
    assert told.annotations["summary"].startswith("The validator refused")
    assert told.annotations["runbook_url"] == f"http://{watch.at.web}/runbooks/NightshiftPlanRefused"
