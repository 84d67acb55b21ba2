/* SPDX-License-Identifier: Apache-2.0
 * body.h - where a body ends: a length that counts down, or chunks (RFC 9112 section 7.1).
 *
 * A reader takes bytes as they come and tells, piece by piece, which of them are content. Pure, no
 * allocation but for trailers, which go to the arena of the fields given.
 */
#ifndef LN_HTTP_BODY_H
#define LN_HTTP_BODY_H

#include "http/head.h"

enum ln_body_event {
    LN_BODY_MORE, /* all bytes were used, more are needed */
    LN_BODY_DATA, /* *data is the next piece of content (never empty) */
    LN_BODY_END,  /* the body is complete; bytes after *p belong to the next message */
    LN_BODY_BAD,  /* *why tells */
};

struct ln_body {
    enum ln_framing framing;
    uint8_t state;               /* private */
    uint8_t digits;              /* private: of the chunk size that is being read */
    uint16_t name_len;           /* private: of the trailer that is being read */
    uint64_t left;               /* LENGTH: bytes to come; CHUNKED: of the present chunk */
    uint64_t total;              /* content bytes seen so far */
    uint64_t overhead;           /* private: bytes of chunk extensions */
    uint32_t trailer_bytes;      /* private: of the trailer section */
    uint32_t line_len, line_cap; /* private */
    struct ln_fields *trailers;  /* borrowed; NULL = trailers are judged and dropped */
    char *line;                  /* private: a trailer line as it comes, in the trailers' arena */
    char name[32];               /* private: start of its name; no forbidden name is longer */
};

/* `trailers` may be NULL. A body of framing NONE, or of length 0, is at its end at once. */
void ln_body_init(struct ln_body *b, enum ln_framing framing, uint64_t length,
                  struct ln_fields *trailers);

/* Reads on from *p (moved forward) to `end`. Call again after DATA, never after BAD. Framing bytes
 * and trailers are bounded: chunk extensions by 4 KiB plus the content so far, the trailer section
 * by 8 KiB. */
enum ln_body_event ln_body_next(struct ln_body *b, const char **p, const char *end,
                                struct ln_slice *data, enum ln_reject *why);

/* The connection was closed: is that a clean end of this body? (only CLOSE) */
bool ln_body_is_complete_at_eof(const struct ln_body *b);
bool ln_body_is_done(const struct ln_body *b);

/* Chunk framing for writing: "1f\r\n" into out, its length returned. */
enum { LN_CHUNK_HEAD_MAX = 18 };
size_t ln_chunk_head(char out[LN_CHUNK_HEAD_MAX], uint64_t size);

#endif
