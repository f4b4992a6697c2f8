"""The audit of real binaries: what was linked, policies that refuse before anything is written, embedded SBOMs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest
from elftools.elf.elffile import ELFFile

from castiron_wheels.wheel_changes import changed_wheel
from tests.support.linking import command, run, trace_and_link
from tests.support.proven_parts import missing
from tests.support.sbom_checks import cyclonedx_problems, spdx3_problems, spdx_problems

if TYPE_CHECKING:
    from pathlib import Path

NOT_STATED = {
    "BSI: Creator of the SBOM",
    "BSI: Component Creators",
    "BSI: Distribution Licenses",
}
"""What BSI's checker misses if no project tells its author and license."""

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("pack")]


def linked(folder: Path, source: str, *options: str) -> Path:
    """Trace and link a script ``app.py``; return the binary."""
    (folder / "app.py").write_text(source)
    done = command("trace", "app.py", "-o", "app.manifest", cwd=folder)
    assert done.status == 0, done.stderr
    done = command("link", "app.manifest", "-o", "app", *options, cwd=folder)
    assert done.status == 0, done.stderr
    return folder / "app"


def audited(binary: Path) -> dict:
    done = command("castiron", "audit", binary.name, "--format", "json", cwd=binary.parent)
    assert done.status == 0, done.stderr
    return json.loads(done.stdout)


def names(binary: Path) -> dict[str, dict]:
    return {item["name"]: item for item in audited(binary)["components"]}


def assert_whole(report: dict, binary: Path) -> None:
    """Check that the components, and what belongs to none, are the whole file."""
    sizes = [item["size"] for item in report["components"]] + [size for _, size in report["overhead"]]
    assert min(sizes) >= 0
    assert sum(sizes) == report["file_size"] == binary.stat().st_size


@pytest.fixture(scope="module")
def hello(tmp_path_factory: pytest.TempPathFactory) -> Path:
    documents = ("--licenses", "cyclonedx", "--licenses", "spdx", "--licenses", "spdx3", "--licenses", "html")
    return linked(tmp_path_factory.mktemp("hello"), "print('hello')\n", *documents)


def test_openssl_is_in_the_report_only_if_it_is_in_the_binary(hello: Path, tmp_path: Path) -> None:
    without = names(hello)
    assert "openssl" not in without
    assert {"cpython", "musl", "castiron", "compiler-rt", "dtoa", "siphash"} <= set(without)
    components = names(linked(tmp_path, "import ssl\nprint(ssl.OPENSSL_VERSION)\n"))
    assert components["openssl"]["verdict"]["expression"] == "Apache-2.0"
    assert components["openssl"]["cpe"].startswith("cpe:2.3:a:openssl:openssl:3.")
    assert components["openssl"]["size"] > 1_000_000
    assert components["openssl"]["texts"]


def test_documents_beside_the_binary_are_valid_and_the_same_as_those_in_it(hello: Path) -> None:
    beside = hello.with_name("app.cdx.json").read_text()
    told = {"the creator of the SBOM has no address", "no timestamp", "application: no license, and no finding"}
    assert set(cyclonedx_problems(beside, hashes=True)) <= told
    assert spdx_problems(hello.with_name("app.spdx.json")) == []
    assert {
        item for item in spdx3_problems(hello.with_name("app.spdx3.json")) if "#application" not in item
    } <= NOT_STATED
    assert hello.with_name("app.licenses.html").read_text().startswith("<!DOCTYPE html>")
    again = command("castiron", "audit", "app", "--format", "cyclonedx", cwd=hello.parent)
    assert again.stdout == beside
    with hello.open("rb") as file:
        embedded = ELFFile(file).get_section_by_name(".castiron.sbom").data()
    inside, outside = json.loads(embedded), json.loads(beside)
    assert (inside["serialNumber"], inside["version"]) == (outside["serialNumber"], 1)
    assert outside["version"] == 2
    assert [row["bom-ref"] for row in inside["components"]] == [row["bom-ref"] for row in outside["components"]]
    digest = hashlib.sha512(hello.read_bytes()).hexdigest()
    assert {"alg": "SHA-512", "content": digest} in outside["metadata"]["component"]["hashes"]


def test_with_a_project_and_a_time_every_guideline_is_met(hello: Path, tmp_path: Path) -> None:
    (tmp_path / "app.manifest").write_bytes(hello.with_name("app.manifest").read_bytes())
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "7.1"\nlicense = "MIT"\n'
        'authors = [{name = "Example Ltd.", email = "sbom@example.org"}]\n'
    )
    kinds = [option for kind in ("cyclonedx", "spdx", "spdx3") for option in ("--licenses", kind)]
    done = command("link", "app.manifest", *kinds, cwd=tmp_path, env={"SOURCE_DATE_EPOCH": "1790000000"})
    assert done.status == 0, done.stderr
    assert cyclonedx_problems((tmp_path / "app.cdx.json").read_text(), hashes=True) == []
    assert spdx_problems(tmp_path / "app.spdx.json") == []
    assert spdx3_problems(tmp_path / "app.spdx3.json") == []


def test_notes_of_the_package_and_of_the_build(hello: Path) -> None:
    with hello.open("rb") as file:
        elf = ELFFile(file)
        notes = [note for section in elf.iter_sections("SHT_NOTE") for note in section.iter_notes()]
        loaded = [note for segment in elf.iter_segments("PT_NOTE") for note in segment.iter_notes()]
    assert [note["n_name"] for note in notes] == ["FDO", "GNU"] == [note["n_name"] for note in loaded]
    assert notes[0]["n_type"] in {0xCAFE1A7E, "NT_FDO_PACKAGING_METADATA"}
    described = notes[0]["n_desc"]
    text = described if isinstance(described, str) else described.decode()
    assert {"type": "castiron", "name": "app", "version": "0"}.items() <= json.loads(text.rstrip("\0")).items()


def test_the_sections_cost_nothing_at_run_time_and_links_repeat(hello: Path) -> None:
    assert subprocess.check_output([hello], text=True) == "hello\n"
    done = command("link", "app.manifest", "-o", "again", cwd=hello.parent)
    assert done.status == 0, done.stderr
    assert hello.with_name("again").read_bytes() == hello.read_bytes()
    bare = command("link", "app.manifest", "-o", "bare", "--no-sbom", "--no-report", cwd=hello.parent)
    assert bare.status == 0, bare.stderr
    refused = command("castiron", "audit", "bare", cwd=hello.parent)
    assert refused.status == 3
    assert "carries no bill of materials" in refused.stderr


def test_every_byte_of_the_file_has_an_owner_or_a_name(hello: Path) -> None:
    report = audited(hello)
    assert_whole(report, hello)
    overhead = dict(report["overhead"])
    assert set(overhead) == {"index", "merged", "headers", "padding", "report"}
    with hello.open("rb") as file:
        elf = ELFFile(file)
        own = sum(elf.get_section_by_name(f".castiron.{name}")["sh_size"] for name in ("report", "sbom"))
        # Its own data is the two sections, and at most their headers, names and alignment.
        assert own < overhead["report"] < own + 64 * (elf.num_sections() + 1) + 600


def test_a_refused_binary_is_not_written(hello: Path) -> None:
    before = sorted(path.name for path in hello.parent.iterdir())
    done = command("link", "app.manifest", "-o", "refused", "--deny", "PSF-2.0", cwd=hello.parent)
    assert done.status == 12
    assert "cpython" in done.stderr
    assert "PSF-2.0 is denied" in done.stderr
    for format_ in ("table", "html", "cyclonedx"):
        options = ("--deny", "PSF-2.0", "--format", format_)
        assert command("castiron", "audit", "app", *options, "-o", "document", cwd=hello.parent).status == 12
        shown = command("castiron", "audit", "app", *options, cwd=hello.parent)
        assert shown.status == 12
        assert "cpython" in shown.stdout
    assert sorted(path.name for path in hello.parent.iterdir()) == before


def test_the_policy_of_the_project_counts(hello: Path, tmp_path: Path) -> None:
    (tmp_path / "app.manifest").write_bytes(hello.with_name("app.manifest").read_bytes())
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\nname = "app"\nversion = "7.1"\n[tool.castiron.licenses]\nallow = ["MIT"]\n')
    done = command("link", "app.manifest", cwd=tmp_path)
    assert done.status == 12
    assert "license policy: pyproject.toml" in done.stderr
    project.write_text('[project]\nname = "app"\nversion = "7.1"\n[tool.castiron.licenses]\npreset = "permissive"\n')
    done = command("link", "app.manifest", cwd=tmp_path)
    assert done.status == 0, done.stderr
    assert names(tmp_path / "app")["app"]["version"] == "7.1"
    assert "application: app 7.1 (pyproject.toml)" in done.stderr
    project.write_text('[project]\nname = "app"\nversion = "7.2"\nlicense = "LicenseRef-Proprietary"\n')
    done = command("link", "app.manifest", cwd=tmp_path)
    assert done.status == 0, done.stderr
    assert names(tmp_path / "app")["app"]["version"] == "7.2"
    assert names(tmp_path / "app")["app"]["verdict"]["expression"] == "LicenseRef-Proprietary"
    project.write_text('[tool.castiron.licenses]\npresets = "permissive"\n')
    done = command("link", "app.manifest", cwd=tmp_path)
    assert done.status == 3
    assert "unknown key 'presets'" in done.stderr


def test_advisories_and_old_binaries(hello: Path, tmp_path: Path) -> None:
    ranges = {"type": "ECOSYSTEM", "events": [{"introduced": "3.0"}]}
    advisory = {
        "id": "X-1",
        "summary": "a flaw",
        "affected": [{"package": {"purl": "pkg:generic/cpython"}, "ranges": [ranges]}],
    }
    (tmp_path / "osv.json").write_text(json.dumps(advisory))
    done = command("castiron", "audit", hello, "--osv", tmp_path / "osv.json", cwd=tmp_path)
    assert done.status == 1
    assert "cpython" in done.stdout
    assert "X-1" in done.stdout
    lines = command("castiron", "audit", hello, "--components", cwd=tmp_path).stdout.splitlines()
    assert any(line.startswith("musl\t") and "cpe:2.3:a:musl-libc:musl:" in line for line in lines)
    assert command("castiron", "audit", hello.parent, "--outdated", "3.99.0", cwd=tmp_path).status == 1
    assert command("castiron", "audit", hello.parent, "--outdated", "3.13.0", cwd=tmp_path).status == 0


SCIENCE = """# /// script
# dependencies = ["numpy", "scipy"]
# ///
import numpy
import scipy.linalg
print(scipy.linalg.det(numpy.eye(3)))
"""


@pytest.mark.network
def test_numpy_and_scipy_bring_their_libraries(tmp_path: Path) -> None:
    binary = linked(tmp_path, SCIENCE)
    report = audited(binary)
    assert_whole(report, binary)
    rows = {item["id"]: item for item in report["components"]}
    # A library's file is some megabytes, its image in the binary somewhat less: without symbols and section headers.
    assert 10_000_000 < rows["library/numpy/openblas"]["size"] < 60_000_000

    def license_of(key: str) -> str:
        return rows[key]["verdict"]["expression"]

    # Whatever else shows in the bytes is in the report, by proofs that are not the audit's own.
    assert missing(binary.read_bytes(), [item["name"] for item in rows.values()]) == {}
    gcc = "GPL-3.0-or-later WITH GCC-exception-3.1"
    assert license_of("library/numpy/openblas") == "BSD-3-Clause"
    assert license_of("library/scipy/libgfortran") == gcc
    assert license_of("library/scipy/libquadmath") == "LGPL-2.1-or-later"
    assert license_of("library/scipy/libstdc++") == gcc
    assert "Runtime Library Exception" in rows["library/scipy/libstdc++"]["verdict"]["reason"]
    assert rows["library/scipy/libquadmath"]["chain"][0]["name"] == "app.py"
    done = command("link", "app.manifest", "-o", "strict", "--deny", "LGPL-*", cwd=tmp_path)
    assert done.status == 12
    assert "libquadmath" in done.stderr
    assert "(in scipy): LGPL-2.1-or-later is denied" in done.stderr
    assert "app.py -> " in done.stderr
    assert not (tmp_path / "strict").exists()
    assert binary.exists()


RUST = """# /// script
# dependencies = ["bcrypt"]
# ///
import bcrypt
print(bcrypt.__name__)
"""


@pytest.mark.network
def test_rust_crates_are_where_scanners_look_for_them(tmp_path: Path) -> None:
    binary = linked(tmp_path, RUST)
    assert subprocess.check_output([binary], text=True) == "bcrypt\n"
    report = audited(binary)
    assert_whole(report, binary)
    with binary.open("rb") as file:
        section = ELFFile(file).get_section_by_name(".dep-v0").data()
    listed = {(item["name"], item["version"]) for item in json.loads(zlib.decompress(section))["packages"]}
    assert listed == {(item["name"], item["version"]) for item in report["components"] if item["kind"] == "crate"}
    assert "blowfish" in {name for name, _ in listed}


def test_the_relink_kit_links_again_and_with_a_changed_library(tmp_path: Path) -> None:
    source = "import zlib\nprint(zlib.ZLIB_RUNTIME_VERSION, zlib.decompress(zlib.compress(b'works')).decode())\n"
    binary = linked(tmp_path, source, "--relink-kit", "kit", "--no-sbom")
    kit = tmp_path / "kit"
    environment = {**os.environ, "LD": f"{sys.executable} -m ziglang ld.lld"}
    subprocess.run(["sh", kit / "link.sh", tmp_path / "again"], env=environment, check=True, capture_output=True)
    assert (tmp_path / "again").read_bytes() == binary.read_bytes()
    version = subprocess.check_output([binary], text=True).split()[0]
    library = next(path for path in (kit / "archives").iterdir() if path.name.endswith("-libz.a"))
    data = library.read_bytes()
    mark = f"{version}\0".encode()
    assert mark in data
    library.write_bytes(data.replace(mark, b"1" * (len(mark) - 1) + b"\0"))
    subprocess.run(["sh", kit / "link.sh", tmp_path / "changed"], env=environment, check=True, capture_output=True)
    changed = subprocess.check_output([tmp_path / "changed"], text=True).split()
    assert changed == ["1" * len(version), "works"]
    assert "zlib" in library.name
    assert str(tmp_path) not in (kit / "link.args").read_text()
    refused = command("link", "app.manifest", "-o", "other", "--relink-kit", "kit", cwd=tmp_path)
    assert refused.status == 11
    assert not (tmp_path / "other").exists()


RELINKED = """# /// script
# dependencies = ["chardet==5.2.0", "psycopg2-binary==2.9.11"]
# ///
import chardet, psycopg2, ours
print(chardet.detect(b"abc")["encoding"], psycopg2._psycopg.__doc__, ours.f(), sep=", ")
"""


@pytest.mark.network
def test_the_relink_kit_takes_changed_modules_and_shared_objects_without_the_sources(tmp_path: Path) -> None:
    making, away = tmp_path / "making", tmp_path / "away"
    making.mkdir()
    away.mkdir()
    (making / "ours.py").write_text("def f():\n    return 42  # nobody else reads this\n")
    original = linked(making, RELINKED, "--sources", "none", "--no-sbom", "--relink-kit", str(away / "kit"))
    original = original.rename(away / "original")
    shutil.rmtree(making)
    kit = away / "kit"
    with zipfile.ZipFile(next((kit / "application" / "wheels").glob("chardet-*"))) as archive:
        changed = archive.read("chardet/__init__.py") + b"\nfrom .added import detect\n"
    with zipfile.ZipFile(next((kit / "application" / "wheels").glob("psycopg2*"))) as archive:
        name = next(item for item in archive.namelist() if "/_psycopg." in item)
        library = archive.read(name)
    assert run([original], cwd=away).stdout == "ascii, psycopg2 PostgreSQL driver, 42\n"
    for file in kit.rglob("*"):
        assert not file.is_file() or b"nobody else reads this" not in file.read_bytes(), file

    # Nothing changed: the same bytes.
    done = command("castiron", "relink", "kit", "-o", "same", "--no-sbom", cwd=away)
    assert done.status == 0, done.stderr
    assert (away / "same").read_bytes() == original.read_bytes()

    # A shared object changed, and a module that imports one that was not there before.
    (away / "changed.so").write_bytes(library.replace(b"PostgreSQL driver", b"PostgreSQL-DRIVER"))
    (away / "changed.py").write_bytes(changed)
    wheel = next((kit / "application" / "wheels").glob("chardet-*"))
    added = b"def detect(_):\n    return {'encoding': 'own'}\n"
    wheel.write_bytes(changed_wheel(wheel, changes={"chardet/added.py": added}))
    options = ("--replace", f"{name}=changed.so", "--replace", "chardet/__init__.py=changed.py", "--relink-kit", "kit2")
    done = command("castiron", "relink", "kit", "-o", "changed", *options, cwd=away)
    assert done.status == 0, done.stderr
    assert "changed: chardet, psycopg2-binary" in done.stderr
    expected = "own, psycopg2 PostgreSQL-DRIVER, 42\n"
    assert run([away / "changed"], cwd=away).stdout == expected
    assert_whole(audited(away / "changed"), away / "changed")
    # The new kit's own script links what was changed.
    environment = {**os.environ, "LD": f"{sys.executable} -m ziglang ld.lld"}
    subprocess.run(["sh", away / "kit2" / "link.sh", away / "again"], env=environment, check=True, capture_output=True)
    assert run([away / "again"], cwd=away).stdout == expected

    for options, status, said in (
        (("--replace", "nope.py=changed.py"), 2, "no distribution"),
        (("--replace", f"{name}"), 2, "PATH=FILE"),
        (("--replace", f"{name}=missing.so"), 3, "missing.so"),
    ):
        done = command("castiron", "relink", "kit", "-o", "not", *options, cwd=away)
        assert (done.status, said in done.stderr) == (status, True), done.stderr
    (kit / "application" / "link.json").write_text("{}")
    assert command("castiron", "relink", "kit", "-o", "not", cwd=away).status == 3
    assert not (away / "not").exists()


def test_the_program_shows_its_notices_if_it_was_linked_to(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text("import sys\nprint(sys.argv[1:])\n")
    asked = "--third-party-notices"
    silent = trace_and_link(["hello.py"], cwd=tmp_path, name="silent")
    assert run([silent, asked], cwd=tmp_path).stdout == f"['{asked}']\n"
    options = ["--notices", "--licenses", "notices"]
    telling = trace_and_link(["hello.py"], cwd=tmp_path, name="telling", options=options)
    shown = run([telling, asked], cwd=tmp_path)
    assert shown.status == 0
    assert "PSF-2.0" in shown.stdout
    written = tmp_path / "telling.notices.txt"
    assert shown.stdout == written.read_text()
    assert run([telling, asked, "more"], cwd=tmp_path).stdout == f"['{asked}', 'more']\n"
    subprocess.run(["objcopy", "--remove-section=.castiron.notices", telling, tmp_path / "stripped"], check=True)
    stripped = run([tmp_path / "stripped", asked], cwd=tmp_path)
    assert (stripped.status, stripped.stdout) == (1, "")
    assert "stripped" in stripped.stderr


OWN_SIGNATURE = """
[[tool.castiron.licenses.signature]]
library = "escaper"
license = "BSD-3-Clause"
source = "escaper: COPYING"
text = "COPYING"
strings = ["_escape_inner"]
"""


@pytest.mark.network
def test_a_signature_of_the_project_shows_its_library(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(OWN_SIGNATURE)
    (tmp_path / "COPYING").write_text("Copyright 2020 The Escaper Authors\n")
    needs = '# /// script\n# dependencies = ["markupsafe"]\n# ///\n'
    binary = linked(tmp_path, f"{needs}import markupsafe._speedups\n")
    report = audited(binary)
    assert_whole(report, binary)
    (found,) = [item for item in report["components"] if item["name"] == "escaper"]
    assert found["id"] == "library/markupsafe/escaper"
    assert found["verdict"]["expression"] == "BSD-3-Clause"
    assert found["copyrights"] == ["Copyright 2020 The Escaper Authors"]
    (tmp_path / "pyproject.toml").write_text(OWN_SIGNATURE.replace("strings", "strngs"))
    refused = command("link", "app.manifest", "-o", "again", cwd=tmp_path)
    assert refused.status == 3
    assert "did you mean 'strings'" in refused.stderr
