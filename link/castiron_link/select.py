"""Which extension modules of the standard library are linked in: what the manifest asks for and the interpreter needs.

Every one brings its archives with it, and those their licenses, so this pass decides whether OpenSSL or SQLite are in
the binary at all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_common.errors import ModuleMissingError
from castiron_manifest.model import Origin

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from castiron_link.model import PlacedModule, Tree
    from castiron_runtime.model import Extension

IMPLIED: Mapping[str, tuple[str, ...]] = {
    "_elementtree": ("pyexpat",),
    "_ssl": ("_socket",),
    "_asyncio": ("_contextvars",),
}
"""Extension modules that import another one from C, where no scan of sources sees it."""

OWN_DIGESTS = frozenset({"_blake2", "_md5", "_sha1", "_sha2", "_sha256", "_sha3", "_sha512"})
"""CPython's own digests, in any series.  Source: CPython 3.11 and 3.13, Lib/hashlib.py."""

_OPENSSL_ONLY = re.compile(
    rb"""\b(?:pbkdf2_hmac|scrypt|_hashlib|hashlib\.algorithms_available)\b
    | ["'](?:ripemd160|rmd160|sm3|sha512[_-]256|sha512[_-]224|md4|mdc2|whirlpool|md5-sha1)["']""",
    re.VERBOSE | re.IGNORECASE,
)
"""What of hashlib exists in OpenSSL alone.  Source: CPython 3.11 and 3.13, Lib/hashlib.py, Modules/_hashopenssl.c."""

_FASTER_IN_OPENSSL = re.compile(rb"\b(?:sha[_-]?(?:1|224|256|384|512)|file_digest)\b", re.IGNORECASE)
"""Digests that take half to an eighth of the time in OpenSSL, which uses instructions for them.  MD5 is as fast."""

_HASHLIB = re.compile(rb"\b_?hashlib\b")
_USES_DIGESTS = re.compile(rb"\b(?:_?hashlib|hmac)\b")


def select(
    tree: Tree, *, startup: Collection[str], offered: Mapping[str, Extension], small: bool = False
) -> tuple[str, ...]:
    """Return the extension modules of the standard library that ``tree`` needs, sorted.

    ``startup`` are the built-in modules that the interpreter imports to start, ``offered`` those the pack can give.
    ``small``: nothing is taken for its speed alone.  Raises `ModuleMissingError` for one that the pack does not offer.
    """
    wanted = set(tree.builtins) | set(startup) | {name for name, extension in offered.items() if extension.always}
    digests = OWN_DIGESTS & set(offered)
    own_serve = "_ssl" not in wanted and digests <= wanted and not needs_openssl_digests(tree.modules)
    if "_hashlib" in wanted and own_serve and (small or not faster_with_openssl(tree.modules)):
        # CPython's own digests serve: all are there, and nothing uses what only OpenSSL has, or is fast in.
        wanted.discard("_hashlib")
    for name in sorted(wanted):
        wanted.update(set(IMPLIED.get(name, ())) & set(offered))
    if missing := sorted(wanted - set(offered)):
        raise ModuleMissingError(
            f"The runtime pack has no {', '.join(missing)}.",
            hint="The manifest was made with another runtime pack: run trace again, or link with that pack.",
        )
    return tuple(sorted(wanted))


def needs_openssl_digests(modules: Iterable[PlacedModule]) -> bool:
    """Return whether a source outside the standard library uses digests or key derivations that only OpenSSL has.

    A word search on purpose: wrongly found costs size, wrongly missed would break the application.
    """
    return _named(modules, _HASHLIB, _OPENSSL_ONLY)


def faster_with_openssl(modules: Iterable[PlacedModule]) -> bool:
    """Return whether a source outside the standard library computes digests that OpenSSL is much faster in.

    A word search as well: wrongly found costs size, wrongly missed costs time.
    """
    return _named(modules, _USES_DIGESTS, _FASTER_IN_OPENSSL)


def _named(modules: Iterable[PlacedModule], *words: re.Pattern[bytes]) -> bool:
    return any(
        module.module.origin is not Origin.STDLIB and all(word.search(module.source) for word in words)
        for module in modules
    )


def inittab(extensions: Iterable[Extension]) -> tuple[tuple[str, str | None], ...]:
    """Return the rows of ``_PyImport_Inittab``, sorted: (module name, its init function, None for those without)."""
    return tuple(sorted((extension.name, extension.init or None) for extension in extensions))
