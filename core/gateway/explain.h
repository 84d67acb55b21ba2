/* SPDX-License-Identifier: Apache-2.0
 * explain.h - the story of one request that nobody sent: which route takes it, and why the others
 * do not.
 *
 * It is judged as a real one would be: target, identity, router, conditions, functions of Lua's
 * included. Nothing is proxied and no handler runs. Owner: the caller, on the stack; it borrows the
 * generation.
 */
#ifndef LN_GATEWAY_EXPLAIN_H
#define LN_GATEWAY_EXPLAIN_H

#include "gateway/generation.h"
#include "gateway/router.h"

struct ln_explain_request {
    const char *method, *url;   /* "/path?query" or "http://host/path" */
    const char *const *headers; /* "Name: value", up to NULL */
    const char *from;           /* address of the client; NULL = 127.0.0.1 */
    const char *listener;       /* NULL = the first one */
};

enum ln_explain_verdict {
    LN_EXPLAIN_TAKEN,
    LN_EXPLAIN_PASSED, /* its path fits, and `why` something else does not */
    LN_EXPLAIN_LATER,  /* would fit or might, but a more specific one was taken */
    LN_EXPLAIN_NEAR,   /* its path is another, though much alike */
};

struct ln_explanation {
    struct ln_req req;
    struct ln_router_match match;
    const char *refused;   /* not even judged: the sentence; NULL = judged */
    unsigned refused_with; /* its status */
    struct ln_explain_entry {
        const struct ln_route *route;
        enum ln_explain_verdict verdict;
        struct ln_slice why; /* empty for TAKEN */
    } * v;
    unsigned count, cap;
    struct ln_arena arena; /* owns all of it but v */
    struct ln_fields fields;
    struct ln_target target;
};

/* -1 with a sentence: the question makes no sense, such as a header without a colon. Call
 * ln_explain_fini() in any case. */
int ln_explain(struct ln_explanation *e, const struct ln_generation *g,
               const struct ln_explain_request *q, struct ln_err *err);
void ln_explain_fini(struct ln_explanation *e);

#endif
