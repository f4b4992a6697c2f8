"""What the detectors make of scripts, bundlers' lists, data, colour profiles, folders with a license, and notices."""

import base64
import json
import struct
import zlib
from pathlib import Path

from castiron_audit.bundles import (
    Package,
    listed_packages,
    package_of_json,
    packages_of_notices,
    packages_of_source_map,
)
from castiron_audit.fonts import read_font
from castiron_audit.license_files import split_notices
from castiron_audit.model import Kind
from castiron_audit.profiles import read_profile
from castiron_audit.script_modules import NamedPackage, packages_in_script
from tests.unit.audit.making import MIT, font_file
from tests.unit.audit.test_detection import by_name, detect_in, native, write


def test_scripts(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "d/static/v.min.js", "/*! thing v1.2.3 | MIT License */a;/*! own v9.0 | MIT License */"),
        write(tmp_path, "d/static/codemirror-5.57.0.js", "/* CodeMirror, (c) by X\n under an MIT license */"),
        write(tmp_path, "d/static/b.js.LICENSE.txt", "/*! Sortable 1.15.7 @license MIT */\n/*! ?\n @license MIT */"),
        write(tmp_path, "d/static/own.js", "/* Copyright of the project itself */"),
        write(tmp_path, "d/static/b.js.map", '{"sources": ["x/node_modules/tslib/t.js", "node_modules/@x/y/i.js"]}'),
        write(tmp_path, "d/tests/t.js", "/*! tested v1.0.0 | MIT License */"),
    ]  # fmt: skip
    detection = detect_in(tmp_path, *paths, name="own")
    found = {item.name: (item.version, item.verdict.expression, item.purl) for item in detection.components}
    assert found == {
        "thing": ("1.2.3", "MIT", "pkg:npm/thing@1.2.3"),
        "CodeMirror": ("5.57.0", "MIT", "pkg:npm/codemirror@5.57.0"),
        "Sortable": ("1.15.7", "MIT", "pkg:npm/sortable@1.15.7"),
        "tslib": ("", "0BSD", None),
        "@x/y": ("", None, None),
    }
    assert {item.code: item.message for item in detection.findings} == {
        "unnamed-notice": "Comments with a license or copyright that do not say whose they are: "
        "d/static/b.js.LICENSE.txt.",
        "unlisted-scripts": "Source maps, scripts and their banners tell names without licenses; nothing tells those "
        "of 1 package: @x/y.",
    }


def test_the_list_of_sources_is_not_what_is_called_so() -> None:
    named = b'{"names":["sources","x"],"mappings":";","sources":["../node_modules/.pnpm/a@1/node_modules/@x/y/[z].js"]}'
    assert packages_of_source_map(named) == ("@x/y",)
    assert packages_of_source_map(b'{"sources":[],"sourcesContent":["node_modules/a/b"]}') == ()


def test_packages_of_source_maps_whose_license_published_lists_tell(tmp_path: Path) -> None:
    paths = [
        write(
            tmp_path, "d/b.js.map", '{"sources": ["node_modules/@lumino/widgets/w.js", "node_modules/yallist/y.js"]}'
        ),
        write(tmp_path, "d/yallist.min.js", "x"),  # a name alone tells nothing
    ]
    found = {item.name: item.verdict.expression for item in detect_in(tmp_path, *paths[:1]).components}
    assert found["@lumino/widgets"] == "BSD-3-Clause"
    assert detect_in(tmp_path, *paths[1:]).components == ()


def test_sources_in_source_maps_tell_their_licenses(tmp_path: Path) -> None:
    sources = {
        "node_modules/@x/tagged/a.ts": "// x\n// SPDX-License-Identifier: MIT and ISC\n// Copyright (c) x\n",
        "node_modules/noticed/a.js": "/* Licensed under the Apache License, Version 2.0 (the License) */",
        "node_modules/silent/a.js": "export const license = 1;",
        "src/own.js": "// SPDX-License-Identifier: GPL-3.0-only\n",
    }
    document = {"version": 3, "sources": list(sources), "sourcesContent": list(sources.values())}
    detection = detect_in(tmp_path, write(tmp_path, "d/b.js.map", json.dumps(document)))
    found = {item.name: item.verdict.expression for item in detection.components}
    assert found == {"@x/tagged": "MIT AND ISC", "noticed": "Apache-2.0", "silent": None}
    assert [item.message.rpartition(" ")[2] for item in detection.findings if item.code == "unlisted-scripts"] == [
        "silent."
    ]


def test_a_name_with_a_version_is_a_package_whether_its_license_is_known_or_not(tmp_path: Path) -> None:
    text = (
        "/*! @lumino/widgets v2.1.0 */a;/*! yallist v4.0.0 */b;/*! A sentence about v1.2.3 of something. */"
        "/*! Nameless, (c) X */"
    )
    detection = detect_in(tmp_path, write(tmp_path, "d/a.js", text))
    assert [(item.name, item.version, item.verdict.expression) for item in detection.components] == [
        ("@lumino/widgets", "2.1.0", "BSD-3-Clause"),
        ("yallist", "4.0.0", None),
    ]
    assert [item.code for item in detection.findings] == ["unlisted-scripts"]  # One message, and no error for each.


def test_licenses_of_packages_whose_license_has_changed(tmp_path: Path) -> None:
    delivered = "/**\n * Minified by jsDelivr using Terser.\n * Original file: /npm/{}/dist/x.js\n */\n"
    paths = [
        write(tmp_path, f"d/{number}.js", delivered.format(package))
        for number, package in enumerate(("d3-array@2.12.1", "d3-color@3.0.0", "d3-scale@3.3.0", "uc.micro@1.0.6"))
    ]
    paths.append(write(tmp_path, "d/b.js.map", '{"sources": ["node_modules/d3-shape/src/arc.js"]}'))
    found = {item.name: item.verdict.expression for item in detect_in(tmp_path, *paths).components}
    assert found == {
        "d3-array": "BSD-3-Clause",
        "d3-color": "ISC",
        "d3-scale": "BSD-3-Clause",
        "uc.micro": "MIT",
        "d3-shape": None,  # ISC from version 3 on, and nothing tells the version.
    }


def test_manifests_of_components_for_dash_name_what_is_in_their_bundle(tmp_path: Path) -> None:
    manifest = json.dumps(
        {"name": "own", "license": "MIT", "dependencies": {"lodash": "^4", "@types/x": "1", "no-such": "1"}}
    )
    paths = [write(tmp_path, "d/package-info.json", manifest), write(tmp_path, "d/own.min.js", "x")]
    found = {item.name: item.verdict.expression for item in detect_in(tmp_path, *paths, name="own").components}
    assert found == {"lodash": "MIT", "no-such": None}
    assert detect_in(tmp_path, *paths[:1], name="own").components == ()  # No script, nothing of theirs.


def test_lists_that_nlf_makes(tmp_path: Path) -> None:
    text = (
        "The contents below were generated with nlf.\n\n"
        "@x/react@1.2.12 [license(s): Apache-2.0]\n└── package.json:  Apache-2.0\n\n"
        "lodash@4.17.21 [license(s): MIT, CC0-1.0]\n├── license files: MIT\n└── readme files: CC0-1.0\n\n"
        "@own/page@0.0.0 [license(s): MIT]\n"
    )
    path = write(tmp_path, "own/third_party.txt", text)
    write(tmp_path, "own-1.0.dist-info/RECORD", f"{path},,\n")
    detection = detect_in(tmp_path, path, name="own")
    found = {item.name: (item.version, item.verdict.expression) for item in detection.components}
    # Of several findings of nlf's none is believed: what published lists say counts.
    assert found == {"@x/react": ("1.2.12", "Apache-2.0"), "lodash": ("4.17.21", "MIT")}


def test_packages_that_a_script_names_as_its_contents(tmp_path: Path) -> None:
    modules = (
        '/***/ "./node_modules/@lumino/widgets/dist/w.js":\n/***/ "./node_modules/a/node_modules/yallist/y.js":\n'
        '/***/ "./node_modules/css-loader/dist/cjs.js!./src/own.css":\n/***/ "./src/own.js":\n'
        'text = "./node_modules/not-a-module/x.js";\n'
    )
    assert [item.name for item in packages_in_script(modules.encode())] == ["@lumino/widgets", "css-loader", "yallist"]
    delivered = "/**\n * Minified by jsDelivr using Terser.\n * Original file: /npm/{}/dist/x.js\n */\n"
    assert packages_in_script(delivered.format("@x/y@1.2.3-rc.1").encode()) == (
        NamedPackage(name="@x/y", version="1.2.3-rc.1"),
    )
    listed = b"/*! Bundled license information:\n\n%s/x.js:\n  (*! Sortable 1.15.2 | MIT *)\n*/"
    assert packages_in_script(listed % b"sortablejs") == ()  # its banner tells more
    assert packages_in_script(listed % b"others") == (NamedPackage(name="others"),)
    paths = [
        write(tmp_path, "d/dev.js", modules),
        write(tmp_path, "d/a.js", delivered.format("moment@2.29.4")),
        write(tmp_path, "d/b.css", delivered.format("no-such-package@1.0.0")),
    ]
    detection = detect_in(tmp_path, *paths)
    assert {item.name: (item.version, item.verdict.expression) for item in detection.components} == {
        "@lumino/widgets": ("", "BSD-3-Clause"),
        "css-loader": ("", "MIT"),
        "moment": ("2.29.4", "MIT"),
        "no-such-package": ("1.0.0", None),
        "yallist": ("", None),
    }
    assert [item.message.rpartition(": ")[2] for item in detection.findings] == ["no-such-package, yallist."]


def test_another_license_than_the_catalogues_is_another_versions(tmp_path: Path) -> None:
    banner = "/*!\n * Bootstrap v{}\n * Licensed under {} */"
    for version, text, license_ in (("2.3.1", "the Apache License v2.0", "Apache-2.0"), ("5.3.8", "MIT", "MIT")):
        path = write(tmp_path, f"d/{version}/bootstrap.css", banner.format(version, text))
        (found,) = detect_in(tmp_path, path).components
        assert (found.version, found.verdict.expression) == (version, license_)


def test_a_project_that_its_banner_calls_otherwise(tmp_path: Path) -> None:
    text = "/*!\n * Datepicker for Bootstrap v1.10.0 (https://x)\n * Licensed under the Apache License v2.0 */"
    (found,) = detect_in(tmp_path, write(tmp_path, "d/datepicker.css", text)).components
    assert (found.name, found.version, found.verdict.expression) == ("bootstrap-datepicker", "1.10.0", "Apache-2.0")


def test_plugins_of_jquery_are_named_after_their_files(tmp_path: Path) -> None:
    text = "/*! (c) X\nLicensed under the MIT License. */"
    paths = [write(tmp_path, "d/js/jquery.slimscroll.min.js", text), write(tmp_path, "d/js/own.min.js", text)]
    detection = detect_in(tmp_path, *paths)
    assert [(item.name, item.verdict.expression) for item in detection.components] == [("jquery.slimscroll", "MIT")]
    assert [item.code for item in detection.findings] == ["unnamed-notice"]


def test_license_files_named_after_fonts(tmp_path: Path) -> None:
    paths = [write(tmp_path, "d/fonts/Alef-Bold.ttf"), write(tmp_path, "d/fonts/Geist.woff2")]
    (tmp_path / paths[0]).write_bytes(font_file({1: "Alef", 5: "Version 1.002"}))
    (tmp_path / paths[1]).write_bytes(b"wOF2" + bytes(44))
    for name in ("Alef", "Geist"):
        write(
            tmp_path,
            f"d/fonts/OFL-{name}.txt",
            "This Font Software is licensed under the SIL Open Font License, Version 1.1.",
        )
    detection = detect_in(tmp_path, *paths)
    assert {(item.name, item.verdict.expression) for item in detection.components} == {
        ("Alef", "OFL-1.1"),
        ("Geist", "OFL-1.1"),
    }
    assert detection.findings == ()


def test_lists_of_bundlers(tmp_path: Path) -> None:
    rows = [
        {"name": "@x/y", "versionInfo": "1.0", "licenseId": "MIT", "extractedText": MIT},
        {"name": "z", "versionInfo": "2.0", "licenseId": "BSD-2-Clause", "extractedText": ""},
        {"name": "@d/own", "versionInfo": "3.0", "licenseId": "MIT"},
    ]
    path = write(tmp_path, "d/static/third-party-licenses.json", json.dumps({"packages": rows}))
    components = by_name(detect_in(tmp_path, path))
    assert {name: item.purl for name, item in components.items()} == {
        "@x/y": "pkg:npm/%40x/y@1.0",
        "z": "pkg:npm/z@2.0",
    }
    assert components["@x/y"].copyrights == ("Copyright (c) 2020 The Authors of It",)


def test_notices_beside_a_bundle(tmp_path: Path) -> None:
    mark = "NOTICES AND INFORMATION"
    notices = "".join(
        f"%% {name} {mark} BEGIN HERE\n==========\n{MIT}==========\nEND OF {name} {mark}\n\n"
        for name in ("chokidar@4.0.3", "@s/own-one@1.2.0-beta.1")
    )
    text = f"The following npm packages are inlined into this bundle.\n\n- other@1.0.0 (address)\n\n{notices}"
    detection = detect_in(tmp_path, write(tmp_path, "d/lib/utils.js.LICENSE", text))
    assert {(item.name, item.version, item.verdict.expression) for item in detection.components} == {
        ("chokidar", "4.0.3", "MIT"),
        ("@s/own-one", "1.2.0-beta.1", "MIT"),
    }
    assert packages_of_notices("%% a@1.0 NOTICES AND INFORMATION BEGIN HERE\n") == ()


def test_forms_of_lists() -> None:
    rollup = json.dumps([{"name": "a", "version": "1", "license": "MIT", "licenseText": "text"}])
    assert listed_packages(rollup.encode()) == (Package(name="a", version="1", license="MIT", text="text"),)
    checker = json.dumps({"@s/a@1.0.0": {"licenses": "ISC", "path": "/x"}, "not-one": 3})
    assert listed_packages(checker.encode()) == (Package(name="@s/a", version="1.0.0", license="ISC"),)
    for nothing in (b"{", b"[1]", b'{"packages": 1}', b'{"packages": [{"name": "../x", "license": "MIT"}]}', b"3"):
        assert listed_packages(nothing) == ()
    assert package_of_json(b'{"name": "a", "version": "1", "license": {"type": "MIT"}}') == Package(
        name="a", version="1", license="MIT"
    )
    assert package_of_json(b"[]") is None
    assert packages_of_source_map(b'{"sources":["x/node_modules/a/b.js"],"sourcesContent":["node_modules/c/"]}') == (
        "a",
    )


def test_data(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "d/zoneinfo/tzdata.zi", "# version 2026a\n"),
        write(tmp_path, "d/suffixes.dat", "// VERSION: 2026-01-01_x\n// ===BEGIN ICANN DOMAINS===\n"),
        write(tmp_path, "d/other_suffixes.dat", "nothing"),
        write(tmp_path, "d/locale-data/de.dat"),
        write(tmp_path, "d/model.onnx"),
        write(tmp_path, "d/weights.pth"),
        write(tmp_path, "a_path_configuration_file.pth"),
        write(tmp_path, "d/dicts/hyph_de.dic"),
    ]
    write(tmp_path, "d/dicts/README_hyph_de.txt", MIT)
    components = by_name(detect_in(tmp_path, *paths))
    assert {name: (item.version, item.verdict.expression) for name, item in components.items()} == {
        "tz-database": ("2026a", "LicenseRef-public-domain"),
        "public-suffix-list": ("2026-01-01_x", "MPL-2.0"),
        "cldr": ("", "Unicode-3.0"),
        "model.onnx": ("", None),
        "weights.pth": ("", None),
        "hyphenation-dictionaries": ("", "MIT"),
    }
    assert {item.kind for item in components.values()} == {Kind.DATA}


def profile(copyright_: str) -> bytes:
    text = copyright_.encode("utf-16-be")
    tag = b"mluc" + bytes(4) + struct.pack(">IIHHII", 1, 12, 0x656E, 0x5553, len(text), 28) + text
    return bytes(36) + b"acsp" + bytes(88) + struct.pack(">I4sII", 1, b"cprt", 144, len(tag)) + tag


def test_colour_profiles(tmp_path: Path) -> None:
    path = write(tmp_path, "d/sRGB.icc")
    (tmp_path / path).write_bytes(profile("No copyright, use freely"))
    (component,) = detect_in(tmp_path, path).components
    assert (component.name, component.verdict.expression) == ("sRGB ICC profile", "LicenseRef-public-domain")
    assert read_profile(b"x" * 200) is None
    damaged = read_profile(profile("x")[:150])
    assert damaged is None or damaged.copyright == ""


def test_compressed_fonts(tmp_path: Path) -> None:
    whole = font_file({1: "Some Font", 5: "Version 1.5"})
    names = whole[28:]
    packed = zlib.compress(names)
    head = b"wOFF" + bytes(8) + struct.pack(">H", 1) + bytes(30)
    woff = head + struct.pack(">4sIIIII", b"name", 64, len(packed), len(names), 0, 0)[:20] + packed
    font = read_font(woff)
    assert font is not None
    assert (font.family, font.version) == ("Some Font", "1.5")
    assert read_font(woff[:70]) is None
    names = ("KaTeX_Main.woff2", "0af31c.woff2", "ChakraPetch-Regular.woff2")
    paths = [write(tmp_path, f"d/fonts/{name}") for name in names]
    for path in paths:
        (tmp_path / path).write_bytes(b"wOF2" + bytes(44))
    detection = detect_in(tmp_path, *paths)
    assert [(item.name, item.verdict.expression) for item in detection.components] == [
        ("Chakra Petch", "OFL-1.1"),
        ("KaTeX fonts", "MIT"),
    ]
    assert [item.code for item in detection.findings] == ["unnamed-fonts"]


def test_fonts_that_style_sheets_name(tmp_path: Path) -> None:
    names = ("07c7676b89ed.woff2", "0af31c.woff2", "1b2c.woff2")
    paths = [write(tmp_path, f"d/media/{name}") for name in names]
    for path in paths:
        (tmp_path / path).write_bytes(b"wOF2" + bytes(44))
    within = base64.b64encode(b"wOF2" + bytes(44)).decode()
    sheet = (
        f"@font-face{{font-family:Inter;src:url(../media/{names[0]})}}"
        # A page calls its own font, and a file by two names, as it likes.
        f"@font-face{{font-family:our-own-icons;src:url(../media/{names[1]})}}"
        f"@font-face{{font-family:Geist;src:url({names[2]})}}@font-face{{font-family:Inter;src:url({names[2]})}}"
        f"@font-face{{font-family:'Fira Mono';src:url(data:font/woff2;base64,{within})}}"
    )
    detection = detect_in(tmp_path, write(tmp_path, "d/css/a.css", sheet), *paths)
    assert [(item.name, item.verdict.expression) for item in detection.components] == [
        ("Fira Mono", "OFL-1.1"),
        ("Inter", "OFL-1.1"),
    ]
    assert [item.code for item in detection.findings] == ["unnamed-fonts"]


def test_folders_with_a_license_of_their_own(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "d/widgets/inner/a.py"),
        write(tmp_path, "d/gdal/b.py"),
        write(tmp_path, "d/icons/octicons/x.svg"),
    ]
    for folder in ("d/widgets/inner", "d/gdal", "d/icons/octicons", "d", "d/gone"):
        write(tmp_path, f"{folder}/LICENSE", MIT.replace("2020", "2021"))
    write(tmp_path, "d-1.0.dist-info/RECORD", "".join(f"{folder}/LICENSE,,\n" for folder in ("d", "d/gdal", "d/gone")))
    rows = "d/widgets/inner/LICENSE,,\nd/icons/octicons/LICENSE,,\n../../../bin/x,,\n"
    with (tmp_path / "d-1.0.dist-info/RECORD").open("a") as record:
        record.write(rows)
    components = by_name(detect_in(tmp_path, *paths))
    # A package that uses GDAL is not GDAL; a folder of which nothing goes in brings nothing.
    assert set(components) == {"inner", "d.gdal", "octicons"}
    assert all(item.verdict.expression == "MIT" for item in components.values())


def test_a_folder_whose_license_is_unknown_is_told_and_its_script_has_the_version(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "d/plugins/exportpdf/plugin.js"),
        write(tmp_path, "d/static/tinymce/tinymce.min.js", "/**\n * TinyMCE version 7.8.0 (TBD)\n */"),
        write(tmp_path, "d/static/ckeditor/ckeditor.js", 'a={version:"4.22.1"}'),
    ]
    commercial = "The plugin is available under a commercial license, contact sales.\n"
    texts = {"plugins/exportpdf/LICENSE.md": commercial, "static/tinymce/LICENSE": MIT, "static/ckeditor/LICENSE": MIT}
    for path, text in texts.items():
        write(tmp_path, f"d/{path}", text)
    write(tmp_path, "d-1.0.dist-info/RECORD", "".join(f"d/{path},,\n" for path in texts))
    detection = detect_in(tmp_path, *paths)
    found = {item.name: (item.version, item.verdict.expression) for item in detection.components}
    assert found == {"exportpdf": ("", None), "tinymce": ("7.8.0", "MIT"), "ckeditor": ("4.22.1", "MIT")}
    assert [item.code for item in detection.findings] == ["unknown-license"]


def test_the_license_file_of_a_package_of_scripts_belongs_to_it(tmp_path: Path) -> None:
    choice = (
        "Licensed under the Apache License, Version 2.0 or the GNU General Public License version 2, at your choice."
    )
    paths = [
        write(
            tmp_path, "d/components/@x/icons/package.json", '{"name": "@x/icons", "version": "6.1.0", "license": "MIT"}'
        ),
        write(tmp_path, "d/components/@x/icons/a.js"),
        write(tmp_path, "d/components/@x/icons/LICENSE", MIT),
        write(tmp_path, "d/static/select2/select2.min.js", "/*! Select2 3.5.2 | MIT License */"),
        write(tmp_path, "d/static/select2/LICENSE", choice),
    ]
    write(tmp_path, "d-1.0.dist-info/RECORD", "d/components/@x/icons/LICENSE,,\nd/static/select2/LICENSE,,\n")
    components = by_name(detect_in(tmp_path, *paths))
    assert set(components) == {"@x/icons", "Select2"}
    assert [text.path for text in components["@x/icons"].texts] == ["d/components/@x/icons/LICENSE"]
    # The catalogue has the license of today's versions, the folder that of this one.
    assert components["Select2"].verdict.expression == "Apache-2.0 OR GPL-2.0-only"


def test_third_party_notices(tmp_path: Path) -> None:
    text = (
        f"%% Inner Thing NOTICES, INFORMATION, AND LICENSE BEGIN HERE\n====\n{MIT}\n====\nEND OF Inner Thing NOTICES\n"
    )
    write(tmp_path, "d/ThirdPartyNotices.txt", text)
    write(tmp_path, "d-1.0.dist-info/RECORD", "d/ThirdPartyNotices.txt,,\n")
    (component,) = detect_in(tmp_path, write(tmp_path, "d/__init__.py")).components
    assert (component.name, component.verdict.expression) == ("Inner Thing", "MIT")
    titles = split_notices(
        f"# Notices\n\n## pip\n\nhttps://x\n\n{MIT}\n## empty\n\nnothing\n## [zlib](https://x)\n\nzlib license\n"
    )
    assert [item.name for item in titles] == ["pip", "zlib"]


def test_a_vendored_project_without_metadata_is_known_by_its_name(tmp_path: Path) -> None:
    paths = [write(tmp_path, "d/vendored/pint/__init__.py"), write(tmp_path, "d/vendored/own/__init__.py")]
    components = by_name(detect_in(tmp_path, *paths, natives=(native("d/_x.so"),)))
    assert {name: item.verdict.expression for name, item in components.items()} == {"pint": "BSD-3-Clause"}


def test_packages_in_folders_named_as_content_networks_do(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "d/dist/vega@5.2.0/vega.min.js", "x"),
        write(tmp_path, "d/dist/@scope/part@1.0.0-rc.1/index.js", "x"),
        write(tmp_path, "d/dist/filepond@^4/filepond.js", "x"),
        write(tmp_path, "d/licenses/filepond@4.32.12.txt", MIT),
        write(tmp_path, "d/licenses/@scope/part@1.0.0-rc.1.txt", MIT),
        write(tmp_path, "d/dist/golden@1.5.9/LICENSE", MIT),
        write(tmp_path, "d/dist/golden@1.5.9/golden.css", "x"),
        write(tmp_path, "d/dist/me@example.org/x.js", "x"),
        write(tmp_path, "d/tests/tested@1.0.0/x.js", "x"),
        write(tmp_path, "d/dist/data@1.0.0/table.csv", "x"),
    ]  # fmt: skip
    found = {
        item.name: (item.version, item.verdict.expression, item.purl) for item in detect_in(tmp_path, *paths).components
    }
    assert found == {
        "vega": ("5.2.0", "BSD-3-Clause", "pkg:npm/vega@5.2.0"),
        "@scope/part": ("1.0.0-rc.1", "MIT", "pkg:npm/%40scope/part@1.0.0-rc.1"),
        "filepond": ("4.32.12", "MIT", "pkg:npm/filepond@4.32.12"),
        "golden": ("1.5.9", "MIT", "pkg:npm/golden@1.5.9"),
    }


def test_banners_with_a_colon_and_licenses_of_a_choice(tmp_path: Path) -> None:
    text = (
        "/**\n * Prism: Lightweight, elegant highlighting\n * @license MIT\n */\n"
        "/*! @license DOMPurify 3.4.13 | Released under the Apache license 2.0 and Mozilla Public License 2.0 */\n"
        "/*!\n * Stickyfill -- polyfill\n * v. 1.1.1 | https://example.org\n * MIT License\n */\n"
        "/*! SPDX-License-Identifier: MIT */\n"
    )
    found = by_name(detect_in(tmp_path, write(tmp_path, "d/static/a.js", text)))
    assert {name: (item.version, item.verdict.expression) for name, item in found.items()} == {
        "prismjs": ("", "MIT"),
        "DOMPurify": ("3.4.13", "MPL-2.0 OR Apache-2.0"),
        "Stickyfill": ("1.1.1", "MIT"),
    }


def test_vendored_packages_that_only_tell_their_version(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "d/_vendor/bleach/__init__.py", '"""x"""\n__version__ = "6.2.0"\n'),
        write(tmp_path, "d/_vendor/ours/__init__.py", "x = 1\n"),
        write(tmp_path, "d/extern/ours2/__init__.py", '__version__ = "1.0"\n'),
    ]
    (found,) = detect_in(tmp_path, *paths).components
    assert (found.name, found.version, found.verdict.expression) == ("bleach", "6.2.0", "Apache-2.0")


def test_programs_hold_libraries_as_shared_objects_do(tmp_path: Path) -> None:
    program = tmp_path / "d/bin/tool"
    program.parent.mkdir(parents=True)
    program.write_bytes(b"\x7fELF" + bytes(60) + b"\0 deflate 1.3.1 Copyright 1995-2024 Jean-loup Gailly \0")
    text = write(tmp_path, "d/bin/notes", "deflate 1.3.1 Copyright")
    found = by_name(detect_in(tmp_path, "d/bin/tool", text))
    assert {name: (item.version, item.verdict.expression) for name, item in found.items()} == {
        "zlib": ("1.3.1", "Zlib")
    }


def test_a_manifest_beside_a_bundle_names_what_is_in_it(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "d/elements/map/package.json", '{"name": "map", "dependencies": {"leaflet": "^1.9.4"}}'),
        write(tmp_path, "d/elements/map/dist/index.js", "var a;"),
        write(tmp_path, "d/other/package.json", '{"dependencies": {"moment": "^2"}}'),
        write(tmp_path, "d/lab/package.json", '{"jupyterlab": {}, "dependencies": {"react": "^18"}}'),
        write(tmp_path, "d/lab/dist/index.js", "var b;"),
    ]
    found = by_name(detect_in(tmp_path, *paths))
    assert {name: item.verdict.expression for name, item in found.items()} == {"leaflet": "BSD-2-Clause"}


def test_a_name_with_and_without_the_suffix_is_one_project(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "d/a.js", "/*!\n * numeral.js\n * version : 2.0.6\n * license : MIT\n */"),
        write(tmp_path, "d/a.js.map", '{"sources": ["webpack:///node_modules/numeral/numeral.js"]}'),
    ]
    (component,) = detect_in(tmp_path, *paths).components
    assert (component.name, component.version) == ("numeral.js", "2.0.6")
