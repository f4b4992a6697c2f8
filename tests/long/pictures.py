"""Makes the pictures of the documentation anew: ``python -m tests.long.pictures``.

They show an application with today's versions, so run it when the page's look has changed.  Needs the package index and
Chromium (Debian: ``apt-get install chromium``).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.linking import COMMANDS

IMAGES = Path(__file__).parents[2] / "docs" / "images"
WIDTH, HEIGHT = 1280, 2100
"""Pixels."""

APPLICATION = """
# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "cryptography", "flask", "html2text", "lxml", "matplotlib", "pandas", "pillow", "pydantic", "requests", "shapely",
# ]
# ///
import cryptography.fernet, flask, html2text, lxml.etree, matplotlib.pyplot, pandas
import PIL.Image, pydantic, requests, shapely
print(flask.Flask(__name__).name)
"""
PROJECT = """
[project]
name = "web"
version = "7.1"
license = "GPL-3.0-or-later"
authors = [{name = "Example Ltd.", email = "sbom@example.org"}]
"""


def main() -> int:
    chromium = shutil.which("chromium")
    if chromium is None:
        print("error: Chromium makes the pictures; on Debian: apt-get install chromium", file=sys.stderr)
        return 9
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "web.py").write_text(APPLICATION)
        (work / "pyproject.toml").write_text(PROJECT)
        subprocess.run([COMMANDS / "castiron", "build", "web.py", "-o", "web"], cwd=work, check=True)
        page = work / "licenses.html"
        subprocess.run(
            [COMMANDS / "castiron", "audit", "web", "--format", "html", "-o", page.name], cwd=work, check=True
        )
        photograph(chromium, page, IMAGES / "licenses-light.png")
    return 0


def photograph(chromium: str, page: Path, picture: Path) -> None:
    """Let Chromium show a page, without connections of its own, and write what its window shows."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"]
    options += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    options += [f"--user-data-dir={page.parent / 'profile'}", f"--window-size={WIDTH},{HEIGHT}"]
    subprocess.run([chromium, *options, f"--screenshot={picture}", page.as_uri()], check=True, timeout=300)


if __name__ == "__main__":
    raise SystemExit(main())
