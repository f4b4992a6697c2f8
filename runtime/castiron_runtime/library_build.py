"""Building the components that a recipe's ``[build]`` table describes: libraries, and extension modules on top of them.

Four verbs, in this order: ``write`` (generated files), ``commands`` (configure, make), ``archive`` (static libraries,
compiled by us from listed sources or taken from what the commands built), ``headers`` and ``files`` (what is kept).
"""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from castiron_common.errors import RuntimePackError
from castiron_common.pools import thread_pool
from castiron_elf.archive import read_members
from castiron_runtime import licenses, pack_writer
from castiron_runtime.build_environment import clean_environment
from castiron_runtime.build_tools import write_tools
from castiron_runtime.compiler import HARDENING
from castiron_runtime.process import BuildLog, jobs
from castiron_runtime.recipe import late
from castiron_runtime.source_archive import unpack
from castiron_runtime.static_library import write_archive
from castiron_runtime.zig import find_zig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from castiron_common.progress import Task
    from castiron_runtime.library import Library
    from castiron_runtime.model import Pack, Toolchain
    from castiron_runtime.recipe import Build, ExtensionRecipe, Recipe, WrittenFile
    from castiron_runtime.sources import Source


def build(
    recipe: Recipe,
    source: Source,
    toolchain: Toolchain,
    needs: Sequence[Library],
    making: Path,
    *,
    profiled: Toolchain,
    task: Task,
    log: BuildLog,
) -> None:
    """Build a component into ``making``: ``lib``, ``include``, ``files``, ``licenses`` and ``component.json``.

    ``profiled`` compiles what we compile ourselves, ``toolchain`` is what the component's own build calls.
    The headers and archives of the components it needs are found by its compiler calls.
    """
    zig = find_zig()
    work = making / "work"
    work.mkdir()
    task.step("unpacking")
    tree = unpack(source.path, work)
    table = recipe.library
    tools = work / "tools"
    write_tools(toolchain, tools, prefix_maps={tree: recipe.name})
    environment = clean_environment(
        {
            "CC": "cc",
            "AR": "ar",
            "RANLIB": "ranlib",
            "CFLAGS": shlex.join((*toolchain.cflags, *_hardening(table), *table.cflags)),
            "CPPFLAGS": shlex.join(f"-I{need.include}" for need in needs),
            "LDFLAGS": shlex.join(f"-L{need.root / 'lib'}" for need in needs),
            "PKG_CONFIG": "false",
        }
    )
    environment["PATH"] = f"{tools}:{environment['PATH']}"
    for entry in table.write:
        _write(tree, entry, source.version)
    values = {"jobs": str(jobs()), "compiler_rt": str(toolchain.libraries[-1]), "version": source.version}
    for command in table.commands:
        words = [late(word, values) for word in command]
        task.step(" ".join(words[:2]))
        log.run(words, cwd=tree, env=environment, live=True)
    (making / "lib").mkdir()
    for archive in table.archive:
        task.step(archive.name)
        if archive.source is not None:
            members = read_members(tree / archive.source)
        else:
            flags = (*_hardening(table), *archive.flags)
            maps = {tree: recipe.name}
            members = compile_objects(profiled, tree, archive.sources, flags, work, maps=maps, log=log)
        write_archive(zig, making / "lib" / archive.name, members, log=log)
    _keep(tree, table.headers, making / "include")
    _keep(tree, table.files, making / "files")
    component = licenses.describe(recipe.license, tree, version=source.version, source_sha256=source.sha256)
    pack_writer.write_licenses(making / "licenses", (component,))
    document = {
        "archives": [archive.name for archive in table.archive],
        "component": pack_writer.component_entry(component),
    }
    (making / "component.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    shutil.rmtree(work)


def _hardening(table: Build) -> tuple[str, ...]:
    """Return the flags that harden a component, unless its recipe says ``hardening = false``."""
    return HARDENING if table.hardening else ()


def build_extension(
    extension: ExtensionRecipe,
    libraries: Sequence[Library],
    pack: Pack,
    making: Path,
    *,
    log: BuildLog,
) -> None:
    """Compile an extension module of the standard library into ``making``/lib<name>.a."""
    modules = pack.source / "Modules"
    flags = (
        *HARDENING,
        "-std=c11",
        "-fvisibility=hidden",
        "-fno-strict-overflow",
        "-Wno-unused-parameter",
        "-DPy_BUILD_CORE_BUILTIN",
        f"-I{pack.include}",
        f"-I{pack.internal_include}",
        f"-I{modules}",
        *(f"-I{library.include}" for library in libraries),
        *extension.flags,
    )
    maps = {pack.root: "cpython"} | {library.root: library.component.name for library in libraries}
    work = making / "work"
    work.mkdir()
    members = compile_objects(pack.profiled, modules, extension.sources, flags, work, maps=maps, log=log)
    write_archive(find_zig(), making / f"lib{extension.name}.a", members, log=log)
    shutil.rmtree(work)


def compile_objects(
    toolchain: Toolchain,
    tree: Path,
    patterns: Sequence[str],
    flags: Sequence[str],
    work: Path,
    *,
    maps: Mapping[Path, str],
    log: BuildLog,
) -> list[tuple[str, bytes]]:
    """Compile C and assembly files of ``tree``, by pattern; return member names and objects in the recipe's order."""
    sources: list[Path] = []
    for pattern in patterns:
        found = sorted(tree.glob(pattern))
        if not found:
            raise RuntimePackError(
                f"The source tree of {log.component} has no {pattern}.", hint="Correct the recipe for this version."
            )
        sources += [path for path in found if path not in sources]
    options = [*toolchain.cflags, *flags, *(f"-ffile-prefix-map={path}={maps[path]}" for path in maps)]
    environment = clean_environment()

    def compile_one(numbered: tuple[int, Path]) -> tuple[str, bytes]:
        number, source = numbered
        target = work / f"{number}.o"
        log.run([*toolchain.cc, *options, "-c", source, "-o", target], cwd=tree, env=environment)
        data = target.read_bytes()
        target.unlink()
        return str(source.relative_to(tree).with_suffix(".o")).replace("/", "-"), data

    with thread_pool(jobs()) as pool:
        return list(pool.map(compile_one, enumerate(sources)))


def _write(tree: Path, file: WrittenFile, version: str) -> None:
    values = {"version": version}
    text = late(file.text, values) if file.text is not None else (tree / str(file.source)).read_text()
    for old, new in file.replaced.items():
        if old not in text:
            raise RuntimePackError(
                f"{file.source or file.path} has no {old!r} to replace.", hint="Correct the recipe for this version."
            )
        text = text.replace(old, late(new, values))
    (tree / file.path).write_text(text)


def _keep(tree: Path, patterns: Sequence[str], folder: Path) -> None:
    """Copy ``pattern`` or ``pattern:subfolder`` into ``folder``."""
    for item in patterns:
        pattern, _, sub = item.partition(":")
        target = folder / PurePosixPath(sub)
        target.mkdir(parents=True, exist_ok=True)
        found = sorted(tree.glob(pattern))
        if not found:
            raise RuntimePackError(f"The build made no {pattern}.", hint="Correct the recipe for this version.")
        for path in found:
            shutil.copyfile(path, target / path.name)
