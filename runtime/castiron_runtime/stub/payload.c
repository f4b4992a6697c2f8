#include "payload.h"

#include <stdio.h>
#include <string.h>

#include "inflate.h"

extern const unsigned char castiron_payload[];
extern const uint64_t castiron_payload_size;

enum { VERSION = 2 };

_Static_assert(sizeof(Header) == 128, "the writer's header");
_Static_assert(sizeof(Node) == 40, "the writer's node");
_Static_assert(sizeof(Module) == 48, "the writer's module");

bool payload_open(void)
{
    const Header *header = payload_header();
    if (castiron_payload_size < sizeof *header || memcmp(header->magic, "CASTIRON", 8) != 0) {
        fputs("castiron: this executable has no payload\n", stderr);
        return false;
    }
    if (header->version != VERSION || header->size != castiron_payload_size) {
        fputs("castiron: the payload of this executable is of another version: link it again\n", stderr);
        return false;
    }
    return true;
}

const Header *payload_header(void)
{
    return (const Header *)castiron_payload;
}

const char *payload_text(Text text)
{
    return (const char *)castiron_payload + text.offset;
}

const void *payload_data(uint64_t offset)
{
    return castiron_payload + offset;
}

const Node *payload_node(uint32_t index)
{
    return (const Node *)payload_data(payload_header()->nodes) + index;
}

const Module *payload_module(uint32_t index)
{
    return (const Module *)payload_data(payload_header()->modules) + index;
}

Text payload_sys_path(uint64_t index)
{
    return ((const Text *)payload_data(payload_header()->sys_path))[index];
}

bool payload_read(const Node *file, void *buffer)
{
    const void *stored = payload_data(file->start);
    if (file->compressed != 0)
        return inflate_into(buffer, file->size, stored, file->compressed);
    memcpy(buffer, stored, file->size);
    return true;
}

/* As bytes.__lt__ orders them, which is how the writer sorts. */
static int compare(Text text, const char *name, size_t length)
{
    size_t common = text.length < length ? text.length : length;
    int order = memcmp(payload_text(text), name, common);
    if (order != 0)
        return order;
    return text.length < length ? -1 : text.length > length;
}

uint32_t payload_child(uint32_t folder, const char *name, size_t length)
{
    const Node *parent = payload_node(folder);
    uint32_t low = (uint32_t)parent->start, high = low + (uint32_t)parent->size;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare(payload_node(middle)->name, name, length);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NODE_NONE;
}

uint32_t payload_find_module(uint32_t folder, const char *name, size_t length)
{
    const Node *parent = payload_node(folder);
    uint32_t low = parent->first_module, end = low + parent->module_count, high = end;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare(payload_module(middle)->name, name, length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && compare(payload_module(low)->name, name, length) == 0 ? low : NODE_NONE;
}

uint32_t payload_module_of_file(uint32_t folder, const char *base)
{
    bool package = strncmp(base, "__init__.", 9) == 0 && folder != NODE_ROOT;
    /* A package is listed in the folder above its own. */
    uint32_t where = package ? payload_node(folder)->parent : folder;
    const char *name = package ? payload_text(payload_node(folder)->name) : base;
    size_t length = package ? strlen(name) : strcspn(base, ".");
    const Node *list = payload_node(where);
    uint32_t end = list->first_module + list->module_count;
    for (uint32_t i = payload_find_module(where, name, length);
         i < end && compare(payload_module(i)->name, name, length) == 0; i++) {
        const char *suffix = payload_text(payload_module(i)->suffix);
        bool is_package = (payload_module(i)->flags & MODULE_PACKAGE) != 0;
        if (is_package == package && strcmp(package ? suffix + 1 : suffix, package ? base : base + length) == 0)
            return i;
    }
    /* A script has its whole name and no suffix. */
    uint32_t script = package ? NODE_NONE : payload_find_module(where, base, strlen(base));
    return script != NODE_NONE && payload_module(script)->suffix.length == 0 ? script : NODE_NONE;
}

uint32_t payload_module_at(const char *path)
{
    const char *rest = path;
    uint32_t folder = NODE_ROOT;
    for (const char *slash; (slash = strchr(rest, '/')) != NULL; rest = slash + 1) {
        folder = payload_child(folder, rest, (size_t)(slash - rest));
        if (folder == NODE_NONE || payload_node(folder)->kind != NODE_FOLDER)
            return NODE_NONE;
    }
    return payload_module_of_file(folder, rest);
}

size_t payload_node_path(uint32_t node, char *buffer, size_t size)
{
    size_t length = 0;
    for (uint32_t at = node; at != NODE_ROOT; at = payload_node(at)->parent)
        length += payload_node(at)->name.length + (at != node);
    if (length >= size)
        return length;
    buffer[length] = '\0';
    char *end = buffer + length;
    for (uint32_t at = node; at != NODE_ROOT; at = payload_node(at)->parent) {
        Text name = payload_node(at)->name;
        if (at != node)
            *--end = '/';
        end -= name.length;
        memcpy(end, payload_text(name), name.length);
    }
    return length;
}
