/* SPDX-License-Identifier: Apache-2.0
 * forwarded.h - who a request came through: X-Forwarded-For and Forwarded (RFC 7239), hop by hop
 * from the right.
 *
 * The rightmost hop was written by the peer that we talk to, so a walk from there can stop at the
 * first hop that is not trusted. Pure; slices point into the field values.
 */
#ifndef LN_HTTP_FORWARDED_H
#define LN_HTTP_FORWARDED_H

#include "http/field.h"

enum ln_forwarded_kind {
    LN_FORWARDED_ADDRESS, /* `address` has it */
    LN_FORWARDED_UNKNOWN, /* "unknown" (RFC 7239 section 6.2), or an element without "for" */
    LN_FORWARDED_HIDDEN,  /* "_name": obfuscated (section 6.3) */
    LN_FORWARDED_BAD,     /* none of these */
};

struct ln_forwarded_hop {
    enum ln_forwarded_kind kind;
    struct ln_slice text; /* as written, without quotes */
    struct ln_slice
        host; /* textual address, without brackets and port; p NULL when kind is not ADDRESS */
    unsigned char address[16]; /* IPv6, or IPv4 mapped into it (::ffff:0:0/96) */
    bool is_v4;
    unsigned port;         /* 0 = none */
    struct ln_slice proto; /* of FORWARDED, "https"; p NULL: it is not told, or twice */
};

/* Parses "1.2.3.4", "1.2.3.4:80", "::1", "[::1]", "[::1]:80", "unknown", "_hidden". */
void ln_forwarded_node(struct ln_slice node, struct ln_forwarded_hop *hop);

/* A walk over all fields of one id, X_FORWARDED_FOR or FORWARDED, from the last element of the last
 * field. */
struct ln_forwarded_walk {
    const struct ln_fields *fields; /* borrowed */
    enum ln_field_id id;
    unsigned at;          /* private: fields before this one are still to be read */
    struct ln_slice rest; /* private: of the present one */
};

void ln_forwarded_start(struct ln_forwarded_walk *w, const struct ln_fields *f,
                        enum ln_field_id id);
bool ln_forwarded_next(struct ln_forwarded_walk *w, struct ln_forwarded_hop *hop);

#endif
