"""What the interpreter imports by itself: seen in the pack's own Python, not written down by hand.

``python -I -S`` imports encodings, io, os-level modules; C code imports some more when it needs them (`traceback` for
an uncaught exception, `warnings` to show one, `copyreg` to copy an object).  They are in every binary.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from castiron_common.cache import file_entry
from castiron_common.errors import RuntimePackError
from castiron_common.files import sha256_bytes
from castiron_manifest.model import EntryKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IMPORTED_FROM_C = (
    "_sitebuiltins",
    "copyreg",
    "encodings.ascii",
    "encodings.latin_1",
    "encodings.utf_8",
    "io",
    "tokenize",
    "traceback",
    "warnings",
)
"""Modules that C code of CPython or of our stub imports in any application, and what those need to do their work.

Source: PyImport_Import* calls of CPython 3.11 and 3.13; `linecache`, which shows source lines, imports `tokenize` when
it does.
"""

IMPORTED_FOR_ENTRY = {EntryKind.MODULE: ("runpy",)}
"""Modules that our stub imports to run an entry."""

IMPORTED_FOR_CHILDREN = ("runpy",)
"""What `python -m` of a child by `sys.executable` needs, in applications that import `subprocess`: C imports it."""

_ASK = """
import sys
for name in sys.argv[1:]:
    __import__(name)
for name in sorted(sys.modules):
    if name not in ("__main__", "_frozen_importlib", "_frozen_importlib_external", "zipimport"):
        print(name, int(name in sys.builtin_module_names))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Startup:
    """What the interpreter itself imports, by name and sorted."""

    modules: tuple[str, ...]
    builtins: tuple[str, ...]


def startup(
    pack_id: str, interpreter: Callable[[], Path], cache: Path, kind: EntryKind, *, children: bool = False
) -> Startup:
    """Return what the pack's interpreter needs to start an entry of this kind; asked once and kept in ``cache``.

    ``children``: the application may start processes of its own by ``sys.executable``.
    ``interpreter`` returns the runnable Python and is called only if the answer is not there yet.
    """
    names = tuple(
        dict.fromkeys(
            (*IMPORTED_FROM_C, *IMPORTED_FOR_ENTRY.get(kind, ()), *(IMPORTED_FOR_CHILDREN if children else ()))
        )
    )
    key = sha256_bytes("\n".join((pack_id, _ASK, *names)).encode())

    def ask(file: Path) -> None:
        python = interpreter()
        done = subprocess.run([python, "-I", "-S", "-c", _ASK, *names], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimePackError(
                f"The target Python {python} does not run: {done.stderr.strip() or f'exit code {done.returncode}'}.",
                hint="The runtime pack may be damaged: `castiron cache verify --repair` removes what is; then run link "
                "again.",
            )
        file.write_text(done.stdout)

    entry = cache / f"startup-{key[:32]}"
    rows = [line.split() for line in file_entry(entry, ask).read_text().splitlines()]
    return Startup(
        modules=tuple(name for name, builtin in rows if builtin == "0"),
        builtins=tuple(name for name, builtin in rows if builtin == "1"),
    )
