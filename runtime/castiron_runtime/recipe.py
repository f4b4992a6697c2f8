"""Recipes: one TOML file per component saying where its source is, under which license it stands, how it is built.

The dataclasses here are the schema (`castiron_common.tables`).  `filled` puts the target's names in the place of the
recipe's ``{placeholders}``; what is built is made from a filled recipe alone, and its `build_key` is a hash of that.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import tomllib

# Read by castiron_common.tables as annotations.
from collections.abc import Mapping
from dataclasses import field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from castiron_common.errors import RuntimePackError
from castiron_common.frozen import dataclass
from castiron_common.tables import TableError, read_table

if TYPE_CHECKING:
    from castiron_common.target import Target

T = TypeVar("T")

FOLDER = Path(__file__).parent / "recipes"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_OF_CPYTHON = "cpython-"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePin:
    """One place where one version's source archive is kept, and the archive's hash."""

    version: str
    sha256: str
    url: str = ""
    """Upstream's address; empty if this pin is a Debian source package."""
    package: str = ""
    suite: str = ""
    file: str = ""
    """Name of the archive, by which a local folder is searched; if empty, the end of the address."""

    def __post_init__(self) -> None:
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError(f"'sha256' of version {self.version} is not 64 hexadecimal digits")
        if bool(self.url) == bool(self.package):
            raise ValueError(f"the source of version {self.version} must have either 'url' or 'package'")
        if self.package and not (self.suite and self.file):
            raise ValueError(f"the source package of version {self.version} must have 'suite' and 'file'")
        if not self.file:
            object.__setattr__(self, "file", self.url.rsplit("/", 1)[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseFacts:
    """License metadata of a component, as the recipe states it."""

    name: str = ""
    """Empty: that of the recipe."""
    version: str = ""
    """Empty: the version of the source archive; else where in its tree it stands (docs/runtime-packs.md)."""
    expression: str = field(metadata={"key": "spdx"})
    evidence: str
    files: tuple[str, ...] = ()
    """License files inside the source tree; ``path#heading comment`` takes the first C comment of that file."""
    cpe: str = ""
    """With ``{version}``."""
    purl: str
    archives: tuple[str, ...] = field(default=(), metadata={"key": "objects"})
    """For software bundled in another component's tree: the objects that are its (shell patterns)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionRecipe:
    """An extension module of the standard library that needs a component which is built on demand."""

    name: str
    sources: tuple[str, ...]
    """Relative to CPython's ``Modules``."""
    flags: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    """Recipes whose archives it needs, in link order; empty: the one it stands in."""
    series_from: str = ""
    """The first series of CPython that has it; empty: all."""
    series_to: str = ""
    """The last one."""

    def is_in(self, python: str) -> bool:
        """Say whether a series of CPython has the module."""
        series = series_order(python)
        return not (
            (self.series_from and series < series_order(self.series_from))
            or (self.series_to and series > series_order(self.series_to))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """A file that is written into the source tree before the build."""

    path: str
    text: str | None = None
    source: str | None = field(default=None, metadata={"key": "from"})
    """The file of the tree whose text it is."""
    replaced: Mapping[str, str] = field(default_factory=dict, metadata={"key": "replace"})
    """What is replaced in the text; each must be there."""

    def __post_init__(self) -> None:
        if (self.text is None) == (self.source is None):
            raise ValueError(f"the file {self.path} to write must have either 'text' or 'from'")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveRecipe:
    """A static library that is kept."""

    name: str
    source: str | None = field(default=None, metadata={"key": "from"})
    """The library that the commands built."""
    sources: tuple[str, ...] = ()
    """Patterns of C and assembly files that we compile."""
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.source is None) == (not self.sources):
            raise ValueError(f"the archive {self.name} must have either 'sources' or 'from'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """How a component other than CPython is built: write, commands, archives, then what is kept."""

    write: tuple[WrittenFile, ...] = ()
    cflags: tuple[str, ...] = ()
    hardening: bool = True
    """Whether it is compiled with the flags against overrun stacks."""
    profiled: bool = False
    """Whether it is compiled with the profile of the interpreter that it is for."""
    commands: tuple[tuple[str, ...], ...] = ()
    archive: tuple[ArchiveRecipe, ...] = ()
    headers: tuple[str, ...] = ()
    """Patterns; ``pattern:subfolder`` for those that are included as ``subfolder/...``."""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerArchive:
    """A static library of bundled code that the series' Makefile makes."""

    path: str
    """Below the build's folder."""
    objects: str
    """The Makefile's variable that lists its objects."""
    modules: tuple[str, ...]
    """The extension modules that need it, where ``Modules/Setup`` does not say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionChange:
    """What a series wants otherwise of an extension module that another recipe offers."""

    flags: tuple[str, ...] = ()
    """Added to those there."""
    sources: tuple[str, ...] = ()
    """Instead of those there, unless empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """A text of a source file, and what stands in its place."""

    before: str
    """Must be there exactly once."""
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChange:
    """What is changed in a file of CPython's source tree; all of it, or nothing where the file has another text."""

    file: str
    summary: str
    """One sentence, for the notices: CPython's license asks for it (PSF-2.0, section 3)."""
    replacements: tuple[Replacement, ...] = field(metadata={"key": "replace"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CPythonBuild:
    """How a series of CPython is built."""

    feature: str
    """The series: ``3.13``."""
    configure: tuple[str, ...]
    site: Mapping[str, str]
    """What configure is told in ``config.site``."""
    leave_out: tuple[str, ...]
    """Folders of ``Lib`` that no application needs at run time."""
    setup_local: str | None = None
    """What ``Modules/Setup.local`` is a link to, in series whose configure does not hand its list to makesetup."""
    archives: tuple[InnerArchive, ...] = field(metadata={"key": "archive"})
    hardened: tuple[str, ...]
    """The Makefile's variables for flags of bundled code that reads what strangers send."""
    apart: tuple[str, ...]
    """Objects that stay members of their own, as a link may replace them or lead calls of their functions elsewhere."""
    extensions: Mapping[str, ExtensionChange] = field(default_factory=dict, metadata={"key": "extension"})
    changes: tuple[SourceChange, ...] = field(default=(), metadata={"key": ""})
    """What the files in the folder beside the recipe, which has its name, say (`load_recipe`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one component is fetched, built and described."""

    name: str = field(default="", metadata={"key": ""})
    """Of the file."""
    series: str
    """Start of every version that may stand in for a pinned one, e.g. ``1.2.``."""
    pins: tuple[SourcePin, ...] = field(default=(), metadata={"key": "source"})
    license: LicenseFacts
    bundled: tuple[LicenseFacts, ...] = ()
    build: Build | None = None
    python: CPythonBuild | None = field(default=None, metadata={"key": "cpython"})
    needs: tuple[str, ...] = ()
    """Recipes of the components it is built with."""
    tools: tuple[str, ...] = ()
    """Programs of the host that its build calls."""
    estimate: float = 30.0
    """Seconds its build takes on two processors."""
    extensions: tuple[ExtensionRecipe, ...] = field(default=(), metadata={"key": "extension"})

    def __post_init__(self) -> None:
        if not self.pins:
            raise ValueError("it names no source: add a [[source]] table")
        if (self.build is None) == (self.python is None):
            raise ValueError("it must have either [build] or, for the interpreter, [cpython]")

    @property
    def cpython(self) -> CPythonBuild:
        """How the interpreter is built; raises `RuntimePackError` in the recipe of something else."""
        if self.python is None:
            raise RuntimePackError(f"Recipe {self.name} is not CPython's.", hint="Report this.")
        return self.python

    @property
    def library(self) -> Build:
        """How the component is built; raises `RuntimePackError` in the recipe of the interpreter."""
        if self.build is None:
            raise RuntimePackError(f"Recipe {self.name} is CPython's.", hint="Report this.")
        return self.build


def parse_recipe(name: str, data: bytes) -> Recipe:
    """Return the recipe in ``data``; raises `RuntimePackError` naming the key that is wrong."""
    recipe = _read(Recipe, name, data)
    return replace(
        recipe,
        name=name,
        license=replace(recipe.license, name=recipe.license.name or name),
        extensions=tuple(
            replace(extension, components=extension.components or (name,)) for extension in recipe.extensions
        ),
    )


@cache
def load_recipe(name: str, folder: Path = FOLDER) -> Recipe:
    """Return the recipe ``NAME.toml`` of a folder, by default of those that come with Castiron."""
    file = folder / f"{name}.toml"
    if not file.is_file():
        raise RuntimePackError(f"There is no recipe {name!r}.", hint=f"There are: {', '.join(recipe_names(folder))}.")
    recipe = parse_recipe(name, file.read_bytes())
    changes = tuple(
        _read(SourceChange, f"{name}/{path.stem}", path.read_bytes()) for path in sorted((folder / name).glob("*.toml"))
    )
    return replace(recipe, python=replace(recipe.cpython, changes=changes)) if changes else recipe


def _read(type_: type[T], name: str, data: bytes) -> T:
    try:
        return read_table(type_, tomllib.loads(data.decode()))
    except TableError as error:
        raise RuntimePackError(f"Recipe {name}: {error}.", hint="Correct the recipe (docs/runtime-packs.md).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuntimePackError(f"Recipe {name} is not TOML: {error}.", hint="Correct the recipe.") from error


@cache
def recipe_names(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the names of all recipes, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def cpython_recipe(python: str, folder: Path = FOLDER) -> Recipe:
    """Return the recipe of a series of CPython; raises `RuntimePackError` naming those there are."""
    known = supported_pythons(folder)
    if python not in known:
        raise RuntimePackError(f"There is no runtime pack for Python {python}.", hint=f"There are: {', '.join(known)}.")
    return load_recipe(f"{_OF_CPYTHON}{python}", folder)


def supported_pythons(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the series of CPython that packs can be built for, oldest first: those that have a recipe."""
    names = (name.removeprefix(_OF_CPYTHON) for name in recipe_names(folder) if name.startswith(_OF_CPYTHON))
    return tuple(sorted(names, key=series_order))


def series_order(python: str) -> tuple[int, ...]:
    """Return what series of CPython are ordered by: 3.9 comes before 3.13."""
    return tuple(int(part) for part in python.split("."))


_PLACEHOLDER = re.compile(r"(?<!\$)\{([a-z][a-z0-9_]*)\}")
"""``{name}``; what a shell or C writes in braces is none: ``${name}``, ``{ name }``."""

LATE = frozenset({"jobs", "compiler_rt", "version"})
"""Placeholders that are filled when the component is built: what they stand for is no part of what it is."""


def filled(recipe: Recipe, target: Target) -> Recipe:
    """Return the recipe with the target's names in it.  Raises `RuntimePackError` for a name that the target lacks."""
    fill = _Fill(recipe.name, target)
    return replace(recipe, build=fill(recipe.build), python=fill(recipe.python), extensions=fill(recipe.extensions))


class _Fill:
    """Replaces placeholders in every text of a part of a recipe."""

    def __init__(self, recipe: str, target: Target) -> None:
        self._recipe = recipe
        self._target = target
        self._lists = target.recipes.lists
        self._texts = {
            **target.recipes.texts,
            "triple": target.triple,
            "machine": target.machine,
            "emulation": target.compiler.emulation,
        }

    def __call__(self, value: Any) -> Any:
        if isinstance(value, str):
            return _PLACEHOLDER.sub(self._text, value)
        if isinstance(value, tuple):
            return tuple(filled for item in value for filled in self._items(item))
        if isinstance(value, Mapping):
            return {self(key): self(item) for key, item in value.items()}
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = dataclasses.fields(value)
            return replace(value, **{item.name: self(getattr(value, item.name)) for item in fields})
        return value

    def _items(self, item: Any) -> tuple[Any, ...]:
        found = _PLACEHOLDER.fullmatch(item) if isinstance(item, str) else None
        if found is not None and found[1] in self._lists:
            return self._lists[found[1]]
        return (self(item),)

    def _text(self, found: re.Match[str]) -> str:
        name = found[1]
        if name in LATE:
            return found[0]
        if name not in self._texts:
            raise RuntimePackError(
                f"Recipe {self._recipe} needs {found[0]}, which the target {self._target} does not name.",
                hint=f"Add it to [recipes.texts] or [recipes.lists] of targets/{self._target}.toml.",
            )
        return self._texts[name]


def late(text: str, values: Mapping[str, str]) -> str:
    """Return a text of a filled recipe with the values that are known when it is built."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]] if found[1] in LATE else found[0], text)


def sources_key(recipe: Recipe) -> str:
    """Return a hash of where the recipe says that its source is to be had."""
    return _hash([recipe.series, [_plain(pin) for pin in recipe.pins]])


def build_key(recipe: Recipe) -> str:
    """Return a hash of what a filled recipe makes: how it is built and described, not where its source comes from."""
    # Modules that other recipes offer have keys of their own.
    python = None if recipe.python is None else replace(recipe.python, extensions={})
    return _hash([_plain(part) for part in (recipe.license, recipe.bundled, recipe.build, python)])


def extension_key(extension: ExtensionRecipe) -> str:
    """Return a hash of how an extension module is built."""
    return _hash(_plain(extension))


def _plain(value: Any) -> Any:
    """Return a part of a recipe as JSON values, without what is as if it were not written."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            item.name: _plain(found)
            for item in dataclasses.fields(value)
            if (found := getattr(value, item.name)) not in (item.default, None, (), {})
        }
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
