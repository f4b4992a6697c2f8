"""Training runs: programs are run by an interpreter whose code counts, and the counts become a profile.

The interpreter is the target's own, so it imports the target's wheels.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.errors import RuntimePackError
from castiron_common.working import child_environment, working_folder
from castiron_runtime import packs, sources
from castiron_runtime.process import BuildLog, jobs
from castiron_runtime.profile_runtime import find_llvm, merge, profile_runtime
from castiron_runtime.recipe import cpython_recipe
from castiron_runtime.source_archive import unpack
from castiron_runtime.toolchain import open_toolchain

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from castiron_common.progress import Reporter, Task
    from castiron_common.target import Target
    from castiron_runtime.profile_runtime import Llvm

PROGRAMS = Path(__file__).parent / "training"
"""Folder of the programs that the profile of a series is made with, besides CPython's own tests."""

_TESTS_ENDED = (0, 2)
"""Source: CPython, Lib/test/libregrtest/results.py: 2 says that tests failed."""

_RAW = "%8m.profraw"
"""Of each program eight files at most, which its processes add up in turns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """An interpreter whose code counts, and a folder for what it counts."""

    program: Path
    raw: Path
    log: BuildLog

    def run(
        self,
        words: Sequence[str | Path],
        *,
        folder: Path,
        environment: Mapping[str, str],
        statuses: Collection[int] = (0,),
    ) -> None:
        """Run the interpreter to its end; raises `RuntimePackError` if it ends with another status than these."""
        everything = {**environment, "LLVM_PROFILE_FILE": str(self.raw / _RAW)}
        self.log.run([self.program, *words], cwd=folder, env=everything, live=True, statuses=statuses)


def counting(python: str, target: Target, raw: Path, *, llvm: Llvm, reporter: Reporter) -> Counting:
    """Return a series' interpreter whose code counts; builds it on first need (five minutes on two processors)."""
    runtime = profile_runtime(llvm, open_toolchain(target, reporter=reporter))
    pack = packs.open_pack(python, target, counting=runtime, reporter=reporter)
    program = packs.interpreter(pack, full=True, counting=runtime, reporter=reporter)
    return Counting(program=program, raw=raw, log=BuildLog("training"))


def train(
    python: str,
    target: Target,
    output: Path,
    *,
    words: Sequence[str] = (),
    paths: Sequence[Path] = (),
    llvm: Path | None = None,
    reporter: Reporter,
) -> None:
    """Write the profile of what an interpreter does with these arguments: a script, or ``-m MODULE``, and its own.

    Without ``words``: of the programs that the profiles which come with Castiron are made with.  ``paths`` are folders
    of modules.  Raises `RuntimePackError` if the program fails.
    """
    found = find_llvm(target.machine, llvm)
    with working_folder("training") as work:
        raw = work / "raw"
        raw.mkdir()
        interpreter = counting(python, target, raw, llvm=found, reporter=reporter)
        with reporter.task(f"training CPython {python}", estimate=60 if words else 150) as task:
            if words:
                modules = os.pathsep.join(map(str, paths))
                environment = {**child_environment(), **({"PYTHONPATH": modules} if modules else {})}
                interpreter.run(words, folder=Path.cwd(), environment=environment)
            else:
                _standard(interpreter, python, work, task)
            files = sorted(raw.glob("*.profraw"))
            if not files:
                raise RuntimePackError(
                    "The training run wrote no counts.", hint=f"Its output is in {interpreter.log.path}."
                )
            merge(found, files, output, log=interpreter.log)


def _standard(interpreter: Counting, python: str, work: Path, task: Task) -> None:
    recipe = cpython_recipe(python)
    task.step("unpacking")
    place = work / "source"
    place.mkdir()
    tree = unpack(sources.fetch(recipe, task=task).path, place)
    modules = work / "modules"
    modules.mkdir()
    # Packs leave CPython's tests out.
    (modules / "test").symlink_to(tree / "Lib" / "test")
    home = work / "home"
    home.mkdir()
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "TMPDIR": str(work),
        "PYTHONPATH": str(modules),
    }
    for program in sorted(PROGRAMS.glob("*.py")):
        task.step(program.stem)
        interpreter.run([program], folder=work, environment=environment)
    task.step("CPython's tests")
    # Some tests may fail on some machines; what they counted is as good.
    command = ["-m", "test", "--pgo", "--timeout=1200", f"-j{jobs()}"]
    interpreter.run(command, folder=work, environment=environment, statuses=_TESTS_ENDED)
    shutil.rmtree(tree)
