"""Programs on a terminal: curses, readline and what stands on it, with and without a terminfo database."""

from __future__ import annotations

import fcntl
import os
import re
import select
import shutil
import struct
import subprocess
import termios
import time
from typing import TYPE_CHECKING

import pytest

from tests.support import needs
from tests.support.linking import trace_and_link
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration


APP = """
import sys


def draw():
    import curses

    def main(screen):
        screen.addstr(2, 3, "drawn", curses.A_BOLD)
        screen.refresh()
        return screen.getkey(), curses.tigetnum("colors")

    print(*curses.wrapper(main))


def colors():
    import curses

    curses.setupterm()
    print("colors", curses.tigetnum("colors"))


def line():
    import readline

    print(repr(input("line> ")))


def bindings():
    import readline

    readline.add_history("find this again")
    for line in open("bindings"):
        readline.parse_and_bind(line.rstrip("\\n"))
    print(repr(input("line> ")))


def hooks():
    import readline

    words = ["apricot", "apple"]
    readline.parse_and_bind("tab: complete")
    readline.set_completer(lambda text, state: ([word for word in words if word.startswith(text)] + [None])[state])
    readline.set_completion_display_matches_hook(lambda *arguments: print("matches", *arguments))
    print(repr(input("line> ")))
    readline.set_startup_hook(lambda: readline.insert_text("before"))
    print(repr(input("line> ")))
    readline.set_startup_hook(None)
    readline.set_pre_input_hook(lambda: (readline.insert_text("later"), readline.redisplay()))
    print(repr(input("line> ")))
    readline.set_pre_input_hook(None)
    try:
        input("line> ")
    except KeyboardInterrupt:
        print("interrupted")
    print(repr(input("line> ")))
    try:
        input("line> ")
    except EOFError:
        print("the end")


def entries():
    import readline

    return [readline.get_history_item(i + 1) for i in range(readline.get_current_history_length())]


def history():
    import readline

    path = sys.argv[2]
    for word in ("one", "two words", "back\\\\slash", "three"):
        readline.add_history(word)
    readline.set_history_length(2)
    readline.write_history_file(path)
    print(open(path).read().splitlines())
    readline.set_history_length(-1)
    readline.append_history_file(1, path)
    readline.clear_history()
    readline.read_history_file(path)
    print(entries())
    readline.set_history_length(0)
    readline.write_history_file(path)
    readline.clear_history()
    readline.read_history_file(path)
    print(entries())
    for name in sys.argv[3:]:
        readline.clear_history()
        readline.read_history_file(name)
        print(entries())


def shell():
    import cmd

    class Shell(cmd.Cmd):
        prompt = "shell> "

        def do_greet(self, name):
            print("hello", name)

        def complete_greet(self, text, line, start, end):
            return [name for name in ("world", "worms") if name.startswith(text)]

        def do_EOF(self, _):
            return True

    Shell().cmdloop()


def console():
    import code
    import readline
    import rlcompleter

    names = {"something_long": 42}
    readline.set_completer(rlcompleter.Completer(names).complete)
    readline.parse_and_bind("tab: complete")
    code.interact(local=names, banner="")


def debugger():
    import pdb

    something_long = 43
    pdb.set_trace()
    print("after")


globals()[sys.argv[1]]()
"""


class Terminal:
    """A program on a pseudo-terminal of 80 columns and 24 lines."""

    def __init__(self, command: list[str | Path], env: Mapping[str, str], cwd: Path | None = None) -> None:
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        self._process = subprocess.Popen(
            [str(part) for part in command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env=dict(env),
            start_new_session=True,
            # So that Ctrl-C is a signal.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  no other thread runs here
        )
        os.close(slave)
        self.seen = ""

    def expect(self, pattern: str) -> str:
        """Wait for output that matches; return the whole output up to here and forget it."""
        before = self._matches(pattern, PATIENCE)
        if before is None:
            raise AssertionError(f"no {pattern!r} in {self.seen!r}")
        return before

    def _matches(self, pattern: str, seconds: float) -> str | None:
        """Return the output up to a match, which is forgotten then; None if none came in time."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen)):
            ready, _, _ = select.select([self._master], [], [], max(0.0, end - time.monotonic()))
            try:
                data = os.read(self._master, 4096) if ready else b""
            except OSError:  # how Linux says that the other end is closed
                data = b""
            if not data:
                return None
            self.seen += data.decode(errors="replace")
        before, self.seen = self.seen[: found.end()], self.seen[found.end() :]
        return before

    def send(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def send_until(self, key: str, pattern: str) -> None:
        """Press a key that is a signal until output matches.

        CPython's readline module waits with select(2) for keys, and looks for signals only after that was interrupted:
        one that comes between the two waits for the next key, as in any CPython.
        """
        for _ in range(20):
            self.send(key)
            if self._matches(pattern, 3):
                return
        raise AssertionError(f"no {pattern!r} in {self.seen!r}")

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._master)


@pytest.fixture(scope="module")
def binary(pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("terminals")
    (folder / "app.py").write_text(APP)
    return trace_and_link(["app.py"], cwd=folder, name="app")


@pytest.fixture
def jail(binary: Path, tmp_path: Path) -> Path:
    """A folder that holds the executable and nothing else."""
    folder = tmp_path / "jail"
    folder.mkdir()
    shutil.copyfile(binary, folder / "app")
    (folder / "app").chmod(0o755)
    return folder


@needs.root
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("alacritty", 256),
        ("ansi", 8),
        ("foot", 256),
        ("linux", 8),
        ("screen", 8),
        ("tmux-256color", 256),
        ("vt100", -1),
        ("vt220", -1),
        ("xterm", 8),
        ("xterm-256color", 256),
        ("xterm-ghostty", 256),
        ("xterm-kitty", 256),
    ],
)
def test_a_screen_without_any_terminfo_database(jail: Path, name: str, count: int) -> None:
    terminal = Terminal(["chroot", jail, "/app", "draw"], {"TERM": name, "PATH": os.environ["PATH"]})
    try:
        screen = terminal.expect("drawn")
        assert re.search(r"\x1b\[(3;4H|3d|2B)", screen), screen  # to the third line
        terminal.send("x")
        terminal.expect(rf"x {count}\r")
    finally:
        terminal.close()


@needs.root
@pytest.mark.parametrize("name", ["xterm-256color", "dumb", "tmux", "nobody-knows-it"])
def test_a_line_is_edited_without_any_terminfo_database(jail: Path, name: str) -> None:
    terminal = Terminal(["chroot", jail, "/app", "line"], {"TERM": name, "PATH": os.environ["PATH"]})
    try:
        terminal.expect("line> ")
        terminal.send("wird\x02\x02\x7fo\x05!\r")  # two to the left, delete one, insert, to the end
        terminal.expect(r"'word!'")
    finally:
        terminal.close()


def compiled(name: str, colors: int) -> bytes:
    """Return a description of a terminal that has a number of colours and nothing else; see term(5)."""
    names = f"{name}|made for a test\0".encode()
    numbers = [-1] * 13 + [colors]
    head = struct.pack("<6h", 0o432, len(names), 0, len(numbers), 0, 0)
    return head + names + b"\0" * (len(names) % 2) + struct.pack(f"<{len(numbers)}h", *numbers)


@pytest.mark.parametrize("place", ["TERMINFO", "TERMINFO_DIRS", "home", None])
def test_the_systems_description_comes_first(binary: Path, tmp_path: Path, place: str | None) -> None:
    folder = tmp_path / ("x" if place != "home" else ".terminfo/x")
    folder.mkdir(parents=True)
    (folder / "xterm-color").write_bytes(compiled("xterm-color", 3))
    env = {"TERM": "xterm-color"} | ({"HOME": str(tmp_path)} if place == "home" else {})
    env |= {place: str(tmp_path)} if place is not None and place != "home" else {}
    done = subprocess.run([binary, "colors"], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == f"colors {8 if place is None else 3}\n"


def test_history_files_are_those_of_gnu_readline(binary: Path, tmp_path: Path) -> None:
    (tmp_path / "gnu").write_text("plain\\040text\nlast")
    (tmp_path / "libedit").write_text("_HiStOrY_V2_\ntwo\\040words\n")
    command = [binary, "history", "file", "gnu", "libedit"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout.splitlines(), done.stderr) == (
        [
            r"['back\\slash', 'three']",
            r"['back\\slash', 'three', 'three']",
            "[]",
            r"['plain\\040text', 'last']",
            "['two words']",
        ],
        "",
    )


@pytest.mark.parametrize(
    ("line", "keys", "result"),
    [
        ("Control-t: beginning-of-line", "bc\x14a", "abc"),
        ("C-t: end-of-line", "ab\x01\x14c", "abc"),
        (r'"\C-t": backward-char', "ac\x14b", "abc"),
        (r'"\e[5~": history-search-backward', "find\x1b[5~!", "find this again!"),
        (r'"\x14": "some text"', "a \x14", "a some text"),
        (r'"\M-t": upcase-word', "abc\x01\x1bt", "ABC"),
        ("tab: self-insert", "a\tb", "a\tb"),
        ("bind ^T ed-prev-char", "ac\x14b", "abc"),  # libedit's own words
        ("set completion-ignore-case on", "abc", "abc"),
        ("set editing-mode vi", "bc\x1b0ia", "abc"),
    ],
)
def test_key_bindings(binary: Path, tmp_path: Path, line: str, keys: str, result: str) -> None:
    (tmp_path / "bindings").write_text(f"{line}\n")
    terminal = Terminal([binary, "bindings"], {"TERM": "xterm", "HOME": str(tmp_path)}, cwd=tmp_path)
    try:
        terminal.expect("line> ")
        terminal.send(f"{keys}\r")
        terminal.expect(re.escape(f"{result!r}\r"))
    finally:
        terminal.close()


def test_hooks_and_control_keys(binary: Path, tmp_path: Path) -> None:
    terminal = Terminal([binary, "hooks"], {"TERM": "xterm", "HOME": str(tmp_path)}, cwd=tmp_path)
    try:
        for wanted, keys in (
            ("line> ", "ap\t\t"),
            (r"matches ap \['apple', 'apricot'\] 7", "r\t\r"),
            ("'apricot'(?s:.)*line> (?s:.)*before", " it\r"),
            ("'before it'(?s:.)*line> (?s:.)*later", "\r"),
            ("'later'(?s:.)*line> ", "gone"),
        ):
            terminal.expect(wanted)
            terminal.send(keys)
        terminal.expect("gone")
        terminal.send_until("\x03", "interrupted(?s:.)*line> ")
        for keys, wanted in (
            ("\x12befo\r", "'before it'(?s:.)*line> "),  # found in the history, and taken at once
            ("\x04", "the end"),
        ):
            terminal.send(keys)
            terminal.expect(wanted)
    finally:
        terminal.close()


@pytest.mark.parametrize(
    ("part", "steps"),
    [
        ("shell", [("shell> ", "gre\t wor\t\t"), ("world +worms", "l\t\r"), ("hello world", "\x04")]),
        ("console", [(">>> ", "someth\t\r"), (r"\n42\r", "something_long.bit_l\t\r"), (r"\n6\r", "\x04")]),
        ("debugger", [(r"\(Pdb\) ", "p someth\t\r"), (r"\n43\r", "c\r"), ("after", "")]),
    ],
)
def test_tab_completes(binary: Path, tmp_path: Path, part: str, steps: list[tuple[str, str]]) -> None:
    terminal = Terminal([binary, part], {"TERM": "xterm", "HOME": str(tmp_path)})
    try:
        for wanted, keys in steps:
            terminal.expect(wanted)
            terminal.send(keys)
    finally:
        terminal.close()
