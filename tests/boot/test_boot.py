from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models.settings import SOCKET_PATH_LIMIT, load_settings
from models.tables import migrate
from workers import boot
from workers.tied import tied

ROOT = Path(__file__).parents[2]

GROUP = """
import sys
from workers import boot
import os
sys.exit(boot.run({"one": "sleep 60", "two": sys.argv[1]}, dict(os.environ)))
"""


def start_group(second: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", GROUP, second], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def pids(output: str) -> list[int]:
    return [int(line.partition("pid=")[2].rstrip(")")) for line in output.splitlines() if "started (pid=" in line]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_every_process(number: signal.Signals) -> None:
    group = start_group("sleep 60")
    assert group.stdout is not None
    seen = ""
    while seen.count("started (pid=") < 2:
        seen += group.stdout.readline()
    group.send_signal(number)
    rest, _ = group.communicate(timeout=20)
    assert group.returncode == 0
    started = pids(seen + rest)
    assert len(started) == 2
    assert all(gone(pid) for pid in started)


def test_one_process_that_ends_stops_the_others() -> None:
    group = start_group("sh -c 'exit 7'")
    output, _ = group.communicate(timeout=20)
    assert group.returncode == 7
    assert all(gone(pid) for pid in pids(output))


def test_what_was_started_ends_where_who_started_it_is_killed() -> None:
    stubborn = """sh -c 'trap "" TERM; while :; do sleep 1; done'"""
    code = GROUP.replace("import os\n", "import os\nboot.ORPHAN_SECONDS = 1\n")
    group = subprocess.Popen(
        [sys.executable, "-c", code, stubborn], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert group.stdout is not None
    seen = ""
    while seen.count("started (pid=") < 2:
        seen += group.stdout.readline()
    os.killpg(group.pid, signal.SIGKILL)
    group.wait()
    group.stdout.close()
    deadline = time.monotonic() + 20
    while not all(gone(pid) for pid in pids(seen)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_is_tied_ends_where_its_parent_has_ended_already() -> None:
    command = tied(["sleep", "60"])
    command[command.index(str(os.getpid()))] = "-1"  # no process has that id
    assert subprocess.run(command, timeout=20, check=False).returncode == -signal.SIGTERM


def test_a_signal_while_processes_start_is_not_lost() -> None:
    # honcho alone raises KeyError here and leaves what it started running
    early = (
        "import os, signal, sys; from workers import boot; start = boot.Manager._start;"
        "boot.Manager._start = lambda group: (start(group), os.kill(os.getpid(), signal.SIGTERM));"
        "sys.exit(boot.run({f'p{i}': 'sleep 60' for i in range(5)}, dict(os.environ)))"
    )
    group = subprocess.run([sys.executable, "-c", early], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert group.returncode == 0, group.stderr
    assert len(pids(group.stdout)) == 5
    assert all(gone(pid) for pid in pids(group.stdout))


def test_ready_makes_a_private_home_with_redis_and_tables(tmp_path: Path) -> None:
    settings = load_settings({"NIGHTSHIFT_HOME": str(tmp_path / "home")})
    settings.metrics_dir.mkdir(parents=True)
    (settings.metrics_dir / "counter_1.db").write_bytes(b"old")
    with boot.ready(settings):
        assert settings.redis_socket is not None
        assert settings.redis_socket.is_socket()
        assert settings.data_dir.stat().st_mode & 0o777 == 0o700
        assert migrate.revision(settings.database_url) == migrate.head()
        assert not list(settings.metrics_dir.iterdir())
        with pytest.raises(boot.BootError, match="another Nightshift runs in"), boot.ready(settings):
            pass
        assert settings.redis_socket.is_socket()
    assert not settings.redis_socket.exists()


def test_a_long_home_gets_a_short_socket(tmp_path: Path) -> None:
    home = tmp_path / ("x" * 120)
    settings = load_settings({"NIGHTSHIFT_HOME": str(home)})
    assert settings.redis_socket is not None
    assert len(os.fsencode(settings.redis_socket)) <= SOCKET_PATH_LIMIT
    with boot.ready(settings):
        assert settings.redis_socket.is_socket()
    settings.redis_socket.parent.rmdir()


def test_sigterm_in_the_middle_stops_redis(tmp_path: Path) -> None:
    script = (
        "import time; from models.settings import load_settings; from workers import boot\n"
        "with boot.ready(load_settings()):\n    print('up', flush=True); time.sleep(60)"
    )
    env = dict(os.environ, NIGHTSHIFT_HOME=str(tmp_path / "home"), REDIS_URL="", DATABASE_URL="")
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    process.terminate()
    assert process.wait(20) == 128 + signal.SIGTERM
    process.stdout.close()
    deadline = time.monotonic() + 5
    while (tmp_path / "home" / "redis.sock").exists():
        assert time.monotonic() < deadline


def test_a_taken_port_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(boot.BootError, match=f"port {port} of 127.0.0.1 is taken; set NIGHTSHIFT_PORT"):
            boot.refuse_taken_port("127.0.0.1", port)
    boot.refuse_taken_port("127.0.0.1", boot.free_port("127.0.0.1"))


def test_processes_agree_on_home_port_and_metrics(tmp_path: Path) -> None:
    settings = load_settings({"NIGHTSHIFT_HOME": str(tmp_path), "NIGHTSHIFT_PORT": "1234"})
    env = boot.environment(settings, {"PATH": "/bin", "DATABASE_URL": "sqlite:///x"})
    assert env["NIGHTSHIFT_HOME"] == str(tmp_path)
    assert env["NIGHTSHIFT_PORT"] == "1234"
    assert env["PROMETHEUS_MULTIPROC_DIR"] == str(settings.metrics_dir)
    assert env["PATH"].split(os.pathsep) == [str(Path(sys.executable).parent), "/bin"]
    assert env["DATABASE_URL"] == "sqlite:///x"
