"""CPython's own tests, inside of a linked binary: what works under ``python`` works there.

The binary is called ``python3.13`` and linked with ``--children all``, so the tests that start ``sys.executable``
start it again.  ``docs/compatibility-results.md`` has the table of the whole suite, which
``tests.long.cpython_suite_table`` makes; here is what fits into some minutes: what meets code of ours, and once.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import cpython_suite

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

pytestmark = [pytest.mark.integration, pytest.mark.network, pytest.mark.long]

SELECTION = (
    "test_argparse",
    "test_ast",
    "test_asyncio",
    "test_builtin",
    "test_charmapcodec",
    "test_cmd_line_script",
    "test_codecs",
    "test_configparser",
    "test_contextlib",
    "test_csv",
    "test_dataclasses",
    "test_datetime",
    "test_email",
    "test_exceptions",
    "test_fileio",
    "test_frozen",
    "test_functools",
    "test_gettext",
    "test_glob",
    "test_gzip",
    "test_hashlib",
    "test_httplib",
    "test_httpservers",
    "test_import",
    "test_importlib",
    "test_inspect",
    "test_interpreters",
    "test_io",
    "test_json",
    "test_linecache",
    "test_logging",
    "test_math",
    "test_multibytecodec",
    "test_multiprocessing_main_handling",
    "test_multiprocessing_spawn",
    "test_os",
    "test_pathlib",
    "test_pickle",
    "test_pkgutil",
    "test_posix",
    "test_runpy",
    "test_shutil",
    "test_sqlite3",
    "test_ssl",
    "test_struct",
    "test_subprocess",
    "test_tarfile",
    "test_tempfile",
    "test_threading",
    "test_tokenize",
    "test_traceback",
    "test_typing",
    "test_unittest",
    "test_urllib",
    "test_urllib2_localnet",
    "test_xml_etree",
    "test_zipfile",
    "test_zipimport",
    "test_zipimport_support",
    "test_zoneinfo",
)

DIFFERENT = (
    # They expect the standard library beside the tests, which are the application here.
    "*.test_importlib.frozen.test_finder.*",
    # musl: pathconf never fails; fma rounds 0 upwards.
    "*.TestInvalidFD.test_fpathconf",
    "*.TestInvalidFD.test_pathconf_negative_fd_uses_fd_semantics",
    "*.FMATests.test_fma_zero_result",
    # musl: the number of no device is -1 there, too, and Python's functions take none.
    "*.PosixTester.test_makedev",
)
"""Patterns of tests that docs/compatibility-results.md explains."""

AGAIN = (
    # The tests of an event loop once more for each selector that it can be made of; here it is epoll.
    "*.PollEventLoopTests.*",
    "*.SelectEventLoopTests.*",
    # Tasks, futures and groups of tasks, in C and in Python, meet no code of ours.
    "test.test_asyncio.test_eager_task_factory.*",
    "test.test_asyncio.test_futures.*",
    "test.test_asyncio.test_taskgroups.*",
    "test.test_asyncio.test_tasks.*",
    # The tests of processes once more with objects of a server; those about the server itself stay.
    "*.WithManagerTestBarrier.*",
    "*.WithManagerTestCondition.*",
    "*.WithManagerTestPool.*",
    "*.WithManagerTestQueue.*",
    # And once more with threads in the place of processes.
    "*.WithThreadsTestBarrier.*",
    "*.WithThreadsTestCondition.*",
    "*.WithThreadsTestPool.*",
    "*.WithThreadsTestQueue.*",
    # The same with each way to wait for a child; here it is a pidfd.
    "*.SubprocessFastWatcherTests.*",
    "*.SubprocessSafeWatcherTests.*",
    "*.SubprocessThreadedWatcherTests.*",
    # Extraction by each filter; that of default stays.
    "*.NoneInfoExtractTests_Data.*",
    "*.NoneInfoExtractTests_FullyTrusted.*",
    "*.NoneInfoExtractTests_Tar.*",
)
"""Patterns of tests that take a third of the time, and tell nothing of binaries that others do not tell."""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory, pack: Pack) -> Path:
    return cpython_suite.build(pack, tmp_path_factory.mktemp("suite"))


def test_cpythons_tests_pass(suite: Path, plain_environment: dict[str, str]) -> None:
    # A short path: the tests make sockets in it, whose names have room for 107 bytes.
    with tempfile.TemporaryDirectory(prefix="cpy") as folder:
        ignored = Path(folder) / "different.txt"
        ignored.write_text("\n".join((*DIFFERENT, *AGAIN)))
        options = ["-j2", "-W", "--timeout", "300", "--ignorefile", str(ignored)]
        done = subprocess.run(
            [suite, "-m", "test", *options, *SELECTION],
            cwd=folder,
            env=plain_environment | {"LANG": "C.UTF-8", "TMPDIR": folder},
            capture_output=True,
            text=True,
            check=False,
        )
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAIL:", "ERROR:", "Total test"))]
    assert done.returncode == 0, "\n".join(failed) + done.stdout[-2000:] + done.stderr[-2000:]
    assert "Result: SUCCESS" in done.stdout
