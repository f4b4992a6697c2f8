"""What projects say about their licenses, and what it must amount to: the cases of ``license_cases.toml``."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from castiron_audit.conclusions import conclude_distribution
from castiron_audit.expressions import licenses_in
from castiron_audit.spdx_list import license_text
from castiron_trace.licenses import evidence
from tests.unit.audit.making import distribution

CASES = tomllib.loads(Path(__file__).with_name("license_cases.toml").read_text())["case"]
NOTICE = (
    "This program is free software; you can redistribute it and/or modify it under the terms of the GNU General Public "
    "License as published by the Free Software Foundation; either version 2 of the License, or (at your option) any "
    "later version.\n"
)


def filled(text: str) -> str:
    """Return a text with ``@MIT`` or ``@@MIT`` replaced by that license's text, ``@@GPL2+`` by the usual notice."""
    return re.sub(
        r"@@?([A-Z][\w.+-]+)", lambda match: NOTICE if match[1] == "GPL2+" else license_text(match[1]) or match[0], text
    )


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_a_project_says_amounts_to_its_license(case: dict[str, Any], tmp_path: Path) -> None:
    info = tmp_path / "foo-1.0.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.4", "Name: foo", "Version: 1.0"]
    for line in case.get("metadata", ()):
        field, _, value = line.partition(": ")
        lines.append(f"{field}: {filled(value) if value.startswith('@') else value}".replace("\n", "\n        "))
    files = [f"{info.name}/METADATA"]
    for name, text in case.get("files", {}).items():
        path = tmp_path / name if name.startswith("foo/") else info / "licenses" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(filled(text))
        files.append(path.relative_to(tmp_path).as_posix())
        lines += [] if name.startswith("foo/") else [f"License-File: {name}"]
    (info / "METADATA").write_text("\n".join(lines) + "\n\n")
    texts: dict[str, str] = {}
    declared = evidence(tmp_path, info.name, sorted(files), texts)
    item = replace(distribution("foo"), license=declared)
    found = conclude_distribution("distribution/foo", item, texts, description=case.get("description", ""))
    expression = found.verdict.expression or ""
    assert sorted(licenses_in(expression)) == sorted(licenses_in(case["license"])), expression
    assert (" OR " in expression) == (" OR " in case["license"]), expression
