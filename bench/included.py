"""How much more goes into a binary than its runs import: modules and bytes, by default, pruned, and by PyInstaller.

    python bench/included.py [APPLICATION ...] [--pyinstaller PROGRAM]

The applications are those of ``tests/integration/applications``, with wheels for musl alone; all runs that succeed and
need neither a terminal nor a client are representative.  *Used* is what ``sys.modules`` holds at the end of these runs
under the target's interpreter; bytes are those of module files, sources and shared objects.  The pruned binary is made
of the same runs, and must do what the default one does.  ``--pyinstaller`` names an executable of PyInstaller 6 in an
environment of its own; it analyses the same pinned versions, installed for the Python that runs it.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.integration.test_applications import reference
from tests.support.application import FOLDER, Application, Run, load
from tests.support.linking import COMMANDS, command
from tests.support.running import Place, perform
from tests.support.targets import target_for

from castiron_common.cache import cache_root
from castiron_common.progress import SilentReporter
from castiron_manifest.reader import read_manifest
from castiron_runtime.packs import open_pack
from castiron_wheels.install import installation_prefix
from castiron_wheels.requirements import from_files
from castiron_wheels.resolve import resolve

if TYPE_CHECKING:
    from castiron_manifest.model import Manifest
    from castiron_runtime.model import Pack

TARGET = target_for()
DEFAULT = (
    "alembic", "bandit", "black", "cookiecutter", "coverage", "cowsay", "data", "docutils", "flake8", "http",
    "jinja-babel", "markdown_py", "matplotlib", "mkdocs", "nbconvert", "office", "pybabel", "pygmentize",
    "sphinx-build", "typer",
)  # fmt: skip

_DUMP = """\
import atexit, os, sys
def dump():
    with open(os.environ["INCLUDED_LOG"], "a", encoding="utf-8") as file:
        file.write("".join(f"{name}\\n" for name in list(sys.modules)))
atexit.register(dump)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Modules and their bytes."""

    modules: int
    size: int
    binary: int = 0
    """Bytes of the executable, or of PyInstaller's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One row of the table."""

    name: str
    used: Amount
    default: Amount
    pruned: Amount
    same: bool
    """Whether the pruned binary does what the default one does."""
    pyinstaller: Amount | None


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("applications", nargs="*", default=DEFAULT)
    parser.add_argument("--pyinstaller", metavar="PROGRAM", type=Path)
    given = parser.parse_args()
    pack = open_pack(TARGET.python, TARGET.target, reporter=SilentReporter())
    rows = []
    for name in given.applications:
        with tempfile.TemporaryDirectory(prefix="included-") as folder:
            rows.append(measure(load(FOLDER / name), Path(folder), pack, given.pyinstaller))
        print(rows[-1], file=sys.stderr, flush=True)
    Console(width=160).print(table(rows))


def measure(application: Application, folder: Path, pack: Pack, pyinstaller: Path | None) -> Measured:
    """Trace, link and run one application in all its forms."""
    project = folder / "app"
    shutil.copytree(application.folder / "app", project) if (application.folder / "app").is_dir() else project.mkdir()
    shutil.copyfile(application.lock, project / "requirements.txt")
    # The same runs for everything that is compared: a run that is to fail cannot be watched.
    runs = [run for run in application.runs if not run.asks and not run.dialogue and not run.status]
    if not runs:
        raise SystemExit(f"{application.name}: no run that ends with status 0 and needs neither terminal nor client")
    application = replace(application, reference="target")
    names = used_names(application, runs, folder, project, pack)
    # A run with a wheel of pure Python for one for glibc cannot be pruned by.
    options = [*application.options, "-r", "requirements.txt", "--wheels", "musl"]
    forms = {form: folder / form / application.entry[-1] for form in ("default", "pruned")}
    default = traced(project, forms["default"], [*options, *application.entry])
    watch(application, runs, folder, project)
    wanted: list[str | Path] = [*options, "--recorded", folder / "seen", "--prune", *application.entry]
    pruned = traced(project, forms["pruned"], wanted)
    site = installed(application)
    sizes = module_sizes(default, pack, site, project)
    use = [name for name in sizes if name in names]
    return Measured(
        name=application.name,
        used=Amount(modules=len(use), size=sum(sizes[name] for name in use)),
        default=amount(default, sizes, forms["default"]),
        pruned=amount(pruned, module_sizes(pruned, pack, site, project), forms["pruned"]),
        same=same(application, runs, folder / "run", list(forms.values())),
        pyinstaller=None if pyinstaller is None else analysed(application, folder, project, pyinstaller),
    )


def installed(application: Application) -> Path:
    """Return ``site-packages`` of the target's environment."""
    chosen = resolve(from_files([application.lock], TARGET), TARGET, reporter=SilentReporter())
    return installation_prefix(chosen.wheels, TARGET) / f"lib/python{TARGET.python}/site-packages"


def used_names(application: Application, runs: list[Run], folder: Path, project: Path, pack: Pack) -> set[str]:
    """Return the names in ``sys.modules`` at the end of the runs under the target's interpreter."""
    usual = reference(application, folder / "usual" / application.entry[-1], project, folder / "run", pack)
    (folder / "dump").mkdir()
    (folder / "dump/sitecustomize.py").write_text(_DUMP)
    log = folder / "names"
    path = os.pathsep.join([str(folder / "dump"), *dict(usual.env).get("PYTHONPATH", "").split(os.pathsep)])
    env = (*usual.env, ("PYTHONPATH", path), ("INCLUDED_LOG", str(log)))
    for run in runs:
        did = perform(application, run, Place(command=usual.command, folder=usual.folder, env=env, names=()))
        if did.status:
            raise SystemExit(f"{application.name} {run.argv} under the interpreter: {did.stderr}")
    return set(log.read_text().splitlines())


def traced(project: Path, output: Path, arguments: list[str | Path]) -> Manifest:
    """Trace and link; return the manifest."""
    output.parent.mkdir()
    manifest = output.with_name("app.manifest")
    for name, words in (("trace", [*arguments, "-o", manifest]), ("link", [manifest, "-o", output])):
        done = command(name, *words, cwd=project)
        if done.status:
            raise SystemExit(f"{name}: {done.stderr}")
    return read_manifest(manifest)


def watch(application: Application, runs: list[Run], folder: Path, project: Path) -> None:
    """Watch all runs that succeed, one after the other."""
    entry = list(application.entry)
    if application.script:
        entry = [str(project / entry[0])]
    options = [word.replace("PROJECT", str(project)) for word in application.options]
    seen, requirements = folder / "seen", project / "requirements.txt"
    for run in runs:
        more = ["--recorded", str(seen)] if seen.exists() else []
        words = [
            "--run",
            *more,
            "--record",
            str(seen),
            *options,
            "-r",
            str(requirements),
            "-o",
            "/dev/null",
            *entry,
            "--",
        ]
        env = (("CASTIRON_CACHE", str(cache_root().parent)), ("PYTHONPATH", os.pathsep.join(sys.path)))
        place = Place(command=(str(COMMANDS / "trace"), *words), folder=folder / "run", env=env, names=())
        did = perform(application, run, place)
        if did.status:
            raise SystemExit(f"{application.name} {run.argv}: {did.stderr}")


def same(application: Application, runs: list[Run], folder: Path, binaries: list[Path]) -> bool:
    """Say whether the pruned binary does what the default one does, and both what they are to do."""
    done = []
    for binary in binaries:
        names = ((f"{binary}/", "<prefix>/"), (str(binary), "<program>"))
        place = Place(command=(str(binary),), folder=folder, names=names)
        done.append([perform(application, run, place) for run in runs])
        for run, did in zip(runs, done[-1], strict=True):
            said = f"{did.stdout}{did.stderr}{did.files}"
            if did.status or not all(re.search(pattern, said) for pattern in run.shows):
                print(application.name, run.argv, did, sep="\n", file=sys.stderr)
                return False
    for one, other in zip(*done, strict=True):
        if one != other:
            print(application.name, one, other, sep="\n", file=sys.stderr)
    return done[0] == done[1]


def module_sizes(manifest: Manifest, pack: Pack, site: Path, project: Path) -> dict[str, int]:
    """Return the bytes of each module's file; 0 for those that have none."""
    roots = {"stdlib": pack.stdlib, "distribution": site, "app": project}
    sizes = {}
    for module in manifest.modules:
        file = None if module.path is None else roots[module.origin] / module.path
        sizes[module.name] = file.stat().st_size if file is not None and file.is_file() else 0
    return sizes


def amount(manifest: Manifest, sizes: dict[str, int], binary: Path) -> Amount:
    """Return what a manifest has."""
    return Amount(modules=len(manifest.modules), size=sum(sizes.values()), binary=binary.stat().st_size)


def analysed(application: Application, folder: Path, project: Path, pyinstaller: Path) -> Amount:
    """Return what PyInstaller collects for the same application."""
    venv = folder / "venv"
    base = subprocess.check_output([pyinstaller.with_name("python"), "-c", "import sys; print(sys._base_executable)"])
    subprocess.run([sys.executable, "-m", "uv", "venv", "-q", "-p", base.decode().strip(), venv], check=True)
    pip = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "install",
        "-q",
        "-p",
        str(venv / "bin/python"),
        "-r",
        str(application.lock),
    ]
    subprocess.run([*pip, "pyinstaller"], check=True)
    script = project / application.entry[0]
    if not application.script:
        script = folder / "start.py"
        module = application.entry[-1]
        start = f"import runpy, {module}\nrunpy.run_module({module!r}, run_name='__main__')\n"
        script.write_text(start if "-m" in application.entry else (venv / "bin" / module).read_text())
    out = folder / "pyinstaller"
    words = [str(venv / "bin/pyinstaller"), "--noconfirm", "--log-level", "ERROR", "--name", "app", str(script)]
    out.mkdir()
    subprocess.run(words, cwd=out, check=True, stdout=subprocess.DEVNULL)
    (_, rows) = ast.literal_eval((out / "build/app/PYZ-00.toc").read_text())[:2]
    extensions = [path for path in (out / "dist/app").rglob("*.so") if ".cpython-" in path.name or ".abi3" in path.name]
    sources = [Path(row[1]) for row in rows]
    size = sum(path.stat().st_size for path in (*sources, *extensions) if path.is_file())
    whole = sum(
        path.stat().st_size for path in (out / "dist/app").rglob("*") if path.is_file() and not path.is_symlink()
    )
    return Amount(modules=len(rows) + len(extensions), size=size, binary=whole)


def table(rows: list[Measured]) -> Table:
    """Return modules and bytes of each application, with ratios to what is used."""
    result = Table(
        "application", "used", "default", "ratio", "bytes", "pruned", "ratio", "bytes", "same", "binary MB",
        "pruned MB", "PyInstaller", "ratio", "MB",
    )  # fmt: skip
    for row in rows:
        cells = [row.name, str(row.used.modules)]
        for kind in (row.default, row.pruned):
            cells += [str(kind.modules), f"{kind.modules / row.used.modules:.2f}", f"{kind.size / row.used.size:.2f}"]
        cells += ["yes" if row.same else "NO", f"{row.default.binary / 1e6:.1f}", f"{row.pruned.binary / 1e6:.1f}"]
        if row.pyinstaller is not None:
            other = row.pyinstaller
            cells += [str(other.modules), f"{other.modules / row.used.modules:.2f}", f"{other.binary / 1e6:.1f}"]
        result.add_row(*cells)
    return result


if __name__ == "__main__":
    main()
