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
