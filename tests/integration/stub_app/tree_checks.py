"""Checks of the tree of files; see checks.py."""

import os
import sys

import shelf
from checking import APP, ROOT, check, fails, same


@check
def listing():
    import glob
    import pathlib

    same(sorted(os.listdir(f"{APP}/shelf")), ["__init__.py", "data.txt", "inner"])
    assert {"app", "lib"} <= set(os.listdir(ROOT))
    same(
        sorted((e.name, e.is_dir(), e.is_file(), e.is_symlink()) for e in os.scandir(f"{APP}/shelf")),
        [("__init__.py", False, True, False), ("data.txt", False, True, False), ("inner", True, False, False)],
    )
    same(
        sorted(os.path.basename(p) for p in glob.glob(f"{APP}/shelf/**", recursive=True)),
        ["", "__init__.py", "__init__.py", "bytes.bin", "data.txt", "inner"],
    )
    same(sorted(p.name for p in pathlib.Path(f"{APP}/shelf").rglob("*.bin")), ["bytes.bin"])
    same(sorted(len(files) for _, _, files in os.walk(f"{APP}/shelf")), [2, 2])
    same(sorted(len(files) for _, _, files, _ in os.fwalk(f"{APP}/shelf")), [2, 2])


@check
def status():
    import pathlib

    path = shelf.__file__
    entry = next(e for e in os.scandir(f"{APP}/shelf") if e.name == "__init__.py")
    with open(path) as file:
        assert os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    same(entry.inode(), os.stat(path).st_ino)
    same(entry.stat().st_size, os.path.getsize(path))
    assert os.path.isdir(f"{ROOT}/lib") and os.path.isfile(path) and not os.path.exists(f"{ROOT}/nothing")
    assert os.path.isdir(f"{ROOT}/") and os.path.isfile(ROOT)
    assert not os.path.exists(f"{path}/") and not os.path.exists(f"{path}/x")
    same((os.access(path, os.R_OK), os.access(path, os.W_OK), os.access(path, os.X_OK)), (True, False, False))
    fails(OSError, 22, os.readlink, path)
    same(os.path.realpath(f"{ROOT}/lib/../app/./shelf/data.txt"), f"{APP}/shelf/data.txt")
    same(os.path.realpath(f"{ROOT}/lib/../app/./shelf/data.txt", strict=True), f"{APP}/shelf/data.txt")
    same(pathlib.Path(path).resolve(strict=True), pathlib.Path(path))
    fails(FileNotFoundError, 2, lambda name: os.path.realpath(name, strict=True), f"{APP}/nothing")
    if hasattr(os.path, "ALLOW_MISSING"):
        same(os.path.realpath(f"{APP}/nothing", strict=os.path.ALLOW_MISSING), f"{APP}/nothing")
    if os.path.isfile("/etc/passwd"):  # not in an empty root
        fails(NotADirectoryError, 20, lambda name: os.path.realpath(name, strict=True), "/etc/passwd/x")
    same((os.path.realpath.__module__, os.path.realpath.__doc__[:6]), ("posixpath", "Return"))
    if hasattr(os, "listxattr"):  # before 3.12 with glibc alone
        same(os.listxattr(path), [])
    assert os.statvfs(path).f_flag & os.ST_RDONLY
    assert os.path.getmtime(path) > 315532800


@check
def read_only():
    import errno

    path = shelf.__file__
    for call, args in (
        (open, (path, "w")),
        (open, (path, "a")),
        (open, (path, "r+")),
        (open, (f"{ROOT}/new", "w")),
        (os.unlink, (path,)),
        (os.remove, (path,)),
        (os.rmdir, (f"{APP}/shelf",)),
        (os.mkdir, (f"{ROOT}/new",)),
        (os.rename, (path, "/tmp/x")),
        (os.rename, ("/etc/passwd", f"{ROOT}/x")),
        (os.chmod, (path, 0o600)),
        (os.truncate, (path, 0)),
        (os.utime, (path,)),
        (os.symlink, ("x", f"{ROOT}/x")),
        (os.mkfifo, (f"{ROOT}/x",)),
        (os.chown, (path, 0, 0)),
        *([(os.setxattr, (path, "user.a", b""))] if hasattr(os, "setxattr") else []),
    ):
        fails(OSError, errno.EROFS, call, *args)
    fails(OSError, errno.EXDEV, os.link, path, "/tmp/castiron-link")
    fails(OSError, errno.EEXIST, open, path, "x")
    fails(OSError, errno.ENOENT, os.unlink, f"{APP}/nothing")
    fails(OSError, errno.EEXIST, os.mkdir, f"{APP}/shelf")
    fails(OSError, errno.EISDIR, open, f"{APP}/shelf")
    with open(path, "rb") as file:
        fails(OSError, errno.EBADF, os.write, file.fileno(), b"x")
        fails(OSError, errno.EROFS, os.utime, file.fileno())
        fails(OSError, errno.EROFS, os.chmod, file.fileno(), 0o600)
        fails(OSError, errno.EROFS, os.chown, file.fileno(), os.getuid(), os.getgid())
        same(os.fstat(file.fileno()).st_ino, os.stat(path).st_ino)


@check
def room_in_files():
    import errno
    import tempfile

    fails(OSError, errno.EBADF, os.posix_fallocate, -42, 0, 10)
    fails(OSError, errno.EBADF, os.posix_fadvise, -42, 0, 0, os.POSIX_FADV_NORMAL)
    with tempfile.TemporaryFile() as file:
        fails(OSError, errno.EINVAL, os.posix_fallocate, file.fileno(), 0, -10)
        os.posix_fallocate(file.fileno(), 0, 100)
        same(os.fstat(file.fileno()).st_size, 100)
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)


@check
def copying():
    import mmap
    import shutil
    import tempfile

    folder = tempfile.mkdtemp()
    shutil.copytree(f"{APP}/shelf", f"{folder}/copy")
    same(sorted(os.listdir(f"{folder}/copy")), ["__init__.py", "data.txt", "inner"])
    with open(f"{folder}/copy/inner/bytes.bin", "rb") as file:
        same(file.read(), bytes(range(256)) * 40)
    with open(f"{folder}/copy/data.txt", "a") as file:
        file.write("and more")
    shutil.make_archive(f"{folder}/archive", "tar", f"{APP}/shelf")
    shutil.rmtree(folder)
    with open(f"{APP}/shelf/inner/bytes.bin", "rb") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            same(mapped[255:257], b"\xff\x00")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as mapped:
            mapped[0] = 7
        file.seek(0)
        same(file.read(1), b"\0")


@check
def descriptors():
    folder = os.open(f"{APP}/shelf", os.O_RDONLY | os.O_DIRECTORY)
    inside = os.open("data.txt", os.O_RDONLY, dir_fd=folder)
    same(os.read(inside, 100), b"hello data\n")
    same(os.stat("inner", dir_fd=folder).st_ino, os.stat(f"{APP}/shelf/inner").st_ino)
    same(sorted(os.listdir(folder)), ["__init__.py", "data.txt", "inner"])
    same(os.stat("../raising.py", dir_fd=folder).st_size, os.path.getsize(f"{APP}/raising.py"))
    fails(OSError, 30, os.unlink, "data.txt", dir_fd=folder)
    fails(OSError, 20, os.open, f"{APP}/shelf/data.txt", os.O_RDONLY | os.O_DIRECTORY)
    os.close(inside)
    os.close(folder)


@check
def other_ways_in():
    import tempfile

    data = f"{APP}/shelf/data.txt"
    os.chdir(os.path.dirname(ROOT))
    for path in (os.path.relpath(data), f"{ROOT}/../{os.path.basename(ROOT)}/app/shelf/data.txt"):
        with open(path) as file:
            same(file.read(), "hello data\n")
    same(sorted(os.listdir(os.path.relpath(f"{APP}/shelf"))), ["__init__.py", "data.txt", "inner"])
    assert os.path.samefile(f"{ROOT}/..", os.path.dirname(ROOT))
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(ROOT, f"{folder}/link")
        with open(f"{folder}/link/app/shelf/data.txt") as file:
            same(file.read(), "hello data\n")
    fails(OSError, 20, open, "/etc/passwd/x")
    os.chdir("/")
    with open(data) as file:
        same(file.read(), "hello data\n")
    child = os.fork()
    if child == 0:
        with open(data) as file:
            os._exit(0 if file.read() == "hello data\n" else 1)
    same(os.waitpid(child, 0)[1], 0)


@check
def current_folder():
    """Scripts change to their own folder."""
    import pathlib
    import subprocess

    before = os.getcwd()
    os.chdir(f"{APP}/shelf")
    same(os.getcwd(), f"{APP}/shelf")
    with open("data.txt") as file:
        same(file.read(), "hello data\n")
    same(sorted(os.listdir()), ["__init__.py", "data.txt", "inner"])
    same(os.path.abspath("inner/bytes.bin"), f"{APP}/shelf/inner/bytes.bin")
    same(pathlib.Path("inner").resolve(), pathlib.Path(f"{APP}/shelf/inner"))
    same(os.stat("../raising.py").st_ino, os.stat(f"{APP}/raising.py").st_ino)
    assert os.path.samefile("../../..", os.path.dirname(ROOT))
    fails(OSError, 2, open, "nothing")
    fails(OSError, 30, open, "new", "w")
    fails(OSError, 20, os.chdir, "data.txt")
    os.chdir("inner")
    same(os.path.basename(os.getcwd()), "inner")
    same(subprocess.run(["pwd"], capture_output=True, text=True, check=True).stdout.strip(), before)
    child = os.fork()
    if child == 0:
        os.chdir("..")
        os._exit(0 if os.path.exists("data.txt") else 1)
    same(os.waitpid(child, 0)[1], 0)
    same(os.path.basename(os.getcwd()), "inner")
    subprocess.run(["true"], cwd=before, check=True)
    same(os.path.basename(os.getcwd()), "inner")
    folder = os.open(f"{APP}/shelf", os.O_RDONLY | os.O_DIRECTORY)
    os.fchdir(folder)
    assert os.path.exists("data.txt")
    os.chdir(before)
    same(os.getcwd(), before)
    assert not os.path.exists("data.txt")


@check
def current_folder_of_children():
    import errno
    import subprocess

    where = [
        sys.executable,
        "-c",
        "import os; print(os.getcwd(), os.path.exists('data.txt'), '_CASTIRON_FOLDER' in os.environ)",
    ]
    inside, before = f"{APP}/shelf", os.getcwd()

    def shown(**options):
        return subprocess.run(where, capture_output=True, text=True, check=True, **options).stdout

    same(shown(), f"{before} False False\n")
    same(shown(cwd=inside), f"{inside} True False\n")
    same(shown(cwd=inside, env={}), f"{inside} True False\n")
    same(shown(cwd=inside, preexec_fn=lambda: None), f"{inside} True False\n")
    same((os.getcwd(), shown()), (before, f"{before} False False\n"))
    for options in ({}, {"preexec_fn": lambda: None}, {"shell": True}):
        fails(NotADirectoryError, errno.ENOTDIR, subprocess.run, ["true"], cwd=inside, **options)
    os.chdir(inside)
    same(shown(), f"{inside} True False\n")
    same(shown(cwd=".."), f"{APP} False False\n")
    same(shown(cwd=before), f"{before} False False\n")
    read, write = os.pipe()
    child = os.posix_spawn(sys.executable, where, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)])
    os.close(write)
    same((os.waitpid(child, 0)[1], os.read(read, 1000)), (0, f"{inside} True False\n".encode()))
    if os.fork() == 0:
        os.chdir("..")
        os.dup2(os.open("/dev/null", os.O_WRONLY), 2)
        os.execv(sys.executable, [sys.executable, "-c", f"import os; os._exit(os.getcwd() != {APP!r})"])
    same(os.wait()[1], 0)


@check
def spawned_with_files():
    read, write = os.pipe()
    before = set(os.listdir("/proc/self/fd"))
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, f"{APP}/shelf/data.txt", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, write, 1),
    ]
    child = os.posix_spawnp("cat", ["cat"], os.environ, file_actions=actions)
    same((os.waitpid(child, 0)[1], os.read(read, 100)), (0, b"hello data\n"))
    same(set(os.listdir("/proc/self/fd")), before)
    actions[0] = (os.POSIX_SPAWN_OPEN, 0, f"{APP}/shelf/nothing", os.O_RDONLY, 0)
    fails(FileNotFoundError, 2, os.posix_spawnp, "cat", ["cat"], os.environ, file_actions=actions)


@check
def without_its_file():
    """The executable is renamed, then deleted, while it runs."""
    os.rename(ROOT, f"{ROOT}.moved")
    same(shelf.__loader__.get_data(f"{APP}/shelf/data.txt"), b"hello data\n")
    with open(f"{APP}/shelf/data.txt") as file:
        same(file.read(), "hello data\n")
    os.unlink(f"{ROOT}.moved")
    with open(f"{APP}/shelf/data.txt") as file:
        same(file.read(), "hello data\n")
    import raised_later  # noqa: F401
