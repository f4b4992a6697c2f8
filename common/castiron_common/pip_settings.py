"""What pip is told about indexes, certificates and proxies on this machine: its variables and configuration files.

Source: pip documentation, "Configuration".
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.home import home_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SECTIONS = ("global", "install", "download")


@dataclass(frozen=True, slots=True, kw_only=True)
class PipSettings:
    """Settings of pip; None where there is none."""

    index_url: str | None = None
    cert: str | None = None
    """A file of certificates."""
    proxy: str | None = None


def pip_settings(environ: Mapping[str, str] = os.environ) -> PipSettings:
    """Return pip's settings: the environment before configuration files, later files before earlier."""
    import configparser

    found: dict[str, str] = {}
    for file in _files(environ):
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue  # pip itself will say what is wrong with it
        for section in _SECTIONS:
            if parser.has_section(section):
                found.update(parser.items(section))

    def setting(key: str) -> str | None:
        value = environ.get(f"PIP_{key.upper().replace('-', '_')}") or found.get(key)
        return value.strip() if value and value.strip() else None

    return PipSettings(index_url=setting("index-url"), cert=setting("cert"), proxy=setting("proxy"))


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    own = environ.get("PIP_CONFIG_FILE")
    if own == os.devnull:
        return
    home = home_folder()
    for folder in environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":"):
        if folder:
            yield Path(folder) / "pip" / "pip.conf"
    yield Path("/etc/pip.conf")
    yield home / ".pip" / "pip.conf"
    yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"
    yield Path(sys.prefix) / "pip.conf"
    if own:
        yield Path(own)
