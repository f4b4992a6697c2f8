#include "payload/inflate.h"

#include <stdint.h>
#include <string.h>

enum { LONGEST = 15, FAST = 9, LITERALS = 288, DISTANCES = 30, END_OF_BLOCK = 256 };

struct stream {
    const unsigned char *at, *end;
    uint64_t bits; /* the next bits, lowest first */
    unsigned count;
    bool failed;
    unsigned char *output;
    size_t written, size;
};

/* A canonical Huffman code. */
struct code {
    uint16_t fast[1 << FAST]; /* by the next bits: length << 12 | symbol for codes of at most FAST bits, else 0 */
    uint16_t counts[LONGEST + 1];
    uint16_t symbols[LITERALS];
};

static void fill(struct stream *stream)
{
    while (stream->count <= 56 && stream->at < stream->end) {
        stream->bits |= (uint64_t)*stream->at++ << stream->count;
        stream->count += 8;
    }
}

static unsigned take(struct stream *stream, unsigned count)
{
    if (stream->count < count)
        fill(stream);
    if (stream->count < count) {
        stream->failed = true;
        return 0;
    }
    unsigned value = (unsigned)(stream->bits & ((1u << count) - 1));
    stream->bits >>= count;
    stream->count -= count;
    return value;
}

static unsigned reversed(unsigned bits, unsigned count)
{
    unsigned result = 0;
    for (unsigned i = 0; i < count; i++)
        result |= (bits >> i & 1) << (count - 1 - i);
    return result;
}

static void build(struct code *code, const uint8_t *lengths, unsigned count)
{
    uint16_t offsets[LONGEST + 2], next[LONGEST + 2];
    memset(code->counts, 0, sizeof code->counts);
    memset(code->fast, 0, sizeof code->fast);
    for (unsigned symbol = 0; symbol < count; symbol++)
        code->counts[lengths[symbol]]++;
    code->counts[0] = 0;
    offsets[1] = next[1] = 0;
    for (unsigned length = 1; length <= LONGEST; length++) {
        offsets[length + 1] = offsets[length] + code->counts[length];
        next[length + 1] = (uint16_t)((next[length] + code->counts[length]) << 1);
    }
    for (unsigned symbol = 0; symbol < count; symbol++) {
        unsigned length = lengths[symbol];
        if (length == 0)
            continue;
        code->symbols[offsets[length]++] = (uint16_t)symbol;
        unsigned bits = reversed(next[length]++, length);
        for (; length <= FAST && bits < 1u << FAST; bits += 1u << length)
            code->fast[bits] = (uint16_t)(length << 12 | symbol);
    }
}

static unsigned decode(struct stream *stream, const struct code *code)
{
    if (stream->count < LONGEST)
        fill(stream);
    unsigned entry = code->fast[stream->bits & ((1u << FAST) - 1)];
    if (entry != 0 && entry >> 12 <= stream->count) {
        stream->bits >>= entry >> 12;
        stream->count -= entry >> 12;
        return entry & 0xFFF;
    }
    int value = 0, first = 0, index = 0;
    for (unsigned length = 1; length <= LONGEST; length++) {
        value |= (int)take(stream, 1);
        int count = code->counts[length];
        if (value - count < first)
            return code->symbols[index + (value - first)];
        index += count;
        first = (first + count) << 1;
        value <<= 1;
    }
    stream->failed = true;
    return END_OF_BLOCK;
}

static void put(struct stream *stream, unsigned byte)
{
    if (stream->written == stream->size)
        stream->failed = true;
    else
        stream->output[stream->written++] = (unsigned char)byte;
}

static void copy(struct stream *stream, size_t distance, size_t length)
{
    if (distance > stream->written || length > stream->size - stream->written) {
        stream->failed = true;
        return;
    }
    for (; length != 0; length--, stream->written++)
        stream->output[stream->written] = stream->output[stream->written - distance];
}

static void stored_block(struct stream *stream)
{
    take(stream, stream->count % 8);
    unsigned length = take(stream, 16), complement = take(stream, 16);
    if ((length ^ complement) != 0xFFFF)
        stream->failed = true;
    for (; length != 0 && !stream->failed; length--)
        put(stream, take(stream, 8));
}

static void compressed_block(struct stream *stream, const struct code *literals, const struct code *distances)
{
    static const uint16_t length_base[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                           31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t length_extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    static const uint16_t distance_base[] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
                                             193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
    while (!stream->failed) {
        unsigned symbol = decode(stream, literals);
        if (symbol < END_OF_BLOCK) {
            put(stream, symbol);
            continue;
        }
        if (symbol == END_OF_BLOCK)
            return;
        symbol -= END_OF_BLOCK + 1;
        if (symbol >= sizeof length_extra) {
            stream->failed = true;
            return;
        }
        size_t length = length_base[symbol] + take(stream, length_extra[symbol]);
        unsigned far = decode(stream, distances);
        if (far >= DISTANCES) {
            stream->failed = true;
            return;
        }
        copy(stream, distance_base[far] + take(stream, far < 4 ? 0 : far / 2 - 1), length);
    }
}

static void fixed_block(struct stream *stream)
{
    struct code literals, distances;
    uint8_t lengths[LITERALS];
    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 112);
    memset(lengths + 256, 7, 24);
    memset(lengths + 280, 8, 8);
    build(&literals, lengths, LITERALS);
    memset(lengths, 5, DISTANCES);
    build(&distances, lengths, DISTANCES);
    compressed_block(stream, &literals, &distances);
}

static void dynamic_block(struct stream *stream)
{
    static const uint8_t order[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    struct code literals, distances;
    uint8_t lengths[LITERALS + 32] = {0};
    unsigned literal_count = take(stream, 5) + 257, distance_count = take(stream, 5) + 1, count = take(stream, 4) + 4;
    for (unsigned i = 0; i < count; i++)
        lengths[order[i]] = (uint8_t)take(stream, 3);
    build(&literals, lengths, 19);
    memset(lengths, 0, sizeof lengths);
    for (unsigned i = 0; i < literal_count + distance_count && !stream->failed;) {
        unsigned symbol = decode(stream, &literals);
        if (symbol < 16) {
            lengths[i++] = (uint8_t)symbol;
            continue;
        }
        unsigned previous = symbol == 16 && i != 0 ? lengths[i - 1] : 0;
        unsigned repeat = symbol == 16 ? 3 + take(stream, 2) : symbol == 17 ? 3 + take(stream, 3) : 11 + take(stream, 7);
        if (symbol > 18 || (symbol == 16 && i == 0) || i + repeat > literal_count + distance_count)
            stream->failed = true;
        while (repeat-- != 0 && !stream->failed)
            lengths[i++] = (uint8_t)previous;
    }
    if (literal_count > LITERALS || stream->failed) {
        stream->failed = true;
        return;
    }
    build(&literals, lengths, literal_count);
    build(&distances, lengths + literal_count, distance_count);
    compressed_block(stream, &literals, &distances);
}

bool inflate_into(unsigned char *output, size_t size, const unsigned char *input, size_t input_size)
{
    struct stream stream = {.at = input, .end = input + input_size, .output = output, .size = size};
    bool last = false;
    while (!last && !stream.failed) {
        last = take(&stream, 1);
        switch (take(&stream, 2)) {
        case 0:
            stored_block(&stream);
            break;
        case 1:
            fixed_block(&stream);
            break;
        case 2:
            dynamic_block(&stream);
            break;
        default:
            stream.failed = true;
        }
    }
    return !stream.failed && stream.written == size;
}
