"""Scans of files, kept by content: by a wheel's hash for what a wheel brings, by the file's own hash otherwise."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.ast_pass import scan_source
from castiron_trace.analyser.scan import Scan, empty_scan, unreadable_scan
from castiron_trace.protocol import Tier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from castiron_trace.hints.model import Compiler, SourceHints

_FROM_RUST_AND_C = (
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
"""A string of C code that looks like a dotted name: what `PyImport_ImportModule` takes, for one.  Cython names so the
modules it cimports from, and the one that holds what several modules share."""
_LONGEST_NAME = 100


class ScanStore:
    """Reads sources, scans them once, and writes what is new when asked to."""

    def __init__(self, folder: Path | None, site: str, hints: SourceHints) -> None:
        """``folder`` is for one version of Python, of the analyser and of the hints; None keeps nothing."""
        self._folder = folder
        self._site = site
        self._hints = hints
        self._wheels: dict[str, dict[str, Scan]] = {}
        self._dirty: set[str] = set()

    def of_wheel(self, wheel: str, path: str) -> Scan:
        """Return the scan of a file below site-packages that the wheel with this SHA-256 installed."""
        known = self._wheels.get(wheel)
        if known is None:
            known = self._wheels[wheel] = self._load(self._wheel_file(wheel)) or {}
        relative = os.path.relpath(path, self._site)
        scan = known.get(relative)
        if scan is None:
            scan = known[relative] = self._scan_file(path)
            self._dirty.add(wheel)
        return scan

    def of_file(self, path: str, *, own: bool) -> Scan:
        """Return the scan of any other file."""
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            return unreadable_scan(0, f"it cannot be read ({error.strerror or error})")
        if self._folder is None:
            return self._scan(data, path, own=own)
        digest = hashlib.sha256(data).hexdigest()
        entry = self._folder / ("own" if own else "files") / digest[:2] / f"{digest}.json"
        found = self._load(entry)
        if found is not None:
            return found["scan"]
        scan = self._scan(data, path, own=own)
        self._write(entry, {"scan": scan})
        return scan

    def save(self) -> None:
        """Write the scans made since the store was opened; whole files, one rename each."""
        for wheel in sorted(self._dirty):
            entry = self._wheel_file(wheel)
            if entry is not None:
                # Another process may have written since: what it found is as true as what we found.
                self._write(entry, (self._load(entry) or {}) | self._wheels[wheel])
        self._dirty.clear()

    def _wheel_file(self, wheel: str) -> Path | None:
        return None if self._folder is None else self._folder / "wheels" / f"{wheel}.json"

    def _scan_file(self, path: str) -> Scan:
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            return unreadable_scan(0, f"it cannot be read ({error.strerror or error})")
        return self._scan(data, path, own=False)

    def _scan(self, data: bytes, path: str, *, own: bool) -> Scan:
        if path.endswith(".so"):
            return scan_extension(data, self._hints.compilers)
        return scan_source(data, own=own, hints=self._hints)

    @staticmethod
    def _load(entry: Path | None) -> dict[str, Scan] | None:
        if entry is None:
            return None
        try:
            head, _, text = entry.read_bytes().partition(b"\n")
        except OSError:
            return None  # not there: made
        if head != hashlib.sha256(text).hexdigest().encode():
            return None  # damaged: made again
        scans: dict[str, Scan] = json.loads(text)
        return scans

    @staticmethod
    def _write(entry: Path, scans: dict[str, Scan]) -> None:
        try:
            entry.parent.mkdir(parents=True, exist_ok=True)
            # The folder for temporary files is in the cache, too, and goes with the process that started us.
            handle, name = tempfile.mkstemp(prefix=f".{entry.name}.")
            text = json.dumps(scans, separators=(",", ":"), sort_keys=True).encode()
            with open(handle, "wb") as file:  # noqa: PTH123 - a descriptor
                file.write(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
            Path(name).replace(entry)
        except OSError:
            return  # a full disk or a folder that may not be written costs the next trace time, not this one its result


def scan_extension(data: bytes, compilers: Iterable[Compiler]) -> Scan:
    """Look for names of modules in compiled code, which imports without a trace in any source."""
    scan = empty_scan()
    compiler = next((item for item in compilers if item.marker and item.marker.encode() in data), None)
    if compiler is not None:
        found = [*_FROM_RUST_AND_C, *compiler.imports]
    else:
        tokens = set(re.findall(rb"[A-Za-z_][\w.]{1,40}", data))
        joined = b"\0".join(tokens)
        # Short names would match by chance inside Rust's run-together strings; they must stand alone.
        found = [n for n in _FROM_RUST_AND_C if n.encode() in tokens or (len(n) > 5 and n.encode() in joined)]
    scan["imports"] = [[name, 0, None, Tier.DECLARED, 0] for name in sorted(found)]
    dotted = {text.decode() for text in _DOTTED_STRING.findall(data) if len(text) <= _LONGEST_NAME}
    scan["dotted"] = [[name, 0] for name in sorted(dotted)]
    return scan
