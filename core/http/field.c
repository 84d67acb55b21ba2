/* SPDX-License-Identifier: Apache-2.0
 * field.c - the list of header fields, and which names mean something to the gateway.
 */
#include "http/field.h"

#include "http/chars.h"

enum { FIRST_CAP = 24 }; /* enough for what browsers send; one piece of the arena */

void ln_fields_init(struct ln_fields *f, struct ln_arena *arena)
{
    *f = (struct ln_fields){.arena = arena};
}

/* Equal to a lower-case literal of the same length, any case of the letters: bit 5 is set where the
 * literal has a letter (those have bit 6), so that nothing but the letter's two cases can match.
 * All constants once it is inlined. */
static inline bool same(const char *name, const char *lower, size_t n)
{
    uint64_t difference = 0, a, b;
    size_t i = 0;

    for (; i + 8 <= n; i += 8) {
        memcpy(&a, name + i, 8);
        memcpy(&b, lower + i, 8);
        difference |= (a | (b & 0x4040404040404040u) >> 1) ^ b;
    }
    for (; i < n; i++) {
        unsigned c = (unsigned char)name[i], l = (unsigned char)lower[i];

        difference |= (c | (l & 0x40u) >> 1) ^ l;
    }
    return difference == 0;
}

#define IS(id, literal)                                                                            \
    if (first == literal[0] && same(name, literal, sizeof literal - 1))                            \
    return LN_FIELD_##id

/* By length, then by comparing: at most four comparisons. A test holds this against the rows of
 * field.def. */
enum ln_field_id ln_field_identify(const char *name, size_t n)
{
    int first = n > 0 ? name[0] | 0x20 : 0;

    switch (n) {
    case 2:
        IS(TE, "te");
        break;
    case 3:
        IS(VIA, "via");
        break;
    case 4:
        IS(HOST, "host");
        IS(DATE, "date");
        break;
    case 6:
        IS(ACCEPT, "accept");
        IS(COOKIE, "cookie");
        IS(EXPECT, "expect");
        break;
    case 7:
        IS(UPGRADE, "upgrade");
        IS(TRAILER, "trailer");
        break;
    case 9:
        IS(FORWARDED, "forwarded");
        IS(X_REAL_IP, "x-real-ip");
        break;
    case 10:
        IS(CONNECTION, "connection");
        IS(KEEP_ALIVE, "keep-alive");
        break;
    case 12:
        IS(CONTENT_TYPE, "content-type");
        IS(X_REQUEST_ID, "x-request-id");
        break;
    case 13:
        IS(AUTHORIZATION, "authorization");
        IS(CACHE_CONTROL, "cache-control");
        IS(X_ORIGIN_HOST, "x-origin-host");
        break;
    case 14:
        IS(CONTENT_LENGTH, "content-length");
        break;
    case 15:
        IS(X_FORWARDED_FOR, "x-forwarded-for");
        IS(RATELIMIT_LIMIT, "ratelimit-limit");
        break;
    case 16:
        IS(PROXY_CONNECTION, "proxy-connection");
        IS(X_FORWARDED_HOST, "x-forwarded-host");
        IS(X_FORWARDED_PORT, "x-forwarded-port");
        break;
    case 17:
        IS(TRANSFER_ENCODING, "transfer-encoding");
        IS(X_FORWARDED_PROTO, "x-forwarded-proto");
        break;
    case 18:
        IS(PROXY_AUTHENTICATE, "proxy-authenticate");
        IS(X_FORWARDED_PREFIX, "x-forwarded-prefix");
        break;
    case 19:
        IS(PROXY_AUTHORIZATION, "proxy-authorization");
        break;
    default:
        break;
    }
    return LN_FIELD_OTHER;
}

bool ln_field_is_hop(enum ln_field_id id)
{
    static const bool hops[LN_FIELD_COUNT] = {
#define FIELD(id, name, hop) [LN_FIELD_##id] = hop,
#include "http/field.def"
#undef FIELD
    };

    return hops[id];
}

void ln_fields_grow(struct ln_fields *f)
{
    unsigned cap = f->cap == 0 ? FIRST_CAP : f->cap * 2;
    struct ln_field *v = ln_arena_alloc(f->arena, cap * sizeof *v);

    if (f->count > 0)
        memcpy(v, f->v, f->count * sizeof *v);
    f->v = v;
    f->cap = cap;
}

struct ln_field *ln_fields_walk(const struct ln_fields *f, enum ln_field_id id)
{
    for (unsigned i = 0; i < f->count; i++)
        if (f->v[i].id == id && !f->v[i].dropped)
            return &f->v[i];
    return NULL;
}

/* The first at `at` or behind it that is still there. */
static struct ln_field *find_from(const struct ln_fields *f, struct ln_field *at,
                                  enum ln_field_id id, struct ln_slice name)
{
    for (struct ln_field *end = f->v + f->count; at < end; at++)
        if (at->name_len == name.n && at->id == id && !at->dropped &&
            (id != LN_FIELD_OTHER || ln_slice_caseeq(ln_field_name(at), name)))
            return at;
    return NULL;
}

struct ln_field *ln_fields_get(const struct ln_fields *f, struct ln_slice name)
{
    enum ln_field_id id = ln_field_identify(name.p, name.n);

    return f->ids >> id & 1 ? find_from(f, f->v, id, name) : NULL;
}

struct ln_field *ln_fields_next(const struct ln_fields *f, const struct ln_field *after)
{
    return find_from(f, f->v + (after - f->v) + 1, (enum ln_field_id)after->id,
                     ln_field_name(after));
}

bool ln_field_name_ok(struct ln_slice name)
{
    return name.n > 0 && name.n <= UINT16_MAX && ln_chars_are(name.p, name.n, LN_CHARS_TOKEN);
}

bool ln_field_value_ok(struct ln_slice value)
{
    return value.n <= UINT32_MAX && ln_slice_trim(value).n == value.n &&
           ln_chars_value_ok(value.p, value.n);
}

void ln_field_copy(struct ln_arena *arena, struct ln_slice *name, struct ln_slice *value)
{
    char *line = ln_arena_alloc(arena, name->n + 2 + value->n), *at = line + name->n;

    memcpy(line, name->p, name->n);
    *at++ = ':';
    *at++ = ' ';
    if (value->n > 0)
        memcpy(at, value->p, value->n);
    name->p = line;
    value->p = at;
}

bool ln_fields_add(struct ln_fields *f, struct ln_slice name, struct ln_slice value)
{
    if (!ln_field_name_ok(name) || !ln_field_value_ok(value))
        return false;
    ln_field_copy(f->arena, &name, &value);
    ln_fields_push(f, ln_field_identify(name.p, name.n), name, value);
    return true;
}

/* In place of all of this name: `first` is one, and there may be more behind it. */
static void replace(struct ln_fields *f, struct ln_field *first, struct ln_slice value)
{
    struct ln_field *more;

    first->value = value.p;
    first->value_len = (uint32_t)value.n;
    while ((more = ln_fields_next(f, first)) != NULL)
        more->dropped = 1;
}

void ln_fields_put(struct ln_fields *f, enum ln_field_id id, struct ln_slice name,
                   struct ln_slice value)
{
    struct ln_field *first = f->ids >> id & 1 ? find_from(f, f->v, id, name) : NULL;

    if (first == NULL)
        ln_fields_push(f, id, name, value);
    else
        replace(f, first, value);
}

bool ln_fields_set(struct ln_fields *f, struct ln_slice name, struct ln_slice value)
{
    struct ln_field *first = ln_fields_get(f, name);

    if (first == NULL)
        return ln_fields_add(f, name, value);
    if (!ln_field_value_ok(value))
        return false;
    replace(f, first, ln_arena_dup(f->arena, value));
    return true;
}

unsigned ln_fields_remove(struct ln_fields *f, struct ln_slice name)
{
    unsigned removed = 0;

    for (struct ln_field *at = ln_fields_get(f, name); at != NULL; at = ln_fields_next(f, at)) {
        at->dropped = 1;
        removed++;
    }
    return removed;
}
