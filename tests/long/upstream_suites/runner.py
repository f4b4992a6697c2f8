"""The application of a suite: ``runner.py pytest|files|unittest|numba|gevent OUT NAME ...`` runs upstream's tests.

Writes a line of JSON to OUT for each test: its name, what came of it (``passed``, ``failed``, ``skipped``), and why.  A
line with ``started`` comes before, so that a test which ends the process is known by its name.
"""

from __future__ import annotations

import importlib
import json
import sys
import unittest
from pathlib import Path
from typing import Any, TextIO


class Record:
    """The file of outcomes."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def tell(self, name: str, word: str, detail: str = "") -> None:
        """Add one line."""
        self._file.write(json.dumps([name, word, detail[-3000:]]) + "\n")
        self._file.flush()


class PytestPlugin:
    """Records what pytest reports."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:
        self._record.tell(_plain(nodeid, location), "started")

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome != "passed":
            self._record.tell(_plain(report.nodeid, report.location), report.outcome, str(report.longrepr or ""))

    def pytest_collectreport(self, report: Any) -> None:
        if report.outcome == "failed":
            self._record.tell(report.nodeid, "failed", str(report.longrepr or ""))


def _plain(nodeid: str, location: Any) -> str:
    """Return the name of a test without the place of the installation, or of this folder."""
    path = location[0]
    file = path.partition("site-packages/")[2] or (Path(path).name if ".." in path else path)
    return file + "::" + nodeid.partition("::")[2]


class Result(unittest.TestResult):
    """Records what unittest reports.  Of a test with parts (``subTest``), a part that fails makes it fail."""

    def __init__(self, record: Record) -> None:
        super().__init__()
        self._record = record
        self._name = ""

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest's names
        super().startTest(test)
        # PyTables' tests forget their names while they run.
        self._name = test.id()
        self._record.tell(self._name, "started")

    def _tell(self, test: unittest.TestCase, word: str, detail: str = "") -> None:
        # What fails before the first test of a class or module is no test that started.
        named = self._name if isinstance(test, unittest.TestCase) else test.id()
        self._record.tell(named, word, detail)

    def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
        self._tell(test, "passed")

    def addExpectedFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: ARG002, N802
        self._tell(test, "passed")

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
        self._tell(test, "failed", "unexpected success")

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802
        self._tell(test, "skipped", reason)

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802
        super().addFailure(test, err)
        self._tell(test, "failed", self.failures[-1][1])

    def addError(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802
        super().addError(test, err)
        self._tell(test, "failed", self.errors[-1][1])

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:  # noqa: N802
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._tell(test, "failed", str(err[1]))


def with_files(record: Record, names: list[str]) -> None:
    """Run files and folders with pytest, also where some of them cannot be imported."""
    import pytest

    options = ["-q", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    pytest.main([*options, *names], plugins=[PytestPlugin(record)])


def with_packages(record: Record, names: list[str]) -> None:
    """Run packages, or files below them, with ``pytest --pyargs``."""
    with_files(record, ["--pyargs", *names])


def with_unittest(record: Record, names: list[str]) -> None:
    """Run modules, or what ``module:function`` returns."""
    for name in names:
        module, _, function = name.partition(":")
        loaded = importlib.import_module(module)
        suite = getattr(loaded, function)() if function else unittest.defaultTestLoader.loadTestsFromModule(loaded)
        suite.run(Result(record))


def with_numba(record: Record, names: list[str]) -> None:
    """Run modules with numba's own runner."""
    testing = importlib.import_module("numba.testing")
    program = importlib.import_module("numba.testing.main")

    def run(_runner: object, test: unittest.TestSuite) -> Result:
        return test.run(Result(record))  # type: ignore[return-value]

    program.BasicTestRunner.run = run
    testing.run_tests(["numba.runtests", *names])


def with_gevent(record: Record, names: list[str]) -> None:
    """Run modules with all resources: where there is no package ``test``, gevent's default says that none are there."""
    # The module stands behind a proxy, which returns nothing but such defaults.
    module = importlib.import_module("gevent.testing.support")._this_mod
    module.is_resource_enabled = module._Default(lambda _: True)
    with_unittest(record, names)


def main() -> int:
    kind, out, *names = sys.argv[1:]
    with Path(out).open("a", encoding="utf-8") as file:
        kinds = {
            "pytest": with_packages,
            "files": with_files,
            "unittest": with_unittest,
            "numba": with_numba,
            "gevent": with_gevent,
        }
        kinds[kind](Record(file), names)
    return 0


if __name__ == "__main__":
    sys.exit(main())
