/* SPDX-License-Identifier: Apache-2.0
 * api_inner.h - what the api_*.c files share: from a handle to the record, and from slices to
 * strings.
 */
#ifndef LN_SCRIPT_API_INNER_H
#define LN_SCRIPT_API_INNER_H

#include "script/req.h"

/* The live record behind a handle, or NULL: the request has ended. */
static inline struct ln_req *ln_req_alive(struct ln_req *r, uint32_t serial)
{
    return r != NULL && serial != 0 && r->magic == LN_REQ_MAGIC && r->serial == serial ? r : NULL;
}

/* A plugin can put nil where the handle was (rawset): that is a dead one too. */
static inline struct ln_req *ln_handle_req(const struct ln_handle *h)
{
    return h != NULL ? ln_req_alive(h->req, h->serial) : NULL;
}

enum { LN_REQ_MOST = 64 << 20 }; /* bytes that plugins may put into one request, over all */

/* A loop that sets headers is stopped by its budget, but not before it has filled memory that the
 * cap of the state does not know. */
static inline bool ln_req_has_room(const struct ln_req *r, size_t n)
{
    return r->arena->used <= LN_REQ_MOST && n <= LN_REQ_MOST - r->arena->used;
}

enum { LN_REQ_HEADERS_MOST = 256 << 10 }; /* of both heads; the gateway writes no larger ones */

static inline bool ln_req_add_header(struct ln_req *r, size_t n)
{
    if (n > LN_REQ_HEADERS_MOST - r->header_bytes)
        return false;
    r->header_bytes += (uint32_t)n;
    return true;
}

static inline int ln_str_put(struct ln_str *out, struct ln_slice s)
{
    if (s.p == NULL)
        return LN_NONE;
    out->ptr = s.p;
    out->len = s.n;
    return LN_OK;
}

/* Is the request still to be sent, so that its line and headers can change? */
static inline bool ln_req_is_open(const struct ln_req *r)
{
    return r->res_fields == NULL && r->verdict == LN_VERDICT_CONTINUE && !r->asked;
}

#endif
