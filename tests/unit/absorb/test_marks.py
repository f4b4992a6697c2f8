"""What the executable knows of images that were examined, as stub/process/examined.c reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_link.examined.examination import Examination
from castiron_link.examined.tables import DistributionFiles, Examined

if TYPE_CHECKING:
    from tests.unit.absorb.conftest import Workshop

USES_PYTHON = "extern int PyAnything(void) __attribute__((weak)); int use(void) { return PyAnything ? 1 : 0; }"
MAIN = """
#include "images/images.h"
#include <stdio.h>
struct noted { const char *module, *attribute; uint64_t image; };
extern const unsigned char castiron_image_examined[];
extern const struct noted castiron_noted_types[];
extern const uint64_t castiron_noted_type_count;
int main(void) {
    for (uint64_t i = 0; i < castiron_image_count; i++)
        printf("%s %d\\n", castiron_images[i].path, castiron_image_examined[i]);
    for (uint64_t i = 0; i < castiron_noted_type_count; i++)
        printf("%s %s of %s\\n", castiron_noted_types[i].module, castiron_noted_types[i].attribute,
               castiron_images[castiron_noted_types[i].image].path);
}
"""
SITE = "lib/python3.13/site-packages"


def examination(*types: str) -> Examination:
    row = DistributionFiles(
        name="demo", versions="==1.0", files=("demo/known.*",), reason="r", source="s", noted_types=types
    )
    return Examination(
        shipped=Examined(distribution=(row,)),
        own=Examined(),
        versions={"demo": "1.0"},
        built_here=frozenset(),
        of_application=frozenset(),
    )


def test_examined_images_are_marked(workshop: Workshop) -> None:
    workshop.library("demo/known.so", USES_PYTHON)
    workshop.library("demo/other.so", USES_PYTHON + " int other;")
    workshop.library("demo/plain.so", "int plain(void) { return 1; }")
    absorbed = workshop.absorb(examination=examination("demo.known:Log", "demo.known:File"))
    shown = sorted(workshop.run(MAIN, absorbed=absorbed).splitlines())
    assert shown == [
        f"demo.known File of {SITE}/demo/known.so",
        f"demo.known Log of {SITE}/demo/known.so",
        f"{SITE}/demo/known.so 1",
        f"{SITE}/demo/other.so 0",
        f"{SITE}/demo/plain.so 1",
    ]
    (left,) = absorbed.unexamined
    assert (left.owner, left.files) == ("demo 1.0", ("demo/other.so",))


def test_without_an_examination_no_image_is_marked(workshop: Workshop) -> None:
    workshop.library("demo/known.so", USES_PYTHON)
    assert workshop.run(MAIN) == f"{SITE}/demo/known.so 0\n"
