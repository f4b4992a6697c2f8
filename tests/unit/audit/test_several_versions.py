"""Two versions of one script in a distribution are two parts."""

from pathlib import Path

from castiron_audit.detection.driver import Detection
from tests.unit.audit.making import MIT
from tests.unit.audit.test_detection import detect_in, write


def versions(detection: Detection) -> dict[str, tuple[str, str | None]]:
    return {item.id: (item.version, item.verdict.expression) for item in detection.components}


def test_banners_tell_two_versions_apart(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "d/old/jquery.min.js", "/*! jQuery v3.5.1 | (c) JS Foundation | MIT license */"),
        write(tmp_path, "d/new/jquery.min.js", "/*! jQuery v3.7.0 | (c) OpenJS Foundation | MIT license */"),
        write(tmp_path, "d/new/jquery.slim.min.js", "/*! jQuery v3.7.0 -ajax | (c) OpenJS Foundation | MIT license */"),
        write(tmp_path, "d/static/jquery-3.5.min.js", "/* no banner */"),
    ]
    detection = detect_in(tmp_path, *paths)
    assert versions(detection) == {"vendored/d/jQuery": ("3.7.0", "MIT"), "vendored/d/jQuery@3.5.1": ("3.5.1", "MIT")}
    assert {item.purl for item in detection.components} == {"pkg:npm/jquery@3.5.1", "pkg:npm/jquery@3.7.0"}
    texts = {item.version: {text.path for text in item.texts} for item in detection.components}
    assert texts["3.5.1"] == {"d/old/jquery.min.js, jQuery"}  # each has its own notices


def test_places_and_code_tell_them_apart(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "d/a/jquery-1.8.0.min.js", "a;"),
        write(tmp_path, "d/b/jquery-2.2.4.min.js", "b;"),
        write(tmp_path, "d/vendor/jquery/jquery.js", 'x={version:"3.1.0"};'),
        write(tmp_path, "d/vendor/jquery/plugin.js", 'x={version:"0.4.7"};'),  # a part of it
    ]
    assert {version for version, _ in versions(detect_in(tmp_path, *paths)).values()} == {"1.8.0", "2.2.4", "3.1.0"}


def test_what_a_script_contains_has_versions_of_its_own(tmp_path: Path) -> None:
    inner = '/*! vis-network v9.1.2 | Apache-2.0 OR MIT */ core={version:"3.21.1"};'
    path = write(tmp_path, "d/vendor/vis-network/vis-network.min.js", inner)
    assert {version for version, _ in versions(detect_in(tmp_path, path)).values()} == {"9.1.2"}


def test_packages_of_npm_in_two_versions(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "d/node_modules/a/package.json", '{"name": "a", "version": "1.0.0", "license": "MIT"}'),
        write(tmp_path, "d/node_modules/a/index.js", "/*! a | ISC */"),
        write(tmp_path, "d/node_modules/b/package.json", '{"name": "b", "version": "5.0.0", "license": "MIT"}'),
        write(
            tmp_path,
            "d/node_modules/b/node_modules/a/package.json",
            '{"name": "a", "version": "2.0.0", "license": "ISC"}',
        ),
        write(tmp_path, "d/node_modules/b/node_modules/a/LICENSE", MIT),
    ]
    write(tmp_path, "d-1.0.dist-info/RECORD", "\n".join(f"{path},," for path in paths))
    detection = detect_in(tmp_path, *paths)
    found = versions(detection)
    assert found["vendored/d/b"] == ("5.0.0", "MIT")
    assert sorted(found[name] for name in found if "/a" in name) == [("1.0.0", "MIT"), ("2.0.0", "ISC")]
    with_text = [item.version for item in detection.components if item.texts]
    assert with_text == ["2.0.0"]  # the license file lies beside this one


def test_folders_with_versions_and_ranges(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "d/xterm@4.11.0/lib/xterm.js", "a;"),
        write(tmp_path, "d/xterm@4.14.1/lib/xterm.js", "b;"),
        write(tmp_path, "d/xterm@4.14.1/LICENSE", MIT),
        write(tmp_path, "d/vega@^5.2.0/vega.js", "c;"),
        write(tmp_path, "d/licenses/vega@5.3.1.txt", MIT),
    ]
    detection = detect_in(tmp_path, *paths)
    assert sorted((item.name.lower(), item.version) for item in detection.components) == [
        ("vega", "5.3.1"),
        ("xterm", "4.11.0"),
        ("xterm", "4.14.1"),
    ]
    texts = {item.version: [text.path for text in item.texts] for item in detection.components}
    assert texts["4.11.0"] == []
    assert texts["4.14.1"] == ["d/xterm@4.14.1/LICENSE"]
