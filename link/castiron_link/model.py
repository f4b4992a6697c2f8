"""What the passes hand to each other: immutable, and free of any user interface."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING

from castiron_common.content import file_content
from castiron_common.frozen import dataclass
from castiron_link.examined.tables import Examined

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_audit.model import Report
    from castiron_common.content import FileContent
    from castiron_link.examined.examination import Unexamined
    from castiron_manifest.model import Module, Need, Origin


class Sources(StrEnum):
    """Whose ``.py`` files go into the binary beside the bytecode."""

    ALL = "all"
    """Everybody's: tracebacks show source lines, ``inspect.getsource`` works."""
    APP = "app"
    """The application's own only."""
    NONE = "none"


class Compression(StrEnum):
    """Which files of the tree are compressed; bytecode is in `Profile.SMALL` alone, machine code never."""

    NONE = "none"
    FAST = "fast"
    """Sources of modules, and data files where nobody notices it: neither large ones nor those that hardly shrink."""
    ALL = "all"
    """Every file that shrinks.  A large one takes its time whenever it is opened."""


class Profile(StrEnum):
    """What an executable is made for."""

    DEFAULT = "default"
    """A quick start and little memory: bytecode is read where it lies."""
    SMALL = "small"
    """A small file: bytecode and files are compressed with Zstandard, and decompressed when they are used."""


class Children(StrEnum):
    """For whose processes the binary is a Python interpreter, when called with an interpreter's command line."""

    NONE = "none"
    """Nobody's: it is the application, whatever the arguments are."""
    OWN = "own"
    """The application's own, as the kernel shows them to be (docs/security.md)."""
    ALL = "all"
    """Everybody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOptions:
    """What the user may choose about a link."""

    optimize: int = 0
    """As ``python -O``: 0, 1 (no assert) or 2 (no docstrings either)."""
    sources: Sources = Sources.ALL
    compress: Compression = Compression.FAST
    sys_path: tuple[str, ...] = ()
    """Folders of the file system appended to ``sys.path``; ``$ORIGIN`` is the folder of the executable."""
    full_finalize: bool = False
    """End as ``python`` does, destroying every object, instead of flushing and leaving."""
    examined: Examined = Examined()
    """Shared objects that the user has examined, beside those that Castiron has."""
    obey_environment: bool = False
    """Obey ``PYTHON*`` variables."""
    children: Children | None = None
    """For whose processes the binary is an interpreter; None: `Children.OWN` for applications that can start processes,
    else `Children.NONE`."""
    profile: Profile = Profile.DEFAULT
    pie: bool = False
    """Make a position-independent executable, which the kernel puts at another address each time."""
    notices: bool = False
    """The binary shows the notices of third parties when called with ``--third-party-notices``."""


def compression(options: LinkOptions) -> Compression:
    """Return which files are compressed: in a small executable all that shrink, unless none is to be."""
    if options.profile is Profile.SMALL and options.compress is not Compression.NONE:
        return Compression.ALL
    return options.compress


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedModule:
    """A module with a file, at its place in the tree of the binary."""

    module: Module
    tree_path: str
    """With suffix: ``lib/python3.13/json/__init__.py``."""
    source: bytes
    """The content of the ``.py`` file, as it was hashed and traced; of a module that is compiled, its bytecode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedExtension:
    """An extension module of a distribution, at its place in the tree of the binary."""

    module: Module
    tree_path: str
    """With suffix: ``lib/python3.13/site-packages/numpy/_core/_simd.<tag>.so``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFile:
    """A file that is not a module, at its place in the tree of the binary."""

    tree_path: str
    owner: str
    """``app``, ``stdlib`` or the name of the distribution."""
    executable: bool = False
    data: bytes | None = None
    """The content, if it is held in memory."""
    path: Path | None = None
    """Else the file on the host that has it."""

    def content(self) -> bytes | FileContent:
        """Return the content, or where it is if it is large."""
        if self.data is not None:
            return self.data
        if self.path is None:
            raise ValueError(f"{self.tree_path}: neither content nor path")
        return file_content(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedLink:
    """A symbolic link, at its place in the tree of the binary."""

    tree_path: str
    target: str
    """What ``readlink`` says."""
    leads_to: str
    """The tree path of what it leads to when all links on the way are followed."""
    followed: int
    """How many links are followed to it, this one included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Everything that will be visible under the executable's path.  Sorted by tree path."""

    modules: tuple[PlacedModule, ...]
    extensions: tuple[PlacedExtension, ...]
    files: tuple[PlacedFile, ...]
    builtins: tuple[str, ...]
    """Names of the standard library's extension modules that the manifest asks for, sorted."""
    folders: tuple[str, ...] = ()
    """Folders of namespace packages that have no module, sorted: they can be imported all the same (PEP 420)."""
    site: Path | None
    """The installed folder of the distributions on the host (``.../site-packages``); None without distributions."""
    links: tuple[PlacedLink, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A module's bytecode."""

    tree_path: str
    """With suffix, as in `PlacedModule`; also the code's ``co_filename``."""
    code: bytes
    """Marshalled code object, without the header of a ``.pyc``."""
    error: str | None = None
    """Why the source does not compile; then ``code`` raises that SyntaxError when it is run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One object file or archive member, as far as the linker took it."""

    source: str
    """Path of the object file or archive, as it was given to the linker."""
    member: str | None
    """Name of the archive member."""
    size: int
    """Bytes of its sections that are in the file; 0 if it has nothing but memory that is filled with zeros."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What the linker's map says of the bytes of the file's sections: each belongs to one of these."""

    pieces: tuple[Piece, ...]
    """Sorted by (source, member)."""
    merged: int
    """Bytes that the linker made itself: constants of several pieces merged into one, and tables."""
    padding: int
    """Bytes between pieces, so that each is aligned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressedSegment:
    """A segment of the executable that is stored as one frame."""

    sections: frozenset[str]
    """Names of its sections that the linker gave bytes."""
    size: int
    """Bytes that the linker made."""
    stored: int
    """Bytes of the frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compressed:
    """What is compressed in an executable."""

    segments: tuple[CompressedSegment, ...]
    table: int
    """Bytes of the frame that says what the others are."""
    own: int
    """Bytes of the first stage that are Castiron's."""
    zstd: int
    """Those that are Zstandard's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkResult:
    """What a link has made."""

    output: Path
    size: int
    """Bytes of the executable."""
    report: Report
    """What is in it, under which licenses."""
    children: Children
    """For whose processes it is an interpreter."""
    profile: Profile = Profile.DEFAULT
    needs: tuple[Need, ...] = ()
    """What the program needs of the machine."""
    full_ends: tuple[Unexamined, ...] = ()
    """Shared objects after whose use the program destroys every object at its end."""
    slow_digests: bool = False
    """Whether digests that the application computes are CPython's own, and OpenSSL's would be much faster."""
    warnings: tuple[str, ...] = ()
    seconds: tuple[tuple[str, float], ...] = field(default=())
    """Wall time of each pass, in order."""


def owner_of(origin: Origin, distribution: str | None) -> str:
    """Return the owner's name as `PlacedFile` has it."""
    return distribution if distribution is not None else str(origin)
