"""Describes every shared object of the environment."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from castiron_common.target import Role
from castiron_elf import store
from castiron_elf.abi import ET_DYN, MAGIC, PT_TLS
from castiron_elf.errors import MalformedElfError
from castiron_manifest.model import Finding, Native, Origin, Severity
from castiron_trace.code_makers import code_findings
from castiron_wheels.compiler_libraries import lacking, runtime_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from castiron_common.target import Elf, Libc, Target
    from castiron_elf.shared_object import SharedObject


Candidate = tuple[str, "Path", str | None]
"""(path relative to the owner's root, file, SHA-256 by RECORD) of what may be a shared object."""
APPLICATION = ""
"""Stands for a distribution where the application itself is the owner."""


def natives(
    files: Mapping[str, Sequence[Candidate]], target: Target, *, level: int = 0
) -> tuple[tuple[Native, ...], tuple[Finding, ...]]:
    """Return descriptions of the shared objects, and findings.

    ``files`` are each distribution's candidates: path relative to site-packages, file, and RECORD's SHA-256,
    under which it may be known already; processors of ``level`` (index in the target's levels) are there.
    """
    objects: list[tuple[str, str, SharedObject]] = []
    findings: list[Finding] = []
    for distribution in sorted(files):
        for path, file, digest in sorted(files[distribution]):
            try:
                facts = _observed(file, digest, target.elf)
            except MalformedElfError as error:
                findings.append(
                    Finding(
                        code="malformed-elf",
                        severity=Severity.WARNING,
                        subject=path,
                        message=f"It begins like a shared object, but cannot be read: {error}.",
                    )
                )
                continue
            if facts is not None and facts.headers.type == ET_DYN:
                objects.append((distribution, path, facts))
    providers = _providers(objects)
    libcs = [_libc(facts, providers, target.libc) for _distribution, _path, facts in objects]
    emulated = _all_emulated(zip((name for name, _path, _facts in objects), libcs, strict=True), target.libc)
    described = [
        Native(
            path=path,
            distribution=distribution,
            soname=facts.soname,
            sha256=facts.sha256,
            size=facts.size,
            needed=facts.needed,
            runpaths=facts.runpaths,
            undefined=tuple(sorted(set(facts.undefined) - _defined_by_needed(facts, providers))),
            machine=facts.headers.machine_name,
            libc=libc or (target.libc.emulated if distribution in emulated else ""),
            tls_size=next((s.memsz for s in facts.segments if s.type == PT_TLS), 0),
            relocations=tuple(sorted(_relocations(facts, target.elf))),
            origin=Origin.DISTRIBUTION if distribution else Origin.APP,
            module=_module(path, facts),
        )
        for (distribution, path, facts), libc in zip(objects, libcs, strict=True)
    ]
    findings.extend(_unusable(described, target))
    findings.extend(_compiler_libraries(described, target))
    levels = target.elf.processors.levels if target.elf.processors else ()
    findings.extend(
        finding
        for distribution, path, facts in objects
        if facts.headers.machine == target.elf.machine
        for finding in code_findings(distribution, path, facts, level=level, levels=levels)
    )
    return tuple(sorted(described, key=lambda n: (n.distribution, n.path))), tuple(findings)


def _unusable(described: Iterable[Native], target: Target) -> Iterator[Finding]:
    for native in described:
        if native.machine != target.elf.machine_name:
            yield Finding(
                code="foreign-machine",
                severity=Severity.WARNING,
                subject=native.path,
                message=f"It is for {native.machine}, not for {target.architecture}, and cannot be used.",
            )
        elif native.libc and not target.libc.serves(native.libc):
            yield Finding(
                code=f"{native.libc}-library",
                severity=Severity.WARNING,
                subject=native.path,
                message=f"It needs {native.libc}; a static binary for {target.libc.name} cannot contain it.",
            )


def _compiler_libraries(described: Iterable[Native], target: Target) -> Iterator[Finding]:
    """Tell where GCC's libraries come from if no distribution brings them."""
    for libc in filter(None, (target.libc.name, target.libc.emulated)):
        lacks = " and ".join(lacking(described, target, libc))
        if not lacks:
            continue
        runtime = runtime_for(target, libc)
        needed = f"Shared objects for {libc} need {lacks} of GCC, which no distribution brings"
        if runtime is None:
            yield Finding(
                code="no-compiler-library",
                severity=Severity.WARNING,
                subject=lacks,
                message=f"{needed}, and there is none for {target}: add a distribution that has it.",
            )
        else:
            yield Finding(
                code="compiler-library",
                severity=Severity.INFO,
                subject=lacks,
                message=f"{needed}: link adds GCC's run-time libraries {runtime.version}.",
            )


def _observed(file: Path, digest: str | None, elf: Elf) -> SharedObject | None:
    """Return what is known of a shared object; None if it is not an ELF file.  Raises `MalformedElfError`."""
    if digest is not None and (known := store.known(digest, elf)) is not None:
        return known
    data = file.read_bytes()
    return store.read(data, elf) if data.startswith(MAGIC) else None


def _relocations(facts: SharedObject, elf: Elf) -> Iterator[tuple[str, int]]:
    """Yield (name of a kind, how many relocations), without those that do nothing."""
    for kind, count in facts.relocations:
        if elf.roles.get(kind) is not Role.NONE:
            yield elf.names.get(kind, f"R_{kind}"), count


def _providers(objects: Iterable[tuple[str, str, SharedObject]]) -> dict[str, SharedObject]:
    """Return the environment's libraries by soname and by file name, first in order of path."""
    providers: dict[str, SharedObject] = {}
    for _distribution, path, facts in objects:
        for name in filter(None, (facts.soname, PurePosixPath(path).name)):
            providers.setdefault(name, facts)
    return providers


def _closure(facts: SharedObject, providers: Mapping[str, SharedObject]) -> Iterator[SharedObject]:
    seen: set[str] = set()
    todo = list(facts.needed)
    while todo:
        name = todo.pop(0)
        if name in seen or name not in providers:
            continue
        seen.add(name)
        yield providers[name]
        todo.extend(providers[name].needed)


def _defined_by_needed(facts: SharedObject, providers: Mapping[str, SharedObject]) -> set[str]:
    defined = set(facts.definitions)
    for other in _closure(facts, providers):
        defined.update(other.definitions)
    return defined


def _libc(facts: SharedObject, providers: Mapping[str, SharedObject], libc: Libc) -> str:
    """Return the C library that a library names; if it names none, that of the libraries that it needs.

    One that is not the target's counts first.
    """
    named = {libc.of(name) for name in facts.needed} - {""}
    if not named:
        named = {libc.of(name) for other in _closure(facts, providers) for name in other.needed} - {""}
    return min(named - {libc.name} or named, default="")


def _all_emulated(named: Iterable[tuple[str, str]], libc: Libc) -> frozenset[str]:
    """Return the distributions all of whose libraries that name a C library name the emulated one.

    ``named`` are (distribution, C library) of each.  One that names none was linked as those beside it.
    """
    by_distribution: dict[str, set[str]] = {}
    for distribution, name in named:
        by_distribution.setdefault(distribution, set()).add(name)
    return frozenset(name for name, found in by_distribution.items() if name and found - {""} == {libc.emulated})


def _module(path: str, facts: SharedObject) -> str | None:
    """Return the module that a file implements: it must export the init function of its own name (PEP 489)."""
    pure = PurePosixPath(path)
    name = pure.name.partition(".")[0]
    parts = [*pure.parts[:-1], name]
    last = parts[-2] if name == "__init__" and len(parts) > 1 else name
    try:
        export = f"PyInit_{last}" if last.isascii() else "PyInitU_" + last.encode("punycode").decode().replace("-", "_")
    except UnicodeError:
        return None
    if export not in facts.definitions or ".." in parts:
        return None
    return ".".join(parts[:-1] if name == "__init__" else parts)
