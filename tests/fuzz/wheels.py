"""Wheels: what is read of one before it is installed, its installation, and what is read of the installed files."""

from __future__ import annotations

import base64
import copy
import hashlib
import shutil
import zlib
from typing import TYPE_CHECKING

from castiron_common.errors import DependencyError
from tests.fuzz.archives import Archive, Entry, write
from tests.fuzz.mutations import INTEGERS, TEXTS, change_bytes, change_text
from tests.fuzz.parser import DefectError, Parser
from tests.support.targets import target_for

if TYPE_CHECKING:
    from random import Random

_INFO = "demo_a-1.0.dist-info"
_DATA = "demo_a-1.0.data"
_FILENAME = "demo_a-1.0-py3-none-any.whl"
_METADATA = """\
Metadata-Version: 2.4
Name: demo-a
Version: 1.0
Summary: A thing
Home-page: https://example.org
License-Expression: MIT
License-File: LICENSE
Classifier: License :: OSI Approved :: MIT License
Project-URL: Source, https://example.org/src
Requires-Python: >=3.9
Requires-Dist: other>=1,<3 ; python_version < "3.14" and (extra == 'x' or sys_platform == "linux")
Requires-Dist: third[y,z] @ https://example.org/third-1.0-py3-none-any.whl
Provides-Extra: X
Description-Content-Type: text/markdown

# Demo
"""
_WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_ENTRY_POINTS = "[console_scripts]\ndemo = demo.cli:main\nDemo-Sub = demo:main.__class__ [x]\n[other]\na = b:c\n"
_REQUIREMENTS = (
    *("a" * 300, "a[", "a ; (" * 50, "a ; " + "(" * 4000, "a>=" + "1." * 3000, "a==1.*.*", "a @ file:///etc/passwd"),
    *("a @ ", "a ; extra == ", "a ; os_name == '" + "x" * 9000 + "'", "a ; " + "extra=='x' or " * 800 + "extra=='x'"),
    *(
        "a" + "[x]" * 99,
        "a>1,",
        "a>=1;python_version>'3' and " * 200,
        "\u00e9",
        "a=1",
        "a===\u0660",
        "a ; python_version<'x'",
    ),
)


def _record(entries: list[Entry]) -> bytes:
    rows = []
    for entry in entries:
        digest = base64.urlsafe_b64encode(hashlib.sha256(entry.data).digest()).rstrip(b"=")
        rows.append(entry.name + b",sha256=" + digest + b",%d\n" % len(entry.data))
    return b"".join([*rows, f"{_INFO}/RECORD,,\n".encode()])


def _entries() -> list[Entry]:
    files = {
        "demo/__init__.py": b"def main():\n    return 3\n" * 30,
        "demo/cli.py": b"from demo import main\n",
        "demo/data/table.bin": bytes(range(256)) * 8,
        "demo.libs/libx.so": b"\x7fELF" + bytes(60),
        f"{_DATA}/scripts/old": b"#!python\nprint('old')\n",
        f"{_DATA}/scripts/shell": b"#!/bin/sh\necho hi\n",
        f"{_DATA}/data/share/demo/x.txt": b"x",
        f"{_DATA}/headers/demo.h": b"int x;",
        f"{_DATA}/purelib/pure.py": b"",
        f"{_INFO}/METADATA": _METADATA.encode(),
        f"{_INFO}/WHEEL": _WHEEL.encode(),
        f"{_INFO}/entry_points.txt": _ENTRY_POINTS.encode(),
        f"{_INFO}/licenses/LICENSE": b"Permission is hereby granted ...\n",
        f"{_INFO}/sboms/x.cdx.json": b"{}",
    }
    return [Entry(name.encode(), data) for name, data in files.items()]


class Wheels(Parser):
    """Everything that happens to a wheel of an index."""

    suffix = ".whl"
    expected = DependencyError

    def prepare(self) -> None:
        from tests.fuzz.wheel_use import use

        self._use = use
        self._target = target_for()
        self._wheel = self.folder / "in" / _FILENAME
        self._wheel.parent.mkdir()
        entries = _entries()
        self.run(write(Archive([*entries, Entry(f"{_INFO}/RECORD".encode(), _record(entries))])))

    def make(self, random: Random) -> bytes:
        entries = _entries()
        way = random.random()
        if way < 0.35:
            for _ in range(random.choice((1, 1, 2))):
                _change_text_of(random.choice(entries[-5:]), random)
        elif way < 0.55:
            _change_names(entries, random)
        record = Entry(f"{_INFO}/RECORD".encode(), _record(entries))
        if 0.55 <= way < 0.7:
            record.data = _changed_lines(record.data, random)
        entries.append(record)
        if random.random() < 0.1:
            random.shuffle(entries)
        archive = Archive(entries)
        if way >= 0.7:
            for _ in range(random.choice((1, 1, 2, 3))):
                _lie(archive, random)
        data = write(archive)
        if random.random() < 0.15:
            for _ in range(random.choice((1, 1, 3))):
                data = change_bytes(data, random)
        return data

    def run(self, data: bytes) -> str:
        self._wheel.write_bytes(data)
        place = self.folder / "out"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        try:
            return self._use(self._wheel, place, self._target)
        finally:
            outside = sorted(path.name for path in self.folder.iterdir() if path.name not in ("in", "out"))
            if outside:
                raise DefectError(f"files outside of the folder: {outside}")


def _change_text_of(entry: Entry, random: Random) -> None:
    if entry.name.endswith(b"METADATA") and random.random() < 0.4:
        line = random.choice((*_REQUIREMENTS, *TEXTS))
        field = random.choice(("Requires-Dist", "Requires-Python", "Provides-Extra", "Name", "Version", "License-File"))
        entry.data = f"{field}: {line}\n".encode("utf-8", "replace") + entry.data
    elif random.random() < 0.5:
        entry.data = _changed_lines(entry.data, random)
    elif random.random() < 0.7:
        text = change_text(entry.data.decode("utf-8", "replace"), random)
        entry.data = text.encode("utf-8", "surrogatepass")
    else:
        entry.data = change_bytes(entry.data, random)


def _changed_lines(data: bytes, random: Random) -> bytes:
    lines = data.split(b"\n")
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(lines))
        match random.randrange(6):
            case 0:
                lines[at] = change_bytes(lines[at], random, lines)
            case 1:
                del lines[at]
            case 2:
                lines.insert(at, random.choice(lines))
            case 3:
                lines.insert(at, random.choice(TEXTS).encode("utf-8", "replace"))
            case 4:
                lines[at] = change_text(lines[at].decode("latin-1"), random).encode("utf-8", "replace")
            case _:
                lines[at] = lines[at][:1000] * random.choice((2, 100, 3000))
        lines = lines or [b""]
    return b"\n".join(lines)


_NAMES = (
    *(
        b"../evil.py",
        b"/tmp/castiron-fuzz-evil",
        b"demo/../../evil",
        b"a\\..\\..\\evil",
        b"demo/cli.py/x",
        b"demo",
        b"demo/",
    ),
    *(
        b"demo//cli.py",
        b"./demo/cli.py",
        b"DEMO/cli.py",
        b"demo/\xff\xfe.py",
        b"demo/a\nb.py",
        b"demo/a\0b.py",
        b"",
        b"/",
    ),
    *(
        b".",
        b"..",
        b"x" * 300,
        b"x/" * 300 + b"y",
        b"x/" * 2500 + b"y",
        b"demo/" + b"\xc3\xa9" * 130,
        b"C:\\evil",
        b"C:/evil",
    ),
    *(
        b"demo/a,b.py",
        b'demo/a"b.py',
        b"demo/\xe2\x80\xa8.py",
        b"other-2.dist-info/METADATA",
        b"other-2.dist-info/RECORD",
    ),
    *(
        b"demo_a-1.0.dist-info",
        b"demo_a-1.0.dist-info/",
        b"demo_a-1.0.dist-info/RECORD",
        b"demo_a-1.0.dist-info/RECORD.jws",
    ),
    *(b"Demo.A-1.0.dist-info/METADATA", b"demo_a-1.0.dist-info/METADATA/x", b"demo_a-1.0.dist-info/INSTALLER"),
    *(b"demo_a-1.0.data/", b"demo_a-1.0.data/data", b"demo_a-1.0.data/data/", b"demo_a-1.0.data/data/../../x"),
    *(
        b"demo_a-1.0.data/data//etc/x",
        b"demo_a-1.0.data/odd/x",
        b"demo_a-1.0.data/scripts/a/b",
        b"demo_a-1.0.data/scripts/",
    ),
    *(b"demo_a-1.0.data/data/lib/python3.13/site-packages/demo/cli.py", b"demo_a-1.0.data/scripts/demo"),
    *(b"demo_a-1.0.data/data/bin/demo", b"x-1.dist-info/METADATA", b"-.dist-info/METADATA", b".dist-info/METADATA"),
)


def _change_names(entries: list[Entry], random: Random) -> None:
    for _ in range(random.choice((1, 1, 2, 3))):
        entry = random.choice(entries)
        match random.randrange(4):
            case 0:
                entry.name = random.choice(_NAMES)
            case 1:
                entries.append(Entry(random.choice(_NAMES), random.choice((b"", b"x", entry.data))))
            case 2:
                entries.append(copy.copy(entry))
                entries[-1].data = random.choice((entry.data, b"another"))
            case _:
                text = change_text(entry.name.decode("utf-8", "replace"), random)
                entry.name = text.encode("utf-8", "replace")[:60000]


_BOMB = b"\0" * (1 << 20)


def _lie(archive: Archive, random: Random) -> None:
    entry = random.choice(archive.entries)
    number = random.choice(INTEGERS)
    match 15 if random.random() < 0.02 else random.randrange(15):
        case 0:
            entry.size = number
        case 1:
            entry.compressed = number
        case 2:
            entry.crc = number
        case 3:
            entry.offset = number if random.random() < 0.5 else random.randrange(4000)
        case 4:
            entry.flags ^= 1 << random.randrange(16)
        case 5:
            entry.method = random.choice((0, 1, 6, 8, 9, 12, 14, 93, 95, 99, number))
        case 6:
            entry.mode = random.choice((0o120777, 0o040755, 0o010644, 0o060644, 0o100000, 0o104755, 0xFFFF))
        case 7:
            entry.local_name = random.choice((b"", b"other", *_NAMES))
        case 8:
            archive.count = number
        case 9:
            archive.directory_size = number
        case 10:
            archive.directory_offset = number
        case 11:
            archive.prefix = random.choice((b"#!/bin/sh\n", b"PK\3\4", b"\0" * 500))
        case 12:
            archive.comment = b"c" * random.randrange(200)
            archive.comment_length = random.choice((None, number))
        case 13:
            archive.zip64 = {random.choice(("count", "size", "offset", "locator")): number}
        case 14:
            entry.extra = random.choice(
                (b"\1\0", b"\1\0\x18\0" + b"\xff" * 24, b"\1\0\xff\xff", b"\x75\x70\5\0\1abcd", b"x" * 99)
            )
            entry.size = random.choice((None, 0xFFFFFFFF))
        case _:  # much out of little: declared, undeclared, and the same bytes many times
            packer = zlib.compressobj(9, zlib.DEFLATED, -15)
            pieces = random.choice((1, 64, 1024))
            stored = (packer.compress(_BOMB) + packer.flush(zlib.Z_FULL_FLUSH)) * pieces + packer.flush()
            entry.stored, entry.size, entry.crc = stored, random.choice((pieces << 20, 10)), 0
            if random.random() < 0.4:
                offset = 0
                for other in archive.entries:
                    if other is entry:
                        break
                    offset += 30 + len(other.name) + len(other.data)
                copies = [copy.copy(entry) for _ in range(300)]
                for index, item in enumerate(copies):
                    item.name, item.stored, item.offset = b"demo/%d" % index, b"", offset
                    item.compressed = len(stored)
                archive.entries += copies
