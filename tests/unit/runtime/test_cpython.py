from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from castiron_runtime.cpython import (
    frozen_objects,
    makefile_variables,
    parse_inittab,
    parse_setup,
    place_setup,
)
from castiron_runtime.recipe import load_recipe


def test_setup_lines_give_objects() -> None:
    text = """
*static*
# comment
array arraymodule.c
_sha2 sha2module.c -I$(srcdir)/Modules/_hacl/include Modules/_hacl/libHacl_Hash_SHA2.a  # trailing
_io _io/_iomodule.c \\
    _io/iobase.c
VARIABLE = value
*shared*
_ssl _ssl.c
*static*
math mathmodule.c
"""
    assert parse_setup(text) == {
        "array": ("Modules/arraymodule.o",),
        "_sha2": ("Modules/sha2module.o",),
        "_io": ("Modules/_io/_iomodule.o", "Modules/_io/iobase.o"),
        "math": ("Modules/mathmodule.o",),
    }


def test_the_inittab_gives_init_functions() -> None:
    text = """
extern PyObject* PyInit_array(void);
struct _inittab _PyImport_Inittab[] = {
    {"array", PyInit_array},
    {"marshal", PyMarshal_Init},
    {"sys", NULL},
    {0, 0}
};
"""
    assert parse_inittab(text) == {"array": "PyInit_array", "marshal": "PyMarshal_Init", "sys": ""}


def test_a_makefile_says_which_frozen_objects_a_series_has() -> None:
    old = makefile_variables("LIBEXPAT_OBJS= \\\n\ta.o \\\n\tb.o\nDEEPFREEZE_OBJS = Python/deepfreeze/deepfreeze.o\n")
    new = makefile_variables("LIBEXPAT_OBJS= a.o\nLIBHACL_SHA2_OBJS= h.o\n")
    assert old["LIBEXPAT_OBJS"].split() == ["a.o", "b.o"]
    assert frozen_objects(old) == ("Python/frozen.o", "Python/deepfreeze/deepfreeze.o")
    assert frozen_objects(new) == ("Python/frozen.o",)


def test_makesetup_is_given_the_list_of_modules_where_the_recipe_says_so(tmp_path: Path) -> None:
    recipe = load_recipe("cpython-3.11")
    place_setup(recipe, tmp_path)
    assert (tmp_path / "Modules" / "Setup.local").readlink() == Path("Setup.stdlib")
    place_setup(replace(recipe, python=replace(recipe.cpython, setup_local=None)), tmp_path / "other")
    assert not (tmp_path / "other").exists()
