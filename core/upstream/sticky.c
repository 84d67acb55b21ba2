/* SPDX-License-Identifier: Apache-2.0
 * sticky.c - names of instances, read and written.
 */
#include "upstream/sticky.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "http/cookie.h"
#include "net/digest.h"
#include "upstream/service.h"

enum { DIGITS = 16 };

static uint64_t name_of(struct ln_digest *d, struct ln_slice secret, struct ln_slice url)
{
    unsigned char digest[LN_DIGEST_MAX];
    uint64_t name = 0;

    ln_digest_hmac(d, LN_DIGEST_KIND_SHA256, secret.p, secret.n, url.p, url.n, digest);
    for (unsigned i = 0; i < sizeof name; i++)
        name = name << 8 | digest[i];
    return name;
}

static int by_name(const void *a, const void *b)
{
    uint64_t x = ((const struct ln_sticky_name *)a)->name,
             y = ((const struct ln_sticky_name *)b)->name;

    return x < y ? -1 : x > y;
}

void ln_sticky_init(struct ln_sticky *names, const struct ln_service *s, const struct ln_tier *t)
{
    struct ln_slice secret =
        s->conf->sticky.secret != NULL ? ln_slice_of(s->conf->sticky.secret) : LN_SLICE("");

    *names = (struct ln_sticky){0};
    if (!s->conf->sticky.on)
        return;

    struct ln_digest *d = ln_digest_new();

    names->count = t->count;
    names->v = ln_alloc((t->count + 1) * sizeof *names->v);
    for (unsigned i = 0; i < t->count; i++)
        names->v[i] = (struct ln_sticky_name){
            .name = name_of(d, secret, ln_slice_of(s->instances[t->members[i]].conf->url)),
            .instance = t->members[i]};
    qsort(names->v, names->count, sizeof *names->v, by_name);
    ln_digest_free(d);
}

void ln_sticky_fini(struct ln_sticky *names)
{
    ln_free(names->v);
    *names = (struct ln_sticky){0};
}

/* ---- reading ---- */

/* Exactly as it was written. */
static bool parse(struct ln_slice text, uint64_t *name)
{
    if (text.n != DIGITS)
        return false;
    *name = 0;
    for (unsigned i = 0; i < DIGITS; i++) {
        char c = text.p[i];

        if (c >= '0' && c <= '9')
            *name = *name << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            *name = *name << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    return true;
}

/* The one cookie of that name. Of several nobody knows which is meant. */
static bool only_cookie(const struct ln_fields *fields, struct ln_slice wanted,
                        struct ln_slice *out)
{
    const struct ln_field *f = ln_fields_find(fields, LN_FIELD_COOKIE);
    unsigned count = 0;

    for (; f != NULL; f = ln_fields_next(fields, f)) {
        struct ln_slice rest = ln_field_value(f), name, value;

        while (ln_cookie_next(&rest, &name, &value)) {
            if (!ln_slice_eq(name, wanted))
                continue;
            *out = value;
            count++;
        }
    }
    return count == 1;
}

unsigned ln_sticky_find(const struct ln_service *s, const struct ln_fields *fields)
{
    struct ln_sticky_name key;
    struct ln_slice value;

    if (!only_cookie(fields, ln_slice_of(s->conf->sticky.cookie), &value) ||
        !parse(value, &key.name))
        return 0;
    for (unsigned t = 0; t < LN_TIERS; t++) {
        const struct ln_sticky *names = &s->tiers[t].names;
        const struct ln_sticky_name *found =
            bsearch(&key, names->v, names->count, sizeof key, by_name);

        if (found != NULL)
            return found->instance + 1;
    }
    return 0;
}

/* ---- writing ---- */

static bool name_at(const struct ln_service *s, unsigned instance, uint64_t *name)
{
    for (unsigned t = 0; t < LN_TIERS; t++)
        for (unsigned i = 0; i < s->tiers[t].names.count; i++)
            if (s->tiers[t].names.v[i].instance == instance) {
                *name = s->tiers[t].names.v[i].name;
                return true;
            }
    return false;
}

struct ln_slice ln_sticky_cookie(const struct ln_service *s, unsigned instance,
                                 struct ln_arena *arena)
{
    static const char *const same_sites[] = {
        [LN_SAME_SITE_LAX] = "Lax", [LN_SAME_SITE_STRICT] = "Strict", [LN_SAME_SITE_NONE] = "None"};
    const struct ln_sticky_conf *c = &s->conf->sticky;
    char max_age[48] = "";
    uint64_t name;

    if (!name_at(s, instance, &name))
        return ln_slice(NULL, 0);
    if (c->max_age > 0)
        snprintf(max_age, sizeof max_age, "; Max-Age=%" PRIu64, (c->max_age + 999) / 1000);
    return ln_arena_printf(arena, "%s=%016" PRIx64 "; Path=%s%s%s%s%s%s; SameSite=%s", c->cookie,
                           name, c->path, c->domain != NULL ? "; Domain=" : "",
                           c->domain != NULL ? c->domain : "", max_age, c->secure ? "; Secure" : "",
                           c->http_only ? "; HttpOnly" : "", same_sites[c->same_site]);
}
