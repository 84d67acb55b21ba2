/* SPDX-License-Identifier: Apache-2.0
 * target.h - the request target (RFC 9112 section 3.2) and the one normal form of its path.
 *
 * What is matched is what is forwarded: percent-encoded unreserved characters are decoded, other
 * escapes get upper-case digits, dot segments are removed (RFC 3986 sections 6.2.2 and 5.2.4).
 * "%2F" stays "%2F" and never equals a slash; empty segments stay.
 */
#ifndef LN_HTTP_TARGET_H
#define LN_HTTP_TARGET_H

#include "base/arena.h"
#include "http/head.h"

enum ln_target_form {
    LN_TARGET_ORIGIN,
    LN_TARGET_ABSOLUTE,
    LN_TARGET_ASTERISK,
    LN_TARGET_AUTHORITY
};

struct ln_target {
    enum ln_target_form form;
    struct ln_slice path;      /* normalised; "/" at least; "*" for the asterisk form */
    struct ln_slice query;     /* without "?"; p == NULL when there is none */
    struct ln_slice authority; /* absolute and authority form */
};

/* Slices point into `raw`, or into the arena when normalising changed something. */
enum ln_reject ln_target_parse(struct ln_target *t, struct ln_slice raw, enum ln_method method,
                               struct ln_arena *arena);

/* The authority of an absolute-form target, judged; the rest of the target is not looked at. Only
 * "http" is accepted: an "https" target on a connection without TLS would be answered for a
 * resource that it is not (RFC 9110 section 7.4). */
enum ln_reject ln_target_authority(struct ln_slice raw, struct ln_slice *authority);

/* uri-host [ ":" port ] (RFC 9110 section 7.2): false when malformed. */
bool ln_authority_ok(struct ln_slice authority);
/* Host without port, in the case that it has; brackets kept. */
struct ln_slice ln_authority_host(struct ln_slice authority);

/* Normalises a path alone, such as one that a plugin has set. False: not a path. */
bool ln_target_normalise(struct ln_slice raw, struct ln_arena *arena, struct ln_slice *path);

#endif
