/* Reads one payload after the other with the stub's own code, and does with each what a program can have the stub do.
 *
 * Built with the address sanitiser: bytes behind the payload are poisoned, so a read beyond its end is seen.
 * Protocol: u32 size and that many bytes on standard input; a line on standard output: "read", "damaged" or "refused".
 */
#include <sanitizer/asan_interface.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "payload/payload.h"

enum { MOST = 1 << 20, CONTENT_MOST = 4 << 20, PATH_ROOM = 8192, LOOKED_AT = 2000 };

static __attribute__((aligned(4096))) unsigned char payload[MOST];
const unsigned char *const castiron_payload = payload;
uint64_t castiron_payload_size;

static jmp_buf ended;
static unsigned char content[CONTENT_MOST];
static volatile unsigned sum; /* of what was read, so that no read is optimised away */

static void read_bytes(const void *data, uint64_t size);

/* Instead of _exit and write, see the compiler's command line. */
void harness_exit(int status)
{
    longjmp(ended, status + 1);
}

ssize_t harness_write(int descriptor, const void *message, size_t size)
{
    (void)descriptor;
    read_bytes(message, size);
    return (ssize_t)size;
}

static void read_bytes(const void *data, uint64_t size)
{
    const unsigned char *bytes = data;
    for (uint64_t i = 0; i < size; i++)
        sum += bytes[i];
}

static void read_text(Text text)
{
    read_bytes(payload_text(text), strlen(payload_text(text)) + 1);
}

static void look_up(uint32_t folder, const char *name)
{
    payload_child(folder, name, strlen(name));
    payload_find_module(folder, name, strlen(name));
    payload_module_of_file(folder, name);
}

static void read_node(uint32_t index)
{
    static char path[PATH_ROOM];
    const Node *node = payload_node(index);
    read_text(node->name);
    size_t length = payload_node_path(index, path, sizeof path);
    if (length < sizeof path) {
        read_bytes(path, length + 1);
        payload_module_at(path);
    }
    if (node->kind == NODE_LINK) {
        read_text(node->target);
        read_text(payload_node(payload_followed(index))->name);
        return;
    }
    if (node->kind != NODE_FOLDER) {
        if (node->size > sizeof content)
            return;
        if (payload_read(node, content))
            read_bytes(content, node->size);
        return;
    }
    static const char *const names[] = {"", "a", "__init__.py", "lib", "app", "json", "hello.py", "zzz", "data.bin"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        look_up(index, names[i]);
    for (uint64_t i = 0; i < node->size && i < LOOKED_AT; i++) {
        const Node *child = payload_node((uint32_t)(node->start + i));
        look_up(index, payload_text(child->name));
    }
    for (uint32_t i = 0; i < node->module_count && i < LOOKED_AT; i++)
        read_text(payload_module(node->first_module + i)->name);
}

static void read_module(uint32_t index)
{
    const Module *module = payload_module(index);
    read_text(module->name);
    read_text(module->suffix);
    if (module->compressed == 0)
        read_bytes(payload_data(module->code), module->code_size);
    else if (module->code_size <= sizeof content && payload_read_code(module, content))
        read_bytes(content, module->code_size);
    static char path[PATH_ROOM];
    payload_node_path(module->folder, path, sizeof path);
    if (module->flags & MODULE_PACKAGE)
        payload_node(module->own_folder);
}

/* Every way down from the root, as os.walk goes. */
static unsigned walk(uint32_t index, unsigned left)
{
    const Node *node = payload_node(index);
    if (node->kind != NODE_FOLDER)
        return left;
    for (uint64_t i = 0; i < node->size && left > 0; i++)
        left = walk((uint32_t)(node->start + i), left - 1);
    return left;
}

static const char *read_payload(void)
{
    if (!payload_open())
        return "refused";
    const Header *header = payload_header();
    read_text(header->module);
    read_text(header->function);
    read_text(header->program);
    read_text(header->path);
    payload_module_at(payload_text(header->path));
    payload_module_at("lib/python3.13/json/__init__.py");
    payload_module_at("lib/python3.13/json/decoder.py");
    for (uint64_t i = 0; i < header->sys_path_count && i < LOOKED_AT; i++)
        read_text(payload_sys_path(i));
    walk(NODE_ROOT, 5000);
    /* Each on its own: one that is damaged ends a program, and says nothing of the next. */
    static volatile uint32_t at;
    static volatile bool any;
    any = false;
    for (at = 0; at < header->node_count && at < LOOKED_AT; at++) {
        if (setjmp(ended) == 0)
            read_node(at);
        else
            any = true;
    }
    for (at = 0; at < header->module_count && at < LOOKED_AT; at++) {
        if (setjmp(ended) == 0)
            read_module(at);
        else
            any = true;
    }
    return any ? "damaged in parts" : "read";
}

int main(void)
{
    uint32_t size;
    while (fread(&size, sizeof size, 1, stdin) == 1) {
        if (size > MOST || fread(payload, 1, size, stdin) != size)
            return 2;
        castiron_payload_size = size;
        __asan_poison_memory_region(payload + size, MOST - size);
        const char *came = setjmp(ended) == 0 ? read_payload() : "damaged";
        __asan_unpoison_memory_region(payload + size, MOST - size);
        puts(came);
        fflush(stdout);
    }
    return 0;
}
