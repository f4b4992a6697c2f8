"""Flip one byte in each of many files of a cache, one at a time, and link a program: the same bytes, or a refusal.

    python -m tests.long.flipped_bytes [--files 300] [--seed 1] [--cache FOLDER]

Works on a copy of what one program needs of the cache, which stays untouched.  Prints a line for each file and a table
of the outcomes; exits with 1 if a binary or manifest differs, or if anything ends in a traceback.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.cache import LAYOUT
from castiron_common.seal import CHECKED, SUFFIX, check, seal_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import typer

APPLICATION = """\
import ssl
import jinja2
import markupsafe
print(jinja2.Template("{{ x }}").render(x=markupsafe.escape("<b>")), ssl.OPENSSL_VERSION)
"""
REQUIREMENTS = ("jinja2", "markupsafe")

_PARTS = ("components", "stdlib-graph")
"""What is copied of the cache; all else that the application needs is made anew."""

_RECENT = 3600
"""Seconds; entries that no command has used for so long are not those of this version."""

_SAME, _REFUSED, _DIFFERENT, _TRACEBACK = "the same bytes", "refused by name", "DIFFERENT BYTES", "TRACEBACK"


_KINDS = frozenset({SUFFIX, CHECKED, ".py", ".so", ".a", ".o", ".pyc", ".txt", ".json"})


@dataclass(frozen=True, slots=True)
class Result:
    """What one trace and link gave."""

    status: int
    manifest: str
    """SHA-256; empty if there is none."""
    binary: str
    messages: str


def build(folder: Path, cache: Path) -> Result:
    """Trace and link the application in a forked process; all that is imported already is shared with it."""
    for name in ("app", "app.manifest"):
        (folder / name).unlink(missing_ok=True)
    log = folder / "messages"
    process = os.fork()
    if not process:
        os.environ["CASTIRON_CACHE"] = str(cache)
        os._exit(_trace_and_link(folder, log))
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return Result(status, _sha256(folder / "app.manifest"), _sha256(folder / "app"), log.read_text())


def _trace_and_link(folder: Path, log: Path) -> int:
    from castiron_common.console import print_error
    from castiron_common.errors import CastironError
    from castiron_link import cli as link_cli
    from castiron_trace import cli as trace_cli

    os.chdir(folder)
    with log.open("w") as messages:
        # What our own children say belongs there, too.
        os.dup2(messages.fileno(), 2)
        with redirect_stderr(messages), redirect_stdout(messages):
            try:
                wanted = [word for name in REQUIREMENTS for word in ("--with", name)]
                _run(trace_cli.app, ["app.py", "-o", "app.manifest", *wanted])
                _run(link_cli.app, ["app.manifest", "-o", "app", "--no-report"])
            except CastironError as error:
                print_error(error)
                return error.exit_code
            except SystemExit as stop:
                return stop.code if isinstance(stop.code, int) else 1
            except BaseException:
                import traceback

                traceback.print_exc(file=messages)
                return 99
    return 0


def _run(app: typer.Typer, arguments: list[str]) -> None:
    """Run a command without the processes that supervise it."""
    try:
        app(args=arguments, prog_name="castiron")
    except SystemExit as stop:
        if stop.code:
            raise


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _sealed(folder: Path) -> Iterator[Path]:
    """Yield the sealed entries below a folder of the cache: its own, or those in folders that are not sealed."""
    for entry in sorted(folder.iterdir()):
        if seal_path(entry).is_file():
            yield entry
        elif entry.is_dir():
            yield from filter(lambda inner: seal_path(inner).is_file(), sorted(entry.iterdir()))


def copy_of_cache(source: Path, folder: Path) -> Path:
    """Copy the sealed parts of a cache that every program needs, the runtime pack's, into a new cache."""
    cache = folder / "cache"
    for part in _PARTS:
        (cache / LAYOUT / part).mkdir(parents=True)
        for entry in _sealed(source / LAYOUT / part):
            # An interpreter names its loader by its absolute path.
            used = not entry.name.startswith("interpreter-")
            if used and seal_path(entry).stat().st_mtime > time.time() - _RECENT and check(entry) is None:
                copy = cache / LAYOUT / entry.relative_to(source / LAYOUT)
                copy.parent.mkdir(exist_ok=True)
                if entry.is_dir():
                    shutil.copytree(entry, copy, symlinks=True)
                else:
                    shutil.copy2(entry, copy)
                shutil.copy2(seal_path(entry), copy.parent)
    shutil.copytree(source / LAYOUT / "sources", cache / LAYOUT / "sources")
    return cache


def forget_unused(cache: Path, started: float) -> None:
    """Remove the entries that nobody has used since then: a byte flipped there shows nothing."""
    for entry in [entry for part in _PARTS for entry in _sealed(cache / LAYOUT / part)]:
        if seal_path(entry).stat().st_mtime < started:
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink()
            seal_path(entry).unlink()


def candidates(cache: Path) -> list[Path]:
    """Return every file of the cache with content, sorted."""
    return sorted(path for path in cache.rglob("*") if path.is_file() and not path.is_symlink() and path.stat().st_size)


def one_of_each_kind(files: Sequence[Path], cache: Path, choice: random.Random) -> list[Path]:
    """Return a file for each folder of the cache and of a component, and for each kind of file in it."""
    groups: dict[tuple[str, ...], list[Path]] = {}
    for path in files:
        parts = path.relative_to(cache / LAYOUT).parts
        stem = parts[1].split("-")[0] if parts[0] == "components" and len(parts) > 2 else ""
        kind = path.suffix if path.suffix in _KINDS else ""
        groups.setdefault((parts[0], stem, kind), []).append(path)
    return [choice.choice(found) for _, found in sorted(groups.items())]


def flip(path: Path, choice: random.Random) -> tuple[int, int]:
    """Flip one bit pattern of a file in place, keeping its times as far as a program can; return where, and the old."""
    status = path.stat()
    position, change = choice.randrange(status.st_size), choice.randrange(1, 256)
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(position)
        old = file.read(1)[0]
        file.seek(position)
        file.write(bytes([old ^ change]))
    path.chmod(status.st_mode & 0o7777)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    return position, old


def unflip(path: Path, inode: int, position: int, old: int) -> None:
    """Undo that, if the file is still the same: an entry that was made again has others."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return
    if status.st_ino == inode and position < status.st_size:
        path.chmod(0o644)
        with path.open("r+b") as file:
            file.seek(position)
            file.write(bytes([old]))
        path.chmod(status.st_mode & 0o7777)


def outcome(expected: Result, found: Result) -> str:
    """Classify what a run with a damaged cache gave."""
    if "Traceback (most recent call last)" in found.messages or found.status == 99:
        return _TRACEBACK
    if found.status:
        return _REFUSED if "damaged" in found.messages else _TRACEBACK
    same = (found.manifest, found.binary) == (expected.manifest, expected.binary)
    return _SAME if same else _DIFFERENT


def try_files(cache: Path, folder: Path, expected: Result, files: Sequence[Path], choice: random.Random) -> list[str]:
    """Flip a byte in each file, one at a time; print and return the outcomes."""
    found = []
    for number, path in enumerate(files, 1):
        if not path.is_file() or not path.stat().st_size:
            continue  # replaced by another name when its entry was made again
        inode = path.stat().st_ino
        position, old = flip(path, choice)
        result = build(folder, cache)
        unflip(path, inode, position, old)
        what = outcome(expected, result)
        found.append(what)
        print(f"{number:4} {path.relative_to(cache)} byte {position}: {what}", flush=True)
        if what in {_DIFFERENT, _TRACEBACK}:
            print(result.messages, flush=True)
    return found


def prepare(source: Path, folder: Path) -> tuple[Path, Result]:
    """Return a cache that holds what the application needs and no more, and what it gives with that.

    Whatever is missing in ``source`` is built, once, in the new cache.
    """
    (folder / "app.py").write_text(APPLICATION)
    cache = copy_of_cache(source, folder)
    started = (folder / "app.py").stat().st_mtime
    first = build(folder, cache)
    if first.status:
        raise SystemExit(f"the application cannot be linked:\n{first.messages}")
    forget_unused(cache, started)
    again = build(folder, cache)
    if (again.manifest, again.binary) != (first.manifest, first.binary):
        raise SystemExit(f"two links of the same application differ:\n{again.messages}")
    return cache, first


def main() -> None:
    """Run the test."""
    from castiron_common.cache import cache_base

    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=cache_base(), help="where the runtime pack is copied from")
    arguments = parser.parse_args()
    choice = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="castiron-flip-") as name:
        folder = Path(name)
        cache, expected = prepare(arguments.cache, folder)
        files = candidates(cache)
        print(f"{len(files)} files in the cache; seed {arguments.seed}", flush=True)
        chosen = choice.sample(files, min(arguments.files, len(files)))
        outcomes = Counter(try_files(cache, folder, expected, chosen, choice))
    for what, count in sorted(outcomes.items()):
        print(f"{count:5} {what}")
    sys.exit(1 if outcomes[_DIFFERENT] or outcomes[_TRACEBACK] else 0)


if __name__ == "__main__":
    main()
