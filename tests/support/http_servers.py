"""HTTP servers on the loopback that misbehave as a test says, over TLS too, and a proxy that asks for a login."""

from __future__ import annotations

import socket
import threading
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from types import TracebackType

    Answer = Callable[["Handler"], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    peer: int
    """The port that it came from: the same for requests over one connection."""


class Handler(BaseHTTPRequestHandler):
    """Answers as `Server.answers` says."""

    protocol_version = "HTTP/1.1"
    server: _Listener

    def do_GET(self) -> None:
        self.server.owner.take(self)

    def do_CONNECT(self) -> None:
        self.server.owner.take(self)

    def send(self, status: int, data: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        given = {"Content-Length": str(len(data)), **(headers or {})}
        for name, value in given.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    owner: Server

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that have gone, which is what many tests are about."""


class Server:
    """A server; each path has answers, given one after the other, the last for ever."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, list[Answer]] = defaultdict(list)
        self.asked: list[Asked] = []
        self.ended = threading.Event()
        self._listener = _Listener(("127.0.0.1", 0), Handler)
        self._listener.owner = self
        if context is not None:
            self._listener.socket = context.wrap_socket(self._listener.socket, server_side=True)
        self.port = int(self._listener.server_address[1])
        self.url = f"{'http' if context is None else 'https'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Server:
        threading.Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self._listener.shutdown()
        self._listener.server_close()

    def take(self, handler: Handler) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.asked.append(Asked(handler.command, handler.path, headers, handler.client_address[1]))
        waiting = self.answers[handler.path]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0] if waiting else status(404)
        answer(handler)


class Proxy(Server):
    """Forwards plain requests, and tunnels others; with ``login`` (``user:password``, in Base64) only for that."""

    def __init__(self, login: str | None = None) -> None:
        super().__init__()
        self.login = login

    def take(self, handler: Handler) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.asked.append(Asked(handler.command, handler.path, headers, handler.client_address[1]))
        if self.login is not None and headers.get("proxy-authorization") != f"Basic {self.login}":
            handler.send(407)
        elif handler.command == "CONNECT":
            self._tunnel(handler)
        else:
            self._forward(handler)

    @staticmethod
    def _forward(handler: Handler) -> None:
        url = urlsplit(handler.path)
        with socket.create_connection((str(url.hostname), url.port or 80), timeout=PATIENCE) as upstream:
            head = f"GET {url.path} HTTP/1.0\r\nHost: {url.netloc}\r\nConnection: close\r\n\r\n"
            upstream.sendall(head.encode())
            while piece := upstream.recv(1 << 16):
                handler.wfile.write(piece)
        handler.close_connection = True

    @staticmethod
    def _tunnel(handler: Handler) -> None:
        host, _, port = handler.path.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as upstream:
            handler.send_response(200)
            handler.end_headers()

            def pump(source: socket.socket, sink: socket.socket) -> None:
                with suppress(OSError):
                    while piece := source.recv(1 << 16):
                        sink.sendall(piece)
                    sink.shutdown(socket.SHUT_WR)

            back = threading.Thread(target=pump, args=(upstream, handler.connection), daemon=True)
            back.start()
            pump(handler.connection, upstream)
            back.join(10)
        handler.close_connection = True


def whole(data: bytes, **headers: str) -> Answer:
    """All of it; keyword arguments are headers, with underscores for hyphens."""
    return lambda handler: handler.send(200, data, _named(headers))


def status(code: int, **headers: str) -> Answer:
    """No file."""
    return lambda handler: handler.send(code, b"", _named(headers))


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def broken_off(data: bytes, at: int, **headers: str) -> Answer:
    """The first ``at`` bytes of what is declared; then the connection is closed."""

    def answer(handler: Handler) -> None:
        handler.send(200, data[:at], {"Content-Length": str(len(data)), **_named(headers)})
        handler.close_connection = True

    return answer


def chunks(data: bytes, *, end: bool) -> Answer:
    """All of it, in chunks of 1000 bytes; without the last one if it is to have no end."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for start in range(0, len(data), 1000):
            piece = data[start : start + 1000]
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        if end:
            handler.wfile.write(b"0\r\n\r\n")
        handler.close_connection = not end

    return answer


def rest(data: bytes, etag: str) -> Answer:
    """What was asked for with ``Range``, if the entity tag fits; else all of it."""

    def answer(handler: Handler) -> None:
        wanted = handler.headers.get("Range", "")
        if wanted and handler.headers.get("If-Range") == etag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            where = f"bytes {start}-{len(data) - 1}/{len(data)}"
            handler.send(206, data[start:], {"Content-Range": where, "ETag": etag})
        else:
            handler.send(200, data, {"ETag": etag})

    return answer


def stalled(data: bytes, at: int) -> Answer:
    """The first ``at`` bytes, and nothing more as long as the server runs."""

    def answer(handler: Handler) -> None:
        handler.send(200, data[:at], {"Content-Length": str(len(data))})
        handler.wfile.flush()
        handler.server.owner.ended.wait(30)
        handler.close_connection = True

    return answer


def dripping(pause: float) -> Answer:
    """A byte, a pause, a byte, and so on."""

    def answer(handler: Handler) -> None:
        handler.send(200, b"", {"Content-Length": str(1 << 20)})
        handler.close_connection = True
        while not handler.server.owner.ended.is_set():
            handler.wfile.write(b"x")
            time.sleep(pause)

    return answer
