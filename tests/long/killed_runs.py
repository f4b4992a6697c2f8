"""``python -m tests.long.killed_runs --kills N``: end `trace` and `link` at random moments, and look what is left.

The program needs a binary wheel and a distribution that is built from its source by a slow compiler below make and sh.
Each round starts with a warm or a cold cache and sends one signal (mostly SIGKILL) at a random moment of `trace`, then
`link`.  Two seconds later no process of it may be there; after the next run nothing may be left in the folder for
temporary files, in the cache's working folders and beside the output, and all bytes are those of an undisturbed run.
The cache is a copy of the user's runtime pack.  Exits with 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from castiron_common.cache import cache_root
from castiron_common.seal import seal_path
from tests.support.marked import Marked, within

COMMANDS = Path(sys.executable).parent
_COLD = ("absorb", "built", "bytecode", "link", "natives", "scans", "sdists", "sites", "wheels")
"""What a cold cache has not: all but the runtime pack, what is known of it, its sources and uv's answers."""
_SIGNALS = (signal.SIGKILL,) * 3 + (signal.SIGTERM, signal.SIGINT)
_SECONDS_TO_DIE = 2.0
_OUTPUTS = {"app.py", "app.manifest", "app", "app.licenses.txt"}

_BACKEND = """
import base64, hashlib, os, pathlib, subprocess, sysconfig, zipfile

def get_requires_for_build_wheel(settings=None):
    return []

def build_wheel(folder, settings=None, metadata=None):
    include = sysconfig.get_path("include")
    flags = ["CFLAGS=-shared -fPIC -O2 -I" + include]
    subprocess.run(["make", "-j2", *flags], check=True)
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    files = {
        "slow" + suffix: pathlib.Path("slow.so").read_bytes(),
        "slow-1.0.dist-info/METADATA": pathlib.Path("PKG-INFO").read_bytes(),
        "slow-1.0.dist-info/WHEEL": pathlib.Path("WHEEL").read_bytes(),
    }
    rows = []
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(data)}\\n")
    files["slow-1.0.dist-info/RECORD"] = "".join([*rows, "slow-1.0.dist-info/RECORD,,\\n"]).encode()
    name = "slow-1.0-cp313-cp313-musllinux_1_2_x86_64.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        for member, data in files.items():
            wheel.writestr(zipfile.ZipInfo(member), data)
    return name
"""

_FILES = {
    "pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
    "[project]\nname = 'slow'\nversion = '1.0'\n",
    "PKG-INFO": "Metadata-Version: 2.1\nName: slow\nVersion: 1.0\nLicense: MIT\n",
    "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp313-cp313-musllinux_1_2_x86_64\n",
    "backend.py": _BACKEND,
    "Makefile": "slow.so: other.o slow.c\n\tsleep 0.3 && $(CC) $(CFLAGS) -o $@ slow.c other.o\n"
    "other.o: other.c\n\tsh -c 'sleep 0.5; $(CC) -fPIC -O2 -c -o $@ other.c'\n",
    "other.c": "int other(void) { return 41; }\n",
    "slow.c": "#include <Python.h>\nint other(void);\n"
    "static PyObject *answer(PyObject *s, PyObject *a) { return PyLong_FromLong(other() + 1); }\n"
    'static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, 0}, {0}};\n'
    'static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "slow", 0, -1, methods};\n'
    "PyMODINIT_FUNC PyInit_slow(void) { return PyModule_Create(&module); }\n",
}

_APPLICATION = """import markupsafe
import markupsafe._speedups
import slow
print(markupsafe.escape("<a>"), slow.answer())
"""


@dataclass(slots=True)
class Figures:
    """What was seen."""

    ends: Counter[str] = field(default_factory=Counter)
    """How the commands ended, by signal, cache and exit status."""
    defects: list[str] = field(default_factory=list)
    slowest_death: float = 0.0
    """Seconds from the signal until the last process was gone."""

    def lines(self) -> list[str]:
        rows = [f"  {count:4}  {how}" for how, count in sorted(self.ends.items())]
        return [
            *rows,
            f"  the last process was gone after at most {self.slowest_death:.2f} s",
            f"  {len(self.defects)} defects",
            *(f"  {defect}" for defect in self.defects),
        ]


class Arena:
    """A cache, a folder for temporary files and a program of our own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cache, self.temporary, self.work = root / "cache", root / "tmp", root / "work"
        self.temporary.mkdir()
        self.work.mkdir()
        self.variables = {"CASTIRON_CACHE": str(self.cache), "TMPDIR": str(self.temporary)}
        (self.work / "app.py").write_text(_APPLICATION)
        self.sdist = root / "slow-1.0.tar.gz"
        with tarfile.open(self.sdist, "w:gz") as tar:
            for name, text in _FILES.items():
                info = tarfile.TarInfo(f"slow-1.0/{name}")
                info.size = len(text.encode())
                tar.addfile(info, io.BytesIO(text.encode()))
        shared = cache_root()
        self.entries = cache_root({"CASTIRON_CACHE": str(self.cache)})
        self.entries.mkdir(parents=True)
        for name in ("components", "sources", "stdlib-graph"):
            # Hidden are entries that somebody is making.
            ignored = shutil.ignore_patterns("*.lock")
            (self.entries / name).mkdir()
            for entry in (shared / name).iterdir():
                if entry.is_dir() and not entry.name.startswith("."):
                    target = self.entries / name / entry.name
                    try:
                        shutil.copytree(entry, target, symlinks=True, ignore=ignored, copy_function=_link_or_copy)
                    except (shutil.Error, FileNotFoundError):
                        # Others use this cache and may prune it meanwhile; an entry's seal goes first.
                        if seal_path(entry).exists():
                            raise
                        shutil.rmtree(target, ignore_errors=True)
                elif entry.is_file() and entry.suffix != ".lock":
                    with suppress(FileNotFoundError):
                        _link_or_copy(entry, self.entries / name / entry.name)

    def commands(self) -> list[list[str]]:
        needs = ["--with", "markupsafe==3.0.2", "--with", f"slow @ {self.sdist.as_uri()}"]
        trace = [str(COMMANDS / "trace"), "app.py", *needs, "-q", "-o", "app.manifest"]
        return [trace, [str(COMMANDS / "link"), "app.manifest", "-o", "app"]]

    def cool(self) -> None:
        """Leave of the cache the runtime pack."""
        for name in _COLD:
            shutil.rmtree(self.entries / name, ignore_errors=True)

    def complete(self) -> dict[str, str]:
        """Run both commands undisturbed; return the hashes of what they made."""
        for command in self.commands():
            done = subprocess.run(
                command, env=os.environ | self.variables, cwd=self.work, capture_output=True, check=False
            )
            if done.returncode:
                raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stderr.decode()}")
        return {
            name: hashlib.sha256((self.work / name).read_bytes()).hexdigest() for name in sorted(_OUTPUTS - {"app.py"})
        }

    def left_overs(self) -> list[str]:
        """Return what no run may leave, relative to the arena."""
        left = [*self.temporary.iterdir(), *(self.entries / "running").iterdir()]
        left += [path for path in self.work.iterdir() if path.name not in _OUTPUTS]
        for folder in self.entries.iterdir():
            left += [path for path in folder.glob(".*") if path.name not in (".gitignore", ".git", ".lock")]
        return sorted(str(path.relative_to(self.root)) for path in left)


def _link_or_copy(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def _before_our_first_line(status: int, said: str) -> bool:
    """Say whether Ctrl-C met Python itself: while it starts (then it ends with 1), or imports the first module."""
    if not said.rstrip().endswith("KeyboardInterrupt"):
        return False
    return status == -signal.SIGINT or (status == 1 and said.startswith("Fatal Python error: init_import_site"))


def disturb(arena: Arena, signals: random.Random, figures: Figures, *, cold: bool, length: float) -> None:
    """Run both commands, and send one signal at a random moment."""
    number = signals.choice(_SIGNALS)
    at = time.monotonic() + signals.uniform(0.0, length)
    marked = Marked(**arena.variables)
    what = f"{number.name}, {'cold' if cold else 'warm'}"
    for command in arena.commands():
        name = Path(command[0]).name
        with subprocess.Popen(
            command, env=marked.environment, cwd=arena.work, stderr=subprocess.PIPE, start_new_session=True
        ) as process:
            try:
                _, said = process.communicate(timeout=max(0.0, at - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.send_signal(number)
                sent = time.monotonic()
                try:
                    _, said = process.communicate(timeout=15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    figures.defects.append(f"{name} did not end within 15 s ({what})")
                    return
                if within(_SECONDS_TO_DIE, lambda: not marked.pids()):
                    figures.slowest_death = max(figures.slowest_death, time.monotonic() - sent)
                else:
                    figures.defects.append(f"{what}: of {name} are left: {', '.join(marked.names())}")
                    marked.end()
                figures.ends[f"{what}: {name} ended with {process.returncode}"] += 1
                expected = {0, -number} if number == signal.SIGKILL else {0, -number, 128 + number}
                text = said.decode(errors="replace")
                if number == signal.SIGINT and _before_our_first_line(process.returncode, text):
                    return
                if process.returncode not in expected or "Traceback" in text:
                    figures.defects.append(f"{what}: {name} ended with {process.returncode}:\n{text}")
                return
            if process.returncode:
                figures.defects.append(f"{name} ended by itself with {process.returncode}: {said.decode()}")
                return
    figures.ends["ended before its signal"] += 1


def run(root: Path, *, kills: int, seed: str, every: int = 1) -> Figures:
    """Do it ``kills`` times and look after ``every`` so many; the same seed gives the same signals and moments."""
    arena = Arena(root)
    arena.complete()  # makes what of the runtime pack depends on the cache's place
    lengths = {}
    arena.cool()
    for cold in (True, False):
        started = time.monotonic()
        expected = arena.complete()
        lengths[cold] = time.monotonic() - started
    print(f"  undisturbed: {lengths[True]:.1f} s cold, {lengths[False]:.1f} s warm", flush=True)
    figures = Figures()
    signals = random.Random(seed)
    for index in range(kills):
        cold = signals.random() < 0.5
        if cold:
            arena.cool()
        disturb(arena, signals, figures, cold=cold, length=lengths[cold])
        if (index + 1) % every:
            continue
        made = arena.complete()
        if made != expected:
            figures.defects.append(f"kill {index}: other bytes: {', '.join(n for n in made if made[n] != expected[n])}")
        if left := arena.left_overs():
            figures.defects.append(f"kill {index}: left: {', '.join(left)}")
        if (index + 1) % (every * 5) == 0:
            print(f"  {index + 1} of {kills}", *figures.lines(), sep="\n", flush=True)
    return figures


def main() -> int:
    """Parse the command line, run, print figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.long.killed_runs", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how many runs to end (default: 200)")
    parser.add_argument("--seed", default="1", help="another seed gives other signals and moments")
    parser.add_argument("--every", type=int, default=1, help="look for left-overs after so many (default: 1)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="castiron-kills-") as folder:
        figures = run(Path(folder), kills=given.kills, seed=given.seed, every=given.every)
    print("\n".join(figures.lines()))
    return 1 if figures.defects else 0


if __name__ == "__main__":
    sys.exit(main())
