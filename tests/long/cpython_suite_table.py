"""The table of docs/compatibility-results.md: CPython's own tests in a linked binary and under the target interpreter.

    python -m tests.long.cpython_suite_table /tmp/suite            # run what is not there yet, print the table
    python -m tests.long.cpython_suite_table /tmp/suite json re    # these alone
    python -m tests.long.cpython_suite_table /tmp/suite --only interpreter

Results are kept in the folder, a file per program and area: delete one to run it again.  Everything takes an hour and a
half on two processors.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from castiron_common.progress import RichReporter
from castiron_runtime.packs import interpreter, open_pack, python_target
from castiron_runtime.recipe import supported_pythons
from castiron_runtime.target_files import defaults, load_target
from castiron_wheels.build import build_tree
from castiron_wheels.build_stack import BuildContext
from castiron_wheels.resolve import provision_for
from tests.support import cpython_suite

if TYPE_CHECKING:
    from castiron_common.progress import Reporter
    from castiron_runtime.model import Pack

AREAS = (
    # The import system.
    *("importlib", "import", "pkgutil", "runpy", "inspect", "traceback", "linecache", "zipimport", "zipimport_support"),
    *("modulefinder", "reprlib", "site", "compileall", "py_compile", "zipapp", "module", "frozen", "source_encoding"),
    *("pkg", "sundry", "__all__"),
    # Files and processes.
    *("io", "fileio", "file", "os", "posix", "posixpath", "pathlib", "shutil", "tempfile", "glob", "fnmatch", "mmap"),
    *("memoryio", "bufio", "univnewlines", "genericpath", "stat", "unicode_file", "unicode_file_functions", "ioctl"),
    *("fcntl", "pty", "termios", "tty", "getpass", "resource", "pwd", "grp", "syslog", "poll", "epoll", "select"),
    *("selectors", "subprocess", "multiprocessing_fork", "multiprocessing_forkserver", "multiprocessing_spawn"),
    *("multiprocessing_main_handling", "concurrent_futures", "threading", "thread", "threading_local", "queue"),
    *("sched", "asyncio", "signal", "faulthandler", "interpreters", "_interpreters", "_interpchannels", "eintr"),
    # The network.
    *("ssl", "socket", "socketserver", "httplib", "httpservers", "http_cookies", "http_cookiejar", "urllib", "urllib2"),
    *("urllib2_localnet", "urllib_response", "urlparse", "robotparser", "ftplib", "smtplib", "poplib", "imaplib"),
    *("wsgiref", "xmlrpc", "ipaddress", "email", "mailbox", "mimetypes", "netrc", "uuid", "webbrowser"),
    # Data.
    *("sqlite3", "dbm", "dbm_dumb", "dbm_sqlite3", "dbm_ndbm", "shelve", "ctypes", "zoneinfo", "hashlib", "hmac"),
    *("secrets", "json", "csv", "configparser", "tomllib", "plistlib", "xml_etree", "xml_etree_c", "minidom", "sax"),
    *(
        "pyexpat",
        "pulldom",
        "docxmlrpc",
        "html",
        "htmlparser",
        "pickle",
        "pickletools",
        "copy",
        "copyreg",
        "marshal",
        "struct",
        "array",
        "base64",
    ),
    *("binascii", "quopri", "codecs", "codeccallbacks", "codecencodings_cn", "codecencodings_jp", "codecmaps_cn"),
    *("charmapcodec", "multibytecodec", "utf8source", "unicodedata", "ucn", "tarfile", "zipfile", "zlib"),
    *("gzip", "bz2", "lzma", "wave", "colorsys", "calendar", "datetime", "time", "strptime", "locale", "gettext"),
    *("difflib", "filecmp", "fileinput", "textwrap", "string", "shlex", "re", "pprint"),
    # Numbers.
    *(
        "decimal",
        "fractions",
        "strftime",
        "statistics",
        "random",
        "math",
        "cmath",
        "float",
        "long",
        "complex",
        "numeric_tower",
    ),
    # The language and its tools.
    *("typing", "dataclasses", "enum", "functools", "itertools", "collections", "contextlib", "contextlib_async"),
    *("heapq", "bisect", "graphlib", "operator", "abc", "types", "weakref", "descr", "generators", "coroutines"),
    *(
        "asyncgen",
        "bytes",
        "str",
        "int",
        "range",
        "sort",
        "property",
        "builtin",
        "exceptions",
        "exception_group",
        "fstring",
        "dict",
        "list",
        "set",
    ),
    *("memoryview", "buffer", "class", "super", "scope", "syntax", "grammar", "patma", "type_params", "unpack_ex"),
    *("warnings", "logging", "unittest", "doctest", "pdb", "bdb", "trace", "profile", "cprofile", "timeit", "argparse"),
    *("optparse", "getopt", "cmd", "code", "codeop", "ast", "dis", "symtable", "tokenize", "opcodes", "compile"),
    *("sys", "sys_settrace", "sys_setprofile", "monitoring", "audit", "sysconfig", "platform", "cmd_line"),
    *("cmd_line_script", "pydoc", "pyclbr", "tabnanny", "tracemalloc", "gc", "atexit", "contextlib", "context"),
    *("readline", "curses", "rlcompleter", "_colorize", "pyrepl", "venv", "ensurepip", "pstats", "utf8_mode"),
    *("c_locale_coercion", "finalization", "frame", "repl"),
)
"""``Lib/test/test_NAME``, in the order of the table."""

LOCAL_SERVERS = ("socketserver",)
"""Areas that want to use the network and reach no further than this machine."""

PROGRAMS = ("binary", "interpreter")
LONGEST = 1500
"""Seconds that one area may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Test methods of one area; ``failed`` and ``skipped`` by name."""

    passed: int
    failed: tuple[str, ...]
    skipped: tuple[str, ...]
    broken: str = ""
    """What happened if the tests did not come to their end."""


def prepare_interpreter(folder: Path, pack: Pack, *, reporter: Reporter) -> list[str]:
    """Copy the target interpreter and put the tests into its library; return the command that runs it."""
    name = f"python{pack.feature}"
    place = folder / "interpreter"
    if not place.is_dir():
        making = folder / "interpreter.making"
        shutil.rmtree(making, ignore_errors=True)
        program = interpreter(pack, full=True, reporter=reporter)
        shutil.copytree(program.parent.parent, making, symlinks=True)
        library = making / "lib" / name
        shutil.copytree(folder / "test", library / "test", symlinks=True)
        target = python_target(pack.target, pack.feature)
        with tempfile.TemporaryDirectory() as work:
            built = build_tree(
                folder / "modules",
                Path(work),
                making,
                label="cpython-test-modules",
                pack=pack,
                full=True,
                context=BuildContext(target=target, provision=provision_for(target, reporter), reporter=reporter),
            )
        with zipfile.ZipFile(built.wheel) as archive:
            archive.extractall(library / "lib-dynload")
        making.rename(place)
    return [str(place / "bin" / name)]


def run_area(program: list[str], area: str, environment: dict[str, str]) -> Result:
    """Run the tests of one area in a short folder: they make sockets, whose names have room for 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="cpy", ignore_cleanup_errors=True) as folder:
        report = Path(folder) / "report.xml"
        resources = "curses,network" if area in LOCAL_SERVERS else "curses"
        command = [
            *program,
            "-m",
            "test",
            "-v",
            "-u",
            resources,
            "--timeout",
            "600",
            "--junit-xml",
            str(report),
            f"test_{area}",
        ]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment | {"TMPDIR": folder, "HOME": folder},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=LONGEST,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Result(passed=0, failed=(), skipped=(), broken="took too long")
        output = done.stdout.decode(errors="replace")
        if not report.is_file():
            return Result(passed=0, failed=(), skipped=(), broken=output[-2000:])
        return read_report(report, output)


def read_report(report: Path, output: str) -> Result:
    """Unite the report, which knows nothing of subtests, and the output, which names what failed alone."""
    failed = set(re.findall(r"^(?:FAIL|ERROR): .*?\(([\w.<>]+)\)", output, re.MULTILINE))
    skipped: set[str] = set()
    passed = []
    for case in ET.parse(report).getroot().iter("testcase"):
        name = case.get("name", "")
        if case.find("failure") is not None or case.find("error") is not None:
            failed.add(name)
        elif case.find("skipped") is not None or case.get("result") == "skipped":
            skipped.add(name)
        else:
            passed.append(name)
    whole = f"the module is skipped: {output[-1500:]}" if not (failed or skipped or passed) else ""
    return Result(
        passed=sum(name not in failed for name in passed),
        failed=tuple(sorted(failed)),
        skipped=tuple(sorted(skipped)),
        broken=whole,
    )


def kept(folder: Path, program: str, area: str) -> Path:
    return folder / "results" / program / f"{area}.json"


def read_result(path: Path) -> Result:
    row = json.loads(path.read_text())
    return Result(
        passed=row["passed"], failed=tuple(row["failed"]), skipped=tuple(row["skipped"]), broken=row["broken"]
    )


def table(folder: Path, areas: list[str]) -> str:
    """Return the table, and below it what fails in one of the two alone."""
    lines = [
        "| test | binary: passed | failed | skipped | interpreter: passed | failed | skipped |",
        "| --- | --: | --: | --: | --: | --: | --: |",
    ]
    different = []
    for area in areas:
        paths = [kept(folder, program, area) for program in PROGRAMS]
        if not all(path.is_file() for path in paths):
            continue
        binary, ordinary = map(read_result, paths)
        cells = [
            str(cell)
            for result in (binary, ordinary)
            for cell in (result.passed, len(result.failed) or "", len(result.skipped))
        ]
        lines.append(f"| {' | '.join([area, *cells])} |")
        notes = [f"    failed in the binary: {name}" for name in sorted({*binary.failed} - {*ordinary.failed})]
        notes += [f"    failed in the interpreter: {name}" for name in sorted({*ordinary.failed} - {*binary.failed})]
        notes += [f"    skipped in the binary: {name}" for name in sorted({*binary.skipped} - {*ordinary.skipped})]
        notes += [f"    broken in the binary: {binary.broken}"] * bool(binary.broken and not ordinary.broken)
        notes += [f"    broken: {ordinary.broken[-300:]}"] * bool(ordinary.broken)
        if notes:
            different += [f"{area}:", *notes]
    return "\n".join([*lines, "", *different])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="for the binary and the results; is made")
    parser.add_argument("areas", nargs="*", default=list(dict.fromkeys(AREAS)), help="names without test_")
    parser.add_argument("--python", default=defaults().python, choices=supported_pythons(), help="the series")
    parser.add_argument("--only", choices=PROGRAMS, help="run this program alone")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="areas at once")
    arguments = parser.parse_args()
    folder: Path = arguments.folder.resolve()
    reporter = RichReporter(Console(stderr=True))
    pack = open_pack(arguments.python, load_target(defaults().target), reporter=reporter)
    binary = folder / f"python{pack.feature}"
    if not binary.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        cpython_suite.build(pack, folder)
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    commands = {"binary": [str(binary)], "interpreter": prepare_interpreter(folder, pack, reporter=reporter)}

    def work(job: tuple[str, str]) -> None:
        program, area = job
        path = kept(folder, program, area)
        if path.is_file():
            return
        result = run_area(commands[program], area, environment)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(result), indent=1) + "\n")
        print(f"{program} {area}: {result.passed} {len(result.failed)} {len(result.skipped)}", file=sys.stderr)

    jobs = [(program, area) for area in arguments.areas for program in PROGRAMS if arguments.only in (None, program)]
    with ThreadPoolExecutor(arguments.jobs) as pool:
        list(pool.map(work, jobs))
    print(table(folder, arguments.areas))


if __name__ == "__main__":
    main()
