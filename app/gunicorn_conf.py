"""How gunicorn serves the web application: one process, threads, bounded everything.

``gunicorn --config python:app.gunicorn_conf``
"""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress

from models.settings import settings

_settings = settings()

wsgi_app = "app:create_app()"
bind = f"{_settings.host}:{_settings.port}"

workers = 1
worker_class = "app.gunicorn_worker.PatientWorker"
threads = 16
keepalive = 15
backlog = 512

timeout = 60
graceful_timeout = 20
"""A submission that is being stored when the process is asked to end is answered first."""

limit_request_line = 4094
limit_request_fields = 50
limit_request_field_size = 8190

control_socket_disable = True
"""Nothing manages this server from within: its supervisor does."""

accesslog = None
"""Requests are logged and counted by the application, under their request id."""

SWITCH_SECONDS = 0.001
"""How long a thread that computes keeps others waiting: a poll must not wait for five turns of a parser."""


M_MMAP_THRESHOLD = -3
LARGE_BLOCK = 256 * 1024
"""Bytes from which on memory is given back to the system when it is freed: bodies and results come and go."""


def post_fork(_arbiter: object, _worker: object) -> None:
    """Called in the process that serves, before it imports the application, of which nothing becomes garbage."""
    gc.disable()  # saves a tenth of the start


def post_worker_init(_worker: object) -> None:
    """Called in the process that serves, once the application is loaded."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.enable()
    gc.freeze()  # what the application consists of is never looked at again: a full collection would hold up every poll
    with suppress(OSError, AttributeError):  # a C library without mallopt keeps what it has
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)
