"""The one downloader: wheels, source distributions and the runtime's sources come through it.

urllib3 makes connections and keeps them, speaks TLS and to proxies, and counts and spaces attempts.  What it leaves to
its user is here and in `connections`: which proxy and login a host gets, also behind a redirect; a body that breaks
off, which is continued where the server can (RFC 9110, 14.2 and 13.1.5); limits; and the hash, taken while the bytes
arrive.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from castiron_common.connections import Connections, without_login
from castiron_common.download_errors import DownloadError, Failure, failed
from castiron_common.network import Network, host_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from urllib3.response import BaseHTTPResponse
    from urllib3.util import Retry

_PIECE = 1 << 18
_REDIRECTS = 8
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
"""Statuses of servers that may answer otherwise in a moment."""
_LONGEST_PAUSE = 30
"""Seconds that are waited at most, also if a server asks for more (Retry-After)."""


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
        self._connections = Connections(network)

    def __enter__(self) -> Downloader:
        # Threads that import a package with circular imports at the same time can be stopped by each other's locks.
        import urllib3  # noqa: F401

        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connections.close()

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
                    raise failed(error, body.host) from error
                self._check_time(deadline, body.host)
                retries.sleep()
            except HTTPError as error:
                raise failed(error, body.host) from error
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
            answer = self._connections.to(url).request(
                "GET",
                without_login(url),
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
                    f"{host_of(url)} refers to {without_login(target)}, which is not secured by TLS",
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
                    tell(f"trying again: {status if error is None else failed(error, host).reason}")
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
                    Failure.STATUS,
                    f"{self.host} sends a different part than it was asked for",
                    host=self.host,
                    status=206,
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


def _is_encrypted(url: str) -> bool:
    return urlsplit(url).scheme.lower() == "https"
