/* Thread-local variables of absorbed images: they lie in the executable's own block, at a distance from the thread
 * pointer that the linker wrote where a dynamic loader would have put the offset within a module. */
#include <stddef.h>
#include <stdint.h>

#if CASTIRON_TLS_ALIGNMENT > 1
/* Aligns the executable's thread-local storage as the distances in absorbed images take for granted (elf.tls of the target). */
_Thread_local char castiron_tls_anchor[CASTIRON_TLS_ALIGNMENT]
    __attribute__((aligned(CASTIRON_TLS_ALIGNMENT), used, retain)) = {1};
#endif

/* What images call as __tls_get_addr.  Source: "ELF Handling For Thread-Local Storage" 0.21, 3.4.6. */
void *castiron_tls_get_addr(const uint64_t index[2])
{
    return (char *)__builtin_thread_pointer() + index[1];
}

/* castiron_tlsdesc, which TLS descriptors call, has a calling convention of its own: it is written in the machine's assembly. */
#include "tls_descriptor.h"
