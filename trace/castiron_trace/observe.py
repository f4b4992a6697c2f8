"""Runs the application in the target's interpreter, for ``trace --run``, and notes what it imports and opens."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from castiron_common.errors import RunError
from castiron_common.processes import descendants
from castiron_common.working import working_folder
from castiron_manifest.model import EntryKind, Finding, Severity
from castiron_trace.foreground import attend, end_others

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from castiron_common.progress import Reporter
    from castiron_common.target import Libc
    from castiron_manifest.model import Native
    from castiron_trace.model import Options, ResolvedEntry, Site

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
if spec["kind"] == "script":
    run_script(spec["script"])
elif spec["kind"] == "module":
    import runpy
    runpy.run_module(spec["module"], run_name="__main__", alter_sys=True)
else:
    import importlib
    value = importlib.import_module(spec["module"])
    for part in spec["function"].split("."):
        value = getattr(value, part)
    sys.exit(value())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a run used."""

    modules: tuple[str, ...]
    """Names that were imported, sorted; some may exist nowhere (an attempt that failed)."""
    files: tuple[Path, ...]
    """Files that were executed or read below the application's folders or site-packages, sorted."""
    libraries: tuple[str, ...]
    """Libraries that ctypes opened, sorted."""
    status: int


NOT_RUN = Observed(modules=(), files=(), libraries=(), status=0)
"""The value for an application that was not run."""


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
        shutil.copyfile(Path(__file__).parent / "analyser" / "observer.py", observer / "sitecustomize.py")
        log = scratch / "log"
        known = descendants(os.getpid())
        status = _run(_specification(options, entry, site, observer), interpreter, log, folder=options.folder)
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
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        raise RunError(
            f"The application {how} while it was watched.",
            hint="Give it arguments with which it succeeds, after --; its own messages are shown above.",
        )
    return _events(lines, entry, site, status)


def _specification(options: Options, entry: ResolvedEntry, site: Site, observer: Path) -> dict[str, Any]:
    """Return what the runner in the target interpreter must know."""
    roots = [str(root) for root in entry.roots]
    folders = [str(folder) for folder in site.path]
    what = entry.entry
    script = str(entry.script) if entry.script else None
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


def _run(spec: dict[str, Any], interpreter: Path, log: Path, *, folder: Path) -> int:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment |= {
        "CASTIRON_OBSERVE": str(log),
        "CASTIRON_ENTRY": repr(spec),
        # Children that start sys.executable find the same modules, and are watched by the same hook.
        "PYTHONPATH": os.pathsep.join([spec["observer"], *spec["path"]]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
    }
    sys.stdout.flush()
    with subprocess.Popen([str(interpreter), "-c", _RUNNER], env=environment, stdout=sys.stderr, cwd=folder) as process:
        return attend(process)


def _events(lines: list[str], entry: ResolvedEntry, site: Site, status: int) -> Observed:
    roots = [*entry.roots, *site.path, *([site.prefix] if site.path else ())]
    modules: set[str] = set()
    files: set[Path] = set()
    libraries: set[str] = set()
    for line in lines:
        kind, _, value = line.partition(" ")
        if kind == "import":
            modules.add(value)
        elif kind == "dlopen":
            libraries.add(value)
        else:
            path = Path(value)
            if path.is_absolute() and "__pycache__" not in path.parts and any(path.is_relative_to(r) for r in roots):
                files.add(path)
    existing = {path for path in files if path.is_file()}
    modules |= {name for path in existing for name in _module_names(path, entry, site)}
    return Observed(
        modules=tuple(sorted(name for name in modules if _is_name(name))),
        files=tuple(sorted(existing)),
        libraries=tuple(sorted(libraries)),
        status=status,
    )


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
