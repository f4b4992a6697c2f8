import pytest

from castiron_audit.banners import banners


def said(text: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(item.name, item.version, item.licenses) for item in banners(text)]


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("/*! jQuery v3.7.1 | (c) OpenJS Foundation | jquery.org/license */", ("jQuery", "3.7.1", ())),
        ("/*!\n * Bootstrap v3.4.1 (https://x)\n * Licensed under MIT */", ("Bootstrap", "3.4.1", ("MIT",))),
        ("/*! Select2 4.0.13 | https://x/LICENSE.md */", ("Select2", "4.0.13", ())),
        ("/*!\n * clipboard.js v2.0.11\n * Licensed MIT © Zeno Rocha\n */", ("clipboard.js", "2.0.11", ("MIT",))),
        ("/*! normalize.css v3.0.3 | MIT License | github.com/x */", ("normalize.css", "3.0.3", ("MIT",))),
        ("/*! numbro.js\n * version : 1.6.2\n * license : MIT\n */", ("numbro.js", "1.6.2", ("MIT",))),
        ("/*! jsTree - v3.3.0 - 2016-04-25 - (MIT) */", ("jsTree", "3.3.0", ("MIT",))),
        ("/** @preserve HTML5 Shiv 3.7.3 | @afarkas @rem | MIT/GPL2 */", ("HTML5 Shiv", "3.7.3", ("MIT",))),
        ("/*!\n * escape-html\n * Copyright(c) 2012 TJ\n * MIT Licensed\n */", ("escape-html", "", ("MIT",))),
        ("/*! a-runtime -- Copyright (c) 2014, X -- license (MIT): https://x */", ("a-runtime", "", ("MIT",))),
        ("/*! a-string <https://github.com/x/a-string>\n * under the MIT License. */", ("a-string", "", ("MIT",))),
        ("/*! ieee754. BSD-3-Clause License. F. A. <https://x> */", ("ieee754", "", ("BSD-3-Clause",))),
        ("/** @license React v16.13.1\n * x.js\n * under the MIT license */", ("React", "16.13.1", ("MIT",))),
        ("/**\n * Fuse.js v6.6.2 - Fuzzy\n * Apache Software License 2.0\n */", ("Fuse.js", "6.6.2", ("Apache-2.0",))),
        ("/*!\n * Bootstrap alert.js v4.3.1\n * under the MIT License */", ("Bootstrap", "4.3.1", ("MIT",))),
        ("/*! Math/ext/TeX/x.js v2.0 | MIT License */", ("Math", "2.0", ("MIT",))),
        ("/*!\n Copyright 2021 X\n\n MIT license\n\n DataTables 1.11.3\n */", ("DataTables", "1.11.3", ("MIT",))),
        ("/*! pako 2.0.4 https://x @license (MIT AND Zlib) */", ("pako", "2.0.4", ("MIT", "Zlib"))),
        ("/*! @license DOMPurify | (c) X | https://x/D/blob/2.2.2/LICENSE */", ("DOMPurify", "2.2.2", ())),
        ("/*!\n * Less - Leaner CSS v4.1.1\n * MIT License */", ("Less", "4.1.1", ("MIT",))),
        ("/*! moment.js, MIT */", ("moment.js", "", ("MIT",))),
        ("/*! https://mths.be/punycode v1.4.1 by @mathias */", ("punycode", "1.4.1", ())),
        ("/*! brainsprite v0.15.0 */", ("brainsprite", "0.15.0", ())),
        ("/**\n * @license\n * Copyright 2010-2026 Three.js Authors\n * MIT license */", ("Three.js", "", ("MIT",))),
        ("/*!\n Copyright 2014, 2016 The Material Project Authors. MIT license */", ("Material", "", ("MIT",))),
        ("/** vim: et:ts=4:sw=4\n * @license RequireJS 2.3.8\n * MIT license */", ("RequireJS", "2.3.8", ("MIT",))),
        ("/*! Weaver licensed under MIT (https://x), (c) X */", ("Weaver", "", ("MIT",))),
        ("/*!\n * j.js\n * Apache License, Version 2.0\n * @version 4.3\n */", ("j.js", "4.3", ("Apache-2.0",))),
        ("/*!\n * j.js\n *\n * Apache License, Version 2.0\n */", ("j.js", "", ("Apache-2.0",))),
        ("/*! (c) 2011 X\n * Dual licensed under the MIT (http://x)\n * and GPL (http://y) */", ("", "", ("MIT",))),
        (
            "/*!\n  Copyright (c) 2018 X.\n  Licensed under the MIT License (MIT), see\n  http://x.github.io/classnames\n*/",
            ("classnames", "", ("MIT",)),
        ),
    ],
)  # fmt: skip
def test_usual_banners(comment: str, expected: tuple[str, str, tuple[str, ...]]) -> None:
    # A minified bundle has many of them in one line.
    assert said(f"var a=1;{comment}function b(){{}}") == [expected]


def test_lines_at_the_head_are_a_banner_if_they_name_a_version() -> None:
    lines = "// insertion-query v1.0.3 (2016-01-20)\n// license:MIT\nvar insertionQ;"
    assert said(lines) == [("insertion-query", "1.0.3", ("MIT",))]
    # What a project writes at the head of its own file.
    assert (
        said("// x-init.js\n// https://github.com/o/x\n// This file is licensed under the MIT License.\nvar a;") == []
    )
    assert said("var a;\n// insertion-query v1.0.3\n// license:MIT") == []


def test_comments_that_are_no_banners() -> None:
    assert said("/* A first comment about nothing. */ var a; /** documents v1 */") == []
    # Later comments are kept by minifiers only if they are marked.
    assert said("var a; /* Copyright of what is quoted */") == []
    assert said("/*! unfinished, license MIT") == []
    assert said('var a = "/*!"; var license = 1;') == []
    assert said(f"/*! {'x' * 5000} license */") == []
    (unnamed,) = banners("/*!\n * Determine if an object is a Buffer\n * @license MIT\n */")
    assert (unnamed.name, unnamed.licenses) == ("", ("MIT",))


def test_banners_in_strings_and_each_once() -> None:
    text = 'eval("/*!\\n * thing v1.2.3\\n * MIT License\\n */");' * 2
    assert said(text) == [("thing", "1.2.3", ("MIT",))]


def test_an_expression_in_a_tag_is_a_choice_only_if_it_says_so() -> None:
    (both,) = banners("/*! a-lib 1.0.0 @license (MIT AND Zlib) */")
    (either,) = banners("/*! a-lib 1.0.0 @license (MIT OR Zlib) */")
    assert (both.choice, either.choice) == (False, True)


def test_texts_that_only_look_like_marks() -> None:
    """Of megabytes, only what is around a few texts is looked at: what has no comment of its own is no banner."""
    assert said('accept("*/*", "@license MIT", " v1.2.3")') == []
    assert said("/* a b */ x = ' v1.2.3 @preserve MIT'") == []
    assert said("x/*! ends nowhere, MIT") == []
    assert banners("x\n/* a-lib v1.2.3 | MIT Licence */".encode("utf-16-le")) == ()
    assert banners(b"\xff\xfe x\n/* a-lib v1.2.3 | MIT Licence */")[0].name == "a-lib"


def test_notices_that_esbuild_collected() -> None:
    text = """x;
/*! Bundled license information:

ieee754/index.js:
  (*! ieee754. BSD-3-Clause License. F. A. <https://x> *)

@x/buffer/dist/index.js:
  (*!
   * The module from node.js.
   *
   * @license  MIT
   *)

sortablejs/modular/sortable.esm.js:
  (**!
   * Sortable 1.15.2
   * @license MIT
   *)
*/
"""
    expected = [("ieee754", "", ("BSD-3-Clause",)), ("@x/buffer", "", ("MIT",)), ("Sortable", "1.15.2", ("MIT",))]
    assert said(text) == expected
    assert said(text.replace("*/", "")) == []  # cut off
    long = text.replace("x;", "/*! before v1.0.0 | MIT License */").replace("   * The", " " * 8000 + "* The")
    assert said(long) == [("before", "1.0.0", ("MIT",)), *expected]


@pytest.mark.parametrize(
    ("file", "version", "name"),
    [
        ("react-dom-client.production.js", "", "react-dom"),
        ("scheduler.production.min.js", "", "scheduler"),
        ("react-is.production.min.js", " v16.13.1", "react-is"),
        ("use-sync-external-store-shim/with-selector.production.js", "", "use-sync-external-store"),
        ("react-jsx-runtime.production.js", "", "react"),
    ],
)
def test_files_of_react_are_of_the_package_that_they_name(file: str, version: str, name: str) -> None:
    text = (
        f"/**\n * @license React{version}\n * {file}\n *\n * This source code is licensed under the MIT license.\n */"
    )
    (banner,) = banners(text)
    assert (banner.name, banner.version, banner.licenses) == (name, version.strip(" v"), ("MIT",))


def test_a_short_first_line_with_a_version_is_a_banner() -> None:
    (banner,) = banners("// svg-pan-zoom v3.5.1\n// https://github.com/ariutta/svg-pan-zoom\nvar a;")
    assert (banner.name, banner.version) == ("svg-pan-zoom", "3.5.1")
    assert banners("// Step 2.1\nvar a;") == ()
