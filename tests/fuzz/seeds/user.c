#include <stddef.h>
extern int other(int); extern void *malloc(size_t); extern __attribute__((weak)) int maybe(void);
__thread int counter = 7; __thread char zeros[64];
static int table[4] = {1,2,3,4};
int *const pointers[] = {table, table + 1, &table[3], NULL};
const char *names[] = {"alpha","beta","gamma"};
int shared_value = 42;
static void __attribute__((constructor)) start(void) { counter++; }
static void __attribute__((destructor)) stop(void) { counter--; }
__attribute__((visibility("protected"))) int prot(void) { return 1; }
__attribute__((weak)) int weakly(void) { return zeros[3]; }
int PyInit_fast(void) { return other(table[1]) + (maybe ? maybe() : 0) + counter + *pointers[1] + names[0][0] + (malloc(3) != 0); }
