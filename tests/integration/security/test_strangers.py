"""The first table of docs/security.md: what strangers try with a binary.

Most rows need root, to be somebody else.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.integration.security.guarded import ATTACKS, EVIL, SETPRIV, USER, as_user, clean, refused
from tests.support import needs
from tests.support.linking import Outcome, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("called", ["path", "in the tree", "python3.13", "hard link"])
def test_a_stranger(guard: Path, work: Path, name: str, called: str) -> None:
    """By the executable's path, by argv[0], by a symbolic link, by a hard link; in a folder full of shadows."""
    program, zeroth = guard, str(guard)
    if called == "in the tree":
        zeroth = f"{guard}/bin/python3"
    elif called == "python3.13":
        program = work / "python3.13"
        program.symlink_to(guard)
        zeroth = str(program)
    elif called == "hard link":
        program = work / "linked"
        program.hardlink_to(guard)
        zeroth = str(program)
    done = subprocess.run(
        [zeroth, *ATTACKS[name]],
        executable=program,
        cwd=work,
        env=clean(PYTHONPATH=str(work), PYTHONSTARTUP=str(work / "script.py"), PYTHONINSPECT="1"),
        input=EVIL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused(Outcome(status=done.returncode, stdout=done.stdout, stderr=done.stderr)), done
    if name in ("helper", "loky") and called != "python3.13":
        assert (done.returncode, done.stdout) == (126, "")


def set_capability(path: Path) -> None:
    """As ``setcap cap_net_bind_service,cap_dac_override=ep``.  Source: struct vfs_ns_cap_data, linux/capability.h."""
    effective, revision = 1, 0x02000000
    os.setxattr(path, "security.capability", struct.pack("<IIIII", revision | effective, 1 << 10 | 1 << 1, 0, 0, 0))


@needs.root
@pytest.mark.parametrize("raised", ["set-user-ID", "set-group-ID", "capabilities"])
@pytest.mark.parametrize("form", ["guard", "everybody"])
def test_raised_privileges(guard: Path, everybody: Path, work: Path, form: str, raised: str) -> None:
    program = work / "raised"
    shutil.copyfile(guard if form == "guard" else everybody, program)
    program.chmod({"set-user-ID": 0o4755, "set-group-ID": 0o2755, "capabilities": 0o755}[raised])
    if raised == "capabilities":
        set_capability(program)
    (work / "python3.13").symlink_to(program)
    environment = clean(PYTHONPATH=str(work), PYTHONINSPECT="1", PYTHONSTARTUP=str(work / "script.py"))
    by_name = ["bash", "-c", f'exec -a "{program}/bin/python" "{program}" "$@"', "bash"]
    for name, arguments in ATTACKS.items():
        for start in ([program], [work / "python3.13"], by_name):
            done = run(as_user(*start, *arguments), cwd=work, env=environment, stdin=EVIL)
            assert refused(done), (name, done)
            if "application" in done.stdout:
                assert done.stdout.split()[-1] == ("0" if raised == "set-user-ID" else str(USER))
    if form == "everybody":
        assert "modules are not searched for in $ORIGIN/plugins" in run(as_user(program), cwd=work).stderr


@needs.root
def test_raised_privileges_start_no_interpreter(guard: Path, work: Path) -> None:
    """Its own children neither: told by an error of execve, so that nothing is started over and over."""
    program = work / "raised"
    shutil.copyfile(guard, program)
    program.chmod(0o4755)
    done = run(as_user(program, "self", "-c", EVIL), cwd=work, env=clean())
    assert "PermissionError: [Errno 1]" in done.stderr
    assert "OWNED" not in done.stdout


@needs.root
def test_sudo_like_wrapper(guard: Path, work: Path) -> None:
    """A set-user-ID program that becomes root entirely and runs the binary with the user's arguments."""
    wrapper = work / "wrapper"
    shutil.copyfile(SETPRIV, wrapper)
    wrapper.chmod(0o4755)
    become = [wrapper, "--reuid=0", "--regid=0", "--clear-groups"]
    shell = ["sh", "-c", '"$@"; exit $?', "sh"]
    for name, arguments in ATTACKS.items():
        for before in ([], [guard, "run"], shell, [guard, "run", *shell]):
            for environment in (["env", "-i"], []):
                argv = as_user(*before, *become, *environment, guard, *arguments)
                done = run(argv, cwd=work, env=clean(PYTHONPATH=str(work)), stdin=EVIL)
                assert refused(done), (name, before, done)
                if "application" in done.stdout:
                    assert done.stdout.split()[-1] == "0"


@needs.root
def test_a_root_process_of_the_program_above(guard: Path, work: Path) -> None:
    """The program as root starts a user's shell; the user comes back as root by a wrapper.  The shell is the border."""
    wrapper = work / "wrapper"
    shutil.copyfile(SETPRIV, wrapper)
    wrapper.chmod(0o4755)
    inner = f"'{wrapper}' --reuid=0 --regid=0 --clear-groups '{guard}' -c \"$0\"; exit $?"
    done = run([guard, "run", *as_user("sh", "-c", inner, EVIL)], cwd=work, env=clean())
    assert refused(done), done
    assert done.stdout.split()[-1] == "0"


def identity_of(guard: Path) -> bytes:
    """The identity in the payload, which anybody who can read the file can read."""
    from castiron_link.payload import MAGIC, VERSION

    data = guard.read_bytes()
    at = data.index(MAGIC + struct.pack("<I", VERSION))
    return data[at + IDENTITY_AT : at + IDENTITY_AT + 16]


IDENTITY_AT = 112
"""Offset in the header: runtime/castiron_runtime/stub/README.md."""

FORGER = """
import fcntl, os, struct, sys
kind, guard, identity, *arguments = sys.argv[1:]
record = struct.pack("<8sIi16sII", b"CASTCHLD", 3, os.getpid(), bytes.fromhex(identity), 0, 1)
if kind == "another process":
    record = struct.pack("<8sIi16sII", b"CASTCHLD", 3, os.getppid(), bytes.fromhex(identity), 0, 1)
number = None
if kind == "another user":
    os.setegid(1000)
    os.seteuid(1000)
if kind == "plain file":
    number = os.open("record", os.O_RDWR | os.O_CREAT)
    os.write(number, record)
elif kind == "pipe":
    number, end = os.pipe()
    os.write(end, record)
elif kind == "standard input":
    number = 0
elif kind == "nothing there":
    number = 99
else:
    number = os.memfd_create("forged", os.MFD_ALLOW_SEALING)
    os.write(number, record)
    if kind != "unsealed":
        fcntl.fcntl(number, fcntl.F_ADD_SEALS, 1 | 2 | 4 | 8)
if kind == "another user":
    os.seteuid(0)
    os.setegid(0)
if kind != "nothing there":
    os.set_inheritable(number, True)
environment = {"PATH": os.environ["PATH"], "_CASTIRON_CHILD": str(number), "_CASTIRON_EXECUTED": str(os.getpid())}
os.execve(guard, [guard, *arguments], environment)
"""
FORGERIES = ("plain file", "pipe", "unsealed", "another process", "standard input", "nothing there")


@pytest.mark.parametrize("kind", [*FORGERIES, pytest.param("another user", marks=needs.root), "genuine"])
@pytest.mark.parametrize("name", ["command", "helper"])
def test_forged_record(guard: Path, work: Path, kind: str, name: str) -> None:
    """What a stranger can make is worth nothing.

    "genuine" is the control: code that runs as the same user, and can call memfd_create, needs no forgery.
    """
    argv = [sys.executable, "-c", FORGER, kind, guard, identity_of(guard).hex(), *ATTACKS[name]]
    done = run(argv, cwd=work)
    if kind == "genuine":
        assert ("OWNED" in done.stdout) == (name == "command"), done
        return
    assert refused(done), done
    assert "nothing shows that this program" in done.stderr


@pytest.mark.parametrize("kind", [*FORGERIES, pytest.param("another user", marks=needs.root), "genuine"])
def test_forged_record_without_arguments(guard: Path, work: Path, kind: str) -> None:
    """Records that ask for an interpreter of what stands on standard input; "genuine" is the control."""
    argv = [sys.executable, "-c", FORGER, kind, guard, identity_of(guard).hex()]
    done = run(argv, cwd=work, stdin=EVIL)
    assert ("OWNED" in done.stdout) == (kind == "genuine"), done
    assert kind == "genuine" or refused(done), done


@pytest.mark.parametrize("arguments", [[], ["self"], ["spawn"]])
def test_standard_input_of_a_stranger(guard: Path, work: Path, arguments: list[str]) -> None:
    """A program for an interpreter is on it, and the application starts itself without giving itself another one."""
    assert refused(run([guard, *arguments], cwd=work, stdin=EVIL))


@needs.root
def test_genuine_record_and_capabilities(guard: Path, work: Path) -> None:
    """A record shows who made it, not what its maker might do: with capabilities it is not enough."""
    keep = ["--inh-caps=+net_admin", "--ambient-caps=+net_admin"]
    argv = [sys.executable, "-c", FORGER, "genuine", guard, identity_of(guard).hex(), *ATTACKS["command"]]
    plain = run(as_user(*argv), cwd=work)
    assert "OWNED" in plain.stdout
    assert refused(run([SETPRIV, f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *keep, *argv], cwd=work))
