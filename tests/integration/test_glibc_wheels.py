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

REQUIREMENTS = "zope.interface==8.7\npyclipper==1.4.0\n"
APPLICATION = """\
import pyclipper
from zope.interface import Interface, implementer
from zope.interface._zope_interface_coptimizations import SpecificationBase


class IGreeter(Interface):
    def greet(): ...


@implementer(IGreeter)
class Greeter:
    def greet(self):
        return pyclipper.Orientation([[0, 0], [4, 0], [4, 4], [0, 4]])


print(IGreeter.providedBy(Greeter()), IGreeter(Greeter()).greet(), SpecificationBase.__module__)
clipper = pyclipper.Pyclipper()
clipper.AddPath([[0, 0], [4, 0], [4, 4], [0, 4]], pyclipper.PT_SUBJECT, True)
clipper.AddPath([[2, 2], [6, 2], [6, 6], [2, 6]], pyclipper.PT_CLIP, True)
print(clipper.Execute(pyclipper.CT_INTERSECTION, pyclipper.PFT_EVENODD, pyclipper.PFT_EVENODD))
try:
    clipper.AddPath([[0, 0], [1 << 62, 1]], pyclipper.PT_CLIP, True)
except pyclipper.ClipperException as error:
    print(error)
"""
JUST_IN_TIME = """
import ctypes
import llvmlite.binding as llvm

llvm.initialize_native_target()
llvm.initialize_native_asmprinter()
source = "define i64 @twice(i64 %x) {\\n  %y = mul i64 %x, 2\\n  ret i64 %y\\n}"
machine = llvm.Target.from_default_triple().create_target_machine()
engine = llvm.create_mcjit_compiler(llvm.parse_assembly(source), machine)
engine.finalize_object()
print(ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(engine.get_function_address("twice"))(21))
"""
EXPECTED = """\
True True _zope_interface_coptimizations
[[[4, 4], [2, 4], [2, 2], [4, 2]]]
The path is invalid for clipping
42
"""


@needs.root
@needs.strace
def test_wheels_for_glibc_alone(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(REQUIREMENTS + "llvmlite==0.50.0\n")
    (tmp_path / "app.py").write_text(APPLICATION + JUST_IN_TIME)
    traced = command("trace", "-r", "requirements.txt", "app.py", "-o", "app.manifest", cwd=tmp_path)
    assert traced.status == 0, traced.stderr
    told = "as no compiled one for musl was found: llvmlite, pyclipper, zope-interface (--wheels musl avoids them)"
    assert f"wheels for glibc, {told}" in " ".join(traced.stderr.split())
    manifest = read_manifest(tmp_path / "app.manifest")
    assert {native.libc for native in manifest.natives} == {"glibc"}

    linked = command("link", "app.manifest", "-o", "app", cwd=tmp_path)
    assert linked.status == 0, linked.stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    shutil.copy(tmp_path / "app", empty / "app")
    done = run([str(shutil.which("chroot")), empty, "/app"], cwd=tmp_path, env={})
    assert (done.status, done.stdout, done.stderr) == (0, EXPECTED, "")

    # LLVM's machine code is written to pages that become executable when they are no longer writable.
    watched = run(
        ["strace", "-f", "-o", "calls", "-e", "trace=mmap,mprotect,pkey_mprotect", tmp_path / "app"], cwd=tmp_path
    )
    assert (watched.status, watched.stdout) == (0, EXPECTED)
    protections = [line for line in (tmp_path / "calls").read_text().splitlines() if "PROT_EXEC" in line]
    assert any("mprotect(" in line for line in protections)
    assert [line for line in protections if "PROT_WRITE" in line] == []

    audited = command("castiron", "audit", "app", "--format", "json", cwd=tmp_path)
    report = json.loads(audited.stdout)
    (gcc,) = [item for item in report["components"] if item["name"] == "GCC runtime libraries of Debian"]
    assert (gcc["version"], gcc["verdict"]["expression"]) == ("12.2.0", "GPL-3.0-or-later WITH GCC-exception-3.1")
    findings = [item for item in report["findings"] if item["code"] == "emulated-libc"]
    names = [item["component"].rpartition("/")[2] for item in findings]
    assert sorted(names) == ["llvmlite", "pyclipper", "zope-interface"]
    (maker,) = [item for item in report["findings"] if item["code"] == "makes-code"]
    assert "llvmlite" in maker["component"]


def test_a_watched_run_says_why_it_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(REQUIREMENTS)
    (tmp_path / "app.py").write_text(APPLICATION)
    traced = command("trace", "--run", "-r", "requirements.txt", "app.py", "-o", "app.manifest", cwd=tmp_path)
    assert traced.status == 2
    told = (
        "cannot load wheels for glibc, and there is none of pure Python of the same version: pyclipper, zope-interface"
    )
    assert told in " ".join(traced.stderr.split())
    assert not (tmp_path / "app.manifest").exists()


def test_a_watched_run_and_a_check_take_pure_python_instead(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("black\n")
    (tmp_path / "app.py").write_text("import black\nprint(black.format_str('x  =  1', mode=black.Mode()), end='')\n")
    words = ("trace", "--run", "-r", "requirements.txt", "app.py", "-o", "app.manifest")
    traced = command(*words, cwd=tmp_path)
    assert traced.status == 0, traced.stderr
    said = " ".join(traced.stderr.split())
    assert "in pure Python, as its interpreter loads no wheels for another C library: black 2" in said
    assert "wheels for glibc, as no compiled one for musl was found: black" in said

    checked = command("castiron", "check", "app.manifest", "--run", cwd=tmp_path)
    assert checked.status == 0, checked.stderr
    assert "the interpreter has black as pure Python" in " ".join(checked.stderr.split())
    assert "the run was equal" in checked.stderr + checked.stdout

    pruned = command(*words, "--prune", cwd=tmp_path)
    assert pruned.status == 2
    assert "--prune includes only what a run used" in " ".join(pruned.stderr.split())
