import json
import re
import tomllib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from packageurl import PackageURL

import castiron_runtime
from castiron_audit.enforcement import apply
from castiron_audit.expressions import license_ids
from castiron_audit.formats import Format, render
from castiron_audit.formats.html import is_template
from castiron_audit.formats.ids import Artifact
from castiron_audit.formats.treemap import layout
from castiron_audit.identity import cpe_name, identified, purl_name
from castiron_audit.model import Component, Kind, Report, Supplier
from castiron_audit.policy import parse_policy
from castiron_audit.spdx_list import license_text
from castiron_link.write import SUFFIXES
from castiron_manifest.model import MachineFacility, Native, Need
from tests.support.sbom_checks import (
    cyclonedx_error,
    cyclonedx_problems,
    spdx3_problems,
    spdx_errors,
    spdx_problems,
)
from tests.unit.audit.making import MIT, distribution, report, runtime
from tests.unit.audit.truth.table import detection, evidence

AUTHOR = Supplier(name="Example Ltd.", url="mailto:sbom@example.org")
ARTIFACT = Artifact(filename="app", sha256="1" * 64, sha512="2" * 128)
RECIPES = Path(castiron_runtime.__file__).parent / "recipes"


@pytest.fixture(scope="module")
def sample() -> Report:
    native = Native(path="b.libs/libtiff-0123abcd.so.6.0.0", distribution="b", soname=None, sha256="2" * 64, size=600)
    made = report(
        distribution("a", "MIT OR LicenseRef-own", files={"licenses/LICENSE": MIT}, direct=True, requires=("b",)),
        distribution("b", "GPL-2.0-only WITH Classpath-exception-2.0"),
        distribution("mystery", text="<script>alert('x')</script> & more"),
        texts=(MIT,),
        components=(runtime("musl", "MIT"),),
        natives=(native,),
        license_="Apache-2.0",
    )
    rules = {"preset": "no-copyleft", "settle": [{"component": "mystery", "license": "ISC", "reason": "asked <them>"}]}
    return apply(made, parse_policy(rules, "x"))


def test_cyclonedx_is_valid_with_every_kind_of_license() -> None:
    odd = ("LicenseRef-scancode-bakoma-fonts-1995", "LicenseRef-Proprietary", "GPL-2.0-only WITH GCC-exception-2.0")
    licenses = ("MIT", *odd, "MIT AND LicenseRef-scancode-unicode", *sorted(license_ids())[::50])
    made = report(*(distribution(f"d{index}", license_) for index, license_ in enumerate(licenses)))
    assert {row.verdict.expression for row in made.components} >= set(licenses)
    assert cyclonedx_error(render(made, Format.CYCLONEDX)) is None


def test_cyclonedx_is_valid(sample: Report) -> None:
    text = render(sample, Format.CYCLONEDX, epoch=1_700_000_000)
    assert cyclonedx_error(text) is None
    document = json.loads(text)
    by_name = {item["name"]: item for item in document["components"]}
    assert document["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    assert document["metadata"]["component"]["version"] == "3.2"
    assert by_name["a"]["licenses"] == [{"expression": "MIT OR LicenseRef-own", "acknowledgement": "concluded"}]
    assert by_name["musl"]["licenses"] == [{"license": {"id": "MIT", "acknowledgement": "concluded"}}]
    assert by_name["musl"]["cpe"].startswith("cpe:2.3:a:musl:musl:1.2.3:")
    assert by_name["libtiff"]["hashes"] == [{"alg": "SHA-256", "content": "2" * 64}]
    references = {item["ref"]: item.get("dependsOn", []) for item in document["dependencies"]}
    assert references["distribution/a"] == ["distribution/b"]
    assert references["distribution/b"] == ["library/b/libtiff"]
    assert "distribution/a" in references["application"]
    for item in document["components"]:
        if "purl" in item:
            PackageURL.from_string(item["purl"])


def test_spdx_is_valid(sample: Report, tmp_path: Path) -> None:
    path = tmp_path / "x.spdx.json"
    path.write_text(render(sample, Format.SPDX))
    assert spdx_errors(path) == []
    names = {package["name"] for package in json.loads(path.read_text())["packages"]}
    assert {"app", "a", "b", "cpython", "musl", "libtiff", "mystery", "dtoa"} <= names


@pytest.mark.parametrize("name", sorted(evidence()["distributions"]))
def test_documents_of_real_distributions_are_valid(name: str, tmp_path: Path) -> None:
    made = report(distribution(name, "MIT"), supplier=AUTHOR, license_="MIT")
    found = detection(name)
    components = identified((*made.components, *found.components), AUTHOR)
    texts = tuple(sorted({**dict(made.texts), **found.texts}.items()))
    real = replace(made, components=components, texts=texts)
    problems = cyclonedx_problems(render(real, Format.CYCLONEDX, epoch=1, artifact=ARTIFACT), hashes=True)
    assert [item for item in problems if not item.endswith("no license, and no finding")] == []
    # The checkers of SPDX take a second each: they see the distributions with many parts.
    for format_, check in ((Format.SPDX, spdx_problems), (Format.SPDX3, spdx3_problems)):
        if len(found.components) < 5:
            continue
        path = tmp_path / f"{name}.json"
        path.write_text(render(real, format_, epoch=1, artifact=ARTIFACT))
        assert check(path) == []


def test_what_syft_trivy_and_osv_scanner_read(sample: Report) -> None:
    """Their sources: a file named ``*.cdx.json``, and of it the components at its top that have a purl or a CPE."""
    assert SUFFIXES[Format.CYCLONEDX].endswith(".cdx.json")
    document = json.loads(render(sample, Format.CYCLONEDX, artifact=ARTIFACT))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert all("components" not in row for row in document["components"])
    read = {row["purl"] for row in document["components"] if "purl" in row}
    assert {"pkg:pypi/a@1.0", "pkg:pypi/b@1.0", "pkg:generic/musl@1.2.3", "pkg:generic/libtiff"} <= read
    assert {row["type"] for row in document["components"]} <= {"library", "data"}


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("cpe:2.3:a:gnu:gcc:14.2.0:*:*:*:*:*:*:*", "cpe:2.3:a:gnu:gcc:14.2.0:*:*:*:*:*:*:*"),
        ("cpe:2.3:a:x:y:1.2+3~4:*:*:*:*:*:*:*", r"cpe:2.3:a:x:y:1.2\+3\~4:*:*:*:*:*:*:*"),
        ("cpe:2.3:a:x:c++:1:2.3:*:*:*:*:*:*:*", r"cpe:2.3:a:x:c\+\+:1\:2.3:*:*:*:*:*:*:*"),
        (r"cpe:2.3:a:x:c\+\+:1:*:*:*:*:*:*:*", r"cpe:2.3:a:x:c\+\+:1:*:*:*:*:*:*:*"),
        ("cpe:2.3:a:x:y", "cpe:2.3:a:x:y:9:*:*:*:*:*:*:*"),
        ("cpe:2.3:a:x:y:1 2:*:*:*:*:*:*:*", None),
        ("cpe:/a:x:y:1", None),
        ("cpe:2.3:a::y:1:*:*:*:*:*:*:*", None),
    ],
)
def test_cpe_names_are_quoted(said: str, name: str | None) -> None:
    assert cpe_name(said, "9") == name


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("pkg:pypi/Foo_Bar@1.0+local", "pkg:pypi/foo-bar@1.0%2Blocal"),
        ("pkg:cargo/zstd-sys@2.0.8+zstd.1.5.5", "pkg:cargo/zstd-sys@2.0.8%2Bzstd.1.5.5"),
        ("pkg:npm/@babel/core@7.0", "pkg:npm/%40babel/core@7.0"),
        ("pkg:npm/%40babel/core@7.0", "pkg:npm/%40babel/core@7.0"),
        ("pkg:generic/a b@1", "pkg:generic/a%20b@1"),
        ("pkg:apk/alpine/x@1-r0?arch=x86_64", "pkg:apk/alpine/x@1-r0?arch=x86_64"),
        ("pypi/x", None),
    ],
)
def test_purls_are_canonical(said: str, name: str | None) -> None:
    assert purl_name(said) == name
    if name is not None:
        assert PackageURL.from_string(name).to_string() == name


def test_every_component_of_the_runtime_has_a_supplier_with_a_page() -> None:
    rows = [tomllib.loads(path.read_text()) for path in sorted(RECIPES.glob("*.toml"))]
    names = {path.stem for path in RECIPES.glob("*.toml") if not path.stem.startswith("cpython-")}
    names |= {item["name"] for row in rows for key in ("component", "bundled") for item in row.get(key, ())}
    for name in sorted(names | {"cpython", "zig-libc", "compiler-rt", "castiron"}):
        made = identified((Component(id=f"runtime/{name}", kind=Kind.RUNTIME, name=name, version="1"),), None)
        assert made[0].supplier is not None
        assert made[0].supplier.url.startswith("http"), name


def test_what_a_component_does_not_say_has_a_reason(sample: Report) -> None:
    document = json.loads(render(sample, Format.CYCLONEDX))
    by_name = {row["name"]: row for row in document["components"]}
    properties = {item["name"]: item["value"] for item in by_name["dtoa"]["properties"]}
    assert by_name["dtoa"]["version"] == "in-cpython-1.2.3"
    assert "tells a version" in properties["castiron:version-reason"]
    assert properties["castiron:no-purl"]
    assert by_name["dtoa"]["supplier"]["name"] == "Python Software Foundation"
    assert "a part of cpython" in properties["castiron:supplier-reason"]
    assert document["metadata"]["manufacturer"]["name"] == "not stated"


def test_a_component_whose_sources_were_changed_says_so_in_each_document(tmp_path: Path) -> None:
    changes = "These sources were changed:\n\n* a.c: Faster.\n"
    linked = (runtime("cpython", "PSF-2.0", changes=changes), runtime("musl", "MIT"))
    made = report(components=linked, supplier=AUTHOR, license_="MIT")
    cyclonedx = json.loads(render(made, Format.CYCLONEDX))
    assert {row["name"]: row["pedigree"]["notes"] for row in cyclonedx["components"] if "pedigree" in row} == {
        "cpython": changes
    }
    spdx = json.loads(render(made, Format.SPDX))
    assert {row["name"]: row["sourceInfo"] for row in spdx["packages"] if "sourceInfo" in row} == {"cpython": changes}
    spdx3 = json.loads(render(made, Format.SPDX3))["@graph"]
    said = {row["name"]: row["software_sourceInfo"] for row in spdx3 if "software_sourceInfo" in row}
    assert said == {"cpython": changes}
    assert "* a.c: Faster." in render(made, Format.NOTICES)
    assert "* a.c: Faster." in render(made, Format.HTML)
    assert cyclonedx_error(render(made, Format.CYCLONEDX)) is None
    for format_, problems in ((Format.SPDX, spdx_errors), (Format.SPDX3, spdx3_problems)):
        path = tmp_path / f"app{SUFFIXES[format_]}"
        path.write_text(render(made, format_, epoch=1, artifact=ARTIFACT))
        assert problems(path) == []


@pytest.mark.parametrize("format_", list(Format))
def test_equal_reports_give_equal_bytes_without_time_and_place(sample: Report, format_: Format) -> None:
    text = render(sample, format_)
    assert text == render(sample, format_)
    assert text.endswith("\n")
    assert str(Path.cwd()) not in text
    assert not re.search(r"20[23]\d-\d\d-\d\dT", text)


def test_notices_hold_each_text_once_and_standard_texts_for_the_rest(sample: Report) -> None:
    text = render(sample, Format.NOTICES)
    assert text.count("Permission is hereby granted, free of charge, to any person obtaining") == 1
    assert "Copyright (c) 2020 The Authors of It" in text
    assert re.search(r"^libtiff: tiff [\w.+~-]+, debian/copyright$", text, re.MULTILINE)
    assert "mystery 1.0\n  License: ISC\n  asked <them>" in text
    assert "[Classpath-exception-2.0]" in text


def test_the_table_has_findings_and_obligations(sample: Report) -> None:
    text = render(sample, Format.TABLE, width=200)
    assert "What the licenses ask for" in text
    assert "settled: distribution/mystery: unknown-license (asked <them>)" in text


class Page(HTMLParser):
    """Collects what the test asks about."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.outside: list[str] = []
        self.controls: list[str] = []
        self.labels: set[str] = set()
        self.inputs: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.scripts += tag == "script"
        if "id" in values:
            self.ids.append(values["id"] or "")
        if tag == "a":
            self.links.append(values.get("href") or "")
        if tag in {"link", "img", "iframe"} or "src" in values:
            self.outside.append(tag)
        if "aria-controls" in values:
            self.controls.append(values["aria-controls"] or "")
        if tag == "label" and "for" in values:
            self.labels.add(values["for"] or "")
        if tag in {"input", "select"} and "id" in values:
            self.inputs.append(values["id"] or "")


def test_the_page_is_self_contained_and_sound(sample: Report) -> None:
    text = render(sample, Format.HTML)
    page = Page()
    page.feed(text)
    assert page.outside == []
    assert page.scripts == 1
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert set(page.controls) <= set(page.ids)
    assert {"search", "kind"} <= page.labels
    assert "{{" not in text
    assert "<script>alert" not in text


def test_the_page_says_what_it_is_about_and_counts_alike_everywhere(sample: Report) -> None:
    text = render(sample, Format.HTML, epoch=1_790_000_000, artifact=ARTIFACT)
    for shown in ("<dd>3.2</dd>", "<dd>Apache-2.0</dd>", "<dd>2026-09-21</dd>", f"<code>{'1' * 64}</code>"):
        assert shown in text
    assert "<dt>Date</dt>" not in render(sample, Format.HTML)
    count = len(sample.components)
    assert text.count('<tr id="c-') == 2 * count
    assert f"<strong>{count}</strong>" in text
    assert f"every kind ({count})" in text
    assert f">{count} shown<" in text
    chips = re.findall(r'name="reach"[^>]*> [^(<]*\((\d+)\)', text)
    kinds = re.findall(r"<option value=\"[a-z]+\">[^(]*\((\d+)\)", text)
    assert sum(map(int, chips)) == sum(map(int, kinds)) == count


def test_the_script_of_the_page_works_on_the_components_whatever_tables_stand_before_them(sample: Report) -> None:
    need = Need(what=MachineFacility.SHELL, importer="app", line=3, own=True)
    text = render(replace(sample, needs=(need,)), Format.HTML)
    assert text.index('<table class="needs">') < text.index('<div class="scroll"')
    (selector,) = re.findall(r'const body = document\.querySelector\("([^"]+)"\);', text)
    assert selector == ".scroll tbody"
    (table,) = re.findall(r'<div class="scroll".*?<tbody>(.*?)</tbody>', text, re.DOTALL)
    assert table.count('<tr id="c-') == text.count('<tr id="c-') > 0
    assert "<th></th>" not in text


def test_the_page_has_refusals_with_their_chains(sample: Report) -> None:
    refused = apply(
        replace(sample, refusals=()), parse_policy({"deny": ["GPL-2.0-only WITH Classpath-exception-2.0"]}, "x")
    )
    section = render(refused, Format.HTML).split("Refused by the policy")[1].split("</section>")[0]
    assert "GPL-2.0-only WITH Classpath-exception-2.0 is denied" in section
    assert re.search(r"Brought in by .*app\.py.*>a .*>b ", section)
    wrong = parse_policy({"exception": [{"component": "mistery", "reason": "r"}]}, "x")
    assert "did you mean &#x27;mystery&#x27;" in render(apply(sample, wrong), Format.HTML)


def test_the_page_tells_which_texts_are_templates(sample: Report) -> None:
    text = render(sample, Format.HTML)
    own, templates = text.split("<h3>Templates</h3>")
    assert 'class="tag template"' not in own.split('id="texts"')[1]
    assert '<summary><span class="tag template">template</span> ISC: mystery 1.0' in templates
    assert is_template("MIT License\n\nCopyright (c) <year> <copyright holders>\n")
    assert not is_template(MIT)
    assert not is_template(license_text("Apache-2.0") or "")
    assert not is_template(license_text("GPL-3.0-only") or "")


def test_json_is_the_whole_report(sample: Report) -> None:
    document = json.loads(render(sample, Format.JSON))
    assert len(document["components"]) == len(sample.components)
    assert document["texts"]


def test_the_areas_of_the_picture_fill_it_in_proportion() -> None:
    sizes = [50, 30, 10, 5, 5]
    boxes = layout(sizes, 100, 50)
    assert [round(width * height) for _, _, width, height in boxes] == [2500, 1500, 500, 250, 250]
    assert all(x >= 0 and y >= 0 and x + width <= 100.001 and y + height <= 50.001 for x, y, width, height in boxes)
