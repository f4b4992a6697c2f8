"""The commands as a user calls them, each in a process of its own, on manifests that were changed after the trace."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgpack

from castiron_common import errors
from castiron_common.errors import CastironError, ManifestError
from castiron_manifest import codec
from tests.fuzz.manifests import mutated
from tests.fuzz.packing import TooLargeError
from tests.fuzz.parser import DefectError, Parser
from tests.unit.wheels.making import make_wheel

if TYPE_CHECKING:
    from random import Random

COMMANDS = Path(sys.executable).parent
SEEDS = Path(__file__).with_name("seeds")
_DOCUMENTED = {
    kind.exit_code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CastironError)
} - {1}
_TRUST = ("link", "x.manifest", "-o", "app", "--no-report")
_CALLS: tuple[tuple[str, ...], ...] = (
    *(_TRUST, _TRUST, _TRUST, ("link", "x.manifest", "-o", "app", "--optimize", "2", "--sources", "none", "--notices")),
    *(("castiron", "manifest", "show", "x.manifest"), ("castiron", "manifest", "show", "--json", "x.manifest")),
    *(("castiron", "audit", "x.manifest"), ("castiron", "audit", "--format", "html", "x.manifest")),
)


class CommandError(CastironError):
    """A command ended with a documented exit code."""


class Commands(Parser):
    """`link`, `castiron manifest` and `castiron audit`."""

    suffix = ".manifest"
    expected = CommandError
    seconds = 60.0
    """For a whole link, on a machine that does other things, too."""

    def prepare(self) -> None:
        self._environ = {**os.environ, "CASTIRON_CACHE": os.environ["FUZZ_CACHE"], "UV_OFFLINE": "1", "COLUMNS": "120"}
        self._seeds = [self._trace("import json\nprint(json.dumps({'a': 1}))\n"), self._trace_with_wheel()]
        for number in range(len(_CALLS)):
            self._call(_CALLS[number], self._folder_of())

    def _folder_of(self) -> Path:
        place = self.folder / "place"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        shutil.copyfile(self.folder / "app.manifest", place / "x.manifest")
        return place

    def _trace(self, source: str, *options: str) -> dict[str, Any]:
        (self.folder / "app.py").write_text(source)
        arguments = [COMMANDS / "trace", *options, "-o", "app.manifest", "app.py"]
        subprocess.run(arguments, cwd=self.folder, env=self._environ, check=True, capture_output=True)
        envelope = msgpack.unpackb((self.folder / "app.manifest").read_bytes())
        body: dict[str, Any] = msgpack.unpackb(envelope["body"])
        return body

    def _trace_with_wheel(self) -> dict[str, Any]:
        """A distribution with modules, data, a script and shared objects; no index is asked for it."""
        files: dict[str, str | bytes] = {
            "demo/__init__.py": "from . import inner\ntry:\n    from . import fast\nexcept ImportError:\n    pass\n",
            "demo/inner.py": "import json, sqlite3\n",
            "demo/data.txt": "x" * 2000,
            "demo/fast.so": (SEEDS / "sysv.so").read_bytes(),
            "demo.libs/libb.so.1": (SEEDS / "libb.so.1").read_bytes(),
            "demo-1.0.dist-info/licenses/LICENSE": "Permission is hereby granted, free of charge ...\n",
        }
        wheel = make_wheel(self.folder, "demo", files=files, tag="cp313-cp313-musllinux_1_2_x86_64")
        return self._trace("import demo\nprint(demo)\n", "--with", f"./{wheel.name}")

    def make(self, random: Random) -> bytes:
        """Mostly what the decoder takes: what it refuses has a fuzzer of its own."""
        while True:
            try:
                data = mutated(msgpack.unpackb(msgpack.packb(random.choice(self._seeds))), random)
                codec.decode(data)
            except TooLargeError:
                continue
            except ManifestError:
                if random.random() < 0.02:
                    return data
            else:
                return data

    def run(self, data: bytes) -> str:
        place = self._folder_of()
        (place / "x.manifest").write_bytes(data)
        return self._call(_CALLS[zlib.crc32(data) % len(_CALLS)], place)

    def _call(self, call: tuple[str, ...], place: Path) -> str:
        done = subprocess.run(
            [COMMANDS / call[0], *call[1:]],
            cwd=place,
            env=self._environ,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            preexec_fn=_unlimited,
        )
        if done.returncode == 0:
            return call[0] if call[0] == "link" else " ".join(call[:2])
        last = done.stderr.strip().splitlines()
        if done.returncode not in _DOCUMENTED or "Traceback" in done.stderr:
            raise DefectError(f"{' '.join(call[:2])} ended with {done.returncode}: {last[-1] if last else ''}")
        if left := sorted(path.name for path in place.iterdir() if path.name != "x.manifest"):
            raise DefectError(f"{' '.join(call[:2])} failed and left {left}")
        raise CommandError(f"exit code {done.returncode}: {last[0] if last else ''}", hint="")


def _unlimited() -> None:
    """The linker maps more than a parser may."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
