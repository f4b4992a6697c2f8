"""Licenses found by rules: a small labelled set, common texts of the SPDX License List, and changed ones."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castiron_audit.license_rules.index import Kind, rule_index
from castiron_audit.license_rules.licenses import find_licenses
from castiron_audit.spdx_list import license_text
from tests.unit.audit.making import MIT

LABELLED = tomllib.loads(Path(__file__).with_name("labelled.toml").read_text())["text"]
COMMON = (
    "MIT", "BSD-2-Clause", "BSD-3-Clause", "BSD-4-Clause", "Apache-2.0", "ISC", "0BSD", "MPL-2.0", "GPL-2.0-only",
    "GPL-3.0-only", "LGPL-2.1-only", "AGPL-3.0-only", "PSF-2.0", "Zlib", "Unlicense", "CC0-1.0", "BSL-1.0", "OFL-1.1",
    "EPL-2.0", "CC-BY-4.0", "Artistic-2.0", "curl", "HPND", "ZPL-2.1", "Unicode-3.0",
)  # fmt: skip


def licenses(text: str) -> set[str]:
    found = " ".join(item.expression for item in find_licenses(text).found if item.specific)
    return set(re.findall(r"[\w.+-]+", found)) - {"AND", "OR", "WITH"}


def base(names: set[str]) -> set[str]:
    return {re.sub("-(?:only|or-later)$", "", name) for name in names}


@pytest.mark.parametrize("row", LABELLED, ids=[f"{row['kind']}-{number}" for number, row in enumerate(LABELLED)])
def test_the_labelled_set(row: dict) -> None:
    assert licenses(row["text"]) == set(row["licenses"])
    if "choice" in row:
        assert any(" OR " in item.expression for item in find_licenses(row["text"]).found) is row["choice"]


@pytest.mark.parametrize("name", COMMON)
def test_a_text_of_the_list_is_that_license(name: str) -> None:
    found = find_licenses(license_text(name) or "")
    assert base(licenses(license_text(name) or "")) == base({name})
    assert any(item.kind is Kind.TEXT and item.similarity > 0.95 for item in found.found)


@pytest.mark.parametrize("name", COMMON)
def test_layout_comment_signs_and_a_head_do_not_count(name: str) -> None:
    words = (license_text(name) or "").split()
    lines = [" ".join(words[index : index + 9]) for index in range(0, len(words), 9)]
    head = "/*\n * example.c - sorts numbers\n *\n * Copyright (C) 2019 A. Nobody\n *\n"
    text = head + "\n".join(f" * {line}" for line in lines) + "\n */\nint sort(int *numbers, int count);\n"
    assert base(licenses(text)) == base({name})


@pytest.mark.parametrize("name", ["BSD-3-Clause", "BSD-2-Clause", "MIT", "ISC", "Apache-2.0"])
def test_other_names_in_the_text_do_not_count(name: str) -> None:
    text = license_text(name) or ""
    for holder in ("copyright holder", "COPYRIGHT HOLDERS AND CONTRIBUTORS", "author"):
        text = text.replace(holder, "Quxfoundation of Somewhere")
    assert licenses(text) == {name}


def test_several_licenses_in_one_file() -> None:
    text = f"{MIT}\n\n{'-' * 40}\n\n{license_text('Apache-2.0')}\n\n{license_text('BSD-3-Clause')}"
    assert licenses(text) == {"MIT", "Apache-2.0", "BSD-3-Clause"}


def test_a_changed_text_among_others() -> None:
    changed = license_text("Zlib").replace("authors", "author").replace("may not be removed", "cannot be removed")
    texts = [license_text(name) for name in ("Apache-1.1", "MIT", "BSD-2-Clause")]
    text = "\n\n".join([texts[0], changed, texts[1], texts[2], "a.py and b.py:", texts[2]])
    found = {item.expression for item in find_licenses(text).found if item.kind is Kind.TEXT}
    assert found == {"Apache-1.1", "Zlib", "MIT", "BSD-2-Clause"}


def test_lines_are_told() -> None:
    (found,) = find_licenses(f"one\ntwo\n\n# SPDX-License-Identifier: {'MIT'}\n").found
    assert (found.expression, found.kind, found.line) == ("MIT", Kind.NOTICE, 4)
    (found,) = find_licenses("a\n" * 40 + "This is under the MIT License.\n").found
    assert found.line == 41


def test_what_is_no_license_stays_open() -> None:
    text = "The licensee shall neither sublicense nor assign the warranty, liability and indemnification herein. " * 30
    result = find_licenses(text)
    assert not [item for item in result.found if item.specific]
    assert result.open_words > 100
    assert find_licenses(MIT).open_words < 10


def test_a_list_of_all_licenses_is_no_license() -> None:
    names = sorted({name for name in rule_index().aliases.values() if not name.startswith("LicenseRef")})
    assert licenses("\n".join(f'"{name}",' for name in names)) == set()


def test_a_text_of_any_size() -> None:
    filler = "some words that nobody has licensed to anyone else\n" * 100_000
    assert licenses(f"{filler}{MIT}{filler}") == {"MIT"}


def test_a_text_made_to_take_long_does_not() -> None:
    assert licenses("mit license " * 30_000) == {"MIT"}
    assert licenses("SPDX-License-Identifier: MIT\n" * 30_000) == {"MIT"}
    assert licenses(f"SPDX-License-Identifier: {'(' * 30_000}") == set()


@given(st.text(max_size=400))
def test_never_fails(text: str) -> None:
    find_licenses(text)
    find_licenses(f"SPDX-License-Identifier: {text}")


def test_the_index_is_consistent() -> None:
    index = rule_index()
    count = len(index.kinds)
    assert count > 30_000
    assert len(index.starts) == count + 1
    assert index.starts[-1] == len(index.words)
    assert len(index.anchor_rules) == len(index.anchor_offsets) == len(index.anchor_keys) == count
    assert set(index.anchor_rules) == set(range(count))
    assert max(index.rule_expressions) < len(index.expressions)
    assert sum(index.sketch_sizes) == len(index.gram_rules)


def test_an_exception_is_joined_as_spdx_joins_it() -> None:
    text = """
# Distributed under the terms of the GNU General Public License (version 2
# or later) with exception for distributing the bootloader.
#
# The full license is in the file COPYING.txt, distributed with this software.
"""
    (found,) = find_licenses(text).found
    assert found.expression == "GPL-2.0-or-later WITH Bootloader-exception"
    exceptions = rule_index().exceptions
    joined = re.compile(r"([\w.+-]+) AND ([\w.-]+)")
    rules = [match for rule in rule_index().expressions if (match := joined.fullmatch(rule)) and match[2] in exceptions]
    assert rules  # without them, the rewriting would be dead


def test_the_third_clause_of_the_bsd_license_in_any_words() -> None:
    two = license_text("BSD-2-Clause")
    assert two is not None
    head, _, disclaimer = two.partition("THIS SOFTWARE")
    third = (
        "3. The name of the author or contributors may not be used to endorse or promote\n   products derived from it."
    )
    assert licenses(two) == {"BSD-2-Clause"}
    assert licenses(f"{head}{third}\n\nTHIS SOFTWARE{disclaimer}") == {"BSD-3-Clause"}
    # What stands far from the two clauses is about something else.
    far = "\n".join("A line of another text, about something else." for _ in range(60))
    assert "BSD-2-Clause" in licenses(f"{two}\n{far}\n{third}\n")
