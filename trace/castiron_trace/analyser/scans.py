"""Keeps the scans of files: by the hash of the wheel for what a wheel brings, by the file's own hash otherwise."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castiron_trace.analyser.machine_code import scan_extension
from castiron_trace.analyser.syntax.scan import Scan, from_plain, to_plain, unreadable_scan
from castiron_trace.analyser.syntax.scanner import scan_source
from castiron_trace.analyser.syntax.second_reading import (
    SecondReading,
    read_again,
    reading_from_plain,
    reading_to_plain,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from castiron_trace.hints.model import SourceHints

_Entry = dict[str, Any]
"""The content of an entry of the cache: path of a file -> its scan, as JSON has it."""


class ScanStore:
    """Reads sources, scans them once, and writes what is new when asked to."""

    def __init__(self, folder: Path | None, site: str, hints: SourceHints) -> None:
        """``folder`` is for one version of Python, of the analyser and of the hints; with None, nothing is kept."""
        self._folder = folder
        self._site = site
        self._hints = hints
        self._entries: dict[str, _Entry] = {}
        """SHA-256 of a wheel -> what the cache has of it."""
        self._scans: dict[tuple[str, str], Scan] = {}
        """(wheel, path) -> scan: those that were asked for."""
        self._changed: set[str] = set()
        """Wheels whose entries must be written."""

    def as_compiled(self, scan: Scan) -> Scan:
        """Return the scan of a compiled module's source without what its imports mean to the compiler alone."""
        own = {name for compiler in self._hints.compilers for name in compiler.own_modules}
        return replace(scan, imports=tuple(item for item in scan.imports if item.module.partition(".")[0] not in own))

    def of_wheel(self, wheel: str, path: str) -> Scan:
        """Return the scan of a file below site-packages that the wheel with this SHA-256 installed."""
        relative = os.path.relpath(path, self._site)
        scan = self._scans.get((wheel, relative))
        if scan is not None:
            return scan
        entry = self._entries.get(wheel)
        if entry is None:
            entry = self._entries[wheel] = self._load(self._wheel_file(wheel)) or {}
        if relative in entry:
            scan = from_plain(entry[relative])
        else:
            scan = self._scan_file(path)
            entry[relative] = to_plain(scan)
            self._changed.add(wheel)
        self._scans[wheel, relative] = scan
        return scan

    def of_file(self, path: str, *, own: bool) -> Scan:
        """Return the scan of any other file; ``own`` says that the file is of the application's own code."""
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            return _not_read(error)
        if self._folder is None:
            return self._scan(data, path, own=own)
        digest = hashlib.sha256(data).hexdigest()
        file = self._folder / ("own" if own else "files") / digest[:2] / f"{digest}.json"
        entry = self._load(file)
        if entry is not None:
            return from_plain(entry["scan"])
        scan = self._scan(data, path, own=own)
        self._write(file, {"scan": to_plain(scan)})
        return scan

    def second_of_wheel(self, wheel: str, path: str, words: Collection[str]) -> SecondReading:
        """Return the second reading of a source below site-packages; its first one has been asked for."""
        key = _second_key(os.path.relpath(path, self._site), words)
        entry = self._entries.setdefault(wheel, {})
        if key not in entry:
            entry[key] = reading_to_plain(self._read_again(path, words))
            self._changed.add(wheel)
        return reading_from_plain(entry[key])

    def second_of_file(self, path: str, words: Collection[str]) -> SecondReading:
        """Return the second reading of any other source."""
        if self._folder is None:
            return self._read_again(path, words)
        try:
            data = Path(path).read_bytes()
        except OSError:
            return SecondReading()  # the first reading has told it
        digest = hashlib.sha256(_second_key("", words).encode() + data).hexdigest()
        file = self._folder / "second" / digest[:2] / f"{digest}.json"
        entry = self._load(file)
        if entry is not None:
            return reading_from_plain(entry)
        reading = read_again(data, words, self._hints)
        self._write(file, reading_to_plain(reading))
        return reading

    def _read_again(self, path: str, words: Collection[str]) -> SecondReading:
        try:
            data = Path(path).read_bytes()
        except OSError:
            return SecondReading()  # the first reading has told it
        return read_again(data, words, self._hints)

    def save(self) -> None:
        """Write the scans made since the store was opened; whole files, one rename each."""
        for wheel in sorted(self._changed):
            file = self._wheel_file(wheel)
            if file is not None:
                # Another process may have written meanwhile: its scans are as good as ours.
                self._write(file, (self._load(file) or {}) | self._entries[wheel])
        self._changed.clear()

    def _wheel_file(self, wheel: str) -> Path | None:
        return None if self._folder is None else self._folder / "wheels" / f"{wheel}.json"

    def _scan_file(self, path: str) -> Scan:
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            return _not_read(error)
        return self._scan(data, path, own=False)

    def _scan(self, data: bytes, path: str, *, own: bool) -> Scan:
        if path.endswith(".so"):
            return scan_extension(data, self._hints.compilers)
        return scan_source(data, own=own, hints=self._hints)

    @staticmethod
    def _load(file: Path | None) -> _Entry | None:
        if file is None:
            return None
        try:
            head, _, text = file.read_bytes().partition(b"\n")
        except OSError:
            return None  # not there: made
        if head != hashlib.sha256(text).hexdigest().encode():
            return None  # damaged: made again
        entry: _Entry = json.loads(text)
        return entry

    @staticmethod
    def _write(file: Path, entry: _Entry) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            # The folder for temporary files is in the cache, too, and goes with the process that started us.
            handle, name = tempfile.mkstemp(prefix=f".{file.name}.")
            text = json.dumps(entry, separators=(",", ":"), sort_keys=True).encode()
            with open(handle, "wb") as stream:  # noqa: PTH123 - a descriptor
                stream.write(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
            Path(name).replace(file)
        except OSError:
            return  # a full disk or a folder that may not be written costs the next trace time, not this one its result


def _second_key(path: str, words: Collection[str]) -> str:
    """Return the key of a second reading, which no path of a source is."""
    return f"{path}?{','.join(sorted(words))}"


def _not_read(error: OSError) -> Scan:
    return unreadable_scan(0, f"it cannot be read ({error.strerror or error})")
