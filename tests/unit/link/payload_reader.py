"""Reads a payload as ``payload/payload.c`` of the stub does, and trusts nothing in it."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import zstandard

if TYPE_CHECKING:
    from collections.abc import Iterator

NONE = 0xFFFF_FFFF


@dataclass(frozen=True)
class ReadModule:
    path: str
    suffix: str
    package: bool
    source: bool
    extension: int | None
    code: bytes


class Reader:
    """What payload.c does, without its trust."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        magic, version, self.flags, size, self.kind, self.optimize = struct.unpack_from("<8sIIQII", data)
        assert (magic, version, size) == (b"CASTIRON", 4, len(data))
        self.entry = [self.text(at) for at in (32, 40, 48, 56)]
        self.nodes_at, self.node_count, self.modules_at, self.module_count, paths_at, path_count = struct.unpack_from(
            "<6Q", data, 64
        )
        self.sys_path = [self.text(paths_at + 8 * i) for i in range(path_count)]

    def text(self, at: int) -> str:
        offset, length = struct.unpack_from("<II", self.data, at)
        assert self.data[offset + length] == 0
        return self.data[offset : offset + length].decode("utf-8", "surrogateescape")

    def node(self, index: int) -> tuple[str, int, int, bool, int, int, int, int]:
        assert 0 <= index < self.node_count
        at = self.nodes_at + 40 * index
        parent, kind, executable, followed, start, size, first, count = struct.unpack_from(
            "<IBBHQQII", self.data, at + 8
        )
        assert (followed != 0) == (kind == 2)
        return self.text(at), parent, kind, bool(executable), start, size, first, count

    def files(self) -> dict[str, tuple[bytes, bool]]:
        return dict(self._walk(0, ""))

    def links(self) -> dict[str, tuple[str, str, int]]:
        """Path -> target, path of what it leads to, links followed."""
        found = {}
        for index in range(self.node_count):
            _, _, kind, _, start, size, _, _ = self.node(index)
            if kind == 2:
                at = self.nodes_at + 40 * index
                assert self.node(start)[2] != 2
                assert len(self.text(at + 32).encode("utf-8", "surrogateescape")) == size
                followed = struct.unpack_from("<H", self.data, at + 14)[0]
                found[self.path(index)] = (self.text(at + 32), self.path(start), followed)
        return found

    def path(self, index: int) -> str:
        name, parent, *_ = self.node(index)
        return f"{self.path(parent)}/{name}" if parent else name

    def _walk(self, index: int, path: str) -> Iterator[tuple[str, tuple[bytes, bool]]]:
        _, _, kind, executable, start, size, compressed, _ = self.node(index)
        if kind == 1:
            assert start % 16 == 0
            content = self.data[start : start + (compressed or size)]
            content = zlib.decompress(content, wbits=-15) if compressed else content
            assert len(content) == size
            yield path, (content, executable)
            return
        if kind == 2:
            return
        children = range(start, start + size)
        names = [self.node(child)[0] for child in children]
        encoded = [name.encode("utf-8", "surrogateescape") for name in names]
        assert encoded == sorted(set(encoded))
        for child, name in zip(children, names, strict=True):
            assert self.node(child)[1] == index
            yield from self._walk(child, f"{path}/{name}" if path else name)

    def folder_path(self, index: int) -> str:
        names = []
        while index != 0:
            name, index, kind, *_ = self.node(index)
            assert kind == 0
            names.append(name)
        return "/".join(reversed(names))

    def modules(self) -> list[ReadModule]:
        found = []
        for index in range(self.node_count):
            _, _, kind, _, _, _, first, count = self.node(index)
            if kind == 0:
                found += [self.module(number, index) for number in range(first, first + count)]
        assert len(found) == self.module_count
        return found

    def module(self, number: int, expected_folder: int) -> ReadModule:
        at = self.modules_at + 56 * number
        folder, flags, code, size, extension, own, compressed, zero = struct.unpack_from(
            "<IIQQIIII", self.data, at + 16
        )
        assert zero == 0
        assert folder == expected_folder
        name = self.text(at)
        path = "/".join(filter(None, (self.folder_path(folder), name)))
        assert self.folder_path(own) == path if flags & 1 else own == NONE
        return ReadModule(
            path=path,
            suffix=self.text(at + 8),
            package=bool(flags & 1),
            source=bool(flags & 2),
            extension=extension if flags & 4 else None,
            code=self._code(code, size, compressed),
        )

    def _code(self, start: int, size: int, compressed: int) -> bytes:
        if not compressed:
            return self.data[start : start + size]
        code = zstandard.ZstdDecompressor().decompress(self.data[start : start + compressed])
        assert len(code) == size
        return code
