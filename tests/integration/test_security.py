"""The tables of docs/security.md: what strangers try with a binary, and what its own processes do.

Most rows need root, to be somebody else: without it they are skipped, and pytest counts them as skipped.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import castiron_runtime
from tests.support.linking import COMMANDS, Outcome, run, trace_and_link

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

USER = 1000
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to act as other users")
SETPRIV = shutil.which("setpriv") or "setpriv"

GUARD = """
import os, subprocess, sys
if sys.argv[1:2] == ["run"]:
    sys.exit(subprocess.run(sys.argv[2:]).returncode)
if sys.argv[1:2] == ["self"]:
    sys.exit(subprocess.run([sys.executable, *sys.argv[2:]]).returncode)
if sys.argv[1:2] == ["shell"]:
    sys.exit(subprocess.run(f"'{sys.executable}' " + sys.argv[2] + "; exit $?", shell=True).returncode)
if sys.argv[1:2] == ["spawn"]:
    os.waitpid(os.posix_spawn(sys.executable, [sys.executable, *sys.argv[2:]], os.environ), 0)
    sys.exit()
if sys.argv[1:2] == ["dropped"]:
    sys.exit(subprocess.run([sys.executable, *sys.argv[2:]], user=1000, group=1000, extra_groups=[]).returncode)
if sys.argv[1:2] == ["orphan"]:
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    while os.getppid() != 1:
        pass
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
if sys.argv[1:2] == ["replaced"]:
    os.rename(sys.argv[2], sys.executable)
    os.execv(sys.executable, [sys.executable, *sys.argv[3:]])
if sys.argv[1:2] == ["bomb"]:
    with open("starts", "a") as file:
        file.write("one\\n")
    sys.exit(subprocess.run([sys.executable, "-c", "print(6 * 7)"]).returncode)
if "BOMB" in os.environ:
    with open("starts", "a") as file:
        file.write("another\\n")
    sys.exit(subprocess.run([sys.executable, "-c", "print(6 * 7)"]).returncode)
print("application", sys.argv[1:], os.geteuid())
"""
EVIL = "import os; print('OWN' + 'ED'); os.system('id')"
HELPER = "from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5, pipe_handle=7)"
INJECTED = """from multiprocessing.spawn import spawn_main; spawn_main(__import__("os").system("id"))"""
SHADOWS = ("multiprocessing", "loky", "joblib", "billiard", "encodings", "json", "os", "sitecustomize", "usercustomize")


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that every user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="castiron-security-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def guard(place: Path, pack: Pack) -> Path:
    del pack
    (place / "guard.py").write_text(GUARD)
    return trace_and_link(["guard.py", "--include", "json.tool"], cwd=place, name="guard", options=["--no-report"])


def variant(guard: Path, name: str, *options: str) -> Path:
    done = run([COMMANDS / "link", "guard.manifest", "-o", name, "--no-report", *options], cwd=guard.parent)
    assert done.status == 0, done.stderr
    return guard.parent / name


@pytest.fixture(scope="module")
def everybody(guard: Path) -> Path:
    """The most that an author may ask for."""
    paths = ["--sys-path", "$ORIGIN/plugins", "--sys-path", "plugins"]
    return variant(guard, "everybody", "--children", "all", "--obey-environment", *paths)


@pytest.fixture
def work(place: Path) -> Path:
    """A folder of the attacker, full of modules that are called like those of the standard library."""
    folder = Path(tempfile.mkdtemp(prefix="work-", dir=place))
    for below in (folder, folder / "plugins"):
        below.mkdir(exist_ok=True)
        for name in SHADOWS:
            (below / name).mkdir()
            (below / name / "__init__.py").write_text("print('OWN' + 'ED by', __file__)")
    (folder / "script.py").write_text(EVIL)
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, USER, USER) if os.geteuid() == 0 else None
    return folder


def as_user(*argv: str | Path) -> list[str | Path]:
    return [SETPRIV, f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *argv]


def clean(**values: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], **values}


def refused(outcome: Outcome) -> bool:
    """Whether nothing but the application ran, if anything."""
    shown = outcome.stdout + outcome.stderr
    return "OWNED" not in shown and "uid=" not in shown and (outcome.status == 126 or "application" in outcome.stdout)


ATTACKS: Mapping[str, Sequence[str]] = {
    "command": ["-c", EVIL],
    "injected": ["-c", INJECTED, "--multiprocessing-fork"],
    "helper": ["-c", HELPER, "--multiprocessing-fork"],
    "flags": ["-E", "-Wignore", "-X", "utf8", "-c", EVIL],
    "module": ["-m", "json.tool"],
    "loky": ["-m", "loky.backend.popen_loky_posix", "--process-name", "x", "--pipe", "0"],
    "script": ["script.py"],
    "interactive": ["-i"],
    "standard input": ["-"],
    "version": ["-V"],
}


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


@root_only
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


@root_only
def test_raised_privileges_start_no_interpreter(guard: Path, work: Path) -> None:
    """Its own children neither: told by an error of execve, so that nothing is started over and over."""
    program = work / "raised"
    shutil.copyfile(guard, program)
    program.chmod(0o4755)
    done = run(as_user(program, "self", "-c", EVIL), cwd=work, env=clean())
    assert "PermissionError: [Errno 1]" in done.stderr
    assert "OWNED" not in done.stdout


@root_only
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


@root_only
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
record = struct.pack("<8sIi16sI", b"CASTCHLD", 2, os.getpid(), bytes.fromhex(identity), 0)
if kind == "another process":
    record = struct.pack("<8sIi16sI", b"CASTCHLD", 2, os.getppid(), bytes.fromhex(identity), 0)
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
FORGERIES = ("plain file", "pipe", "unsealed", "another process", "another user", "standard input", "nothing there")


@pytest.mark.parametrize("kind", [*FORGERIES, "genuine"])
@pytest.mark.parametrize("name", ["command", "helper"])
def test_forged_record(guard: Path, work: Path, kind: str, name: str) -> None:
    """What a stranger can make is worth nothing.

    "genuine" is the control: code that runs as the same user, and can call memfd_create, needs no forgery.
    """
    if kind == "another user" and os.geteuid() != 0:
        pytest.skip("needs root, to act as other users")
    argv = [sys.executable, "-c", FORGER, kind, guard, identity_of(guard).hex(), *ATTACKS[name]]
    done = run(argv, cwd=work)
    if kind == "genuine":
        assert ("OWNED" in done.stdout) == (name == "command"), done
        return
    assert refused(done), done
    assert "nothing shows that this program" in done.stderr


@root_only
def test_genuine_record_and_capabilities(guard: Path, work: Path) -> None:
    """A record shows who made it, not what its maker might do: with capabilities it is not enough."""
    keep = ["--inh-caps=+net_admin", "--ambient-caps=+net_admin"]
    argv = [sys.executable, "-c", FORGER, "genuine", guard, identity_of(guard).hex(), *ATTACKS["command"]]
    plain = run(as_user(*argv), cwd=work)
    assert "OWNED" in plain.stdout
    assert refused(run([SETPRIV, f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *keep, *argv], cwd=work))


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


@root_only
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
    if shutil.which("make"):
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


def in_empty_root(program: Path, root: Path) -> None:
    shutil.copyfile(program, root / "program")
    (root / "program").chmod(0o755)


@root_only
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


@root_only
def test_it_ends_by_itself(guard: Path, work: Path) -> None:
    """Neither /proc nor memfd_create: nothing shows anything, and the program starts itself whenever it starts."""
    in_empty_root(guard, work)
    done = run([sys.executable, "-c", DENY, work, "bomb"], cwd=work, timeout=60)
    assert done.status == 126, done
    assert (work / "starts").read_text().split() == ["one", "another"]
    assert "so it is the application" in done.stderr
    assert "refused: started again" in done.stderr


def test_none(guard: Path, work: Path) -> None:
    program = variant(guard, "nobody", "--children", "none")
    assert run([program, "self", "-c", EVIL], cwd=work).stdout.startswith("application")
    assert run([program, "self", *ATTACKS["helper"]], cwd=work).status == 126


@pytest.fixture(scope="module")
def workers(place: Path, pack: Pack) -> Path:
    del pack
    shutil.copy(Path(__file__).with_name("own_workers.py"), place)
    requirements = ["loky", "joblib", "billiard", "execnet", "pytest", "pytest-xdist"]
    options = ["--no-report"]
    return trace_and_link(["own_workers.py"], cwd=place, name="workers", requirements=requirements, options=options)


@pytest.mark.parametrize(
    ("way", "shown"),
    [
        ("pool fork", "[2, 4, 6]\n"),
        ("pool spawn", "[2, 4, 6]\n{'a': 1}\n"),
        ("pool forkserver", "[2, 4, 6]\n{'a': 1}\n"),
        ("preloaded", "[8]\n"),
        ("executor", "[2, 4, 6]\n"),
        ("loky", "[2, 4, 6]\n"),
        ("joblib", "[2, 4, 6]\n"),
        ("billiard fork", "42\n"),
        ("billiard spawn", "42\n"),
        ("billiard forkserver", "42\n"),
        ("execnet", "42\n"),
        ("xdist", "4 passed"),
    ],
)
def test_libraries_that_start_processes(workers: Path, work: Path, way: str, shown: str) -> None:
    """In the folder of shadows, of which none may be imported."""
    done = run([workers, *way.split()], cwd=work, env=clean(), timeout=120)
    assert done.status == 0, done
    assert done.stdout == shown if way != "xdist" else shown in done.stdout
    assert "OWNED" not in done.stdout


@pytest.fixture(scope="module")
def letters(place: Path, pack: Pack) -> Path:
    """The rules for command lines as a program of their own."""
    stub, toolchain = Path(castiron_runtime.__file__).parent / "stub", pack.toolchain
    rules = [stub / "process" / name for name in ("program_text.c", "helper_command.c")]
    sources = [Path(__file__).with_name("letters_test.c"), *rules]
    objects: list[Path | str] = [toolchain.crt1]
    for source in sources:
        done = run([*toolchain.cc, *toolchain.cflags, f"-I{stub}", "-c", source, "-o", f"{source.stem}.o"], cwd=place)
        assert done.status == 0, done.stderr
        objects.append(f"{source.stem}.o")
    group = ["--start-group", *toolchain.libraries, "--end-group"]
    done = run([*toolchain.linker, "-static", "-o", "letters", *objects, *group], cwd=place)
    assert done.status == 0, done.stderr
    return place / "letters"


PROGRAMS = [
    "print(1)",
    "import os",
    "from os import path",
    "import sys; print(sys.path)",
    "a = 1\nb = 2",
    "raise SystemExit",
    "raise",
    "pass",
    " pass ",
    "assert x",
    "del x",
    "while True: pass",
    "if x: y",
    "1/0",
    "1 / 0",
    "-1 // 2",
    "7 % 3",
    "x;y",
    EVIL,
    INJECTED,
]
VALUES = [
    "",
    " ",
    "app.cfg",
    "/etc/app.cfg",
    "../app.cfg",
    "path/to/pass",
    "3",
    "3.13",
    "1-3",
    "2024-01-01",
    "01/02",
    "color=never",
    "core.editor=vi",
    "key = value",
    "build all",
    "important",
    "import-map",
    "from",
    "for",
    "#fff",
    "a,b",
    "passwd",
    "raised",
    "*.py",
    "é",
]


def test_what_is_a_program(letters: Path, place: Path) -> None:
    shown = run([letters, *PROGRAMS, *VALUES], cwd=place).stdout.strip()
    judged = dict(zip([*PROGRAMS, *VALUES], shown, strict=True))
    assert judged == dict.fromkeys(PROGRAMS, "p") | dict.fromkeys(VALUES, "-")


SPAWN, FORK = "from multiprocessing.spawn import spawn_main; ", "from multiprocessing.forkserver import main; "
LONG = "import sys; from multiprocessing.forkserver import main; main(6, 7, ['__main__'], sys_argv=sys.argv[1:], "


@pytest.mark.parametrize(
    ("argv", "library"),
    [
        (["-c", HELPER, "--multiprocessing-fork"], "multiprocessing"),
        (["-Wignore", "-X", "dev", "-bb", "-I", "-c", HELPER, "--multiprocessing-fork"], "multiprocessing"),
        (["-c", f"{SPAWN}spawn_main(tracker_fd=None, pipe_handle=7)", "--multiprocessing-fork"], "multiprocessing"),
        (["-c", f"{FORK}main(6, 7, ['__main__', \"it's\"], **{{'sys_path': ['/a', '/b']}})"], "multiprocessing"),
        (["-c", f"{FORK}main(6, 7, [], **{{}})"], "multiprocessing"),
        (["-c", LONG + "**{'main_path': '/x\\'y.py'})", "any", "thing"], "multiprocessing"),
        (["-c", "from multiprocessing.resource_tracker import main;main(7)"], "multiprocessing"),
        (["-c", "from billiard.semaphore_tracker import main;main(7)"], "billiard"),
        (["-c", "from loky.backend.resource_tracker import main; main(7, False)"], "loky"),
        (["-c", "from joblib.externals.loky.backend.resource_tracker import main; main(7, True)"], "joblib"),
        (["-m", "loky.backend.popen_loky_posix", "--process-name", "LokyProcess-1", "--pipe", "11"], "loky"),
        (["-c", INJECTED, "--multiprocessing-fork"], None),
        (["-c", HELPER], None),
        (["-c", HELPER, "--multiprocessing-fork", "more"], None),
        (["-c", HELPER + "; evil()", "--multiprocessing-fork"], None),
        (["-c", f"{SPAWN}spawn_main()", "--multiprocessing-fork"], None),
        (["-c", f"{SPAWN}spawn_main(a=evil)", "--multiprocessing-fork"], None),
        (["-c", f"{FORK}main(6, 7, [evil()], **{{}})"], None),
        (["-c", f"{FORK}main(6, 7, ['a' + evil()], **{{}})"], None),
        (["-c", f"{FORK}main(6, 7, {'[' * 90}{']' * 90}, **{{}})"], None),
        (["-c", f"{FORK}main(6, 7, ['open, **{{}})"], None),
        (["-c", "from multiprocessing.resource_tracker import main;main(7)", "more"], None),
        (["-c", "from multiprocessing.resource_tracker import main;main()"], None),
        (["-m", "loky.backend.popen_loky_posix", "--pipe", "11", "--process-name", "x"], None),
        (["-m", "loky.backend.popen_loky_posix", "--process-name", "x", "--pipe", "1x"], None),
        (["-x", "-c", HELPER, "--multiprocessing-fork"], None),
        (["-c"], None),
        ([], None),
    ],
)
def test_what_is_a_helper(letters: Path, place: Path, argv: list[str], library: str | None) -> None:
    assert run([letters, "helper", "program", *argv], cwd=place).stdout == f"{library or '-'}\n"


def test_what_a_person_types(guard: Path, work: Path) -> None:
    """In an interactive shell that the application opened: the application, without a word."""
    import pexpect

    options = {"cwd": str(work), "env": {**clean(), "PS1": "ready> "}, "timeout": 60}
    shell = pexpect.spawn(str(guard), ["run", "bash", "--norc", "--noprofile", "-i"], encoding="utf-8", **options)
    shell.expect("ready> ")
    shell.sendline(f"'{guard}' -c 'print(6 * 7)' < /dev/null; echo end=$?")
    shell.expect(r"end=(\d+)\r")
    assert "application ['-c', 'print(6 * 7)']" in shell.before
    assert shell.match.group(1) == "0"
    shell.sendline("exit")
    shell.expect(pexpect.EOF)
