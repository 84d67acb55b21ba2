/* SPDX-License-Identifier: Apache-2.0
 * keyslot.c - finds the key of a command and adds it up.
 */
#include "redis/keyslot.h"

#include "base/assert.h"

enum how { NONE, WORD, COUNTED, STREAMS };

static const struct row {
    struct ln_slice name;
    enum how how;
    unsigned at;
} rows[] = {
#define KEYS(name, how, at) {{#name, sizeof #name - 1}, how, at},
#include "redis/keys.def"
#undef KEYS
};

/* Bit by bit: keys are short, and a table would be another cache line or eight. */
static unsigned crc16(struct ln_slice s)
{
    unsigned crc = 0;

    for (size_t i = 0; i < s.n; i++) {
        crc ^= (unsigned)(unsigned char)s.p[i] << 8;
        for (unsigned bit = 0; bit < 8; bit++)
            crc = (crc << 1 ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
    }
    return crc;
}

unsigned ln_keyslot_of(struct ln_slice key)
{
    const char *open = key.n > 0 ? memchr(key.p, '{', key.n) : NULL;
    const char *end = key.p + key.n, *close;

    if (open != NULL && (close = memchr(open, '}', (size_t)(end - open))) != NULL &&
        close > open + 1)
        key = ln_slice(open + 1, (size_t)(close - open) - 1);
    return crc16(key) % LN_REDIS_SLOTS;
}

/* "<mark><number>\r\n" */
static size_t next_number(struct ln_slice *rest)
{
    size_t n = 0, i = 1;

    for (; rest->p[i] != '\r'; i++)
        n = n * 10 + (size_t)(rest->p[i] - '0');
    *rest = ln_slice(rest->p + i + 2, rest->n - i - 2);
    return n;
}

static struct ln_slice next_word(struct ln_slice *rest)
{
    size_t n = next_number(rest);
    struct ln_slice word = ln_slice(rest->p, n);

    *rest = ln_slice(rest->p + n + 2, rest->n - n - 2);
    return word;
}

static struct row row_of(struct ln_slice name)
{
    for (size_t i = 0; i < LN_ARRAY_LEN(rows); i++)
        if (ln_slice_caseeq(rows[i].name, name))
            return rows[i];
    return (struct row){name, WORD, 1};
}

int ln_keyslot_read(struct ln_slice *rest, struct ln_slice *name)
{
    size_t count = next_number(rest), key = 0; /* 0 = none */
    struct row row = {LN_SLICE(""), NONE, 0};
    int slot = LN_REDIS_NO_SLOT;

    for (size_t i = 0; i < count; i++) {
        struct ln_slice word = next_word(rest);

        if (i == 0) {
            *name = word;
            row = row_of(word);
            key = row.how == WORD ? row.at : 0;
        } else if ((row.how == COUNTED && i == row.at && !ln_slice_eq(word, LN_SLICE("0"))) ||
                   (row.how == STREAMS && key == 0 && ln_slice_caseeq(word, LN_SLICE("STREAMS")))) {
            key = i + 1;
        } else if (i == key) {
            slot = (int)ln_keyslot_of(word);
        }
    }
    return slot;
}
