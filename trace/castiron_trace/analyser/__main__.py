"""Runs the analyser: reads one request from standard input, writes one answer to standard output.

Run as ``python -S -P ROOT/castiron_trace/analyser REQUEST PATH ...``: the name of the request's class, and folders for
`sys.path`.
"""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Answer one request."""
    gc.disable()  # everything we make lives until the end
    kind, *sys.path[:0] = sys.argv[1:]
    from castiron_trace.analyser.application import trace_graph
    from castiron_trace.analyser.stdlib import stdlib_graph
    from castiron_trace.protocol import StdlibRequest, TraceRequest
    from castiron_trace.wire import from_text, to_text

    text = sys.stdin.buffer.read()
    if kind == StdlibRequest.__name__:
        sys.stdout.write(to_text(stdlib_graph(from_text(StdlibRequest, text))))
    elif kind == TraceRequest.__name__:
        sys.stdout.write(to_text(trace_graph(from_text(TraceRequest, text))))
    else:
        raise SystemExit(f"there is no request {kind}")


main()
