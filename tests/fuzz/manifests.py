"""Manifests: the decoder, and everything that is computed of a manifest before another file is looked at."""

from __future__ import annotations

import copy
import hashlib
from typing import TYPE_CHECKING, Any

import zstandard

from castiron_common.errors import ManifestError, ModuleMissingError
from castiron_manifest import codec, model
from tests.fuzz.mutations import INTEGERS, Places, change_bytes, change_text
from tests.fuzz.packing import LIES, Pairs, Raw, TooLargeError, nested, pack
from tests.fuzz.parser import DefectError, Parser

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

SCRIPT = b"import json\nprint(json.dumps({'a': 1}))\n"
_TEXT = "Permission is hereby granted, free of charge ...\n"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _blob(content: bytes) -> list[Any]:
    return [_sha256(content), len(content), zstandard.ZstdCompressor(write_checksum=False).compress(content)]


def small() -> dict[str, Any]:
    """The body of a manifest of one script."""
    return {
        "generator": "castiron 0.1.0",
        "pack": "cpython-3.13.5",
        "target": {"platform": "x86_64-linux-musl", "python": "3.13"},
        "entry": {"kind": "script", "module": "__main__", "path": "hello.py", "name": "hello"},
        "modules": [
            {"name": "__main__", "kind": "source", "origin": "app", "path": "hello.py", "sha256": _sha256(SCRIPT)}
        ],
        "blobs": [_blob(SCRIPT)],
    }


def rich() -> dict[str, Any]:
    """A body in which every field of the model is used."""
    wheel, data = b"PK-not-really-a-wheel", b"\0\1\2" * 40
    text, blobs = _sha256(_TEXT.encode()), sorted(map(_blob, (SCRIPT, wheel, data, b"")))

    def via(importer: str, line: int, tier: str) -> dict[str, Any]:
        return {"importer": importer, "line": line, "tier": tier}

    def distribution(name: str, **more: Any) -> dict[str, Any]:
        wheel_name = f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
        named = {"filename": wheel_name, "sha256": _sha256(name.encode()), "size": 1234}
        return {"name": name, "version": "1.0", "wheel": named, "purl": f"pkg:pypi/{name}@1.0"} | more

    license_files = {"files": [{"path": "alpha-1.0.dist-info/LICENSE", "sha256": text}]}
    sboms = {"sboms": [{"path": "alpha-1.0.dist-info/sboms/x.json", "sha256": text}]}
    native = {"distribution": "alpha", "machine": "X86_64", "libc": "musl", "sha256": _sha256(b"so"), "size": 4096}
    return {
        "generator": "castiron 0.1.0",
        "pack": "cpython-3.13.5",
        "target": {"platform": "x86_64-linux-musl", "python": "3.13"},
        "entry": {
            "kind": "function",
            "module": "alpha.cli",
            "function": "main.run",
            "origin": "distribution",
            "distribution": "alpha",
            "name": "alpha",
        },
        "distributions": [
            distribution(
                "alpha",
                requires=["beta-c"],
                direct=True,
                license={"expression": "MIT OR Apache-2.0", "classifiers": ["License :: OSI Approved"]}
                | license_files
                | sboms,
                summary="A thing",
                home_page="https://example.org",
            ),
            distribution(
                "beta-c",
                wheel={
                    "filename": "beta_c-1.0-py3-none-any.whl",
                    "sha256": _sha256(wheel),
                    "size": len(wheel),
                    "embedded": True,
                },
                license={"text": "BSD\nand more"},
            ),
        ],
        "modules": [
            {"name": "_struct", "kind": "builtin", "origin": "stdlib", "via": via("struct", 3, "required")},
            {
                "name": "alpha",
                "kind": "package",
                "origin": "distribution",
                "distribution": "alpha",
                "path": "alpha/__init__.py",
                "via": via("alpha.cli", 0, "required"),
            },
            {
                "name": "alpha._fast",
                "kind": "extension",
                "origin": "distribution",
                "distribution": "alpha",
                "path": "alpha/_fast.cpython-313-x86_64-linux-musl.so",
                "via": via("alpha", 5, "guarded"),
            },
            {
                "name": "alpha.cli",
                "kind": "source",
                "origin": "distribution",
                "distribution": "alpha",
                "path": "alpha/cli.py",
            },
            {
                "name": "own",
                "kind": "source",
                "origin": "app",
                "path": "own/helper.py",
                "sha256": _sha256(SCRIPT),
                "via": via("alpha.cli", 7, "declared"),
            },
            {"name": "space", "kind": "namespace", "origin": "app", "via": via("own", 1, "observed")},
            {
                "name": "struct",
                "kind": "source",
                "origin": "stdlib",
                "path": "struct.py",
                "via": via("own", 2, "lazy"),
            },
        ],
        "resources": [
            {"path": "own/data.bin", "origin": "app", "size": len(data), "sha256": _sha256(data), "executable": True},
            {"path": "own/empty", "origin": "app", "size": 0, "sha256": _sha256(b"")},
            {"path": "../../../share/x", "origin": "distribution", "distribution": "alpha", "size": 9},
            {"path": "alpha/table.csv", "origin": "distribution", "distribution": "alpha", "size": 7},
            {"path": "pydoc_data/x.css", "origin": "stdlib", "size": 3},
        ],
        "links": [
            {"path": "again", "target": "own/up"},
            {"path": "current", "target": "own"},
            {"path": "own/up", "target": "../current/data.bin"},
        ],
        "natives": [
            native
            | {
                "path": "alpha.libs/liba-1.so",
                "soname": "liba-1.so",
                "undefined": ["zz"],
                "tls_size": 8,
                "relocations": [["R_X86_64_RELATIVE", 4]],
            },
            native
            | {
                "path": "alpha/_fast.cpython-313-x86_64-linux-musl.so",
                "soname": None,
                "needed": ["liba-1.so", "libc.so"],
                "runpaths": ["$ORIGIN/../alpha.libs"],
                "module": "alpha._fast",
            },
        ],
        "findings": [
            {"code": "computed-import", "severity": "warning", "subject": "alpha.cli", "message": "It imports names."},
            {"code": "outside-code", "severity": "info", "subject": "own", "message": "exec"},
        ],
        "texts": [[text, _TEXT]],
        "blobs": blobs,
    }


def envelope(body: bytes, version: Any = None, /, **other: Any) -> bytes:
    """Return a manifest around a packed body, with a fitting hash."""
    version = [model.SCHEMA_MAJOR, model.SCHEMA_MINOR] if version is None else version
    digest = _sha256(pack(version) + body)
    return pack({"format": codec.FORMAT, "version": version, "sha256": digest, "body": body} | other)


class Manifests(Parser):
    """The decoder and what comes right behind it."""

    suffix = ".manifest"
    expected = (ManifestError, ModuleMissingError)

    def prepare(self) -> None:
        from castiron_manifest import show  # noqa: F401  (imported before memory is limited)
        from tests.fuzz.manifest_use import use

        self._use = use
        self._seeds = [small(), rich(), rich()]
        for seed in self._seeds:
            self.run(envelope(pack(seed)))

    def make(self, random: Random) -> bytes:
        while True:
            try:
                return mutated(copy.deepcopy(random.choice(self._seeds)), random)
            except (TooLargeError, MemoryError):
                continue

    def run(self, data: bytes) -> str:
        manifest = codec.decode(data, source="x.manifest")
        if not manifest.extra and codec.decode(codec.encode(manifest)) != manifest:
            raise DefectError("a decoded manifest is not what encoding and decoding it again gives")
        return self._use(manifest, self.folder)


def mutated(body: dict[str, Any], random: Random) -> bytes:
    """Return the bytes of a manifest that was changed in one of many ways."""
    way = random.random()
    if way < 0.05:
        return change_bytes(envelope(pack(body)), random)
    if way < 0.15:  # The envelope holds, what is in it does not.
        data = pack(body)
        for _ in range(random.choice((1, 1, 2, 4))):
            data = change_bytes(data, random)
        return envelope(data)
    if way < 0.18:
        return envelope(pack(body), _value(random, []), **{random.choice(("body", "sha256", "x")): _value(random, [])})
    for _ in range(random.choice((1, 1, 1, 2, 3, 5))):
        _change(body, random)
    if random.random() < 0.3:
        _sort(body)
    version = [1, random.choice((0, 0, 0, 1, 99, 1 << 63))]
    return envelope(pack(body), version)


def _sort(body: dict[str, Any]) -> None:
    """Put the sequences into the order that the rules ask for, so that other rules are reached."""
    keys = {
        "distributions": ("name",),
        "modules": ("name", "origin", "path"),
        "resources": ("origin", "distribution", "path"),
        "natives": ("distribution", "path"),
        "links": ("path",),
        "findings": ("code", "subject", "message"),
    }
    for field, names in keys.items():
        rows = body.get(field)
        if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
            rows.sort(key=lambda row: tuple(str(row.get(name) or "") for name in names))


def _change(body: dict[str, Any], random: Random) -> None:
    places = Places(body)
    if not places.places:
        body["generator"] = "x"
        return
    container, key = random.choice(places.places)
    old = container[key]
    way = random.randrange(12)
    if way < 3 and isinstance(old, str):
        container[key] = change_text(old, random, places.texts)
    elif way == 3:
        container[key] = _value(random, places.texts)
    elif way == 4:
        other, at = random.choice(places.places)
        container[key] = copy.deepcopy(other[at])
    elif way == 5:
        del container[key]
    elif way == 6 and isinstance(container, list):
        container.insert(key, copy.deepcopy(old))
    elif way == 7 and isinstance(container, list):
        other = random.randrange(len(container))
        container[key], container[other] = container[other], container[key]
    elif way == 8 and isinstance(old, list):
        container[key] = (old or [_value(random, [])]) * random.choice((2, 3, 100, 3000))
    elif way == 9 and isinstance(old, dict):
        extra = random.choice(("x", "", "__class__", "name", "extra", 5, None, b"name"))
        container[key] = Pairs((*old.items(), (extra, _value(random, places.texts))))
    elif way == 10 and len(key if isinstance(key, str) else "") and isinstance(container, dict):
        container[change_text(key, random)] = container.pop(key)
    elif way == 11 and isinstance(body.get("blobs"), list) and body["blobs"]:
        _change_blob(body, random)
    else:
        container[key] = _like(old, random, places.texts)


def _like(old: Any, random: Random, texts: list[str]) -> Any:
    """Return another value of the same type."""
    if isinstance(old, bool):
        return not old
    if isinstance(old, int):
        return random.choice((*INTEGERS, -1, -(1 << 63), old + 1))
    if isinstance(old, str):
        return random.choice(texts)
    if isinstance(old, bytes):
        return change_bytes(old, random)
    return _value(random, texts)


def _value(random: Random, texts: list[str]) -> Any:
    """Return anything: mostly something small, sometimes something large, deep or untrue."""
    way = random.random()
    if way < 0.1:
        return random.choice(LIES)
    if way < 0.2:
        return random.choice(_LARGE)()
    if way < 0.4:
        return random.choice(texts or ["z"])
    if way < 0.6:
        return random.choice((*INTEGERS, -1, -(1 << 63)))
    return copy.deepcopy(random.choice(_SMALL))


_SMALL: tuple[Any, ...] = (
    *(None, True, False, 0.5, float("nan"), float("inf"), "", "z", b"", b"x" * 300, [], {}, [[]], [None], ["z"], [1]),
    *(Pairs(()), Pairs(((b"a", 1),)), Pairs((("a", 1), ("a", 2))), {"a": {"b": [7]}}, {"name": "z"}, {"z": None}),
)
_LARGE: tuple[Callable[[], Any], ...] = (
    *(lambda: [7] * 1000, lambda: ["x"] * 50_000, lambda: [None] * 200_000, lambda: [[]] * 100_000),
    *(lambda: b"x" * 200_000, lambda: "y" * 200_000, lambda: {str(i): i for i in range(2000)}),
    *(lambda: [{"name": "z"}] * 20_000, lambda: Raw(b"\xdd\x00\x10\x00\x00" + b"\x07" * (1 << 20))),
    *(lambda: nested(10), lambda: nested(500), lambda: nested(1023), lambda: nested(100_000)),
    lambda: nested(600, maps=True),
)


def _change_blob(body: dict[str, Any], random: Random) -> None:
    """Give a blob a frame that expands to something else than its row says."""
    row = random.choice(body["blobs"])
    if not (isinstance(row, list) and len(row) == 3):
        return
    size = random.choice((1 << 20, 1 << 28, 1 << 33))
    bomb = zstandard.ZstdCompressor().compress(bytes(1 << 20))
    match random.randrange(6):
        case 0:
            row[1] = random.choice(INTEGERS)
        case 1:
            row[1], row[2] = 1 << 20, bomb
        case 2:  # a frame header that declares a size, and nothing behind it
            row[1], row[2] = size, b"\x28\xb5\x2f\xfd\xe0" + size.to_bytes(8, "little")
        case 3:  # no size in the header
            row[1] = random.choice((-1, 0, 99))
            row[2] = zstandard.ZstdCompressor(write_content_size=False).compress(b"x" * 99)
        case 4:  # a hash that fits what is not there
            row[0] = _sha256(b"")
        case _:  # blocks of one repeated byte: 128 KiB each from 4 bytes
            blocks = 4096
            header = b"\x28\xb5\x2f\xfd\xe0" + (blocks << 17).to_bytes(8, "little")
            last = (1 << 17) << 3 | 1 << 1 | 1
            block = ((1 << 17) << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
            row[1], row[2] = blocks << 17, header + block * (blocks - 1) + last.to_bytes(3, "little") + b"\0"


__all__ = ["Manifests", "Raw", "envelope", "mutated", "rich", "small"]
