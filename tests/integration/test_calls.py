"""Calls of the C library where their surroundings are unusual: small stacks, many variables, links, no memfd_create."""

from __future__ import annotations

import ctypes
import os
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support import needs
from tests.support.linking import run, trace_and_link

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

SCRIPT = """
import os, subprocess, sys

folder = os.path.dirname(os.path.abspath(__file__))
data = os.path.join(folder, "data.txt")

def read(path):
    with open(path, "rb") as file:
        return file.read()

def environment(count):
    return {**os.environ, **{f"VARIABLE_{i}": "x" for i in range(int(count))}}

def is_memfd(number):
    return "data.txt" in os.readlink(f"/proc/self/fd/{number}")

def child():
    print(sum(name.startswith("VARIABLE_") for name in os.environ))

def spawn(count):
    process = os.posix_spawn(sys.executable, [sys.executable, "child"], environment(count))
    print("status", os.waitpid(process, 0)[1])

def spawn_folder(name):
    process = os.posix_spawn(sys.executable, [sys.executable, name], os.environ)
    print("status", os.waitpid(process, 0)[1])

def spawn_other(count):
    arguments = ["cat", *[data] * 20]
    process = os.posix_spawnp("cat", arguments, environment(count))
    print("status", os.waitpid(process, 0)[1])

def execute(count):
    os.execve(sys.executable, [sys.executable, "child"], environment(count))

def share():
    files = [open(data, "rb") for _ in range(50)]
    print(len({os.stat(f"/proc/self/fd/{file.fileno()}").st_ino for file in files}))
    files[0].seek(5)
    print(files[1].read(4), files[0].read(4), all(is_memfd(file.fileno()) for file in files))

def share_with_kept():
    kept = []
    for _ in range(20):
        kept.append(open(data, "rb"))
        read(data)
    print(len({os.stat(f"/proc/self/fd/{file.fileno()}").st_ino for file in kept}))
    for _ in range(20):
        kept.append(open(data, "rb"))
        kept.pop(0).close()
    print(len({os.stat(f"/proc/self/fd/{file.fileno()}").st_ino for file in kept}))

def watch(link):
    import ctypes, errno, select, struct

    libc = ctypes.CDLL(None, use_errno=True)
    number = libc.inotify_init1(os.O_NONBLOCK)
    everything, only_folder, changes = 0xFFF, 0x01000000, 0x2

    def add(path, mask):
        watch = libc.inotify_add_watch(number, os.fsencode(path), mask)
        return watch if watch > 0 else -ctypes.get_errno()

    wanted = [(data, everything), (folder, everything | only_folder), (link, everything), (folder, changes)]
    watches = [add(path, mask) for path, mask in wanted]
    print(min(watches) > 0, len(set(watches)))
    print(add(data, everything | only_folder) == -errno.ENOTDIR, add(data + "x", everything) == -errno.ENOENT)
    read(data)
    print(select.select([number], [], [], 0)[0], libc.inotify_rm_watch(number, watches[0]))
    removed = struct.unpack("iIII", os.read(number, 100))
    print(removed[:2] == (watches[0], 0x8000), select.select([number], [], [], 0)[0])

def addresses():
    import ctypes

    class Info(ctypes.Structure):
        _fields_ = [("file", ctypes.c_char_p), ("base", ctypes.c_void_p)]
        _fields_ += [("name", ctypes.c_char_p), ("at", ctypes.c_void_p)]

    program, info = ctypes.CDLL(None), Info()
    start = ctypes.cast(program.PyLong_FromLong, ctypes.c_void_p).value
    for address in (start, start + 1):
        found = program.dladdr(ctypes.c_void_p(address), ctypes.byref(info))
        print(found, info.file == os.fsencode(sys.executable), info.name, info.at == (start if info.name else None))

def stack_of_a_thread():
    import ctypes, threading

    libc, sizes = ctypes.CDLL(None), []

    def recurse(depth):
        return recurse(depth + 1) if depth >= 0 else None

    def body():
        attributes, size = ctypes.create_string_buffer(256), ctypes.c_size_t()
        libc.pthread_self.restype = ctypes.c_void_p
        libc.pthread_getattr_np(ctypes.c_void_p(libc.pthread_self()), attributes)
        libc.pthread_attr_getstacksize(attributes, ctypes.byref(size))
        sizes.append(size.value)
        sys.setrecursionlimit(20_000)
        try:
            recurse(0)
        except RecursionError:
            sizes.append("RecursionError")

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    print(sizes[0] >> 20, *sizes[1:])

def reuse():
    with open(data, "rb") as file:
        number = file.fileno()
    with open("/dev/zero", "rb", buffering=0) as other:
        print(other.fileno() == number, read(data) == read(data), read(data)[:4])

def errors_of_others():
    import ssl
    read(data)
    for _ in range(2):
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(data)
        except ssl.SSLError as error:
            print("SSLError", error.errno)
        except OSError as error:
            print("OSError", error.errno)

def leave_none():
    before = os.listdir("/proc/self/fd")
    read(data)
    print(before == os.listdir("/proc/self/fd"))

def show(path):
    print(read(path)[:4], os.stat(path).st_size, os.path.exists(path + "x"), os.path.realpath(path) == data)

def listing(path):
    print("data.txt" in os.listdir(path), read(path + "/data.txt")[:4], os.path.isdir(path))
    os.chdir(path)
    print(read("data.txt")[:4])

def inherited(number):
    print(os.fstat(int(number)).st_size, len(os.pread(int(number), 1 << 30, 0)))

def inherited_folder(number):
    number = int(number)
    try:
        opened = os.open("data.txt", os.O_RDONLY, dir_fd=number)
    except NotADirectoryError:
        print("no folder of mine")
    else:
        print(os.read(opened, 4), "data.txt" in os.listdir(number))
        os.fchdir(number)
        print(os.path.exists("data.txt"))

def hand_over_folder(other):
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    subprocess.run([other, "inherited_folder", str(number)], pass_fds=[number], check=True)

def hand_over(other):
    with open(data, "rb") as file:
        subprocess.run([other, "inherited", str(file.fileno())], pass_fds=[file.fileno()], check=True)

globals()[sys.argv[1]](*sys.argv[2:])
"""


def link_with(folder: Path, data: str) -> Path:
    (folder / "calls.py").write_text(SCRIPT)
    (folder / "data.txt").write_text(data)
    return trace_and_link(["calls.py"], cwd=folder, name="calls", options=["--no-report"])


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory, pack: Pack) -> Path:
    del pack
    return link_with(tmp_path_factory.mktemp("calls"), "0123456789" * 60_000)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory, pack: Pack) -> Path:
    del pack
    return link_with(tmp_path_factory.mktemp("other"), "abc" * 70_000)


@pytest.mark.parametrize("count", [0, 400, 20_000])
def test_posix_spawn_with_many_variables(binary: Path, tmp_path: Path, count: int) -> None:
    done = run([binary, "spawn", str(count)], cwd=tmp_path)
    assert (done.status, done.stdout) == (0, f"{count}\nstatus 0\n"), done.stderr


def test_posix_spawn_of_a_folder_that_is_a_program(binary: Path, tmp_path: Path) -> None:
    """The child, which has a stack of 5 KiB, looks for the folder's __main__.py, however long its path is."""
    folder = tmp_path
    while len(str(folder)) < 3800:
        folder /= "f" * 200
    folder.mkdir(parents=True)
    (folder / "__main__.py").write_text("print('run')")
    done = run([binary, "spawn_folder", folder], cwd=tmp_path)
    assert (done.status, done.stdout) == (0, "run\nstatus 0\n"), done.stderr


def test_posix_spawn_of_another_program_with_files_of_the_tree(binary: Path, tmp_path: Path) -> None:
    done = run([binary, "spawn_other", "400"], cwd=tmp_path)
    assert (done.status, len(done.stdout)) == (0, 20 * 600_000 + len("status 0\n")), done.stderr


def test_posix_spawnp_with_a_long_path(binary: Path, tmp_path: Path) -> None:
    """The C library's search takes as much room as PATH is long, from a stack of 5 KiB."""
    folders = [f"/{'x' * 200}"] * 30
    done = run([binary, "spawn_other", "400"], cwd=tmp_path, env={"PATH": ":".join([*folders, "/usr/bin", "/bin"])})
    assert (done.status, done.stdout[-9:]) == (0, "status 0\n"), done.stderr


def test_execve_with_eighty_thousand_variables(binary: Path, tmp_path: Path) -> None:
    done = run([binary, "execute", "80000"], cwd=tmp_path)
    assert (done.status, done.stdout) == (0, "80000\n"), done.stderr


def test_execve_with_more_than_the_kernel_takes(binary: Path, tmp_path: Path) -> None:
    done = run([binary, "execute", "2000000"], cwd=tmp_path)
    assert done.status == 1
    assert "Argument list too long" in done.stderr


def test_descriptors_of_one_file_share_its_content(binary: Path, tmp_path: Path) -> None:
    done = run([binary, "share"], cwd=tmp_path)
    assert (done.status, done.stdout) == (0, "1\nb'0123' b'5678' True\n"), done.stderr


def test_descriptors_share_with_one_that_is_kept(binary: Path, tmp_path: Path) -> None:
    """Others of the file are opened and closed in between; then each is closed when the next one is open."""
    done = run([binary, "share_with_kept"], cwd=tmp_path)
    assert (done.status, done.stdout) == (0, "1\n1\n"), done.stderr


def test_watches_never_fire(binary: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(f"{binary}/app/data.txt")
    done = run([binary, "watch", "link"], cwd=tmp_path)
    assert (done.status, done.stdout) == (0, "True 4\nTrue True\n[] 0\nTrue []\n"), done.stderr


def test_dladdr_names_no_function_that_merely_stands_before(binary: Path, tmp_path: Path) -> None:
    done = run([binary, "addresses"], cwd=tmp_path)
    assert (done.status, done.stdout) == (0, "1 True b'PyLong_FromLong' True\n1 True None True\n"), done.stderr


def test_stacks_of_threads(binary: Path, tmp_path: Path) -> None:
    """What docs/compatibility.md says of them."""
    done = run([binary, "stack_of_a_thread"], cwd=tmp_path)
    assert (done.status, done.stdout) == (0, "8 RecursionError\n"), done.stderr


def test_a_number_that_was_given_to_another_file(binary: Path, tmp_path: Path) -> None:
    done = run([binary, "reuse"], cwd=tmp_path)
    assert (done.status, done.stdout) == (0, "True True b'0123'\n"), done.stderr


def test_opening_leaves_no_error_behind(binary: Path, tmp_path: Path) -> None:
    """The module ssl takes what is in errno for the reason of OpenSSL's failure, if there is anything."""
    done = run([binary, "errors_of_others"], cwd=tmp_path)
    assert (done.status, done.stdout) == (0, "SSLError 136\nSSLError 136\n"), done.stderr


def test_no_descriptor_is_kept(binary: Path, tmp_path: Path) -> None:
    done = run([binary, "leave_none"], cwd=tmp_path)
    assert (done.status, done.stdout) == (0, "True\n"), done.stderr


def test_symbolic_links_into_the_tree(binary: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").symlink_to(f"{binary}/app")
    (tmp_path / "file").symlink_to(f"{binary}/app/data.txt")
    (tmp_path / "to-link").symlink_to("file")
    (tmp_path / "above").mkdir()
    (tmp_path / "above" / "relative").symlink_to("../folder/data.txt")
    (tmp_path / "loop").symlink_to("loop/x")
    expected = "b'0123' 600000 False True\n"
    for path in ("file", "to-link", "above/relative", "folder/data.txt", str(tmp_path / "above" / "relative")):
        done = run([binary, "show", path], cwd=tmp_path)
        assert (done.status, done.stdout) == (0, expected), (path, done.stderr)
    done = run([binary, "listing", "folder"], cwd=tmp_path)
    assert (done.status, done.stdout) == (0, "True b'0123' True\nb'0123'\n"), done.stderr
    assert "Errno 40" in run([binary, "show", "loop"], cwd=tmp_path).stderr


def test_a_descriptor_of_another_program(binary: Path, other: Path, tmp_path: Path) -> None:
    done = run([binary, "hand_over", str(other)], cwd=tmp_path)
    assert (done.status, done.stdout) == (0, "600000 600000\n"), done.stderr
    again = run([binary, "hand_over", str(binary)], cwd=tmp_path)
    assert (again.status, again.stdout) == (0, "600000 600000\n"), again.stderr


def test_a_folder_of_another_program(binary: Path, other: Path, tmp_path: Path) -> None:
    """Both have a folder with that node's number."""
    done = run([binary, "hand_over_folder", str(other)], cwd=tmp_path)
    assert (done.status, done.stdout) == (0, "no folder of mine\n"), done.stderr
    done = run([binary, "hand_over_folder", str(binary)], cwd=tmp_path)
    assert (done.status, done.stdout) == (0, "b'0123' True\nTrue\n"), done.stderr


def refuse(number: int, error: int) -> Callable[[], None]:
    """Return a function that makes a system call of x86-64 fail from then on (seccomp(2), filter mode)."""

    def install() -> None:
        code = [
            struct.pack("<HBBI", 0x20, 0, 0, 0),  # the call's number
            struct.pack("<HBBI", 0x15, 0, 1, number),  # another one: skip the next line
            struct.pack("<HBBI", 0x06, 0, 0, 0x00050000 | error),
            struct.pack("<HBBI", 0x06, 0, 0, 0x7FFF0000),
        ]
        filters = ctypes.create_string_buffer(b"".join(code))
        program = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", len(code), ctypes.addressof(filters)))
        libc = ctypes.CDLL(None, use_errno=True)
        no_new_privileges, set_filter = 38, 22
        if libc.prctl(no_new_privileges, 1, 0, 0, 0) or libc.prctl(set_filter, 2, program, 0, 0):
            os._exit(99)

    return install


MEMFD_CREATE = 319


@pytest.mark.parametrize("error", [38, 1])
@needs.x86_64
def test_without_memfd_create(binary: Path, tmp_path: Path, error: int) -> None:
    for check, expected in (("show", "b'0123' 600000 False True\n"), ("share", None)):
        arguments = [f"{binary}/app/data.txt"] if check == "show" else []
        done = subprocess.run(
            [binary, check, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            preexec_fn=refuse(MEMFD_CREATE, error),
            check=False,
        )
        assert done.returncode == 0, done.stderr
        if expected is not None:
            assert done.stdout == expected
        else:
            assert done.stdout.startswith("1\nb'0123' b'5678'")
