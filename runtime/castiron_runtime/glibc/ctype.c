/* Kinds of bytes, and their lower and upper case, in the tables that glibc's headers and its C++ library read.
 *
 * Every locale here has those of "C": bytes above 127 have no kind.  musl's tables have no case for negative bytes, in glibc's these
 * are what they are as unsigned ones, but for -1, which is EOF. */
#include "gnu.h"
#include "locale_object.h"

/* ctype.h, little-endian. */
enum {
    UPPER = 0x100,
    LOWER = 0x200,
    ALPHA = 0x400,
    DIGIT = 0x800,
    XDIGIT = 0x1000,
    SPACE = 0x2000,
    PRINT = 0x4000,
    GRAPH = 0x8000,
    BLANK = 0x1,
    CNTRL = 0x2,
    PUNCT = 0x4,
    ALNUM = 0x8,
};

#define IN(c, first, last) ((c) >= (first) && (c) <= (last))
#define IS_UPPER(c) IN(c, 'A', 'Z')
#define IS_LOWER(c) IN(c, 'a', 'z')
#define IS_DIGIT(c) IN(c, '0', '9')
#define IS_ALNUM(c) (IS_UPPER(c) || IS_LOWER(c) || IS_DIGIT(c))
#define CLASS(c)                                                                                              \
    ((IS_UPPER(c) ? UPPER | ALPHA | ALNUM : 0) | (IS_LOWER(c) ? LOWER | ALPHA | ALNUM : 0)                    \
        | (IS_DIGIT(c) ? DIGIT | ALNUM : 0) | (IS_DIGIT(c) || IN(c, 'A', 'F') || IN(c, 'a', 'f') ? XDIGIT : 0) \
        | ((c) == ' ' || IN(c, '\t', '\r') ? SPACE : 0) | (IN(c, ' ', '~') ? PRINT : 0)                       \
        | (IN(c, '!', '~') ? GRAPH : 0) | ((c) == ' ' || (c) == '\t' ? BLANK : 0)                             \
        | (IN(c, 0, 31) || (c) == 127 ? CNTRL : 0) | (IN(c, '!', '~') && !IS_ALNUM(c) ? PUNCT : 0))

#define BYTE(c) ((c) < -1 ? (c) + 256 : (c))
#define TO_LOWER(c) (IS_UPPER(c) ? (c) + 32 : BYTE(c))
#define TO_UPPER(c) (IS_LOWER(c) ? (c) - 32 : BYTE(c))

#define EIGHT(of, c) of(c), of(c + 1), of(c + 2), of(c + 3), of(c + 4), of(c + 5), of(c + 6), of(c + 7)
#define SIXTY_FOUR(of, c)                                                                                   \
    EIGHT(of, c), EIGHT(of, c + 8), EIGHT(of, c + 16), EIGHT(of, c + 24), EIGHT(of, c + 32), EIGHT(of, c + 40), \
        EIGHT(of, c + 48), EIGHT(of, c + 56)
#define ALL(of)                                                                                  \
    {                                                                                            \
        SIXTY_FOUR(of, -128), SIXTY_FOUR(of, -64), SIXTY_FOUR(of, 0), SIXTY_FOUR(of, 64),        \
            SIXTY_FOUR(of, 128), SIXTY_FOUR(of, 192)                                             \
    }

const uint16_t castiron_gnu_classes[384] = ALL(CLASS);
const int32_t castiron_gnu_lower[384] = ALL(TO_LOWER);
const int32_t castiron_gnu_upper[384] = ALL(TO_UPPER);

static const uint16_t *const classes = castiron_gnu_classes + 128;
static const int32_t *const lower = castiron_gnu_lower + 128;
static const int32_t *const upper = castiron_gnu_upper + 128;

const uint16_t *const *GNU(__ctype_b_loc)(void) { return &classes; }
const int32_t *const *GNU(__ctype_tolower_loc)(void) { return &lower; }
const int32_t *const *GNU(__ctype_toupper_loc)(void) { return &upper; }
void GNU(__ctype_init)(void) {}

int GNU(tolower)(int c) { return c >= -128 && c < 256 ? lower[c] : c; }
int GNU(toupper)(int c) { return c >= -128 && c < 256 ? upper[c] : c; }

int GNU(__isctype)(int c, int bit)
{
    /* The bit counts kinds in the order of ctype.h. */
    int mask = bit < 8 ? (1 << bit) << 8 : (1 << bit) >> 8;
    return castiron_gnu_classes[c + 128] & mask;
}

SAME(isctype, castiron_gnu___isctype);
