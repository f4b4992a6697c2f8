/* The interpreter of training runs.  A profile must not say that objects come from an allocator of CPython's: in a static
   executable they do not. */
#include <Python.h>
#include <stdlib.h>

static void *counted_malloc(void *context, size_t size)
{
    (void)context;
    return malloc(size ? size : 1);
}

static void *counted_calloc(void *context, size_t count, size_t size)
{
    (void)context;
    return count && size ? calloc(count, size) : calloc(1, 1);
}

static void *counted_realloc(void *context, void *block, size_t size)
{
    (void)context;
    return realloc(block, size ? size : 1);
}

static void counted_free(void *context, void *block)
{
    (void)context;
    free(block);
}

int main(int argc, char **argv)
{
    PyMemAllocatorEx allocator = {NULL, counted_malloc, counted_calloc, counted_realloc, counted_free};
    PyMem_SetAllocator(PYMEM_DOMAIN_MEM, &allocator);
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &allocator);
    return Py_BytesMain(argc, argv);
}
