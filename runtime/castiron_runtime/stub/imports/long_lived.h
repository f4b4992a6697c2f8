/* What modules define lives long: it is not for the young collections of garbage.  Why, and what bounds it:
 * docs/decisions/028-what-modules-define-is-old.md. */
#ifndef CASTIRON_LONG_LIVED_H
#define CASTIRON_LONG_LIVED_H

#include <stdint.h>

/* A module of the payload has been executed: what the collector counts as young is old from here on, the first time. */
void long_lived_promote(uint32_t module);

#endif
