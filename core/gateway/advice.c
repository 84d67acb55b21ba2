/* SPDX-License-Identifier: Apache-2.0
 * advice.c - looks at each route alone, and at those that share path and host.
 */
#include "gateway/advice.h"

#include "base/map.h"
#include "base/mem.h"
#include "gateway/precedence.h"
#include "http/target.h"
#include "script/condition.h"

/* ---- one route ---- */

static void judge_path(const struct ln_route *r, bool merges, struct ln_diag *diag)
{
    struct ln_arena arena;
    struct ln_slice path = ln_slice_of(r->path), normal;

    ln_arena_init(&arena, NULL);
    if (!ln_target_normalise(path, &arena, &normal))
        ln_diag_warn(diag, &r->place,
                     "route %s: no request has such a path; other characters than letters, digits "
                     "and -._~!$&'()*+,;=:@/ come percent-encoded",
                     r->name);
    else if (!ln_slice_eq(path, normal))
        ln_diag_warn(diag, &r->place,
                     "route %s: never matches, because such a path is taken as \"%.*s\"", r->name,
                     (int)normal.n, normal.p);
    else if (merges && memmem(path.p, path.n, "//", 2) != NULL)
        ln_diag_warn(diag, &r->place,
                     "route %s: never matches, because gateway.mergeSlashes makes one slash of two",
                     r->name);
    ln_arena_reset(&arena);
}

static void judge_conditions(const struct ln_route *r, struct ln_diag *diag)
{
    for (unsigned i = 0; i < r->condition_count; i++) {
        for (unsigned k = i + 1; k < r->condition_count; k++) {
            if (ln_condition_compare(&r->conditions[i], &r->conditions[k]) != LN_RELATION_APART)
                continue;
            ln_diag_warn(diag, &r->place,
                         "route %s: never matches, because its conditions exclude each other: %s, "
                         "and %s",
                         r->name, r->conditions[i].text, r->conditions[k].text);
            return;
        }
    }
}

/* ---- routes that share path and host ---- */

struct group {
    const struct ln_route **v; /* owned */
    unsigned count;
};

/* Is every word of `b` in `a`? NULL is everything. */
static bool list_covers(const char *a, const char *b)
{
    struct ln_slice rest = ln_slice_of(b), word, others, other;

    if (a == NULL || b == NULL)
        return a == NULL;
    while (ln_slice_next_token(&rest, &word)) {
        bool found = false;

        for (others = ln_slice_of(a); !found && ln_slice_next_token(&others, &other);)
            found = ln_slice_eq(word, other);
        if (!found)
            return false;
    }
    return true;
}

/* Does the condition hold for whoever fulfils all of these? */
static bool is_sure(const struct ln_condition *c, const struct ln_route *r)
{
    if (c->kind == LN_CONDITION_SHARE && c->below >= 1)
        return true;
    for (unsigned i = 0; i < r->condition_count; i++) {
        enum ln_relation relation = ln_condition_compare(&r->conditions[i], c);

        if (relation == LN_RELATION_EQUAL || relation == LN_RELATION_NARROWER)
            return true;
    }
    return false;
}

/* Is `a` asked before `b`, and does it take everything? */
static bool shadows(const struct ln_route *a, const struct ln_route *b)
{
    if (ln_precedence_of(a, b) != LN_PRECEDENCE_FIRST || !list_covers(a->listener, b->listener) ||
        !list_covers(a->methods, b->methods))
        return false;
    for (unsigned i = 0; i < a->condition_count; i++)
        if (!is_sure(&a->conditions[i], b))
            return false;
    return true;
}

static void judge_group(const struct group *g, struct ln_diag *diag)
{
    for (unsigned i = 0; i < g->count; i++) {
        for (unsigned k = 0; k < g->count; k++) {
            const struct ln_route *a = g->v[k], *b = g->v[i];

            if (i == k || !shadows(a, b))
                continue;
            ln_diag_warn(diag, &b->place,
                         "route %s: never matches, because %s at %s:%u takes all its requests",
                         b->name, a->name, a->place.file != NULL ? a->place.file : "?",
                         a->place.line);
            break;
        }
    }
}

/* Path and host, with parameters without their names. */
static struct ln_slice key_of(const struct ln_route *r, struct ln_arena *arena)
{
    struct ln_slice host = ln_slice_of(r->host);
    char *key = ln_arena_alloc(arena, strlen(r->path) + host.n + 2);
    size_t n = 0;

    for (const char *p = r->path; *p != '\0';) {
        key[n++] = *p++;
        if (key[n - 1] == '/' && *p == ':') {
            key[n++] = ':';
            p += strcspn(p, "/");
        }
    }
    key[n++] = ' ';
    for (size_t i = 0; i < host.n; i++)
        key[n++] = ln_lower(host.p[i]);
    return ln_slice(key, n);
}

static void judge_groups(const struct ln_route *routes, unsigned count, struct ln_diag *diag)
{
    struct ln_arena arena;
    struct ln_map groups;
    struct ln_slice key;
    void *value;
    size_t at = 0;

    ln_arena_init(&arena, NULL);
    ln_map_init(&groups);
    for (unsigned i = 0; i < count; i++) {
        key = key_of(&routes[i], &arena);
        struct group *g = ln_map_get(&groups, key);

        if (g == NULL) {
            g = ln_arena_zalloc(&arena, sizeof *g);
            ln_map_put(&groups, key, g);
        }
        g->v = ln_realloc(g->v, (g->count + 1) * sizeof(struct ln_route *));
        g->v[g->count++] = &routes[i];
    }
    while (ln_map_next(&groups, &at, &key, &value)) {
        struct group *g = value;

        judge_group(g, diag);
        ln_free(g->v);
    }
    ln_map_fini(&groups);
    ln_arena_reset(&arena);
}

void ln_advice_give(const struct ln_route *routes, unsigned count, bool merges,
                    struct ln_diag *diag)
{
    unsigned first = diag->count;

    for (unsigned i = 0; i < count; i++) {
        judge_path(&routes[i], merges, diag);
        judge_conditions(&routes[i], diag);
    }
    judge_groups(routes, count, diag);
    ln_diag_sort(diag, first);
}
