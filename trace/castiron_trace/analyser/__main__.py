"""Runs the analyser: reads requests from standard input, and writes their answers to standard output.

Run as ``python -S -P ROOT/castiron_trace/analyser PATH ...``, with folders for `sys.path`.  A request is a line with
the name of its class and the length of its text in bytes, and the text; an answer is a line with its length, and its
text.
"""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Answer requests until there are no more."""
    gc.disable()  # everything we make lives until the end
    sys.path[:0] = sys.argv[1:]
    from castiron_trace.analyser.application import trace_graph
    from castiron_trace.analyser.stdlib import stdlib_graph
    from castiron_trace.protocol import StdlibRequest, TraceRequest
    from castiron_trace.wire import from_text, to_text

    source, target = sys.stdin.buffer, sys.stdout.buffer
    for head in iter(source.readline, b""):
        kind, length = head.split()
        text = source.read(int(length))
        if kind == StdlibRequest.__name__.encode():
            answer = to_text(stdlib_graph(from_text(StdlibRequest, text))).encode()
        elif kind == TraceRequest.__name__.encode():
            answer = to_text(trace_graph(from_text(TraceRequest, text))).encode()
        else:
            raise SystemExit(f"there is no request {kind!r}")
        target.write(b"%d\n" % len(answer) + answer)
        target.flush()
    sys.stderr.flush()
    os._exit(0)  # Nothing is left to be written; taking all modules and graphs apart takes time.


main()
