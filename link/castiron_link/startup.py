"""What the interpreter imports by itself: seen in the pack's own Python, not written down by hand.

``python -I -S`` imports encodings, io, os-level modules; C code imports some more when it needs them (`traceback` for
an uncaught exception, `warnings` to show one, `copyreg` to copy an object).  They are in every binary.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from castiron_common.cache import file_entry
from castiron_common.errors import RuntimePackError
from castiron_common.files import sha256_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IMPORTED_FROM_C = (
    "_sitebuiltins",
    "codecs",
    "copyreg",
    "encodings.ascii",
    "encodings.latin_1",
    "encodings.utf_8",
    "importlib",
    "importlib.machinery",
    "io",
    "os",
    "runpy",
    "signal",
    "traceback",
    "warnings",
)
"""Modules that C code of CPython or of our stub may import.  Source: PyImport_Import* calls of CPython 3.13."""

_ASK = """
import json, sys
for name in sys.argv[1:]:
    __import__(name)
builtin = sys.builtin_module_names
names = sorted(name for name in sys.modules if name != "__main__")
print(json.dumps({
    "modules": [name for name in names if name not in builtin],
    "builtins": [name for name in names if name in builtin],
}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Startup:
    """What the interpreter itself imports, by name and sorted."""

    modules: tuple[str, ...]
    builtins: tuple[str, ...]


def startup(pack_id: str, interpreter: Callable[[], Path], cache: Path) -> Startup:
    """Return what the pack's interpreter needs; asked once per pack and kept in the folder ``cache``.

    ``interpreter`` returns the runnable Python and is called only if the answer is not there yet.
    """
    key = sha256_bytes("\n".join((pack_id, _ASK, *IMPORTED_FROM_C)).encode())

    def ask(file: Path) -> None:
        python = interpreter()
        done = subprocess.run(
            [python, "-I", "-S", "-c", _ASK, *IMPORTED_FROM_C], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimePackError(
                f"The target Python {python} does not run: {done.stderr.strip() or f'exit code {done.returncode}'}.",
                hint="The runtime pack may be damaged: `castiron runtime build --force` makes it again.",
            )
        file.write_text(done.stdout)

    entry = cache / f"startup-{key[:32]}.json"
    answer = json.loads(file_entry(entry, ask).read_text())
    return Startup(modules=tuple(answer["modules"]), builtins=tuple(answer["builtins"]))
