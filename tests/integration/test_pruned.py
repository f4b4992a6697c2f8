"""A pruned binary does again what was watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_manifest.reader import read_manifest
from tests.support.linking import command, run, trace_and_link
from tests.unit.trace.making import write

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

APPLICATION = """\
import collections, decimal, hashlib, importlib, importlib.util, json, pkgutil, sys, tempfile, uuid
import plugins

def digest():
    return hashlib.sha1(b"x").hexdigest(), hashlib.new("sha3_256", b"x").hexdigest()

def lazily():
    import os, random, stat
    return os.sep, stat.S_IFDIR, random.Random(1).random(), uuid.uuid5(uuid.NAMESPACE_DNS, "x")

def names():
    return [module.name for module in pkgutil.iter_modules(plugins.__path__)]

print(digest(), lazily(), names(), importlib.util.find_spec("colorsys") is not None)
print(importlib.import_module("plugins." + sys.argv[1]).NAME, json.loads("[1]"), decimal.Decimal(1) / 3)
print(collections.defaultdict(list)[1], "x".encode("cp1252"))
"""
PLUGINS = {"plugins/__init__.py": "", "plugins/one.py": "NAME = 1\n", "plugins/two.py": "NAME = 2\n"}


def test_it_does_again_what_was_watched(pack: Pack, tmp_path: Path) -> None:
    write(tmp_path, {"app.py": APPLICATION, **PLUGINS})
    watched = command("trace", "--run", "--prune", "app.py", "-o", "m", "--", "two", cwd=tmp_path)
    assert watched.status == 0, watched.stderr
    assert command("link", "m", "-o", "app", cwd=tmp_path).status == 0
    did = run([tmp_path / "app", "two"], cwd=tmp_path)
    assert (did.status, did.stderr) == (0, "")
    assert did.stdout in watched.stderr
    assert "Traceback (most recent call last):" in run([tmp_path / "app", "none"], cwd=tmp_path).stderr


@pytest.mark.network
def test_tests_of_the_application_are_the_run(pack: Pack, tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "app.py": "import importlib\ndef load(name):\n    return importlib.import_module('plug' + name).NAME\n"
            "def rare():\n    import sqlite3\nif __name__ == '__main__':\n    print(load('one'))\n",
            "plugone.py": "import colorsys\nNAME = 1\n",
            "plugtwo.py": "NAME = 2\n",
            "tests/test_app.py": "import wave, app\ndef test_load():\n    assert app.load('one') == 1\n",
        },
    )
    options = ("--run-by", "pytest", "--prune", "--with", "pytest==9.0.1")
    done = command("trace", *options, "app.py", "-o", "m", "--", "-q", "-p", "no:cacheprovider", "tests", cwd=tmp_path)
    assert done.status == 0, done.stderr
    manifest = read_manifest(tmp_path / "m")
    names = {module.name for module in manifest.modules}
    assert {"plugone", "colorsys"} <= names
    assert not {"plugtwo", "sqlite3", "wave", "argparse", "pytest", "_pytest", "unittest"} & names
    assert not manifest.distributions
    assert command("link", "m", "-o", "app", cwd=tmp_path).status == 0
    assert run([tmp_path / "app"], cwd=tmp_path).stdout == "1\n"


def test_several_runs_are_united(pack: Pack, tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "import sys\nprint(__import__('plug' + sys.argv[1]).NAME)\n"})
    write(tmp_path, {"plugone.py": "NAME = 1\n", "plugtwo.py": "NAME = 2\n", "plugsix.py": "NAME = 6\n"})
    for word, more in (("one", ()), ("two", ("--recorded", "seen"))):
        argv = ("--run", *more, "--record", "seen", "app.py", "-o", "/dev/null", "--", word)
        assert command("trace", *argv, cwd=tmp_path).status == 0
    trace_and_link(("--recorded", "seen", "--prune", "app.py"), cwd=tmp_path, name="both")
    assert [run([tmp_path / "both", word], cwd=tmp_path).stdout for word in ("one", "two")] == ["1\n", "2\n"]
    assert run([tmp_path / "both", "six"], cwd=tmp_path).status == 1
