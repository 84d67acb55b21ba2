/* SPDX-License-Identifier: Apache-2.0
 * strip.h - names of fields that clients may not send, because services believe whoever sets them.
 *
 * gateway.headers.strip, and what plugins have reserved while they were loaded. "_" counts as "-":
 * services that read headers as variables (CGI, WSGI) take one for the other; and so does all that
 * is neither letter nor digit, which some servers take for "_". Owner: the generation; not changed
 * once it serves.
 */
#ifndef LN_GATEWAY_STRIP_H
#define LN_GATEWAY_STRIP_H

#include "http/field.h"

struct ln_strip {
    uint64_t lengths; /* bit n: a name has n bytes, of 64 */
    const char **v;   /* owned; the texts are borrowed */
    unsigned count;
};

/* Are they one name to such services? */
bool ln_strip_is_same(struct ln_slice a, struct ln_slice b);

void ln_strip_add(struct ln_strip *s, const char *name);
void ln_strip_fini(struct ln_strip *s);

bool ln_strip_has(const struct ln_strip *s, const struct ln_field *f);
/* Drops them all. */
void ln_strip_apply(const struct ln_strip *s, struct ln_fields *fields);

#endif
