/* SPDX-License-Identifier: Apache-2.0
 * retry.c - the rules.
 */
#include "upstream/retry.h"

bool ln_retry_is_reason(const struct ln_retry_conf *conf, enum ln_repeat repeat)
{
    switch (repeat) {
    case LN_REPEAT_CONNECT:
        return (conf->on & LN_RETRY_ON_CONNECT) != 0;
    case LN_REPEAT_RESET:
        return (conf->on & LN_RETRY_ON_RESET) != 0;
    case LN_REPEAT_TIMEOUT:
        return (conf->on & LN_RETRY_ON_TIMEOUT) != 0;
    default:
        return false;
    }
}

bool ln_retry_is_allowed(const struct ln_idempotent *idempotent, const struct ln_fields *fields)
{
    const struct ln_field *f;

    if (idempotent->always || idempotent->header == NULL || fields == NULL)
        return idempotent->always;
    f = ln_fields_get(fields, ln_slice_of(idempotent->header));
    return f != NULL && f->value_len > 0;
}

/* Full jitter: those that failed at one moment do not come back at one moment. */
ln_msec ln_retry_wait(const struct ln_retry_conf *conf, unsigned tries, struct ln_rand *rand)
{
    ln_msec most = conf->backoff_base;

    for (unsigned i = 1; i < tries && most < conf->backoff_max; i++)
        most *= 2;
    if (most > conf->backoff_max)
        most = conf->backoff_max;
    return most > 0 ? ln_rand_below(rand, most + 1) : 0;
}

bool ln_retry_afford(struct ln_service *s, struct ln_shm_slot *slot, ln_msec now)
{
    if (ln_budget_take(&s->budget, s->conf->retry.budget, now))
        return true;
    ln_record_count(&s->counts->retries_refused);
    if (slot != NULL)
        ln_stat_add(slot, LN_STAT_RETRIES_REFUSED, 1);
    return false;
}

void ln_retry_count(struct ln_service *s, struct ln_shm_slot *slot)
{
    ln_record_count(&s->counts->retries);
    if (slot != NULL)
        ln_stat_add(slot, LN_STAT_RETRIES, 1);
}
