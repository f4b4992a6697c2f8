#include "payload/zstd.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

/* Of zstd.h.  Declared here and not included: the stub is compiled for links that never need the library, too.  What
 * has Static or estimate in its name is not of its stable interface, and needs the library that we link ourselves. */
typedef struct ZSTD_DCtx_s ZSTD_DCtx;
typedef struct ZSTD_DDict_s ZSTD_DDict;
extern size_t ZSTD_estimateDCtxSize(void);
extern ZSTD_DCtx *ZSTD_initStaticDCtx(void *workspace, size_t size);
extern size_t ZSTD_decompress_usingDDict(ZSTD_DCtx *context, void *output, size_t capacity, const void *input, size_t size,
                                         const ZSTD_DDict *dictionary);
enum load_method { BY_REFERENCE = 1 }; /* ZSTD_dlm_byRef */
enum content_type { WITH_TABLES = 2 }; /* ZSTD_dct_fullDict */
extern size_t ZSTD_estimateDDictSize(size_t size, enum load_method method);
extern const ZSTD_DDict *ZSTD_initStaticDDict(void *memory, size_t memory_size, const void *content, size_t size,
                                              enum load_method method, enum content_type type);

/* What the frames of bytecode and files refer to; those of images do without (link/castiron_link/dictionary.py). */
__attribute__((weak)) extern const unsigned char castiron_dictionary[];
__attribute__((weak)) extern const uint64_t castiron_dictionary_size;

/* A decoder and its view of the dictionary, in memory of its own. */
struct workspace {
    const ZSTD_DDict *dictionary; /* NULL if there is none */
    ZSTD_DCtx *context;
    size_t size; /* of the whole */
};

enum { ALIGNMENT = 64 };

static size_t aligned(size_t size)
{
    return (size + ALIGNMENT - 1) & -(size_t)ALIGNMENT;
}

static struct workspace *workspace_new(void)
{
    size_t decoder_size = aligned(ZSTD_estimateDCtxSize());
    bool has_dictionary = &castiron_dictionary_size != NULL && castiron_dictionary_size != 0;
    size_t dictionary_size = has_dictionary ? aligned(ZSTD_estimateDDictSize(castiron_dictionary_size, BY_REFERENCE)) : 0;
    size_t decoder = aligned(sizeof(struct workspace));
    size_t size = decoder + decoder_size + dictionary_size;
    struct workspace *made = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED)
        return NULL;
    *made = (struct workspace){.context = ZSTD_initStaticDCtx((char *)made + decoder, decoder_size), .size = size};
    if (has_dictionary) {
        made->dictionary = ZSTD_initStaticDDict((char *)made + decoder + decoder_size, dictionary_size, castiron_dictionary,
                                                castiron_dictionary_size, BY_REFERENCE, WITH_TABLES);
    }
    if (made->context == NULL || (has_dictionary && made->dictionary == NULL)) {
        munmap(made, size);
        return NULL;
    }
    return made;
}

/* The workspace that was used last, if nobody uses it now: whoever finds none makes one. */
static _Atomic(struct workspace *) idle;

bool zstd_into(void *output, size_t size, const void *input, size_t input_size)
{
    struct workspace *workspace = atomic_exchange(&idle, NULL);
    if (workspace == NULL && (workspace = workspace_new()) == NULL)
        return false;
    /* Each call starts the decoder anew, whatever became of the frame before (zstd.h, "Explicit context"). */
    bool sound =
        ZSTD_decompress_usingDDict(workspace->context, output, size, input, input_size, workspace->dictionary) == size;
    struct workspace *other = atomic_exchange(&idle, workspace);
    if (other != NULL)
        munmap(other, other->size);
    return sound;
}
