/* Unpacks one image after the other with the stub's own code.
 *
 * Built with the address sanitiser: bytes behind the input are poisoned, and the pages around the place cannot be touched.
 * Protocol: u32 size and that many bytes on standard input; a line on standard output: "unpacked" or "damaged".
 */
#include <errno.h>
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <sys/mman.h>

#include "images/packed.h"

enum { MOST = 1 << 20, SPAN = 64 << 12, GUARD = 1 << 20 };

static __attribute__((aligned(4096))) unsigned char packed[MOST];

int main(void)
{
    unsigned char *room = mmap(NULL, SPAN + 2 * GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED)
        return 3;
    uint32_t size;
    while (fread(&size, sizeof size, 1, stdin) == 1) {
        if (size > MOST || fread(packed, 1, size, stdin) != size)
            return 2;
        __asan_poison_memory_region(packed + size, MOST - size);
        struct castiron_place place = {room + GUARD, SPAN};
        int result = castiron_unpack(place, (const struct castiron_packed *)packed, packed + size);
        __asan_unpoison_memory_region(packed + size, MOST - size);
        if (result && errno != EBADMSG && errno != ENOMEM)
            return 4;
        puts(result ? "damaged" : "unpacked");
        fflush(stdout);
    }
    return 0;
}
