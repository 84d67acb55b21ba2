/* SPDX-License-Identifier: Apache-2.0
 * test_lots_model.c - histories of two workers of one gateway on a real Redis: whatever their
 * requests cost and whoever goes away, what passes is the limit, and not one less.
 */
#include "limit/metered.h"

#include "base/rand.h"

enum { HISTORIES = 60, STEPS = 400, LIMIT = 1000 };

static struct ln_meter *workers[2];
static struct ln_rand dice;
static uint64_t passed;
static bool is_busy[TAKERS];

static int set_up(void **state)
{
    struct ln_err err;

    house_set_up(state);
    start_server(NULL);
    shm = ln_shm_new(2, &err);
    meters = ln_meters_new(
        &(struct ln_meters_env){.loop = house->turns.loop, .shm = shm, .redis = house->pool});
    ln_rand_init(&dice, 1);
    return 0;
}

static int tear_down(void **state)
{
    ln_meters_free(meters);
    ln_shm_free(shm);
    return house_tear_down(state);
}

static void note(struct taker *t)
{
    is_busy[t - takers] = false;
    passed += t->take.answer.ok ? t->take.cost : 0;
    assert_true(t->take.answer.by == LN_METER_REDIS || t->take.answer.by == LN_METER_LEASED);
    assert_true(passed <= LIMIT);
}

static void begin(unsigned i, unsigned worker, uint64_t cost)
{
    takers[i].then = note;
    is_busy[i] = true;
    if (take(workers[worker], i, cost)->at_once)
        note(&takers[i]);
}

static void step(void)
{
    unsigned i = (unsigned)ln_rand_below(&dice, TAKERS);

    if (ln_rand_below(&dice, 3) == 0)
        turns_once(&house->turns);
    else if (!is_busy[i])
        begin(i, i % 2, 1 + ln_rand_below(&dice, ln_rand_below(&dice, 4) == 0 ? 60 : 6));
    else if (i % 2 == 0 && takers[i].take.call == NULL) { /* one that waits for a lot */
        ln_meter_cancel(&takers[i].take);
        is_busy[i] = false;
    }
}

/* What is left is spent one by one. */
static void spend_the_rest(void)
{
    for (unsigned i = 0; i < TAKERS; i++)
        AWAIT(!is_busy[i]);
    do {
        begin(0, 0, 1);
        AWAIT(!is_busy[0]);
    } while (takers[0].take.answer.ok);
}

static void test_what_passes_is_the_limit(void **state)
{
    (void)state;
    for (unsigned n = 0; n < HISTORIES; n++) {
        struct ln_meter_conf conf = conf_of((enum ln_limit_way)(n % LN_LIMIT_WAYS), 2 + n % 30);
        char rule[8];

        snprintf(rule, sizeof rule, "r%u", n);
        conf.rule = ln_slice_of(rule);
        conf.limits[0].count = conf.limits[0].burst = LIMIT;
        conf.limits[0].per = 86400000;
        workers[0] = open_meter(&conf);
        workers[1] = open_meter(&conf);
        passed = 0;
        for (unsigned i = 0; i < STEPS; i++)
            step();
        spend_the_rest();
        assert_int_equal(passed, LIMIT);
        ln_meter_free(workers[0]);
        ln_meter_free(workers[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_passes_is_the_limit, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
