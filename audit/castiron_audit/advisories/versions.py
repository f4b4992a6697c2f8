"""Compares versions as each ecosystem orders them; what an ecosystem does not define is not compared.

PyPI: PEP 440 (``packaging``).  SemVer 2.0 (``semver``): npm, crates.io, Go.  Debian, Alpine, RPM, Maven, NuGet and
RubyGems: ``univers``.  Everything else is compared as upstream projects number their releases, if it looks like that.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Callable

Key: TypeAlias = Any
"""A value that is compared with those of the same ecosystem only."""

_NUMBERED = re.compile(r"[vV]?(\d+(?:\.\d+)*)([a-z]?)(?:[-._]?(alpha|beta|a|b|pre|preview|rc|dev)[-._]?(\d*))?")
"""``3.0.13``, ``1.1.1w`` (OpenSSL), ``9e`` (libjpeg), ``2024a`` (tz), ``8.6.0-rc1``."""
_PRE = {"dev": 0, "alpha": 1, "a": 1, "beta": 2, "b": 2, "pre": 3, "preview": 3, "rc": 4}
_DEBIAN = re.compile(r"(?:\d+:)?\d[A-Za-z0-9.+~:-]*")
_ALPINE = re.compile(r"\d+(?:\.\d+)*[a-z]?(?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)\d*)*(?:~[0-9a-f]+)?(?:-r\d+)?")
_RPM = re.compile(r"(?:\d+:)?[A-Za-z0-9._+~^]+(?:-[A-Za-z0-9._+~^]+)?")
_WITH_DIGIT = re.compile(r"[vV]?\d[\w.+~-]*")


def comparer(ecosystem: str) -> Callable[[str], Key | None]:
    """Return what makes a version of an ecosystem comparable, and None of what that ecosystem calls no version."""
    return _COMPARERS.get(ecosystem, upstream_key)


@lru_cache(maxsize=65536)
def pypi_key(text: str) -> Key | None:
    """Return a PEP 440 version."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


@lru_cache(maxsize=65536)
def semver_key(text: str) -> Key | None:
    """Return a SemVer 2.0 version, without the ``v`` or ``go`` of Go.

    Missing parts are 0, and build metadata does not count.
    """
    import semver

    try:
        parsed = semver.Version.parse(text.strip().removeprefix("go").removeprefix("v"), optional_minor_and_patch=True)
    except (ValueError, TypeError):
        return None
    return parsed.replace(build=None)


@lru_cache(maxsize=65536)
def upstream_key(text: str) -> Key | None:
    """Return a release number: its numbers, before it its pre-releases, after it the letters of patch releases."""
    match = _NUMBERED.fullmatch(text.strip())
    if match is None:
        return None
    numbers = [int(part) for part in match[1].split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    rank = (-1, _PRE[match[3]], int(match[4] or 0)) if match[3] else (0, 0, 0)
    return tuple(numbers), match[2], rank


def _of_univers(name: str, form: re.Pattern[str]) -> Callable[[str], Key | None]:
    @lru_cache(maxsize=65536)
    def key(text: str) -> Key | None:
        # Some of the library's classes accept anything; what has not the ecosystem's form is not compared.
        if not form.fullmatch(text):
            return None
        from univers import versions

        try:
            return getattr(versions, name)(text)
        except ValueError:
            return None

    return key


_COMPARERS: dict[str, Callable[[str], Key | None]] = {
    "PyPI": pypi_key,
    "npm": semver_key,
    "crates.io": semver_key,
    "Go": semver_key,
    "Hex": semver_key,
    "Pub": semver_key,
    "SwiftURL": semver_key,
    "Debian": _of_univers("DebianVersion", _DEBIAN),
    "Ubuntu": _of_univers("DebianVersion", _DEBIAN),
    "Alpine": _of_univers("AlpineLinuxVersion", _ALPINE),
    "Wolfi": _of_univers("AlpineLinuxVersion", _ALPINE),
    "Chainguard": _of_univers("AlpineLinuxVersion", _ALPINE),
    "AlmaLinux": _of_univers("RpmVersion", _RPM),
    "Rocky Linux": _of_univers("RpmVersion", _RPM),
    "Red Hat": _of_univers("RpmVersion", _RPM),
    "SUSE": _of_univers("RpmVersion", _RPM),
    "openSUSE": _of_univers("RpmVersion", _RPM),
    "Maven": _of_univers("MavenVersion", _WITH_DIGIT),
    "NuGet": _of_univers("NugetVersion", _WITH_DIGIT),
    "RubyGems": _of_univers("RubygemsVersion", _WITH_DIGIT),
    "Packagist": _of_univers("ComposerVersion", _WITH_DIGIT),
}
