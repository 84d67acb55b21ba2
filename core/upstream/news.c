/* SPDX-License-Identifier: Apache-2.0
 * news.c - sentences, counts, and whoever listens.
 */
#include "upstream/news.h"

#include "base/log.h"
#include "upstream/health.h"
#include "upstream/service.h"

const char *const ln_news_kinds[LN_NEWS_KINDS] = {
    [LN_NEWS_BREAKER] = "breaker",
    [LN_NEWS_HEALTH] = "health",
};

static void count(const struct ln_instance *i, enum ln_change change)
{
    atomic_fetch_add_explicit(&i->record->changes[change], 1, memory_order_relaxed);
}

static void tell(const struct ln_instance *i, struct ln_news news)
{
    const struct ln_news_listener *l = i->service->all->listener;

    if (l == NULL)
        return;
    news.service = i->service->conf->name;
    news.instance = i->conf->url;
    l->on_news(l->arg, &news);
}

/* ---- the breaker ---- */

static void say_breaker(const struct ln_instance *i, enum ln_breaker_news news, unsigned failed,
                        unsigned total)
{
    const char *service = i->service->conf->name, *url = i->conf->url;

    switch (news) {
    case LN_BREAKER_OPENED:
        ln_warn("breaker %s %s: closed -> open (%u of %u failed)", service, url, failed, total);
        break;
    case LN_BREAKER_REOPENED:
        ln_warn("breaker %s %s: half-open -> open (a probe failed)", service, url);
        break;
    case LN_BREAKER_PROBES:
    case LN_BREAKER_PROBES_AGAIN:
        ln_info("breaker %s %s: half-open, %u probes", service, url,
                i->service->conf->breaker.probes);
        break;
    case LN_BREAKER_RECOVERED:
        ln_info("breaker %s %s: half-open -> closed", service, url);
        break;
    case LN_BREAKER_NO_NEWS:
        break;
    }
}

void ln_news_breaker(const struct ln_instance *i, enum ln_breaker_news news, unsigned failed,
                     unsigned total)
{
    static const struct {
        enum ln_breaker_state from, to;
        enum ln_change change;
        const char *why;
    } rows[] = {
        [LN_BREAKER_OPENED] = {LN_BREAKER_CLOSED, LN_BREAKER_OPEN, LN_CHANGE_OPEN, NULL},
        [LN_BREAKER_REOPENED] = {LN_BREAKER_HALF_OPEN, LN_BREAKER_OPEN, LN_CHANGE_OPEN,
                                 "a probe failed"},
        [LN_BREAKER_PROBES] = {LN_BREAKER_OPEN, LN_BREAKER_HALF_OPEN, LN_CHANGE_HALF_OPEN, NULL},
        [LN_BREAKER_RECOVERED] = {LN_BREAKER_HALF_OPEN, LN_BREAKER_CLOSED, LN_CHANGE_CLOSED, NULL},
    };

    say_breaker(i, news, failed, total);
    if (news == LN_BREAKER_NO_NEWS || news == LN_BREAKER_PROBES_AGAIN) /* no other state */
        return;
    count(i, rows[news].change);
    tell(i, (struct ln_news){.kind = LN_NEWS_BREAKER,
                             .from = ln_breaker_states[rows[news].from],
                             .to = ln_breaker_states[rows[news].to],
                             .failed = failed,
                             .total = total,
                             .why = rows[news].why});
}

/* ---- health ---- */

static void tell_health(const struct ln_instance *i, bool up, const char *by, const char *why)
{
    tell(i, (struct ln_news){.kind = LN_NEWS_HEALTH,
                             .from = up ? "down" : "up",
                             .to = up ? "up" : "down",
                             .by = by,
                             .why = why});
}

void ln_news_down(const struct ln_instance *i, const char *why, unsigned trips)
{
    ln_warn("instance %s of %s is down: %s; trying again in %llu ms", i->conf->url,
            i->service->conf->name, why, (unsigned long long)ln_health_interval(trips));
    if (trips > 1) /* a trial has failed: it is what it was */
        return;
    count(i, LN_CHANGE_DOWN);
    tell_health(i, false, "requests", why);
}

void ln_news_back(const struct ln_instance *i)
{
    ln_info("instance %s of %s is back", i->conf->url, i->service->conf->name);
    count(i, LN_CHANGE_BACK);
    tell_health(i, true, "requests", NULL);
}

void ln_news_fell(const struct ln_instance *i, const char *why)
{
    unsigned fall = i->service->conf->health.fall;

    ln_warn("health %s %s: up -> down (%u %s failed: %s)", i->service->conf->name, i->conf->url,
            fall, fall == 1 ? "check" : "checks", why);
    count(i, LN_CHANGE_FELL);
    tell_health(i, false, "checks", why);
}

void ln_news_rose(const struct ln_instance *i)
{
    unsigned rise = i->service->conf->health.rise;

    ln_info("health %s %s: down -> up (%u %s succeeded)", i->service->conf->name, i->conf->url,
            rise, rise == 1 ? "check" : "checks");
    count(i, LN_CHANGE_ROSE);
    tell_health(i, true, "checks", NULL);
}
