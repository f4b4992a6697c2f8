"""How this machine reaches others, as its user has configured it: certificates, proxies, logins."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from castiron_common.home import home_folder
from castiron_common.pip_settings import pip_settings

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Whom to be at a host."""

    host: str
    user: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The settings, taken once: nothing that is changed later counts."""

    ca_file: Path | None = None
    """Certificates that are trusted instead of the system's; None is the system's."""
    proxies: tuple[tuple[str, str], ...] = ()
    """Scheme (``http``, ``https``, ``all``, and ``no`` for hosts without one) and what the environment says of it."""
    logins: tuple[Login, ...] = ()
    """Come before those of ``netrc``."""
    netrc: Path | None = None

    def proxy(self, scheme: str, host: str) -> str | None:
        """Return the proxy's URL for a host, as curl understands the variables; None for a direct connection."""
        import urllib.request

        proxies = dict(self.proxies)
        found = proxies.get(scheme) or proxies.get("all")
        if not found or urllib.request.proxy_bypass_environment(host, proxies):  # type: ignore[attr-defined]
            return None
        return found if "://" in found else f"http://{found}"

    def login(self, url: SplitResult) -> Login | None:
        """Return the login for a URL: its own, else the configured one of its host."""
        host = url.hostname or ""
        if url.username:
            return Login(host=host, user=unquote(url.username), password=unquote(url.password or ""))
        for login in self.logins:
            if login.host == host:
                return login
        return self._from_netrc(host)

    def _from_netrc(self, host: str) -> Login | None:
        import netrc

        if self.netrc is None:
            return None
        try:
            entry = netrc.netrc(self.netrc).authenticators(host)
        except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
            return None  # a file of other programs, which say what is wrong with it
        return Login(host=host, user=entry[0], password=entry[2] or "") if entry else None


def configured(logins: Sequence[Login] = ()) -> Network:
    """Return what the environment says, and pip's settings where it says nothing.

    Read are ``SSL_CERT_FILE``, ``http_proxy``, ``https_proxy``, ``all_proxy`` and ``no_proxy`` in either case, and
    ``NETRC``.
    """
    import urllib.request  # half of http.client: only for those who fetch something

    pip = pip_settings()
    ca_file = os.environ.get("SSL_CERT_FILE")
    if not ca_file and pip.cert and Path(pip.cert).is_file():
        ca_file = pip.cert
    proxies = urllib.request.getproxies_environment()
    if pip.proxy and not proxies.get("https") and not proxies.get("all"):
        proxies["all"] = pip.proxy
    return Network(
        ca_file=Path(ca_file) if ca_file else None,
        proxies=tuple(sorted(proxies.items())),
        logins=tuple(logins),
        netrc=Path(os.environ.get("NETRC") or home_folder() / ".netrc"),
    )


def host_of(url: str) -> str:
    """Return the host that a URL names, for messages; empty if it names none."""
    return urlsplit(url).hostname or ""
