"""Why a file could not be had, as a value; and urllib3's errors as such values."""

from __future__ import annotations

import enum


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


def failed(error: Exception, host: str) -> DownloadError:
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
