"""Makes small applications and installed distributions for the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_manifest.model import Wheel
from castiron_trace.model import Site
from castiron_wheels.model import ResolvedDistribution

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below ``folder`` and return it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            path.write_bytes(content)
    return folder


def install(
    prefix: Path,
    name: str,
    files: Mapping[str, str | bytes],
    *,
    requires: tuple[str, ...] = (),
    entry_points: str = "",
    metadata: str = "",
    direct: bool = True,
    project: bool = False,
) -> ResolvedDistribution:
    """Install a distribution as `castiron_wheels.install` does: files, dist-info and RECORD."""
    site = prefix / "lib/python3.13/site-packages"
    info = f"{name}-1.0.dist-info"
    everything = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n{metadata}\n",
        **({f"{info}/entry_points.txt": entry_points} if entry_points else {}),
    }
    record = f"{info}/RECORD"
    write(site, {**everything, record: "".join(f"{path},,\n" for path in [*everything, record])})
    return ResolvedDistribution(
        name=name,
        version="1.0",
        wheel=Wheel(filename=f"{name}-1.0-py3-none-any.whl", sha256=name.encode().hex().ljust(64, "0")[:64], size=1),
        path=prefix / f"{name}-1.0-py3-none-any.whl",
        requires=requires,
        direct=direct,
        project=project,
    )


def site_of(prefix: Path, *distributions: ResolvedDistribution) -> Site:
    """Return the environment with these distributions."""
    return Site(path=(prefix / "lib/python3.13/site-packages",), distributions=distributions)
