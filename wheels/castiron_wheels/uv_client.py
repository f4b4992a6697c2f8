"""Has uv resolve, with its own configuration; and says in our words what uv says when it cannot.

uv reads ``UV_*`` variables and ``uv.toml``.  pip's index URL, certificate and proxy (``PIP_*``, ``pip.conf``) are used
where uv has nothing of its own.  Extra indexes of pip are not: uv and pip choose differently between several indexes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root
from castiron_common.errors import HostToolError
from castiron_common.home import home_folder
from castiron_common.pip_settings import pip_settings
from castiron_common.working import child_environment
from castiron_wheels.errors import ResolutionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from castiron_common.target import PythonTarget


_UV_INDEX = ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_NO_INDEX", "UV_CONFIG_FILE")


def uv_program() -> str:
    """Return the path of uv."""
    try:
        from uv import find_uv_bin

        return find_uv_bin()
    except (ImportError, FileNotFoundError):
        in_path = shutil.which("uv")
        if in_path:
            return in_path
    raise HostToolError("The program uv is missing.", hint=f"Install it: {sys.executable} -m pip install uv")


def uv_compile(
    lines: Sequence[str],
    target: PythonTarget,
    *,
    options: Sequence[str] = (),
    constraints: Path | None = None,
    python: Path | None = None,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    sibling: bool = False,
    reasons: bool = False,
) -> str:
    """Resolve the lines for the target and return uv's ``pylock.toml``; `ResolutionError` with uv's reasons.

    With ``sibling`` resolve for the same processor with another C library.  With ``reasons`` return, instead, a line
    for each distribution that names in a comment which other ones need it.  ``python`` is used only if metadata must
    be built from an sdist.  uv looks for its configuration in ``folder``.
    """
    command = [uv_program(), "pip", "compile", "-", "--no-header", "--quiet", "--format"]
    command += ["requirements.txt", "--annotation-style", "line"] if reasons else ["pylock.toml"]
    command += ["--color", "never", "--no-progress", "--no-python-downloads", "--python", str(python or sys.executable)]
    names = target.target.wheels
    command += ["--python-platform", names.sibling if sibling else names.uv]
    command += ["--python-version", target.version, *options]
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
    pip = pip_settings()
    if pip.index_url and not any(name in result for name in _UV_INDEX) and not _uv_file_has_index():
        result["UV_DEFAULT_INDEX"] = pip.index_url
    if pip.cert and "SSL_CERT_FILE" not in result and Path(pip.cert).is_file():
        result["SSL_CERT_FILE"] = pip.cert
    if pip.proxy and not any(name in result for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        result["ALL_PROXY"] = pip.proxy
    return result


def _uv_file_has_index() -> bool:
    """Say whether a configuration file that uv reads names an index."""
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home_folder() / ".config")
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
