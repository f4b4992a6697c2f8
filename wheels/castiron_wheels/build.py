"""Builds a source tree into a wheel for the target: PEP 517, in the target's own interpreter, with compilers for it.

The build environment is a virtual environment of the runtime pack's interpreter; what the build requires is resolved
and installed for the target like the application's own dependencies.  So ``setup.py``, Meson and CMake are at home on
the target, and nothing is cross-compiled.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castiron_common.cache import cache_root
from castiron_common.disk import is_full
from castiron_common.errors import DependencyError, InputError
from castiron_common.process_groups import process_group
from castiron_common.progress import pulsing
from castiron_wheels.build_environment import BuildEnvironment, Note
from castiron_wheels.build_log import last_line, telling_lines
from castiron_wheels.build_system import build_system
from castiron_wheels.compilers import write_compilers
from castiron_wheels.errors import BuildError
from castiron_wheels.offered_libraries import linked, offered_libraries, wanted, write_descriptions, write_prefix
from castiron_wheels.reproducible import normalise_wheel
from castiron_wheels.requirements import from_lines
from castiron_wheels.requirements_file import line_name
from castiron_wheels.toolchain_sbom import FILE, toolchain_bom
from castiron_wheels.uv_client import client_environment
from castiron_wheels.wheel_metadata import split_filename
from castiron_wheels.zig_library import zig_variables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from castiron_common.progress import Reporter, Task
    from castiron_common.target import PythonTarget
    from castiron_runtime.model import Component, Pack
    from castiron_wheels.build_stack import BuildContext
    from castiron_wheels.build_system import BuildSystem
    from castiron_wheels.model import Requirements

OPTIONS_LEFT_OUT = "options-left-out.txt"
"""The file beside a built wheel that names, line by line, what the compilers did not pass on, if anything."""
_ABSENT_MODULE = re.compile(r"No module named '([\w.]+)'")
"""How CPython says that it cannot import a module."""


def target_pack(target: PythonTarget, *, reporter: Reporter) -> Pack:
    """Return the runtime pack whose interpreter builds for the target."""
    from castiron_runtime.packs import open_pack

    return open_pack(target.python, target.target, reporter=reporter)


def metadata_build(target: PythonTarget, folder: Path, *, reporter: Reporter) -> tuple[Path, dict[str, str]]:
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
    # The libraries themselves are built where a build, not only its metadata, asks for them.
    descriptions = write_descriptions(folder / "libraries", offered_libraries(), target.target)
    return python, {**environ, **compilers, **zig_variables(), "PATH": path, "PKG_CONFIG_LIBDIR": str(descriptions)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What a build gave."""

    wheel: Path
    wanted_libraries: frozenset[str]
    """Those of the pack's libraries that it looked for, whether it had them or not."""


def build_tree(
    source: Path,
    work: Path,
    destination: Path,
    *,
    label: str,
    pack: Pack,
    full: bool,
    libraries: frozenset[str] = frozenset(),
    context: BuildContext,
) -> Built:
    """Build the project in ``source`` into a wheel, made reproducible, in ``destination``.

    ``work`` is an empty folder for the build environment and temporary files.  ``full`` asks for an interpreter with
    every extension module, ``libraries`` for these of the pack's.  ``context`` provisions the build requirements; its
    stack holds this build already.
    `BuildError` names the project, the log file and the choices.
    """
    from castiron_runtime.packs import interpreter
    from castiron_runtime.shared_objects import library_for_shared_objects

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
        environment = BuildEnvironment(
            folder=work / "environment", work=work, python=python, pack=pack, target=context.target
        )
        provided = []
        for name in sorted(libraries):
            task.step(f"library: {name}")
            provided.append(library_for_shared_objects(name, context.target.target, reporter=context.reporter))
        write_prefix(environment.libraries, provided)
        write_descriptions(environment.libraries, libraries, context.target.target)
        job = _Job(
            source=source,
            work=work,
            log=log,
            label=label,
            environment=environment,
            libraries={library.component.name: library.component for library in provided},
            system=system,
            context=context,
            task=task,
        )
        task.step("build requirements")
        _provision(job, system.requires)
        more = _hook(job, "get_requires_for_build_wheel", [None], default=[])
        if not isinstance(more, list):
            raise _failure(job, "its build backend did not give its build requirements as a list")
        missing = _absent(job, [str(line) for line in more])
        if missing:
            task.step(f"build requirements: {', '.join(missing)}")
            _provision(job, [*system.requires, *missing])
        wheel = _build(job, destination, task)
        if options := environment.noted(Note.OPTIONS_LEFT_OUT):
            (destination / OPTIONS_LEFT_OUT).write_text("\n".join(options), encoding="utf-8")
        return Built(wheel=wheel, wanted_libraries=_wanted(job))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One build that is under way."""

    source: Path
    work: Path
    log: Path
    label: str
    environment: BuildEnvironment
    libraries: Mapping[str, Component]
    """Of the pack, given to the build, by the names of their recipes."""
    system: BuildSystem
    context: BuildContext
    task: Task

    @property
    def target(self) -> PythonTarget:
        """The target that it is built for."""
        return self.context.target


def _provision(job: _Job, requires: Sequence[str]) -> None:
    """Make the environment anew with the build requirements."""
    try:
        requirements = _requirements(job, requires)
        wheels = job.context.provision(requirements, job.context.stack)
    except (DependencyError, InputError) as error:
        raise BuildError(
            f"{job.label} must be built from source, and its build needs what cannot be had:",
            error.what,
            hint=_choices(job),
        ) from error
    job.environment.make(wheels)


def _requirements(job: _Job, lines: Sequence[str]) -> Requirements:
    return from_lines(lines, job.target, origin=f"the build requirements of {job.label}", folder=job.source)


def _absent(job: _Job, lines: Sequence[str]) -> list[str]:
    """Return those requirements whose distribution the environment does not have yet, in any version."""
    there = job.environment.distributions()
    return [line for line in _requirements(job, lines).lines if line_name(line) not in there]


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
        if is_full(error):
            raise
        raise _failure(job, f"the wheel it made is damaged ({error})") from error
    return destination / built.name


def _bill(job: _Job, images: Sequence[bytes]) -> tuple[str, bytes] | None:
    names = linked(job.environment.noted(Note.LIBRARIES_LINKED))
    libraries = [job.libraries[name] for name in sorted(names & set(job.libraries))]
    content = toolchain_bom(images, Path(job.environment.pack.toolchain.linker[0]), libraries)
    return None if content is None else (FILE, content)


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
    argv = [str(job.environment.interpreter), "-P", str(runner), str(question), str(answer)]
    with job.log.open("ab") as log:
        log.write(f"$ {hook}\n".encode())
        log.flush()
        streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": subprocess.STDOUT}
        environment = job.environment.variables(job.source)
        with (
            process_group(argv, env=environment, cwd=job.source, **streams) as process,
            pulsing(job.task, lambda: last_line(job.log)),
        ):
            status = process.wait()
    if status != 0 or not answer.is_file():
        raise _failure(job, f"{hook} of its build backend failed (status {status})")
    return json.loads(answer.read_text(encoding="utf-8"))


def _failure(job: _Job, why: str) -> BuildError:
    lines = job.log.read_text(encoding="utf-8", errors="replace").splitlines()
    return BuildError(
        f"{job.label} must be built from source for {job.target.platform}, and that failed: {why}.",
        "\n".join([f"The log is {job.log}; it says:", *(f"  {line}" for line in telling_lines(lines))]),
        hint=_choices(job),
        missing_modules=frozenset(_ABSENT_MODULE.findall("\n".join(lines))),
        wanted_libraries=_wanted(job),
    )


def _wanted(job: _Job) -> frozenset[str]:
    log = job.log.read_text(encoding="utf-8", errors="replace")
    return wanted(" ".join(job.environment.noted(Note.PKG_CONFIG_ASKED)), log)


def _choices(job: _Job) -> str:
    tag = job.target.target.wheels.tags[0]
    return (
        f"Choose: pin a version that has a wheel for the target ({tag}) or for any platform, give a wheel of your own "
        "as a requirement (./name.whl), or do without the distribution."
    )
