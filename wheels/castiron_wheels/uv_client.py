"""Talks to package indexes: uv resolves with its own configuration, the files it names are fetched and verified.

uv reads ``UV_*`` variables and ``uv.toml``.  pip's index URL, certificate and proxy (``PIP_*``, ``pip.conf``) are used
where uv has nothing of its own.  Extra indexes of pip are not: uv and pip choose differently between several indexes.
"""

from __future__ import annotations

import base64
import configparser
import hashlib
import http.client
import netrc
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

import certifi

from castiron_common.cache import cache_root
from castiron_common.errors import DependencyError, HostToolError
from castiron_common.working import child_environment
from castiron_wheels.errors import ResolutionError
from castiron_wheels.target import full_version, platform_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from castiron_manifest.model import Target

_UV_INDEX = ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_NO_INDEX", "UV_CONFIG_FILE")
_ATTEMPTS = 4
_TIMEOUT = 60.0
"""Seconds without a byte after which a connection is given up."""


def uv_program() -> str:
    """Return the path of uv."""
    try:
        from uv import find_uv_bin

        return find_uv_bin()
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
        if found:
            return found
    raise HostToolError("The program uv is missing.", hint=f"Install it: {sys.executable} -m pip install uv")


def uv_compile(
    lines: Sequence[str],
    target: Target,
    *,
    options: Sequence[str] = (),
    constraints: Path | None = None,
    python: Path | None = None,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    sibling: bool = False,
) -> str:
    """Resolve the lines for the target and return uv's ``pylock.toml``; `ResolutionError` with uv's reasons.

    With ``sibling`` resolve for the same processor with another C library.  ``python`` is used only if metadata must
    be built from an sdist.  uv looks for its configuration in ``folder``.
    """
    command = [uv_program(), "pip", "compile", "-", "--format", "pylock.toml", "--no-header", "--quiet"]
    command += ["--color", "never", "--no-progress", "--no-python-downloads", "--python", str(python or sys.executable)]
    platform = platform_of(target)
    command += ["--python-platform", platform.sibling if sibling else platform.uv]
    command += ["--python-version", full_version(target), *options]
    if constraints is not None:
        command += ["--constraints", str(constraints)]
    done = subprocess.run(
        command,
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        check=False,
        text=True,
        env=client_environment() if environ is None else dict(environ),
        cwd=folder,
    )
    if done.returncode != 0:
        raise _explain(done.stderr)
    return done.stdout


def _explain(stderr: str) -> ResolutionError:
    """Turn uv's message into ours: its essential lines, and what to do."""
    kept: list[str] = []
    in_warning = False
    for line in stderr.splitlines():
        in_warning = line.startswith("warning:") or (in_warning and line.startswith(" "))
        if line.strip() and not in_warning:
            kept.append(line.rstrip())
    details = "\n".join(kept)
    shown = kept[:24] + ([f"... and {len(kept) - 24} more lines"] if len(kept) > 24 else [])
    what = "\n".join(shown).removeprefix("error: ") or "uv failed without a message."
    unreachable = build_failed = False
    if "network was disabled" in details:
        unreachable = True
        hint = "Allow the network (UV_OFFLINE), or resolve once with it: the files are then in the cache."
    elif re.search(r"error sending request|dns error|Connection refused|timed out|Could not connect", details):
        unreachable = True
        hint = (
            "The package index cannot be reached. Check the network and the proxy (HTTPS_PROXY), or name another index "
            "(UV_DEFAULT_INDEX)."
        )
    elif "was not found in the package registry" in details or "not found in the cache" in details:
        hint = "Check the spelling of the name; if it is on another index, name that (UV_INDEX)."
    elif re.search(r"Failed to build|Call to `|build backend", details):
        build_failed = True
        hint = "Building its metadata failed; take a version that has a wheel, or install what the message asks for."
    elif "No solution found" in details:
        hint = "Loosen one of the requirements named above, or take versions that agree and have files for the target."
    else:
        hint = "Correct the requirement named above."
    return ResolutionError(
        f"The dependencies cannot be resolved: {what}", hint=hint, unreachable=unreachable, build_failed=build_failed
    )


def client_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for uv: the given one, completed from pip's configuration where uv has none of its own."""
    result = child_environment(environ)
    # Whoever has set a place for uv's cache shares that with his own uv.
    result.setdefault("UV_CACHE_DIR", str(cache_root() / "uv"))
    settings = _pip_settings()
    if "index-url" in settings and not any(name in result for name in _UV_INDEX) and not _uv_file_has_index():
        result["UV_DEFAULT_INDEX"] = settings["index-url"]
    if "cert" in settings and "SSL_CERT_FILE" not in result and Path(settings["cert"]).is_file():
        result["SSL_CERT_FILE"] = settings["cert"]
    if "proxy" in settings and not any(name in result for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY")):
        result["ALL_PROXY"] = settings["proxy"]
    return result


@lru_cache(maxsize=1)
def _pip_settings() -> dict[str, str]:
    """Return pip's index-url, cert and proxy: environment before configuration files, later files before earlier.

    Source: pip documentation, "Configuration".
    """
    home = Path.home()
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    dirs = [folder for folder in os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":") if folder]
    files = [*(Path(folder) / "pip" / "pip.conf" for folder in dirs), Path("/etc/pip.conf")]
    files += [home / ".pip" / "pip.conf", config / "pip" / "pip.conf", Path(sys.prefix) / "pip.conf"]
    if own := os.environ.get("PIP_CONFIG_FILE"):
        files = [] if own == os.devnull else [*files, Path(own)]
    found: dict[str, str] = {}
    for file in files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue  # pip itself will say what is wrong with it
        for section in ("global", "install", "download"):
            for key in ("index-url", "cert", "proxy"):
                if parser.has_option(section, key):
                    found[key] = parser.get(section, key).strip()
    for key in ("index-url", "cert", "proxy"):
        if value := os.environ.get(f"PIP_{key.upper().replace('-', '_')}"):
            found[key] = value
    return found


def _uv_file_has_index() -> bool:
    """Say whether a configuration file that uv reads names an index."""
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    files = [config / "uv" / "uv.toml", Path("/etc/uv/uv.toml")]
    files += [folder / "uv.toml" for folder in (Path.cwd(), *Path.cwd().parents)]
    for file in files:
        try:
            data = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        tables = (data, data.get("pip", {}))
        if any(key in table for table in tables for key in ("index", "index-url", "default-index", "no-index")):
            return True
    return False


def download(url: str, destination: Path, *, sha256: str | None, label: str) -> str:
    """Write what ``url`` (http, https or file) holds to ``destination``; return its SHA-256, which must be ``sha256``.

    Broken connections are tried again; a wrong hash is not: somebody serves another file.
    """
    digest = ""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            digest = _transfer(url, destination)
            break
        except urllib.error.HTTPError as error:
            if (error.code < 500 and error.code != 429) or attempt == _ATTEMPTS:
                raise DependencyError(
                    f"{label} cannot be fetched: the index answers {error.code} {error.reason}.",
                    hint=_http_hint(error.code),
                ) from error
        except (OSError, http.client.HTTPException) as error:
            if attempt == _ATTEMPTS:
                reason = getattr(error, "reason", None) or error
                raise DependencyError(
                    f"{label} cannot be fetched: {reason}.",
                    hint="Check the network and the proxy (HTTPS_PROXY); what is fetched once stays in the cache.",
                ) from error
        time.sleep(0.5 * 2**attempt)
    if sha256 is not None and digest != sha256:
        raise DependencyError(
            f"{label} has the SHA-256 {digest}, but {sha256} is expected.",
            hint="The index, a proxy or a mirror serves another file: do not use it, find out why.",
        )
    return digest


def _http_hint(code: int) -> str:
    if code in {401, 403}:
        return "Give credentials: in the index's URL, in UV_INDEX_<NAME>_USERNAME and _PASSWORD, or in ~/.netrc."
    if code in {404, 410}:
        return "The file is gone from the index; resolve again, or take another version."
    return "The index has a problem; try again later."


def _transfer(url: str, destination: Path) -> str:
    parts = urlsplit(url)
    if parts.scheme == "file":
        shutil.copyfile(unquote(parts.path), destination)
        with destination.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    bare, authorization = _credentials(parts)
    request = urllib.request.Request(bare, headers={"User-Agent": "castiron", "Accept-Encoding": "identity"})
    if authorization:
        request.add_unredirected_header("Authorization", authorization)
    digest = hashlib.sha256()
    with _opener().open(request, timeout=_TIMEOUT) as answer, destination.open("wb") as out:
        expected = answer.headers.get("Content-Length")
        received = 0
        while block := answer.read(1 << 20):
            digest.update(block)
            out.write(block)
            received += len(block)
    if expected is not None and received != int(expected):
        raise http.client.IncompleteRead(b"", int(expected) - received)
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _opener() -> urllib.request.OpenerDirector:
    """Return an opener with the proxies of the environment and the certificates that uv and pip would use."""
    environment = client_environment()
    context = ssl.create_default_context(cafile=environment.get("SSL_CERT_FILE"))
    if "SSL_CERT_FILE" not in environment and not _system_has_certificates():
        context.load_verify_locations(certifi.where())  # a bare container: uv, too, then uses roots it brings along
    proxies = urllib.request.getproxies()
    if (everything := environment.get("ALL_PROXY")) and not everything.startswith("socks"):
        proxies = {"http": everything, "https": everything, **proxies}
    return urllib.request.build_opener(
        urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=context)
    )


def _system_has_certificates() -> bool:
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile) or (paths.capath is not None and any(Path(paths.capath).iterdir()))


def _credentials(parts: SplitResult) -> tuple[str, str | None]:
    """Return the URL without credentials, and the Authorization header for its host if one is configured.

    Looked for in the URL itself, in the URLs and variables that configure indexes, and in ``.netrc``.
    """
    host = parts.hostname or ""
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    environment = client_environment()
    for candidate in [urlunsplit(parts), *_index_urls(environment)]:
        found = urlsplit(candidate.partition("=")[2] if re.match(r"^[\w-]+=", candidate) else candidate)
        if found.hostname == host and found.username:
            return bare, _basic(unquote(found.username), unquote(found.password or ""))
    for named in _index_urls(environment):
        match = re.match(r"^([\w-]+)=(.*)$", named)
        if match and urlsplit(match[2]).hostname == host:
            name = re.sub(r"[^A-Z0-9]", "_", match[1].upper())
            user = environment.get(f"UV_INDEX_{name}_USERNAME", "")
            password = environment.get(f"UV_INDEX_{name}_PASSWORD", "")
            if user or password:
                return bare, _basic(user, password)
    try:
        entry = netrc.netrc(environment.get("NETRC")).authenticators(host)
    except (OSError, netrc.NetrcParseError):
        entry = None
    return bare, _basic(entry[0], entry[2] or "") if entry else None


def _index_urls(environment: Mapping[str, str]) -> list[str]:
    names = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")
    return [url for name in names for url in environment.get(name, "").split()]


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
