"""However many runs, plants and jobs there are, the number of series has a bound."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from models.store.views import STATES as STORED_STATES
from monitoring import exposition
from monitoring.labels import STATES
from monitoring.names import MOST_NAMES

RUNS = 10_000
PROCESSES = 3
MOST_SERIES = 4000
"""Of all metrics that are counted, buckets included; Prometheus keeps about 3 KiB for each."""

COUNT = """
import sys
from types import SimpleNamespace
from tasks import counts
first, runs = int(sys.argv[1]), int(sys.argv[2])
for number in range(first, first + runs):
    run = f"run-{number:08d}"
    measured = {"makespan": 1.0, "weighted_tardiness": 2.0, "tardy_jobs": 3, "on_time_rate": 0.5,
                "completion_rate": 1.0, "machine_utilisation": 0.4}
    conclusion = SimpleNamespace(scheduled=1, left_out=0, refused=False, metrics=measured,
                                 first_level=(f"objective of {run}", 1.0, 0.1))
    view = SimpleNamespace(id=run, age=1.0, plant=f"plant of {run}", jobs=number, engine=f"engine of {run}")
    counts.begun(view)
    counts.first_plan(view)
    counts.ended(conclusion, view, "finished", unanswered=0)
"""


def test_ten_thousand_runs_of_as_many_plants_make_few_series(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    env = dict(os.environ) | {"PYTHONPATH": str(Path.cwd())}
    for process in range(PROCESSES):
        command = [sys.executable, "-c", COUNT, str(process * RUNS), str(RUNS // PROCESSES)]
        subprocess.run(command, env=env, check=True)
    families = list(text_string_to_metric_families(exposition.render()[0].decode()))
    samples = [sample for family in families for sample in family.samples]
    plants = {sample.labels["plant"] for sample in samples if "plant" in sample.labels}
    assert len(plants) == MOST_NAMES + 1
    assert "other" in plants
    assert len(samples) < MOST_SERIES
    ended = sum(sample.value for sample in samples if sample.name == "nightshift_plant_runs_total")
    assert ended == PROCESSES * (RUNS // PROCESSES)
    assert not [sample for sample in samples if "run_id" in sample.labels or "schedule_id" in sample.labels]


def test_states_are_those_of_the_store() -> None:
    assert STATES == STORED_STATES


def test_a_line_cut_short_in_the_list_of_names_harms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from monitoring import names

    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    (tmp_path / "names-plant").write_text('"north"\n"so')
    assert names.admitted("plant", "north")
    assert names.admitted("plant", "east")
    names._known.clear()
    assert names.admitted("plant", "west")
    assert names._known[str(tmp_path), "plant"] == {"north", "east", "west"}
