"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import signal
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from castiron_common.progress import RichReporter
from tests.support import needs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from castiron_runtime.model import Pack


# How long an example takes, and how long it takes to think of one, depends on what else the machine does: no failure.
# A developer's runs have new examples each time, and the fuzzers search on; CI repeats the same, as it judges a change.
settings.register_profile(
    "castiron", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("castiron")

# A shell that starts the tests in the background lets them ignore Ctrl-C, `nohup` a hang-up, and so all their children.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def pack() -> Pack:
    """The default runtime pack, built on first use and shared through the cache by all tests and runs."""
    from rich.console import Console

    from castiron_runtime.packs import open_pack
    from tests.support.targets import target_for

    return open_pack(target_for().python, target_for().target, reporter=RichReporter(Console(stderr=True)))


@pytest.fixture
def plain_environment() -> dict[str, str]:
    """An environment in which nothing of the host's Python leaks into a program under test."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTHON") and key != "VIRTUAL_ENV"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


# --- What did not run, and why ---


def reasons(reports: Iterable[pytest.TestReport]) -> tuple[Counter[str], list[str]]:
    """Return how many tests lacked what, and the tests that were skipped for no reason that we know."""
    counts: Counter[str] = Counter()
    unknown = []
    for report in reports:
        given = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        name = needs.named(given)
        if name is None:
            unknown.append(f"{report.nodeid}: {given}")
        else:
            counts[name] += 1
    return counts, unknown


def _reporter(config: pytest.Config) -> pytest.TerminalReporter | None:
    """Return what has seen the reports of all workers; None in a worker."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return reporter if isinstance(reporter, pytest.TerminalReporter) else None


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true"}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts, unknown = reasons(terminalreporter.stats.get("skipped", ()))
    if counts or unknown:
        terminalreporter.section("not run here")
    for name, count in sorted(counts.items()):
        terminalreporter.write_line(f"{count:4} need {name}: {needs.KNOWN[name]}")
    for line in unknown:
        what = "error: skipped for a reason that is not in tests/support/needs.py" if in_ci() else "another reason"
        terminalreporter.write_line(f"{what}: {line}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = _reporter(session.config)
    if reporter is not None and in_ci() and reasons(reporter.stats.get("skipped", ()))[1]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
