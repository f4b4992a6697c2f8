"""What a link takes besides the manifest: the runtime pack, its Python, the distributions, archives of libraries.

Imports of what opens or builds these are inside of the functions: a link that is refused before needs none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root
from castiron_common.errors import RuntimePackError
from castiron_link.bytecode import Compiler

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from castiron_common.progress import Reporter
    from castiron_link.model import LinkOptions
    from castiron_manifest.model import Manifest
    from castiron_runtime.model import Component, LinkInputs, Pack


def pack_of(manifest: Manifest, reporter: Reporter, *, pie: bool = False, profile: Path | None = None) -> Pack:
    """Open the manifest's runtime pack, the one for position-independent executables with ``pie``.

    ``profile``: the file of a training run that it is compiled with instead of the one that comes with Castiron.
    Raises `RuntimePackError` if this machine's pack has another version than the one that the analysis was made with.
    """
    from castiron_runtime.packs import open_pack
    from castiron_runtime.profiles import read_profile
    from castiron_runtime.target_files import load_target

    target = load_target(manifest.target.platform)
    trained = read_profile(profile) if profile else None
    pack = open_pack(manifest.target.python, target, pie=pie, profile=trained, reporter=reporter)
    available = f"cpython-{pack.python_version}"
    if manifest.pack != available:
        raise RuntimePackError(
            f"The manifest was made for {manifest.pack}, and the runtime pack here is {available}.",
            hint="Run trace again here, or link where that pack is (`castiron runtime list`).",
        )
    return pack


def interpreter_of(pack: Pack, reporter: Reporter) -> Callable[[], Path]:
    """Return a function that gives the runnable Python: it is built only if something has to be asked or compiled."""

    @cache
    def get() -> Path:
        from castiron_runtime.packs import interpreter

        return interpreter(pack, full=False, reporter=reporter)

    return get


def compiler_of(pack: Pack, options: LinkOptions, interpreter: Callable[[], Path]) -> Compiler:
    """Return the compiler of modules, with its cache."""
    return Compiler(
        interpreter=interpreter,
        python_version=pack.python_version,
        optimize=options.optimize,
        cache=cache_root() / "link" / "bytecode.sqlite",
    )


def site_of(
    manifest: Manifest, pack: Pack, reporter: Reporter, *, instead: Mapping[str, Path] = MappingProxyType({})
) -> Path | None:
    """Return the ``site-packages`` with the manifest's distributions installed; of some, another wheel ``instead``."""
    if not manifest.distributions:
        return None
    from castiron_wheels.install import installation_prefix, site_packages

    wheels = [*wheels_of(manifest, pack, reporter, without=instead).values(), *instead.values()]
    return site_packages(installation_prefix(wheels, pack.python_target), pack.python_target)


def wheels_of(manifest: Manifest, pack: Pack, reporter: Reporter, *, without: Collection[str] = ()) -> dict[str, Path]:
    """Return the wheel file of each of the manifest's distributions but for those ``without``, by normalised name."""
    wanted = [item for item in manifest.distributions if item.name not in without]
    if not wanted:
        return {}
    from castiron_wheels.fetch import fetch_all

    wheels = fetch_all(wanted, pack.python_target, blobs=dict(manifest.blobs), reporter=reporter)
    return {item.name: wheel for item, wheel in zip(wanted, wheels, strict=True)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provided:
    """What the pack gives to a link."""

    inputs: LinkInputs
    stub: Path
    """The archive of our own code."""
    first_stage: Path | None
    """What decompresses the interpreter before it starts, if it is to be compressed."""


def provided(pack: Pack, extensions: Sequence[str], reporter: Reporter, *, small: bool) -> Provided:
    """Return what the extensions add to the link, and our own code; ``small``: with what decompresses."""
    from castiron_runtime.packs import provide, stub_archive, with_decompressor

    inputs = provide(pack, extensions, reporter=reporter)
    stage = None
    if small:
        inputs, stage = with_decompressor(inputs, pack, reporter=reporter)
    return Provided(inputs=inputs, stub=stub_archive(pack, reporter=reporter), first_stage=stage)


def stub_components_of(pack: Pack, reporter: Reporter) -> Mapping[str, Component]:
    """Return the code of others in the stub's archive, by its member."""
    from castiron_runtime.packs import stub_components

    return stub_components(pack, reporter=reporter)
