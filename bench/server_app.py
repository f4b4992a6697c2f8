"""The programs of ``bench/server.py``, for a Python and for a binary: ``server_app.py KIND COUNT``.

A server listens on a free port, prints it, and ends when it has answered COUNT requests; ``threads`` starts so many.
"""

from __future__ import annotations

import asyncio
import json
import socketserver
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

BODY = {"items": [{"number": number, "text": "x" * 20} for number in range(20)]}


def application(environ, start_response):  # type: ignore[no-untyped-def]
    text = json.dumps(BODY | {"path": environ["PATH_INFO"]}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    return [text]


class Quiet(WSGIRequestHandler):
    """Writes no log."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Threaded(socketserver.ThreadingMixIn, WSGIServer):
    """A thread a request."""

    request_queue_size = 128


class Forking(socketserver.ForkingMixIn, WSGIServer):
    """A process a request."""

    request_queue_size = 128


def serve(kind: type[WSGIServer], count: int) -> None:
    with kind(("127.0.0.1", 0), Quiet) as server:
        server.set_app(application)
        print(server.server_address[1], flush=True)
        for _ in range(count):
            server.handle_request()


async def echo(count: int) -> None:
    done = asyncio.Event()
    left = count
    if not count:
        done.set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal left
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
            left -= 1
        writer.close()
        if left <= 0:
            done.set()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await done.wait()
    server.close()


def threads(count: int) -> None:
    print(0, flush=True)
    for _ in range(count):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()


def main() -> None:
    kind, count = sys.argv[1], int(sys.argv[2])
    if kind == "wsgi":
        serve(Threaded, count)
    elif kind == "fork":
        serve(Forking, count)
    elif kind == "echo":
        asyncio.run(echo(count))
    else:
        threads(count)


main()
