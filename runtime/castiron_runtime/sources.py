"""Source archives: found in a local folder, fetched from upstream, or from Debian's source packages; always by hash."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root, file_entry, locked, usable
from castiron_common.errors import RuntimePackError
from castiron_common.files import atomic_write, sha256_bytes, sha256_file
from castiron_runtime.recipe import sources_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_common.progress import Task
    from castiron_runtime.recipe import Recipe, SourcePin

CONNECT_TIMEOUT = 6.0
"""Seconds that upstream has to answer, before the next place is asked."""

SILENCE = 20.0
"""Seconds without a byte."""

_unreachable: dict[str, str] = {}
"""Hosts that did not answer in this process, with the reason: no second wait for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The source archive that was chosen."""

    version: str
    sha256: str
    path: Path
    """Where it lies in the cache, unless it was removed from there: `require_intact` brings it back."""
    pinned: bool
    """False for a version that stands in for pinned ones that are gone."""


def local_folders() -> tuple[Path, ...]:
    """Return the folders of source archives that the user names in ``CASTIRON_SOURCES`` (separated by colons)."""
    return tuple(Path(part) for part in os.environ.get("CASTIRON_SOURCES", "").split(":") if part)


def fetch(recipe: Recipe, *, task: Task) -> Source:
    """Return the source archive of a component.

    Pins are tried in the recipe's order: the cache, local folders, then the pin's own place.  When all have failed, the
    Debian suites' current version of the same series is taken, authenticated by the archive's signature.  What was
    chosen is recorded, so that a second call gives the same, without the network.
    """
    store, record = _places(recipe)
    with locked(record):
        chosen = recorded(recipe)
        if chosen is not None and chosen.path.is_file():
            return chosen
        source = _find(recipe, store, task)
        chosen_now = {
            "version": source.version,
            "file": str(source.path.relative_to(store)),
            "sha256": source.sha256,
            "pinned": source.pinned,
        }
        text = json.dumps({"chosen": chosen_now, "check": _check(chosen_now)}, indent=1)
        with atomic_write(record) as file:
            file.write(text.encode())
        return source


def _check(chosen: object) -> str:
    """Return the hash that a record of a choice carries of itself."""
    return sha256_bytes(json.dumps(chosen, sort_keys=True).encode())


def require_intact(recipe: Recipe, source: Source, *, task: Task) -> None:
    """Fetch a chosen archive again if it is damaged.  Raises `RuntimePackError` if the same cannot be had."""
    if usable(source.path):
        return
    forget(recipe)
    again = fetch(recipe, task=task)
    if again.sha256 != source.sha256:
        raise RuntimePackError(
            f"The source archive {source.path} is damaged, and only version {again.version} can be had in its place.",
            hint="Run the command again to build from that version.",
        )


def forget(recipe: Recipe) -> None:
    """Forget which archive was chosen, so that the next fetch looks for the pinned one again."""
    _places(recipe)[1].unlink(missing_ok=True)


def recorded(recipe: Recipe) -> Source | None:
    """Return the archive that was chosen before; no network, no waiting.

    What was built of it needs it no more, so it counts even when the cache has been pruned of it.
    """
    store, record = _places(recipe)
    try:
        document = json.loads(record.read_bytes())
        values = document["chosen"]
        if document["check"] != _check(values):
            return None  # damaged: chosen anew
        return Source(
            version=values["version"], sha256=values["sha256"], path=store / values["file"], pinned=values["pinned"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _places(recipe: Recipe) -> tuple[Path, Path]:
    store = cache_root() / "sources"
    return store, store / f"{recipe.name}-{sources_key(recipe)[:16]}.json"


def _find(recipe: Recipe, store: Path, task: Task) -> Source:
    from castiron_runtime import debian

    reasons: list[str] = []
    for pin in recipe.pins:
        target = store / pin.sha256 / pin.file
        if not usable(target):
            try:
                file_entry(target, lambda making, pin=pin: _obtain(pin, making, task))  # type: ignore[misc]
            except _UnavailableError as error:
                reasons.append(f"{pin.file}: {error}")
                continue
        return Source(version=pin.version, sha256=pin.sha256, path=target, pinned=True)
    for package, suite in dict.fromkeys((pin.package, pin.suite) for pin in recipe.pins if pin.package):
        task.step(f"looking for another version of {recipe.series}* in Debian's {suite}")
        try:
            with debian.fetch_series(package, suite, recipe.series) as (version, file):
                sha256 = sha256_file(file)
                target = store / sha256 / file.name
                file_entry(target, lambda making, file=file: _copy(file, making))  # type: ignore[misc]
        except debian.UnavailableError as error:
            reasons.append(f"{package} {recipe.series}* in {suite}: {error}")
            continue
        task.note(f"warning: the pinned sources are gone; version {version} of Debian's {suite} stands in for them")
        return Source(version=version, sha256=sha256, path=target, pinned=False)
    raise RuntimePackError(
        f"No source archive of {recipe.name} can be had:\n" + "\n".join(f"  {reason}" for reason in reasons),
        hint=f"Put {recipe.pins[0].file} into a folder and name that folder in CASTIRON_SOURCES.",
    )


class _UnavailableError(Exception):
    """This pin's archive is not to be had there; the message says why."""


def _obtain(pin: SourcePin, making: Path, task: Task) -> None:
    """Write the pin's archive to ``making``: from a local folder, else from the pin's place; check its hash."""
    from castiron_runtime import debian

    for candidate in _local_candidates(pin):
        if sha256_file(candidate) == pin.sha256:
            _copy(candidate, making)
            return
    if pin.url:
        from castiron_common.network import host_of

        task.step(f"fetching {pin.file} from {host_of(pin.url)}")
        _download(pin, making, task)
        return
    task.step(f"fetching {pin.file} from Debian's {pin.suite}")
    try:
        with debian.fetch_by_hash(pin.package, pin.suite, pin.sha256) as file:
            _copy(file, making)
    except debian.UnavailableError as error:
        raise _UnavailableError(str(error)) from error
    actual = sha256_file(making)
    if actual != pin.sha256:
        raise _UnavailableError(_other_hash(pin, actual))


def _copy(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())


def _local_candidates(pin: SourcePin) -> Iterator[Path]:
    for folder in local_folders():
        candidate = folder / pin.file
        if candidate.is_file():
            yield candidate


def _download(pin: SourcePin, making: Path, task: Task) -> None:
    # Who has the sources, as every warm command does, does not wait for these.
    from castiron_common.download_errors import DownloadError, Failure
    from castiron_common.downloads import Downloader, Limits
    from castiron_common.network import configured, host_of

    host = host_of(pin.url)
    if host in _unreachable:
        raise _UnavailableError(_unreachable[host])
    # Another place is asked when this one does not answer, so there is no second attempt to connect.
    limits = Limits(connect=CONNECT_TIMEOUT, silence=SILENCE, connects=1, attempts=3)
    try:
        with Downloader(configured(), limits, tell=task.step) as downloader:
            downloader.fetch(pin.url, making, sha256=pin.sha256)
    except DownloadError as error:
        if error.failure is Failure.CHANGED:
            raise _UnavailableError(_other_hash(pin, str(error.sha256))) from error
        if error.failure in {Failure.UNREACHABLE, Failure.TOO_SLOW}:
            _unreachable[host] = error.reason
        raise _UnavailableError(error.reason) from error


def _other_hash(pin: SourcePin, actual: str) -> str:
    return f"has SHA-256 {actual} and not {pin.sha256} of the recipe"
