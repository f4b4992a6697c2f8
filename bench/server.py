"""What requests cost servers, in processor time: linked programs and ordinary Pythons in turns; one table.

    python bench/server.py --python NAME=/path/to/python3.13 [--castiron NAME=FOLDER ...] [KIND ...]

A KIND is ``wsgi`` (a thread a request), ``fork`` (a process a request), ``echo`` (asyncio, 20 connections) or
``threads`` (starts and joins of threads, no server).  The programs are those of ``server_app.py``, of the standard
library alone.  What counts is the processor time of the server and of all its children, less that of the same server
without a request, for each request; the client is another process, whose time does not count.  In each round every side
runs once; figures are medians of all rounds, and a ratio is that of the medians, to the first Python's: below 1 is
cheaper.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sides import FailedError, Side, add_options, linked, sides_of

REQUESTS = {"wsgi": 2000, "fork": 500, "echo": 20_000, "threads": 20_000}
CLIENTS = {"wsgi": 4, "fork": 2, "echo": 20}
"""Connections at the same time."""
PATIENCE = 300
"""Seconds for an answer."""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(REQUESTS)}; all by default")
    add_options(parser)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    if unknown := set(given.kinds) - REQUESTS.keys():
        parser.error(f"no such kind: {', '.join(sorted(unknown))}")
    sides = sides_of(given, parser)
    usual, *others = (side.name for side in sides)
    table = Table("kind", f"{usual} us", *(column for name in others for column in (f"{name} us", "ratio")))
    for column in table.columns[1:]:
        column.justify = "right"
    with tempfile.TemporaryDirectory(prefix="server-") as work:
        folder = Path(work)
        script = folder / "server_app.py"
        shutil.copy(Path(__file__).with_name("server_app.py"), script)
        commands = {side.name: command_of(side, script, given.link) for side in sides}
        for kind in given.kinds or REQUESTS:
            costs: dict[str, list[float]] = {name: [] for name in commands}
            for _round in range(given.rounds):
                for name, command in commands.items():
                    alone = processor_time(command, kind, 0)
                    costs[name].append((processor_time(command, kind, REQUESTS[kind]) - alone) / REQUESTS[kind])
            base = statistics.median(costs[usual])
            cells = [kind, f"{base * 1e6:.1f}"]
            for name in others:
                own = statistics.median(costs[name])
                cells += [f"{own * 1e6:.1f}", f"{own / base:.3f}"]
            table.add_row(*cells)
    Console(width=max(100, 40 + 18 * len(sides))).print(table)


def command_of(side: Side, script: Path, options: list[str]) -> list[str]:
    """Return the command that runs the programs on one side."""
    if side.python:
        return [side.python, str(script)]
    return [str(linked(side, script.parent, script.name, link=options))]


def processor_time(command: list[str], kind: str, count: int) -> float:
    """Return the seconds that a server and its children took for so many requests, start and end included."""
    process = subprocess.Popen([*command, kind, str(count)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    port = int(process.stdout.readline() or -1)
    if port > 0 and count:
        clients = CLIENTS[kind]
        ask = echo if kind == "echo" else get
        share, rest = divmod(count, clients)
        shares = [share + (number < rest) for number in range(clients)]
        try:
            with ThreadPoolExecutor(clients) as pool:
                list(pool.map(ask, [port] * clients, shares))
        except BaseException:
            process.kill()
            raise
    _pid, status, usage = os.wait4(process.pid, 0)
    process.stdout.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or port < 0:
        raise FailedError(f"{' '.join(command)} {kind} {count}: exit status {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def get(port: int, count: int) -> None:
    """Send requests, each over a connection of its own, and read the answers."""
    for number in range(count):
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
            connection.sendall(b"GET /%d HTTP/1.0\r\nHost: localhost\r\n\r\n" % number)
            while connection.recv(1 << 16):
                pass


def echo(port: int, count: int) -> None:
    """Send lines over one connection, each after the answer to the one before."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection,
        connection.makefile("rb") as lines,
    ):
        for number in range(count):
            connection.sendall(b"line %d of so many\n" % number)
            if not lines.readline():
                raise FailedError("the echo server ended early")


if __name__ == "__main__":
    main()
