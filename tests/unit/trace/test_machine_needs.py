"""What the machine must bring: which calls need it, and what is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_common.progress import SilentReporter
from castiron_manifest.model import MachineFacility, Need
from castiron_manifest.needs import sentences
from castiron_trace.analyser.syntax.scanner import scan_source
from castiron_trace.driver import trace
from castiron_trace.hints.reader import shipped_hints
from castiron_trace.machine import carried_requirements
from castiron_trace.model import Carry
from tests.unit.trace.conftest import options
from tests.unit.trace.making import write

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_trace.model import TargetPython


def needs(source: str) -> list[tuple[str, int]]:
    scan = scan_source(source.encode(), own=True, hints=shipped_hints().sources)
    return [(use.what, use.line) for use in scan.machine]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import ssl\nssl.create_default_context()", ["certificates"]),
        ("import ssl\nssl.create_default_context(cafile=x)", []),
        ("import ssl as s\ncontext.load_default_certs()", ["certificates"]),
        ("from urllib.request import urlopen as u\nu('https://x')", ["certificates", "host-names"]),
        ("from urllib import request\nrequest.urlopen(a, context=c)", ["host-names"]),
        ("import requests\nrequests.get(a)", ["host-names"]),
        ("import requests\n{}.get(a)", []),
        ("requests = {}\nrequests.get(a)", []),
        ("from zoneinfo import ZoneInfo\nZoneInfo('Europe/Berlin')", ["timezones"]),
        ("frame.tz_convert('Europe/Berlin')", ["timezones"]),
        ("frame.tz_convert('UTC')", []),
        ("import subprocess\nsubprocess.run('ls | wc', shell=True)", ["shell"]),
        ("import subprocess\nsubprocess.run(['ls'], shell=False)\nsubprocess.run(['ls'])", []),
        ("import os\nos.system('ls')", ["shell"]),
        ("import pwd\npwd.getpwnam('root')", ["users"]),
        ("import os\nos.path.expanduser('~')\nos.path.expanduser('~/x')", []),
        ("import os\nos.path.expanduser('~root/x')", ["users"]),
        ("from PIL import ImageFont\nImageFont.truetype('Arial.ttf')", ["fonts", "text-layout"]),
        ("from PIL import ImageFont\nImageFont.truetype(f'{HERE}/x.ttf')", ["text-layout"]),
        ("from PIL import ImageFont\nImageFont.truetype(path, layout_engine=ImageFont.Layout.BASIC)", []),
        ("import locale\nlocale.setlocale(locale.LC_ALL, 'de_DE.UTF-8')", ["locales"]),
        ("import locale\nlocale.setlocale(locale.LC_ALL, '')\nlocale.setlocale(0, 'C.UTF-8')", []),
    ],
)
def test_calls_that_need_something_of_the_machine(source: str, expected: list[str]) -> None:
    assert [what for what, _line in needs(source)] == expected


def test_the_manifest_names_the_first_use_in_each_module(tmp_path: Path, python: TargetPython) -> None:
    write(
        tmp_path,
        {
            "app.py": "import zones, os\nos.system('a')\nos.system('b')",
            "zones.py": "import zoneinfo\nzoneinfo.ZoneInfo(x)",
        },
    )
    manifest = trace(options(tmp_path, "app.py"), reporter=SilentReporter(), python=python).manifest
    assert [(need.what, need.importer, need.line, need.own, need.carried) for need in manifest.needs] == [
        ("shell", "__main__", 2, True, False),
        ("timezones", "zones", 2, True, False),
    ]


def need(what: MachineFacility, *, own: bool = True, carried: bool = False) -> Need:
    return Need(what=what, importer="m", line=1, own=own, carried=carried)


def test_one_line_says_what_the_machine_must_bring() -> None:
    assert sentences([]) == []
    assert sentences([need(MachineFacility.SHELL, own=False), need(MachineFacility.TIME_ZONES, carried=True)]) == []
    assert sentences(
        [
            need(MachineFacility.TEXT_LAYOUT),
            need(MachineFacility.SHELL),
            need(MachineFacility.CERTIFICATES),
            need(MachineFacility.LOCALES),
        ]
    ) == [
        "needs from the machine: root certificates, /bin/sh; --carry certificates of trace and build takes along",
        "locales: the C library accepts every name and formats as in C",
        "text in pictures: no layout from right to left and no ligatures, as FriBiDi cannot be opened",
    ]


def test_carry_adds_a_pinned_distribution_unless_the_application_has_one() -> None:
    carries = shipped_hints().carries
    wanted = (Carry.CERTIFICATES, Carry.TIME_ZONES)
    lines = carried_requirements(wanted, carries, ["certifi"])
    assert [line.partition("==")[0] for line in lines] == ["tzdata"]
    assert all("==" in hint.requirement for hint in carries)
    assert {hint.what for hint in carries} == set(Carry)
