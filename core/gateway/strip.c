/* SPDX-License-Identifier: Apache-2.0
 * strip.c - most fields are told by their length that they are none of these.
 */
#include "gateway/strip.h"

#include "base/mem.h"
#include "http/chars.h"

static char fold(char c)
{
    return ln_chars_is(c, LN_CHARS_NAME) ? ln_lower(c) : '-';
}

bool ln_strip_is_same(struct ln_slice a, struct ln_slice b)
{
    for (size_t i = 0; i < a.n && a.n == b.n; i++)
        if (fold(a.p[i]) != fold(b.p[i]))
            return false;
    return a.n == b.n;
}

void ln_strip_add(struct ln_strip *s, const char *name)
{
    const struct ln_field f = {.name = name, .name_len = (uint16_t)strlen(name)};

    if (ln_strip_has(s, &f))
        return;
    s->v = ln_realloc(s->v, (s->count + 1) * sizeof(const char *));
    s->v[s->count++] = name;
    s->lengths |= (uint64_t)1 << f.name_len % 64;
}

void ln_strip_fini(struct ln_strip *s)
{
    ln_free(s->v);
    *s = (struct ln_strip){0};
}

bool ln_strip_has(const struct ln_strip *s, const struct ln_field *f)
{
    if ((s->lengths >> f->name_len % 64 & 1) == 0)
        return false;
    for (unsigned i = 0; i < s->count; i++)
        if (ln_strip_is_same(ln_slice_of(s->v[i]), ln_field_name(f)))
            return true;
    return false;
}

void ln_strip_apply(const struct ln_strip *s, struct ln_fields *fields)
{
    for (unsigned i = 0; s->count > 0 && i < fields->count; i++)
        if (ln_strip_has(s, &fields->v[i]))
            fields->v[i].dropped = 1;
}
