"""Runs the application in the target's interpreter, for ``trace --run``, and notes what it imports and opens.

The application runs by itself, or another program runs parts of it: pytest its tests, for example.  Then what that
program uses for its own purposes does not count, so each import is noted with the module that made it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from castiron_common.errors import ModuleMissingError, RunError
from castiron_common.home import home_folder
from castiron_common.processes import descendants
from castiron_common.working import working_folder
from castiron_manifest.model import EntryKind, Finding, Severity
from castiron_trace.foreground import attend, end_others
from castiron_trace.observations import (
    APPLICATION,
    Observed,
    ObservedFile,
    read_observations,
    united,
    write_observations,
)
from castiron_trace.protocol import ObservedImport
from castiron_trace.watched_site import as_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from castiron_common.progress import Reporter
    from castiron_common.target import Libc
    from castiron_manifest.model import Native
    from castiron_trace.model import Options, ResolvedEntry, Site
    from castiron_trace.watched_site import WatchedSite

_RUNNER = """
import os, sys
spec = eval(os.environ.pop("CASTIRON_ENTRY"))
stdlib = [p for p in sys.path if p not in spec["path"] and p != spec["observer"] and "site-packages" not in p]
sys.path[:] = [*spec["roots"], *stdlib, *spec["site"]]
sys.argv[:] = spec["argv"]
def run_script(path):
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec")
    main = globals()
    main.clear()
    main.update(__name__="__main__", __file__=path, __builtins__=__import__("builtins"), __spec__=None)
    exec(code, main)
import site
for folder in spec["site"]:
    site.addsitedir(folder)
if spec["kind"] != "script":
    import importlib.util, runpy
if spec["kind"] == "module" and importlib.util.find_spec(spec["module"].partition(".")[0]) is None:
    sys.exit("No module named " + spec["module"])
sys.audit("castiron.start")
if spec["kind"] == "script":
    run_script(spec["script"])
elif spec["kind"] == "module":
    runpy.run_module(spec["module"], run_name="__main__", alter_sys=True)
else:
    value = importlib.import_module(spec["module"])
    for part in spec["function"].split("."):
        value = getattr(value, part)
    sys.exit(value())
"""


_HIDDEN = 'exec(compile({source!r}, "<frozen castiron_observer>", "exec"))\n'
"""How the observer is run: its functions come from no file, so that tracers (coverage, profilers) do not report it."""


def observed(
    options: Options, entry: ResolvedEntry, site: Site, *, reporter: Reporter, watched: WatchedSite | None = None
) -> Observed:
    """Return what the run that the user asks for and earlier runs used; write it where the user asks for that.

    ``watched`` is the environment of the run if it is another than the application's, ``site``.
    """
    folders = _folders(entry, site)
    runs = [read_observations(file, folders) for file in options.recorded]
    if options.run is not None:
        if watched is None:
            runs.append(run(options, entry, site, reporter=reporter))
        else:
            with reporter.task("watched run") as task:
                names = ", ".join(watched.instead)
                task.note(f"in pure Python, as its interpreter loads no wheels for another C library: {names}")
            seen = run(options, entry, watched.site, reporter=reporter)
            runs.append(as_in(seen, watched.site, site))
    seen = united(runs)
    if options.record is not None:
        write_observations(options.record, seen, folders)
    return seen


def run(
    options: Options,
    entry: ResolvedEntry,
    site: Site,
    *,
    reporter: Reporter,
    interpreter: Path | None = None,
) -> Observed:
    """Run the application once under the audit hook.

    Its standard output goes to our standard error, because ours gets the manifest.  Raises `RunError` if it ends with a
    status other than 0: then it did not do what the binary will do.
    """
    if interpreter is None:
        from castiron_trace.target_python import full_interpreter

        interpreter = full_interpreter(options.target, reporter=reporter)
    with working_folder("run") as scratch:
        observer = scratch / "observer"
        observer.mkdir()
        source = (Path(__file__).parent / "analyser" / "observer.py").read_text(encoding="utf-8")
        (observer / "sitecustomize.py").write_text(_HIDDEN.format(source=source), encoding="utf-8")
        log = scratch / "log"
        known = descendants(os.getpid())
        wanted = _specification(options, entry, site, observer)
        status = _run(wanted, interpreter, log, prefix=site.prefix if site.path else None, folder=options.folder)
        left = end_others(known)
        lines = log.read_text(encoding="utf-8", errors="surrogateescape").splitlines() if log.exists() else []
    if left:
        # Not in the manifest, which is the same for the same application: these names depend on the machine.
        with reporter.task("watched run") as task:
            task.note(
                f"the application left {len(left)} processes running ({', '.join(left)}), which were ended; "
                "let it run in the foreground to have all of it watched"
                if len(left) > 1
                else f"the application left a process running ({left[0]}), which was ended; "
                "let it run in the foreground to have all of it watched"
            )
    if status != 0:
        if options.run_by is not None and not any(line.startswith("loaded\t") for line in lines):  # not even started
            raise ModuleMissingError(
                f"--run-by: there is no module {options.run_by} in the environment.",
                hint=f"Name its distribution: --with {options.run_by.partition('.')[0]}.",
            )
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        raise RunError(
            f"The application {how} while it was watched.",
            hint="Give it arguments with which it succeeds, after --; its own messages are shown above.",
        )
    if outside := _above(lines, entry, site):
        with reporter.task("watched run") as task:
            shown = [os.path.relpath(path, options.folder) for path in outside[:_SHOWN]]
            shown += ["..."] if len(outside) > _SHOWN else []
            files = "1 file" if len(outside) == 1 else f"{len(outside)} files"
            task.note(
                f"the run read {files} above the application's folder, not included ({', '.join(shown)}): what a "
                "program needs must lie beside its code, or be named by its user"
            )
    return _events(lines, entry, site, alone=options.run_by is None)


_SHOWN = 4
"""How many files a note names."""
_ABOVE = 2
"""How many levels above the application's folder belong to its project, rather than to the machine."""


def _above(lines: list[str], entry: ResolvedEntry, site: Site) -> list[Path]:
    """Return the files that a run read above the application's folder, sorted: those of its project, by their place."""
    folders = _folders(entry, site)
    places = {parent for root in entry.roots for parent in root.parents[:_ABOVE]}
    shared = {Path(tempfile.gettempdir()).resolve(), home_folder().resolve()}
    places = {place for place in places if place not in shared and len(place.parts) > 2}
    read = set()
    for line in lines:
        kind, value, _who = line.split("\t")
        path = Path(value)
        if kind != "open" or not path.is_absolute():
            continue
        if any(map(path.is_relative_to, folders)) or not any(map(path.is_relative_to, places)):
            continue
        if path.suffix not in {".py", ".pyc", ".so"} and path.is_file():
            read.add(path)
    return sorted(read)


def _specification(options: Options, entry: ResolvedEntry, site: Site, observer: Path) -> dict[str, Any]:
    """Return what the runner in the target interpreter must know."""
    roots = [str(root) for root in entry.roots]
    folders = [str(folder) for folder in site.path]
    what = entry.entry
    script = str(entry.script) if entry.script else None
    if options.run_by is not None:
        # As `python -m` does, the current folder comes first.
        return {
            "kind": EntryKind.MODULE.value,
            "module": options.run_by,
            "roots": [str(options.folder), *roots],
            "site": folders,
            "path": [str(options.folder), *roots, *folders],
            "observer": str(observer),
            "argv": [options.run_by, *(options.run or ())],
        }
    return {
        "kind": what.kind.value,
        "module": what.module,
        "function": what.function,
        "script": script,
        "roots": roots,
        "site": folders,
        "path": [*roots, *folders],
        "observer": str(observer),
        "argv": [script if what.kind is EntryKind.SCRIPT else what.name, *(options.run or ())],
    }


def _run(spec: dict[str, Any], interpreter: Path, log: Path, *, prefix: Path | None, folder: Path) -> int:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment |= {
        "CASTIRON_OBSERVE": str(log),
        "CASTIRON_ENTRY": repr(spec),
        # Children that start sys.executable find the same modules, and are watched by the same hook.
        "PYTHONPATH": os.pathsep.join([spec["observer"], *spec["path"]]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
    }
    if prefix is not None:
        environment["CASTIRON_PREFIX"] = str(prefix)
    sys.stdout.flush()
    with subprocess.Popen([str(interpreter), "-c", _RUNNER], env=environment, stdout=sys.stderr, cwd=folder) as process:
        return attend(process)


def _folders(entry: ResolvedEntry, site: Site) -> list[Path]:
    """Return the folders whose files count."""
    return [*entry.roots, *site.path, *([site.prefix] if site.path else ())]


def _events(lines: list[str], entry: ResolvedEntry, site: Site, *, alone: bool) -> Observed:
    """Read the observer's log; ``alone`` says that the application ran by itself, so that all of it counts."""
    folders = _folders(entry, site)
    imports: set[ObservedImport] = set()
    present: set[str] = set()
    files: set[ObservedFile] = set()
    libraries: set[str] = set()

    def note(name: str, who: str) -> None:
        if _is_name(name):
            imports.add(ObservedImport(name, APPLICATION if alone else who))

    for line in lines:
        kind, value, who = line.split("\t")
        who = _importer(who, entry)
        if kind == "import":
            note(value, who)
        elif kind in {"present", "loaded"}:
            present.add(value)
            if alone and kind == "present" and value not in _OF_EVERY_START:
                note(value, who)
        elif kind == "dlopen":
            libraries.add(value)
        else:
            path = Path(value)
            if not path.is_absolute() or "__pycache__" in path.parts or not any(map(path.is_relative_to, folders)):
                continue
            if kind == "list":
                for file in _modules_in(path):
                    for name in _module_names(file, entry, site):
                        note(name, who)
            elif path.is_file():
                files.add(ObservedFile(path, APPLICATION if alone else who))
                for name in _module_names(path, entry, site):
                    note(name, who)
    return Observed(
        imports=tuple(sorted(imports)),
        present=tuple(sorted(filter(_is_name, present))),
        files=tuple(sorted(files)),
        libraries=tuple(sorted(libraries)),
    )


_OF_EVERY_START = frozenset({"__main__", "site", "sitecustomize", "usercustomize", "zipimport"})
"""Modules that are there before an application starts under `python`, but not in a binary."""


def _importer(who: str, entry: ResolvedEntry) -> str:
    """Return the module that the observer names; `APPLICATION` for the entry's script, under whichever name."""
    if entry.script is not None and who in {f"file:{entry.script}", entry.script.stem}:
        return APPLICATION
    return who or "(unknown)"


def _modules_in(folder: Path) -> list[Path]:
    """Return the files of modules and packages in a package's folder: whoever lists it may ask which there are."""
    if not (folder / "__init__.py").is_file():
        return []
    files = (item / "__init__.py" if item.is_dir() else item for item in sorted(folder.iterdir()))
    return [file for file in files if file.suffix == ".py" and file.is_file()]


def foreign_libraries(seen: Observed, natives: Iterable[Native], libc: Libc) -> Iterator[Finding]:
    """Yield a finding for each library that the run loaded with ctypes and that the environment does not have."""
    known = {name for native in natives for name in (native.soname, PurePosixPath(native.path).name) if name}
    for library in seen.libraries:
        name = PurePosixPath(library).name
        if name not in known and not (libc.of(name) or libc.holds(name)):
            yield Finding(
                code="foreign-library",
                severity=Severity.WARNING,
                subject=library,
                message="The run loaded this library of the system; a binary has only those of its distributions.",
            )


def _module_names(path: Path, entry: ResolvedEntry, site: Site) -> list[str]:
    """Return the name under which a source below a root is imported: `import_module` raises no import event."""
    if path.suffix != ".py" or path == entry.script:
        return []
    for root in sorted((*entry.roots, *site.path), key=lambda r: -len(r.parts)):
        if path.is_relative_to(root):
            parts = path.relative_to(root).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            return [name] if name else []
    return []


def _is_name(name: str) -> bool:
    return bool(name) and all(part and part.replace("_", "a").isalnum() for part in name.split("."))
