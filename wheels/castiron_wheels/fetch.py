"""Wheels and sdists by their hash: from the cache, from the manifest, else from the index; always verified."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root, file_entry, usable
from castiron_common.download_errors import DownloadError, Failure
from castiron_common.downloads import Downloader
from castiron_common.errors import DependencyError, ManifestError
from castiron_common.files import sha256_bytes, sha256_file
from castiron_common.network import configured
from castiron_common.pools import thread_pool
from castiron_common.words import counted
from castiron_wheels.index_logins import index_logins
from castiron_wheels.pylock import read_lock
from castiron_wheels.uv_client import client_environment, uv_compile
from castiron_wheels.wheel_archive import is_plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from castiron_common.progress import Reporter, Task
    from castiron_common.target import PythonTarget
    from castiron_manifest.model import Distribution, Wheel
    from castiron_wheels.model import Candidate

_CONNECTIONS = 6
_SHA256 = re.compile(r"[0-9a-f]{64}")


def _names_one_file(sha256: str, filename: str) -> bool:
    """Whether these are the names of a folder and of a file in it, and not of places elsewhere."""
    return bool(_SHA256.fullmatch(sha256)) and is_plain(filename) and "/" not in filename


def wheel_entry(sha256: str, filename: str) -> Path:
    """Return where the cache keeps that file."""
    if not _names_one_file(sha256, filename):
        raise ManifestError(
            f"{filename!r} with the hash {sha256!r} does not name a wheel.",
            hint="The manifest is damaged; make it again.",
        )
    return cache_root() / "wheels" / sha256 / filename


def fetch(
    name: str, version: str, wheel: Wheel, target: PythonTarget, *, blob: bytes | None = None, reporter: Reporter
) -> Path:
    """Return the wheel file in the cache; what is not there comes from ``blob`` (of the manifest) or the index."""
    entry = wheel_entry(wheel.sha256, wheel.filename)
    if usable(entry):
        return entry
    if blob is not None:
        return store(blob, wheel)
    if wheel.embedded:
        raise ManifestError(
            f"The wheel {wheel.filename} is not in the manifest, and no index has it.", hint="Make the manifest again."
        )
    with reporter.task(f"fetch {name} {version}") as task:
        return _fetch_missing([(name, version, wheel)], target, task)[0]


def fetch_all(
    distributions: Sequence[Distribution], target: PythonTarget, *, blobs: Mapping[str, bytes], reporter: Reporter
) -> list[Path]:
    """Return the wheel files of a manifest's distributions, in their order; one question to the index for all."""
    missing = [
        (item.name, item.version, item.wheel)
        for item in distributions
        if not item.wheel.embedded and not usable(wheel_entry(item.wheel.sha256, item.wheel.filename))
    ]
    if missing:
        with reporter.task(f"fetch {counted(len(missing), 'wheel')}") as task:
            _fetch_missing(missing, target, task)
    return [
        fetch(item.name, item.version, item.wheel, target, blob=blobs.get(item.wheel.sha256), reporter=reporter)
        for item in distributions
    ]


def store(content: bytes, wheel: Wheel) -> Path:
    """Put a wheel that the manifest carries into the cache."""
    if sha256_bytes(content) != wheel.sha256:
        raise ManifestError(
            f"The manifest's content of {wheel.filename} has another hash than it says.",
            hint="Make the manifest again.",
        )
    return file_entry(wheel_entry(wheel.sha256, wheel.filename), lambda making: _write(making, content))


def keep(path: Path) -> Path:
    """Copy a wheel file of this machine into the cache."""
    content = path.read_bytes()
    return file_entry(wheel_entry(sha256_bytes(content), path.name), lambda making: _write(making, content))


def fetch_candidates(candidates: Sequence[Candidate], *, reporter: Reporter) -> list[Path]:
    """Return the files that the resolver chose, fetched side by side, in their order."""
    missing = [item for item in candidates if item.sha256 is None or not usable(_entry(item.sha256, item))]
    if not missing:
        return [_entry(str(item.sha256), item) for item in candidates]
    with reporter.task(f"fetch {counted(len(missing), 'file')}") as task:
        return _fetch_files(candidates, task)


def _fetch_files(candidates: Sequence[Candidate], task: Task) -> list[Path]:
    network = configured(index_logins(client_environment()))
    with Downloader(network, tell=task.step) as downloader, thread_pool(_CONNECTIONS) as pool:
        futures = [pool.submit(_fetch_candidate, item, downloader) for item in candidates]
        return [future.result() for future in futures]


def _entry(sha256: str, candidate: Candidate) -> Path:
    if candidate.sdist:
        if not _names_one_file(sha256, candidate.filename):
            raise DependencyError(
                f"{candidate.filename!r} with the hash {sha256!r} does not name a source distribution.",
                hint="The lock file or the index is damaged; lock again.",
            )
        return cache_root() / "sdists" / sha256 / candidate.filename
    return wheel_entry(sha256, candidate.filename)


def _fetch_candidate(candidate: Candidate, downloader: Downloader) -> Path:
    if candidate.path is not None:
        digest = sha256_file(candidate.path)
        if candidate.sha256 not in {None, digest}:
            raise DependencyError(
                f"The file {candidate.filename} has the SHA-256 {digest}, but {candidate.sha256} is expected.",
                hint="The file was changed after it was locked; lock again, or put the right file there.",
            )
        content = candidate.path.read_bytes()
        return file_entry(_entry(digest, candidate), lambda making: _write(making, content))
    url = candidate.url
    assert url is not None, "a candidate has a path or a URL"

    def download(making: Path) -> None:
        try:
            downloader.fetch(url, making, sha256=candidate.sha256, size=candidate.size)
        except DownloadError as error:
            raise DependencyError(
                f"The file {candidate.filename} cannot be fetched: {error.reason}.", hint=_advice(error)
            ) from error

    if candidate.sha256 is not None:
        return file_entry(_entry(candidate.sha256, candidate), download)
    # An index without hashes: the file is known by its address until its content is there.
    unhashed = sha256_bytes(url.encode())
    _entry(unhashed, candidate)  # refuses a name that leads elsewhere
    first = file_entry(cache_root() / "wheels" / ".unhashed" / unhashed / candidate.filename, download)
    content = first.read_bytes()
    return file_entry(_entry(sha256_bytes(content), candidate), lambda making: _write(making, content))


_ADVICE = {
    Failure.UNREACHABLE: "Check the network and the proxy (HTTPS_PROXY); what is fetched once stays in the cache.",
    Failure.TOO_SLOW: "Check the network and the proxy (HTTPS_PROXY), or try again later.",
    Failure.CHANGED: "The index, a proxy or a mirror serves another file: do not use it, find out why.",
    Failure.TOO_LARGE: "The index, a proxy or a mirror serves another file: do not use it, find out why.",
    Failure.UNTRUSTED: "Name the file of the certificates that are trusted in SSL_CERT_FILE.",
    Failure.CONFIGURATION: "Correct that setting: SSL_CERT_FILE, HTTPS_PROXY, ALL_PROXY, or pip's cert and proxy.",
}


def _advice(error: DownloadError) -> str:
    if error.status in {401, 403, 407}:
        return "Give credentials: in the index's URL, in UV_INDEX_<NAME>_USERNAME and _PASSWORD, or in ~/.netrc."
    if error.status in {404, 410}:
        return "The file is gone from the index; resolve again, or take another version."
    return _ADVICE.get(error.failure, "The index has a problem; try again later.")


def _fetch_missing(wanted: Sequence[tuple[str, str, Wheel]], target: PythonTarget, task: Task) -> list[Path]:
    """Ask the index where the wheels are, and fetch them."""
    lines = [f"{name}=={version}" for name, version, _ in wanted]
    offered = read_lock(uv_compile(lines, target, options=["--no-deps"]), target, every_wheel=True)
    chosen: list[Candidate] = []
    for name, _version, wheel in wanted:
        own = [item for item in offered if item.name == name and item.filename == wheel.filename]
        fitting = [item for item in own if item.sha256 in {wheel.sha256, None}]
        if not fitting:
            what = "another file of that name" if own else "no such file"
            raise DependencyError(
                f"The manifest needs {wheel.filename} (SHA-256 {wheel.sha256}); the index has {what}.",
                hint="Use the index that the manifest was made with (UV_DEFAULT_INDEX), or make the manifest again.",
            )
        chosen.append(fitting[0])
    paths: list[Path] = []
    for (_, _, wheel), path in zip(wanted, _fetch_files(chosen, task), strict=True):
        if path != wheel_entry(wheel.sha256, wheel.filename):
            raise DependencyError(
                f"{wheel.filename} from the index has another SHA-256 than the manifest says ({wheel.sha256}).",
                hint="Use the index that the manifest was made with, or make the manifest again.",
            )
        paths.append(path)
    return paths


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
