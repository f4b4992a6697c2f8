"""The second table of docs/security.md: processes that the program starts itself, by whatever way."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from tests.integration.security.guarded import ATTACKS, EVIL, USER, clean, variant
from tests.support import needs
from tests.support.linking import run
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("mode", ["self", "spawn", "shell"])
def test_own_children_import_nothing_else(guard: Path, work: Path, mode: str) -> None:
    text = "import os, json, sys; print(os.path.dirname(json.__file__), sys.path[0])"
    for given in (["-c", text], ["-m", "json.tool", "--help"]):
        words = [" ".join(f"'{word}'" for word in given)] if mode == "shell" else given
        done = run([guard, mode, *words], cwd=work, env=clean(PYTHONPATH=str(work)))
        assert done.status == 0, done.stderr
        assert "OWNED" not in done.stdout
        if given[0] == "-c":
            assert done.stdout.split() == [f"{guard}/lib/python3.13/json", f"{guard}/app"]


def test_a_script_has_its_folder(guard: Path, work: Path) -> None:
    (work / "beside.py").write_text("print('beside')")
    (work / "main.py").write_text("import beside")
    assert run([guard, "self", str(work / "main.py")], cwd="/").stdout == "beside\n"


@pytest.mark.parametrize("value", ["app.cfg", "existing (1).cfg", "3", "color=never", "1-3", "build all"])
def test_values_of_the_application(guard: Path, work: Path, value: str) -> None:
    (work / "existing (1).cfg").touch()
    done = run([guard, "self", "-c", value], cwd=work)
    assert (done.status, done.stdout.split(" ", 1)[0]) == (0, "application"), done
    assert done.stderr == ""


def test_a_person_sees_nothing_odd(guard: Path, work: Path) -> None:
    assert run([guard, "-c", "import x"], cwd=work).stderr == ""


@needs.root
def test_change_of_user(guard: Path, work: Path) -> None:
    done = run([guard, "dropped", "-c", "import os; print(os.getuid(), os.geteuid())"], cwd=work)
    assert done.stdout == f"{USER} {USER}\n", done


def test_orphan(guard: Path, work: Path) -> None:
    """fork, setsid, execv; the parent is gone.  The streams close when the last process ends."""
    assert run([guard, "orphan", "-c", "print(6 * 7)"], cwd=work).stdout == "42\n"


def test_programs_in_between(guard: Path, work: Path) -> None:
    assert run([guard, "shell", "-c 'print(1)'"], cwd=work).stdout == "1\n"
    assert run([guard, "run", "env", "X=1", guard, "-c", "print(2)"], cwd=work).stdout == "2\n"
    assert run([guard, "run", "timeout", "60", guard, "-c", "print(3)"], cwd=work).stdout == "3\n"
    (work / "Makefile").write_text(f"all:\n\t@'{guard}' -c 'print(4)'; true\n")
    assert run([guard, "run", "make", "-s"], cwd=work).stdout == "4\n"


def test_children_of_children(guard: Path, work: Path) -> None:
    code = "import subprocess, sys; print(int(sys.argv[1])); n = int(sys.argv[1]) - 1\n"
    code += "n and subprocess.run([sys.executable, '-c', sys.argv[2], str(n), sys.argv[2]])"
    assert run([guard, "self", "-c", code, "3", code], cwd=work).stdout.split() == ["1", "2", "3"]


def test_replaced_executable(guard: Path, everybody: Path, work: Path) -> None:
    def fresh() -> Path:
        program = work / "program"
        shutil.copyfile(guard, program)
        shutil.copyfile(everybody, work / "update")
        variant_of = work / "update"
        for path in (program, variant_of):
            path.chmod(0o755)
        return program

    done = run([fresh(), "replaced", "update", "restarted"], cwd=work)
    assert done.stdout.startswith("application ['restarted']"), done
    program = work / "program"
    program.unlink()
    shutil.copyfile(guard, program)
    other = variant(guard, "other", "--optimize", "1")
    shutil.copyfile(other, work / "update")
    for path in (program, work / "update"):
        path.chmod(0o755)
    done = run([program, "replaced", "update", "-c", EVIL], cwd=work)
    assert done.status == 126
    assert "the executable was replaced" in done.stderr
    assert "OWNED" not in done.stdout


def test_replaced_while_a_shell_is_between(guard: Path, work: Path) -> None:
    """No record is for the shell's child, and the program that it comes from runs a file that is gone."""
    for name in ("program", "update"):
        shutil.copyfile(guard, work / name)
        (work / name).chmod(0o755)
    script = 'mv update program; "$PWD/program" -c "$1"; echo "status $?"'
    done = run([work / "program", "run", "sh", "-c", script, "sh", EVIL], cwd=work)
    assert done.stdout == "status 126\n", done
    assert "the executable was replaced" in done.stderr


def in_empty_root(program: Path, root: Path) -> None:
    shutil.copyfile(program, root / "program")
    (root / "program").chmod(0o755)


@needs.root
@pytest.mark.parametrize("mode", ["self", "spawn"])
def test_without_proc(guard: Path, work: Path, mode: str) -> None:
    in_empty_root(guard, work)
    done = run(["chroot", work, "/program", mode, "-c", "import sys; print(sys.executable)"], cwd=work)
    assert done.stdout == "/program\n", done


DENY = """
import ctypes, os, struct, sys
# memfd_create (319) answers ENOSYS, everything else is allowed.  Source: linux/seccomp.h, linux/bpf_common.h.
steps = struct.pack("<HBBI", 0x20, 0, 0, 0) + struct.pack("<HBBI", 0x15, 0, 1, 319)
steps += struct.pack("<HBBI", 0x06, 0, 0, 0x00050000 | 38) + struct.pack("<HBBI", 0x06, 0, 0, 0x7FFF0000)
filter = ctypes.create_string_buffer(steps)
program = struct.pack("<HxxxxxxQ", 4, ctypes.addressof(filter))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.c_char_p(program), 0, 0) == 0
os.chroot(sys.argv[1])
os.chdir("/")
os.execve("/program", ["/program", *sys.argv[2:]], {"BOMB": "1"})
"""


@needs.root
def test_it_ends_by_itself(guard: Path, work: Path) -> None:
    """Neither /proc nor memfd_create: nothing shows anything, and the program starts itself whenever it starts."""
    in_empty_root(guard, work)
    done = run([sys.executable, "-c", DENY, work, "bomb"], cwd=work, timeout=PATIENCE)
    assert done.status == 126, done
    assert (work / "starts").read_text().split() == ["one", "another"]
    assert "so it is the application" in done.stderr
    assert "refused: started again" in done.stderr


def test_none(guard: Path, work: Path) -> None:
    program = variant(guard, "nobody", "--children", "none")
    assert run([program, "self", "-c", EVIL], cwd=work).stdout.startswith("application")
    assert run([program, "self", *ATTACKS["helper"]], cwd=work).status == 126


def test_what_a_person_types(guard: Path, work: Path) -> None:
    """In an interactive shell that the application opened: the application, without a message."""
    import pexpect

    options = {"cwd": str(work), "env": {**clean(), "PS1": "ready> "}, "timeout": PATIENCE}
    shell = pexpect.spawn(str(guard), ["run", "bash", "--norc", "--noprofile", "-i"], encoding="utf-8", **options)
    shell.expect("ready> ")
    shell.sendline(f"'{guard}' -c 'print(6 * 7)' < /dev/null; echo end=$?")
    shell.expect(r"end=(\d+)\r")
    assert "application ['-c', 'print(6 * 7)']" in shell.before
    assert shell.match.group(1) == "0"
    shell.sendline("exit")
    shell.expect(pexpect.EOF)
