"""Programs that builds call: found or named as missing, run with their output in a log file."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root, folder_entry, unwritable, usable
from castiron_common.disk import full_disk, says_full
from castiron_common.errors import HostToolError, RuntimePackError
from castiron_common.working import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from castiron_common.target import Target

_PACKAGES = {"awk": "mawk", "sh": "dash", "make": "make", "perl": "perl", "apt-get": "apt"}
_TAIL_LINES = 12


def require_tools(*names: str) -> None:
    """Raise `HostToolError` naming every missing program and the command that installs them."""
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        packages = " ".join(sorted({_PACKAGES.get(name, name) for name in missing}))
        raise HostToolError(
            f"Building the runtime needs {' and '.join(missing)}, which this machine does not have.",
            hint=f"Install with: sudo apt-get install {packages}   (or your system's equivalent)",
        )


def require_host(target: Target) -> None:
    """Raise `RuntimePackError` on a machine that cannot run what it builds: builds run programs of the target."""
    system, machine = platform.system(), platform.machine()
    if (system, machine) != ("Linux", target.machine):
        raise RuntimePackError(
            f"Runtime packs for {target} are built on {target.architecture} Linux; this is {system} on {machine}.",
            hint="Build there (a container will do), or set CASTIRON_CACHE to a cache that was filled there.",
        )


def built(entry: Path, target: Target, build: Callable[[Path], None]) -> Path:
    """Return a folder of the cache, built if it is not there; as `castiron_common.cache.folder_entry`.

    A full or read-only disk is an `OutputError` that names the cache.  A damaged component, which takes minutes and
    often the network to make again, is a `RuntimePackError` that names it.
    """
    if usable(entry):
        return entry
    require_host(target)
    try:
        return folder_entry(entry, build, costly=True)
    except OSError as error:
        raise unwritable(entry.parent, error) from error


def jobs() -> int:
    """Return how many compilers may run at once: ``CASTIRON_JOBS``, else the processors we may use."""
    wish = os.environ.get("CASTIRON_JOBS", "")
    return int(wish) if wish.isdecimal() and int(wish) > 0 else len(os.sched_getaffinity(0))


class BuildLog:
    """The log file of one component's build; commands append to it."""

    def __init__(self, component: str) -> None:
        self.component = component
        folder = cache_root() / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        self.path: Path = folder / f"{component}.log"
        self.path.write_text("")

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str],
        live: bool = False,
        statuses: Collection[int] = (0,),
    ) -> str:
        """Run a program to its end and return what it wrote (both streams).

        On failure, which is another exit status than these, raises `RuntimePackError` with the end of the output and
        the name of the log.  The program gets a process group of its own, which is killed if we are interrupted: no
        compiler stays behind.  With ``live`` the output is in the log while the program runs; no other may then write
        into the same log.
        """
        # Not needed to look into the cache, which must be quick.
        import subprocess
        import tempfile

        from castiron_common.process_groups import process_group

        command = [str(part) for part in argv]
        head = f"$ cd {cwd}\n$ {' '.join(command)}\n".encode()
        with self.path.open("ab") if live else tempfile.TemporaryFile(dir=temporary_folder()) as output:
            output.write(head)
            output.flush()
            start = output.tell()
            streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
            try:
                with process_group(command, env=env, cwd=cwd, **streams) as process:
                    status = process.wait()
            except FileNotFoundError as error:
                raise HostToolError(
                    f"Building {self.component} needs {command[0]}, which cannot be run: {error.strerror}.",
                    hint=f"Install with: sudo apt-get install {_PACKAGES.get(command[0], command[0])}",
                ) from error
            if live:
                data = self._from(start)
            else:
                output.seek(start)
                data = output.read()
                # One write, so that the outputs of commands that run at once do not mix.
                with self.path.open("ab") as log:
                    log.write(head + data)
        text = data.decode(errors="replace")
        failed = status not in statuses
        if failed and says_full(text):
            raise full_disk(cache_root())
        if failed:
            tail = "\n".join(text.splitlines()[-_TAIL_LINES:])
            raise RuntimePackError(
                f"Building {self.component} failed: {Path(command[0]).name} ended with status {status}.\n{tail}",
                hint=f"The whole output is in {self.path}.",
            )
        return text

    def _from(self, start: int) -> bytes:
        with self.path.open("rb") as log:
            log.seek(start)
            return log.read()
