/* SPDX-License-Identifier: Apache-2.0
 * api_up.c - the choice of an instance, for balance handlers.
 *
 * Lua holds a view that is const, as everything in struct ln_cur that it could break is; the record
 * is the caller's and is not.
 */
#include "script/up.h"
#include "upstream/balance.h"
#include "upstream/latency.h"

static struct ln_up *record_of(const struct ln_up *up)
{
    return (struct ln_up *)(uintptr_t)up;
}

void ln_up_fail(const struct ln_up *up, bool failed)
{
    struct ln_up *record = record_of(up);

    record->failed = failed;
    record->has_key = false;
    record->key = ln_slice(NULL, 0);
}

static int give(struct ln_str *out, struct ln_slice s)
{
    *out = (struct ln_str){s.p, s.n};
    return s.p != NULL ? LN_OK : LN_NONE;
}

int ln_up_text(const struct ln_cur *cur, int which, struct ln_str *out)
{
    if (cur->up == NULL)
        return LN_ESTATE;
    switch (which) {
    case LN_UP_SERVICE:
        return give(out, cur->up->service);
    case LN_UP_LAST_ERROR:
        return give(out, cur->up->last_error);
    default:
        return LN_EINVAL;
    }
}

int ln_up_number(const struct ln_cur *cur, int which, double *out)
{
    if (cur->up == NULL)
        return LN_ESTATE;
    *out = which == LN_UP_ATTEMPT ? cur->up->attempt : cur->up->count;
    return LN_OK;
}

static bool has(const struct ln_up *up, int index)
{
    return index >= 1 && (unsigned)index <= up->count;
}

int ln_up_see(const struct ln_cur *cur, int index, struct ln_up_seen *out)
{
    if (cur->up == NULL)
        return LN_ESTATE;
    if (!has(cur->up, index))
        return LN_NONE;
    cur->up->see(cur->up, (unsigned)index - 1, out);
    return LN_OK;
}

int ln_up_address(const struct ln_cur *cur, int index, struct ln_str *out)
{
    struct ln_up_seen seen;

    if (cur->up == NULL)
        return LN_ESTATE;
    if (!has(cur->up, index))
        return LN_NONE;
    return give(out, cur->up->see(cur->up, (unsigned)index - 1, &seen));
}

int ln_up_choose(const struct ln_cur *cur, int index)
{
    if (cur->up == NULL)
        return LN_ESTATE;
    if (!has(cur->up, index))
        return LN_EINVAL;
    record_of(cur->up)->chosen = (unsigned)index;
    return LN_OK;
}

int ln_up_set_key(const struct ln_cur *cur, const char *ptr, size_t len)
{
    struct ln_up *up = record_of(cur->up);

    if (up == NULL)
        return LN_ESTATE;
    up->has_key = len > 0;
    up->key = len > 0 ? ln_arena_dup(up->arena, ln_slice(ptr, len)) : ln_slice(NULL, 0);
    return LN_OK;
}

int ln_up_key(const struct ln_cur *cur, struct ln_str *out)
{
    if (cur->up == NULL)
        return LN_ESTATE;
    return give(out, cur->up->key);
}

/* ---- of a service ---- */

static struct ln_slice see_instance(const struct ln_up *up, unsigned index, struct ln_up_seen *out)
{
    const struct ln_service *s = up->instances;
    const struct ln_instance *i = &s->instances[s->present[index]];
    uint64_t latency = atomic_load_explicit(&i->record->latency, memory_order_relaxed);
    unsigned steered =
        ln_steer_weight(atomic_load_explicit(&i->record->steer, memory_order_relaxed));

    *out = (struct ln_up_seen){
        .weight = (int32_t)(steered > 0 ? steered : i->conf->weight),
        .active = (int32_t)ln_instance_active(i),
        .latency = (double)ln_latency_read(latency, up->now) / 1e6,
        .healthy = ln_instance_is_up(i, up->now),
    };
    return ln_slice_of(i->conf->url);
}

void ln_up_of_service(struct ln_up *up, const struct ln_service *s, ln_msec now)
{
    up->service = ln_slice_of(s->conf->name);
    up->count = s->present_count;
    up->instances = s;
    up->now = now;
    up->see = see_instance;
}
