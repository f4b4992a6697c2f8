"""Training: servers and clients: threads, asyncio, processes."""

from __future__ import annotations

import asyncio
import http.client
import json
import selectors
import socket
import socketserver
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from wsgiref.util import setup_testing_defaults

REQUESTS = 1500


def application(environment: dict, start_response) -> list[bytes]:
    """Answer a request, as a web framework does: route, parse, respond."""
    setup_testing_defaults(environment)
    body = json.dumps({"path": environment["PATH_INFO"], "items": list(range(20))}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


class Handler(BaseHTTPRequestHandler):
    """Calls the application."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer."""

        def start_response(status: str, headers: list[tuple[str, str]]) -> None:
            code, _, reason = status.partition(" ")
            self.send_response(int(code), reason)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()

        for part in application({"PATH_INFO": self.path, "REQUEST_METHOD": "GET"}, start_response):
            self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def threaded() -> int:
    """A server of threads: connections that stay, and one a request."""
    size = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        connection = http.client.HTTPConnection(*server.server_address[:2])
        for number in range(REQUESTS):
            if number % 3 == 0:
                connection.close()
            connection.request("GET", f"/path/{number}?a=b", headers={"Accept": "*/*", "User-Agent": "training"})
            size += len(json.loads(connection.getresponse().read())["items"])
        connection.close()
        server.shutdown()
        thread.join()
    return size


class Echo(socketserver.StreamRequestHandler):
    """Sends lines back."""

    def handle(self) -> None:
        """Send every line back."""
        for line in self.rfile:
            self.wfile.write(line)


def lines() -> int:
    """A server of lines."""
    size = 0
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with socket.create_connection(server.server_address) as client, client.makefile("rwb") as file:
            for number in range(REQUESTS):
                file.write(b"line %d\n" % number)
                file.flush()
                size += len(file.readline())
        server.shutdown()
    return size


async def echo() -> int:
    """Streams of asyncio, many at once."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.readline():
            writer.write(data)
            await writer.drain()
        writer.close()

    async def call(port: int) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        size = 0
        for number in range(100):
            writer.write(f"line {number}\n".encode())
            size += len(await reader.readline())
        writer.close()
        return size

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    size = sum(await asyncio.gather(*(call(port) for _ in range(40))))
    server.close()
    return size


def selected() -> int:
    """Pairs of sockets and a selector."""
    size = 0
    with selectors.DefaultSelector() as selector:
        pairs = [socket.socketpair() for _ in range(20)]
        for left, right in pairs:
            left.setblocking(False)
            selector.register(left, selectors.EVENT_READ)
            right.setblocking(False)
        for _ in range(100):
            for _, right in pairs:
                right.send(b"data")
            for key, _ in selector.select(1):
                size += len(key.fileobj.recv(100))  # type: ignore[union-attr]
        for left, right in pairs:
            left.close()
            right.close()
    return size


def main() -> None:
    """Run everything once."""
    assert threaded() == REQUESTS * 20
    assert lines() > 0
    assert asyncio.run(echo()) > 0
    assert selected() > 0
    program = "import sys; print(len(sys.stdin.read()))"
    for _ in range(10):
        done = subprocess.run([sys.executable, "-c", program], input=b"x" * 1000, capture_output=True, check=True)
        assert done.stdout.strip() == b"1000"


if __name__ == "__main__":
    main()
