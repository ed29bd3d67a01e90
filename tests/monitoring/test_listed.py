"""Names and texts of metrics, and the page that lists them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from monitoring import exposition, metrics
from tests.monitoring.listed import Listed, everything, registered

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
UNITS = ("_seconds", "_bytes", "_ratio", "_info", "_up")
COUNTED = (
    *("_depth", "_runs", "_items", "_jobs", "_workers", "_processes", "_files"),
    *("_score", "_level", "_held", "_median", "_spread", "_regression", "_reward"),
)
"""A gauge without a unit says what it counts, or which scale it is on."""


def test_the_page_lists_what_there_is() -> None:
    rows = re.findall(r"^\| `(nightshift_\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|$", PAGE.read_text(), re.MULTILINE)
    assert [(name, kind, tuple(re.findall(r"`(\w+)`", told)), text) for name, kind, told, text in sorted(rows)] == [
        tuple(metric) for metric in registered()
    ]


@pytest.mark.parametrize("metric", registered(), ids=lambda metric: metric.name)
def test_names_follow_the_conventions(metric: Listed) -> None:
    name, kind, _, text = metric
    assert re.fullmatch(r"nightshift_[a-z]+(_[a-z]+)*", name)
    assert name.endswith("_total") == (kind == "counter")
    assert kind == "counter" or name.endswith(UNITS + COUNTED)
    assert text[0].isupper() or text[0].isdigit()
    assert text.endswith(".")


@pytest.mark.services
def test_promtool_finds_nothing_to_say() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    metrics.HTTP_REQUESTS.labels("GET", "/livez", 200).inc()
    text = exposition.render(everything())[0]
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)
    assert (done.returncode, done.stdout.decode(), done.stderr.decode()) == (0, "", "")
