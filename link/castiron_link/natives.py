"""The absorb pass as the driver sees it: what the linker and the payload get of the shared objects."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from castiron_common.target import extension_suffix
from castiron_link.app_object import ExtensionRow
from castiron_link.foreign_interfaces import foreign_interfaces, opens_libraries
from castiron_link.system_libraries import system_libraries
from castiron_link.tree_layout import place
from castiron_manifest.model import Origin, Tier

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from castiron_common.progress import Reporter
    from castiron_common.target import Target
    from castiron_link.absorb import LibraryFile
    from castiron_link.examined.examination import Unexamined
    from castiron_link.examined.tables import Examined
    from castiron_link.model import Tree
    from castiron_manifest.model import Manifest, Native
    from castiron_runtime.model import Component, LinkInputs, Pack

_CTYPES = "_ctypes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Natives:
    """What has become of the shared objects."""

    objects: tuple[Path, ...] = ()
    origins: Mapping[Path, str] = field(default_factory=dict)
    """For each object of a shared object of a distribution: ``scipy/scipy.libs/libquadmath-96973f99.so``."""
    scripts: tuple[Path, ...] = ()
    """Linker scripts."""
    extensions: tuple[ExtensionRow, ...] = ()
    """Rows of the table of extension modules, sorted by name."""
    libraries: tuple[str, ...] = ()
    """Tree paths of all files that were absorbed, sorted: code looks whether they exist before it opens them."""
    images: Mapping[Path, tuple[str, str]] = field(default_factory=dict)
    """For each object of a shared object, whose it is: a distribution's or one of the ``components``; and its path."""
    locations: Mapping[str, Path] = field(default_factory=dict)
    """The files of this machine that became images, by the linker symbol of the image's first byte."""
    components: tuple[Component, ...] = ()
    """Those that were added because a library needs them and no distribution brings them."""
    archives: tuple[Path, ...] = ()
    """What images need besides: stand-ins for the functions of the C library that they were linked against."""
    unexamined: tuple[Unexamined, ...] = ()
    """Those after whose use the program ends in full."""
    warnings: tuple[str, ...] = ()
    """What was left out or guessed, and why."""


def absorb_natives(
    manifest: Manifest,
    tree: Tree,
    pack: Pack,
    inputs: LinkInputs,
    *,
    target: Target,
    stub: Path,
    work: Path,
    reporter: Reporter,
    packed: bool = False,
    own_examinations: Examined | None = None,
) -> Natives:
    """Return what the shared objects of the manifest become; nothing if there are none and nobody asks for symbols.

    ``packed``: their bytes are stored compressed; ``own_examinations`` are the user's.

    Raises `NativeError` for what cannot be absorbed.
    """
    by_name = finds_symbols_by_name(tree, {extension.name for extension in inputs.extensions})
    wanted = wanted_natives(manifest, tree)
    if not wanted and not by_name:
        return Natives()
    added, components = compiler_libraries(manifest, target, reporter)
    # The absorber is only imported when there is something to absorb: a hello should not wait for it.
    from castiron_link.absorb import Lookup, absorb
    from castiron_link.examined.examination import Examination
    from castiron_link.examined.reader import shipped_examinations
    from castiron_link.examined.tables import Examined

    site = tree.site or work
    renamed = by_own_suffix(manifest, tree, wanted, target)
    own = _own_libraries(manifest, work) | {path: site / native.path for path, native in renamed.items()}
    archives = stand_ins(manifest, wanted, pack, reporter)
    wanted |= renamed.keys()
    done = absorb(
        (*manifest.natives, *(replace(native, path=path) for path, native in renamed.items())),
        site,
        pack,
        work,
        reporter,
        target=target,
        wanted=wanted,
        optional=wanted - certain_natives(manifest, tree),
        added=added,
        locations=own,
        archives=inputs.archives,
        stand_ins=archives,
        stub=(stub,),
        prefixes=system_libraries().prefixes(),
        lookup=Lookup.ALL if by_name else Lookup.FOUND,
        packed=packed,
        examination=Examination.of(manifest, shipped=shipped_examinations(), own=own_examinations or Examined()),
    )
    feature = manifest.target.python
    rows = {extension.path: extension for extension in done.extensions}
    # Some libraries are named like modules, so that packaging tools take them, and are opened by path (pycryptodome).
    modules = [item for item in tree.extensions if item.module.path in rows]
    scripts: tuple[Path, ...] = ()
    if done.script is not None:
        scripts = (work / "images.ld",)
        scripts[0].write_text(done.script)
    return Natives(
        objects=done.objects,
        # The last object has the tables of all images.
        origins={
            path: f"{' and '.join(image.owners)}/{image.paths[0]}"
            for path, image in zip(done.objects, done.images, strict=False)
        },
        scripts=scripts,
        extensions=tuple(
            ExtensionRow(
                name=item.module.name,
                tree_path=item.tree_path,
                init=rows[str(item.module.path)].symbol,
                image=rows[str(item.module.path)].image,
            )
            for item in sorted(modules, key=lambda item: (item.module.name, item.tree_path))
        ),
        libraries=tuple(sorted(place(Origin.DISTRIBUTION, path, feature) for i in done.images for path in i.paths)),
        images={
            path: (image.owners[0], image.paths[0]) for path, image in zip(done.objects, done.images, strict=False)
        },
        locations={image.symbol: image.location for image in done.images},
        components=components,
        archives=archives if done.emulates else (),
        unexamined=done.unexamined,
        warnings=(
            *(
                f"{item.path} ({item.owner}) is left out, as the application may do without it: {item.reason}"
                for item in done.skipped
                if item.path not in renamed
            ),
            *(
                f"{item.user} names no library for {item.symbol}; it gets {item.library}, which alone has it"
                for item in done.guessed
            ),
        ),
    )


_ADDED_FOLDER = "castiron.libs"
"""Where libraries of no distribution seem to be, below site-packages: beside those of wheels (``numpy.libs``)."""


def compiler_libraries(
    manifest: Manifest, target: Target, reporter: Reporter
) -> tuple[tuple[LibraryFile, ...], tuple[Component, ...]]:
    """Return GCC's run-time libraries and their component, if shared objects need them and no distribution has them."""
    from castiron_wheels.compiler_libraries import lacking, runtime_for

    files: list[LibraryFile] = []
    components: list[Component] = []
    for libc in filter(None, (target.libc.name, target.libc.emulated)):
        lacks = lacking(manifest.natives, target, libc)
        if not lacks:
            continue
        from castiron_link.absorb import LibraryFile
        from castiron_wheels.gcc_runtime import gcc_component, gcc_libraries

        libraries = gcc_libraries(target, libc=libc, needed=" and ".join(lacks), reporter=reporter)
        runtime = runtime_for(target, libc)
        assert runtime is not None, "gcc_libraries refuses targets without"
        component = gcc_component(runtime)
        components.append(component)
        folder = _ADDED_FOLDER if libc == target.libc.name else f"{_ADDED_FOLDER}/{libc}"
        files += [
            LibraryFile(
                path=f"{folder}/{library.name}",
                owner=component.name,
                sha256=library.sha256,
                location=library.location,
                libc=libc,
            )
            for library in libraries
        ]
    return tuple(files), tuple(components)


def stand_ins(manifest: Manifest, wanted: Collection[str], pack: Pack, reporter: Reporter) -> tuple[Path, ...]:
    """Return the archive of the emulated C library's functions if one of the wanted shared objects needs it."""
    emulated = pack.target.libc.emulated
    if not emulated or not any(native.libc == emulated and native.path in wanted for native in manifest.natives):
        return ()
    from castiron_runtime.packs import glibc_archive

    return (glibc_archive(pack, reporter=reporter),)


def _own_libraries(manifest: Manifest, work: Path) -> dict[str, Path]:
    """Write the application's shared objects, which the manifest carries, where they can be read: path -> file."""
    own = [native for native in manifest.natives if native.origin is Origin.APP]
    blobs = dict(manifest.blobs) if own else {}
    files: dict[str, Path] = {}
    for native in own:
        files[native.path] = work / f"{native.sha256}.so"
        files[native.path].write_bytes(blobs[native.sha256])
    return files


def provided_extensions(manifest: Manifest, tree: Tree) -> frozenset[str]:
    """Return the built-in modules that go in because a shared object needs the library they are made with."""
    if not wanted_natives(manifest, tree):
        return frozenset()
    return system_libraries().modules({name for native in manifest.natives for name in native.needed})


def certain_natives(manifest: Manifest, tree: Tree) -> frozenset[str]:
    """Return the paths of the extension modules that run whenever the application starts.

    Those are imported by a chain of plain imports from the entry; any other import may be one that the application does
    without (in a function, or inside try/except).
    """
    modules = {module.name: module for module in manifest.modules}
    certain: dict[str | None, bool] = {None: True}

    def is_certain(name: str) -> bool:
        chain: list[str] = []
        current: str | None = name
        while current not in certain:
            module = modules.get(str(current))
            if module is None or str(current) in chain:
                certain[current] = True
                break
            chain.append(str(current))
            if module.via is not None and module.via.tier is not Tier.REQUIRED:
                certain[current] = False
                break
            current = None if module.via is None else module.via.importer
        for link in chain:
            certain[link] = certain[current]
        return certain[current]

    return frozenset(str(item.module.path) for item in tree.extensions if is_certain(item.module.name))


def wanted_natives(manifest: Manifest, tree: Tree) -> frozenset[str]:
    """Return the paths of the shared objects that go in; what they need comes along.

    Those are the extension modules of the tree, libraries that are no module (somebody opens them, or nobody can tell),
    and, of distributions whose code opens libraries by path, also modules that nobody imports.
    """
    imported = {item.module.path for item in tree.extensions}
    unimported = {
        native.distribution for native in manifest.natives if native.module is not None and native.path not in imported
    }
    opening: set[str] = set()
    for item in tree.modules:
        owner = item.module.distribution
        # Only where it matters, and until it is known: the sources of a large application take 0.2 s.
        if owner in unimported and owner not in opening and opens_libraries(item.source):
            opening.add(owner)
    needed = {name for native in manifest.natives for name in native.needed}
    return frozenset(
        native.path
        for native in manifest.natives
        if native.path in imported
        or (native.module is None and native.soname not in needed)
        or (native.module is not None and native.distribution in opening)
    )


def by_own_suffix(manifest: Manifest, tree: Tree, wanted: Collection[str], target: Target) -> dict[str, Native]:
    """Return second names of libraries that were named as extension modules for the emulated C library are.

    Code that opens such a library asks the interpreter how names of extension modules end, and is told the target's
    own ending.  What is imported, and not opened, is found by either.
    """
    if not target.wheels.emulated_triple:
        return {}
    feature = manifest.target.python
    theirs, ours = extension_suffix(target.wheels.emulated_triple, feature), extension_suffix(target, feature)
    imported = {item.module.path for item in tree.extensions}
    names = {
        native.path.removesuffix(theirs) + ours: native
        for native in manifest.natives
        if native.path in wanted
        and native.origin is Origin.DISTRIBUTION
        and native.path.endswith(theirs)
        and (native.module is None or native.path not in imported)
    }
    return {path: names[path] for path in sorted(names.keys() - {native.path for native in manifest.natives})}


def finds_symbols_by_name(tree: Tree, builtins: Collection[str]) -> bool:
    """Return whether the application may look up the program's own symbols: by ctypes, or a distribution like it."""
    if _CTYPES in builtins:
        return True
    extensions = {item.module.name for item in tree.extensions}
    return any(
        item.module.distribution != interface.distribution and interface.is_used(item.source)
        for interface in foreign_interfaces()
        if interface.module in extensions
        for item in tree.modules
    )
