"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from castiron_common.progress import RichReporter

if TYPE_CHECKING:
    from castiron_runtime.model import Pack


# How long an example takes depends on what else the machine does; a slow one is no failure.
settings.register_profile("castiron", deadline=None)
settings.load_profile("castiron")

# A shell that starts the tests in the background lets them ignore Ctrl-C, and all their children with them.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def pack() -> Pack:
    """The default runtime pack, built on first use and shared through the cache by all tests and runs."""
    from rich.console import Console

    from castiron_runtime.packs import open_pack

    return open_pack(reporter=RichReporter(Console(stderr=True)))


@pytest.fixture
def examples() -> Path:
    """The folder of example applications."""
    return Path(__file__).resolve().parent.parent / "examples"


@pytest.fixture
def plain_environment() -> dict[str, str]:
    """An environment in which nothing of the host's Python leaks into a program under test."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTHON") and key != "VIRTUAL_ENV"}
