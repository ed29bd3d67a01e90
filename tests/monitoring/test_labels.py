"""Whatever comes in, a label has few values."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from monitoring import exposition, labels, metrics
from monitoring.labels import MOST_VALUES, OTHER, VALUES, BoundedCounter, bounded
from tests.monitoring.listed import registered

ODD = ["", "x" * 10_000, "finished ", "FINISHED", "../../etc", "🏭", "0", "None", None, 7, 3.5, "a\nb", '"}']


@pytest.mark.parametrize("name", sorted(VALUES))
def test_a_label_with_a_list_takes_nothing_else(name: str) -> None:
    assert {bounded(name, value) for value in ODD} == {OTHER}
    assert {bounded(name, value) for value in VALUES[name]} == VALUES[name]


def test_a_label_without_a_list_stops_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "_seen", {})
    told = {bounded("step", f"step {number}") for number in range(10 * MOST_VALUES)}
    assert len(told) == MOST_VALUES + 1
    assert OTHER in told


def test_a_wrong_number_of_values_is_refused() -> None:
    counter = BoundedCounter("odd_total", "Odd.", ["method", "route"], registry=CollectorRegistry())
    for values in (("GET",), ("GET", "/", "more")):
        with pytest.raises(ValueError, match="label"):
            counter.labels(*values)


def test_every_label_is_bounded_or_known_to_the_code_alone() -> None:
    by_code = {"route", "task", "step", "version"} | labels.HOST_WIDE
    assert {name for metric in registered() for name in metric.labels} <= VALUES.keys() | by_code


def test_odd_requests_make_no_series(tmp_path: Path) -> None:
    code = "from tests.monitoring.odd_requests import send; send()"
    env = dict(os.environ) | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "NIGHTSHIFT_HOME": str(tmp_path)}
    env["PYTHONPATH"] = os.pathsep.join([str(Path.cwd()), env.get("PYTHONPATH", "")])
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    series = [line for line in done.stdout.splitlines() if line.startswith("nightshift_http_requests_total{")]
    assert 1 < len(series) <= 8, series
    assert all("odd" not in line for line in series), series
    assert any('method="other"' in line for line in series)
    assert any('route="unmatched"' in line for line in series)


def test_an_objective_or_reason_that_is_new_counts_as_other() -> None:
    metrics.FALLBACKS.labels("machine M7 of job J9 exploded").inc()
    metrics.OBJECTIVE_SECONDS.labels("makespan of plant 9").set(1)
    text = exposition.render()[0].decode()
    assert 'nightshift_fallbacks_total{reason="other"}' in text
    assert "M7" not in text
    assert "plant 9" not in text
