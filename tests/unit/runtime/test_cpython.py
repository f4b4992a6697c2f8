from __future__ import annotations

from castiron_runtime.cpython import parse_inittab, parse_setup


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
