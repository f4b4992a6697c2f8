"""Reads the shared objects that may go in, each once, and refuses what a static binary cannot hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.errors import NativeError
from castiron_elf import constants, store
from castiron_elf.errors import MalformedElfError, NotElfError
from castiron_link.absorb.check import check

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.target import Target
    from castiron_elf.shared_object import SharedObject


def read(path: Path, *, name: str, sha256: str, target: Target) -> SharedObject:
    """Return what is known of the shared object with this content; ``name`` is what messages call it.

    Raises `NativeError` if it cannot be absorbed.
    """
    try:
        facts = store.read_file(path, target.elf, sha256=sha256)
    except OSError as error:
        raise unreadable(name, error) from error
    except store.ChangedContentError as error:
        raise changed(name) from error
    except NotElfError as error:
        raise NativeError(
            f"{name} is not an ELF file.", hint="It is named like a shared object; exclude it or reinstall it."
        ) from error
    except MalformedElfError as error:
        raise NativeError(
            f"{name} is not a well-formed shared object: {error}.",
            hint="The file may be truncated; reinstall the distribution, or exclude the module.",
        ) from error
    check(facts, name, target)
    return facts


def constants_of(path: Path, known: SharedObject, *, name: str) -> tuple[str, ...]:
    """Return the names that a shared object may ask ``dlsym`` for, sorted.  Raises `NativeError`."""
    if not known.uses_dlsym:
        return ()
    try:
        return constants.constants(path, known)
    except OSError as error:
        raise unreadable(name, error) from error
    except store.ChangedContentError as error:
        raise changed(name) from error


def content(path: Path, known: SharedObject, *, name: str) -> bytes:
    """Return the bytes of the file that ``known`` was read from.  Raises `NativeError` if they have changed."""
    try:
        data = path.read_bytes()
        store.require_content(data, known.sha256)
    except OSError as error:
        raise unreadable(name, error) from error
    except store.ChangedContentError as error:
        raise changed(name) from error
    return data


def unreadable(name: str, error: OSError) -> NativeError:
    """Return the error for a file that the operating system does not give."""
    return NativeError(f"{name} cannot be read: {error.strerror or error}.", hint="Check the file's permissions.")


def changed(name: str) -> NativeError:
    """Return the error for a file with another content than it had when it was traced."""
    return NativeError(
        f"{name} has changed since it was traced.",
        hint="Its content no longer has the hash that the manifest names: reinstall it, or run trace again.",
    )
