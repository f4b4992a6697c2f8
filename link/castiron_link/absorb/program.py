"""What the executable itself offers to images: the symbols of libc, of the interpreter and of the compiler's runtime.

They come from the archives that go to the linker, so that what will be missing is known before the linker is called.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import msgpack

from castiron_common.cache import cache_root, file_entry
from castiron_common.errors import RuntimePackError
from castiron_common.files import sha256_file
from castiron_common.source_key import source_key
from castiron_elf import archive as archive_module
from castiron_elf import object_symbols as object_symbols_module
from castiron_elf.archive import read_members
from castiron_elf.errors import MalformedElfError
from castiron_elf.object_symbols import global_definitions
from castiron_runtime.glibc import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


LARGE_FILE_ALIASES = {
    f"{name}64": name
    for name in (
        "aio_cancel", "aio_error", "aio_fsync", "aio_read", "aio_return", "aio_suspend", "aio_write", "alphasort",
        "creat", "fallocate", "fgetpos", "fopen", "freopen", "fseeko", "fsetpos", "fstat", "fstatat", "fstatfs",
        "fstatvfs", "ftello", "ftruncate", "ftw", "getdents", "getrlimit", "glob", "globfree", "lio_listio", "lockf",
        "lseek", "lstat", "mkostemp", "mkostemps", "mkstemp", "mkstemps", "mmap", "nftw", "open", "openat",
        "posix_fadvise", "posix_fallocate", "pread", "preadv", "prlimit", "pwrite", "pwritev", "readdir", "scandir",
        "sendfile", "setrlimit", "stat", "statfs", "statvfs", "tmpfile", "truncate", "versionsort",
    )
} | {"readdir64_r": "readdir_r"}  # fmt: skip
"""Names of the large-file interfaces that musl's dynamic linker still resolves and its libc.a no longer defines.

Source: musl 1.2.4 release notes; ``_LARGEFILE64_SOURCE`` in musl 1.2.3's headers.
"""

OWN = {"__tls_get_addr": "castiron_tls_get_addr"}
"""Functions whose images get another: in one static executable a variable's place is known relative to the thread
pointer, so the words that ``__tls_get_addr`` receives hold that (see emit.py)."""

RUNTIME = frozenset(("dladdr", "dlclose", "dlerror", "dlinfo", "dl_iterate_phdr", "dlopen", "dlsym"))
"""Functions that the stub defines for images, whatever libc.a holds."""

_PYTHON = re.compile(r"_?Py[A-Z_]")


@dataclass(frozen=True, kw_only=True)
class Program:
    """Symbols of the executable."""

    last: Mapping[str, str]
    """What the linker can add if nobody else defines it (compiler-rt, other archives), and its name there."""
    api: frozenset[str]
    """The interpreter's public and private API."""
    libc: frozenset[str]
    """What libc defines.  With ``api``, what a process would have in its global scope before any extension module: it
    wins over definitions of the images, as in ``ld.so``."""
    names: Mapping[str, str]
    """Under which name the executable defines what it offers before images are searched: ``api`` and ``libc``."""
    unreachable: frozenset[str]
    """Names in archive members that the stub replaces: they cannot be linked in on their own."""
    stand_ins: Mapping[str, str]
    """For images that were linked against the emulated C library: its name of a function -> that of the stand-in."""

    @cached_property
    def emulated_names(self) -> Mapping[str, str]:
        """``names`` as such images see them."""
        return {**self.names, **self.stand_ins}


_START_FILES = frozenset(("_init", "_fini"))
"""Every image has its own of these; libc's are placeholders."""


def read_program(
    *,
    libc: Iterable[Path],
    interpreter: Iterable[Path],
    others: Iterable[Path] = (),
    stub: Iterable[Path] = (),
    stand_ins: Iterable[Path] = (),
    prefixes: Iterable[str] = (),
) -> Program:
    """Return what the archives define; ``stand_ins`` have functions of the emulated C library.

    What the ``others`` define with one of the ``prefixes`` is known without it, too.

    Zig spreads libc over three archives and marks much of it hidden, which says nothing here, so every global name
    counts, but for the compiler's helpers: images bring libgcc's.  The interpreter's hidden names are its private ones.
    """
    first = frozenset(symbol.name for path in stub for symbol in _defined(path))
    helpers: set[str] = set()
    libc_names: set[str] = set()
    hidden_by_stub: set[str] = set()
    for path in libc:
        names = {symbol.name for symbol in _defined(path)}
        if path.name.startswith("libcompiler_rt"):
            helpers |= {name for name in names if name.startswith("__")}
        libc_names |= names - helpers
        hidden_by_stub |= _beside(first, path)
    libc_names -= _START_FILES
    api: set[str] = set()
    for path in interpreter:
        api |= {symbol.name for symbol in _defined(path) if not symbol.hidden and _PYTHON.match(symbol.name)}
        hidden_by_stub |= _beside(first, path)
    rest = {symbol.name for path in others for symbol in _defined(path)} | helpers
    renamed = {
        name.removeprefix(prefix): name for prefix in prefixes for name in sorted(rest) if name.startswith(prefix)
    }
    defined = (symbol.name for path in stand_ins for symbol in _defined(path))
    emulated = {name.removeprefix(PREFIX): name for name in defined if name.startswith(PREFIX)}
    return program(
        api=frozenset(api),
        libc=frozenset(libc_names),
        last={**renamed, **{name: name for name in rest}},
        unreachable=frozenset(hidden_by_stub),
        stand_ins=emulated,
    )


def _beside(names: frozenset[str], archive: Path) -> set[str]:
    """Return what members that define one of ``names`` define else: asking for it would define those twice."""
    members = {symbol.member for symbol in _defined(archive) if symbol.name in names and not symbol.weak}
    return {symbol.name for symbol in _defined(archive) if symbol.member in members} - names


def program(
    *,
    api: frozenset[str],
    libc: frozenset[str],
    last: Mapping[str, str],
    unreachable: frozenset[str] = frozenset(),
    stand_ins: Mapping[str, str] = MappingProxyType({}),
) -> Program:
    """Return the program that offers these symbols, and what follows from them."""
    names = {name: name for name in (*api, *libc, *RUNTIME)}
    names |= {alias: name for alias, name in LARGE_FILE_ALIASES.items() if name in libc and alias not in libc}
    return Program(last=last, api=api, libc=libc, names=names | OWN, unreachable=unreachable, stand_ins=stand_ins)


class _Symbol(NamedTuple):
    """A global definition in an archive."""

    name: str
    hidden: bool
    weak: bool
    member: int


@cache
def _key() -> str:
    """Return a hash of what reads archives."""
    readers = (archive_module, object_symbols_module)
    return source_key((Path(str(module.__file__)) for module in readers), libraries=("lief",))


@cache
def _defined(archive: Path) -> tuple[_Symbol, ...]:
    """Return every global symbol that an archive defines; cached by its content."""
    digest = sha256_file(archive)
    entry = cache_root() / "absorb" / f"symbols-{_key()}" / f"{digest}.msgpack"

    def build(making: Path) -> None:
        making.write_bytes(msgpack.packb(list(_symbols(archive))))

    return tuple(map(_Symbol._make, msgpack.unpackb(file_entry(entry, build).read_bytes())))


def _symbols(archive: Path) -> Iterator[_Symbol]:
    for number, (member, data) in enumerate(read_members(archive)):
        try:
            for symbol in global_definitions(data):
                yield _Symbol(symbol.name, symbol.hidden, symbol.weak, number)
        except MalformedElfError as error:
            raise RuntimePackError(
                f"{archive.name}({member}) is not a well-formed object file: {error}.",
                hint="Delete the pack from the cache; it is built again.",
            ) from error
