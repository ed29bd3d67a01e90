"""gunicorn's threaded worker, made so that nobody holds one of its few threads by being slow.

In gunicorn a connection has a thread from its first byte, or 5 s before it, and the loop that accepts all of them waits
2 s for whoever does not close after a last answer. Here the loop itself gathers the head of a request (RFC 9112), a
thread gets it once it is whole, and a last answer is waited out beside everything else.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn import util
from gunicorn.workers.gthread import TConn, ThreadWorker

HEAD_SECONDS = 5.0
"""A request whose head is not there by then is given up."""

HEAD_BYTES = 64 * 1024
"""A longer head goes to the parser, which refuses it."""

REQUEST_SECONDS = 120.0
"""Reading the body (with a key, or it is not read at all), working and answering may take so long; then it is cut."""

DRAIN_SECONDS = 0.5
"""A body that nobody wanted is waited for so long before the connection is closed."""

LINGER_SECONDS = 2.0
CHUNK = 8192
HEAD_ENDS = (b"\r\n\r\n", b"\n\n")
BUSY = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED, errno.EINTR)


class Connection(TConn):  # type: ignore[misc]  # gunicorn has no types
    """A connection, with what has come of the head of its next request."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any, linger: Callable[[Any], None]) -> None:
        super().__init__(cfg, sock, client, server)
        self.head = bytearray()
        self.linger = linger

    def close(self, graceful: bool = False) -> None:
        """Closes it; ``graceful`` lets the last answer arrive first."""
        if graceful:
            self.linger(self)
        else:
            util.close(self.sock)


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """Threads only for requests whose head is there; everything slow waits in the poller, for a bounded time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lingering: dict[socket.socket, float] = {}
        self.at_work: dict[Connection, float] = {}

    def accept(self, listener: socket.socket) -> None:
        """Takes a new connection and gathers the head of its first request."""
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno in BUSY:
                return
            raise
        self.nr_conns += 1
        self._gather(Connection(self.cfg, accepted, address, listener.getsockname(), self._linger))

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """The next request on a kept connection begins."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._gather(conn)

    def on_pending_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """More of a head has come; a whole one goes to a thread, and so does what the parser has to refuse."""
        try:
            came = client.recv(CHUNK)
        except OSError as error:
            if error.errno in BUSY:
                return
            came = b""
        conn.head += came
        if not came or len(conn.head) > HEAD_BYTES or any(end in conn.head for end in HEAD_ENDS):
            conn.data_ready = True
            self.poller.unregister(client)
            self.pending_conns.remove(conn)
            self.enqueue_req(conn)

    def handle(self, conn: Connection) -> Any:
        """Serves a request in a thread."""
        self.at_work[conn] = time.monotonic() + REQUEST_SECONDS
        try:
            conn.sock.setblocking(True)
            conn.init()
            if conn.head:
                conn.parser.unreader.unread(bytes(conn.head))
                conn.head.clear()
            return super().handle(conn)
        finally:
            del self.at_work[conn]

    def murder_pending(self) -> None:
        """Gives up what is overdue; called about once a second."""
        super().murder_pending()
        now = time.monotonic()
        for client in [client for client, until in self.lingering.items() if until < now]:
            self._end_linger(client)
        for conn in [conn for conn, until in list(self.at_work.items()) if until < now]:
            with suppress(OSError):  # its thread has just closed it
                conn.sock.shutdown(socket.SHUT_RDWR)

    def _gather(self, conn: Connection) -> None:
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + HEAD_SECONDS
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def _keepalive_after(self, conn: Connection, keepalive: Any) -> bool:
        """Whether the connection can serve another request: only if what was not read of this one is soon there."""
        return bool(keepalive and conn.parser.finish_body(deadline=time.monotonic() + DRAIN_SECONDS))

    def _linger(self, conn: Connection) -> None:
        """Says that no more comes, and waits in the poller until the other side has read that (RFC 9112, 9.6)."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, selectors.EVENT_READ, self._on_lingering)
        except (OSError, ValueError):  # the other side, or an error, has closed it
            util.close(conn.sock)
            return
        self.lingering[conn.sock] = time.monotonic() + LINGER_SECONDS

    def _on_lingering(self, client: socket.socket) -> None:
        try:
            if client.recv(CHUNK):
                return
        except OSError as error:
            if error.errno in BUSY:
                return
        self._end_linger(client)

    def _end_linger(self, client: socket.socket) -> None:
        self.lingering.pop(client, None)
        with suppress(KeyError, ValueError, OSError):
            self.poller.unregister(client)
        util.close(client)
