"""Wheels that exist for glibc alone, in C and in C++, in a binary without a libc around it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from castiron_manifest.reader import read_manifest
from tests.support import needs
from tests.support.linking import command, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.integration, pytest.mark.network]

REQUIREMENTS = "zope.interface==8.7\npython-rapidjson==1.25\n"
APPLICATION = """\
import rapidjson
from zope.interface import Interface, implementer
from zope.interface._zope_interface_coptimizations import SpecificationBase


class IGreeter(Interface):
    def greet(): ...


@implementer(IGreeter)
class Greeter:
    def greet(self):
        return rapidjson.dumps({"n": [1, 2.5, None, "\u00e4"]}, sort_keys=True)


print(IGreeter.providedBy(Greeter()), IGreeter(Greeter()).greet(), SpecificationBase.__module__)
try:
    rapidjson.loads('{"a": ')
except rapidjson.JSONDecodeError as error:
    print(error)
print(rapidjson.loads("[1e2, 12345678901234567890]"))
"""
EXPECTED = """\
True {"n":[1,2.5,null,"\\u00E4"]} zope.interface._zope_interface_coptimizations
Parse error at offset 6: Invalid value.
[100.0, 12345678901234567890]
"""


@needs.root
def test_wheels_for_glibc_alone(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(REQUIREMENTS)
    (tmp_path / "app.py").write_text(APPLICATION)
    traced = command("trace", "-r", "requirements.txt", "app.py", "-o", "app.manifest", cwd=tmp_path)
    assert traced.status == 0, traced.stderr
    told = "wheels for glibc, as there are none for musl: python-rapidjson, zope-interface (--wheels musl: never)"
    assert told in " ".join(traced.stderr.split())
    manifest = read_manifest(tmp_path / "app.manifest")
    assert {native.libc for native in manifest.natives} == {"glibc"}

    linked = command("link", "app.manifest", "-o", "app", cwd=tmp_path)
    assert linked.status == 0, linked.stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    shutil.copy(tmp_path / "app", empty / "app")
    done = run(["chroot", empty, "/app"], cwd=tmp_path, env={})
    assert (done.status, done.stdout, done.stderr) == (0, EXPECTED, "")

    audited = command("castiron", "audit", "app", "--format", "json", cwd=tmp_path)
    report = json.loads(audited.stdout)
    (gcc,) = [item for item in report["components"] if item["name"] == "GCC runtime libraries of Debian"]
    assert (gcc["version"], gcc["verdict"]["expression"]) == ("12.2.0", "GPL-3.0-or-later WITH GCC-exception-3.1")
    findings = [item for item in report["findings"] if item["code"] == "emulated-libc"]
    assert sorted(item["component"].rpartition("/")[2] for item in findings) == ["python-rapidjson", "zope-interface"]


def test_a_watched_run_says_why_it_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(REQUIREMENTS)
    (tmp_path / "app.py").write_text(APPLICATION)
    traced = command("trace", "--run", "-r", "requirements.txt", "app.py", "-o", "app.manifest", cwd=tmp_path)
    assert traced.status == 2
    assert "cannot load wheels for glibc: python-rapidjson, zope-interface" in " ".join(traced.stderr.split())
    assert not (tmp_path / "app.manifest").exists()
