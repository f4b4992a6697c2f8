"""Absorbed libraries in a static program, run: each test is one property of the ABI."""

from __future__ import annotations

import resource
import subprocess
from typing import TYPE_CHECKING

import pytest
from elftools.elf.elffile import ELFFile

from castiron_common.errors import NativeError
from castiron_link.absorb import Lookup

if TYPE_CHECKING:
    from tests.unit.absorb.conftest import Workshop

PRELUDE = """
#define _GNU_SOURCE
#include "images/images.h"
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static void *open_(const char *name) {
    void *handle = dlopen(name, RTLD_NOW);
    if (!handle) { printf("dlopen %s: %s\\n", name, dlerror()); exit(3); }
    return handle;
}
static void *sym(void *handle, const char *name) {
    void *address = dlsym(handle, name);
    if (!address) { printf("dlsym %s: %s\\n", name, dlerror()); exit(4); }
    return address;
}
#define CALL(handle, name) ((int (*)(void))sym(handle, name))()
"""


def test_relative_and_symbolic_relocations_and_zero_tail(workshop: Workshop) -> None:
    workshop.library(
        "a.so",
        """
        #include <string.h>
        int numbers[4] = {1, 2, 3, 4};
        static int *inside = &numbers[2];
        int *visible = &numbers[3];
        size_t (*length)(const char *) = strlen;
        static char zeros[300000];
        int get(void) {
            zeros[299999]++;
            return *inside * 100 + *visible * 10 + (int)length("abc") + zeros[299999] + zeros[5];
        }
        """,
    )
    assert workshop.run(PRELUDE + 'int main(void) { printf("%d", CALL(open_("a.so"), "get")); }') == "344"


def test_packed_relative_relocations(workshop: Workshop) -> None:
    workshop.library(
        "a.so",
        """
        static int x = 5, y = 6;
        int *many[200] = { [0] = &x, [1] = &y, [70] = &x, [199] = &y };
        int get(void) { return *many[0] * 1000 + *many[1] * 100 + *many[70] * 10 + *many[199]; }
        """,
        "-Wl,--pack-dyn-relocs=relr",
    )
    assert workshop.run(PRELUDE + 'int main(void) { printf("%d", CALL(open_("a.so"), "get")); }') == "5656"


def test_weak_references(workshop: Workshop) -> None:
    workshop.library("b.so", "int there(void) { return 7; }")
    workshop.library(
        "a.so",
        """
        __attribute__((weak)) int nowhere(void);
        __attribute__((weak)) int there(void);
        __attribute__((weak)) char *strpbrk(const char *, const char *);
        int get(void) { return (nowhere ? 1 : 0) + there() * 10 + (strpbrk ? 100 : 0); }
        """,
        needs=("b.so",),
    )
    assert workshop.run(PRELUDE + 'int main(void) { printf("%d", CALL(open_("a.so"), "get")); }') == "170"


def test_search_order_is_breadth_first(workshop: Workshop) -> None:
    workshop.library("deep.so", "int who(void) { return 3; }")
    workshop.library("left.so", "int left(void) { return 0; }", needs=("deep.so",))
    workshop.library("right.so", "int who(void) { return 2; }")
    workshop.library(
        "a.so", "int who(void); int get(void) { return who(); }", "-Wl,--no-as-needed", needs=("left.so", "right.so")
    )
    assert workshop.run(PRELUDE + 'int main(void) { printf("%d", CALL(open_("a.so"), "get")); }') == "2"


def test_libc_comes_before_the_image(workshop: Workshop) -> None:
    workshop.library(
        "a.so", "int ffsl(long v) { (void)v; return 99; } int get(void) { return ffsl(4); }", "-O0", "-fno-builtin"
    )
    assert workshop.run(PRELUDE + 'int main(void) { printf("%d", CALL(open_("a.so"), "get")); }') == "3"


def test_hidden_and_protected_bind_to_the_image(workshop: Workshop) -> None:
    workshop.library(
        "b.so",
        """
        __attribute__((visibility("hidden"))) int secret = 1;
        __attribute__((visibility("protected"))) int guarded = 2;
        int *p = &secret, *q = &guarded;
        int get(void) { return *p * 10 + *q; }
        """,
    )
    out = workshop.run(
        PRELUDE
        + 'int main(void) { void *h = open_("b.so"); printf("%d %d", CALL(h, "get"), dlsym(h, "secret") == NULL); }'
    )
    assert out == "12 1"


@pytest.mark.parametrize("flags", [(), ("-mtls-dialect=gnu2",)], ids=["general-dynamic", "descriptors"])
def test_thread_local_variables(workshop: Workshop, flags: tuple[str, ...]) -> None:
    workshop.library("b.so", "__thread int shared = 40; __thread char pad[100];", *flags)
    workshop.library(
        "a.so",
        """
        #include <pthread.h>
        extern __thread int shared;
        static int target = 9;
        static __thread int *pointer = &target;
        static __thread int counter = 5;
        __thread long zero;
        int get(void) {
            counter++, zero++, shared++;
            return counter * 10000 + (int)zero * 1000 + shared * 10 + *pointer;
        }
        static void *run(void *result) { *(int *)result = get(); return 0; }
        int in_thread(void) {
            int result;
            pthread_t thread;
            pthread_create(&thread, 0, run, &result);
            pthread_join(thread, 0);
            return result;
        }
        """,
        *flags,
        needs=("b.so",),
    )
    main = """
    static __thread int own = 1;
    int main(void) {
        void *h = open_("a.so");
        CALL(h, "get");
        int second = CALL(h, "get"), other = CALL(h, "in_thread");
        printf("%d %d %d %ld", second, other, own++, *(long *)sym(h, "zero"));
    }"""
    assert workshop.run(PRELUDE + main) == "72429 61419 1 2"


def test_initial_exec_thread_local(workshop: Workshop) -> None:
    workshop.library("a.so", "__thread int x = 6; int get(void) { return ++x; }", "-ftls-model=initial-exec")
    assert workshop.run(PRELUDE + 'int main(void) { printf("%d", CALL(open_("a.so"), "get")); }') == "7"


def test_nothing_runs_before_first_use_and_constructors_go_in_order(workshop: Workshop) -> None:
    source = """
    #include <stdio.h>
    __attribute__((constructor)) static void up(void) { printf("+NAME "); }
    __attribute__((destructor)) static void down(void) { printf("-NAME "); }
    int NAME(void) { return 1; }
    """
    workshop.library("c.so", source.replace("NAME", "c"))
    workshop.library("b.so", source.replace("NAME", "b"), "-Wl,--no-as-needed", needs=("c.so",))
    workshop.library("a.so", source.replace("NAME", "a"), "-Wl,--no-as-needed", needs=("b.so", "c.so"))
    main = 'int main(void) { printf("main "); open_("a.so"); open_("a.so"); printf("end "); }'
    assert workshop.run(PRELUDE + main) == "main +c +b +a end -a -b -c "


def test_unused_image_costs_no_call(workshop: Workshop) -> None:
    workshop.library("a.so", '#include <stdio.h>\n__attribute__((constructor)) static void up(void) { printf("up"); }')
    assert workshop.run(PRELUDE + 'int main(void) { printf("main"); }') == "main"


def test_constructor_that_opens_another_image(workshop: Workshop) -> None:
    workshop.library("b.so", '#include <stdio.h>\n__attribute__((constructor)) static void up(void) { printf("b "); }')
    workshop.library(
        "a.so",
        """
        #include <dlfcn.h>
        #include <stdio.h>
        __attribute__((constructor)) static void up(void) { printf("a:%d ", dlopen("b.so", RTLD_NOW) != 0); }
        """,
    )
    assert workshop.run(PRELUDE + 'int main(void) { open_("a.so"); }') == "b a:1 "


def test_concurrent_first_use(workshop: Workshop) -> None:
    workshop.library(
        "a.so",
        """
        #include <unistd.h>
        static int ready, runs;
        __attribute__((constructor)) static void up(void) { runs++; usleep(50000); ready = 1; }
        int get(void) { return ready * 10 + runs; }
        """,
    )
    main = """
    static void *use(void *result) { *(int *)result = CALL(open_("a.so"), "get"); return 0; }
    int main(void) {
        pthread_t threads[8]; int results[8];
        for (int i = 0; i < 8; i++) pthread_create(&threads[i], 0, use, &results[i]);
        for (int i = 0; i < 8; i++) { pthread_join(threads[i], 0); printf("%d ", results[i]); }
    }"""
    assert workshop.run(PRELUDE + main) == "11 " * 8


def test_fork_while_another_thread_constructs(workshop: Workshop) -> None:
    # It tells when it has begun, and goes on for as long as a fork that does not wait for it would take.
    workshop.library(
        "a.so",
        """
        #include <unistd.h>
        __attribute__((constructor)) static void up(void) { if (write(200, "x", 1) == 1) usleep(200000); }
        """,
    )
    workshop.library("b.so", "int get(void) { return 5; }")
    main = """
    static void *use(void *unused) { open_("a.so"); return unused; }
    int main(void) {
        pthread_t thread; int status, ends[2]; char begun;
        if (pipe(ends) || dup2(ends[1], 200) != 200) return 1;
        pthread_create(&thread, 0, use, 0);
        if (read(ends[0], &begun, 1) != 1) return 2;
        pid_t child = fork();
        if (child == 0) _exit(CALL(open_("b.so"), "get"));
        waitpid(child, &status, 0);
        pthread_join(thread, 0);
        printf("%d %d", WEXITSTATUS(status), CALL(open_("b.so"), "get"));
    }"""
    assert workshop.run(PRELUDE + main) == "5 5"


def test_never_writable_and_executable_and_relro(workshop: Workshop) -> None:
    workshop.library(
        "a.so",
        """
        #include <stdio.h>
        static char zeros[100000]; char data[5000] = {1};
        int (*const table[600])(const char *, ...) = {printf};
        int get(void) { zeros[1] = data[1] = 1; return table[0]("") ; }
        const void *where(void) { return table; }
        """,
    )
    main = """
    int main(void) {
        void *h = open_("a.so"); CALL(h, "get");
        unsigned long table = (unsigned long)((void *(*)(void))sym(h, "where"))();
        char line[500]; FILE *maps = fopen("/proc/self/maps", "r");
        while (fgets(line, sizeof line, maps)) {
            unsigned long from, to; char flags[5];
            sscanf(line, "%lx-%lx %4s", &from, &to, flags);
            if (flags[1] == 'w' && flags[2] == 'x') printf("wx %s", line);
            if (from <= table && table < to) printf("relro %s", flags);
        }
    }"""
    assert workshop.run(PRELUDE + main) == "relro r--p"


def test_program_headers_stay_few(workshop: Workshop) -> None:
    for number in range(40):
        workshop.library(f"m{number}.so", f"int x{number} = {number}; int f{number}(void) {{ return x{number}; }}")
    main = 'int main(void) { printf("%d", CALL(open_("m39.so"), "f39") + CALL(open_("m7.so"), "f7")); }'
    program = workshop.link(PRELUDE + main)
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == "46"
    with program.open("rb") as file:
        assert ELFFile(file).num_segments() <= 16


def test_two_libraries_of_one_soname(workshop: Workshop) -> None:
    for owner, value in (("one", 1), ("two", 2)):
        workshop.library(f"{owner}.libs/libx.so", f"int x(void) {{ return {value}; }}", owner=owner)
        workshop.library(
            f"{owner}/ext.so",
            f"int x(void); int get_{owner}(void) {{ return x(); }}",
            f"-Wl,-rpath,$ORIGIN/../{owner}.libs",
            needs=(f"{owner}.libs/libx.so",),
            owner=owner,
        )
    assert len(workshop.absorb().images) == 4
    main = """
    int main(void) {
        printf("%d%d", CALL(open_("lib/python3.13/site-packages/one/ext.so"), "get_one"),
                       CALL(open_("lib/python3.13/site-packages/two/ext.so"), "get_two"));
    }"""
    assert workshop.run(PRELUDE + main) == "12"


def test_same_content_is_one_image(workshop: Workshop) -> None:
    original = workshop.library("one.libs/libx.so", "int n; int x(void) { return ++n; }", owner="one")
    copy = workshop.site / "two.libs" / "libx.so"
    copy.parent.mkdir()
    copy.write_bytes(original.read_bytes())
    workshop.add("two.libs/libx.so", owner="two")
    for owner in ("one", "two"):
        workshop.library(
            f"{owner}/ext.so",
            f"int x(void); int get_{owner}(void) {{ return x(); }}",
            f"-Wl,-rpath,$ORIGIN/../{owner}.libs",
            needs=(f"{owner}.libs/libx.so",),
            owner=owner,
        )
    absorbed = workshop.absorb()
    shared = next(image for image in absorbed.images if len(image.paths) == 2)
    assert shared.owners == ("one", "two")
    main = """
    int main(void) {
        CALL(open_("lib/python3.13/site-packages/one/ext.so"), "get_one");
        printf("%d", CALL(open_("lib/python3.13/site-packages/two/ext.so"), "get_two"));
    }"""
    assert workshop.run(PRELUDE + main, absorbed=absorbed) == "2"


def test_wrapped_functions_are_seen_by_images(workshop: Workshop) -> None:
    workshop.library("a.so", "#include <unistd.h>\nint get(void) { return getppid() == 1234; }")
    main = 'int __wrap_getppid(void) { return 1234; } int main(void) { printf("%d", CALL(open_("a.so"), "get")); }'
    assert workshop.run(PRELUDE + main, flags=("--wrap=getppid",)) == "1"


def test_large_file_names_are_the_plain_ones(workshop: Workshop) -> None:
    workshop.library(
        "a.so",
        "int open64(const char *, int, ...); long lseek64(int, long, int);\n"
        'int get(void) { int f = open64("/dev/zero", 0); return f > 2 && lseek64(f, 0, 0) == 0; }',
    )
    assert workshop.run(PRELUDE + 'int main(void) { printf("%d", CALL(open_("a.so"), "get")); }') == "1"


def test_dlopen_names_and_errors(workshop: Workshop) -> None:
    workshop.library("pkg/liba.so", "int a = 4;", soname="liba.so.3")
    main = """
    int main(void) {
        void *program = dlopen(NULL, RTLD_NOW);
        printf("%d", dlopen("libc.so.6", RTLD_NOW) == program
                  && dlopen("libc.musl-x86_64.so.1", RTLD_NOW) == program
                  && dlopen("/lib/ld-musl-x86_64.so.1", RTLD_NOW) == program
                  && dlopen("libm.so.6", RTLD_LAZY) == program);
        void *a = open_("liba.so.3");
        printf("%d", a == open_("liba.so") && a == open_("/anywhere/liba.so")
                  && a == open_("lib/python3.13/site-packages/pkg/liba.so"));
        printf("%d", *(int *)sym(a, "a"));
        printf("%d", dlsym(a, "none") == NULL && strstr(dlerror(), "none") && dlerror() == NULL);
        printf("%d", dlopen("libnone.so", RTLD_NOW) == NULL && strstr(dlerror(), "libnone.so is not in this binary"));
        printf("%d %d", dlclose(a), dlclose((void *)8));
    }"""
    assert workshop.run(PRELUDE + main) == "114110 -1"


def test_program_symbols(workshop: Workshop) -> None:
    main = """
    int main(void) {
        void *program = dlopen(NULL, RTLD_NOW);
        int (*to_number)(const char *) = sym(program, "atoi");
        printf("%d %d", to_number("41"), sym(RTLD_DEFAULT, "qsort") != NULL);
        Dl_info info;
        printf(" %s", dladdr((void *)to_number, &info) ? info.dli_sname : "?");
    }"""
    assert workshop.run(PRELUDE + main, absorbed=workshop.absorb(lookup=Lookup.ALL)) == "41 1 atoi"


def test_image_finds_libc_functions_that_it_names(workshop: Workshop) -> None:
    workshop.library(
        "a.so",
        """
        #include <dlfcn.h>
        int get(void) { void *(*f)(void) = dlsym(RTLD_DEFAULT, "getppid"); return f != 0; }
        """,
    )
    assert workshop.run(PRELUDE + 'int main(void) { printf("%d", CALL(open_("a.so"), "get")); }') == "1"


def test_dladdr_in_an_image(workshop: Workshop) -> None:
    workshop.library("a.so", "int get(void) { return 5; }")
    main = """
    int main(void) {
        Dl_info info; void *f = sym(open_("a.so"), "get");
        dladdr((char *)f + 1, &info);
        printf("%s %s %d", info.dli_sname, strrchr(info.dli_fname, '/'), info.dli_saddr == f);
    }"""
    assert workshop.run(PRELUDE + main) == "get /a.so 1"


def test_phdr_reports_program_and_live_images(workshop: Workshop) -> None:
    workshop.library("a.so", "int a;")
    workshop.library("b.so", "int b;")
    main = """
    static int show(struct dl_phdr_info *info, size_t size, void *data) {
        (void)size; int n = 0;
        for (int i = 0; i < info->dlpi_phnum; i++) {
            const ElfW(Phdr) *p = &info->dlpi_phdr[i];
            unsigned long at = (unsigned long)data - info->dlpi_addr;
            n += p->p_type == PT_LOAD && at - p->p_vaddr < p->p_memsz;
        }
        printf("[%s %d]", info->dlpi_name, n);
        return 0;
    }
    int main(void) {
        void *b = sym(open_("b.so"), "b");
        dl_iterate_phdr(show, b);
    }"""
    assert workshop.run(PRELUDE + main) == "[ 0][/lib/python3.13/site-packages/b.so 1]"


def test_objects_come_from_the_cache_and_are_equal(workshop: Workshop) -> None:
    workshop.library("b.so", "int b(void) { return 1; }")
    workshop.library("a.so", "int b(void); int a(void) { return b(); }", needs=("b.so",))
    first, second = workshop.absorb(), workshop.absorb()
    assert first == second
    one = workshop.link(PRELUDE + "int main(void) { return 0; }", absorbed=first).read_bytes()
    two = workshop.link(PRELUDE + "int main(void) { return 0; }", absorbed=second).read_bytes()
    assert one == two


def test_copies_of_an_extension_module_keep_their_own_state(workshop: Workshop) -> None:
    source = "int n; int count(void) { return ++n; } void *PyInit_ext(void) { return 0; }"
    original = workshop.library("one/ext.so", source)
    copy = workshop.site / "two" / "ext.so"
    copy.parent.mkdir()
    copy.write_bytes(original.read_bytes())
    workshop.add("one/ext.so", module="one.ext")
    workshop.add("two/ext.so", module="two.ext")
    absorbed = workshop.absorb()
    assert [(e.module, e.image) for e in absorbed.extensions] == [("one.ext", 0), ("two.ext", 1)]
    assert len({e.symbol for e in absorbed.extensions}) == 2
    main = """
    int main(void) {
        void *one = open_("lib/python3.13/site-packages/one/ext.so");
        void *two = open_("lib/python3.13/site-packages/two/ext.so");
        CALL(one, "count"); CALL(one, "count");
        printf("%d %d", CALL(one, "count"), CALL(two, "count"));
    }"""
    assert workshop.run(PRELUDE + main, absorbed=absorbed) == "3 1"


def test_two_hundred_and_fifty_images(workshop: Workshop) -> None:
    first = workshop.library("m0.so", "int n = 1; int get(void) { return n++; }").read_bytes()
    for number in range(1, 250):
        path = workshop.site / f"m{number}.so"
        path.write_bytes(first + b"\0" * number)
        workshop.add(f"m{number}.so")
    workshop.absorb()
    main = """
    int main(void) {
        CALL(open_("m7.so"), "get");
        printf("%d%d", CALL(open_("m7.so"), "get"), CALL(open_("m249.so"), "get"));
    }"""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    program = workshop.link(PRELUDE + main)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # The processors' time: the clock on the wall says how busy the machine is.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == "21"
    with program.open("rb") as file:
        assert ELFFile(file).num_segments() <= 16


def test_a_library_that_is_not_named_is_bound_and_initialised_first(workshop: Workshop) -> None:
    workshop.library(
        "kernels.so",
        "static int state; __attribute__((constructor)) static void begin(void) { state = 41; }"
        " int kernel(void) { return state; }",
        owner="kernels",
    )
    workshop.library(
        "a.so",
        "int kernel(void); static int at_first; __attribute__((constructor)) static void begin(void) "
        "{ at_first = kernel(); } int get(void) { return at_first + 1; }",
    )
    absorbed = workshop.absorb()
    assert [(item.user, item.library) for item in absorbed.guessed] == [("a.so (demo)", "kernels.so (kernels)")]
    program = PRELUDE + 'int main(void) { printf("%d", CALL(open_("a.so"), "get")); }'
    assert workshop.run(program, absorbed=absorbed) == "42"


def test_a_library_of_the_window_system_is_refused_by_name(workshop: Workshop) -> None:
    workshop.library("libX11.so.6", "int XOpenDisplay(void) { return 0; }")
    workshop.library("a.so", "int XOpenDisplay(void); int get(void) { return XOpenDisplay(); }", needs=("libX11.so.6",))
    workshop.natives = [native for native in workshop.natives if native.path == "a.so"]
    with pytest.raises(NativeError) as error:
        workshop.absorb()
    assert "a.so (demo): XOpenDisplay" in error.value.what
    assert "it needs libX11.so.6, which is of the window system or OpenGL" in error.value.what
    assert "opencv-python-headless" in str(error.value.hint)
