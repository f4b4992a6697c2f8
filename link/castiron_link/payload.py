"""Writes the payload: one position-independent block that the stub reads in place, without copying.

It holds how to start, the tree of folders and files, and the bytecode of the modules.  The format is described byte by
byte in ``runtime/castiron_runtime/stub/README.md`` and read by ``payload/payload.c`` there.  The reader checks
only what keeps it within the payload, so everything is checked here: paths, duplicates, lengths, and that what runs
first exists.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from castiron_common.content import FileContent, Pieces
from castiron_link.deflate import Deflate, Wanted, deflate
from castiron_link.model import Children
from castiron_link.payload_parts import Data, Texts, encode, impossible
from castiron_manifest.model import EntryKind
from castiron_manifest.validate import NAME_LIMIT, PATH_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAGIC = b"CASTIRON"
VERSION = 4

_HEADER = struct.Struct("<8sIIQIIQQQQQQQQQQ16s")
_NODE = struct.Struct("<QIBBHQQII")
_LINK_NODE = struct.Struct("<QIBBHQQQ")
_MODULE = struct.Struct("<QQIIQQIIII")
_TEXT = struct.Struct("<II")
_COMPRESSED_LIMIT = (1 << 32) - 1
"""Bytes of one compressed file: a node has 32 bits for them.  The file itself may be larger."""
_DATA_ALIGNMENT = 16
_CODE_SHARE = 7 / 8
"""Bytecode is stored compressed if that leaves at most this share of it."""
_IDENTITY_SIZE = 16
"""Bytes of the SHA-256 that tells one payload from another."""

_KINDS = {EntryKind.SCRIPT: 0, EntryKind.MODULE: 1, EntryKind.FUNCTION: 2}
_FULL_FINALIZE, _OBEY_ENVIRONMENT, _AS_PYTHON, _NOTICES, _NO_CHILDREN = 1, 2, 4, 8, 16
_ZSTD, _PATH_FILES = 32, 64
_PACKAGE, _SOURCE, _EXTENSION = 1, 2, 4
_FOLDER, _FILE, _LINK = 0, 1, 2
_NONE = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadModule:
    """One importable module, or the script to run."""

    path: str
    """Tree path without suffix: ``lib/python3.13/json`` for a package, ``lib/python3.13/json/decoder``."""
    package: bool
    code: bytes
    """Marshalled code object without the header of a ``.pyc``; its ``co_filename`` is the tree path with suffix."""
    source: bool
    """Whether the ``.py`` file is among the files."""
    extension: int | None = None
    """For an extension module: its row in the table ``castiron_extensions``."""
    suffix: str | None = None
    """What follows ``path`` in the file's name.  None: ``.py``, ``/__init__.py`` or ``.so`` as fits; nothing for a
    script whose file is called ``path``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadFile:
    """One file of the tree."""

    path: str
    data: bytes | FileContent = field(repr=False)
    executable: bool = False
    compressed_share: float = 0.0
    """Store it compressed if that leaves at most this share of its size; 0: never.  An executable file must not be: the
    stub looks at its first bytes where they lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadLink:
    """One symbolic link of the tree."""

    path: str
    target: str
    """What ``readlink`` says."""
    leads_to: str
    """Tree path of the file or folder that it leads to when all links on the way are followed."""
    followed: int
    """How many links are followed to it, this one included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BootConfig:
    """How the binary starts."""

    kind: EntryKind
    module: str = "__main__"
    """The module to run, or the one that has the function."""
    function: str | None = None
    """For `EntryKind.FUNCTION`: dotted attribute path in the module."""
    path: str | None = None
    """For `EntryKind.SCRIPT`: tree path of the script, with suffix."""
    program: str
    """The program's name, for messages."""
    optimize: int = 0
    """0, 1 or 2, as ``python -O``: what ``sys.flags.optimize`` says."""
    sys_path: tuple[str, ...] = ()
    """Folders of the file system appended to ``sys.path``; a leading ``$ORIGIN`` is the folder of the executable."""
    full_finalize: bool = False
    """End as ``python`` does, destroying every object, instead of flushing and leaving."""
    obey_environment: bool = False
    """Obey ``PYTHON*`` variables."""
    children: Children = Children.OWN
    """For whose processes the binary is a Python interpreter."""
    notices: bool = False
    """Show the notices of third parties when called with ``--third-party-notices`` alone."""
    path_files: bool = False
    """Process the ``.pth`` files of site-packages."""


@dataclass(slots=True)
class _Folder:
    """A folder while the tree is being built."""

    folders: dict[bytes, _Folder] = field(default_factory=dict)
    files: dict[bytes, PayloadFile | PayloadLink] = field(default_factory=dict)
    modules: list[_Module] = field(default_factory=list)
    index: int = 0
    """Its node."""


@dataclass(frozen=True, slots=True)
class _Module:
    """A module with its place."""

    name: bytes
    suffix: bytes
    module: PayloadModule
    own: _Folder | None
    """The folder of a package."""

    @property
    def order(self) -> tuple[bytes, int]:
        """By name; of one name, first what a path finder would take."""
        rank = 0 if self.module.package else 1 if self.module.extension is not None else 2
        return self.name, rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The payload, and what its bytes are."""

    data: Pieces
    stored: Mapping[str, int]
    """Bytes of each file as it is stored, by tree path: compressed, where that is smaller enough, and 0 where an equal
    one stands before it."""
    stored_code: Mapping[str, int]
    """Bytes of each module's code as it is stored, by the tree path of its file."""
    padding: int
    """Bytes between files, so that each is aligned."""


def write_payload(
    config: BootConfig,
    modules: Iterable[PayloadModule],
    files: Iterable[PayloadFile],
    links: Iterable[PayloadLink] = (),
    *,
    compress: Deflate = deflate,
    zstd: bool = False,
    folders: Iterable[str] = (),
) -> Payload:
    """Return the payload; what lies in files is read when it is written.

    Its bytes depend on the arguments alone, and not on their order.

    ``folders`` are in the tree even if nothing is in them.

    ``zstd``: ``compress`` makes frames of Zstandard, and bytecode is compressed, too.

    Raises `LinkError` for a path that is not relative and normal, for two things at one path, and for a missing entry.
    """
    root = _Folder()
    by_path: dict[str, PayloadFile] = {}
    for file in files:
        _add_file(root, file)
        by_path[file.path] = file
    for link in links:
        _add_file(root, link)
    with_code = _add_modules(root, modules, by_path, config.path)
    for path in folders:
        _folder(root, _components(path), path)
    _check_entry(config, with_code)
    return _Writer(root, compress, zstd=zstd).write(config)


def _components(path: str) -> list[bytes]:
    """Return the names along a path of the tree; `LinkError` unless it is relative and normal."""
    if "\0" in path or not path or any(part in {"", ".", ".."} for part in path.split("/")):
        raise impossible(f"A file cannot be at {path!r} in the binary: the path is not relative and normal.")
    try:
        names = [part.encode("utf-8", "surrogateescape") for part in path.split("/")]
    except UnicodeEncodeError:
        raise impossible(f"A file cannot be at {path!r} in the binary: the path cannot be encoded.") from None
    if any(len(name) > NAME_LIMIT for name in names) or sum(map(len, names)) + len(names) > PATH_LIMIT:
        raise impossible(f"A file cannot be at {path!r} in the binary: the path is too long.")
    return names


def _folder(root: _Folder, names: Iterable[bytes], path: str) -> _Folder:
    """Return the folder with these names along its path, making what is missing."""
    folder = root
    for name in names:
        if name in folder.files:
            raise impossible(f"{path!r} goes through a file of the binary as if it were a folder.")
        folder = folder.folders.setdefault(name, _Folder())
    return folder


def _add_file(root: _Folder, file: PayloadFile | PayloadLink) -> None:
    *parents, name = _components(file.path)
    folder = _folder(root, parents, file.path)
    if name in folder.files:
        raise impossible(f"Two files are at {file.path!r} in the binary.")
    if name in folder.folders:
        raise impossible(f"{file.path!r} is both a file and a folder of the binary.")
    folder.files[name] = file


def _suffix(module: PayloadModule, files: dict[str, PayloadFile], script: str | None) -> str:
    if module.suffix is not None:
        return module.suffix
    ending = ".py" if module.extension is None else ".so"
    if module.package:
        return f"/__init__{ending}"
    if (
        module.extension is None
        and module.path + ending not in files
        and (module.path in files or module.path == script)
    ):
        return ""
    return ending


def _as_package(module: PayloadModule) -> PayloadModule:
    """Return an ``__init__`` that was traced as a module (``import package.__init__``) as the package it is."""
    folder, _, name = module.path.rpartition("/")
    if name != "__init__" or module.package or not folder:
        return module
    suffix = None if module.suffix is None else f"/{name}{module.suffix}"
    return replace(module, path=folder, package=True, suffix=suffix)


def _add_modules(
    root: _Folder, modules: Iterable[PayloadModule], files: dict[str, PayloadFile], script: str | None
) -> set[str]:
    """Put the modules into their folders; return the paths, with suffix, of those that have bytecode."""
    with_code: set[str] = set()
    seen: set[tuple[str, bool, bool]] = set()
    for listed in modules:
        module = _as_package(listed)
        *parents, name = _components(module.path)
        suffix = _suffix(module, files, script)
        file_path = module.path + suffix
        key = (module.path, module.package, module.extension is not None)
        if key in seen:
            raise impossible(f"Two modules are at {module.path!r} in the binary.")
        seen.add(key)
        if module.extension is None:
            with_code.add(file_path)
            if not module.code:
                raise impossible(f"The module {module.path!r} has no bytecode.")
            if module.source and file_path not in files:
                raise impossible(f"The source of the module {module.path!r} is not among the files.")
        elif not 0 <= module.extension < _NONE:
            raise impossible(f"The module {module.path!r} has the impossible extension number {module.extension}.")
        elif file_path not in files:
            # Code looks whether its own shared object exists; what is in it is in the executable itself.
            _add_file(root, PayloadFile(path=file_path, data=b"", executable=True))
        own = _folder(root, [*parents, name], module.path) if module.package else None
        _folder(root, parents, module.path).modules.append(
            _Module(name, suffix.encode("utf-8", "surrogateescape"), module, own)
        )
    return with_code


def _check_entry(config: BootConfig, with_code: set[str]) -> None:
    if config.kind is EntryKind.SCRIPT and config.path not in with_code:
        raise impossible(f"The script to run, {config.path!r}, is not among the modules.")
    if config.kind is not EntryKind.SCRIPT and not config.module:
        raise impossible("The module to run has no name.")
    if config.kind is EntryKind.FUNCTION and not config.function:
        raise impossible("The function to call has no name.")
    if config.optimize not in {0, 1, 2}:
        raise impossible(f"The optimisation level {config.optimize} does not exist.")


class _Writer:
    """Lays the payload out: header, nodes, modules, entries of sys.path, texts, bytecode, files."""

    def __init__(self, root: _Folder, compress: Deflate, *, zstd: bool) -> None:
        self._folders: list[_Folder] = []
        """In the order of their nodes."""
        self._nodes: list[tuple[bytes, int, _Folder | PayloadFile | PayloadLink]] = []
        """Name, parent, what it is."""
        self._arrange(root)
        self._root = root
        files = [item for _, _, item in self._nodes if isinstance(item, PayloadFile) and item.compressed_share]
        pieces = compress([Wanted(data=file.data, most=_most(file)) for file in files])
        self._compressed = {file.path: piece for file, piece in zip(files, pieces, strict=True) if piece}
        self._stored: dict[str, int] = {}
        self._zstd = zstd
        modules = [item.module for folder in self._folders for item in folder.modules if zstd and item.module.code]
        frames = compress([Wanted(data=module.code, most=int(len(module.code) * _CODE_SHARE)) for module in modules])
        self._frames = {id(module): frame for module, frame in zip(modules, frames, strict=True) if frame}
        self._stored_code: dict[str, int] = {}

    def _arrange(self, root: _Folder) -> None:
        """Number the nodes so that the children of a folder stand together, sorted by name."""
        self._nodes.append((b"", 0, root))
        for index, (_, _, item) in enumerate(self._nodes):  # grows while it is walked: breadth first
            if not isinstance(item, _Folder):
                continue
            item.index = index
            self._folders.append(item)
            children: dict[bytes, _Folder | PayloadFile | PayloadLink] = {**item.folders, **item.files}
            self._nodes += [(name, index, children[name]) for name in sorted(children)]
            item.modules.sort(key=lambda module: module.order)

    def write(self, config: BootConfig) -> Payload:
        """Return the payload."""
        module_count = sum(len(folder.modules) for folder in self._folders)
        nodes_at = _HEADER.size
        modules_at = nodes_at + _NODE.size * len(self._nodes)
        paths_at = modules_at + _MODULE.size * module_count
        texts = Texts(paths_at + _TEXT.size * len(config.sys_path))
        sys_path = b"".join(struct.pack("<Q", texts.add(encode(entry))) for entry in config.sys_path)
        entry = [
            texts.add(encode(text or "")) for text in (config.module, config.function, config.path, config.program)
        ]
        names = [texts.add(name) for name, _, _ in self._nodes]
        targets = {item.path: texts.add(_target(item)) for _, _, item in self._nodes if isinstance(item, PayloadLink)}
        references = [
            (texts.add(module.name), texts.add(module.suffix)) for folder in self._folders for module in folder.modules
        ]
        data = Data(texts.end)
        modules = self._modules(references, data)
        nodes = self._node_records(names, targets, data)
        flags = (
            _FULL_FINALIZE * config.full_finalize
            | _OBEY_ENVIRONMENT * config.obey_environment
            | _AS_PYTHON * (config.children is Children.ALL)
            | _NO_CHILDREN * (config.children is Children.NONE)
            | _NOTICES * config.notices
            | _ZSTD * self._zstd
            | _PATH_FILES * config.path_files
        )
        body = (nodes, modules, sys_path, bytes(texts.data), *data.parts)
        fields = (
            MAGIC,
            VERSION,
            flags,
            data.end,
            _KINDS[config.kind],
            config.optimize,
            *entry,
            *(nodes_at, len(self._nodes)),
            *(modules_at, module_count),
            *(paths_at, len(config.sys_path)),
        )
        identity = _identity(Pieces((_HEADER.pack(*fields, b""), *body)))
        whole = Pieces((_HEADER.pack(*fields, identity), *body))
        return Payload(data=whole, stored=self._stored, stored_code=self._stored_code, padding=data.padding)

    def _modules(self, references: Sequence[tuple[int, int]], data: Data) -> bytes:
        out = bytearray()
        position = iter(references)
        for folder in self._folders:
            for placed in folder.modules:
                module = placed.module
                name, suffix = next(position)
                flags = (
                    _PACKAGE * module.package | _SOURCE * module.source | _EXTENSION * (module.extension is not None)
                )
                frame = self._frames.get(id(module), b"")
                offset = data.add(frame or module.code, 1) if module.code else 0
                self._stored_code[module.path + placed.suffix.decode("utf-8", "surrogateescape")] = len(
                    frame or module.code
                )
                out += _MODULE.pack(
                    name,
                    suffix,
                    folder.index,
                    flags,
                    offset,
                    len(module.code),
                    _NONE if module.extension is None else module.extension,
                    _NONE if placed.own is None else placed.own.index,
                    len(frame),
                    0,
                )
        return bytes(out)

    def _led_to(self, link: PayloadLink) -> int:
        """Return the node that a symbolic link leads to."""
        item: _Folder | PayloadFile | PayloadLink | None = self._root
        for name in _components(link.leads_to):
            item = (item.folders.get(name) or item.files.get(name)) if isinstance(item, _Folder) else None
        if item is None or isinstance(item, PayloadLink):
            raise impossible(f"The symbolic link {link.path!r} leads to {link.leads_to!r}, which is not in the binary.")
        return item.index if isinstance(item, _Folder) else self._file_nodes[item.path]

    @cached_property
    def _file_nodes(self) -> Mapping[str, int]:
        return {item.path: index for index, (_, _, item) in enumerate(self._nodes) if isinstance(item, PayloadFile)}

    def _node_records(self, names: Sequence[int], targets: Mapping[str, int], data: Data) -> bytes:
        out = bytearray()
        next_child, next_module = 1, 0
        for name, (_, parent, item) in zip(names, self._nodes, strict=True):
            if isinstance(item, PayloadLink):
                text = targets[item.path]
                out += _LINK_NODE.pack(name, parent, _LINK, 0, item.followed, self._led_to(item), text >> 32, text)
                continue
            if isinstance(item, PayloadFile):
                stored = self._compressed.get(item.path, b"")
                offset, self._stored[item.path] = (
                    data.add_once(stored or item.data, _DATA_ALIGNMENT) if item.data else (0, 0)
                )
                out += _NODE.pack(name, parent, _FILE, item.executable, 0, offset, len(item.data), len(stored), 0)
                continue
            children = len(item.folders) + len(item.files)
            out += _NODE.pack(name, parent, _FOLDER, 1, 0, next_child, children, next_module, len(item.modules))
            next_child += children
            next_module += len(item.modules)
        return bytes(out)


def _identity(payload: Pieces) -> bytes:
    """Return what tells this payload from others: a hash of it, in which the identity itself is zeros."""
    digest = hashlib.sha256()
    for chunk in payload.chunks():
        digest.update(chunk)
    return digest.digest()[:_IDENTITY_SIZE]


def _target(link: PayloadLink) -> bytes:
    text = encode(link.target)
    if not 0 < len(text) <= PATH_LIMIT:
        raise impossible(
            f"The symbolic link {link.path!r} cannot be in the binary: its target has {len(text):,} bytes."
        )
    return text


def _most(file: PayloadFile) -> int:
    return min(int(len(file.data) * file.compressed_share), _COMPRESSED_LIMIT)
