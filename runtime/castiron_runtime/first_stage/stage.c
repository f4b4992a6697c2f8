/* The first stage of an executable that was linked with --profile small: the kernel enters it, it decompresses the
 * segments of interpreter, libraries and stub into the addresses that they were linked for, and goes on where the
 * executable would have started.  What runs then sees no difference: the auxiliary vector names the program headers and
 * the entry of the executable as it was linked.
 *
 * There is no C library yet and no thread-local storage.  Of what the process was given, the auxiliary vector alone is
 * looked at.  Source: System V ABI, supplement of the processor, "Process Initialization"; getauxval(3). */
#include "stage.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdnoreturn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "machine.h"

#define ZSTD_STATIC_LINKING_ONLY
#include "zstd.h"

/* Written by `link`. */
__attribute__((section(".castiron.place"), used)) const volatile struct stage_place stage_place = {0, 0, 0};

#define DAMAGED "castiron: this executable is damaged: copy or link it again\n"
#define FORBIDDEN                                                                                                      \
    "castiron: this system forbids to execute memory that was written, which an executable of `link --profile small` " \
    "has to do: link it without that option\n"
#define NO_MEMORY "castiron: there is not enough memory to decompress this executable\n"

/* `text` is an array of characters. */
#define fail(text) fail_with(text, sizeof text - 1)

static noreturn void fail_with(const char *text, size_t size)
{
    stage_call(SYS_write, STDERR_FILENO, (long)text, (long)size, 0, 0, 0);
    for (;;)
        stage_call(SYS_exit_group, 1, 0, 0, 0, 0, 0);
}

static char *at(int64_t distance)
{
    return (char *)&stage_place + distance;
}

/* Whether the file reaches up to this byte: to read a page that the file has lost would end the process by a signal,
 * but the kernel answers EFAULT, which it does before it looks at the first argument. */
static bool is_in_file(const char *byte)
{
    const char *word = (const char *)((uintptr_t)byte & -(uintptr_t)sizeof(uint64_t));
    return stage_call(SYS_rt_sigprocmask, -1, (long)word, 0, sizeof(uint64_t), 0, 0) != -EFAULT;
}

struct decoder {
    ZSTD_DCtx *context;
    const char *next; /* frame */
    uint64_t left;    /* bytes of frames */
};

/* Decompresses the next frame into at most `most` bytes; returns how many. */
static size_t decompress(struct decoder *decoder, void *output, size_t most, uint64_t frame_size)
{
    if (frame_size > decoder->left)
        fail(DAMAGED);
    size_t size = ZSTD_decompressDCtx(decoder->context, output, most, decoder->next, frame_size);
    if (ZSTD_isError(size))
        fail(DAMAGED);
    decoder->next += frame_size;
    decoder->left -= frame_size;
    return size;
}

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

static void fill(struct decoder *decoder, const struct stage_part *part)
{
    /* All pages at once take less time than one by one when they are first written to; an older kernel refuses. */
    uint64_t filled = (uint64_t)(part->content - part->start) + part->size;
    stage_call(SYS_madvise, (long)at(part->start), (long)filled, MADV_POPULATE_WRITE, 0, 0, 0);
    if (decompress(decoder, at(part->content), part->size, part->frame_size) != part->size)
        fail(DAMAGED);
    if ((part->protection & PROT_WRITE) != 0)
        return;
    __builtin___clear_cache(at(part->content), at(part->content) + part->size);
    if (stage_call(SYS_mprotect, (long)at(part->start), (long)part->span, (long)part->protection, 0, 0, 0) != 0)
        fail(FORBIDDEN);
}

/* Puts what belongs to the executable as it was linked into the auxiliary vector, behind arguments and environment. */
static void set_auxiliary(uintptr_t *stack, const struct stage_table *table)
{
    uintptr_t *word = stack + 1 + stack[0] + 1;
    while (*word++ != 0)
        ;
    for (Elf64_auxv_t *item = (Elf64_auxv_t *)word; item->a_type != AT_NULL; item++) {
        if (item->a_type == AT_PHDR)
            item->a_un.a_val = (uintptr_t)at(table->headers);
        else if (item->a_type == AT_PHNUM)
            item->a_un.a_val = table->header_count;
        else if (item->a_type == AT_ENTRY)
            item->a_un.a_val = (uintptr_t)at(table->entry);
    }
}

/* Returns where to go on.  `stack` is as the kernel made it: the number of arguments comes first. */
void *castiron_stage(uintptr_t *stack)
{
    struct stage_place place = stage_place;
    struct decoder decoder = {.next = at(place.frames), .left = place.size};
    if (!is_in_file(decoder.next + decoder.left - 1))
        fail(DAMAGED);
    size_t room = ZSTD_estimateDCtxSize();
    long workspace = stage_call(SYS_mmap, 0, (long)room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (workspace < 0 && workspace > -4096)
        fail(NO_MEMORY);
    decoder.context = ZSTD_initStaticDCtx((void *)workspace, room);
    if (decoder.context == NULL)
        fail(NO_MEMORY);

    struct stage_table table;
    size_t known = decompress(&decoder, &table, sizeof table, place.table_size);
    if (known < offsetof(struct stage_table, parts) || table.part_count > STAGE_MOST_PARTS ||
        known != offsetof(struct stage_table, parts) + table.part_count * sizeof table.parts[0])
        fail(DAMAGED);
    for (uint64_t i = 0; i < table.part_count; i++)
        fill(&decoder, &table.parts[i]);

    stage_call(SYS_munmap, workspace, (long)room, 0, 0, 0, 0);
    /* The frames are not needed any more: the memory that they take is given back. */
    stage_call(SYS_madvise, (long)at(place.frames), (long)place.size, MADV_DONTNEED, 0, 0, 0);
    set_auxiliary(stack, &table);
    return at(table.entry);
}
