import pytest

from castiron_common.errors import ModuleMissingError
from castiron_link.model import PlacedModule, Tree
from castiron_link.select import inittab, needs_openssl_digests, select
from castiron_manifest.model import Module, ModuleKind, Origin
from tests.unit.link.making import extension

OFFERED = {
    name: extension(name, always=name in ("posix", "_io"))
    for name in ("posix", "_io", "_json", "_hashlib", "_ssl", "_socket", "_md5", "_elementtree", "pyexpat")
}


def module(source: bytes, origin: Origin = Origin.DISTRIBUTION) -> PlacedModule:
    path = "x.py"
    owner = "d" if origin is Origin.DISTRIBUTION else None
    return PlacedModule(
        module=Module(name="x", kind=ModuleKind.SOURCE, origin=origin, distribution=owner, path=path),
        tree_path=path,
        source=source,
    )


def tree(*builtins: str, source: bytes = b"", origin: Origin = Origin.DISTRIBUTION) -> Tree:
    return Tree(modules=(module(source, origin),), extensions=(), files=(), builtins=builtins, site=None)


def test_what_is_asked_for_and_what_is_always_there() -> None:
    assert select(tree("_json"), startup=("_md5",), offered=OFFERED) == ("_io", "_json", "_md5", "posix")


def test_hashlib_alone_does_not_ask_for_openssl() -> None:
    chosen = select(tree("_hashlib", "_md5", source=b"import hashlib; hashlib.md5()"), startup=(), offered=OFFERED)
    assert "_hashlib" not in chosen


@pytest.mark.parametrize(
    "use",
    [
        b"import hashlib\nhashlib.pbkdf2_hmac('sha256', b'', b'', 1)",
        b"from hashlib import scrypt",
        b"import hashlib\nhashlib.new('ripemd160')",
        b'import hashlib\nhashlib.new("SHA512_256")',
        b"import _hashlib",
    ],
)
def test_what_only_openssl_has_asks_for_it(use: bytes) -> None:
    assert "_hashlib" in select(tree("_hashlib", source=use), startup=(), offered=OFFERED)


@pytest.mark.parametrize(
    "use",
    [
        b"import hashlib\nhashlib.sha256(b'')",
        b"from hashlib import sha1",
        b"import hashlib\nhashlib.new('SHA-512')",
        b"import hashlib\nhashlib.file_digest(file, name)",
        b"import hmac\nhmac.new(b'', b'', 'sha256')",
    ],
)
def test_digests_that_openssl_is_fast_in_ask_for_it_but_for_small_executables(use: bytes) -> None:
    asked = tree("_hashlib", "_md5", source=use)
    assert "_hashlib" in select(asked, startup=(), offered=OFFERED)
    assert "_hashlib" not in select(asked, startup=(), offered=OFFERED, small=True)
    library = tree("_hashlib", "_md5", source=use, origin=Origin.STDLIB)
    assert "_hashlib" not in select(library, startup=(), offered=OFFERED)


@pytest.mark.parametrize(
    "source", [b"import hashlib\nhashlib.md5()", b"sha256 = 1", b"import hashlib\nsharp1 = ash256 = 0"]
)
def test_other_words_are_no_digests_that_openssl_is_fast_in(source: bytes) -> None:
    assert "_hashlib" not in select(tree("_hashlib", "_md5", source=source), startup=(), offered=OFFERED)


def test_openssl_stays_where_pythons_own_digests_are_not_all_there() -> None:
    offered = OFFERED | {"_sha2": extension("_sha2")}
    assert "_hashlib" in select(tree("_hashlib", "_md5"), startup=(), offered=offered)
    assert "_hashlib" not in select(tree("_hashlib", "_md5", "_sha2"), startup=(), offered=offered)


def test_ssl_brings_openssl_so_hashlib_uses_it() -> None:
    chosen = select(tree("_hashlib", "_ssl"), startup=(), offered=OFFERED)
    assert {"_hashlib", "_ssl", "_socket"} <= set(chosen)


def test_the_standard_library_itself_does_not_count() -> None:
    assert not needs_openssl_digests([module(b"import hashlib; hashlib.scrypt", Origin.STDLIB)])


def test_words_without_hashlib_do_not_count() -> None:
    assert not needs_openssl_digests([module(b"def scrypt(): ...")])


def test_imports_from_c_are_followed() -> None:
    assert "pyexpat" in select(tree("_elementtree"), startup=(), offered=OFFERED)


def test_a_module_that_the_pack_lacks_is_named() -> None:
    with pytest.raises(ModuleMissingError, match="no _gdbm"):
        select(tree("_gdbm"), startup=(), offered=OFFERED)


def test_inittab_is_sorted_and_knows_modules_without_function() -> None:
    import dataclasses

    rows = inittab([extension("b"), dataclasses.replace(extension("a"), init="")])
    assert rows == (("a", None), ("b", "PyInit_b"))
