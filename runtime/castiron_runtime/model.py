"""What a runtime pack consists of, as values: components with licenses, extension modules, tools, the pack itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.frozen import dataclass
from castiron_common.target import PythonTarget

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from castiron_common.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseText:
    """One license text, as found in a component's own source tree."""

    path: str
    """Relative to the root of the source tree (or of the ziglang wheel; the component's ``evidence`` says which)."""
    sha256: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A piece of third-party software of its own license that can end up in a binary."""

    name: str
    version: str
    purl: str
    cpe: str
    license: str
    """SPDX license expression."""
    evidence: str
    """Where the expression comes from."""
    texts: tuple[LicenseText, ...]
    source_sha256: str
    """Of the source archive; empty for what comes with the ziglang wheel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A built-in extension module of the standard library, and what linking it needs."""

    name: str
    init: str
    """The C function; empty for ``builtins`` and ``sys``, whose entry in the inittab has no function."""
    archives: tuple[Path, ...]
    """Beyond the core; empty too for a module whose components are built by `castiron_runtime.packs.provide`."""
    components: tuple[str, ...]
    """Names of all components whose code comes along, CPython included."""
    always: bool = False
    """Part of every interpreter: an inittab without it does not start."""
    on_demand: bool = False
    """Its components are built when first asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """The compiler and linker for the target, and the C library's files for the final link."""

    version: str
    """Of the ziglang wheel."""
    key: str
    """Of everything that it contributes to an object's bytes."""
    pie: bool
    """Whether its objects are for position-independent executables."""
    target: Target
    linker: tuple[str, ...]
    """Start of the command line of ``ld.lld``."""
    cc: tuple[str, ...]
    """Start of the command line of the C compiler: target and header folders, no optimisation."""
    cflags: tuple[str, ...]
    """Optimisation flags every object of a pack is compiled with."""
    crt1: Path
    libraries: tuple[Path, ...]
    """libc.a, libzigc.a, libcompiler_rt.a, in link order (they refer to each other: put them into a group)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A built runtime pack."""

    id: str
    """Hexadecimal key of everything that went into the core; equal ids mean equal bytes."""
    root: Path
    python_version: str
    feature: str
    target: Target
    core: tuple[Path, ...]
    """Archives of the interpreter without ``Modules/config.o`` (the inittab) and ``Python/frozen.o``."""
    frozen: Path
    """Archive that holds CPython's own ``Python/frozen.o``: link it if nothing else defines the frozen modules."""
    extensions: Mapping[str, Extension]
    stdlib: Path
    include: Path
    internal_include: Path
    source: Path
    """CPython's C sources (Modules, Objects, Python, Parser, Programs) with the generated frozen headers."""
    toolchain: Toolchain
    profiled: Toolchain
    """What compiles CPython, its extension modules and some libraries: the same, with a profile if there is one."""
    components: Mapping[str, Component]
    """Those of the core and the tools; `provide` returns the others."""
    owners: Mapping[Path, tuple[str, ...]]
    """For each archive of core, extensions and toolchain: the names of the components that its objects come from."""

    @property
    def python_target(self) -> PythonTarget:
        """What distributions for this pack are chosen for."""
        return PythonTarget(target=self.target, python=self.feature, version=self.python_version)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkInputs:
    """What a set of extension modules adds to a link."""

    archives: tuple[Path, ...]
    """In link order, without the core's archives."""
    components: tuple[Component, ...]
    """All components present: those of the core, the tools, and of the extensions; sorted by name."""
    owners: Mapping[Path, tuple[str, ...]]
    """As `Pack.owners`, for every archive of the core, the tools and ``archives``."""
    extensions: tuple[Extension, ...]
    """The extensions asked for, with their archives filled in, sorted by name."""
