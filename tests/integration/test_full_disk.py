"""A full disk, wherever it is met, ends in one message that names the file system and what would free space."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from castiron_common.cache import cache_root
from castiron_common.errors import OutputError
from castiron_manifest.codec import encode
from tests.support import needs
from tests.support.linking import command, own_cache
from tests.unit.link.making import manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        needs.skip("mount", mounted.stderr.strip())
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture
def hello(pack: Pack, tmp_path: Path) -> Path:
    file = tmp_path / "app.manifest"
    file.write_bytes(encode(manifest({"app.py": b"print(1)"}, pack=f"cpython-{pack.python_version}")))
    warm = command("link", file, "-o", "warm", cwd=tmp_path)
    assert warm.status == 0, warm.stderr
    return file


def told(stderr: str, place: str) -> None:
    """Look for the message; ``place`` as seen from the current folder."""
    assert f"no space left on the file system {place} " in stderr
    assert "castiron cache prune" in stderr
    assert "Traceback" not in stderr
    assert "bug in castiron" not in stderr


def test_the_place_of_the_output(hello: Path, small: Path) -> None:
    done = command("link", hello, "-o", small / "app", cwd=small)
    assert done.status == OutputError.exit_code, done.stderr
    told(done.stderr, str(small))
    assert list(small.iterdir()) == []


def test_the_cache(hello: Path, small: Path, tmp_path: Path) -> None:
    """The linker's own output, in a working folder of the cache."""
    given = own_cache(small, "components", "sources", "link", "stdlib-graph")
    done = command("link", hello, "-o", "app", cwd=tmp_path, env={**os.environ, **given})
    assert done.status == OutputError.exit_code, done.stderr
    told(done.stderr, "small")
    assert not (tmp_path / "app").exists()
    assert list((cache_root(given) / "running").iterdir()) == []
