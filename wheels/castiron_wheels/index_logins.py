"""Logins for the hosts of package indexes, from uv's settings.

Source: uv documentation, "Package indexes", "Authentication".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from castiron_common.network import Login

if TYPE_CHECKING:
    from collections.abc import Mapping

_INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")
_NAMED = re.compile(r"([\w-]+)=(.*)")
"""How an index is given with its name."""


def index_logins(environ: Mapping[str, str]) -> tuple[Login, ...]:
    """Return the logins in the indexes' URLs, then those in ``UV_INDEX_<NAME>_USERNAME`` and ``_PASSWORD``."""
    in_urls: list[Login] = []
    by_name: list[Login] = []
    for text in (text for variable in _INDEXES for text in environ.get(variable, "").split()):
        named = _NAMED.fullmatch(text)
        url = urlsplit(named[2] if named else text)
        host = url.hostname or ""
        if url.username:
            in_urls.append(Login(host=host, user=unquote(url.username), password=unquote(url.password or "")))
        if named:
            name = re.sub(r"[^A-Z0-9]", "_", named[1].upper())
            user = environ.get(f"UV_INDEX_{name}_USERNAME", "")
            password = environ.get(f"UV_INDEX_{name}_PASSWORD", "")
            if user or password:
                by_name.append(Login(host=host, user=user, password=password))
    return (*in_urls, *by_name)
