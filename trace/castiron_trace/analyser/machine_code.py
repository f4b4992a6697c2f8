"""Looks for names of modules in compiled code, which imports without a trace in any source."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_trace.analyser.machine_strings import interned, packed_strings
from castiron_trace.analyser.syntax.scan import ImportStatement, Literal, Scan
from castiron_trace.protocol import Tier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
_IMPORTED_BY_WHOLE_NAME = (
    "argparse",
    "array",
    "atexit",
    "bisect",
    "cmath",
    "configparser",
    "contextlib",
    "difflib",
    "errno",
    "faulthandler",
    "fcntl",
    "fnmatch",
    "getpass",
    "gettext",
    "glob",
    "graphlib",
    "heapq",
    "hmac",
    "keyword",
    "linecache",
    "marshal",
    "mimetypes",
    "pkgutil",
    "pprint",
    "resource",
    "runpy",
    "select",
    "selectors",
    "statistics",
    "textwrap",
    "tokenize",
    "tomllib",
    "tracemalloc",
)
"""Likewise, but only if such a string stands alone: an argument of `PyImport_ImportModule`, of `__Pyx_Import`, of
pybind11's `module_::import`, a name that PyO3 interns."""
_OFTEN_BY_CHANCE = 3
"""Letters up to which a name is found by chance where strings stand side by side."""
_BRINGS_A_LIBRARY = frozenset({"zlib", "mmap"})
"""Short names that are not taken from such text: whoever imports them also has them as strings of their own."""
_DOTTED_STRING = re.compile(rb"(?<=\0)[A-Za-z_]\w*(?:\.\w+)+(?=\0)")
"""A string of C code that looks like a dotted name, for example an argument of `PyImport_ImportModule`.  Cython's code
has the names of modules that it cimports from, and of the one that holds what several modules share."""
_DOTTED_RUN = re.compile(r"(?<!\w)\w+(?:\.\w+)+")
_LONGEST_NAME = 100
_PACKAGES = (
    *("asyncio", "concurrent", "ctypes", "email", "encodings", "html", "http", "importlib", "json", "logging"),
    *("multiprocessing", "sqlite3", "urllib", "wsgiref", "xml", "xmlrpc", "zoneinfo"),
)
"""Packages of the standard library below which compiled code imports modules."""
_BELOW = re.compile(rb"[a-z]\w*(?:\.[A-Za-z]\w*)*")
_RUST = b"/rustc/"
"""In the paths that the Rust compiler leaves for messages.  The strings of Rust stand side by side without an end."""


def scan_extension(data: bytes, compilers: Iterable[Compiler]) -> Scan:
    """Return the imports that an extension module may make, and its strings that look like dotted names."""
    compiler = next((item for item in compilers if item.marker and item.marker.encode() in data), None)
    for text in compiler.own_strings if compiler is not None else ():
        data = data.replace(text.encode(), b"\0" * len(text.encode()))
    rust = _RUST in data
    tokens = set(re.findall(rb"[A-Za-z_][\w.]{1,40}", data))
    pointed = {text.decode() for text in interned(data)}
    alone = pointed | {text.decode() for text in re.findall(rb"\0([A-Za-z_]\w{1,20})(?=\0)", data)}
    unpacked = "" if compiler is None else _without(packed_strings(data), compiler.own_strings)
    if compiler is not None:
        modules = {*_IMPORTED_BY_NAME, *compiler.imports}
        if compiler.string and _has(compiler.string, data, unpacked):
            # ``from concurrent import futures`` has the two names apart.
            modules = {name for name in modules if all(_has(part, data, unpacked) for part in name.split("."))}
    else:
        joined = b"\0".join(tokens)
        least = _OFTEN_BY_CHANCE if rust else 5
        modules = {
            name
            for name in _IMPORTED_BY_NAME
            if name.encode() in tokens
            or name in pointed
            or (len(name) > least and name not in _BRINGS_A_LIBRARY and name.encode() in joined)
        }
    modules |= {name for name in _IMPORTED_BY_WHOLE_NAME if name in alone or name in unpacked}
    dotted = {text.decode() for text in _DOTTED_STRING.findall(data)}
    dotted |= {name for name in pointed if "." in name}
    return Scan(
        imports=tuple(ImportStatement(name, 0, None, Tier.DECLARED, 0) for name in sorted(modules)),
        dotted=tuple(Literal(name, 0) for name in sorted(dotted) if len(name) <= _LONGEST_NAME),
        packed=tuple(sorted({part for run in _DOTTED_RUN.findall(unpacked) for part in _near_dots(run)})),
        # The code has pointer and length of a string, and its text stands between others.
        beginning=tuple(sorted(set(_side_by_side(data)))) if rust else (),
    )


def _without(text: str, parts: Iterable[str]) -> str:
    for part in parts:
        text = text.replace(part, "\0")
    return text


def _has(text: str, data: bytes, unpacked: str) -> bool:
    """Say whether a text is among the strings of a module, also as a part of others, as they stand side by side."""
    return text.encode() in data or text in unpacked


def _near_dots(run: str) -> Iterator[str]:
    """Yield what of a run may belong to dotted names: names without dots, side by side, make long ones."""
    start = 0
    for gap in re.finditer(rf"\w{{{2 * _LONGEST_NAME},}}", run):
        if gap.start() > start:
            yield run[max(start - _LONGEST_NAME, 0) : gap.start() + _LONGEST_NAME]
        start = gap.end()
    if start < len(run):
        yield run[max(start - _LONGEST_NAME, 0) :]


def _side_by_side(data: bytes) -> Iterator[str]:
    """Yield text that begins with a module below a package of the standard library, whatever stands behind it."""
    for package in _PACKAGES:
        start = f"{package}.".encode()
        found = data.find(start)
        while found >= 0:
            end = found + len(start)
            if (below := _BELOW.match(data, end, end + _LONGEST_NAME)) is not None:
                yield f"{package}.{below[0].decode()}"
            found = data.find(start, end)
