/* SPDX-License-Identifier: Apache-2.0
 * write.h - writing heads into memory that the caller provides.
 *
 * Append only. Once something does not fit, `overflow` is set, nothing more is written, and the
 * caller starts again with a larger window: check it once at the end. Nothing is judged here:
 * fields were judged when they came into their list.
 */
#ifndef LN_HTTP_WRITE_H
#define LN_HTTP_WRITE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "http/field.h"

struct ln_writer {
    char *at, *end; /* free space */
    bool overflow;
};

static inline struct ln_writer ln_writer(char *at, size_t room)
{
    return (struct ln_writer){at, at + room, false};
}

static inline void ln_write_bytes(struct ln_writer *w, const void *bytes, size_t n)
{
    if ((size_t)(w->end - w->at) < n || w->overflow) {
        w->overflow = true;
        return;
    }
    if (n > 0)
        memcpy(w->at, bytes, n);
    w->at += n;
}

static inline void ln_write_slice(struct ln_writer *w, struct ln_slice s)
{
    ln_write_bytes(w, s.p, s.n);
}

#define ln_write_literal(w, literal) ln_write_bytes((w), "" literal, sizeof(literal) - 1)

static inline void ln_write_crlf(struct ln_writer *w)
{
    ln_write_literal(w, "\r\n");
}

void ln_write_u64(struct ln_writer *w, uint64_t v);
void ln_write_hex(struct ln_writer *w, uint64_t v);

/* "Name: value\r\n" */
void ln_write_field(struct ln_writer *w, struct ln_slice name, struct ln_slice value);
void ln_write_field_u64(struct ln_writer *w, struct ln_slice name, uint64_t value);

/* All that are not dropped, in their order. */
void ln_write_fields(struct ln_writer *w, const struct ln_fields *f);

/* "GET /path?query HTTP/1.1\r\n"; query.p == NULL: none. */
void ln_write_request_line(struct ln_writer *w, struct ln_slice method, struct ln_slice path,
                           struct ln_slice query);

/* "HTTP/1.1 200 OK\r\n"; reason.p == NULL: the registered phrase. `status` is 100 to 599. */
void ln_write_status_line(struct ln_writer *w, int status, struct ln_slice reason);

#endif
