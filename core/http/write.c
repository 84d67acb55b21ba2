/* SPDX-License-Identifier: Apache-2.0
 * write.c - heads and numbers as bytes.
 */
#include "http/write.h"

#include "base/assert.h"
#include "http/status.h"

enum { DIGITS = 20 }; /* of 64 bits, at most */

/* Where the number begins that ends at `end`. */
static inline char *put_digits(char *end, uint64_t v)
{
    do {
        *--end = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    return end;
}

void ln_write_u64(struct ln_writer *w, uint64_t v)
{
    char digits[DIGITS], *end = digits + DIGITS, *at = put_digits(end, v);

    ln_write_bytes(w, at, (size_t)(end - at));
}

void ln_write_hex(struct ln_writer *w, uint64_t v)
{
    char digits[16], *at = digits + sizeof digits;

    do {
        *--at = "0123456789abcdef"[v & 15];
        v >>= 4;
    } while (v > 0);
    ln_write_bytes(w, at, (size_t)(digits + sizeof digits - at));
}

void ln_write_field(struct ln_writer *w, struct ln_slice name, struct ln_slice value)
{
    size_t n = name.n + value.n + 4;

    if ((size_t)(w->end - w->at) < n || w->overflow) {
        w->overflow = true;
        return;
    }
    if (LN_LIKELY(value.p == name.p + name.n + 2 && memcmp(name.p + name.n, ": ", 2) == 0)) {
        memcpy(w->at, name.p, n - 2); /* as it came, they lie together */
        w->at += n - 2;
    } else {
        memcpy(w->at, name.p, name.n);
        w->at += name.n;
        memcpy(w->at, ": ", 2);
        w->at += 2;
        if (value.n > 0)
            memcpy(w->at, value.p, value.n);
        w->at += value.n;
    }
    memcpy(w->at, "\r\n", 2);
    w->at += 2;
}

void ln_write_field_u64(struct ln_writer *w, struct ln_slice name, uint64_t value)
{
    char digits[DIGITS], *end = digits + DIGITS, *from = put_digits(end, value), *at = w->at;

    if ((size_t)(w->end - at) < name.n + (size_t)(end - from) + 4 || w->overflow) {
        w->overflow = true;
        return;
    }
    memcpy(at, name.p, name.n);
    at += name.n;
    *at++ = ':';
    *at++ = ' ';
    while (from < end)
        *at++ = *from++;
    *at++ = '\r';
    *at++ = '\n';
    w->at = at;
}

void ln_write_fields(struct ln_writer *w, const struct ln_fields *f)
{
    for (unsigned i = 0; i < f->count; i++)
        if (!f->v[i].dropped)
            ln_write_field(w, ln_field_name(&f->v[i]), ln_field_value(&f->v[i]));
}

void ln_write_request_line(struct ln_writer *w, struct ln_slice method, struct ln_slice path,
                           struct ln_slice query)
{
    ln_write_slice(w, method);
    ln_write_literal(w, " ");
    ln_write_slice(w, path);
    if (query.p != NULL) {
        ln_write_literal(w, "?");
        ln_write_slice(w, query);
    }
    ln_write_literal(w, " HTTP/1.1\r\n");
}

void ln_write_status_line(struct ln_writer *w, int status, struct ln_slice reason)
{
    struct ln_slice line = ln_status_line(status);

    if (reason.p == NULL && line.p != NULL) {
        ln_write_slice(w, line);
        return;
    }
    ln_write_literal(w, "HTTP/1.1 ");
    ln_write_u64(w, (uint64_t)status);
    ln_write_literal(w, " ");
    ln_write_slice(w, reason);
    ln_write_crlf(w);
}
