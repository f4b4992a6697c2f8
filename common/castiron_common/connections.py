"""Connections to hosts, direct or by way of their proxies, and the certificates that count."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from castiron_common.download_errors import DownloadError, Failure

if TYPE_CHECKING:
    import ssl

    from urllib3 import PoolManager

    from castiron_common.network import Network

_KEPT = 8
"""Connections to one host that are kept: as many as threads fetch side by side, or more."""


class Connections:
    """Connections that are kept open.  Threads may share them."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._pools: dict[str | None, PoolManager] = {}
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None

    def close(self) -> None:
        """Close those that nobody uses."""
        for pool in self._pools.values():
            pool.clear()

    def to(self, url: str) -> PoolManager:
        """Return the connections by way of the URL's proxy, or direct ones."""
        from urllib3 import PoolManager, ProxyManager
        from urllib3.util import make_headers

        parts = urlsplit(url)
        proxy = self._network.proxy(parts.scheme.lower(), parts.hostname or "")
        with self._lock:
            if proxy not in self._pools:
                context = self._tls()
                if proxy is None:
                    self._pools[proxy] = PoolManager(ssl_context=context, maxsize=_KEPT)
                elif urlsplit(proxy).scheme.lower().startswith("socks"):
                    self._pools[proxy] = _socks(proxy, context)
                else:
                    login = urlsplit(proxy)
                    given = f"{unquote(login.username)}:{unquote(login.password or '')}" if login.username else None
                    try:
                        self._pools[proxy] = ProxyManager(
                            without_login(proxy),
                            maxsize=_KEPT,
                            ssl_context=context,
                            proxy_ssl_context=context,
                            proxy_headers=make_headers(proxy_basic_auth=given),
                        )
                    except ValueError as error:  # urllib3's own errors for addresses, too
                        raise DownloadError(
                            Failure.CONFIGURATION, f"the proxy {without_login(proxy)} cannot be used ({error})"
                        ) from error
            return self._pools[proxy]

    def _tls(self) -> ssl.SSLContext:
        import ssl

        if self._context is None:
            ca_file = self._network.ca_file
            try:
                self._context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
            except (OSError, ssl.SSLError) as error:
                reason = error.strerror or str(error)
                raise DownloadError(
                    Failure.CONFIGURATION, f"the certificates in {ca_file} cannot be read ({reason})"
                ) from error
            if ca_file is None and not _system_has_certificates():
                import certifi

                # A bare container: uv, too, then uses roots that it brings along.
                self._context.load_verify_locations(certifi.where())
        return self._context


def _socks(proxy: str, context: ssl.SSLContext) -> PoolManager:
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says at length what the error below says
            from urllib3.contrib.socks import SOCKSProxyManager
    except ImportError as error:
        raise DownloadError(
            Failure.CONFIGURATION,
            f"the proxy {without_login(proxy)} needs the package PySocks (python -m pip install PySocks)",
        ) from error
    manager: PoolManager = SOCKSProxyManager(proxy, ssl_context=context, maxsize=_KEPT)
    return manager


def without_login(url: str) -> str:
    """Return a URL without user and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _system_has_certificates() -> bool:
    import ssl
    from pathlib import Path

    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile) or (paths.capath is not None and any(Path(paths.capath).iterdir()))
