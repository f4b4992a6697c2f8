from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.progress import SilentReporter
from castiron_trace.distribution_contents import distribution_contents
from castiron_trace.driver import trace
from castiron_trace.licenses import evidence
from castiron_trace.model import Reached, ReachedModule
from castiron_trace.own import choice
from tests.unit.trace.conftest import options
from tests.unit.trace.making import install, site_of, write

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from castiron_trace.model import Site, TargetPython


def reached(site: Site, *names: str, files: tuple[str, ...] = ()) -> Reached:
    """Return a closure of these packages and modules of site-packages."""
    modules = {}
    for name in names:
        base = site.folder / name.replace(".", "/")
        package = (base / "__init__.py").is_file()
        modules[name] = ReachedModule(
            name=name,
            kind="package" if package else "source",
            owner="d",
            file=base / "__init__.py" if package else base.with_suffix(".py"),
            importer=None,
            line=0,
            tier=0,
            weakest=0,
        )
    return Reached(modules=modules, entry="__main__", files=frozenset(site.folder / file for file in files))


def test_files_of_distributions(tmp_path: Path) -> None:
    dist = install(
        tmp_path,
        "d",
        {
            "d/__init__.py": "",
            "d/unused.py": "",
            "d/data.json": "{}",
            "d/templates/x.html": "",
            "d/templates/script.py": "",
            "d/py.typed": "",
            "d/run_me.py": "",
            "d/sub/__init__.py": "",
            "d/sub/mod.py": "",
            "d/sub/sub.txt": "",
            "d/tables/__init__.py": "",
            "d/tables/a.csv": "",
            "d/tests/__init__.py": "",
            "d/tests/t.txt": "",
            "d/_c.cpython-313-x86_64-linux-musl.so": b"\x7fELF",
            "d.libs/libz.so.1.2": b"\x7fELF",
            "../../../share/d/x.conf": "",
            "../../../bin/d": "",
            "../../../bin/old-d": "",
            "../../../include/d.h": "",
            "d-1.0.dist-info/direct_url.json": "",
            "d-1.0.dist-info/licenses/LICENSE": "MIT",
        },
        entry_points="[console_scripts]\nd = d:main\n",
    )
    site = site_of(tmp_path, dist)
    contents = distribution_contents(site, reached(site, "d", files=("d/run_me.py",)), ())
    assert {resource.path for resource in contents.resources} == {
        "../../../bin/old-d",
        "../../../share/d/x.conf",
        "d-1.0.dist-info/METADATA",
        "d-1.0.dist-info/RECORD",
        "d-1.0.dist-info/entry_points.txt",
        "d-1.0.dist-info/licenses/LICENSE",
        "d/data.json",
        "d/py.typed",
        "d/run_me.py",
        "d/tables/__init__.py",
        "d/tables/a.csv",
        "d/templates/script.py",
        "d/templates/x.html",
    }
    assert [path for path, _file, _digest in contents.elf_candidates["d"]] == [
        "d.libs/libz.so.1.2",
        "d/_c.cpython-313-x86_64-linux-musl.so",
    ]


def test_a_distribution_that_nothing_imports_brings_its_metadata_alone(tmp_path: Path) -> None:
    site = site_of(tmp_path, install(tmp_path, "d", {"d/__init__.py": "", "d/data.json": "{}"}))
    paths = {resource.path for resource in distribution_contents(site, reached(site), ()).resources}
    assert paths == {"d-1.0.dist-info/METADATA", "d-1.0.dist-info/RECORD"}


def data_of(tmp_path: Path, python: TargetPython, files: dict[str, str | bytes], **more: object) -> set[str]:
    write(tmp_path / "app", files)
    outcome = trace(options(tmp_path / "app", "app.py", **more), reporter=SilentReporter(), python=python)
    return {resource.path for resource in outcome.manifest.resources if resource.origin == "app"}


def test_data_of_the_application(tmp_path: Path, python: TargetPython) -> None:
    files: dict[str, str | bytes] = {
        "app.py": "import pkg\nopen(HERE + '/logging.ini')\n"
        "x = ('assets', 'gone.txt', '.git', 'venv', '../out', 'plugins')",
        "logging.ini": "",
        "other.ini": "",
        "assets/a/b.txt": "",
        "assets/.hidden": "",
        "assets/__pycache__/x.pyc": b"",
        ".git/config": "",
        "venv/pyvenv.cfg": "",
        "plugins/alpha.py": "",
        "pkg/__init__.py": "",
        "pkg/templates/x.html": "",
        "pkg/sub/__init__.py": "",
        "pkg/sub/unused.txt": "",
    }
    assert data_of(tmp_path, python, files) == {"logging.ini", "assets/a/b.txt", "pkg/templates/x.html"}
    assert data_of(tmp_path, python, files, guess_data=False) == set()
    wanted = (tmp_path / "app/other.ini", tmp_path / "app/plugins")
    assert data_of(tmp_path, python, files, guess_data=False, include_data=wanted) == {"other.ini", "plugins/alpha.py"}


def test_too_much_data_is_left_out_with_a_finding(
    tmp_path: Path, python: TargetPython, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "LARGEST_GUESS", 10)
    write(tmp_path, {"app.py": "x = 'big'", "big/file": "0" * 11})
    manifest = trace(options(tmp_path, "app.py"), reporter=SilentReporter(), python=python).manifest
    assert manifest.resources == ()
    assert [finding.code for finding in manifest.findings] == ["data-too-large"]


def test_folders_that_lead_in_a_circle_end(tmp_path: Path, python: TargetPython) -> None:
    write(tmp_path, {"app/assets/x.txt": ""})
    (tmp_path / "app/assets/up").symlink_to("..")
    (tmp_path / "app/assets/gone").symlink_to("nowhere")
    assert data_of(tmp_path, python, {"app.py": "x = 'assets'"}) == {"assets/x.txt"}


def test_license_evidence(tmp_path: Path) -> None:
    dist = install(
        tmp_path,
        "d",
        {
            "d/__init__.py": "",
            "d/_vendor/x/LICENSE.txt": "vendored",
            "d/license.py": "",
            "d-1.0.dist-info/licenses/LICENSE": "text é",
            "d-1.0.dist-info/AUTHORS.rst": "me",
            "d-1.0.dist-info/sboms/auditwheel.cdx.json": "{}",
        },
        metadata="License-Expression: MIT AND BSD-3-Clause\nLicense-File: LICENSE\n"
        "Classifier: License :: OSI Approved :: MIT License\nClassifier: Topic :: Other\nLicense: UNKNOWN\n",
    )
    site = site_of(tmp_path, dist)
    texts: dict[str, str] = {}
    files = site.records["d"].files
    found = evidence(site.folder, "d-1.0.dist-info", files, texts)
    assert found.expression == "MIT AND BSD-3-Clause"
    assert found.text is None
    assert found.classifiers == ("License :: OSI Approved :: MIT License",)
    assert [file.path for file in found.files] == [
        "d-1.0.dist-info/AUTHORS.rst",
        "d-1.0.dist-info/licenses/LICENSE",
        "d/_vendor/x/LICENSE.txt",
    ]
    assert [file.path for file in found.sboms] == ["d-1.0.dist-info/sboms/auditwheel.cdx.json"]
    assert {texts[file.sha256] for file in found.files} == {"me", "text é", "vendored"}
