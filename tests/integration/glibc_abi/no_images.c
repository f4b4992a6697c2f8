/* A program without absorbed images: what the archive asks the stub for. */
#include "images/images.h"

#include <stddef.h>

int64_t castiron_image_at(const void *address) { return -1; }
int castiron_images_live(int (*visit)(uint64_t image, void *data), void *data) { return 0; }
const Elf64_Sym *castiron_image_symbol(const struct castiron_image *image, const char *name) { return NULL; }
const Elf64_Sym *castiron_image_nearest(const struct castiron_image *image, uint64_t address) { return NULL; }
