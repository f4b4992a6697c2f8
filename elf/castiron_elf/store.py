"""Each shared object is read once: what is known of it is kept in the cache, for trace, link and audit alike.

The key is the hash of the file's content, below a folder that names what read it: the sources of this package,
pyelftools' version, and the machine whose relocations are understood.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root, discard, file_entry, locked, usable
from castiron_common.files import sha256_bytes
from castiron_common.source_key import source_key
from castiron_elf.shared_object import decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from castiron_common.target import Elf
    from castiron_elf.shared_object import SharedObject

_FOLDER = Path(__file__).parent


class ChangedContentError(ValueError):
    """A file does not have the content that its hash names: nothing may be cached under another's name."""


@cache
def reader_key(elf: Elf) -> str:
    """Return a hash of what reads files for the machine ``elf``."""
    return source_key(_FOLDER.glob("*.py"), libraries=("pyelftools",), also=repr(elf))


def known(sha256: str, elf: Elf) -> SharedObject | None:
    """Return what is known of the file with this content; None if nobody has read it yet."""
    entry = _entry(sha256, elf)
    return _decoded(entry) if usable(entry) else None


def read(data: bytes, elf: Elf) -> SharedObject:
    """Return what a file says, and keep it.  Raises `MalformedElfError`."""
    sha256 = sha256_bytes(data)
    return _made(_entry(sha256, elf), lambda: _observed(data, elf, sha256))


def read_file(path: Path, elf: Elf, *, sha256: str) -> SharedObject:
    """Return what the file of this content says; it is opened only if nobody has read it yet.

    Raises `MalformedElfError`, `ChangedContentError` if the content is another, and OSError.
    """

    def make() -> SharedObject:
        data = path.read_bytes()
        require_content(data, sha256)
        return _observed(data, elf, sha256)

    return _made(_entry(sha256, elf), make)


def derived(path: Path, sha256: str, *, by: str, make: Callable[[bytes], bytes]) -> bytes:
    """Return what ``make`` gives for the bytes of the file with this content; made once, and kept.

    ``by`` is a hash of what makes it.  Raises `ChangedContentError` if the content is another, and OSError.
    """

    def build(making: Path) -> None:
        data = path.read_bytes()
        require_content(data, sha256)
        making.write_bytes(make(data))

    return file_entry(_place(by, sha256), build).read_bytes()


def require_content(data: bytes, sha256: str) -> None:
    """Raise `ChangedContentError` if bytes do not have this hash."""
    if sha256_bytes(data) != sha256:
        raise ChangedContentError(f"its content no longer has the SHA-256 {sha256}")


def _observed(data: bytes, elf: Elf, sha256: str) -> SharedObject:
    from castiron_elf.observe import observe  # which imports pyelftools

    return observe(data, elf, sha256=sha256)


def _entry(sha256: str, elf: Elf) -> Path:
    return _place(reader_key(elf), sha256)


def _place(key: str, sha256: str) -> Path:
    return cache_root() / "elf" / key / sha256[:2] / sha256


def _made(entry: Path, make: Callable[[], SharedObject]) -> SharedObject:
    def build(making: Path) -> None:
        making.write_bytes(encode(make()))

    facts = _decoded(file_entry(entry, build))
    if facts is None:
        # Damaged since this process looked at its seal: made again.
        with locked(entry):
            discard(entry)
        facts = _decoded(file_entry(entry, build))
        assert facts is not None
    return facts


def _decoded(entry: Path) -> SharedObject | None:
    try:
        return decode(entry.read_bytes())
    except (ValueError, TypeError, KeyError, OSError):
        return None
