"""The web process itself, and clients that hold connections without ever finishing a request."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.store import keys
from models.tables.session import sessions, transaction
from workers.boot import free_port

pytestmark = pytest.mark.slow

HOST = "127.0.0.1"
THREADS = 16
CROWD = 60
SOON_SECONDS = 2.0
START_SECONDS = 30.0


@pytest.fixture(scope="module")
def web(sqlite_template: Path, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """Port of a web process, and a planner's key."""
    folder, port = tmp_path_factory.mktemp("web"), free_port(HOST)
    (folder / "nightshift.db").write_bytes(sqlite_template.read_bytes())
    url = f"sqlite:///{folder / 'nightshift.db'}"
    with transaction(sessions(url)) as session:
        token = keys.create(session, "slow", "planner")[1]
    env = os.environ | {"NIGHTSHIFT_HOME": str(folder), "NIGHTSHIFT_PORT": str(port), "DATABASE_URL": url}
    command = [sys.executable, "-m", "gunicorn", "--config", "python:app.gunicorn_conf"]
    with (folder / "web.log").open("wb") as log:
        process = subprocess.Popen(command, env=env | {"REDIS_URL": redis_url}, stdout=log, stderr=log)
    try:
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                assert ask(port, "/livez") == 200
                break
            except OSError:
                assert time.monotonic() < end and process.poll() is None, (folder / "web.log").read_text()
                time.sleep(0.05)
        yield port, token
    finally:
        process.terminate()
        process.wait(30)
        sessions(url).kw["bind"].dispose()


def ask(port: int, path: str, **headers: str) -> int:
    connection = http.client.HTTPConnection(HOST, port, timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def crowd(port: int, said: bytes) -> list[socket.socket]:
    clients = [socket.create_connection((HOST, port), timeout=20) for _ in range(CROWD)]
    for client in clients:
        client.sendall(said)
    return clients


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"G",
        b"POST /v1/schedules HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /v1/schedules HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{",
        b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
    ids=["silent", "one byte", "half a head", "half a body without a key", "an answer that is not taken"],
)
def test_a_crowd_of_slow_clients_holds_nobody_up(web: tuple[int, str], said: bytes) -> None:
    port, _ = web
    clients = crowd(port, said)
    try:
        time.sleep(0.2)
        begun = time.monotonic()
        for _ in range(5):
            assert ask(port, "/livez") == 200
        assert time.monotonic() - begun < SOON_SECONDS * (CROWD / THREADS if said.endswith(b"{") else 1)
    finally:
        for client in clients:
            client.close()


def test_a_head_that_comes_byte_by_byte_is_served(web: tuple[int, str]) -> None:
    port, token = web
    with socket.create_connection((HOST, port), timeout=20) as client:
        for byte in f"GET /v1/schedules HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode():
            client.sendall(bytes([byte]))
            time.sleep(0.001)
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_a_kept_connection_serves_one_request_after_the_other(web: tuple[int, str]) -> None:
    port, token = web
    connection = http.client.HTTPConnection(HOST, port, timeout=20)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for number in range(5):
        body = json.dumps({"jobs": "x" * number * 20_000})
        connection.request("POST", "/v1/schedules", body, headers)
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["status"]) == (422, 422)
    connection.close()


def test_two_requests_at_once_on_one_connection_are_both_answered(web: tuple[int, str]) -> None:
    port, _ = web
    with socket.create_connection((HOST, port), timeout=20) as client:
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
        said = b""
        while said.count(b"HTTP/1.1 200 ") < 2:
            came = client.recv(4096)
            assert came, said
            said += came


@pytest.mark.parametrize("head", [b"G" * 70_000, b"GET / HTTP/1.1\r\n" + b"X-Long: " + b"x" * 9000 + b"\r\n\r\n"])
def test_a_head_too_long_is_refused(web: tuple[int, str], head: bytes) -> None:
    port, _ = web
    with socket.create_connection((HOST, port), timeout=20) as client:
        client.sendall(head)
        assert client.recv(4096)[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 431", b"HTTP/1.1 414")


def test_a_head_that_never_ends_is_given_up(web: tuple[int, str]) -> None:
    port, _ = web
    with socket.create_connection((HOST, port), timeout=20) as client:
        client.sendall(b"GET /livez HTTP/1.1\r\n")
        assert client.recv(4096) == b""
