/* SPDX-License-Identifier: Apache-2.0
 * api_metrics.c - what plugins count for others to see.
 */
#include <math.h>

#include "script/api_inner.h"
#include "script/stores.h"
#include "shm/region.h"

/* A series that Lua remembers is a number that came from here; plugins can reach it. */
static bool is_series(const struct ln_metric_handle *m, double series)
{
    return series >= 0 && series <= 2 * LN_METRIC_SERIES_MAX &&
           !(series >= 1 && ln_metric_is_other(&m->metric, (unsigned)series - 1));
}

int ln_metric_find(struct ln_metric_handle *m, const char *values, size_t len, double *series)
{
    size_t at = 0, labels = 0;

    if (m == NULL)
        return LN_EINVAL;
    for (; at < len && labels < m->about.label_count; labels++)
        at += 1 + (uint8_t)values[at];
    if (at != len || labels != m->about.label_count || len > labels * (LN_METRIC_VALUE_MAX + 1))
        return LN_EINVAL;
    *series = 0;
    if (!m->is_open)
        return LN_OK;
    unsigned n =
        ln_metric_series(&m->metric, ln_shm_hash_key(m->vm->env.shm), ln_slice(values, len));

    *series = n;
    if (!ln_metric_is_other(&m->metric, n))
        return LN_OK;
    ln_stat_add(ln_shm_slot(m->vm->env.shm, m->vm->env.worker), LN_STAT_METRIC_OVERFLOWS, 1);
    return LN_NONE;
}

int ln_metric_change(struct ln_metric_handle *m, double series, int how, double n)
{
    if (m == NULL || !is_series(m, series))
        return LN_EINVAL;
    enum ln_metric_type type = m->about.type;
    bool fits = type == LN_METRIC_COUNTER     ? how == LN_METRIC_BY_ADD && n >= 0 && isfinite(n)
                : type == LN_METRIC_HISTOGRAM ? how == LN_METRIC_BY_OBSERVE && !isnan(n)
                                              : how == LN_METRIC_BY_SET || how == LN_METRIC_BY_ADD;

    if (!fits)
        return LN_EINVAL;
    if (!m->is_open)
        return LN_OK;
    if (how == LN_METRIC_BY_OBSERVE)
        ln_metric_observe(&m->metric, (unsigned)series, n);
    else if (how == LN_METRIC_BY_SET)
        ln_metric_set(&m->metric, (unsigned)series, n);
    else
        ln_metric_add(&m->metric, (unsigned)series, n);
    return LN_OK;
}
