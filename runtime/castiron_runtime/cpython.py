"""Building CPython: the static libraries of the interpreter and of each extension module, and its library tree."""

from __future__ import annotations

import ast
import fnmatch
import re
import shlex
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from castiron_common.errors import RuntimePackError
from castiron_common.target import extension_suffix
from castiron_runtime import licenses, link_time, source_changes
from castiron_runtime.build_environment import clean_environment
from castiron_runtime.build_tools import write_tools
from castiron_runtime.compiler import HARDENING
from castiron_runtime.process import BuildLog, jobs
from castiron_runtime.source_archive import unpack
from castiron_runtime.static_library import write_archive

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from castiron_common.progress import Task
    from castiron_common.target import Target
    from castiron_runtime.model import Component, Toolchain
    from castiron_runtime.profiles import ProfileRuntime
    from castiron_runtime.recipe import InnerArchive, Recipe
    from castiron_runtime.sources import Source
    from castiron_runtime.zig import Zig

_MODULE_TABLE = "Modules/config.o"
_FROZEN_TABLE = "Python/frozen.o"
"""Objects that hold the tables of modules: every binary has its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltExtension:
    """An extension module as the build left it."""

    name: str
    init: str
    libraries: tuple[str, ...]
    """File names in ``build/lib``."""
    components: tuple[str, ...]
    always: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltPython:
    """What the description of the pack is made from."""

    core: str
    frozen: str
    extensions: tuple[BuiltExtension, ...]
    owners: Mapping[str, tuple[str, ...]]
    components: tuple[Component, ...]


def build(
    recipe: Recipe,
    source: Source,
    toolchain: Toolchain,
    zig: Zig,
    making: Path,
    *,
    counting: ProfileRuntime | None,
    task: Task,
    log: BuildLog,
) -> BuiltPython:
    """Build CPython into ``making``: ``build/lib``, ``install``, ``source``; return what was built.

    ``counting``: what the programs that the build links and runs need if the toolchain makes code that counts; such
    code is not optimised at link time.
    """
    work = making / "work"
    work.mkdir()
    task.step("unpacking")
    tree = unpack(source.path, work)
    changed = source_changes.apply(recipe.cpython.changes, tree, task=task)
    feature = recipe.cpython.feature
    built = work / "b"
    built.mkdir()
    tools = work / "tools"
    write_tools(toolchain, tools, prefix_maps={tree: "cpython", built: "build"})
    environment = clean_environment(
        {
            "CC": "cc",
            "AR": "ar",
            "RANLIB": "ranlib",
            "READELF": "false",
            # Not CFLAGS: sysconfig hands those on to everyone who compiles extension modules.
            "CFLAGS_NODIST": shlex.join((*toolchain.cflags, *(() if counting else link_time.FLAGS))),
            "LDFLAGS_NODIST": shlex.join(counting.link_words if counting else ()),
            # Else the host's libraries are found.
            "PKG_CONFIG": "false",
            "MODULE_BUILDTYPE": "static",
            "CONFIG_SITE": str(_write_site(recipe, work)),
        }
    )
    environment["PATH"] = f"{tools}:{environment['PATH']}"
    task.step("configure")
    place_setup(recipe, built)
    log.run(configure_command(recipe, toolchain.target, tree.name), cwd=built, env=environment, live=True)
    _check_configuration(built / "pyconfig.h")
    task.step("compiling")
    variables = makefile_variables((built / "Makefile").read_text())
    _harden(built / "Makefile", recipe.cpython.hardened, variables)
    library = f"libpython{feature}.a"
    targets = [library, *(archive.path for archive in recipe.cpython.archives), "python", "pybuilddir.txt"]
    log.run(["make", f"-j{jobs()}", *targets], cwd=built, env=environment, live=True)
    task.step("archiving")
    if variables.get("EXT_SUFFIX") != extension_suffix(toolchain.target, feature):
        raise RuntimePackError(
            f"CPython calls its extension modules {variables.get('EXT_SUFFIX')!r}: no wheel for the target has such.",
            hint=f"The configuration is in {log.path}.",
        )
    components = _components(recipe, source, tree, changed=changed)
    folder = making / "build" / "lib"
    archives = _Archives(
        recipe=recipe, toolchain=toolchain, zig=zig, built=built, folder=folder, optimised=counting is None, log=log
    )
    folder.mkdir(parents=True)
    result = _archive(recipe, archives, components=components, variables=variables)
    _install(recipe, tree, built, making)
    shutil.rmtree(work)
    return result


def configure_command(recipe: Recipe, target: Target, tree: str) -> list[str]:
    """Return the command line of configure, to be run in a folder beside the source tree of that name."""
    # By its relative path: srcdir is compiled into getpath.
    return [f"../{tree}/configure", f"--host={target}", f"--build={target}", *recipe.cpython.configure]


def _write_site(recipe: Recipe, work: Path) -> Path:
    site = work / "config.site"
    lines = (f"{key}={shlex.quote(value)}" for key, value in sorted(recipe.cpython.site.items()))
    site.write_text("\n".join(lines) + "\n")
    return site


def place_setup(recipe: Recipe, built: Path) -> None:
    """Let makesetup read a list of modules that configure writes but, in older series, does not hand to it.

    Source: the head of CPython 3.11's Modules/Setup.stdlib.in, which says to do this.
    """
    if (name := recipe.cpython.setup_local) is not None:
        (built / "Modules").mkdir()
        (built / "Modules" / "Setup.local").symlink_to(name)


def _check_configuration(header: Path) -> None:
    text = header.read_text()
    if re.search(r"^#define HAVE_ALIGNED_REQUIRED 1", text, re.MULTILINE) or not re.search(
        r"^#define Py_HASH_ALGORITHM 3$", text, re.MULTILINE
    ):
        raise RuntimePackError(
            "CPython's configure did not choose SipHash13 for strings.",
            hint="Report this, with the version of ziglang: the recipe's settings no longer have their effect.",
        )


def _harden(makefile: Path, names: Iterable[str], variables: Mapping[str, str]) -> None:
    """Harden the bundled code that reads what strangers send; ``names`` are the variables for its flags."""
    for name in names:
        if name not in variables:
            raise RuntimePackError(
                f"CPython's Makefile has no variable {name}.",
                hint="Correct the recipe: it does not fit this version of CPython.",
            )
    with makefile.open("a") as file:
        file.writelines(f"\n{name} += {shlex.join(HARDENING)}\n" for name in names)


def _components(recipe: Recipe, source: Source, tree: Path, *, changed: bool) -> tuple[Component, ...]:
    own = recipe.license
    if changed:
        own = replace(own, files=(*own.files, source_changes.NOTICE))
    facts = (own, *recipe.bundled)
    sha256 = source.sha256
    return tuple(licenses.describe(fact, tree, version=source.version, source_sha256=sha256) for fact in facts)


def makefile_variables(text: str) -> dict[str, str]:
    """Return the variables of a Makefile, unexpanded."""
    joined = text.replace("\\\n", " ")
    return {found[1]: found[2].strip() for found in re.finditer(r"^(\w+)[ \t]*=[ \t]*(.*)$", joined, re.MULTILINE)}


def frozen_objects(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the objects of frozen modules; until 3.12 these are compiled as well as listed in a table."""
    return (_FROZEN_TABLE, *_expand("$(DEEPFREEZE_OBJS)", variables).split())


def parse_setup(text: str) -> dict[str, tuple[str, ...]]:
    """Return module -> object files from a ``Modules/Setup`` file; only what stands under ``*static*`` or nothing.

    Source: the format is described in CPython's Modules/Setup.
    """
    modules: dict[str, tuple[str, ...]] = {}
    static = True
    for raw in text.replace("\\\n", " ").splitlines():
        line = raw.partition("#")[0].strip()
        if line.startswith("*"):
            static = line == "*static*"
        elif line and static and not re.match(r"\w+\s*=", line):
            name, *words = line.split()
            modules[name] = tuple(
                str(PurePosixPath("Modules") / PurePosixPath(word).with_suffix(".o"))
                for word in words
                if word.endswith(".c")
            )
    return modules


def parse_inittab(text: str) -> dict[str, str]:
    """Return module -> init function (empty for NULL) of a generated ``Modules/config.c``, in its order."""
    table = text.partition("_PyImport_Inittab[]")[2]
    return {name: "" if init == "NULL" else init for name, init in re.findall(r'\{"([^"]+)",\s*(\w+)\}', table)}


@dataclass(frozen=True, kw_only=True)
class _Archives:
    """Writes the pack's archives; knows whose the objects of each are."""

    recipe: Recipe
    toolchain: Toolchain
    zig: Zig
    built: Path
    folder: Path
    optimised: bool
    """Whether the objects of an archive become one, optimised as a whole."""
    log: BuildLog
    owners: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Of each archive that was written: the components that its objects are of."""

    @property
    def main(self) -> str:
        """The component that all objects are of that no other claims."""
        return self.recipe.license.name

    def owner(self, path: str) -> str:
        """Return the component that an object is of, by its path in the build."""
        return _owner(self.recipe, path, self.main)

    def write(self, name: str, paths: Iterable[str]) -> str:
        """Write an archive of these objects of the build; return its name."""
        paths = list(paths)
        self.owners[name] = tuple(sorted({self.owner(path) for path in paths}))
        members = [(path.replace("/", "-"), (self.built / path).read_bytes()) for path in paths]
        if self.optimised:
            apart = {path.replace("/", "-") for path in self.recipe.cpython.apart}
            together = [member for member in members if member[0] not in apart]
            members = [
                # Reports know some code of other authors by the names of objects.
                self._whole(together[0][0] if len(together) == 1 else f"{name.removesuffix('.a')}.o", together),
                *(self._whole(member[0], [member]) for member in members if member[0] in apart),
            ]
        write_archive(self.zig, self.folder / name, members, log=self.log)
        return name

    def _whole(self, name: str, objects: list[tuple[str, bytes]]) -> tuple[str, bytes]:
        work = self.folder / "whole"
        work.mkdir()
        result = link_time.whole(self.toolchain, name, objects, work, log=self.log)
        work.rmdir()
        return result


def _archive(
    recipe: Recipe, archives: _Archives, *, components: tuple[Component, ...], variables: Mapping[str, str]
) -> BuiltPython:
    """Sort the objects into archives: the core, one for each extension module, one for each bundled component."""
    built = archives.built
    modules = parse_setup((built / "Modules" / "Setup.stdlib").read_text())
    inits = parse_inittab((built / "Modules" / "config.c").read_text())
    feature = recipe.cpython.feature
    objects = _library_objects(variables, f"libpython{feature}.a", built)
    main = archives.main
    inner: dict[str, list[str]] = {}
    for archive in recipe.cpython.archives:
        name = archives.write(PurePosixPath(archive.path).name, _inner_objects(archive, variables, built))
        for module in archive.modules:
            inner.setdefault(module, []).append(name)
    frozen = frozen_objects(variables)
    taken: set[str] = {_MODULE_TABLE, *frozen}
    extensions = []
    for name, init in sorted(inits.items()):
        files: tuple[str, ...] = ()
        if name in modules:
            # Bundled code goes into an archive of its own, so that a license report can tell it apart.
            own = [path for path in modules[name] if archives.owner(path) == main]
            others = [path for path in modules[name] if path not in own]
            taken.update(modules[name])
            files = (archives.write(f"lib{name}.a", own),) if own else ()
            if others:
                bundled = archives.owner(others[0])
                files = (*files, archives.write(f"lib{name}-{bundled}.a", others))
            files = (*files, *inner.get(name, ()))
        extensions.append(
            BuiltExtension(
                name=name,
                init=init,
                libraries=files,
                components=tuple(sorted({main, *(owner for file in files for owner in archives.owners[file])})),
                always=name not in modules,
            )
        )
    core_objects = tuple(path for path in objects if path not in taken)
    return BuiltPython(
        core=archives.write(f"libpython{feature}.a", core_objects),
        frozen=archives.write("libfrozen.a", frozen),
        extensions=tuple(extensions),
        owners=archives.owners,
        components=components,
    )


def _owner(recipe: Recipe, path: str, main: str) -> str:
    for facts in recipe.bundled:
        if any(fnmatch.fnmatchcase(path, pattern) for pattern in facts.archives):
            return facts.name
    return main


def _library_objects(variables: Mapping[str, str], name: str, built: Path) -> list[str]:
    """Return the objects of libpython, by path, as its Makefile rule lists them."""
    words = _expand("$(LIBRARY_OBJS)", variables).split()
    missing = [word for word in words if not (built / word).is_file()]
    if missing or len(words) < 100:
        raise RuntimePackError(
            f"CPython's Makefile lists {len(words)} objects for {name}, of which {len(missing)} are not there.",
            hint="Report this: the recipe does not fit this version of CPython.",
        )
    return words


def _inner_objects(archive: InnerArchive, variables: Mapping[str, str], built: Path) -> list[str]:
    words = _expand(f"$({archive.objects})", variables).split()
    if not words or not all((built / word).is_file() for word in words):
        raise RuntimePackError(
            f"CPython's Makefile does not say what {archive.path} consists of.",
            hint="Report this: the recipe does not fit this version of CPython.",
        )
    return words


def _expand(text: str, variables: Mapping[str, str]) -> str:
    for _ in range(20):
        expanded = re.sub(r"\$\((\w+)\)", lambda found: variables.get(found[1], ""), text)
        if expanded == text:
            break
        text = expanded
    return text


def _install(recipe: Recipe, tree: Path, built: Path, making: Path) -> None:
    """Lay out the library tree, the headers and the C sources."""
    feature = recipe.cpython.feature
    stdlib = making / "install" / "lib" / f"python{feature}"
    leave_out = {PurePosixPath(path) for path in recipe.cpython.leave_out}

    def ignored(folder: str, names: list[str]) -> list[str]:
        here = PurePosixPath(Path(folder).relative_to(tree / "Lib"))
        return [name for name in names if name == "__pycache__" or here / name in leave_out]

    shutil.copytree(tree / "Lib", stdlib, ignore=ignored)
    for folder in ("lib-dynload", "site-packages"):
        (stdlib / folder).mkdir(exist_ok=True)
    data = built / (built / "pybuilddir.txt").read_text().strip()
    for file in data.glob("_sysconfigdata_*.py"):
        folders = {tree: "/build/cpython", built: "/build"}
        (stdlib / file.name).write_text(_neutral_sysconfig(file.read_text(), folders))
    include = making / "install" / "include" / f"python{feature}"
    shutil.copytree(tree / "Include", include)
    shutil.copyfile(built / "pyconfig.h", include / "pyconfig.h")
    sources = making / "source"
    wanted = {".c", ".h", ".inc"}
    for base in (tree, built):
        for name in ("Modules", "Objects", "Parser", "Programs", "Python"):
            for path in sorted((base / name).rglob("*")):
                if path.suffix in wanted and path.is_file() and "_test" not in path.name and path.name != "config.c":
                    target = sources / path.relative_to(base)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, target)


def _neutral_sysconfig(text: str, folders: Mapping[Path, str]) -> str:
    """Return the module of build variables without this build's folders.

    Written anew, as pprint's line breaks depend on the length of the paths.
    """
    variables = ast.literal_eval(text.partition("build_time_vars = ")[2])
    lines = [f" {key!r}: {_neutral(value, folders)!r},\n" for key, value in sorted(variables.items())]
    return (
        "# The variables of this interpreter's build; sysconfig reads them.\nbuild_time_vars = {\n"
        + "".join(lines)
        + "}\n"
    )


_PROFILE_FOLDER = re.compile(r"(?<=-fprofile-use=)\S*/")
"""Where the profile lay for this build: no business of an executable that has these variables."""


def _neutral(value: object, folders: Mapping[Path, str]) -> object:
    if not isinstance(value, str):
        return value
    value = _PROFILE_FOLDER.sub("", value)
    for folder in sorted(folders, key=lambda folder: -len(str(folder))):
        value = value.replace(str(folder), folders[folder])
    return value
