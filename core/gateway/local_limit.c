/* SPDX-License-Identifier: Apache-2.0
 * local_limit.c - opens the windows of rateLimit.
 */
#include "gateway/local_limit.h"

#include "base/hash.h"

size_t ln_local_limit_clients(const struct ln_limit_conf *conf)
{
    enum { USUAL = 1000000 }; /* 32 MB, of which only pages that are used are there */

    return conf->entries > 0 ? (size_t)conf->entries : USUAL;
}

/* A bucket goes on with what it knows when its rate changes; windows cannot, and begin anew. */
static uint64_t salt_of(const struct ln_limit *limit)
{
    const struct ln_hash_key key = {limit->count, limit->per};

    return limit->way == LN_LIMIT_GCRA ? 0 : ln_hash(&key, "", 0);
}

static bool open_window(struct ln_local_limit *l, struct ln_conf *conf, unsigned i,
                        struct ln_demand *demand, const struct ln_shm *shm)
{
    const struct ln_limit_conf *c = &conf->limit;
    const struct ln_limit *limit = &c->limits[i];
    struct ln_plan plan = ln_plan_make(limit);
    size_t entries = ln_limiter_entries(&plan, ln_local_limit_clients(c), c->entries > 0);
    struct ln_limit_window *w = &l->windows[l->count];
    struct ln_slice name = ln_windows_name(&conf->arena, LN_SLICE("rateLimit"), &plan, l->count);

    if (demand != NULL)
        ln_windows_demand(&plan, entries, name, demand);
    if (shm != NULL && !ln_windows_open(w, &plan, entries, name, shm))
        return false;
    w->salt = salt_of(limit);
    if (l->count > 0)
        l->windows[l->count - 1].also = w;
    l->count++;
    return true;
}

void ln_local_limit_load(struct ln_local_limit *l, struct ln_conf *conf, struct ln_demand *demand,
                         const struct ln_shm *shm, struct ln_diag *diag)
{
    const struct ln_limit_conf *c = &conf->limit;
    const char *why = NULL;

    for (unsigned i = 0; i < c->count && why == NULL; i++) {
        why = ln_plan_refusal(&c->limits[i]);
        if (why == NULL && !open_window(l, conf, i, demand, shm))
            why = "shared memory has no zone for it";
    }
    if (why != NULL)
        ln_diag_error(diag, &c->place, "rateLimit: %s", why);
    if (why != NULL || shm == NULL)
        l->count = 0;
}

unsigned ln_local_limit_take(const struct ln_local_limit *l, uint64_t client, ln_nsec now,
                             struct ln_limit_answer *out)
{
    return ln_windows_take(l->windows, client, 1, LN_PLAN_TAKE, now, out) - 1;
}
