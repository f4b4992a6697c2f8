"""The one downloader: wheels, source distributions and the runtime's sources come through it.

urllib3 makes connections and keeps them, speaks TLS and to proxies, and counts and spaces attempts.  What it leaves to
its user is here: which proxy and login a host gets, also behind a redirect; a body that breaks off, which is continued
where the server can (RFC 9110, 14.2 and 13.1.5); limits; and the hash, taken while the bytes arrive.
"""

from __future__ import annotations

import enum
import hashlib
import threading
import time
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from castiron_common.network import Network, host_of

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from urllib3 import PoolManager
    from urllib3.response import BaseHTTPResponse
    from urllib3.util import Retry

_PIECE = 1 << 18
_REDIRECTS = 8
_KEPT = 8
"""Connections to one host that are kept: as many as threads fetch side by side, or more."""
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
"""Statuses of servers that may answer otherwise in a moment."""
_LONGEST_PAUSE = 30
"""Seconds.  A server that asks for a longer one (Retry-After) is not waited for."""


class Failure(enum.Enum):
    """Why a file could not be had."""

    UNREACHABLE = "unreachable"
    """No connection, or it broke off each time."""
    STATUS = "status"
    """The server answered, and not with the file."""
    CHANGED = "changed"
    """The file has another hash."""
    TOO_LARGE = "too large"
    TOO_SLOW = "too slow"
    UNTRUSTED = "untrusted"
    """The server's certificate was not signed by anybody who is trusted here."""
    CONFIGURATION = "configuration"
    """A setting of this machine cannot be used."""


class DownloadError(Exception):
    """A file could not be had; ``reason`` is a clause for a message, without a full stop."""

    def __init__(
        self, failure: Failure, reason: str, *, host: str = "", status: int | None = None, sha256: str | None = None
    ) -> None:
        super().__init__(reason)
        self.failure = failure
        self.reason = reason
        self.host = host
        self.status = status
        """The HTTP status of `Failure.STATUS`."""
        self.sha256 = sha256
        """The hash that the file has, of `Failure.CHANGED`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a download may take."""

    connect: float = 20.0
    """Seconds until a connection stands."""
    silence: float = 60.0
    """Seconds without a byte."""
    total: float = 3600.0
    """Seconds for all attempts."""
    size: int = 8 << 30
    """Bytes."""
    attempts: int = 4
    """For whatever is worth another one: connections that fail or break off, and servers that are busy."""
    connects: int = 4
    """Attempts to get a connection at all."""
    pause: float = 0.5
    """Seconds; before the third attempt twice this, and from then on twice the last pause."""


class Downloader:
    """Fetches files, over connections that are kept open between them.  Threads may share one."""

    def __init__(
        self, network: Network, limits: Limits | None = None, *, tell: Callable[[str], None] | None = None
    ) -> None:
        """``tell`` is called, by any thread, when something is tried again, with the reason."""
        self._network = network
        self._limits = limits or Limits()
        self._tell = tell
        self._pools: dict[str | None, PoolManager] = {}
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None

    def __enter__(self) -> Downloader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in self._pools.values():
            pool.clear()

    def fetch(self, url: str, destination: Path, *, sha256: str | None, size: int | None = None) -> str:
        """Write what ``url`` (http, https or file) holds to ``destination``; return its SHA-256, in hexadecimal.

        ``destination`` takes the file whole and with the hash ``sha256``, if that is given, or stays as it is.
        ``size`` in bytes, if it is known, is the most that is accepted.  Raises `DownloadError`, and OSError if the
        file cannot be written.
        """
        part = destination.with_name(f"{destination.name}.part")
        try:
            with part.open("w+b") as out:
                body = _Body(out=out, limit=self._limits.size if size is None else size, host=host_of(url))
                if urlsplit(url).scheme.lower() == "file":
                    _copy_file(url, body)
                else:
                    self._receive(url, body, checked=sha256 is not None)
            digest = body.digest.hexdigest()
            if sha256 is not None and digest != sha256:
                raise DownloadError(
                    Failure.CHANGED,
                    f"it has the SHA-256 {digest}, but {sha256} is expected",
                    host=body.host,
                    sha256=digest,
                )
            part.replace(destination)
        finally:
            part.unlink(missing_ok=True)
        return digest

    def _receive(self, url: str, body: _Body, *, checked: bool) -> None:
        """Read the body, in as many attempts as are worth it."""
        from urllib3.exceptions import HTTPError, MaxRetryError, ProtocolError, ReadTimeoutError

        deadline = time.monotonic() + self._limits.total
        retries = self._retries(body.host)
        while True:
            answer: BaseHTTPResponse | None = None
            try:
                answer = self._open(url, body, retries, checked=checked)
                body.begin(answer)
                while piece := answer.read1(_PIECE, decode_content=False):
                    body.add(piece)
                    self._check_time(deadline, body.host)
            except (ProtocolError, ReadTimeoutError) as error:
                retries = retries if answer is None or answer.retries is None else answer.retries
                try:
                    retries = retries.increment("GET", url, error=error)
                except MaxRetryError:
                    raise _failed(error, body.host) from error
                self._check_time(deadline, body.host)
                retries.sleep()
            except HTTPError as error:
                raise _failed(error, body.host) from error
            else:
                return
            finally:
                if answer is not None:
                    answer.close()

    def _check_time(self, deadline: float, host: str) -> None:
        if time.monotonic() > deadline:
            raise DownloadError(
                Failure.TOO_SLOW, f"{host} has not sent it within {self._limits.total:.0f} s", host=host
            )

    def _open(self, url: str, body: _Body, retries: Retry, *, checked: bool) -> BaseHTTPResponse:
        """Return the answer with the file, after as many redirects as it takes."""
        from urllib3 import Timeout

        timeout = Timeout(connect=self._limits.connect, read=self._limits.silence)
        for _ in range(_REDIRECTS):
            answer = self._pool(url).request(
                "GET",
                _without_login(url),
                headers={**self._headers(url), **body.resume_headers()},
                redirect=False,
                preload_content=False,
                retries=retries,
                timeout=timeout,
            )
            location = answer.get_redirect_location()
            if not location:
                if answer.status == 416 and body.received:
                    answer.close()
                    body.restart()  # there is nothing behind what has arrived, or it cannot be asked for
                    continue
                if answer.status not in {200, 206}:
                    answer.close()
                    raise DownloadError(
                        Failure.STATUS,
                        f"{host_of(url)} answers {answer.status} {answer.reason or ''}".rstrip(),
                        host=host_of(url),
                        status=answer.status,
                    )
                return answer
            answer.close()
            target = urljoin(url, location)
            if urlsplit(target).scheme.lower() not in {"http", "https"} or (
                not checked and _is_encrypted(url) and not _is_encrypted(target)
            ):
                raise DownloadError(
                    Failure.STATUS,
                    f"{host_of(url)} refers to {_without_login(target)}, which is not secured as it is itself",
                    host=host_of(url),
                    status=answer.status,
                )
            url = target
        raise DownloadError(Failure.STATUS, f"{body.host} refers to another address again and again", host=body.host)

    def _headers(self, url: str) -> dict[str, str]:
        from urllib3.util import make_headers

        # The bytes of the file, and not of a packed form of them.
        headers = {"User-Agent": "castiron", "Accept-Encoding": "identity"}
        login = self._network.login(urlsplit(url))
        if login is not None:
            headers.update(make_headers(basic_auth=f"{login.user}:{login.password}"))
        return headers

    def _retries(self, host: str) -> Retry:
        from urllib3.util import Retry

        limits, tell = self._limits, self._tell

        class ToldRetry(Retry):
            """Says that and why there is another attempt."""

            def increment(  # type: ignore[override]  # its other arguments are passed on
                self,
                method: str | None = None,
                url: str | None = None,
                response: BaseHTTPResponse | None = None,
                error: Exception | None = None,
                **others: Any,
            ) -> Retry:
                again = super().increment(method, url, response, error, **others)
                if tell is not None:
                    status = "" if response is None else f"{host} answers {response.status}"
                    tell(f"trying again: {status if error is None else _failed(error, host).reason}")
                return again

        return ToldRetry(
            total=limits.attempts - 1,
            connect=min(limits.connects, limits.attempts) - 1,
            other=0,  # certificates that are not trusted, proxies that refuse
            status_forcelist=_TRY_AGAIN,
            raise_on_status=False,
            backoff_factor=limits.pause,
            backoff_max=_LONGEST_PAUSE,
            retry_after_max=_LONGEST_PAUSE,
        )

    def _pool(self, url: str) -> PoolManager:
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
                            _without_login(proxy),
                            maxsize=_KEPT,
                            ssl_context=context,
                            proxy_ssl_context=context,
                            proxy_headers=make_headers(proxy_basic_auth=given),
                        )
                    except ValueError as error:  # urllib3's own errors for addresses, too
                        raise DownloadError(
                            Failure.CONFIGURATION, f"the proxy {_without_login(proxy)} cannot be used ({error})"
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


@dataclass(slots=True, kw_only=True)
class _Body:
    """What has arrived of a file."""

    out: IO[bytes]
    limit: int
    host: str
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    received: int = 0
    validator: str | None = None
    """A strong entity tag: with it a server can say whether the rest is of the same file."""

    def resume_headers(self) -> dict[str, str]:
        """Return what asks for the rest."""
        if not self.received or self.validator is None:
            return {}
        return {"Range": f"bytes={self.received}-", "If-Range": self.validator}

    def begin(self, answer: BaseHTTPResponse) -> None:
        """Go on where the answer begins, which is at the file's beginning unless it says otherwise."""
        rest = f"bytes {self.received}-"
        if answer.status != 206 or not answer.headers.get("Content-Range", "").startswith(rest):
            if answer.status == 206:
                answer.close()
                raise DownloadError(
                    Failure.STATUS, f"{self.host} sends another part than asked for", host=self.host, status=206
                )
            self.restart()
        tag = answer.headers.get("ETag", "")
        self.validator = tag if tag.startswith('"') else None
        declared = answer.headers.get("Content-Length", "")
        if declared.isdecimal():
            self._check(self.received + int(declared))

    def restart(self) -> None:
        """Forget what has arrived."""
        self.out.seek(0)
        self.out.truncate()
        self.digest, self.received = hashlib.sha256(), 0

    def add(self, piece: bytes) -> None:
        """Take a piece."""
        self.received += len(piece)
        self._check(self.received)
        self.digest.update(piece)
        self.out.write(piece)

    def _check(self, size: int) -> None:
        if size > self.limit:
            raise DownloadError(
                Failure.TOO_LARGE, f"{self.host} sends more than the {self.limit} bytes expected", host=self.host
            )


def _copy_file(url: str, body: _Body) -> None:
    from pathlib import Path

    path = Path(unquote(urlsplit(url).path))
    try:
        source = path.open("rb")
    except OSError as error:
        raise DownloadError(Failure.UNREACHABLE, f"{path} cannot be read ({error.strerror or error})") from error
    with source:
        while piece := source.read(_PIECE):
            body.add(piece)


def _failed(error: Exception, host: str) -> DownloadError:
    """Return our error for one of urllib3's: what is at its bottom says most."""
    import ssl

    from urllib3.exceptions import MaxRetryError, ProtocolError, ProxyError, ReadTimeoutError, SSLError

    if isinstance(error, MaxRetryError) and error.reason is not None:
        error = error.reason
    by_proxy = isinstance(error, ProxyError)
    if isinstance(error, ProxyError):
        error = error.original_error
    if isinstance(error, ReadTimeoutError):
        return DownloadError(Failure.TOO_SLOW, f"{host} has sent nothing for too long", host=host)
    bottom = _bottom(error)
    reason = getattr(bottom, "verify_message", None) or getattr(bottom, "strerror", None) or str(bottom)
    if isinstance(error, SSLError) and isinstance(bottom, ssl.SSLCertVerificationError):
        return DownloadError(Failure.UNTRUSTED, f"the certificate of {host} is not trusted ({reason})", host=host)
    if isinstance(error, ProtocolError):
        return DownloadError(Failure.UNREACHABLE, f"the connection to {host} broke off ({reason})", host=host)
    way = " by way of the proxy" if by_proxy else ""
    return DownloadError(Failure.UNREACHABLE, f"{host} cannot be reached{way} ({reason})", host=host)


def _bottom(error: BaseException) -> BaseException:
    """Return the error that the others were made of."""
    seen = {id(error)}
    while True:
        inner = (
            error.__cause__
            or error.__context__
            or next((argument for argument in error.args if isinstance(argument, Exception)), None)
        )
        if inner is None or id(inner) in seen:
            return error
        seen.add(id(inner))
        error = inner


def _socks(proxy: str, context: ssl.SSLContext) -> PoolManager:
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says at length what the error below says
            from urllib3.contrib.socks import SOCKSProxyManager
    except ImportError as error:
        raise DownloadError(
            Failure.CONFIGURATION,
            f"the proxy {_without_login(proxy)} needs the package PySocks (python -m pip install PySocks)",
        ) from error
    manager: PoolManager = SOCKSProxyManager(proxy, ssl_context=context, maxsize=_KEPT)
    return manager


def _is_encrypted(url: str) -> bool:
    return urlsplit(url).scheme.lower() == "https"


def _without_login(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _system_has_certificates() -> bool:
    import ssl
    from pathlib import Path

    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile) or (paths.capath is not None and any(Path(paths.capath).iterdir()))
