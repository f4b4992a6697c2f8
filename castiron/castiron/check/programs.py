"""Makes the two programs that are compared: the binary, and the same application under the target's interpreter."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from castiron.check.model import Program
from castiron_common.errors import CheckError
from castiron_link.driver import Request, link
from castiron_link.model import Children, LinkOptions
from castiron_link.provision import pack_of, site_of
from castiron_link.tree_layout import library, place, root_of, site_packages
from castiron_manifest.model import EntryKind, Origin, Resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from castiron_common.progress import Reporter
    from castiron_common.target import Target
    from castiron_manifest.model import Manifest, Module

_FUNCTION = """\
import sys
sys.argv[0] = {name!r}
import importlib
value = importlib.import_module({module!r})
for name in {function!r}.split("."):
    value = getattr(value, name)
sys.exit(value())
"""


def linked(manifest: Manifest, folder: Path, options: LinkOptions, *, run: bool, reporter: Reporter) -> Program:
    """Link the application so that it may be started as an interpreter; to ``run`` it, also as it is shipped."""
    name, python = manifest.entry.name, manifest.target.python
    asked, shipped = folder / "asked" / name, folder / "shipped" / name
    outputs = [(asked, replace(options, children=Children.ALL)), *([(shipped, options)] if run else [])]
    for output, chosen in outputs:
        output.parent.mkdir()
        link(Request(manifest=manifest, output=output, options=chosen, documents=(), sbom=False), reporter=reporter)
    return Program(
        command=(str(shipped),),
        python=(str(asked),),
        places=(
            (shipped / site_packages(python), "<site-packages>"),
            (shipped / library(python), "<standard library>"),
            (shipped / root_of(Origin.APP, python), "<application>"),
            (shipped, "<program>"),
        ),
    )


def emulated_distributions(manifest: Manifest) -> list[str]:
    """Return the distributions with shared objects for the C library that the target only emulates, sorted."""
    from castiron_runtime.target_files import load_target

    emulated = load_target(manifest.target.platform).libc.emulated
    return sorted({item.distribution for item in manifest.natives if item.libc and item.libc == emulated})


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """The distributions whose wheels the target's interpreter cannot load: those for the emulated C library."""

    pure: Mapping[str, Path]
    """Wheels of pure Python of the same versions, which stand in, by normalised name."""
    lacking: tuple[str, ...]
    """Those that have none, sorted."""
    unknown: str = ""
    """Why it could not be found out whether there are any; empty if it could."""


def foreign(manifest: Manifest, *, reporter: Reporter) -> Foreign:
    """Look for what stands in for wheels that the interpreter cannot load."""
    from castiron_runtime.packs import python_target
    from castiron_runtime.target_files import load_target
    from castiron_wheels.errors import ResolutionError
    from castiron_wheels.model import Requirements
    from castiron_wheels.pure_wheels import pure_wheels

    names = emulated_distributions(manifest)
    versions = {item.name: item.version for item in manifest.distributions if item.name in names}
    if not versions:
        return Foreign(pure={}, lacking=())
    target = python_target(load_target(manifest.target.platform), manifest.target.python)
    try:
        pure = pure_wheels(versions, Requirements(origin="the manifest"), target, reporter=reporter)
    except ResolutionError as error:
        return Foreign(pure={}, lacking=tuple(names), unknown=error.what.partition("\n")[0])
    return Foreign(pure=pure, lacking=tuple(name for name in names if name not in pure))


def interpreted(
    manifest: Manifest, folder: Path, *, source: Path | None, pure: Mapping[str, Path], reporter: Reporter
) -> Program:
    """Install the application for the target's interpreter, with the wheels ``pure`` instead of the manifest's.

    Its own files are those of the folder ``source``, or else those of the manifest, which are written to ``folder``.
    """
    from castiron_runtime.packs import interpreter

    pack = pack_of(manifest, reporter)
    python = interpreter(pack, full=True, reporter=reporter)
    site = site_of(manifest, pack, reporter, instead=pure)
    application = source
    if application is None:
        application = folder / "application"
        _write_files(manifest, application)
    prefix = _environment(folder / "environment", python, site, manifest.target.python)
    program = prefix / "bin" / "python"
    return Program(
        command=(str(program), *_start(manifest, application, site)),
        python=(str(program),),
        environment=(
            ("PYTHONDONTWRITEBYTECODE", "1"),
            ("PYTHONNOUSERSITE", "1"),
            ("PYTHONPATH", str(application)),
            *_compiler_libraries(manifest, pack.target, folder / "libraries", reporter),
        ),
        places=(
            (prefix / site_packages(manifest.target.python), "<site-packages>"),
            *([(site, "<site-packages>")] if site is not None else []),
            (python.parents[1] / library(manifest.target.python), "<standard library>"),
            (application, "<application>"),
            (program, "<program>"),
            (python, "<program>"),
        ),
    )


def _environment(folder: Path, python: Path, site: Path | None, series: str) -> Path:
    """Make a virtual environment of the interpreter, and return its prefix; source: PEP 405.

    What is installed below the prefix of ``site`` stands there as links: distributions find data by ``sys.prefix``.
    """
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(
        f"home = {python.parent}\ninclude-system-site-packages = false\n", encoding="utf-8"
    )
    for name in ("python", "python3", f"python{series}"):
        (folder / "bin" / name).symlink_to(python)
    if site is None:
        return folder
    installed = Path(str(site).removesuffix(site_packages(series)))
    for entry in sorted(installed.iterdir()):
        if entry.name != "bin":
            (folder / entry.name).symlink_to(entry)
        else:
            for script in sorted(entry.iterdir()):
                (folder / "bin" / script.name).symlink_to(script)
    return folder


def _compiler_libraries(
    manifest: Manifest, target: Target, folder: Path, reporter: Reporter
) -> Iterator[tuple[str, str]]:
    """Yield the variable by which the interpreter finds GCC's libraries, if the link adds them: then both have them."""
    from castiron_wheels.compiler_libraries import copy_version, lacking
    from castiron_wheels.gcc_runtime import gcc_libraries

    lacks = lacking(manifest.natives, target, target.libc.name)
    if not lacks:
        return
    folder.mkdir()
    for item in gcc_libraries(target, libc=target.libc.name, needed=" and ".join(lacks), reporter=reporter):
        for name in {item.name, *(soname for soname in lacks if copy_version(item.name, soname) is not None)}:
            (folder / name).symlink_to(item.location)
    yield "LD_LIBRARY_PATH", str(folder)


def builtin_modules(program: Program) -> frozenset[str]:
    """Return the names of the modules that a program has built in."""
    command = [*program.python, "-c", "import sys; print(*sys.builtin_module_names)"]
    done = subprocess.run(command, env=dict(program.environment), capture_output=True, text=True, check=False)
    if done.returncode:
        raise CheckError(
            f"{program.python[0]} ended with status {done.returncode} when it was started as a Python interpreter.",
            hint=f"It said: {done.stderr.strip() or 'nothing'}",
        )
    return frozenset(done.stdout.split())


def _start(manifest: Manifest, application: Path, site: Path | None) -> tuple[str, ...]:
    """Return what follows the interpreter on the command line that starts the application."""
    entry, python = manifest.entry, manifest.target.python
    if entry.kind is EntryKind.MODULE:
        return ("-m", entry.module)
    if entry.kind is EntryKind.FUNCTION:
        return ("-c", _FUNCTION.format(name=entry.name, module=entry.module, function=entry.function))
    if entry.origin is Origin.DISTRIBUTION and site is not None:
        # The environment's prefix stands where the tree's root is.
        return (str(Path(str(site).removesuffix(site_packages(python)), entry.path or "")),)
    return (str(application / (entry.path or "")),)


def _write_files(manifest: Manifest, folder: Path) -> None:
    """Write the application's own modules and data files below a folder."""
    folder.mkdir()
    blobs = dict(manifest.blobs)
    items: tuple[Module | Resource, ...] = (*manifest.modules, *manifest.resources)
    for item in items:
        if item.origin is not Origin.APP or item.path is None or item.sha256 is None:
            continue
        # Checks that the path stays below the folder.
        below = place(Origin.APP, item.path, manifest.target.python)
        file = folder / below.removeprefix(f"{root_of(Origin.APP, manifest.target.python)}/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(blobs[item.sha256])
        if isinstance(item, Resource) and item.executable:
            file.chmod(0o755)
    for symbolic in manifest.links:
        # Below no other link, and leading to what is below the folder: checked when the manifest was read.
        place_of_link = folder / symbolic.path
        place_of_link.parent.mkdir(parents=True, exist_ok=True)
        place_of_link.symlink_to(symbolic.target)
