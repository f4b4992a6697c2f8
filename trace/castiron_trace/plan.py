"""Decides what the user named as the application: a script, a project, a module, a function or a command.

No environment is needed for that, so a missing or binary file is refused at once.  When the environment is there,
`castiron_trace.entry` looks the plan up in it.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.errors import EntryError, InputError, UsageError, reason
from castiron_elf.abi import MAGIC, is_elf
from castiron_trace.analyser.syntax.own_starts import folders_for_modules
from castiron_trace.archives import is_archive, named_archives, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_trace.model import Options

_FUNCTION = re.compile(r"(?P<module>[^\W\d]\w*(?:\.\w+)*):(?P<function>[^\W\d]\w*(?:\.\w+)*)")
_MODULE = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
_COMMAND = re.compile(r"\w[\w.\-]*")


class PlanKind(Enum):
    """What the name of the application means."""

    SCRIPT = "script"
    PROJECT = "project"
    MODULE = "module"
    FUNCTION = "function"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An entry that has not been looked up in the environment yet."""

    kind: PlanKind
    name: str
    """Module or command; for a script its file name; empty for the script of a project that only its build tells."""
    function: str | None = None
    path: Path | None = None
    """The script, or the project's folder."""
    roots: tuple[Path, ...] = ()
    """Folders of the application's own modules."""
    own: bool = True
    """False if the roots do not have the module: then the environment must have it."""
    program: str
    """The binary's name; empty if it is that of a script whose name is not known yet."""

    @property
    def folder(self) -> Path | None:
        """The script's or the project's folder, whose ``pyproject.toml`` counts; None if the entry is a name."""
        return self.path.parent if self.path is not None and self.kind is PlanKind.SCRIPT else self.path


def read_plan(options: Options) -> Plan:
    """Return what the user named; raises `EntryError`, `InputError` or `UsageError` if it cannot be an application."""
    name = options.application
    if not name:
        raise UsageError("No application is named.", hint="Name a file: `trace app.py > app.manifest`.")
    if options.name is not None and (not options.name.strip() or {"/", "\0"} & set(options.name)):
        raise UsageError(
            f"{options.name!r} cannot be the name of a program.",
            hint="Give --name without a folder; link -o says where.",
        )
    if options.entry is not None and (options.as_module or not (options.folder / name).is_dir()):
        raise UsageError(
            f"--entry chooses a script of a project, and {name} is no folder of one.", hint="Name the project's folder."
        )
    extra = tuple(_existing_folder(options.folder / path) for path in options.paths)
    if options.as_module:
        if not _MODULE.fullmatch(name):
            raise EntryError(
                f"{name!r} is not the name of a module.", hint="Name it as `python -m` would: package.module."
            )
        return _module_plan(options, name, None, extra)
    path = options.folder / name
    if _COMMAND.fullmatch(name) and _is_program(path):
        # `trace http > http.manifest && link http.manifest -o http`, and then again.
        return Plan(kind=PlanKind.COMMAND, name=name, own=False, program=options.name or name, roots=extra)
    candidates = _candidates(options, name, path)
    if len(candidates) > 1:
        raise EntryError(
            f"{name!r} is ambiguous: it names {' and '.join(candidates)}.",
            hint=f"Write ./{name} for the file or folder, or change to another folder for the command.",
        )
    if path.is_dir():
        return _folder_plan(options, path, extra)
    # Some distributions have commands whose names end like a file's: jp.py, rst2html.py.
    brings_commands = bool(options.with_ or options.requirements or options.environment)
    if path.exists() or os.sep in name or (name.endswith((".py", ".pyw")) and not brings_commands):
        return _script_plan(options, path, extra)
    if match := _FUNCTION.fullmatch(name):
        if (options.folder / match["module"]).is_file():
            raise EntryError(
                f"{match['module']} is a file, not a module.",
                hint=f"Name the module: {match['module'].removesuffix('.py')}:{match['function']}.",
            )
        return _module_plan(options, match["module"], match["function"], extra)
    if _COMMAND.fullmatch(name):
        return Plan(kind=PlanKind.COMMAND, name=name, own=False, program=options.name or name, roots=extra)
    raise EntryError(f"There is no file {name}, and no command can have that name.", hint="Check the name.")


def _is_program(path: Path) -> bool:
    """Say whether this is a compiled program, perhaps one that we linked."""
    try:
        return is_elf(path)
    except OSError:
        return False


def _candidates(options: Options, name: str, path: Path) -> list[str]:
    """Return what a name without a slash may mean here: a file or folder, and a script of the project."""
    if os.sep in name or not path.exists():
        return []
    meanings = [f"the {'folder' if path.is_dir() else 'file'} {name}"] if not path.is_dir() or _is_project(path) else []
    if name in _project_scripts(options.folder):
        meanings.append(f"the command {name} of the project here")
    return meanings


def _existing_folder(path: Path) -> Path:
    if is_archive(path):
        return unpacked(path.resolve())
    if not path.is_dir():
        raise InputError(f"There is no folder and no zip archive {path}.", hint="Check --path.")
    return path.resolve()


def _script_plan(options: Options, path: Path, extra: tuple[Path, ...]) -> Plan:
    if is_archive(path):
        return _zipapp_plan(options, path, extra)
    check_script(path)
    # As `python app.py` does: the folder of the file itself, behind symbolic links.
    real = path.resolve()
    return Plan(
        kind=PlanKind.SCRIPT,
        name=real.name,
        path=real,
        roots=(
            real.parent,
            *_source_folder(real.parent),
            *extra,
            *(folder for folder in _folders_above(real) if folder not in extra),
            *map(unpacked, named_archives(real, [real.parent])),
        ),
        program=options.name or path.name.removesuffix(".py"),
    )


def _zipapp_plan(options: Options, path: Path, extra: tuple[Path, ...]) -> Plan:
    folder = unpacked(path.resolve())
    main = folder / "__main__.py"
    if not main.is_file():
        raise EntryError(
            f"{path} is a zip archive without __main__.py, so no program.",
            hint="Name a module in it with -m, and the archive with --path.",
        )
    return Plan(
        kind=PlanKind.SCRIPT,
        name=main.name,
        path=main,
        roots=(folder, *extra),
        program=options.name or path.stem,
    )


def check_script(path: Path) -> None:
    """Raise for what cannot be a Python script, before anything is resolved for it."""
    if not path.exists():
        raise InputError(f"There is no file {path}.", hint="Check the name and the folder you are in.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.", hint="Make the file readable.") from error
    if data.startswith((MAGIC, b"MZ")):
        raise EntryError(
            f"{path} is a compiled program, not Python.", hint="Name the Python file or the command it comes from."
        )
    if b"\0" in data:
        raise EntryError(f"{path} is a binary file, not Python.", hint="Name a Python source file.")
    first = data.partition(b"\n")[0]
    if first.startswith(b"#!") and b"python" not in first and not path.name.endswith(".py"):
        interpreter = first[2:].decode(errors="replace").strip()
        raise EntryError(f"{path} is a script for {interpreter}, not Python.", hint="Name a Python file.")


def _folders_above(script: Path) -> Iterator[Path]:
    """Yield the folders around a script's own that it puts on ``sys.path``: ``bin/shop.py`` does so with the project.

    The user's home and what is around it is no application.
    """
    home = Path.home()
    for text in folders_for_modules(script.read_bytes()):
        folder = Path(os.path.normpath(script.parent / text))
        if not text.strip("./") and folder != script.parent and folder not in (home, *home.parents):
            yield folder


def _source_folder(folder: Path) -> tuple[Path, ...]:
    """Return ``src`` of a project in the src layout, so that a script beside it finds the project's packages."""
    return (folder / "src",) if (folder / "src").is_dir() and _is_project(folder) else ()


def _folder_plan(options: Options, folder: Path, extra: tuple[Path, ...]) -> Plan:
    folder = folder.resolve()
    if not _is_project(folder):
        main = folder / "__main__.py"
        if main.is_file():
            check_script(main)
            return Plan(
                kind=PlanKind.SCRIPT,
                name="__main__.py",
                path=main,
                roots=(folder, *extra),
                program=options.name or folder.name,
            )
        raise EntryError(
            f"{folder} is a folder without a project: it has no pyproject.toml, setup.py or __main__.py.",
            hint="Name a file in it, or a module with -m.",
        )
    scripts = _project_scripts(folder)
    if options.entry is not None:
        if scripts and options.entry not in scripts:
            raise EntryError(
                f"The project {folder.name} has no script {options.entry!r}.",
                hint=f"It has: {', '.join(sorted(scripts))}.",
            )
        chosen = options.entry
    elif len(scripts) == 1:
        chosen = next(iter(scripts))
    elif scripts:
        raise EntryError(
            f"The project {folder.name} has {len(scripts)} scripts: {', '.join(sorted(scripts))}.",
            hint="Choose one with --entry NAME.",
        )
    elif (folder / "__main__.py").is_file():
        return Plan(
            kind=PlanKind.SCRIPT,
            name="__main__.py",
            path=folder / "__main__.py",
            roots=(folder, *extra),
            program=options.name or folder.name,
        )
    elif _build_tells_scripts(folder):
        chosen = ""
    else:
        raise EntryError(
            f"The project {folder.name} has no [project.scripts].",
            hint="Name a file in it, or its script with --entry NAME.",
        )
    return Plan(kind=PlanKind.PROJECT, name=chosen, path=folder, own=False, program=options.name or chosen, roots=extra)


def _is_project(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("pyproject.toml", "setup.py"))


def _project_scripts(folder: Path) -> dict[str, str]:
    project = _project_table(folder) or {}
    return {**_table(project.get("scripts")), **_table(project.get("gui-scripts"))}


def _build_tells_scripts(folder: Path) -> bool:
    """Say whether the scripts stand in ``setup.py`` and the like: without ``[project]``, or as its ``dynamic`` says."""
    project = _project_table(folder)
    if project is None:
        return True
    dynamic = project.get("dynamic")
    return isinstance(dynamic, list) and not {"scripts", "gui-scripts"}.isdisjoint(map(str, dynamic))


def _project_table(folder: Path) -> dict[str, object] | None:
    """Return ``[project]`` of a folder's ``pyproject.toml``, if it has such."""
    file = folder / "pyproject.toml"
    if not file.is_file():
        return None
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{file} cannot be read as TOML: {reason(error)}.", hint="Correct it.") from error
    project = data.get("project")
    return project if isinstance(project, dict) else None


def _table(value: object) -> dict[str, str]:
    return {str(key): str(item) for key, item in value.items()} if isinstance(value, dict) else {}


def _module_plan(options: Options, module: str, function: str | None, extra: tuple[Path, ...]) -> Plan:
    folder = options.folder.resolve()
    roots = (folder, *_source_folder(folder), *extra)
    own = any(_has_module(root, module.partition(".")[0]) for root in roots)
    return Plan(
        kind=PlanKind.MODULE if function is None else PlanKind.FUNCTION,
        name=module,
        function=function,
        roots=roots if own else extra,
        own=own,
        path=folder,
        program=options.name or (module.partition(".")[0] if function else module),
    )


def _has_module(root: Path, name: str) -> bool:
    folder = root / name
    if (root / f"{name}.py").is_file() or (folder / "__init__.py").is_file():
        return True
    return folder.is_dir() and any(folder.rglob("*.py"))
