/* SPDX-License-Identifier: Apache-2.0
 * cookie.c - walking Cookie fields.
 */
#include "http/cookie.h"

bool ln_cookie_next(struct ln_slice *rest, struct ln_slice *name, struct ln_slice *value)
{
    while (rest->n > 0) {
        const char *mark = memchr(rest->p, ';', rest->n);
        size_t n = mark != NULL ? (size_t)(mark - rest->p) : rest->n;
        struct ln_slice pair = ln_slice(rest->p, n);
        const char *equals = memchr(pair.p, '=', pair.n);

        n = mark != NULL ? n + 1 : n;
        rest->p += n;
        rest->n -= n;
        if (equals == NULL)
            continue;
        n = (size_t)(equals - pair.p);
        *name = ln_slice_trim(ln_slice(pair.p, n));
        *value = ln_slice_trim(ln_slice(equals + 1, pair.n - n - 1));
        if (name->n > 0)
            return true;
    }
    return false;
}

bool ln_cookie_get(const struct ln_fields *f, struct ln_slice name, struct ln_slice *value)
{
    for (unsigned i = 0; i < f->count; i++) {
        struct ln_slice rest = ln_field_value(&f->v[i]), found;

        if (f->v[i].id != LN_FIELD_COOKIE || f->v[i].dropped)
            continue;
        while (ln_cookie_next(&rest, &found, value))
            if (ln_slice_eq(found, name))
                return true;
    }
    return false;
}
