"""Building the components that a recipe's ``[build]`` table describes: libraries, and extension modules on top of them.

Four verbs, in this order: ``write`` (generated files), ``commands`` (configure, make), ``archive`` (static libraries,
compiled by us from listed sources or taken from what the commands built), ``headers`` and ``files`` (what is kept).
"""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from castiron_common.errors import RuntimePackError
from castiron_common.pools import thread_pool
from castiron_elf.archive import read_members
from castiron_runtime import archives, description, licenses
from castiron_runtime.process import BuildLog, clean_environment, jobs
from castiron_runtime.toolchain import HARDENING, find_zig, write_archive, write_tools

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from castiron_common.progress import Task
    from castiron_runtime.library import Library
    from castiron_runtime.model import Pack, Toolchain
    from castiron_runtime.recipe import ExtensionRecipe, Recipe
    from castiron_runtime.sources import Source


def build(
    recipe: Recipe,
    source: Source,
    toolchain: Toolchain,
    needs: Sequence[Library],
    making: Path,
    *,
    task: Task,
    log: BuildLog,
) -> None:
    """Build a component into ``making``: ``lib``, ``include``, ``files``, ``licenses`` and ``component.json``.

    The headers and archives of the components it needs are found by its compiler calls.
    """
    zig = find_zig()
    work = making / "work"
    work.mkdir()
    task.step("unpacking")
    tree = archives.unpack(source.path, work)
    table = recipe.build
    tools = work / "tools"
    write_tools(toolchain, tools, prefix_maps={tree: recipe.name})
    environment = clean_environment(
        {
            "CC": "cc",
            "AR": "ar",
            "RANLIB": "ranlib",
            "CFLAGS": shlex.join((*toolchain.cflags, *_hardening(table), *table.get("cflags", ()))),
            "CPPFLAGS": shlex.join(f"-I{need.include}" for need in needs),
            "LDFLAGS": shlex.join(f"-L{need.root / 'lib'}" for need in needs),
            "PKG_CONFIG": "false",
        }
    )
    environment["PATH"] = f"{tools}:{environment['PATH']}"
    for entry in table.get("write", ()):
        _write(tree, entry, source.version)
    fills = {"jobs": str(jobs()), "compiler_rt": str(toolchain.libraries[-1])}
    for command in table.get("commands", ()):
        words = [word.format(**fills) for word in command]
        task.step(" ".join(words[:2]))
        log.run(words, cwd=tree, env=environment, live=True)
    (making / "lib").mkdir()
    for entry in table.get("archive", ()):
        task.step(entry["name"])
        if "from" in entry:
            members = read_members(tree / entry["from"])
        else:
            flags = [*_hardening(table), *entry.get("flags", ())]
            own = {**entry, "flags": flags}
            members = compile_objects(toolchain, tree, own, work, maps={tree: recipe.name}, log=log)
        write_archive(zig, making / "lib" / entry["name"], members, log=log)
    _keep(tree, table.get("headers", ()), making / "include")
    _keep(tree, table.get("files", ()), making / "files")
    component = licenses.describe(recipe.license, tree, version=source.version, source_sha256=source.sha256)
    description.write_licenses(making / "licenses", (component,))
    document = {
        "archives": [entry["name"] for entry in table.get("archive", ())],
        "component": description.component_entry(component),
    }
    (making / "component.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    shutil.rmtree(work)


def _hardening(table: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the flags that harden a component, unless its recipe says ``hardening = false``."""
    return HARDENING if table.get("hardening", True) else ()


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
    entry = {
        "sources": list(extension.sources),
        "flags": [
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
        ],
    }
    maps = {pack.root: "cpython"} | {library.root: library.component.name for library in libraries}
    work = making / "work"
    work.mkdir()
    members = compile_objects(pack.toolchain, modules, entry, work, maps=maps, log=log)
    write_archive(find_zig(), making / f"lib{extension.name}.a", members, log=log)
    shutil.rmtree(work)


def compile_objects(
    toolchain: Toolchain,
    tree: Path,
    entry: Mapping[str, Any],
    work: Path,
    *,
    maps: Mapping[Path, str],
    log: BuildLog,
) -> list[tuple[str, bytes]]:
    """Compile C and assembly files of ``tree``, by pattern; return member names and objects in the recipe's order."""
    sources: list[Path] = []
    for pattern in entry["sources"]:
        found = sorted(tree.glob(pattern))
        if not found:
            raise RuntimePackError(
                f"The source tree of {log.component} has no {pattern}.", hint="Correct the recipe for this version."
            )
        sources += [path for path in found if path not in sources]
    options = [*toolchain.cflags, *entry.get("flags", ()), *(f"-ffile-prefix-map={path}={maps[path]}" for path in maps)]
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


def _write(tree: Path, entry: Mapping[str, Any], version: str) -> None:
    text = entry["text"] if "text" in entry else (tree / entry["from"]).read_text()
    for old, new in entry.get("replace", {}).items():
        if old not in text:
            raise RuntimePackError(
                f"{entry['from']} has no {old!r} to replace.", hint="Correct the recipe for this version."
            )
        text = text.replace(old, new.replace("{version}", version))
    (tree / entry["path"]).write_text(text)


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
