"""Debian's packages as a source of archives and libraries: apt's own client with a private state folder, needs no root.

The mirror is the one that the machine's apt configuration names; signatures are checked by apt against Debian's
keyring, and apt checks every file against the hash in the signed index.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root, locked
from castiron_common.working import child_environment, working_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_INDEX_LIFETIME = 24 * 3600
_UPDATE_TIMEOUT = 180
_FETCH_TIMEOUT = 900


class UnavailableError(Exception):
    """Debian cannot serve it, or this machine has no apt; the message says why."""


@dataclass(frozen=True, slots=True)
class _Stanza:
    package: str
    version: str
    files: dict[str, str]
    """SHA-256 -> file name."""

    @property
    def upstream(self) -> str:
        """The upstream part of the version: without epoch and Debian revision."""
        return (
            self.version.partition(":")[2].rpartition("-")[0]
            if ":" in self.version
            else (self.version.rpartition("-")[0] or self.version)
        )

    @property
    def order(self) -> tuple[tuple[int, ...], str]:
        """Sorts by the numbers in the upstream version."""
        return tuple(int(number) for number in re.findall(r"\d+", self.upstream)), self.version


@contextmanager
def fetch_by_hash(package: str, suite: str, sha256: str) -> Iterator[Path]:
    """Fetch the file of a source package that has this hash, whatever the packaging revision; it lasts as the context.

    Raises `UnavailableError`.
    """

    def candidates(apt: _Apt) -> list[_Stanza]:
        return [stanza for stanza in apt.stanzas(package) if sha256 in stanza.files]

    with _fetched(suite, candidates, lambda stanza: [stanza.files[sha256]]) as (_, file):
        yield file


def fetch_package(name: str, version: str, *, suite: str, architecture: str, folder: Path) -> Path:
    """Fetch a binary package into ``folder``; return the file.

    Raises `UnavailableError`.
    """
    with _Apt(suite, architecture=architecture) as apt:
        reason = ""
        for _ in apt.indexes():
            if (file := apt.download_package(name, version, folder)) is not None:
                return file
            reason = f"Debian's {suite} has no {name} {version} for {architecture}"
        raise UnavailableError(reason)


@contextmanager
def fetch_series(package: str, suite: str, series: str) -> Iterator[tuple[str, Path]]:
    """Fetch the newest upstream archive of a series that the suite serves; gives (version, file).

    Raises `UnavailableError`.
    """

    def candidates(apt: _Apt) -> list[_Stanza]:
        stanzas = [stanza for stanza in apt.stanzas(package) if _upstream_version(stanza).startswith(series)]
        return sorted(stanzas, key=lambda stanza: stanza.order, reverse=True)

    def archives(stanza: _Stanza) -> list[str]:
        return [name for name in stanza.files.values() if re.search(r"\.orig\.tar\.(gz|xz|bz2)$", name)]

    with _fetched(suite, candidates, archives) as (stanza, file):
        yield _upstream_version(stanza), file


@contextmanager
def _fetched(
    suite: str, candidates: Callable[[_Apt], list[_Stanza]], files: Callable[[_Stanza], list[str]]
) -> Iterator[tuple[_Stanza, Path]]:
    """Download the candidates in turn until one of the wanted files is there."""
    with _Apt(suite) as apt:
        reason = f"Debian's {suite} does not list it"
        for _ in apt.indexes():
            for stanza in candidates(apt):
                with working_folder("source") as folder:
                    reason = apt.download(stanza, folder)
                    present = [folder / name for name in files(stanza) if (folder / name).is_file()]
                    if present:
                        yield stanza, present[0]
                        return
        raise UnavailableError(reason)


def _upstream_version(stanza: _Stanza) -> str:
    """``1.3.dfsg+really1.3.1`` is 1.3.1: what comes after "really" counts, and "+dfsg" says only what was removed."""
    version = stanza.upstream.rpartition("+really")[2] or stanza.upstream
    return re.sub(r"[+.]dfsg\d*$", "", version)


class _Apt:
    """apt with a state folder of our own for one suite; locked, as two processes may want the same.

    Of source packages; with an ``architecture`` of the binary packages for that.
    """

    def __init__(self, suite: str, *, architecture: str = "") -> None:
        self._suite = suite
        self._architecture = architecture
        self._folder = cache_root() / "apt" / (f"{suite}-{architecture}" if architecture else suite)
        self._lock = locked(self._folder)

    def __enter__(self) -> _Apt:
        if shutil.which("apt-get") is None:
            raise UnavailableError("this machine has no apt-get")
        self._lock.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.__exit__(None, None, None)

    def indexes(self) -> Iterator[None]:
        """Give the index as it is, if it is not old; then, if that did not do, a fresh one."""
        stamp = self._folder / "updated"
        if stamp.is_file() and 0 <= time.time() - stamp.stat().st_mtime < _INDEX_LIFETIME:
            yield
        self._update()
        stamp.touch()
        yield

    def stanzas(self, package: str) -> list[_Stanza]:
        """Return the versions of a source package that the suite lists."""
        result = self._run("apt-cache", "showsrc", "--only-source", package, timeout=60)
        return [stanza for stanza in map(_parse_stanza, result.stdout.split("\n\n")) if stanza.package == package]

    def download(self, stanza: _Stanza, folder: Path) -> str:
        """Fetch the files of a source package into ``folder``; return why some are missing.

        apt stops at the first file that is gone (often only the packaging, replaced by a newer revision) but keeps the
        verified others.
        """
        argument = f"{stanza.package}={stanza.version}"
        result = self._run("apt-get", "source", "--download-only", argument, cwd=folder, timeout=_FETCH_TIMEOUT)
        errors = [line for line in result.stderr.splitlines() if line.startswith(("E:", "Err"))]
        return errors[0][:200] if errors else "apt-get fetched nothing"

    def download_package(self, name: str, version: str, folder: Path) -> Path | None:
        """Fetch a binary package into ``folder``; return the file, or None if apt does not get it."""
        result = self._run("apt-get", "download", f"{name}={version}", cwd=folder, timeout=_FETCH_TIMEOUT)
        return next(iter(sorted(folder.glob(f"{name}_*.deb"))), None) if result.returncode == 0 else None

    def _update(self) -> None:
        for part in ("state/lists/partial", "cache/archives/partial", "sources"):
            (self._folder / part).mkdir(parents=True, exist_ok=True)
        keyring = f"Signed-By: {_KEYRING}\n" if _KEYRING.is_file() else ""
        kind = "deb" if self._architecture else "deb-src"
        place = f"URIs: {_mirror(self._suite)}\nSuites: {self._suite}\nComponents: main\n"
        (self._folder / "sources" / "castiron.sources").write_text(f"Types: {kind}\n{place}{keyring}")
        result = self._run("apt-get", "update", timeout=_UPDATE_TIMEOUT)
        if result.returncode or "\nW: Failed to fetch" in f"\n{result.stderr}":
            lines = [line for line in result.stderr.splitlines() if line.startswith(("E:", "W:"))]
            raise UnavailableError(f"apt-get update failed: {lines[0] if lines else result.returncode}")

    def _run(
        self, program: str, *arguments: str, timeout: float, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        options = {
            "Dir::State": self._folder / "state",
            "Dir::State::status": os.devnull,
            "Dir::Cache": self._folder / "cache",
            "Dir::Etc::SourceList": os.devnull,
            "Dir::Etc::SourceParts": self._folder / "sources",
            **({"APT::Architecture": self._architecture} if self._architecture else {}),
            "Acquire::Retries": 2,
            "Acquire::http::Timeout": 20,
        }
        if os.geteuid() == 0:
            # As root apt changes to the user _apt, who may not write into our folder.
            options["APT::Sandbox::User"] = "root"
        settings = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        try:
            return subprocess.run(
                [program, *settings, *arguments],
                cwd=cwd,
                env=child_environment() | {"LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise UnavailableError(f"{program} did not end within {timeout:.0f} s") from error


def _mirror(suite: str) -> str:
    """Return the address of the Debian mirror in the machine's apt configuration that holds ``suite``."""
    # This prints what "update" would fetch, and works on a machine where nobody has run it yet.
    command = ["apt-get", "-o", "Debug::NoLocking=1", "update", "--print-uris"]
    try:
        result = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            stdin=subprocess.DEVNULL,
            env=child_environment(),
        )
    except subprocess.TimeoutExpired as error:
        raise UnavailableError("apt-get does not say which mirror this machine uses") from error
    return choose_mirror(result.stdout, security=suite.endswith("-security"))


def choose_mirror(uris: str, *, security: bool) -> str:
    """Return the first address in apt's list of files that is a Debian (security) archive's root."""
    wanted = "/debian-security" if security else "/debian"
    for found in re.finditer(r"^'([^']+)/dists/[^']+'", uris, re.MULTILINE):
        if found[1].rstrip("/").endswith(wanted):
            return found[1]
    kind = "a Debian security mirror" if security else "a Debian mirror"
    raise UnavailableError(f"this machine's apt configuration names no {kind}")


def _parse_stanza(text: str) -> _Stanza:
    fields: dict[str, str] = {}
    key = ""
    for line in text.splitlines():
        if line[:1] in {" ", "\t"}:
            fields[key] = f"{fields.get(key, '')}\n{line.strip()}"
        else:
            key, _, value = line.partition(":")
            fields[key] = value.strip()
    files = {}
    for line in fields.get("Checksums-Sha256", "").splitlines():
        if len(parts := line.split()) == 3:
            files[parts[0]] = parts[2]
    return _Stanza(fields.get("Package", ""), fields.get("Version", ""), files)
