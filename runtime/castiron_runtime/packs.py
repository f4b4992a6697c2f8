"""Opening runtime packs: the core on first need, then the extension modules and the interpreter that are asked for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root
from castiron_common.errors import ModuleMissingError, RuntimePackError
from castiron_common.target import PythonTarget
from castiron_runtime import first_stage, glibc, library, pack_reader, sources, stub
from castiron_runtime.builder_key import CPYTHON, INTERPRETER, LIBRARY, builder_key
from castiron_runtime.model import LinkInputs
from castiron_runtime.pack_reader import on_demand_extensions
from castiron_runtime.process import BuildLog, built, require_tools
from castiron_runtime.profiles import COUNTING, COUNTING_SOURCES, compilation, profile_of
from castiron_runtime.recipe import (
    build_key,
    cpython_recipe,
    extension_key,
    filled,
    load_recipe,
    recipe_names,
    supported_pythons,
)
from castiron_runtime.target_files import FOLDER
from castiron_runtime.toolchain import compiling, compiling_key, open_toolchain, toolchain_key
from castiron_runtime.zig import find_zig

if TYPE_CHECKING:
    from collections.abc import Collection

    from castiron_common.progress import Reporter
    from castiron_common.target import Target
    from castiron_runtime.library import Library
    from castiron_runtime.model import Component, Pack, Toolchain
    from castiron_runtime.profiles import Profile, ProfileRuntime
    from castiron_runtime.recipe import ExtensionRecipe, Recipe
    from castiron_runtime.sources import Source

_ALLOCATOR = "mimalloc"
"""Component of the stub's allocator; its recipe serves the series of CPython that do not bring it."""
_INTERPRETERS_ALLOCATOR = Path(__file__).parent / "interpreter_files" / "allocator.c"
_DECOMPRESSOR = "zstd"
"""Component that executables of the small profile decompress by."""
_MATH = "{libc}-math"
"""Recipe of what takes the place of less exact functions in the toolchain's copy of the C library."""


def python_version(python: str) -> str:
    """Return the full version that a pack for this series has, without opening it: ``3.13.15``.

    It is that of the source that was chosen, else of the recipe's first; ``X.Y.0`` for a version without a recipe.
    """
    if python not in supported_pythons():
        return f"{python}.0"
    recipe = cpython_recipe(python)
    known = sources.recorded(recipe)
    return known.version if known is not None else recipe.pins[0].version


def python_target(target: Target, python: str) -> PythonTarget:
    """Return a series on a target, with the version that its pack has or will have."""
    return PythonTarget(target=target, python=python, version=python_version(python))


def open_pack(
    python: str,
    target: Target,
    *,
    pie: bool = False,
    profile: Profile | None = None,
    counting: ProfileRuntime | None = None,
    reporter: Reporter,
) -> Pack:
    """Return the runtime pack of a series of CPython; builds its toolchain and CPython's core on first need.

    ``pie``: the one whose objects are for position-independent executables; nothing else differs.  ``profile``: one
    instead of that which comes with Castiron.  ``counting``: a pack for a training run, whose code counts.
    Raises `RuntimePackError` for a series without a recipe, and for a failed build; `HostToolError` for a missing
    program.
    """
    recipe = filled(cpython_recipe(python), target)
    source = _source(recipe, reporter)
    how = COUNTING if counting else compilation(profile or profile_of(recipe.name))
    tools = compiling_key(toolchain_key(find_zig(), target, pie=pie), how)
    key = component_key(recipe, source, target.compiler.optimiser, builder=CPYTHON, toolchain=tools)
    entry = cache_root() / "components" / f"cpython-{source.version}-{key[:16]}"
    if not entry.is_dir():
        require_tools(*recipe.tools)
    toolchain = open_toolchain(target, pie=pie, reporter=reporter)
    profiled = compiling(toolchain, how)

    def build(making: Path) -> None:
        from castiron_runtime import cpython, pack_writer, standalone

        kind = ", position-independent" if pie else ""
        with reporter.task(f"CPython {source.version}{kind}", estimate=recipe.estimate) as task:
            sources.require_intact(recipe, source, task=task)
            if not how.flags:
                task.note(f"There is no profile for {recipe.name}: it is compiled without one and runs slower.")
            zig = find_zig()
            log = BuildLog("cpython")
            result = cpython.build(recipe, source, profiled, zig, making, counting=counting, task=task, log=log)
            pack_writer.write(making, recipe, source, result, zig=zig, key=key)
            pack = pack_reader.read(making, toolchain, profiled)
            ready = [extension for extension in pack.extensions.values() if not extension.on_demand]
            document = standalone.python_document(pack, ready, pack.components)
            (making / standalone.FILE).write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")

    built(entry, target, build)
    return pack_reader.read(entry, toolchain, profiled)


def _source(recipe: Recipe, reporter: Reporter) -> Source:
    known = sources.recorded(recipe)
    if known is not None:
        return known
    with reporter.task(f"source of {recipe.name}", estimate=10) as task:
        return sources.fetch(recipe, task=task)


def component_key(
    recipe: Recipe, source: Source, needs: tuple[str, ...], *, builder: tuple[str, ...], toolchain: str
) -> str:
    """Return the content key of a built component: recipe, source, toolchain, builder, ``needs`` (keys, options)."""
    parts = (build_key(recipe), source.sha256, toolchain, builder_key(builder), *needs)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def component(name: str, pack: Pack, *, reporter: Reporter) -> Library:
    """Return a component other than CPython, by the name of its recipe, for a pack; builds it on first need."""
    return component_by(name, pack.toolchain, pack.profiled, reporter=reporter)


def component_by(name: str, toolchain: Toolchain, profiled: Toolchain, *, reporter: Reporter) -> Library:
    """Return a component that is built by a toolchain, or by ``profiled`` where its recipe asks for a profile."""
    recipe = filled(load_recipe(name), toolchain.target)
    used = profiled if recipe.library.profiled else toolchain
    needed = tuple(component_by(need, toolchain, profiled, reporter=reporter) for need in recipe.needs)
    source = _source(recipe, reporter)
    keys = tuple(need.key for need in needed)
    key = component_key(recipe, source, keys, builder=LIBRARY, toolchain=used.key)
    entry = cache_root() / "components" / f"{name}-{source.version}-{key[:16]}"

    def build(making: Path) -> None:
        from castiron_runtime import library_build

        require_tools(*recipe.tools)
        with reporter.task(f"{name} {source.version}", estimate=recipe.estimate) as task:
            sources.require_intact(recipe, source, task=task)
            log = BuildLog(name)
            library_build.build(recipe, source, toolchain, needed, making, profiled=used, task=task, log=log)

    built(entry, toolchain.target, build)
    return library.read(entry, key)


def provide(pack: Pack, extensions: Collection[str], *, reporter: Reporter) -> LinkInputs:
    """Return what linking these extension modules of the standard library needs; builds components on first need.

    Raises `ModuleMissingError` for a name that the pack does not offer.
    """
    unknown = sorted(set(extensions) - set(pack.extensions))
    if unknown:
        raise ModuleMissingError(
            f"The runtime pack has no extension module {', '.join(unknown)}.",
            hint="castiron runtime info lists those it has.",
        )
    recipes = {recipe.name: recipe for recipe in on_demand_extensions(pack.feature, pack.target)}
    archives: dict[Path, tuple[str, ...]] = {}
    components = dict(pack.components)
    chosen = []
    for name in sorted(set(extensions)):
        extension = pack.extensions[name]
        if extension.on_demand:
            recipe = recipes[name]
            libraries = tuple(component(item, pack, reporter=reporter) for item in recipe.components)
            own = _extension_archive(recipe, libraries, pack, reporter)
            files: dict[Path, tuple[str, ...]] = {own: ("cpython",)}
            files |= {path: (library.component.name,) for library in libraries for path in library.archives}
            components |= {library.component.name: library.component for library in libraries}
            extension = replace(
                extension,
                archives=tuple(files),
                components=tuple(sorted({"cpython", *(library.component.name for library in libraries)})),
            )
        else:
            files = {path: pack.owners[path] for path in extension.archives}
        chosen.append(extension)
        # What others depend on must come after them: a library asked for twice moves to the end.
        for path, owner in files.items():
            archives.pop(path, None)
            archives[path] = owner
    # Before the toolchain's own libraries, which come last in a link.
    libc = pack.target.libc.name
    for path in component(_MATH.format(libc=libc), pack, reporter=reporter).archives:
        archives[path] = (libc,)
    used = {name for extension in chosen for name in extension.components}
    always = {"cpython", *(name for path in pack.toolchain.libraries for name in pack.owners[path])}
    return LinkInputs(
        archives=tuple(archives),
        components=tuple(components[name] for name in sorted(used | always)),
        owners={path: pack.owners[path] for path in (*pack.core, *pack.toolchain.libraries, pack.toolchain.crt1)}
        | archives,
        extensions=tuple(chosen),
    )


def with_decompressor(inputs: LinkInputs, pack: Pack, *, reporter: Reporter) -> tuple[LinkInputs, Path]:
    """Return the inputs of a small executable's link, and its first stage (`castiron_runtime.first_stage`).

    The inputs have the library that the stub decompresses by; its component owns what of the first stage is not ours.
    """
    library = component(_DECOMPRESSOR, pack, reporter=reporter)
    stage = first_stage.first_stage(pack.toolchain, library, reporter=reporter)
    added = replace(
        inputs,
        archives=(*library.archives, *inputs.archives),
        components=(*inputs.components, library.component),
        owners={**inputs.owners, **dict.fromkeys((*library.archives, stage), (library.component.name,))},
    )
    return added, stage


def stub_archive(pack: Pack, *, reporter: Reporter) -> Path:
    """Return ``libcastiron.a`` for a pack, compiled if its sources, settings or the pack are new."""
    return stub.stub_archive(pack, stub_allocator(pack, reporter=reporter), reporter=reporter)


def glibc_archive(pack: Pack, *, reporter: Reporter) -> Path:
    """Return ``libcastiron_gnu.a`` for a pack: what stands for glibc's functions in images that were linked against it.

    Raises `RuntimePackError` for a target whose part of it is not written.
    """
    if not glibc.is_available(pack.target):
        raise RuntimePackError(
            f"There are no stand-ins for glibc's functions on {pack.target}.",
            hint="Use distributions with wheels for the target's C library.",
        )
    return glibc.glibc_archive(pack.toolchain, reporter=reporter)


def stub_components(pack: Pack, *, reporter: Reporter) -> dict[str, Component]:
    """Return the members of the stub's archive that hold the code of others, each with whose it is."""
    return {stub.ALLOCATOR_MEMBER: stub_allocator(pack, reporter=reporter).component}


def stub_allocator(pack: Pack, *, reporter: Reporter) -> stub.Allocator:
    """Return the sources of mimalloc that the stub of a pack is compiled with: CPython's copy, or the recipe's."""
    if (own := pack.components.get(_ALLOCATOR)) is not None:
        include = pack.internal_include / "mimalloc"
        return stub.Allocator(source=pack.source / "Objects", include=include, component=own, key="")
    found = component(_ALLOCATOR, pack, reporter=reporter)
    files = found.root / "files"
    return stub.Allocator(source=files, include=found.include, component=found.component, key=found.key)


def _extension_archive(recipe: ExtensionRecipe, libraries: tuple[Library, ...], pack: Pack, reporter: Reporter) -> Path:
    parts = (pack.id, builder_key(LIBRARY), extension_key(recipe), *(item.key for item in libraries))
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    entry = cache_root() / "components" / f"extension-{recipe.name}-{key[:16]}"

    def build(making: Path) -> None:
        from castiron_runtime import library_build

        with reporter.task(f"module {recipe.name}", estimate=3 * len(recipe.sources)):
            library_build.build_extension(recipe, libraries, pack, making, log=BuildLog(f"extension-{recipe.name}"))

    return built(entry, pack.target, build) / f"lib{recipe.name}.a"


def interpreter(pack: Pack, *, full: bool, counting: ProfileRuntime | None = None, reporter: Reporter) -> Path:
    """Return the target's runnable ``python``; links it on first need.

    ``full=False``: CPython with what needs no other component than zlib; ``full=True``: with every extension module.
    """
    wanted = [extension.name for extension in pack.extensions.values() if full or not extension.on_demand]
    inputs = provide(pack, {*wanted, "binascii", "zlib"}, reporter=reporter)
    name = pack.target.libc.name
    # libc.so has its own mathematics.
    archives = [path for path in inputs.archives if inputs.owners[path] != (name,)]
    libc = component(name, pack, reporter=reporter)
    zlib = component("zlib", pack, reporter=reporter)
    allocator = stub_allocator(pack, reporter=reporter)
    folder = cache_root() / "components"
    # The program names its loader by an absolute path, so a cache that was moved needs another interpreter.
    parts = (
        pack.id,
        libc.key,
        builder_key(INTERPRETER),
        allocator.key,
        _helpers_key(pack.target, counting),
        str(folder),
        *map(str, archives),
    )
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    entry = folder / f"interpreter-{pack.python_version}-{'full' if full else 'base'}-{key[:16]}"

    def build(making: Path) -> None:
        from castiron_runtime import interpreter as interpreters

        with reporter.task(f"target interpreter ({'full' if full else 'base'})", estimate=30) as task:
            foreign = [path for path in inputs.owners if path in archives and "cpython" not in inputs.owners[path]]
            always = [extension for extension in pack.extensions.values() if extension.always]
            extensions = {item.name: item for item in (*always, *inputs.extensions)}
            interpreters.build(
                pack,
                list(extensions.values()),
                libraries=foreign,
                libc=libc,
                shared=(zlib.root / "files" / "libz.so.1",),
                allocator=allocator,
                allocator_file=_INTERPRETERS_ALLOCATOR,
                counting=counting,
                making=making,
                final=entry,
                task=task,
                log=BuildLog("interpreter"),
            )

    return built(entry, pack.target, build) / "bin" / f"python{pack.feature}"


def _helpers_key(target: Target, counting: ProfileRuntime | None) -> str:
    """Return a hash of the files that are compiled into the target's interpreter."""
    files = [_INTERPRETERS_ALLOCATOR, *(FOLDER / name for name in target.sources.interpreter)]
    if counting:
        files += [COUNTING_SOURCES / "main.c", counting.library]
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryRow:
    """One recipe, and what of it is in the cache."""

    recipe: str
    version: str
    """That was chosen, else the first pinned one."""
    license: str
    modules: tuple[str, ...]
    """Extension modules of the standard library that need it."""
    built: tuple[Path, ...]
    """Entries in the cache, of any key; sorted."""


def inventory() -> tuple[InventoryRow, ...]:
    """Return what can be built and what is built, without building or fetching anything."""
    rows = []
    for name in recipe_names():
        recipe = load_recipe(name)
        known = sources.recorded(recipe)
        version = known.version if known else recipe.pins[0].version
        stem = "cpython" if name.startswith("cpython-") else name
        built = sorted(path for path in (cache_root() / "components").glob(f"{stem}-{version}-*") if path.is_dir())
        rows.append(
            InventoryRow(
                recipe=name,
                version=version,
                license=recipe.license.expression,
                modules=tuple(extension.name for extension in recipe.extensions),
                built=tuple(built),
            )
        )
    return tuple(rows)


def forget_sources() -> None:
    """Forget every choice of a source archive that stands in for pinned ones; the next build looks for those again."""
    for name in recipe_names():
        recipe = load_recipe(name)
        known = sources.recorded(recipe)
        if known is not None and not known.pinned:
            sources.forget(recipe)
