"""The tables of licenses that lists and bills of materials in wheels tell."""

from __future__ import annotations

import io
import json
import tarfile
import tomllib
import zipfile
from typing import TYPE_CHECKING

import pytest

from castiron_audit import published_licenses
from castiron_audit.published_licenses import published

if TYPE_CHECKING:
    from pathlib import Path

LIST = "lab/static/third-party-licenses.json"
LOCK = "npm-shrinkwrap.json"
BOM = "one-1.0.dist-info/sboms/one.cyclonedx.json"


def wheel(folder: Path, name: str, files: dict[str, object]) -> Path:
    path = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in files.items():
            archive.writestr(member, content if isinstance(content, str) else json.dumps(content))
    return path


def npm(*rows: tuple[str, str]) -> dict[str, object]:
    return {"packages": [{"name": name, "versionInfo": "1.0", "licenseId": said} for name, said in rows]}


def crates(*rows: tuple[str, str], purl: str = "pkg:cargo/{}@1.0") -> dict[str, object]:
    components = [
        {"type": "library", "name": name, "version": "1.0", "purl": purl.format(name)}
        | ({"licenses": [{"expression": said}]} if said else {})
        for name, said in rows
    ]
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": components}


def rows(wheels: list[Path], name: str, key: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = tomllib.loads(published(wheels)[name].text)[key]
    return found


def test_packages_of_lists_and_manifests(tmp_path: Path) -> None:
    files = {
        LIST: npm(("@scope/One", "MIT"), ("two", "ISC"), ("none", "SEE LICENSE IN x"), ("any", "")),
        "node/node_modules/three/package.json": {"name": "three", "version": "1", "license": "BSD-2-Clause"},
        "node/node_modules/@s/four/package.json": {"name": "@s/four", "version": "1", "license": "0BSD"},
        "node/node_modules/three/test/five/package.json": {"name": "five", "version": "1", "license": "MIT"},
        "node/six/package.json": {"name": "six", "version": "1", "license": "MIT"},
        "node/node_modules/seven/package.json": "no JSON",
    }
    assert rows([wheel(tmp_path, "lab-4.6", files)], "npm_licenses", "packages") == {
        "@s-four": ["0BSD", "lab 4.6"],
        "@scope-one": ["MIT", "lab 4.6"],
        "three": ["BSD-2-Clause", "lab 4.6"],
        "two": ["ISC", "lab 4.6"],
    }


def test_crates_of_bills_of_materials(tmp_path: Path) -> None:
    files = {
        BOM: crates(("unheard-of", "MIT OR Apache-2.0"), ("mach2", "BSD-2-Clause"), ("objc2-x", "MIT"), ("unsaid", "")),
        "one-1.0.dist-info/sboms/own.json": crates(("own", "MIT"), purl="pkg:cargo/{}@1.0?download_url=file://."),
        "one-1.0.dist-info/sboms/other.json": crates(("a-python-one", "MIT"), purl="pkg:pypi/{}@1.0"),
        "elsewhere/sboms/x.json": crates(("not-of-the-wheel", "MIT")),
    }
    said = {"unheard-of": ["MIT OR Apache-2.0", "one 1.0"]}
    assert rows([wheel(tmp_path, "one-1.0", files)], "crate_licenses", "crates") == said


def test_crates_whose_texts_are_known_get_no_row(tmp_path: Path) -> None:
    """Their licenses are in ``known_texts.json.zst``, with the texts."""
    made = published([wheel(tmp_path, "one-1.0", {BOM: crates(("libc", "MIT OR Apache-2.0"))})])
    assert made["crate_licenses"].rows == 0


def test_two_licenses_of_one_name_give_no_row(tmp_path: Path) -> None:
    first = wheel(tmp_path, "a-1", {LIST: npm(("both", "MIT"), ("same", "MIT"))})
    second = wheel(tmp_path, "b-1", {LIST: npm(("both", "ISC"), ("same", "MIT"))})
    made = published([first, second])["npm_licenses"]
    assert made.left_out == ("both",)
    assert tomllib.loads(made.text)["packages"] == {"same": ["MIT", "a 1"]}


def test_the_order_of_the_wheels_does_not_matter(tmp_path: Path) -> None:
    first = wheel(tmp_path, "a-1", {LIST: npm(("z", "MIT"), ("y", "MIT")), BOM: crates(("unheard-of", "MIT"))})
    second = wheel(tmp_path, "b-1", {LIST: npm(("y", "MIT"), ("x", "ISC")), BOM: crates(("unheard-of", "MIT"))})
    assert published([first, second]) == published([second, first])
    lines = published([first, second])["npm_licenses"].text.split("[packages]\n")[1].splitlines()
    assert lines == ['"x" = ["ISC", "b 1"]', '"y" = ["MIT", "a 1"]', '"z" = ["MIT", "a 1"]']


def test_any_name_stays_one_name(tmp_path: Path) -> None:
    """Bills of materials may name a crate as they like."""
    odd = 'odd"] = "\\u'
    files = {BOM: crates((odd, "MIT"), purl="pkg:cargo/odd@1.0")}
    assert rows([wheel(tmp_path, "one-1.0", files)], "crate_licenses", "crates") == {odd: ["MIT", "one 1.0"]}


def test_a_bill_that_cannot_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {BOM: "[]", "one-1.0.dist-info/sboms/two.json": crates(("unheard-of", "MIT"))}
    assert rows([wheel(tmp_path, "one-1.0", files)], "crate_licenses", "crates") == {"unheard-of": ["MIT", "one 1.0"]}
    assert capsys.readouterr().err == f"one-1.0-py3-none-any.whl: {BOM} is left out: not a JSON object\n"


def test_what_is_no_wheel_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "x-1-py3-none-any.whl"
    with pytest.raises(FileNotFoundError):
        published([file])
    file.write_bytes(b"no archive")
    with pytest.raises(zipfile.BadZipFile):
        published([file])


def test_without_wheels_nothing_is_written() -> None:
    with pytest.raises(SystemExit, match="Name the wheels"):
        published_licenses.main()


def packed(folder: Path, name: str, files: dict[str, object]) -> Path:
    """Return an archive as ``npm pack`` makes it."""
    path = folder / f"{name}.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for member, content in files.items():
            data = (content if isinstance(content, str) else json.dumps(content)).encode()
            info = tarfile.TarInfo(f"package/{member}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def test_lock_files_of_npm(tmp_path: Path) -> None:
    lock = {
        "lockfileVersion": 3,
        "packages": {
            "": {"name": "tool", "license": "GPL-3.0-only"},
            "node_modules/one": {"version": "1.0.0", "license": "MIT"},
            "node_modules/one/node_modules/@s/two": {"version": "2.0.0", "license": "ISC"},
            "node_modules/alias": {"name": "three", "version": "3.0.0", "license": "0BSD"},
            "node_modules/silent": {"version": "1.0.0"},
            "workspace/own": {"version": "1.0.0", "license": "MIT"},
        },
    }
    archive = packed(
        tmp_path, "tool-9.1.0", {"package.json": {"name": "tool", "version": "9.1.0", "license": "MIT"}, LOCK: lock}
    )
    assert rows([archive], "npm_licenses", "packages") == {
        "@s-two": ["ISC", "tool 9.1.0 (npm)"],
        "one": ["MIT", "tool 9.1.0 (npm)"],
        "three": ["0BSD", "tool 9.1.0 (npm)"],
    }
    assert rows([packed(tmp_path, "without-1", {"package.json": "{}"})], "npm_licenses", "packages") == {}
    for damaged in ("", "[", "[]", '{"packages": []}', '{"packages": {"node_modules/x": 1}}'):
        assert rows([packed(tmp_path, "damaged-1", {LOCK: damaged})], "npm_licenses", "packages") == {}


def test_what_the_tables_have_is_kept_and_may_be_contradicted(tmp_path: Path) -> None:
    present = tomllib.loads(published([], add=True)["npm_licenses"].text)["packages"]
    assert present["chalk"][0] == "MIT"
    one = wheel(tmp_path, "a-1", {LIST: npm(("chalk", "ISC"), ("unheard-of", "MIT"))})
    made = published([one], add=True)["npm_licenses"]
    found = tomllib.loads(made.text)["packages"]
    assert found == {**{name: row for name, row in present.items() if name != "chalk"}, "unheard-of": ["MIT", "a 1"]}
    assert made.left_out == ("chalk",)
