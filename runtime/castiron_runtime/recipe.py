"""Recipes: one TOML file per component saying where its source is, under which license it stands, how it is built."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castiron_common.errors import RuntimePackError

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER = Path(__file__).parent / "recipes"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePin:
    """One place where one version's source archive is kept, and the archive's hash."""

    version: str
    sha256: str
    file: str
    """Name of the archive, by which a local folder is searched."""
    url: str = ""
    """Upstream's address; empty if this pin is a Debian source package."""
    package: str = ""
    suite: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseFacts:
    """License metadata of a component, as the recipe states it."""

    name: str
    version: str
    """Empty: the version of the source archive."""
    expression: str
    evidence: str
    files: tuple[str, ...]
    """License files inside the source tree; ``path#heading comment`` takes the first C comment of that file."""
    cpe: str
    """With ``{version}``."""
    purl: str
    archives: tuple[str, ...]
    """For software bundled in another component's tree: the objects that are its (shell patterns)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionRecipe:
    """An extension module of the standard library that needs a component which is built on demand."""

    name: str
    sources: tuple[str, ...]
    """Relative to CPython's ``Modules``."""
    flags: tuple[str, ...]
    components: tuple[str, ...]
    """Recipes whose archives it needs, in link order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one component is fetched, built and described."""

    name: str
    series: str
    """Start of every version that may stand in for a pinned one, e.g. ``3.13.``."""
    pins: tuple[SourcePin, ...]
    license: LicenseFacts
    bundled: tuple[LicenseFacts, ...]
    build: Mapping[str, Any]
    needs: tuple[str, ...]
    """Recipes of the components it is built with."""
    tools: tuple[str, ...]
    """Programs of the host that its build calls."""
    estimate: float
    """Seconds its build takes on two processors."""
    extensions: tuple[ExtensionRecipe, ...]
    digest: str
    """SHA-256 of the recipe file."""


class _Table:
    """A TOML table with checked access: errors name the file and the key."""

    def __init__(self, where: str, values: Mapping[str, Any]) -> None:
        self.where = where
        self._values = values

    def text(self, key: str, default: str | None = None) -> str:
        value = self._values.get(key, default)
        if not isinstance(value, str):
            raise self._error(key, "a string")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._error(key, "a list of strings")
        return tuple(value)

    def number(self, key: str, default: float) -> float:
        value = self._values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._error(key, "a number")
        return float(value)

    def table(self, key: str) -> _Table:
        value = self._values.get(key, {})
        if not isinstance(value, dict):
            raise self._error(key, "a table")
        return _Table(f"{self.where}.{key}", value)

    def tables(self, key: str) -> list[_Table]:
        value = self._values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self._error(key, "an array of tables")
        return [_Table(f"{self.where}.{key}[{index}]", item) for index, item in enumerate(value)]

    def values(self) -> Mapping[str, Any]:
        return self._values

    def _error(self, key: str, what: str) -> RuntimePackError:
        state = "is missing" if key not in self._values else f"is not {what}"
        return RuntimePackError(f"Recipe {self.where}: {key!r} {state}.", hint="Correct the recipe.")


def parse_recipe(name: str, data: bytes) -> Recipe:
    """Return the recipe in ``data``; raises `RuntimePackError` naming the key that is wrong."""
    try:
        root = _Table(name, tomllib.loads(data.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuntimePackError(f"Recipe {name} is not TOML: {error}.", hint="Correct the recipe.") from error
    pins = tuple(_pin(table) for table in root.tables("source"))
    if not pins:
        raise RuntimePackError(f"Recipe {name} names no source.", hint="Add a [[source]] table.")
    return Recipe(
        name=name,
        series=root.text("series"),
        pins=pins,
        license=_license(root.table("license"), name),
        bundled=tuple(_license(table, None) for table in root.tables("bundled")),
        build=root.table("build").values(),
        needs=root.texts("needs"),
        tools=root.texts("tools"),
        estimate=root.number("estimate", 30.0),
        extensions=tuple(
            ExtensionRecipe(
                name=table.text("name"),
                sources=table.texts("sources"),
                flags=table.texts("flags"),
                components=table.texts("components") or (name,),
            )
            for table in root.tables("extension")
        ),
        digest=hashlib.sha256(data).hexdigest(),
    )


def _pin(table: _Table) -> SourcePin:
    url = table.text("url", "")
    package = table.text("package", "")
    sha256 = table.text("sha256")
    if not _SHA256.fullmatch(sha256):
        raise RuntimePackError(f"Recipe {table.where}: 'sha256' is not 64 hexadecimal digits.", hint="Correct it.")
    if bool(url) == bool(package):
        raise RuntimePackError(f"Recipe {table.where}: give either 'url' or 'package'.", hint="Correct the recipe.")
    return SourcePin(
        version=table.text("version"),
        sha256=sha256,
        file=table.text("file", url.rsplit("/", 1)[-1] if url else None),
        url=url,
        package=package,
        suite=table.text("suite", "" if url else None),
    )


def _license(table: _Table, name: str | None) -> LicenseFacts:
    return LicenseFacts(
        name=table.text("name", name),
        version=table.text("version", ""),
        expression=table.text("spdx"),
        evidence=table.text("evidence"),
        files=table.texts("files"),
        cpe=table.text("cpe", ""),
        purl=table.text("purl"),
        archives=table.texts("objects"),
    )


@cache
def load_recipe(name: str) -> Recipe:
    """Return the recipe ``recipes/<name>.toml`` that comes with Castiron."""
    file = _FOLDER / f"{name}.toml"
    if not file.is_file():
        raise RuntimePackError(f"There is no recipe {name!r}.", hint=f"There are: {', '.join(sorted(recipe_names()))}.")
    return parse_recipe(name, file.read_bytes())


@cache
def recipe_names() -> tuple[str, ...]:
    """Return the names of all recipes, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))
