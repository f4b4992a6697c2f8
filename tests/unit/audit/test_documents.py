import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from castiron_audit.enforcement import apply
from castiron_audit.formats import Format, render
from castiron_audit.formats.treemap import layout
from castiron_audit.model import Report
from castiron_audit.policy import parse_policy
from castiron_manifest.model import Native
from tests.unit.audit.making import MIT, distribution, report, runtime
from tests.unit.audit.truth.table import detection, evidence


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


def test_cyclonedx_is_valid(sample: Report) -> None:
    text = render(sample, Format.CYCLONEDX, epoch=1_700_000_000)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
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
    document = parse_file(str(path))
    assert [message.validation_message for message in validate_full_spdx_document(document)] == []
    names = {package.name for package in document.packages}
    assert {"app", "a", "b", "cpython", "musl", "libtiff", "mystery", "dtoa"} <= names


@pytest.mark.parametrize("name", sorted(evidence()["distributions"]))
def test_documents_of_real_distributions_are_valid(name: str) -> None:
    made = report()
    components = tuple(detection(name).components)
    texts = tuple(sorted({**dict(made.texts), **detection(name).texts}.items()))
    real = Report(
        name=name, version="1", generator="castiron 0.1.0", target="t", python="3.13.1",
        components=(made.components[0], *components), texts=texts,
    )  # fmt: skip
    parents = {component.parent for component in components}
    assert parents <= {f"distribution/{name}"}
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(render(real, Format.CYCLONEDX)) is None


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
    assert "[libtiff]" in text
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


def test_json_is_the_whole_report(sample: Report) -> None:
    document = json.loads(render(sample, Format.JSON))
    assert len(document["components"]) == len(sample.components)
    assert document["texts"]


def test_the_areas_of_the_picture_fill_it_in_proportion() -> None:
    sizes = [50, 30, 10, 5, 5]
    boxes = layout(sizes, 100, 50)
    assert [round(width * height) for _, _, width, height in boxes] == [2500, 1500, 500, 250, 250]
    assert all(x >= 0 and y >= 0 and x + width <= 100.001 and y + height <= 50.001 for x, y, width, height in boxes)
