"""Modules of the standard library on libraries without copyleft: dbm.ndbm on sdbm, _uuid on libuuid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.linking import run, trace_and_link

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

APP = """
import dbm.ndbm
import random
import shelve
import uuid

random.seed(4)
expected = {}
with dbm.ndbm.open("words", "n") as words:
    for step in range(20_000):
        key = b"%d" % random.randrange(3000)
        if random.random() < 0.7:
            words[key] = expected[key] = random.randbytes(random.randrange(300))
        elif key in expected:
            del words[key], expected[key]
        else:
            assert key not in words
        if step % 1000 == 0:
            assert sorted(words.keys()) == sorted(expected)
            assert words.get(b"nothing") is None
with dbm.ndbm.open("words", "r") as words:
    assert {key: words[key] for key in words.keys()} == expected
with dbm.ndbm.open("words", "w") as words:
    words[b"key"] = b"v" * (1008 - 3)
    try:
        words[b"key"] = b"v" * (1008 - 2)
    except dbm.ndbm.error as error:
        print("too much:", error)
    assert words[b"key"] == b"v" * (1008 - 3)
print(dbm.whichdb("words"))

with shelve.open("shelf") as shelf:
    shelf["key"] = list(range(10_000))
print(dbm.whichdb("shelf"))

made = [uuid.uuid1() for _ in range(100)]
assert len(set(made)) == 100 and made == sorted(made, key=lambda one: one.time)
assert {one.node for one in made} == {uuid.getnode()}
print(made[0].version, uuid._uuid.has_stable_extractable_node, uuid._uuid.has_uuid_generate_time_safe)
"""


def test_they_work_and_the_report_names_their_libraries(pack: Pack, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    binary = trace_and_link(["app.py"], cwd=tmp_path, name="app")
    done = run([binary], cwd=tmp_path)
    default = "dbm.sqlite3" if pack.feature == "3.13" else "dbm.dumb"
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout == f"too much: cannot add item to database\ndbm.ndbm\n{default}\n1 1 1\n"
    report = (tmp_path / "app.licenses.txt").read_text()
    for line in ("sdbm 5.40", "libuuid 2.41"):
        assert f"\n{line}" in report
    assert "GPL" not in "".join(line for line in report.splitlines() if "License:" in line)
