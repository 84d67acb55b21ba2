/* SPDX-License-Identifier: Apache-2.0
 * api_store.c - what plugins keep in shared memory.
 */
#include "base/hash.h"
#include "script/api_inner.h"
#include "script/stores.h"
#include "shm/region.h"

#define TTL_MAX 1e9 /* seconds */

static ln_nsec now_of(const struct ln_vm *vm)
{
    return vm->env.loop != NULL ? ln_loop_now(vm->env.loop) : ln_clock_mono();
}

static uint64_t id_of(const struct ln_vm *vm, const char *key, size_t key_len)
{
    return ln_hash(ln_shm_hash_key(vm->env.shm), key, key_len);
}

/* ---- limiters ---- */

uint64_t ln_limiter_salt(const struct ln_vm *vm, const struct ln_limit *limit)
{
    const struct ln_hash_key key = {limit->count, limit->per};

    return ln_hash(&key, &limit->burst, sizeof limit->burst) + vm->epoch * 0x9e3779b97f4a7c15u;
}

static bool is_cost(double cost, int how)
{
    return cost >= 0 && cost <= 1e9 && how >= LN_TAKE && how <= LN_TAKE_CHARGE;
}

/* While a configuration is checked there is no zone, and everybody passes. */
static int take(const struct ln_limiter *l, const struct ln_limit_window *w, struct ln_slice key,
                double cost, int how, struct ln_taken *out)
{
    struct ln_limit_answer a = {.ok = true, .left = w->plan.most};

    out->which = 1;
    if (LN_LIKELY(l->is_open))
        out->which = (int32_t)ln_windows_take(w, id_of(l->vm, key.p, key.n), (uint64_t)cost,
                                              (enum ln_plan_mode)how, now_of(l->vm), &a);
    if (LN_UNLIKELY(a.shared))
        ln_stat_add(ln_shm_slot(l->vm->env.shm, l->vm->env.worker), LN_STAT_LIMITER_SHARED, 1);
    out->left = (double)a.left;
    out->wait = (double)a.wait / 1e9;
    out->reset = (double)a.reset / 1e9;
    out->by = 0;
    return a.ok ? LN_OK : LN_NONE;
}

int ln_limiter_take_key(struct ln_limiter *l, const char *key, size_t key_len, double cost, int how,
                        struct ln_taken *out)
{
    if (l == NULL || !is_cost(cost, how))
        return LN_EINVAL;
    return take(l, &l->window, ln_slice(key, key_len), cost, how, out);
}

int ln_limiter_take_as(struct ln_limiter *l, double count, double per, double burst,
                       const char *key, size_t key_len, double cost, int how, struct ln_taken *out)
{
    if (l == NULL || !is_cost(cost, how) || !(count >= 1 && count <= 1e9) ||
        !(per >= 0.001 && per <= 1e9) || !(burst >= 1 && burst <= 1e9))
        return LN_EINVAL;
    const struct ln_plan *own = &l->window.plan;
    const struct ln_limit limit = {own->way, (uint64_t)count, (ln_msec)(per * 1000 + 0.5),
                                   (uint64_t)burst};

    if (ln_plan_refusal(&limit) != NULL)
        return LN_ELIMIT;
    const struct ln_limit_window w = {l->window.zone, ln_plan_make(&limit),
                                      ln_limiter_salt(l->vm, &limit), NULL};

    if (own->way != LN_LIMIT_GCRA &&
        (w.plan.span > own->span || ln_plan_cells(&w.plan) > ln_plan_cells(own)))
        return LN_ELIMIT;
    return take(l, &w, ln_slice(key, key_len), cost, how, out);
}

/* 0: never. */
static bool end_of(ln_nsec now, double ttl, ln_nsec *end)
{
    if (!(ttl >= 0 && ttl <= TTL_MAX))
        return false;
    *end = ttl > 0 ? now + (ln_nsec)(ttl * 1e9) + 1 : 0;
    return true;
}

/* ---- counters ---- */

static int of_counters(enum ln_counters_rc rc)
{
    static const int codes[] = {
        [LN_COUNTERS_DONE] = LN_OK,
        [LN_COUNTERS_NOT] = LN_NONE,
        [LN_COUNTERS_FULL] = LN_ELIMIT,
        [LN_COUNTERS_RANGE] = LN_ESTATE,
    };

    return codes[rc];
}

int ln_store_counters_incr(struct ln_store_counters *c, const char *key, size_t key_len, double by,
                           double ttl, double *sum)
{
    ln_nsec now = c != NULL ? now_of(c->vm) : 0, end;
    int64_t value = 0;
    bool fits = by >= -(double)LN_COUNTERS_VALUE_MAX && by <= (double)LN_COUNTERS_VALUE_MAX;

    if (c == NULL || !fits || (double)(int64_t)by != by || !end_of(now, ttl, &end))
        return LN_EINVAL;
    *sum = by;
    if (!c->is_open)
        return LN_OK;
    int rc = of_counters(
        ln_counters_incr(&c->counters, id_of(c->vm, key, key_len), (int64_t)by, end, now, &value));
    *sum = (double)value;
    return rc;
}

int ln_store_counters_get(struct ln_store_counters *c, const char *key, size_t key_len,
                          double *value)
{
    int64_t n = 0;

    if (c == NULL)
        return LN_EINVAL;
    if (!c->is_open)
        return LN_NONE;
    int rc =
        of_counters(ln_counters_get(&c->counters, id_of(c->vm, key, key_len), now_of(c->vm), &n));
    *value = (double)n;
    return rc;
}

int ln_store_counters_delete(struct ln_store_counters *c, const char *key, size_t key_len,
                             double *value)
{
    int64_t n = 0;

    if (c == NULL)
        return LN_EINVAL;
    if (!c->is_open)
        return LN_NONE;
    int rc = of_counters(
        ln_counters_delete(&c->counters, id_of(c->vm, key, key_len), now_of(c->vm), &n));
    *value = (double)n;
    return rc;
}

/* ---- dictionaries ---- */

_Static_assert((int)LN_VALUE_NONE == (int)LN_DICT_ABSENT &&
                   (int)LN_VALUE_STRING == (int)LN_DICT_STRING &&
                   (int)LN_VALUE_NUMBER == (int)LN_DICT_NUMBER &&
                   (int)LN_VALUE_TRUE == (int)LN_DICT_TRUE &&
                   (int)LN_VALUE_FALSE == (int)LN_DICT_FALSE,
               "types have one number on both sides");

static int of_dict(enum ln_dict_rc rc)
{
    static const int codes[] = {
        [LN_DICT_DONE] = LN_OK,          [LN_DICT_NOT] = LN_NONE,
        [LN_DICT_FULL] = LN_ELIMIT,      [LN_DICT_TOO_LARGE] = LN_EINVAL,
        [LN_DICT_NO_NUMBER] = LN_ESTATE,
    };

    return codes[rc];
}

static struct ln_dict_key key_of(const struct ln_store_dict *d, const char *key, size_t key_len)
{
    return (struct ln_dict_key){id_of(d->vm, key, key_len), ln_slice(key, key_len)};
}

static bool value_of(int type, double number, const char *text, size_t len,
                     struct ln_dict_value *out)
{
    *out = (struct ln_dict_value){(enum ln_dict_type)type, number, ln_slice(text, len)};
    return type >= LN_VALUE_NONE && type <= LN_VALUE_FALSE;
}

int ln_store_dict_get(struct ln_store_dict *d, const char *key, size_t key_len,
                      struct ln_value *out)
{
    struct ln_dict_value value = {.type = LN_DICT_ABSENT};

    if (d == NULL)
        return LN_EINVAL;
    if (!d->is_open)
        return LN_NONE;
    struct ln_dict_key k = key_of(d, key, key_len);
    int rc = of_dict(ln_dict_get(&d->dict, &k, now_of(d->vm), &value));

    out->type = (int)value.type;
    out->number = value.number;
    out->ptr = value.text.p;
    out->len = value.text.n;
    return rc;
}

int ln_store_dict_set(struct ln_store_dict *d, const char *key, size_t key_len, int type,
                      double number, const char *text, size_t len, double ttl)
{
    struct ln_dict_value value;
    ln_nsec now = d != NULL ? now_of(d->vm) : 0, end;

    if (d == NULL || !value_of(type, number, text, len, &value) || !end_of(now, ttl, &end))
        return LN_EINVAL;
    if (!d->is_open)
        return LN_OK;
    struct ln_dict_key k = key_of(d, key, key_len);

    return of_dict(ln_dict_set(&d->dict, &k, &value, end, now));
}

int ln_store_dict_cas(struct ln_store_dict *d, const char *key, size_t key_len, int old_type,
                      double old_number, const char *old, size_t old_len, int type, double number,
                      const char *text, size_t len, double ttl)
{
    struct ln_dict_value expected, value;
    ln_nsec now = d != NULL ? now_of(d->vm) : 0, end;

    if (d == NULL || !value_of(old_type, old_number, old, old_len, &expected) ||
        !value_of(type, number, text, len, &value) || !end_of(now, ttl, &end))
        return LN_EINVAL;
    if (!d->is_open)
        return old_type == LN_VALUE_NONE ? LN_OK : LN_NONE;
    struct ln_dict_key k = key_of(d, key, key_len);

    return of_dict(ln_dict_cas(&d->dict, &k, &expected, &value, end, now));
}

int ln_store_dict_delete(struct ln_store_dict *d, const char *key, size_t key_len)
{
    if (d == NULL)
        return LN_EINVAL;
    if (!d->is_open)
        return LN_NONE;
    struct ln_dict_key k = key_of(d, key, key_len);

    return of_dict(ln_dict_delete(&d->dict, &k, now_of(d->vm)));
}

int ln_store_dict_incr(struct ln_store_dict *d, const char *key, size_t key_len, double by,
                       double ttl, double *sum)
{
    ln_nsec now = d != NULL ? now_of(d->vm) : 0, end;

    if (d == NULL || !end_of(now, ttl, &end))
        return LN_EINVAL;
    *sum = by;
    if (!d->is_open)
        return LN_OK;
    struct ln_dict_key k = key_of(d, key, key_len);

    return of_dict(ln_dict_incr(&d->dict, &k, by, end, now, sum));
}
