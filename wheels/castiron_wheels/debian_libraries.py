"""Takes libraries out of pinned binary packages of Debian: GCC's, for what is linked against glibc.

A package is an ``ar`` archive with a compressed tar archive of files in it (deb(5)).
"""

from __future__ import annotations

import io
import posixpath
import tarfile
from contextlib import suppress
from typing import TYPE_CHECKING

from castiron_common.errors import DependencyError
from castiron_common.files import sha256_bytes, sha256_file
from castiron_common.working import working_folder
from castiron_elf.archive import read_members
from castiron_runtime.sources import local_folders

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from castiron_common.progress import Reporter, Task
    from castiron_common.target import DebianGccRuntime, DebianPackage

_DATA = "data.tar"


def extract(runtime: DebianGccRuntime, folder: Path, *, choice: str, reporter: Reporter) -> None:
    """Write the libraries that the target pins into ``folder``, under their own names.

    ``choice`` says what to do if that fails.  Raises `DependencyError`.
    """
    with reporter.task("fetch GCC's run-time libraries") as task, working_folder("debian") as work:
        found: dict[str, bytes] = {}
        for package in runtime.packages:
            file = _package(package, runtime, work, choice, task)
            found |= files_of(file, runtime.libraries)
    for path, sha256 in sorted(runtime.libraries.items()):
        content = found.get(path)
        if content is None or sha256_bytes(content) != sha256:
            raise DependencyError(
                f"{path} {'is not in the packages' if content is None else 'has another SHA-256'}, against what the "
                "target says.",
                hint="Correct [wheels.emulated_gcc_runtime.libraries] in the target's file.",
            )
        (folder / posixpath.basename(path)).write_bytes(content)


def _package(package: DebianPackage, runtime: DebianGccRuntime, work: Path, choice: str, task: Task) -> Path:
    """Return the package's file: of a local folder, or from the mirror that this machine's apt uses."""
    from castiron_runtime import debian

    for local in local_folders():
        if (local / package.file).is_file() and sha256_file(local / package.file) == package.sha256:
            return local / package.file
    task.step(f"{package.name} from Debian's {runtime.suite}")
    try:
        file = debian.fetch_package(
            package.name, package.version, suite=runtime.suite, architecture=runtime.architecture, folder=work
        )
        if sha256_file(file) == package.sha256:
            return file
        reason = f"{package.file} of Debian's {runtime.suite} has another SHA-256"
    except debian.UnavailableError as error:
        reason = str(error)
    raise DependencyError(
        f"GCC's run-time libraries cannot be had: {reason}.",
        hint=f"Put {package.file} into a folder and name that folder in CASTIRON_SOURCES. {choice}",
    )


def files_of(package: Path, wanted: Iterable[str] | Mapping[str, str]) -> dict[str, bytes]:
    """Return the contents of those of the wanted files that a package has, by path; links are followed."""
    found: dict[str, bytes] = {}
    for name, data in read_members(package):
        if not name.startswith(_DATA):
            continue
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for path in wanted:
                with suppress(KeyError):
                    member = archive.extractfile(f"./{path}")
                    if member is not None:
                        found[path] = member.read()
    return found
