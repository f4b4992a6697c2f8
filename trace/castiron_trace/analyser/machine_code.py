"""Looks for names of modules in compiled code, which imports without a trace in any source."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.scan import ImportStatement, Literal, Scan
from castiron_trace.protocol import Tier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from castiron_trace.hints.model import Compiler

_IMPORTED_BY_NAME = (
    "abc",
    "ast",
    "asyncio",
    "base64",
    "binascii",
    "builtins",
    "bz2",
    "calendar",
    "codecs",
    "collections",
    "collections.abc",
    "concurrent.futures",
    "contextvars",
    "copy",
    "copyreg",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "email",
    "enum",
    "fractions",
    "functools",
    "gc",
    "hashlib",
    "importlib",
    "inspect",
    "io",
    "ipaddress",
    "itertools",
    "json",
    "locale",
    "logging",
    "math",
    "mmap",
    "numbers",
    "operator",
    "os",
    "pathlib",
    "pickle",
    "platform",
    "queue",
    "random",
    "re",
    "reprlib",
    "secrets",
    "shutil",
    "signal",
    "socket",
    "string",
    "struct",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "traceback",
    "types",
    "typing",
    "unicodedata",
    "uuid",
    "warnings",
    "weakref",
    "zlib",
    "zoneinfo",
)
"""What compiled code imports by name: looked for in its bytes.  OpenSSL, SQLite and Tk are not guessed."""
_DOTTED_STRING = re.compile(rb"(?<=\0)[A-Za-z_]\w*(?:\.\w+)+(?=\0)")
"""A string of C code that looks like a dotted name, for example an argument of `PyImport_ImportModule`.  Cython's code
has the names of modules that it cimports from, and of the one that holds what several modules share."""
_LONGEST_NAME = 100


def scan_extension(data: bytes, compilers: Iterable[Compiler]) -> Scan:
    """Return the imports that an extension module may make, and its strings that look like dotted names."""
    compiler = next((item for item in compilers if item.marker and item.marker.encode() in data), None)
    if compiler is not None:
        modules = [*_IMPORTED_BY_NAME, *compiler.imports]
    else:
        tokens = set(re.findall(rb"[A-Za-z_][\w.]{1,40}", data))
        joined = b"\0".join(tokens)
        # Short names would match by chance in the strings of Rust, which stand side by side without an end.
        modules = [n for n in _IMPORTED_BY_NAME if n.encode() in tokens or (len(n) > 5 and n.encode() in joined)]
    dotted = {text.decode() for text in _DOTTED_STRING.findall(data) if len(text) <= _LONGEST_NAME}
    return Scan(
        imports=tuple(ImportStatement(name, 0, None, Tier.DECLARED, 0) for name in sorted(modules)),
        dotted=tuple(Literal(name, 0) for name in sorted(dotted)),
    )
