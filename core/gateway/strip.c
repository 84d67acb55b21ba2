/* SPDX-License-Identifier: Apache-2.0
 * strip.c - most fields are told by their length that they are none of these.
 */
#include "gateway/strip.h"

#include "base/mem.h"

static char fold(char c)
{
    return c == '_' ? '-' : ln_lower(c);
}

static bool is_same(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fold(a[i]) != fold(b[i]))
            return false;
    return true;
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
        if (strlen(s->v[i]) == f->name_len && is_same(s->v[i], f->name, f->name_len))
            return true;
    return false;
}

void ln_strip_apply(const struct ln_strip *s, struct ln_fields *fields)
{
    for (unsigned i = 0; s->count > 0 && i < fields->count; i++)
        if (ln_strip_has(s, &fields->v[i]))
            fields->v[i].dropped = 1;
}
