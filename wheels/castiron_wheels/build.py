"""Builds a source tree into a wheel for the target: PEP 517, in the target's own interpreter, with compilers for it.

The build environment is a virtual environment of the runtime pack's interpreter; what the build requires is resolved
and installed for the target like the application's own dependencies.  So ``setup.py``, Meson and CMake are at home on
the target, and nothing is cross-compiled.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from castiron_common.cache import cache_root
from castiron_common.errors import CastironError, DependencyError, InputError
from castiron_elf.interpreter import interpreter_of, set_interpreter
from castiron_wheels.compilers import write_compilers
from castiron_wheels.errors import BuildError
from castiron_wheels.install import install
from castiron_wheels.reproducible import normalise_wheel
from castiron_wheels.requirements import from_lines, read_pyproject
from castiron_wheels.toolchain_sbom import FILE, toolchain_bom
from castiron_wheels.uv_client import client_environment
from castiron_wheels.wheel_metadata import split_filename

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from castiron_common.progress import Reporter, Task
    from castiron_manifest.model import Target
    from castiron_runtime.model import Pack
    from castiron_wheels.build_stack import BuildContext

RECIPE = "build-2"
"""Part of the cache key of built wheels: raised when the same sources would give another wheel."""

_SOURCE_DATE = "315532800"
"""1980-01-01, the first day that ZIP files know."""

_TAIL = 12
_MUSL_LOADER = "ld-musl-"

_ABSENT_MODULE = re.compile(r"No module named '([\w.]+)'")
"""How CPython says that it cannot import a module."""

_CHOICES = (
    "Choose: pin a version that has a musllinux or a pure-Python wheel, give a wheel of your own as a requirement "
    "(./name.whl), or do without the distribution."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSystem:
    """What a project says about how it is built (PEP 518, PEP 517)."""

    requires: tuple[str, ...]
    backend: str
    path: tuple[str, ...]
    """Folders of an in-tree backend, relative to the project."""


def build_system(folder: Path) -> BuildSystem:
    """Read ``[build-system]``; a project without one is built by setuptools, as the standard says."""
    table: Any = read_pyproject(folder).get("build-system") if (folder / "pyproject.toml").is_file() else None
    if table is None:
        return BuildSystem(requires=("setuptools",), backend="setuptools.build_meta:__legacy__", path=())
    requires = table.get("requires") if isinstance(table, dict) else None
    if not isinstance(requires, list) or not all(isinstance(line, str) for line in requires):
        raise InputError(
            f"{folder}/pyproject.toml: build-system.requires is not a list of strings.", hint="Correct it."
        )
    backend = table.get("build-backend", "setuptools.build_meta:__legacy__")
    path = tuple(str(entry) for entry in table.get("backend-path", []))
    for entry in path:
        if not (folder / entry).resolve().is_relative_to(folder.resolve()):
            raise InputError(f"{folder}/pyproject.toml: backend-path {entry!r} is outside.", hint="Correct it.")
    return BuildSystem(requires=tuple(requires), backend=str(backend), path=path)


def target_pack(target: Target, *, reporter: Reporter) -> Pack:
    """Return the runtime pack whose interpreter builds for the target."""
    from castiron_runtime.packs import open_pack

    return open_pack(target.python, target.platform, reporter=reporter)


def metadata_build(target: Target, folder: Path, *, reporter: Reporter) -> tuple[Path, dict[str, str]]:
    """Return the interpreter and the environment with which uv can build an sdist's metadata as for the target.

    ``folder`` takes the compilers and must last as long as the environment is used.
    """
    from castiron_runtime.packs import interpreter  # as above

    pack = target_pack(target, reporter=reporter)
    python = interpreter(pack, full=True, reporter=reporter)
    tools = folder / "compilers"
    compilers = write_compilers(tools, Path(pack.toolchain.linker[0]), target.platform)
    environ = client_environment()
    path = os.pathsep.join([str(tools), environ.get("PATH", "/usr/bin:/bin")])
    return python, {**environ, **compilers, **_zig_cache(), "PATH": path, "PKG_CONFIG_LIBDIR": str(folder / "none")}


def build_tree(
    source: Path,
    work: Path,
    destination: Path,
    *,
    label: str,
    pack: Pack,
    full: bool,
    context: BuildContext,
) -> Path:
    """Build the project in ``source`` and return its wheel, made reproducible, in ``destination``.

    ``work`` is an empty folder for the build environment and temporary files.  ``full`` asks for an interpreter with
    every extension module.  ``context`` provisions the build requirements; its stack holds this build already.
    `BuildError` names the project, the log file and the choices.
    """
    from castiron_runtime.packs import interpreter

    log = cache_root() / "logs" / f"{label.replace('/', '_').replace(' ', '-')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    try:
        system = build_system(source)
    except InputError as error:
        raise DependencyError(f"{label} cannot be built: {error.what}", hint=error.hint) from error
    with context.reporter.task(f"build {label} for {context.target.platform}") as task:
        task.step("interpreter")
        python = interpreter(pack, full=full, reporter=context.reporter)
        job = _Job(
            source=source, work=work, log=log, label=label, python=python, pack=pack, system=system, context=context
        )
        task.step("build requirements")
        _environment(job, system.requires)
        more = _hook(job, "get_requires_for_build_wheel", [None], default=[])
        missing = _absent(job, [str(line) for line in more])
        if missing:
            task.step(f"build requirements: {', '.join(missing)}")
            _environment(job, [*system.requires, *missing])
        return _build(job, destination, task)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One build that is under way."""

    source: Path
    work: Path
    log: Path
    label: str
    python: Path
    pack: Pack
    system: BuildSystem
    context: BuildContext

    @property
    def target(self) -> Target:
        """The target that it is built for."""
        return self.context.target

    @property
    def environment(self) -> Path:
        """The virtual environment of the build."""
        return self.work / "environment"


def _build(job: _Job, destination: Path, task: Task) -> Path:
    out = job.work / "wheel"
    out.mkdir()
    task.step(f"running {job.system.backend.partition(':')[0]}")
    name = _hook(job, "build_wheel", [str(out), None, None])
    built = out / Path(str(name)).name
    if not built.is_file():
        raise _failure(job, f"the build backend says it made {name}, but did not")
    split_filename(built.name)
    try:
        normalise_wheel(built, destination / built.name, describe=lambda images: _bill(job, images))
    except (OSError, DependencyError) as error:
        raise _failure(job, f"the wheel it made is damaged ({error})") from error
    return destination / built.name


def _bill(job: _Job, images: Sequence[bytes]) -> tuple[str, bytes] | None:
    content = toolchain_bom(images, Path(job.pack.toolchain.linker[0]))
    return None if content is None else (FILE, content)


def _environment(job: _Job, requires: Sequence[str]) -> None:
    """Make the virtual environment with the build requirements, installed for the target."""
    try:
        requirements = from_lines(
            requires, job.target, origin=f"the build requirements of {job.label}", folder=job.source
        )
        wheels = job.context.provision(requirements, job.context.stack)
    except CastironError as error:
        raise BuildError(
            f"{job.label} must be built from source, and its build needs what cannot be had:",
            error.what,
            hint=_CHOICES,
        ) from error
    folder = job.environment
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    install(wheels, folder, job.target)
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    for name in ("python", "python3", f"python{job.target.python}"):
        (programs / name).unlink(missing_ok=True)
        (programs / name).symlink_to(job.python)
    (folder / "pyvenv.cfg").write_text(
        f"home = {job.python.parent}\ninclude-system-site-packages = false\nversion = {job.pack.python_version}\n",
        encoding="utf-8",
    )
    for script in programs.iterdir():
        _use_interpreter(script, programs / "python")
    loader = interpreter_of(job.python)
    if loader is not None:
        for file in folder.rglob("*"):
            if file.is_file() and not file.is_symlink() and os.access(file, os.X_OK):
                _use_loader(file, loader)


def _use_interpreter(script: Path, python: Path) -> None:
    """Let an installed script run with the environment's own Python."""
    if script.is_symlink():
        return
    data = script.read_bytes()
    first, newline, rest = data.partition(b"\n")
    if first.startswith(b"#!") and b"python" in first:
        script.write_bytes(b"#!" + str(python).encode() + newline + rest)


def _use_loader(program: Path, loader: str) -> None:
    """Let a program of a musllinux wheel (ninja, cmake) run here: its loader is the pack's, not ``/lib/ld-musl-*``."""
    if _MUSL_LOADER in (interpreter_of(program) or ""):
        set_interpreter(program, loader)
        program.chmod(0o755)


def _absent(job: _Job, lines: Sequence[str]) -> list[str]:
    """Return those requirements whose distribution the environment does not have yet, in any version."""
    site = job.environment / "lib" / f"python{job.target.python}" / "site-packages"
    there = {canonicalize_name(path.name.rsplit("-", 1)[0].split("-")[0]) for path in site.glob("*.dist-info")}
    named = from_lines(lines, job.target, origin=f"the build requirements of {job.label}", folder=job.source).lines
    return [line for line in named if canonicalize_name(_name(line)) not in there]


def _name(line: str) -> str:
    return Requirement(line).name


def _hook(job: _Job, hook: str, arguments: list[object], default: object = None) -> Any:
    """Run one hook of the backend in the target's interpreter; its output goes to the log."""
    question, answer = job.work / f"{hook}.in.json", job.work / f"{hook}.out.json"
    call = {
        "backend": job.system.backend,
        "path": [str(job.source / entry) for entry in job.system.path],
        "hook": hook,
        "arguments": arguments,
        "default": default,
    }
    question.write_text(json.dumps(call), encoding="utf-8")
    runner = Path(__file__).with_name("backend") / "run_hook.py"
    argv = [str(job.environment / "bin" / "python"), "-P", str(runner), str(question), str(answer)]
    with job.log.open("ab") as log:
        log.write(f"$ {hook}\n".encode())
        log.flush()
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=job.source,
            env=_variables(job),
            start_new_session=True,
        )
        try:
            status = process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    if status != 0 or not answer.is_file():
        raise _failure(job, f"{hook} of its build backend failed (status {status})")
    return json.loads(answer.read_text(encoding="utf-8"))


def _variables(job: _Job) -> Mapping[str, str]:
    """Return the environment of the build: nothing of the caller's but PATH, so that his settings change no byte."""
    tools = job.work / "compilers"
    temporary, home = job.work / "tmp", job.work / "home"
    for folder in (temporary, home):
        folder.mkdir(exist_ok=True)
    compilers = write_compilers(tools, Path(job.pack.toolchain.linker[0]), job.target.platform)
    path = [str(job.environment / "bin"), str(tools), os.environ.get("PATH", "/usr/bin:/bin")]
    return {
        **compilers,
        "PATH": os.pathsep.join(path),
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH", _SOURCE_DATE),
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "VIRTUAL_ENV": str(job.environment),
        "CASTIRON_BUILD_ROOT": str(job.source),
        # Libraries of this machine are glibc's: no build may find them.
        "PKG_CONFIG_LIBDIR": str(job.work / "no-libraries"),
        "CMAKE_FIND_ROOT_PATH": str(job.environment),
        **_zig_cache(),
    }


def _zig_cache() -> dict[str, str]:
    folder = str(cache_root() / "zig")
    return {"ZIG_GLOBAL_CACHE_DIR": folder, "ZIG_LOCAL_CACHE_DIR": folder}


def _failure(job: _Job, why: str) -> BuildError:
    lines = [line.rstrip() for line in job.log.read_text(encoding="utf-8", errors="replace").splitlines()]
    tail = [line for line in lines if line][-_TAIL:]
    return BuildError(
        f"{job.label} must be built from source for {job.target.platform}, and that failed: {why}.",
        "\n".join([f"The log is {job.log}; it ends:", *(f"  {line}" for line in tail)]),
        hint=_CHOICES,
        missing_modules=frozenset(_ABSENT_MODULE.findall("\n".join(tail))),
    )
