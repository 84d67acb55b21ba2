/* SPDX-License-Identifier: Apache-2.0
 * heads.h - feeding heads to the scanner and the parser, whole and cut at every place.
 *
 * Each run copies exactly the bytes it may see to the heap, so that AddressSanitizer notices a look
 * beyond them.
 */
#ifndef LN_UNIT_HEADS_H
#define LN_UNIT_HEADS_H

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#include "base/assert.h"
#include "http/head.h"

static const struct ln_head_limits heads_limits = {
    .request_line = 512, .headers = 2048, .count = 32};

/* One message and what became of it. */
struct heads {
    struct ln_arena arena;
    char *bytes;
    long end; /* of the head; 0 = more is wanted; -1 = refused by the scanner */
    enum ln_reject why;
    struct ln_req_head req;
    struct ln_res_head res;
};

static inline void heads_free(struct heads *h)
{
    ln_arena_reset(&h->arena);
    free(h->bytes);
}

/* The scanner sees `cut` bytes first (0 = all at once), then all of them. */
static inline void heads_feed(struct heads *h, const char *bytes, size_t n, size_t cut,
                              bool request)
{
    struct ln_head_scan scan = {0};

    *h = (struct heads){.bytes = malloc(n)};
    assert_non_null(h->bytes);
    memcpy(h->bytes, bytes, n);
    if (cut > 0) {
        char *first = malloc(cut);

        assert_non_null(first);
        memcpy(first, bytes, cut);
        h->end = ln_head_end(&scan, first, cut, &heads_limits, request, &h->why);
        free(first);
    }
    if (h->end == 0)
        h->end = ln_head_end(&scan, h->bytes, n, &heads_limits, request, &h->why);
    ln_arena_init(&h->arena, NULL);
    ln_fields_init(&h->req.fields, &h->arena);
    ln_fields_init(&h->res.fields, &h->arena);
    if (h->end <= 0)
        return;
    if (request)
        h->why = ln_req_head_parse(&h->req, h->bytes, (size_t)h->end, &heads_limits);
    else
        h->why = ln_res_head_parse(&h->res, h->bytes, (size_t)h->end, &heads_limits);
}

static inline bool heads_accepted(const struct heads *h)
{
    return h->end > 0 && h->why == LN_REJECT_NONE;
}

/* Whatever the cut, the verdict is the same. */
static inline void heads_cut_everywhere(const char *bytes, size_t n, bool request, bool accepted)
{
    for (size_t cut = 1; cut < n; cut++) {
        struct heads h;

        heads_feed(&h, bytes, n, cut, request);
        if (heads_accepted(&h) != accepted)
            fail_msg("cut after %zu bytes: %s", cut, ln_reject_row(h.why)->code);
        heads_free(&h);
    }
}

static inline void heads_accept(struct heads *h, const char *bytes, size_t n, bool request)
{
    heads_feed(h, bytes, n, 0, request);
    if (!heads_accepted(h))
        fail_msg("refused (%s), wait %d: %s", ln_reject_row(h->why)->code, h->end == 0, bytes);
    heads_cut_everywhere(bytes, n, request, true);
}

/* Refused for that reason; and a good message is still understood. */
static inline void heads_refuse(const char *bytes, size_t n, bool request, enum ln_reject why)
{
    static const char good_request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    static const char good_response[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    struct heads h;

    heads_feed(&h, bytes, n, 0, request);
    if (heads_accepted(&h) || h.end == 0 || h.why != why)
        fail_msg("%s instead of %s: %s", h.end == 0 ? "waits" : ln_reject_row(h.why)->code,
                 ln_reject_row(why)->code, bytes);
    heads_free(&h);
    heads_cut_everywhere(bytes, n, request, false);
    if (request)
        heads_feed(&h, good_request, sizeof good_request - 1, 0, true);
    else
        heads_feed(&h, good_response, sizeof good_response - 1, 0, false);
    assert_true(heads_accepted(&h));
    heads_free(&h);
}

/* Literals, which may have NUL bytes in them. */
#define request_ok(h, literal) heads_accept((h), "" literal, sizeof(literal) - 1, true)
#define request_bad(why, literal)                                                                  \
    heads_refuse("" literal, sizeof(literal) - 1, true, LN_REJECT_##why)
#define response_ok(h, literal) heads_accept((h), "" literal, sizeof(literal) - 1, false)
#define response_bad(why, literal)                                                                 \
    heads_refuse("" literal, sizeof(literal) - 1, false, LN_REJECT_##why)

/* A request with one more field, or one that has it instead of Host. */
#define GET_WITH(lines) "GET / HTTP/1.1\r\nHost: a\r\n" lines "\r\n"
#define POST_WITH(lines) "POST / HTTP/1.1\r\nHost: a\r\n" lines "\r\n"
#define OK_WITH(lines) "HTTP/1.1 200 OK\r\n" lines "\r\n"

#endif
