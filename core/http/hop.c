/* SPDX-License-Identifier: Apache-2.0
 * hop.c - dropping what concerns one connection only.
 */
#include "http/hop.h"

#include "base/assert.h"

/* Protected beside the rows of field.def: naming them in Connection could only be an attempt to
 * strip them. */
static const char *const also[] = {"content-encoding", "content-range", "range", "set-cookie",
                                   "origin"};

bool ln_hop_is_protected(struct ln_slice name)
{
    enum ln_field_id id = ln_field_identify(name.p, name.n);

    if (id == LN_FIELD_TRANSFER_ENCODING) /* hop-by-hop, but it says where the body ends */
        return true;
    /* Trailer was hop-by-hop once (RFC 2616 section 13.5.1), and clients still name it. */
    if (id != LN_FIELD_OTHER)
        return !ln_field_is_hop(id) && id != LN_FIELD_TRAILER;
    for (size_t i = 0; i < LN_ARRAY_LEN(also); i++)
        if (ln_slice_caseeq(name, ln_slice_of(also[i])))
            return true;
    return false;
}

/* Known hop-by-hop fields go anyway, and there is no field named Close: the usual options cost no
 * search. */
static void drop_named(struct ln_fields *f, struct ln_slice options)
{
    struct ln_slice token;

    while (ln_slice_next_token(&options, &token)) {
        enum ln_field_id id = ln_field_identify(token.p, token.n);

        if (id != LN_FIELD_OTHER && ln_field_is_hop(id))
            continue;
        if (!ln_slice_caseeq(token, LN_SLICE("close")) && !ln_hop_is_protected(token))
            ln_fields_remove(f, token);
    }
}

void ln_fields_drop_hop_by_hop(struct ln_fields *f)
{
    for (unsigned i = 0; i < f->count; i++) {
        struct ln_field *at = &f->v[i];

        if (at->id == LN_FIELD_CONNECTION && !at->dropped)
            drop_named(f, ln_field_value(at));
        if (at->id != LN_FIELD_OTHER && ln_field_is_hop((enum ln_field_id)at->id))
            at->dropped = 1;
    }
}
