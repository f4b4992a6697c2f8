"""A C++ extension module that is built from its sdist and expects GCC's libraries of the system, in a binary."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from castiron_manifest.reader import read_manifest
from tests.support.linking import command, run

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

pytestmark = [pytest.mark.integration, pytest.mark.network]

SOURCE = Path(__file__).parent / "gcc_user"

APPLICATION = """\
import sys
import demangle
print(demangle.demangle("_ZNSt6vectorIiSaIiEE9push_backERKi"), demangle.caught("too far"))
print(sorted(name for name in sys.modules if name.startswith("ujson")))
"""


def test_gcc_libraries_are_a_component_and_no_distribution(each_pack: Pack, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "gcc_user-1.0.tar.gz", "w:gz") as sdist:
        sdist.add(SOURCE, "gcc_user-1.0", filter=lambda item: None if "__pycache__" in item.name else item)
    (tmp_path / "requirements.txt").write_text("./gcc_user-1.0.tar.gz\n")
    (tmp_path / "app.py").write_text(APPLICATION)
    traced = command("trace", "--python", each_pack.feature, "app.py", "-o", "app.manifest", cwd=tmp_path)
    assert traced.status == 0, traced.stderr
    manifest = read_manifest(tmp_path / "app.manifest")
    assert [item.name for item in manifest.distributions] == ["gcc-user"]
    (finding,) = [finding for finding in manifest.findings if finding.code == "compiler-library"]
    assert finding.subject == "libgcc_s.so.1 and libstdc++.so.6"

    linked = command("link", "app.manifest", "-o", "app", cwd=tmp_path)
    assert linked.status == 0, linked.stderr
    done = run([tmp_path / "app"], cwd=tmp_path, env={})
    assert (done.status, done.stdout, done.stderr) == (
        0,
        "std::vector<int, std::allocator<int> >::push_back(int const&) too far\n[]\n",
        "",
    )

    # The interpreter that it is compared with has these libraries, too.
    checked = command("castiron", "check", "app.manifest", "--run", cwd=tmp_path)
    assert checked.status == 0, checked.stderr

    audited = command("castiron", "audit", "app", "--format", "json", cwd=tmp_path)
    assert audited.status == 0, audited.stderr
    report = json.loads(audited.stdout)
    assert "ujson" not in audited.stdout
    (component,) = [item for item in report["components"] if item["name"] == "GCC runtime libraries"]
    assert component["kind"] == "runtime"
    assert component["version"] == "14.2.0"
    assert component["verdict"]["expression"] == "GPL-3.0-or-later WITH GCC-exception-3.1"
    assert {text["path"] for text in component["texts"]} == {"COPYING3", "COPYING.RUNTIME"}
    assert component["purl"].startswith("pkg:generic/gcc@14.2.0?")
    assert component["size"] > 2_000_000
    for form in ("cyclonedx", "spdx", "html", "table", "notices"):
        # As wide as it takes for the name to stand in one line.
        wide = {**os.environ, "COLUMNS": "200"}
        shown = command("castiron", "audit", "app", "--format", form, cwd=tmp_path, env=wide)
        assert shown.status == 0, shown.stderr
        assert "GCC runtime libraries" in shown.stdout
        assert "ujson" not in shown.stdout
