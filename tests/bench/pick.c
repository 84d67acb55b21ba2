/* SPDX-License-Identifier: Apache-2.0
 * pick.c - what choosing an instance costs: ln_service_pick() and ln_service_release() by strategy,
 * with ten instances and with a thousand, in a service whose requests are counted, broken off and
 * checked as in production.
 *
 * A place of services[].concurrency is taken and given back with it, where there is a limit.
 *
 *   bench_pick [PICKS]     CPU nanoseconds for a pick and its release, the least of five rounds
 */
#include "upstream/market.h"

#include <time.h>

#include "upstream/check.h"
#include "upstream/turnover.h"

enum { PICKS = 1000000, ROUNDS = 5, IN_FLIGHT = 32, KEYS = 4096 };

struct setting {
    const char *name;
    bool breaker, health;
    unsigned down_of_ten; /* instances of each ten that do not answer */
    struct ln_concurrency_conf concurrency;
    bool discovered; /* they have come of a name: upstream/seat.h */
};

static const struct setting settings[] = {
    {"nothing on", false, false, 0, {0}, false},
    {"breaker and checks", true, true, 0, {0}, false},
    {"three of ten down", true, true, 3, {0}, false},
    {"and a limit", true, true, 3, {.on = true, .limit = 1000}, false},
    {"or a learned one",
     true,
     true,
     3,
     {.on = true, .adaptive = true, .min = 4, .max = 1000, .initial = 100, .tolerance = 0.5},
     false},
    {"of a name (10, 250)", true, true, 0, {0}, true},
};

static const struct {
    const char *name;
    enum ln_strategy strategy;
} strategies[] = {
    {"round_robin", LN_STRATEGY_ROUND_ROBIN},
    {"weighted_round_robin", LN_STRATEGY_WEIGHTED_ROUND_ROBIN},
    {"least_connections", LN_STRATEGY_LEAST_CONNECTIONS},
    {"random_two", LN_STRATEGY_RANDOM_TWO},
    {"peak_ewma", LN_STRATEGY_PEAK_EWMA},
    {"consistent_hash", LN_STRATEGY_CONSISTENT_HASH},
};

static uint64_t keys[KEYS];

static double cpu_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void configure(struct ln_service_conf *s, const struct setting *setting,
                      enum ln_strategy strategy)
{
    s->strategy = strategy;
    s->breaker = (struct ln_breaker_conf){.on = setting->breaker,
                                          .min_requests = 5,
                                          .failure_ratio = 0.6,
                                          .window = 10000,
                                          .open_for = 10000,
                                          .max_open_for = 120000,
                                          .probes = 3};
    s->health = (struct ln_health_conf){.on = setting->health, .rise = 2, .fall = 3};
    s->panic_threshold = 0.5;
    s->concurrency = setting->concurrency;
}

struct held {
    struct ln_instance *i;
    struct ln_loan loan;
};

static void give_back(struct ln_service *s, struct held *h, ln_msec now)
{
    if (h->i == NULL)
        return;
    ln_concurrency_answered(&s->load, 5000, 200, now);
    ln_service_release(h->i, &h->loan, LN_OUTCOME_OK, now);
    if (s->load.record != NULL)
        ln_concurrency_leave(&s->load, now);
    h->i = NULL;
}

/* So many picks, each given back when IN_FLIGHT others have come after it. */
static double round_of(struct ln_service *s, unsigned picks)
{
    struct held held[IN_FLIGHT] = {0};
    bool by_key = s->conf->strategy == LN_STRATEGY_CONSISTENT_HASH, full;
    double start = cpu_now();

    for (unsigned n = 0; n < picks; n++) {
        struct ln_wish wish = {
            .tried = &nowhere, .has_key = by_key, .key = by_key ? keys[n % KEYS] : 0};
        unsigned at = n % IN_FLIGHT;
        ln_msec now = NOW + n / 1000;

        give_back(s, &held[at], now);
        if (s->load.record != NULL && !ln_concurrency_enter(&s->load, LN_PRIORITY_NORMAL, now))
            continue;
        held[at].i = ln_service_pick(s, &wish, now, &held[at].loan, &full);
    }
    double took = cpu_now() - start;

    for (unsigned at = 0; at < IN_FLIGHT; at++)
        give_back(s, &held[at], NOW);
    return took / picks;
}

static void pass_over(void *arg, unsigned spot, const struct ln_spot *who)
{
    (void)arg;
    (void)spot;
    (void)who;
}

/* A name with so many addresses. */
static struct ln_service *open_name(struct market *m, unsigned instances)
{
    struct ln_spot wanted[LN_DISCOVER_MAX];
    struct ln_turnover_rules rules = {
        .max = LN_DISCOVER_MAX, .spots = 2 * LN_DISCOVER_MAX, .workers = 4};
    struct ln_service *s;

    instances = instances < LN_DISCOVER_MAX ? instances : LN_DISCOVER_MAX;
    m->instance[0] = (struct ln_instance_conf){.host = "users.test",
                                               .base = "",
                                               .is_name = true,
                                               .discover = LN_DISCOVER_ADDRESSES,
                                               .discover_max = LN_DISCOVER_MAX};
    s = open_market(m, NULL, 1);
    for (unsigned i = 0; i < instances; i++)
        wanted[i] = (struct ln_spot){.ip = {[15] = (unsigned char)i}, .port = 80, .weight = 1};
    rules.come = &s->record->steered;
    ln_turnover_take(&s->followed[0].members, wanted, instances, &rules, pass_over, NULL);
    ln_service_weigh(s);
    return s;
}

static double measure(const struct setting *setting, enum ln_strategy strategy, unsigned instances,
                      unsigned picks)
{
    double least = 0;
    void *state = NULL;
    struct market *m;

    if (set_up(&state) != 0)
        return -1;
    m = state;
    configure(&m->service[0], setting, strategy);
    struct ln_service *s =
        setting->discovered ? open_name(m, instances) : open_market(m, NULL, instances);

    for (unsigned i = 0; i < s->present_count; i++)
        if (i % 10 < setting->down_of_ten)
            for (unsigned n = 0; n < 3; n++)
                ln_check_note(&s->instances[i].record->check, &s->conf->health, false);
    for (unsigned r = 0; r < ROUNDS; r++) {
        double took = round_of(s, picks);

        least = r == 0 || took < least ? took : least;
    }
    tear_down(&state);
    return least;
}

int main(int argc, char **argv)
{
    unsigned picks = argc > 1 ? (unsigned)atoi(argv[1]) : PICKS;

    for (unsigned k = 0; k < KEYS; k++)
        keys[k] = ln_rendezvous_key(ln_slice((const char *)&k, sizeof k));
    printf("%-22s %-22s %12s %15s %7s\n", "strategy", "setting", "10 instances", "1000 instances",
           "ratio");
    for (size_t i = 0; i < LN_ARRAY_LEN(strategies); i++)
        for (size_t k = 0; k < LN_ARRAY_LEN(settings); k++) {
            bool slow = strategies[i].strategy == LN_STRATEGY_LEAST_CONNECTIONS;
            double few = measure(&settings[k], strategies[i].strategy, 10, picks);
            double many =
                measure(&settings[k], strategies[i].strategy, 1000, slow ? picks / 50 + 1 : picks);

            printf("%-22s %-22s %9.0f ns %12.0f ns %6.1fx\n", strategies[i].name, settings[k].name,
                   few, many, many / few);
        }
    return 0;
}
