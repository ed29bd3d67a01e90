from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from app.errors import ApiError
from app.intake import Gate


def test_one_passes_at_a_time_and_a_few_wait() -> None:
    gate = Gate(waiting=1, seconds=10)
    inside, leave, told = threading.Event(), threading.Event(), []

    def hold() -> None:
        with gate.passed():
            inside.set()
            leave.wait(10)

    def follow() -> None:
        with gate.passed():
            told.append("passed")

    first, second = threading.Thread(target=hold), threading.Thread(target=follow)
    first.start()
    assert inside.wait(5)
    second.start()
    while gate.waiting.acquire(blocking=False):  # until the second thread has taken its place in the queue
        gate.waiting.release()
    with pytest.raises(ApiError) as refused, gate.passed():
        pass
    assert refused.value.status == 503
    assert int(refused.value.headers["Retry-After"]) > 0
    assert told == []
    leave.set()
    first.join(5)
    second.join(5)
    assert told == ["passed"]
    with gate.passed():
        pass


def test_waiting_ends() -> None:
    gate = Gate(waiting=1, seconds=0.01)
    with gate.passed(), pytest.raises(ApiError, match="Too many problems or plans"), gate.passed():
        pass


def test_the_web_process_loads_no_solver() -> None:
    script = (
        "import sys, app; app.create_app();"
        "loaded = {name.partition('.')[0] for name in sys.modules};"
        "print(sorted(loaded & {'ortools', 'torch', 'pandas', 'numba', 'alembic'}))"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert shown.stdout.strip() == "[]"
