/* Makes absorbed images usable on first use. */
#include "images/images.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "images/folded.h"
#include "images/packed.h"

#define PAGE ((uint64_t)CASTIRON_PAGE_SIZE)

static _Atomic uint64_t live_count;
static uint64_t started_count;

/* Recursive, and held while constructors run, as the dynamic loader's is: a constructor may open further images. */
static pthread_mutex_t lock;

static void make_lock(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void after_fork_parent(void) { pthread_mutex_unlock(&lock); }

/* The child's thread has another id than the owner that the lock names, so it cannot unlock it. */
static void after_fork_child(void) { make_lock(); }

/* When the program starts, and not at the first use: a fork at that moment would leave the child a half made lock. */
__attribute__((constructor)) static void initialize(void)
{
    make_lock();
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

uint64_t castiron_image_total(void) { return &castiron_image_count ? castiron_image_count : 0; }

static unsigned stage_of(uint64_t image)
{
    return atomic_load_explicit(&castiron_image_states[image].stage, memory_order_acquire) & CASTIRON_IMAGE_STAGE;
}

static void set_stage(uint64_t image, unsigned stage)
{
    unsigned flags = atomic_load(&castiron_image_states[image].stage) & ~(unsigned)CASTIRON_IMAGE_STAGE;
    atomic_store_explicit(&castiron_image_states[image].stage, flags | stage, memory_order_release);
}

/* Give [from, to) to the image for writing; from `zero` on there is nothing in the file but zeros, and fresh pages cost
 * less than copies of those.  All are page boundaries, as offsets from base. */
static int make_writable(const struct castiron_image *image, uint64_t from, uint64_t to, uint64_t zero)
{
    uint64_t middle = zero < from ? from : zero > to ? to : zero;
    if (middle > from && mprotect(image->base + from, middle - from, PROT_READ | PROT_WRITE))
        return -1;
    if (to > middle
        && mmap(image->base + middle, to - middle, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
               == MAP_FAILED)
        return -1;
    return 0;
}

/* Turn distances into addresses; the pages are writable for the moment.  They were measured from where the linker put the
 * words, which is elsewhere if the image is folded; the words that belong to one offset in the list are of one run. */
static void relocate(const struct castiron_image *image)
{
    uint64_t *word = NULL, moved = 0;
    uint64_t number = (uint64_t)(image - castiron_images);
    int folded = castiron_is_folded(number);
    for (const uint64_t *entry = image->fixups; entry < image->fixups_end; entry++) {
        if ((*entry & 1) == 0) {
            word = (uint64_t *)(image->base + *entry);
            moved = folded ? castiron_folded_by(number, image->base, *entry) : 0;
            *word += (uint64_t)word + moved;
            word++;
            continue;
        }
        for (uint64_t bits = *entry >> 1, *at = word; bits; bits >>= 1, at++)
            if (bits & 1)
                *at += (uint64_t)at + moved;
        word += 63;
    }
}

/* Set the protections that the image's program headers ask for.  What is read-only after relocation stays read-only
 * from the start if the linker has done the relocating. */
static int set_protections(const struct castiron_image *image)
{
    uint64_t relro_start = 0, relro_end = 0;
    if (castiron_unfold((uint64_t)(image - castiron_images), image->base, image->span))
        return -1;
    if (image->packed) {
        struct castiron_place place = {image->base, image->span};
        if (castiron_unpack(place, image->packed, image->packed_end) || mprotect(image->base, image->span, PROT_READ))
            return -1;
    }
    for (uint32_t i = 0; i < image->header_count; i++) {
        const Elf64_Phdr *header = &image->headers[i];
        if (header->p_type == PT_GNU_RELRO) {
            relro_start = header->p_vaddr & -PAGE;
            relro_end = (header->p_vaddr + header->p_memsz) & -PAGE;
        }
    }
    for (uint32_t i = 0; i < image->header_count; i++) {
        const Elf64_Phdr *header = &image->headers[i];
        if (header->p_type != PT_LOAD || header->p_memsz == 0)
            continue;
        uint64_t start = header->p_vaddr & -PAGE;
        uint64_t end = (header->p_vaddr + header->p_memsz + PAGE - 1) & -PAGE;
        uint64_t zero = (header->p_vaddr + header->p_filesz + PAGE - 1) & -PAGE;
        if (image->packed)
            zero = end;
        if (header->p_flags & PF_W) {
            int apart = relro_end <= start || relro_start >= end || relro_start >= relro_end;
            uint64_t keep_start = apart ? end : relro_start < start ? start : relro_start;
            uint64_t keep_end = apart ? end : relro_end > end ? end : relro_end;
            if (image->fixups)
                keep_start = keep_end = end;
            if (make_writable(image, start, keep_start, zero) || make_writable(image, keep_end, end, zero))
                return -1;
        } else if (header->p_flags & PF_X) {
            if (mprotect(image->base + start, end - start, PROT_READ | PROT_EXEC))
                return -1;
        }
    }
    if (image->fixups) {
        relocate(image);
        if (relro_start < relro_end && mprotect(image->base + relro_start, relro_end - relro_start, PROT_READ))
            return -1;
    }
    return 0;
}

/* process/executable.c; tests link images without it. */
extern const char *executable_path(void) CASTIRON_WEAK;

const char *castiron_images_root(void) { return executable_path ? executable_path() : ""; }

static char *full_path(const struct castiron_image *image)
{
    const char *root = castiron_images_root();
    size_t root_length = strlen(root), length = strlen(image->path);
    char *path = malloc(root_length + 1 + length + 1);
    if (path) {
        memcpy(path, root, root_length);
        path[root_length] = '/';
        memcpy(path + root_length + 1, image->path, length + 1);
    }
    return path;
}

/* Map an image and what it needs.  An image counts as mapped before its needs are, as they may need it in turn. */
static int map_all(uint64_t number)
{
    const struct castiron_image *image = &castiron_images[number];
    struct castiron_image_state *state = &castiron_image_states[number];
    unsigned stage = stage_of(number);
    if (stage == CASTIRON_IMAGE_FAILED) {
        errno = ENOEXEC;
        return -1;
    }
    if (stage != CASTIRON_IMAGE_ASLEEP)
        return 0;
    if (!state->path)
        state->path = full_path(image);
    if (!state->path)
        return -1;
    if (set_protections(image)) {
        if (castiron_is_folded(number))
            set_stage(number, CASTIRON_IMAGE_FAILED);
        return -1;
    }
    set_stage(number, CASTIRON_IMAGE_MAPPED);
    uint64_t order = atomic_load(&live_count);
    castiron_image_states[order].live = (uint32_t)number;
    atomic_store(&live_count, order + 1);
    for (uint32_t i = 0; i < image->needed_count; i++)
        if (map_all(image->needed[i])) {
            int saved = errno;
            set_stage(number, CASTIRON_IMAGE_FAILED);
            errno = saved;
            return -1;
        }
    return 0;
}

uint64_t castiron_image_dynamic(const struct castiron_image *image, int64_t tag)
{
    for (uint32_t i = 0; i < image->header_count; i++) {
        if (image->headers[i].p_type != PT_DYNAMIC)
            continue;
        const Elf64_Dyn *entry = (const Elf64_Dyn *)(image->base + image->headers[i].p_vaddr);
        for (; entry->d_tag != DT_NULL; entry++)
            if (entry->d_tag == tag)
                return entry->d_un.d_val;
    }
    return 0;
}

typedef void (*function)(void);

/* Call DT_INIT, then the functions of DT_INIT_ARRAY, as the ABI orders them; musl passes no arguments. */
static void construct(const struct castiron_image *image)
{
    uint64_t init = castiron_image_dynamic(image, DT_INIT);
    if (init)
        ((function)(image->base + init))();
    const function *array = (const function *)(image->base + castiron_image_dynamic(image, DT_INIT_ARRAY));
    size_t count = castiron_image_dynamic(image, DT_INIT_ARRAYSZ) / sizeof *array;
    for (size_t i = 0; i < count; i++)
        if (array[i] && array[i] != (function)-1)
            array[i]();
}

/* Run constructors, those of needed images first; a cycle is cut where it is entered. */
static void start_all(uint64_t number)
{
    const struct castiron_image *image = &castiron_images[number];
    if (stage_of(number) != CASTIRON_IMAGE_MAPPED)
        return;
    set_stage(number, CASTIRON_IMAGE_STARTING);
    for (uint32_t i = 0; i < image->needed_count; i++)
        start_all(image->needed[i]);
    construct(image);
    castiron_image_states[started_count++].started = (uint32_t)number;
    set_stage(number, CASTIRON_IMAGE_READY);
}

int castiron_image_prepare(uint64_t image)
{
    if (image >= castiron_image_total()) {
        errno = EINVAL;
        return -1;
    }
    if (stage_of(image) == CASTIRON_IMAGE_READY)
        return 0;
    pthread_mutex_lock(&lock);
    int result = map_all(image);
    int saved = errno;
    if (result == 0)
        start_all(image);
    pthread_mutex_unlock(&lock);
    errno = saved;
    return result;
}

const char *castiron_image_problem(int error)
{
    if (error == EBADMSG)
        return "its bytes in the executable are damaged: copy or link it again";
    if (error == EACCES || error == EPERM)
        return "this system forbids to execute memory that was written, which an executable of `link --profile small` "
               "needs: link it without";
    return strerror(error);
}

uint64_t castiron_image_live_count(void) { return atomic_load_explicit(&live_count, memory_order_acquire); }

int castiron_images_live(int (*visit)(uint64_t image, void *data), void *data)
{
    uint64_t count = castiron_image_live_count();
    for (uint64_t i = 0; i < count; i++) {
        int result = visit(castiron_image_states[i].live, data);
        if (result)
            return result;
    }
    return 0;
}

/* The linker may order images otherwise than the table does, so this is no binary search; it is not called often. */
int64_t castiron_image_at(const void *address)
{
    uint64_t total = castiron_image_total();
    for (uint64_t i = 0; i < total; i++)
        if ((uintptr_t)address - (uintptr_t)castiron_images[i].base < castiron_images[i].span)
            return (int64_t)i;
    return -1;
}

/* At exit(), after the functions of atexit: what a dynamic loader runs when the program ends, latest start first.
 * A program that leaves with _exit runs none of it, here as there. */
__attribute__((destructor)) static void destruct_all(void)
{
    for (uint64_t i = started_count; i-- > 0;) {
        const struct castiron_image *image = &castiron_images[castiron_image_states[i].started];
        const function *array = (const function *)(image->base + castiron_image_dynamic(image, DT_FINI_ARRAY));
        for (size_t n = castiron_image_dynamic(image, DT_FINI_ARRAYSZ) / sizeof *array; n-- > 0;)
            if (array[n] && array[n] != (function)-1)
                array[n]();
        uint64_t fini = castiron_image_dynamic(image, DT_FINI);
        if (fini)
            ((function)(image->base + fini))();
    }
}
