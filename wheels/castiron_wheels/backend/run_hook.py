"""Calls one hook of a build backend (PEP 517).  Runs in the target's interpreter, not in Castiron's own process.

Arguments: a JSON file with ``backend`` (``module:object``), ``path`` (folders of an in-tree backend), ``hook``,
``arguments`` and ``default``; and the JSON file that the result is written to.
"""

import importlib
import json
import pathlib
import sys
from typing import Any


def _backend(name: str, path: list[str]) -> Any:
    sys.path[:0] = path
    module, _, attribute = name.partition(":")
    backend: Any = importlib.import_module(module)
    for part in attribute.split(".") if attribute else ():
        backend = getattr(backend, part)
    return backend


def main(question: str, answer: str) -> None:
    """Read the call, make it, write the result."""
    call = json.loads(pathlib.Path(question).read_text(encoding="utf-8"))
    backend = _backend(call["backend"], call["path"])
    hook = getattr(backend, call["hook"], None)
    if hook is not None:
        result = hook(*call["arguments"])
    elif call["default"] is not None:
        result = call["default"]
    else:
        raise SystemExit(f"the build backend {call['backend']} has no {call['hook']}")
    pathlib.Path(answer).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
