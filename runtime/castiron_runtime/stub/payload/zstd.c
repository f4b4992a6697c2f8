#include "payload/zstd.h"

#include <stdatomic.h>
#include <sys/mman.h>

/* Of zstd.h.  Declared here and not included: the stub is compiled for links that never need the library, too.  All but
 * ZSTD_initStaticDCtx are its stable interface; that one needs the library that we link ourselves. */
typedef struct ZSTD_DCtx_s ZSTD_DCtx;
extern size_t ZSTD_estimateDCtxSize(void);
extern ZSTD_DCtx *ZSTD_initStaticDCtx(void *workspace, size_t size);
extern size_t ZSTD_decompressDCtx(ZSTD_DCtx *context, void *output, size_t capacity, const void *input, size_t size);

/* The workspace that was used last, if nobody uses it now: whoever finds none makes one. */
static _Atomic(void *) idle;

bool zstd_into(void *output, size_t size, const void *input, size_t input_size)
{
    size_t needed = ZSTD_estimateDCtxSize();
    void *workspace = atomic_exchange(&idle, NULL);
    if (workspace == NULL) {
        workspace = mmap(NULL, needed, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (workspace == MAP_FAILED)
            return false;
    }
    ZSTD_DCtx *context = ZSTD_initStaticDCtx(workspace, needed);
    bool sound = context != NULL && ZSTD_decompressDCtx(context, output, size, input, input_size) == size;
    void *other = atomic_exchange(&idle, workspace);
    if (other != NULL)
        munmap(other, needed);
    return sound;
}
