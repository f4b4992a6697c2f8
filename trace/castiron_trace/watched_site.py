"""The environment of a watched run, where the target's interpreter cannot load a wheel of the application's own.

The interpreter is an ordinary program with the target's C library.  Instead of a wheel for the emulated one it gets
that of pure Python of the same version; what the run then reads is known by its name in the application's environment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from castiron_common.errors import UsageError
from castiron_trace.model import Site

if TYPE_CHECKING:
    from castiron_common.progress import Reporter
    from castiron_trace.model import Options
    from castiron_trace.observations import Observed
    from castiron_wheels.model import Requirements


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedSite:
    """An environment with other wheels of the same versions."""

    site: Site
    instead: tuple[str, ...]
    """The distributions that are there as pure Python, with versions, sorted."""


def watched_site(options: Options, site: Site, requirements: Requirements, *, reporter: Reporter) -> WatchedSite | None:
    """Return the environment for a watched run; None if the application's own will do.

    Raises `UsageError` if a distribution has no wheel that the target's interpreter can load, and for ``--prune``: what
    the shared objects of the application's own wheels import is not what the run of others did.
    """
    from castiron_wheels.install import installation_prefix, site_packages
    from castiron_wheels.pure_wheels import needs_emulation, pure_wheels

    target = options.target
    versions = {item.name: item.version for item in site.distributions if needs_emulation(item.path, target)}
    if not versions:
        return None
    libc = target.target.libc
    if options.prune:
        raise UsageError(
            f"--prune includes only what a run used, and the interpreter in which runs are watched cannot load "
            f"wheels for {libc.emulated}: {', '.join(sorted(versions))}.",
            hint=f"Trace without --prune, or take --wheels {libc.name}.",
        )
    pure = pure_wheels(versions, requirements, target, reporter=reporter)
    if lacking := sorted(versions.keys() - pure.keys()):
        raise UsageError(
            f"A run is watched in the target's interpreter, which cannot load wheels for {libc.emulated}, and there "
            f"is none of pure Python of the same version: {', '.join(lacking)}.",
            hint=f"Trace without --run, and name with --include what reading does not see; or take --wheels "
            f"{libc.name}.",
        )
    wheels = [pure.get(item.name, item.path) for item in site.distributions]
    folder = site_packages(installation_prefix(wheels, target), target).resolve()
    return WatchedSite(
        site=Site(path=(folder,), distributions=site.distributions),
        instead=tuple(f"{name} {version}" for name, version in sorted(versions.items())),
    )


def as_in(seen: Observed, watched: Site, site: Site) -> Observed:
    """Return what a run used with the files of its environment by their names in ``site``.

    What only the wheels of pure Python have is left out.
    """
    files = []
    for item in seen.files:
        path = item.path
        if path.is_relative_to(watched.prefix):
            path = site.prefix / path.relative_to(watched.prefix)
            if not path.is_file():
                continue
        files.append(replace(item, path=path))
    return replace(seen, files=tuple(sorted(files)))
