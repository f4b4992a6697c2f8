"""Projects of JavaScript by their places: folders of others' scripts, names of files, manifests of npm and Bower."""

import json
from pathlib import Path

import pytest

from castiron_audit.script_places import is_package_folder, place_of
from tests.unit.audit.test_detection import by_name, detect_in, write


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("d/static/vendor/d3.min.js", ("d3", "", True)),
        ("d/static/vendor/moment-2.29.4.js", ("moment", "2.29.4", True)),
        ("d/static/vendor/leaflet/leaflet.draw.js", ("leaflet", "", True)),
        ("d/static/vendor/font-free-5.1.0-web/css/all.css", ("font-free", "5.1.0", True)),
        ("d/components/create-react-class/index.js", ("create-react-class", "", True)),
        ("d/node_modules/@a/b/lib/x.js", ("@a/b", "", True)),
        ("d/static/js/moment-timezone-2.29.4.min.js", ("moment-timezone", "2.29.4", False)),
        ("d/static/tom-select.complete.min.js", ("tom-select", "", False)),
        ("d/static/vendor/js/three.min.js", ("three", "", True)),
    ],
)
def test_what_a_path_says(path: str, expected: tuple[str, str, bool]) -> None:
    place = place_of(path)
    assert place is not None
    assert (place.name, place.version, place.vendored) == expected


@pytest.mark.parametrize("path", ["d/static/d3.js", "d/static/js/chart.js", "d/lib/buffer/index.js", "d3.js"])
def test_ordinary_names_in_ordinary_folders_say_nothing(path: str) -> None:
    assert place_of(path) is None


def test_folders_of_packages() -> None:
    assert is_package_folder("d/components/MathJax/package.json", "mathjax")
    assert is_package_folder("d/node_modules/@a/b/package.json", "@a/b")
    assert is_package_folder("d/vendor/text/bower.json", "text")
    assert not is_package_folder("d/labextensions/own/package.json", "own")
    assert not is_package_folder("d/components/other/package.json", "mathjax")


def test_a_package_with_its_manifest_is_one_part(tmp_path: Path) -> None:
    manifest = {"name": "mathjax", "version": "2.7.9", "license": "Apache-2.0"}
    old = {"name": "tour", "version": "0.12.0", "licenses": [{"type": "MIT", "url": "https://x"}]}
    paths = [
        write(tmp_path, "d/components/MathJax/package.json", json.dumps(manifest)),
        write(tmp_path, "d/components/MathJax/MathJax.js", "/*\n *  MathJax.js\n *  under the Apache License 2.0 */"),
        write(
            tmp_path,
            "d/components/MathJax/jax/TeX/x.js",
            "/*\n *  /MathJax-v2/jax/TeX/x.js\n *  Copyright (c) X\n *  under the Apache License, Version 2.0 */",
        ),
        write(tmp_path, "d/components/MathJax/other.js", "/*! Split 1.1.1\n * Copyright X\n * MIT license */"),
        write(tmp_path, "d/components/tour/package.json", json.dumps(old)),
        write(tmp_path, "d/components/tour/tour.js", "/*! anything */"),
        write(tmp_path, "d/components/bare/bower.json", json.dumps({"name": "bare", "version": "1", "license": "MIT"})),
    ]
    found = {
        name: (item.version, item.verdict.expression) for name, item in by_name(detect_in(tmp_path, *paths)).items()
    }
    assert found == {
        "mathjax": ("2.7.9", "Apache-2.0"),
        "Split": ("1.1.1", "MIT"),
        "tour": ("0.12.0", "MIT"),
        "bare": ("1", "MIT"),
    }


def test_minified_files_are_known_by_their_names(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "d/static/vendor/d3.min.js", '!function(){t.version="7.9.0"}()'),
        write(tmp_path, "d/static/moment-timezone-with-data-2.29.4.min.js", 'M.version="0.5.43"'),
        write(tmp_path, "d/static/vendor/plotly.min.js", 'a.version="3.8.0";b.version="1.10.1"'),
        write(tmp_path, "d/static/d3.js", "own code of that name"),
        write(tmp_path, "d/static/vendor/unheard.min.js", "nobody knows it"),
    ]
    found = {
        name: (item.version, item.verdict.expression) for name, item in by_name(detect_in(tmp_path, *paths)).items()
    }
    assert found == {
        "d3": ("7.9.0", "ISC"),
        "moment-timezone": ("0.5.43", "MIT"),
        "plotly.js": ("", "MIT"),
    }


def test_a_notice_without_a_name_is_of_the_folder_that_it_lies_in(tmp_path: Path) -> None:
    path = "d/static/vendor/date-range/picker.js"
    write(tmp_path, path, "/**\n* @version: 1.3.22\n* @author: X\n* @license: Licensed under the MIT license.\n*/")
    (item,) = detect_in(tmp_path, path).components
    assert (item.name, item.version, item.verdict.expression) == ("date-range", "1.3.22", "MIT")


def test_licenses_that_a_banner_offers_are_a_choice(tmp_path: Path) -> None:
    both = "/**\n * net\n * @version 9.0.4\n * dual licensed under\n * The Apache 2.0 License and The MIT License.\n */"
    other = (
        "/*\nCopyright 2014 X\n\nVersion: 3.5.2\n\nThis software is licensed under the Apache License, Version 2.0 (the"
        ' "Apache License") or the GNU\nGeneral Public License version 2 (the "GPL License"). You may choose either '
        "license to govern your use.\n*/"
    )
    paths = [write(tmp_path, "d/vendor/net/net.js", both), write(tmp_path, "d/vendor/select2/select2.js", other)]
    found = {
        name: (item.version, item.verdict.expression) for name, item in by_name(detect_in(tmp_path, *paths)).items()
    }
    assert found == {"net": ("9.0.4", "Apache-2.0 OR MIT"), "select2": ("3.5.2", "Apache-2.0 OR GPL-2.0-only")}
