/* Looks symbols up in the dynamic symbol table of an image.
 * Source: System V ABI, chapter 5 (hash table); glibc's dl-lookup.c for DT_GNU_HASH. */
#include "images/images.h"

#include <stddef.h>
#include <string.h>

struct table {
    const struct castiron_image *image;
    const Elf64_Sym *symbols;
    const char *strings;
};

static int open_table(struct table *table, const struct castiron_image *image)
{
    uint64_t symbols = castiron_image_dynamic(image, DT_SYMTAB), strings = castiron_image_dynamic(image, DT_STRTAB);
    table->image = image;
    table->symbols = (const Elf64_Sym *)(image->base + symbols);
    table->strings = (const char *)(image->base + strings);
    return symbols && strings;
}

/* Whether others may see it: defined, not local, not hidden. */
static int is_visible(const Elf64_Sym *symbol)
{
    unsigned visibility = ELF64_ST_VISIBILITY(symbol->st_other);
    return symbol->st_shndx != SHN_UNDEF && ELF64_ST_BIND(symbol->st_info) != STB_LOCAL
        && (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

static int matches(const struct table *table, uint32_t index, const char *name)
{
    const Elf64_Sym *symbol = &table->symbols[index];
    return is_visible(symbol) && strcmp(table->strings + symbol->st_name, name) == 0;
}

static const Elf64_Sym *find_gnu(const struct table *table, const uint32_t *hash_table, const char *name)
{
    uint32_t hash = 5381;
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        hash = hash * 33 + *c;
    uint32_t bucket_count = hash_table[0], first = hash_table[1], bloom_words = hash_table[2];
    const uint32_t *buckets = hash_table + 4 + 2 * bloom_words;
    const uint32_t *chain = buckets + bucket_count;
    if (bucket_count == 0)
        return NULL;
    uint32_t index = buckets[hash % bucket_count];
    if (index < first)
        return NULL;
    for (;; index++) {
        uint32_t entry = chain[index - first];
        if ((entry | 1) == (hash | 1) && matches(table, index, name))
            return &table->symbols[index];
        if (entry & 1)
            return NULL;
    }
}

static const Elf64_Sym *find_sysv(const struct table *table, const uint32_t *hash_table, const char *name)
{
    uint32_t hash = 0;
    for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
        hash = (hash << 4) + *c;
        hash ^= (hash >> 24) & 0xf0;
    }
    hash &= 0xfffffff;
    uint32_t bucket_count = hash_table[0];
    const uint32_t *buckets = hash_table + 2, *chain = buckets + bucket_count;
    if (bucket_count == 0)
        return NULL;
    for (uint32_t index = buckets[hash % bucket_count]; index; index = chain[index])
        if (matches(table, index, name))
            return &table->symbols[index];
    return NULL;
}

const Elf64_Sym *castiron_image_symbol(const struct castiron_image *image, const char *name)
{
    struct table table;
    if (!open_table(&table, image))
        return NULL;
    uint64_t gnu = castiron_image_dynamic(image, DT_GNU_HASH), sysv = castiron_image_dynamic(image, DT_HASH);
    if (gnu)
        return find_gnu(&table, (const uint32_t *)(image->base + gnu), name);
    if (sysv)
        return find_sysv(&table, (const uint32_t *)(image->base + sysv), name);
    return NULL;
}

/* How many symbols there are; the dynamic table does not say. */
static uint32_t symbol_count(const struct castiron_image *image)
{
    uint64_t gnu = castiron_image_dynamic(image, DT_GNU_HASH), sysv = castiron_image_dynamic(image, DT_HASH);
    if (sysv)
        return ((const uint32_t *)(image->base + sysv))[1];
    if (!gnu)
        return 0;
    const uint32_t *hash_table = (const uint32_t *)(image->base + gnu);
    uint32_t bucket_count = hash_table[0], first = hash_table[1];
    const uint32_t *buckets = hash_table + 4 + 2 * hash_table[2], *chain = buckets + bucket_count;
    uint32_t last = 0;
    for (uint32_t i = 0; i < bucket_count; i++)
        if (buckets[i] > last)
            last = buckets[i];
    if (last < first)
        return first;
    while (!(chain[last - first] & 1))
        last++;
    return last + 1;
}

const Elf64_Sym *castiron_image_nearest(const struct castiron_image *image, uint64_t address)
{
    struct table table;
    if (!open_table(&table, image))
        return NULL;
    const Elf64_Sym *best = NULL;
    uint32_t count = symbol_count(image);
    for (uint32_t i = 1; i < count; i++) {
        const Elf64_Sym *symbol = &table.symbols[i];
        if (is_visible(symbol) && ELF64_ST_TYPE(symbol->st_info) != STT_TLS && symbol->st_value <= address
            && (!best || symbol->st_value > best->st_value)
            && (symbol->st_size == 0 || address < symbol->st_value + symbol->st_size))
            best = symbol;
    }
    return best;
}
