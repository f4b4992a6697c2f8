"""Keeps what uv chose, so that the same question is not asked again and again.

An answer counts if everything that it depends on is the same - the requirements, the target, uv, its configuration -
and the index may not have changed since: for ten minutes, which is how long the pages of PyPI count as current
(``Cache-Control: max-age=600``), so that uv would not ask either; and without limit if the network is forbidden.
What an index without such a promise gave is not kept: a folder of files, the head of a branch.
"""

from __future__ import annotations

import json
import os
import re
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castiron_common.cache import cache_root, discard, file_entry, locked, usable
from castiron_common.files import sha256_bytes
from castiron_common.home import home_folder
from castiron_common.source_key import code_key
from castiron_manifest.model import Finding, Severity
from castiron_wheels.model import Candidate
from castiron_wheels.uv_client import client_environment, uv_program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from castiron_wheels.build_stack import BuildContext
    from castiron_wheels.model import Requirements

DECIDES = (
    *(
        "candidate_wheels.py",
        "emulated_wheels.py",
        "known_choices.py",
        "libc_independent.py",
        "nearness.py",
        "other_systems.py",
        "preferred_wheels.py",
    ),
    *("pylock.py", "questions.py", "tags.py", "uv_client.py", "version_choice.py"),
)
"""The modules that ask and choose: other code may answer the same question differently."""

CURRENT = 600.0
"""Seconds for which the index counts as unchanged."""

_SETTINGS_OF_CACHE = frozenset({"UV_CACHE_DIR", "UV_OFFLINE", "UV_CONCURRENT_DOWNLOADS", "UV_HTTP_TIMEOUT"})
"""Variables of uv that change no answer."""
_FOLDER_AS_INDEX = re.compile(r"find.links|file:", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen."""

    candidates: tuple[Candidate, ...]
    """One file for every distribution that is not local, sorted by name."""
    findings: tuple[Finding, ...]
    """What a person should know about the choice."""
    complete: bool
    """True: nothing may be added to what the requirements list."""


def remembered_choice(
    requirements: Requirements, lines: Sequence[str], context: BuildContext, ask: Callable[[], Choice]
) -> Choice:
    """Return the choice that is kept for this question, or what ``ask`` returns, which is kept."""
    values: dict[str, object] = {
        "lines": list(lines),
        "constraints": list(requirements.constraints),
        "hashes": [[pin.name, *pin.sha256] for pin in requirements.hashes],
        "index": list(requirements.index_options),
        "dependencies": requirements.dependencies,
        "exact": requirements.exact,
        "optional": sorted(requirements.optional) if requirements.exact else [],
        "older": sorted(requirements.older),
        "origin": requirements.origin,
    }
    text = remembered(values, context, folder=requirements.folder, ask=lambda: _encoded(ask()), keeps=_is_lasting)
    return _decoded(text)


def remembered(
    values: Mapping[str, object],
    context: BuildContext,
    *,
    folder: Path | None,
    ask: Callable[[], str],
    keeps: Callable[[str], bool] = lambda _text: True,
) -> str:
    """Return the text that is kept for the values, or what ``ask`` returns, which is kept if ``keeps`` says so.

    ``folder`` is where uv looks for its configuration; None is the current one.
    """
    settings = _settings(folder or Path.cwd())
    if _FOLDER_AS_INDEX.search(json.dumps([*settings.values(), values.get("index")])) or "UV_FIND_LINKS" in settings:
        return ask()
    target = context.target
    question = {
        **values,
        "code": _code(),
        "settings": settings,
        "target": [target.platform, *target.target.wheels.tags, *target.target.wheels.emulated_tags, target.version],
        "uv": _identity(Path(uv_program())),
    }
    entry = cache_root() / "choices" / f"{sha256_bytes(json.dumps(question, sort_keys=True).encode())}.json"
    if not context.renew and (known := _known(entry)) is not None:
        return known
    made = time.time()
    text = ask()
    if keeps(text):
        with locked(entry):
            discard(entry)
        file_entry(entry, lambda file: _write(file, {"made": made, "answer": text}))
    return text


@cache
def _code() -> str:
    return code_key(Path(__file__).with_name(name) for name in DECIDES)


def _write(file: Path, value: object) -> None:
    file.write_text(json.dumps(value), encoding="utf-8")


def _known(entry: Path) -> str | None:
    if not usable(entry):
        return None
    try:
        kept = json.loads(entry.read_text(encoding="utf-8"))
    except FileNotFoundError:  # another process renews it
        return None
    current = 0 <= time.time() - kept["made"] <= CURRENT or bool(os.environ.get("UV_OFFLINE"))
    return str(kept["answer"]) if current else None


def _settings(folder: Path) -> dict[str, str]:
    """Return what uv reads beside its command line: variables, and files by their paths."""
    settings = {
        name: value
        for name, value in client_environment().items()
        if name.startswith("UV_") and name not in _SETTINGS_OF_CACHE
    }
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home_folder() / ".config")
    system = [Path(part) for part in os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(os.pathsep) if part]
    files = [config / "uv" / "uv.toml", Path("/etc/uv/uv.toml"), *(part / "uv" / "uv.toml" for part in system)]
    if "UV_CONFIG_FILE" in settings:
        files.append(Path(settings["UV_CONFIG_FILE"]))
    around = [folder.absolute(), *folder.absolute().parents]
    files += [place / name for place in around for name in ("uv.toml", "pyproject.toml")]
    for file in files:
        with suppress(OSError):
            text = file.read_text(encoding="utf-8", errors="replace")
            if file.name != "pyproject.toml" or "tool.uv" in text:
                settings[str(file)] = text
    return settings


def _identity(program: Path) -> list[object]:
    """Return what changes whenever the program does."""
    status = program.stat()
    return [str(program), status.st_size, status.st_mtime_ns]


def _is_lasting(text: str) -> bool:
    """Say whether the choice is from indexes alone: folders and branches change without a word."""
    files = json.loads(text)["candidates"]
    return all(item["path"] is None and not (item["url"] or "").startswith(("git+", "file:")) for item in files)


def _encoded(choice: Choice) -> str:
    value = {
        "candidates": [
            {**asdict(item), "path": None if item.path is None else str(item.path)} for item in choice.candidates
        ],
        "findings": [asdict(item) for item in choice.findings],
        "complete": choice.complete,
    }
    return json.dumps(value)


def _decoded(text: str) -> Choice:
    value: dict[str, Any] = json.loads(text)
    return Choice(
        candidates=tuple(
            Candidate(**{**item, "path": None if item["path"] is None else Path(item["path"])})
            for item in value["candidates"]
        ),
        findings=tuple(Finding(**{**item, "severity": Severity(item["severity"])}) for item in value["findings"]),
        complete=value["complete"],
    )
