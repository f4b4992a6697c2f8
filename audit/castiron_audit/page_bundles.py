"""Makes bundles of packages of npm as those of pages are: for browsers, minified, without what only development has.

What `make_script_strings` reads.  The bundler is esbuild, which is one of the packages of the folder; what a package
needs is not bundled with it.  A package that a bundler for pages refuses, as it needs what only Node.js has, is bundled
for Node.js: there are programs for it in wheels, too.
"""

from __future__ import annotations

import json
import re
import subprocess
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

BUNDLER = "esbuild"
_PROGRAMS = "@esbuild/*/bin/esbuild"
"""The program itself, in the package for the machine's system."""
_OPTIONS = (
    "--bundle",
    "--format=esm",
    "--minify",
    "--legal-comments=none",
    "--log-level=silent",
    '--define:process.env.NODE_ENV="production"',
    "--loader:.js=jsx",
)
_NO_SCRIPTS = (
    *("css", "scss", "sass", "less", "svg", "png", "jpg", "gif", "woff", "woff2", "ttf", "eot"),
    *("node", "wasm", "html", "txt", "md", "mp3", "json5", "vue"),
)
_NO_ENTRY = re.compile(r"\.(?:css|scss|sass|less|json|d\.ts|md|svg|html)$|package|test|server|node|cli|types|\*")
"""Entries of a package that no page imports."""
_PLATFORMS = ("browser", "node")
_MOST_ENTRIES = 400
_SECONDS = 60
_NEEDS = ("dependencies", "peerDependencies", "optionalDependencies")


def program(modules: Path) -> Path | None:
    """Return the bundler that npm installed there."""
    return next(iter(sorted(modules.glob(_PROGRAMS))), None)


def page_bundle(bundler: Path, modules: Path, name: str, manifest: Mapping[str, Any]) -> bytes | None:
    """Return the bundle of a package's entries, or of its main one if not all of them can be in one."""
    exports = manifest.get("exports")
    more = [
        key.removeprefix(".")
        for key in (exports if isinstance(exports, dict) else {})
        if key.startswith("./") and not _NO_ENTRY.search(key)
    ]
    kinds: list[Sequence[str]] = [("",)]
    if 0 < len(more) <= _MOST_ENTRIES:
        kinds.insert(0, ("", *more))
    needs = sorted({need for kind in _NEEDS for need in manifest.get(kind) or ()} - {name})
    options = [*(f"--loader:.{ending}=empty" for ending in _NO_SCRIPTS), *(f"--external:{need}" for need in needs)]
    for platform, entries in product(_PLATFORMS, kinds):
        script = "".join(f"export * as n{place} from {json.dumps(name + end)};" for place, end in enumerate(entries))
        command = [str(bundler), *_OPTIONS, f"--platform={platform}", *options]
        try:
            done = subprocess.run(
                command, input=script.encode(), cwd=modules.parent, capture_output=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            continue
        if done.returncode == 0:
            return done.stdout
    return None
