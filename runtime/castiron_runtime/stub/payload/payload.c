#include "payload/payload.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "payload/inflate.h"
#include "payload/zstd.h"

/* A pointer and no array: the payload may lie further away than the 2 GiB that code can reach. */
extern const unsigned char *const castiron_payload;
extern const uint64_t castiron_payload_size;

enum { VERSION = 4 };

/* Bytes; what the writer allows, too.  The buffers for paths are made for these and an executable's path of PATH_MAX. */
enum { NAME_LIMIT = 255, SUFFIX_LIMIT = 256, PATH_LIMIT = 3000 };

_Static_assert(sizeof(Header) == 128, "the writer's header");
_Static_assert(sizeof(Node) == 40, "the writer's node");
_Static_assert(sizeof(Module) == 56, "the writer's module");

/* Ends the process, also in a child of vfork: a program whose own data is damaged cannot go on. */
static _Noreturn void damaged(void)
{
    static const char message[] = "castiron: the payload of this executable is damaged: copy or link it again\n";
    (void)!write(STDERR_FILENO, message, sizeof message - 1);
    _exit(1);
}

static void require(bool sound)
{
    if (__builtin_expect(!sound, 0))
        damaged();
}

/* Whether `size` bytes at `offset` are in the payload. */
static inline bool is_in_payload(uint64_t offset, uint64_t size)
{
    return offset <= castiron_payload_size && size <= castiron_payload_size - offset;
}

/* Whether `count` rows at `start` are among `total`. */
static inline bool are_rows(uint64_t start, uint64_t count, uint64_t total)
{
    return start <= total && count <= total - start;
}

static inline bool is_text(Text text)
{
    return is_in_payload(text.offset, (uint64_t)text.length + 1) && payload_text(text)[text.length] == '\0';
}

static inline bool is_table(uint64_t offset, uint64_t count, size_t row)
{
    return offset % 8 == 0 && offset <= castiron_payload_size && count < NODE_NONE &&
           count <= (castiron_payload_size - offset) / row;
}

static bool is_header(const Header *header)
{
    return (!(header->flags & PAYLOAD_ZSTD) || zstd_into != NULL) && header->entry_kind <= ENTRY_FUNCTION &&
           header->optimize <= 2 && is_text(header->module) && is_text(header->function) && is_text(header->path) &&
           is_text(header->program) && header->node_count != 0 &&
           is_table(header->nodes, header->node_count, sizeof(Node)) &&
           is_table(header->modules, header->module_count, sizeof(Module)) &&
           is_table(header->sys_path, header->sys_path_count, sizeof(Text));
}

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
    require(is_header(header) && payload_node(NODE_ROOT)->kind == NODE_FOLDER);
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

static inline const Node *node_at(uint32_t index)
{
    return (const Node *)payload_data(payload_header()->nodes) + index;
}

static inline const Module *module_at(uint32_t index)
{
    return (const Module *)payload_data(payload_header()->modules) + index;
}

/* Children stand behind their folder, so following them, or parents, always ends. */
static inline bool is_folder(const Node *node, uint32_t index)
{
    return (node->start > index || node->size == 0) && are_rows(node->start, node->size, payload_header()->node_count) &&
           are_rows(node->first_module, node->module_count, payload_header()->module_count);
}

/* Whether `size` bytes can be what is stored at `offset`.  DEFLATE makes at most 258 bytes of 2 bits, Zstandard at most
 * 128 KiB of the 4 bytes of a block. */
static inline bool is_content(uint64_t offset, uint64_t size, uint32_t compressed)
{
    if (compressed == 0)
        return is_in_payload(offset, size);
    uint64_t most = payload_header()->flags & PAYLOAD_ZSTD ? (128 << 10) / 4 : 258 * 8 / 2;
    return is_in_payload(offset, compressed) && size / most <= compressed;
}

/* A link leads to no other link, so following one always ends. */
static inline bool is_link(const Node *node)
{
    return node->start < payload_header()->node_count && node_at((uint32_t)node->start)->kind != NODE_LINK &&
           is_text(node->target) && node->target.length == node->size && node->size <= PATH_LIMIT;
}

static inline bool is_of_its_kind(const Node *node, uint32_t index)
{
    if (node->kind == NODE_LINK)
        return is_link(node);
    return node->kind == NODE_FOLDER ? is_folder(node, index) : is_content(node->start, node->size, node->compressed);
}

const Node *payload_node(uint32_t index)
{
    require(index < payload_header()->node_count);
    const Node *node = node_at(index);
    require((node->parent < index || index == NODE_ROOT) && is_text(node->name) && node->name.length <= NAME_LIMIT &&
            is_of_its_kind(node, index));
    return node;
}

const Module *payload_module(uint32_t index)
{
    const Header *header = payload_header();
    require(index < header->module_count);
    const Module *module = module_at(index);
    require(is_text(module->name) && module->name.length <= NAME_LIMIT && is_text(module->suffix) &&
            module->suffix.length <= SUFFIX_LIMIT && is_content(module->code, module->code_size, module->compressed) &&
            module->folder < header->node_count &&
            (module->own_folder < header->node_count || !(module->flags & MODULE_PACKAGE)));
    return module;
}

uint32_t payload_followed(uint32_t node)
{
    if (node == NODE_NONE)
        return node;
    const Node *at = payload_node(node);
    return at->kind == NODE_LINK ? (uint32_t)at->start : node;
}

Text payload_sys_path(uint64_t index)
{
    Text text = ((const Text *)payload_data(payload_header()->sys_path))[index];
    require(is_text(text));
    return text;
}

static bool read_content(void *buffer, uint64_t size, const void *stored, uint32_t compressed)
{
    if (compressed == 0) {
        memcpy(buffer, stored, size);
        return true;
    }
    return payload_header()->flags & PAYLOAD_ZSTD ? zstd_into(buffer, size, stored, compressed)
                                                  : inflate_into(buffer, size, stored, compressed);
}

bool payload_read(const Node *file, void *buffer)
{
    return read_content(buffer, file->size, payload_data(file->start), file->compressed);
}

bool payload_read_code(const Module *module, void *buffer)
{
    return read_content(buffer, module->code_size, payload_data(module->code), module->compressed);
}

/* As bytes.__lt__ orders them, which is how the writer sorts. */
static int compare(Text text, const char *name, size_t length)
{
    size_t common = text.length < length ? text.length : length;
    require(is_in_payload(text.offset, common));
    int order = memcmp(payload_text(text), name, common);
    if (order != 0)
        return order;
    return text.length < length ? -1 : text.length > length;
}

uint32_t payload_child(uint32_t folder, const char *name, size_t length)
{
    const Node *parent = payload_node(folder);
    require(parent->kind == NODE_FOLDER);
    uint32_t low = (uint32_t)parent->start, high = low + (uint32_t)parent->size;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare(node_at(middle)->name, name, length);
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
    require(parent->kind == NODE_FOLDER);
    uint32_t low = parent->first_module, end = low + parent->module_count, high = end;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare(module_at(middle)->name, name, length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && compare(module_at(low)->name, name, length) == 0 ? low : NODE_NONE;
}

uint32_t payload_module_of_file(uint32_t folder, const char *base)
{
    bool package = strncmp(base, "__init__.", 9) == 0 && folder != NODE_ROOT;
    /* A package is listed in the folder above its own. */
    uint32_t where = package ? payload_node(folder)->parent : folder;
    const char *name = package ? payload_text(payload_node(folder)->name) : base;
    const Node *list = payload_node(where);
    uint32_t end = list->first_module + list->module_count;
    /* A suffix begins at a dot, but not always at the first: my-app.v2.py, x.abi3.so. */
    for (size_t length = package ? strlen(name) : strcspn(base, "."); package || base[length] != '\0';
         length += 1 + strcspn(base + length + 1, ".")) {
        const char *expected = package ? base : base + length;
        for (uint32_t i = payload_find_module(where, name, length);
             i < end && compare(payload_module(i)->name, name, length) == 0; i++) {
            const char *suffix = payload_text(payload_module(i)->suffix);
            bool is_package = (payload_module(i)->flags & MODULE_PACKAGE) != 0;
            if (is_package == package && strcmp(suffix + (package && *suffix == '/'), expected) == 0)
                return i;
        }
        if (package)
            return NODE_NONE;
    }
    /* A script has its whole name and no suffix. */
    uint32_t script = payload_find_module(where, base, strlen(base));
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
    require(length <= PATH_LIMIT);
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
