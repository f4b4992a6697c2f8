/* The payload as link/castiron_link/payload.py writes it: see README.md for the format, byte by byte.
 *
 * Everything here points into read-only mapped pages of the executable; nothing is copied and nothing is freed.
 */
#ifndef CASTIRON_PAYLOAD_H
#define CASTIRON_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t offset; /* in the payload; a zero byte follows the text */
    uint32_t length;
} Text;

enum { NODE_FOLDER = 0, NODE_FILE = 1, NODE_LINK = 2 };

typedef struct {
    Text name;
    uint32_t parent; /* of the root: the root */
    uint8_t kind;
    uint8_t executable;
    uint16_t followed; /* link: number of links that are followed to `start`, this one included */
    uint64_t start; /* folder: its first child; file: where its content is in the payload; link: the node it leads to */
    uint64_t size;  /* folder: number of children; file: bytes; link: bytes of its text */
    union {
        struct {
            uint32_t first_module; /* folder */
            uint32_t module_count; /* folder */
        };
        uint32_t compressed; /* file: bytes of its compressed content, 0 if it is as it is */
        Text target;         /* link: what readlink says */
    };
} Node;

enum { MODULE_PACKAGE = 1, MODULE_SOURCE = 2, MODULE_EXTENSION = 4 };

typedef struct {
    Text name;   /* last component of the dotted name */
    Text suffix; /* what follows it in the file's path: ".py", "/__init__.py" ... */
    uint32_t folder;
    uint32_t flags;
    uint64_t code;
    uint64_t code_size; /* bytes of the marshalled code */
    uint32_t extension; /* row of castiron_extensions */
    uint32_t own_folder; /* of a package */
    uint32_t compressed; /* bytes of the compressed code, 0 if it is as it is */
    uint32_t reserved;
} Module;

enum { ENTRY_SCRIPT = 0, ENTRY_MODULE = 1, ENTRY_FUNCTION = 2 };
enum {
    BOOT_FULL_FINALIZE = 1,
    BOOT_OBEY_ENVIRONMENT = 2,
    BOOT_AS_PYTHON = 4,
    BOOT_NOTICES = 8,
    BOOT_NO_CHILDREN = 16,
    PAYLOAD_ZSTD = 32, /* what is compressed is so with Zstandard, else with raw DEFLATE */
    BOOT_PATH_FILES = 64,
};

typedef struct {
    char magic[8];
    uint32_t version;
    uint32_t flags;
    uint64_t size;
    uint32_t entry_kind;
    uint32_t optimize;
    Text module;
    Text function;
    Text path;
    Text program;
    uint64_t nodes;
    uint64_t node_count;
    uint64_t modules;
    uint64_t module_count;
    uint64_t sys_path;
    uint64_t sys_path_count;
    unsigned char identity[16]; /* tells this payload from any other: a hash of it */
} Header;

enum { NODE_NONE = UINT32_MAX, NODE_ROOT = 0 };

/* Checks that the linked payload is one this code understands; says on stderr what is wrong and returns false if not. */
bool payload_open(void);

/* These end the process if what is asked for is damaged: see README.md, "Payload". */

const Header *payload_header(void);
const char *payload_text(Text text);
const void *payload_data(uint64_t offset);
const Node *payload_node(uint32_t index);
const Module *payload_module(uint32_t index);
Text payload_sys_path(uint64_t index); /* an entry that the link stage appended to sys.path */

/* What a node stands for: of a symbolic link the file or folder that it leads to, of any other itself; of NODE_NONE it. */
uint32_t payload_followed(uint32_t node);

/* Writes the content of a file, node->size bytes, into `buffer`; false if it is damaged. */
bool payload_read(const Node *file, void *buffer);

/* Writes the code of a module whose code is compressed, module->code_size bytes, into `buffer`; false if it is damaged. */
bool payload_read_code(const Module *module, void *buffer);

/* The child of a folder with this name, or NODE_NONE. */
uint32_t payload_child(uint32_t folder, const char *name, size_t length);

/* The first module of this name in a folder (a package before an extension before a plain module), or NODE_NONE. */
uint32_t payload_find_module(uint32_t folder, const char *name, size_t length);

/* The module whose file is called `base` in a folder, or NODE_NONE. */
uint32_t payload_module_of_file(uint32_t folder, const char *base);

/* The module whose file has a tree path, or NODE_NONE. */
uint32_t payload_module_at(const char *path);

/* Writes the tree path of a node (without a leading slash; empty for the root) and a zero byte into `buffer` if they fit;
 * returns the length of the path. */
size_t payload_node_path(uint32_t node, char *buffer, size_t size);

#endif
