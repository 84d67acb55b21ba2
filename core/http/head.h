/* SPDX-License-Identifier: Apache-2.0
 * head.h - the head of a request or response, read and judged by our own rules (DESIGN section 12).
 *
 * Bytes in, a head out; no sockets. The whole head must be in one run of bytes: ln_head_end() tells
 * when it is, and remembers how far it has looked, so that a head that trickles in costs no more
 * than one that comes at once. Lifetimes: all slices point into those bytes.
 */
#ifndef LN_HTTP_HEAD_H
#define LN_HTTP_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "http/field.h"
#include "http/method.h"

/* Why a message is refused. Rows: http/reject.def (name, status, reason code, sentence with its RFC
 * section). */
enum ln_reject {
    LN_REJECT_NONE,
#define REJECT(id, status, code, sentence) LN_REJECT_##id,
#include "http/reject.def"
#undef REJECT
    LN_REJECT_COUNT
};

struct ln_reject_row {
    int status;           /* what the client is told when it was a request */
    const char *code;     /* machine-readable, such as "bad_chunk" */
    const char *sentence; /* for people */
};
const struct ln_reject_row *ln_reject_row(enum ln_reject why);

enum ln_framing { LN_FRAMING_NONE, LN_FRAMING_LENGTH, LN_FRAMING_CHUNKED, LN_FRAMING_CLOSE };

struct ln_head_limits {
    size_t request_line; /* bytes of the first line without CRLF */
    size_t headers;      /* bytes of the field block */
    unsigned count;      /* fields */
};

struct ln_head_scan { /* zero it before the first call */
    size_t seen;      /* private */
    size_t line;      /* private: where the current line starts */
    bool started;     /* private: the first line is complete */
    size_t first;     /* private: bytes before the field block */
    unsigned lines;   /* private: field lines so far */
};

/* Looks for the end of the head in bytes [p, p+n). Returns its length with the empty line, 0 when
 * more bytes are needed, or -1 with *why set: a bare CR or LF (RFC 9112 section 2.2), a limit, or
 * bytes that cannot begin a head (a TLS hello). Empty lines before a request line are the caller's
 * to skip (ln_head_skip_empty). */
long ln_head_end(struct ln_head_scan *scan, const char *p, size_t n,
                 const struct ln_head_limits *limits, bool request, enum ln_reject *why);

/* Bytes of leading CRLFs, which a server ignores (RFC 9112 section 2.2): at most 4 of them. */
size_t ln_head_skip_empty(const char *p, size_t n);

struct ln_req_head {
    struct ln_slice method, target;
    enum ln_method method_id;
    uint8_t minor; /* HTTP/1.minor */
    struct ln_fields fields;
    struct ln_slice host;    /* value of Host, or the authority of an absolute target */
    enum ln_framing framing; /* NONE, LENGTH, CHUNKED */
    uint64_t length;         /* LENGTH: of the body */
    bool keep_alive;         /* the client would keep the connection */
    bool expect_continue;
    bool upgrade; /* Connection: upgrade and an Upgrade field */
    bool te_trailers;
};

struct ln_res_head {
    int status;
    struct ln_slice reason;
    uint8_t minor;
    struct ln_fields fields;
    enum ln_framing
        framing; /* as the fields say; ln_res_head_settle() applies the request's method */
    uint64_t length;
    bool keep_alive;
    uint64_t keep_alive_timeout; /* seconds, from Keep-Alive: timeout=; 0 = not said */
};

/* p[0, n) is exactly one head with its empty line, as ln_head_end() has found it. `fields` must be
 * initialised with the arena; all else is set here. LN_REJECT_NONE or why not. */
enum ln_reject ln_req_head_parse(struct ln_req_head *h, const char *p, size_t n,
                                 const struct ln_head_limits *limits);
enum ln_reject ln_res_head_parse(struct ln_res_head *h, const char *p, size_t n,
                                 const struct ln_head_limits *limits);

/* RFC 9112 section 6.3: no body for HEAD, 1xx, 204, 304, whatever the fields say. */
void ln_res_head_settle(struct ln_res_head *h, enum ln_method request_method);

#endif
