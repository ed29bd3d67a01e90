"""What worker children have counted outlives them, and their files do not pile up."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.survival.stack import WORKERS, Stack
from monitoring import exposition
from monitoring.shared import KINDS
from tests.conftest import _redis_program, embedded_redis
from tests.tasks.conftest import shop

pytestmark = pytest.mark.slow

KILLS = 3


@pytest.fixture
def own_redis() -> Iterator[str]:
    yield from embedded_redis(_redis_program())


@pytest.fixture
def stack(sqlite_template: Path, own_redis: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    folder = tmp_path / "metrics"
    folder.mkdir()
    database = tmp_path / "nightshift.db"
    database.write_bytes(sqlite_template.read_bytes())
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
    env = {name: value for name, value in os.environ.items() if not name.startswith("NIGHTSHIFT_")}
    env |= {
        "NIGHTSHIFT_HOME": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{database}",
        "REDIS_URL": own_redis,
        "PYTHONPATH": os.pathsep.join([str(Path.cwd()), env.get("PYTHONPATH", "")]),
    }
    stack = Stack(env, tmp_path, env["DATABASE_URL"])
    yield stack
    stack.stop()


def value(name: str, **labels: str) -> float:
    families = text_string_to_metric_families(exposition.render()[0].decode())
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def assert_traced(stack: Stack, request_id: str, *events: str) -> None:
    """Each of these lines of the workers' logs names the request that the run goes back to."""
    text = "\n".join(path.read_text(errors="replace") for path in stack.folder.glob("*.log"))
    lines = [line for line in text.splitlines() if f"request_id={request_id}" in line]
    missing = [event for event in events if not any(event in line for line in lines)]
    assert not missing, missing


def test_counts_survive_killed_children_in_few_files(stack: Stack) -> None:
    stack.start(*WORKERS)
    document = shop()
    batches = 0
    for round_number in range(1, KILLS + 1):
        run_id = stack.submit(document, f"order-{round_number}")
        view = stack.ended(run_id)
        assert view.state == "finished"
        assert_traced(stack, f"order-{round_number}", "split", "batch_solved", "finished")
        batches += view.batches_total
        # the count follows the message that ends the run
        stack.until(lambda: value("nightshift_batches_total") == batches, 10)  # noqa: B023
        children = [child for name in WORKERS for child in stack.children(name)]
        for child in children:
            child.kill()
        psutil.wait_procs(children, timeout=10)
        assert value("nightshift_runs_total", state="finished") == round_number
        assert value("nightshift_batches_total", outcome="solved") == batches
        stack.until(lambda: [len(stack.children(name)) for name in WORKERS] == [1, 1, 2], 30)
    time.sleep(0.5)  # new children fold what the dead left before they take tasks
    living = sum(1 + len(stack.children(name)) for name in WORKERS)
    assert len(list((stack.folder / "metrics").glob("*.db"))) <= KINDS * (living + 1)
