"""The compiler and linker: the ziglang wheel, used below its ``zig cc`` front end.

``zig cc`` turns -O3 into -O2, keeps frame pointers and switches a sanitizer on, so objects are compiled with the hidden
``zig clang`` and musl's headers named explicitly, and linked with ``zig ld.lld`` against the start file and libraries
that one call of ``zig cc`` builds and prints.
"""

from __future__ import annotations

import hashlib
import os
import platform as host_platform
import re
import shlex
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root
from castiron_common.errors import HostToolError, RuntimePackError
from castiron_runtime import revisions
from castiron_runtime.model import Component, LicenseText, Toolchain
from castiron_runtime.process import BuildLog, built, clean_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from castiron_common.progress import Reporter

TARGET = "x86_64-linux-musl"
LIBRARIES = ("libc.a", "libzigc.a", "libcompiler_rt.a")
_MUSL_STUBS = ("m", "pthread", "dl", "rt", "util", "crypt", "resolv", "xnet")
"""Libraries that musl has in libc; ``-lm`` must find an empty archive and not the host's glibc."""

OPTIMISATION = (
    "-O3",
    "-fomit-frame-pointer",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-asynchronous-unwind-tables",
    "-fno-unwind-tables",
    "-DNDEBUG",
    "-g0",
)
HARDENING = ("-fstack-protector-strong",)
"""For the code that reads what strangers send: libraries, the modules on top of them, the stub.

Not for the interpreter's core, which it costs 1.0 to 1.9 % of its instructions (docs/security.md).
"""
STACK_SIZE = 16 << 20
"""Bytes.  musl takes the stack size of threads from PT_GNU_STACK; its default of 128 KiB is too small for Python."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zig:
    """The installed ziglang wheel."""

    program: Path
    version: str

    @property
    def lib(self) -> Path:
        """Zig's own library folder: headers and sources of musl, libc++, compiler-rt."""
        return self.program.parent / "lib"


def find_zig() -> Zig:
    """Return the ziglang wheel that is installed beside us."""
    spec = util.find_spec("ziglang")
    if spec is None or not spec.submodule_search_locations:
        raise HostToolError(
            "The compiler (the ziglang wheel) is not installed beside Castiron.",
            hint="Install with: pip install ziglang",
        )
    program = Path(next(iter(spec.submodule_search_locations))) / "zig"
    if not os.access(program, os.X_OK):
        raise HostToolError(f"{program} is not executable.", hint="Install anew: pip install --force-reinstall ziglang")
    return Zig(program=program, version=metadata.version("ziglang"))


def toolchain_key(zig: Zig, *, pie: bool = False) -> str:
    """Return the key of everything the toolchain contributes to an object's bytes."""
    words = compiler(zig, pie=pie)[2:]
    text = "\n".join([str(revisions.TOOLCHAIN), zig.version, host_platform.machine(), TARGET, *OPTIMISATION, *words])
    text = text.replace(str(zig.lib), "")
    return hashlib.sha256(text.encode()).hexdigest()[:16]


_FIXED_PLACE = ("-fno-pic", "-fno-pie")
_POSITION_INDEPENDENT = ("-fPIE", "-fdirect-access-external-data")
"""Data of other objects is addressed directly, not through a table: nothing comes from a shared library."""


def compiler(zig: Zig, *, pie: bool = False) -> tuple[str, ...]:
    """Return the start of a C compiler command line for the target; ``pie``: for position-independent executables.

    musl's headers come before clang's, as in musl's own wrapper: CPython's configure recognises musl by a macro of
    musl's ``stdarg.h``.
    """
    lib = zig.lib
    folders = (
        lib / "libc" / "include" / "x86_64-linux-musl",
        lib / "libc" / "include" / "generic-musl",
        lib / "include",
        lib / "libc" / "include" / "x86-linux-any",
        lib / "libc" / "include" / "any-linux-any",
    )
    return (
        str(zig.program),
        "clang",
        f"--target={TARGET}",
        "--no-default-config",
        "-nostdinc",
        *(f"-isystem{folder}" for folder in folders),
        "-march=x86-64",
        *(_POSITION_INDEPENDENT if pie else _FIXED_PLACE),
        "-fno-ident",
        "-Wno-unused-command-line-argument",
        f"-ffile-prefix-map={lib}=zig",
    )


def open_toolchain(*, pie: bool = False, reporter: Reporter) -> Toolchain:
    """Return the toolchain; harvests its libraries on first need (about 50 s).

    ``pie``: the one for position-independent executables, with libraries and objects of its own.
    """
    zig = find_zig()
    key = toolchain_key(zig, pie=pie)
    entry = cache_root() / "components" / f"toolchain-{zig.version}-{key}"

    def build(making: Path) -> None:
        with reporter.task(f"toolchain (ziglang {zig.version})", estimate=50) as task:
            task.step("building libc, compiler-rt for the target")
            _harvest(zig, making, BuildLog("toolchain"), pie=pie)

    built(entry, build)
    return Toolchain(
        version=zig.version,
        key=key,
        pie=pie,
        target=TARGET,
        linker=(str(zig.program), "ld.lld"),
        cc=compiler(zig, pie=pie),
        cflags=OPTIMISATION,
        cxx=(str(zig.program), "c++", "-target", TARGET),
        ar=(str(zig.program), "ar"),
        crt1=entry / "lib" / _start_file(pie=pie),
        libraries=tuple(entry / "lib" / name for name in LIBRARIES),
    )


def _start_file(*, pie: bool) -> str:
    """Return the name of musl's start file; that of position-independent executables applies their relocations."""
    return "rcrt1.o" if pie else "crt1.o"


def _harvest(zig: Zig, making: Path, log: BuildLog, *, pie: bool) -> None:
    from castiron_elf.archive import read_members

    source = making / "main.c"
    source.write_text("int main(void) { return 0; }\n")
    # -s: libraries without debug information, which would hold this machine's paths.
    kind = ("-fPIE", "-pie") if pie else ()
    command = ("cc", "-target", TARGET, "-static", *kind, "-O2", "-s", "-v", "main.c", "-o", "main")
    start = _start_file(pie=pie)
    output = log.run([zig.program, *command], cwd=making, env=clean_environment())
    line = next((line for line in reversed(output.splitlines()) if re.match(r"(\S*[ /])?ld\.lld ", line)), "")
    inputs = {Path(word).name: Path(word) for word in shlex.split(line) if word.startswith("/")}
    missing = [name for name in (start, *LIBRARIES) if name not in inputs]
    if missing:
        raise RuntimePackError(
            f"ziglang {zig.version} does not name {', '.join(missing)} in its linker call.",
            hint=f"Its output is in {log.path}; use a version of ziglang that Castiron's dependencies allow.",
        )
    library = making / "lib"
    library.mkdir()
    (library / start).write_bytes(inputs[start].read_bytes())
    for name in LIBRARIES:
        members = read_members(inputs[name])
        write_archive(zig, library / name, members, log=log)
    for name in _MUSL_STUBS:
        (library / f"lib{name}.a").write_bytes(b"!<arch>\n")
    source.unlink()
    (making / "main").unlink()


def write_archive(zig: Zig, archive: Path, members: list[tuple[str, bytes]], *, log: BuildLog) -> None:
    """Write a static library with a symbol index whose bytes depend on names and contents of the members alone."""
    from castiron_runtime import archives

    folder = archive.with_name(f"{archive.name}.members")
    folder.mkdir()
    names = archives.distinct(name for name, _ in members)
    for name, (_, data) in zip(names, members, strict=True):
        (folder / name).write_bytes(data)
    archive.unlink(missing_ok=True)
    response = folder.with_suffix(".rsp")
    response.write_text("\n".join(names) + "\n")
    log.run([zig.program, "ar", "crsD", archive, f"@{response}"], cwd=folder, env=clean_environment())
    response.unlink()
    for name in names:
        (folder / name).unlink()
    folder.rmdir()


def write_tools(toolchain: Toolchain, folder: Path, *, prefix_maps: Mapping[Path, str]) -> None:
    """Write ``cc``, ``ld.lld``, ``ar`` and ``ranlib`` as shell scripts, for configure scripts and make files.

    To be found through PATH, so that no name of a folder gets into what is built.  ``cc`` links statically with the
    harvested files; the host's libraries cannot be found through it.  ``prefix_maps`` gives folders other names in
    ``__FILE__`` and the like.
    """
    folder.mkdir(parents=True, exist_ok=True)
    zig = toolchain.linker[0]
    lib = toolchain.crt1.parent
    maps = (f"-ffile-prefix-map={path}={prefix_maps[path]}" for path in prefix_maps)
    compile_words = shlex.join((*toolchain.cc, *maps))
    find_words = shlex.join([f"--ld-path={folder / 'ld.lld'}", f"--sysroot={folder}"])
    kind = "-static-pie" if toolchain.pie else "-static"
    link_words = shlex.join([f"-L{lib}", kind, "-nostdlib", str(toolchain.crt1)])
    libraries = shlex.join(["-Wl,--start-group", *map(str, toolchain.libraries), "-Wl,--end-group"])
    scripts = {
        "cc": f"""#!/bin/sh
for word do
  case $word in
    --print-multiarch|-print-multiarch) echo {toolchain.target}; exit 0;;
    -c|-S|-E|-M|-MM|-fsyntax-only|-v|-V|--version|-dump*|-print-*|--print-*) exec {compile_words} "$@";;
    -shared|-nostdlib|-r) exec {compile_words} {find_words} "$@";;
  esac
done
exec {compile_words} {find_words} {link_words} "$@" {libraries} -Wl,-z,stack-size={STACK_SIZE},--build-id=none
""",
        "ld.lld": f'#!/bin/sh\nexec {shlex.quote(zig)} ld.lld "$@"\n',
        "ar": f'#!/bin/sh\nexec {shlex.quote(zig)} ar "$@"\n',
        "ranlib": f'#!/bin/sh\nexec {shlex.quote(zig)} ranlib "$@"\n',
    }
    for name, text in scripts.items():
        path = folder / name
        path.write_text(text)
        path.chmod(0o755)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ToolchainLicense:
    name: str
    expression: str
    files: tuple[str, ...]
    """In the ziglang wheel."""
    why: str
    cpe: str


_TOOLCHAIN_LICENSES = (
    _ToolchainLicense(
        name="musl",
        expression="MIT",
        files=("lib/libc/musl/COPYRIGHT",),
        why="",
        cpe="cpe:2.3:a:musl-libc:musl:{version}:*:*:*:*:*:*:*",
    ),
    _ToolchainLicense(
        name="zig-libc",
        expression="MIT",
        files=("LICENSE",),
        why="; its lib/c replaces parts of musl",
        cpe="",
    ),
    _ToolchainLicense(
        name="compiler-rt",
        expression="MIT AND Apache-2.0 WITH LLVM-exception",
        files=("LICENSE", "lib/libunwind/LICENSE.TXT"),
        why="; its lib/compiler_rt names what was ported from LLVM, whose license text stands with libunwind",
        cpe="",
    ),
)


def toolchain_components(zig: Zig) -> tuple[Component, ...]:
    """Return the components that the toolchain's libraries are made of, with their texts from the ziglang wheel."""
    result = []
    for facts in _TOOLCHAIN_LICENSES:
        version = musl_version(zig) if facts.name == "musl" else zig.version
        result.append(
            Component(
                name=facts.name,
                version=version,
                purl=f"pkg:generic/{facts.name}@{version}",
                cpe=facts.cpe.format(version=version),
                license=facts.expression,
                evidence=f"{' and '.join(facts.files)} in the ziglang {zig.version} wheel{facts.why}",
                texts=tuple(_wheel_text(zig, file) for file in facts.files),
                source_sha256="",
            )
        )
    return tuple(result)


def musl_version(zig: Zig) -> str:
    """Return the version of musl that comes with ziglang."""
    header = zig.lib / "libc" / "musl" / "src" / "internal" / "version.h"
    found = re.search(r'VERSION "([^"]+)"', header.read_text() if header.is_file() else "")
    if found is None:
        raise RuntimePackError(
            f"The ziglang {zig.version} wheel does not say which musl it has ({header.name}).",
            hint="Install a version of ziglang that Castiron's dependencies allow.",
        )
    return found[1]


def _wheel_text(zig: Zig, file: str) -> LicenseText:
    path = zig.program.parent / file
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RuntimePackError(
            f"The ziglang {zig.version} wheel has no license text {file}.",
            hint="Install a version of ziglang that Castiron's dependencies allow.",
        ) from error
    return LicenseText(path=file, sha256=hashlib.sha256(text.encode()).hexdigest(), text=text)
