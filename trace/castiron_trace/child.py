"""Runs the analysis inside the target interpreter and exchanges JSON with it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castiron_common.cache import cache_root
from castiron_common.errors import RuntimePackError

if TYPE_CHECKING:
    from castiron_trace.model import TargetPython


def ask(python: TargetPython, request: dict[str, Any]) -> dict[str, Any]:
    """Send one request to ``castiron_trace.inside`` and return its answer.

    The interpreter sees our package and modulegraph2 on its path, no ``site`` and no variable of the caller's Python.
    Hash randomisation is off, so that equal inputs are walked in equal order.
    """
    inside = Path(__file__).parent / "inside"
    command = [
        str(python.interpreter),
        "-S",
        "-P",
        "-X",
        f"pycache_prefix={cache_root() / 'bytecode'}",
        str(inside),
        *_search_path(),
    ]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment["PYTHONHASHSEED"] = "0"
    try:
        done = subprocess.run(
            command, input=json.dumps(request).encode(), capture_output=True, check=False, env=environment
        )
    except OSError as error:
        raise RuntimePackError(
            f"The target interpreter {python.interpreter} cannot be run: {error.strerror or error}.",
            hint="Build the runtime pack again with `castiron runtime build`.",
        ) from error
    if done.returncode != 0:
        raise RuntimeError(f"the analysis failed:\n{done.stderr.decode(errors='replace')}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _search_path() -> list[str]:
    """Return the folders that hold our package, modulegraph2 and what it imports."""
    folders = [str(Path(__file__).parent.parent)]
    for name in ("modulegraph2", "objectgraph", "typing_extensions"):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise RuntimeError(f"{name} is not installed beside castiron")
        file = Path(spec.origin)
        folder = str(file.parent.parent if file.name == "__init__.py" else file.parent)
        if folder not in folders:
            folders.append(folder)
    return folders
