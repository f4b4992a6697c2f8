"""What the commands do with one wheel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_trace.analyser.environment import read_entry_points
from castiron_trace.licenses import evidence
from castiron_trace.natives import natives
from castiron_wheels.install import install, site_packages
from castiron_wheels.libc_independent import holds_no_library
from castiron_wheels.record import installed_records
from castiron_wheels.reproducible import normalise_wheel
from castiron_wheels.wheel_metadata import read_metadata
from tests.support.targets import TARGET

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.target import PythonTarget


def use(wheel: Path, place: Path, target: PythonTarget) -> str:
    """Read, install and describe a wheel in the empty folder ``place``."""
    from castiron_common.errors import DependencyError

    read_metadata.__wrapped__(wheel)
    holds_no_library(wheel)
    refusal = None
    try:
        normalise_wheel(wheel, place / wheel.name)
    except DependencyError as error:
        refusal = error
    prefix = place / "prefix"
    prefix.mkdir()
    install([wheel], prefix, target)
    if refusal is not None:
        raise refusal
    site = site_packages(prefix, target)
    record = installed_records(site)["demo-a"]
    texts: dict[str, str] = {}
    evidence(site, record.dist_info, record.files, texts)
    read_entry_points(site / record.dist_info)
    objects = [(path, site / path, record.sha256.get(path)) for path in record.files if (site / path).is_file()]
    natives({"demo-a": objects}, TARGET)
    return "installed"
