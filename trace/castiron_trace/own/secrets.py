"""Tells files that hold secrets: those never go in because a rule found them, but only by their name.

Of private keys the path in the code is enough, if it begins at the code's own place: a program with a certificate and
its key beside its code cannot run without them. Passwords, tokens and settings belong to a machine, not to a program.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NAMES = re.compile(
    r"""
    \.env(?:\..+)?|.+\.env|\.envrc                                  # python-dotenv, direnv
    |\.(?:netrc|pgpass|pypirc|htpasswd|git-credentials|npmrc|my\.cnf)
    |id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?                           # OpenSSH
    |.+\.(?:key|p12|pfx|jks|keystore|kdbx|ppk|gpg|asc\.key)
    |\.?secrets?\.(?:json|ya?ml|toml|ini|cfg|conf|txt|py)           # Streamlit's secrets.toml, Dynaconf's .secrets.toml
    |(?:.*[_.-])?credentials?(?:\.(?:json|ya?ml|toml|ini|cfg|csv|txt))?
    |client_secret.*\.json|service[_-]account.*\.json|.*-firebase-adminsdk-.*\.json
    """,
    re.VERBOSE | re.IGNORECASE,
)
_KEYS = (".key", ".p12", ".pfx", ".jks", ".keystore", ".ppk")
_EXAMPLES = re.compile(r"example|sample|template|dist$", re.IGNORECASE)
"""``.env.example``: what a secret file would look like."""
_PRIVATE_KEY = re.compile(rb"-----BEGIN (?:[A-Z0-9 ]+ )?PRIVATE KEY-----")
_PEM = (".pem", ".crt", ".cer", ".cert")
_LOOKED_AT = 1 << 18
"""Bytes at the start of a file of certificates in which a private key is looked for."""


def is_secret(file: Path) -> bool:
    """Say whether a file's name, or for a PEM file its content, says that it holds secrets."""
    if _NAMES.fullmatch(file.name):
        return _EXAMPLES.search(file.name) is None
    return _has_private_key(file)


def is_private_key(file: Path) -> bool:
    """Say whether a file is a private key or a store of keys, as a server's certificate has one beside it."""
    return file.suffix.lower() in _KEYS or _has_private_key(file)


def _has_private_key(file: Path) -> bool:
    if file.suffix.lower() not in _PEM:
        return False
    try:
        with file.open("rb") as content:
            return _PRIVATE_KEY.search(content.read(_LOOKED_AT)) is not None
    except OSError:
        return False  # whoever reads it will say why it cannot be read
