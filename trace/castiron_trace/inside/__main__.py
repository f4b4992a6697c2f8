"""The process that analyses: reads one JSON request from standard input, writes one JSON answer to standard output.

Run as ``python -S -P ROOT/castiron_trace/inside PATH ...``, where the paths are what `sys.path` gets.
"""

from __future__ import annotations

import gc
import json
import sys


def main() -> None:
    """Answer one request."""
    gc.disable()  # everything we make lives until the end
    sys.path[:0] = sys.argv[1:]
    request = json.loads(sys.stdin.buffer.read())
    from castiron_trace.inside.analyse import answer

    sys.stdout.write(json.dumps(answer(request), separators=(",", ":")))


main()
