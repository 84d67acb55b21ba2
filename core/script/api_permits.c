/* SPDX-License-Identifier: Apache-2.0
 * api_permits.c - at most so many at once, for plugins.
 */
#include "script/api_inner.h"
#include "script/stores.h"

static ln_nsec now_of(const struct ln_store_permits *p)
{
    return p->vm->env.loop != NULL ? ln_loop_now(p->vm->env.loop) : ln_clock_mono();
}

/* While a configuration is checked there is no zone, and everybody passes. */
int ln_store_permits_take(struct ln_store_permits *p, const char *key, size_t key_len, double most,
                          double hold, double *number)
{
    if (p == NULL || !(most >= 1 && most <= LN_PERMITS_MOST) || !(hold > 0 && hold <= 1e9))
        return LN_EINVAL;
    *number = 0;
    if (!p->is_open)
        return LN_OK;
    ln_nsec now = now_of(p);
    int64_t n = ln_permits_take(&p->permits, ln_slice(key, key_len), (unsigned)most,
                                now + (ln_nsec)(hold * 1e9) + 1, now);

    *number = (double)n;
    return n >= 0 ? LN_OK : n == LN_PERMITS_NONE ? LN_NONE : LN_ELIMIT;
}

int ln_store_permits_give(struct ln_store_permits *p, const char *key, size_t key_len,
                          double number)
{
    if (p == NULL || !(number >= 0 && number <= 9e15))
        return LN_EINVAL;
    if (p->is_open)
        ln_permits_give(&p->permits, ln_slice(key, key_len), (int64_t)number, now_of(p));
    return LN_OK;
}
