/* SPDX-License-Identifier: Apache-2.0
 * test_steer.c - picks obey what the operator has said about an instance.
 */
#include "upstream/market.h"

#include "shm/steer.h"
#include "upstream/balance.h"

static const enum ln_strategy strategies[] = {
    LN_STRATEGY_ROUND_ROBIN,       LN_STRATEGY_WEIGHTED_ROUND_ROBIN,
    LN_STRATEGY_LEAST_CONNECTIONS, LN_STRATEGY_RANDOM_TWO,
    LN_STRATEGY_PEAK_EWMA,         LN_STRATEGY_CONSISTENT_HASH,
};

static void say(struct ln_service *s, unsigned index, enum ln_steer_state state, unsigned weight)
{
    atomic_store(&s->instances[index].record->steer, ln_steer_word(state, weight));
    atomic_fetch_add(&s->record->steered, 1);
}

/* How often instance `index` is met in `times` picks, each by a key of its own. */
static unsigned meet(struct market *m, unsigned index, unsigned times)
{
    struct ln_service *s = &m->all->v[0];
    unsigned met = 0;

    for (unsigned i = 0; i < times; i++) {
        struct ln_wish wish = {.tried = &nowhere, .has_key = true, .key = i * 0x9e3779b97f4a7c15u};
        struct ln_loan loan;
        bool full;
        struct ln_instance *got;

        wish.has_key = s->conf->strategy == LN_STRATEGY_CONSISTENT_HASH;
        got = ln_service_pick(s, &wish, NOW, &loan, &full);
        assert_non_null(got);
        met += index_of(got) == index;
        ln_service_release(got, &loan, LN_OUTCOME_OK, NOW);
    }
    return met;
}

static void test_words_hold_both(void **state)
{
    (void)state;
    for (unsigned s = 0; s < LN_STEER_STATES; s++)
        for (unsigned weight = 0; weight <= LN_STEER_WEIGHT_MAX; weight++) {
            uint32_t word = ln_steer_word((enum ln_steer_state)s, weight);

            assert_int_equal(ln_steer_state(word), s);
            assert_int_equal(ln_steer_weight(word), weight);
        }
}

static void test_who_is_taken_out_is_not_picked(void **state)
{
    struct market *m = *state;

    for (unsigned k = 0; k < LN_ARRAY_LEN(strategies); k++)
        for (unsigned out = LN_STEER_DRAINING; out < LN_STEER_STATES; out++) {
            m->service[0].strategy = strategies[k];

            struct ln_service *s = OPEN(m, 1, 1, 1);

            say(s, 1, (enum ln_steer_state)out, 0);
            assert_int_equal(meet(m, 1, 300), 0);
            say(s, 1, LN_STEER_ENABLED, 0);
            assert_true(meet(m, 1, 300) > 60);
            ln_services_free(m->all);
        }
    OPEN(m, 1);
}

static void test_nobody_is_left(void **state)
{
    struct market *m = *state;
    struct ln_service *s = OPEN(m, 1, 1);
    const struct ln_wish named = {.tried = &nowhere, .named = 1};
    struct ln_loan loan;
    bool full;

    say(s, 0, LN_STEER_DISABLED, 0);
    say(s, 1, LN_STEER_DRAINING, 0);
    assert_null(ln_service_pick(s, &named, NOW, &loan, &full));
    assert_false(full);
    atomic_store(&s->record->panic, 1);
    assert_int_equal(meet(m, 1, 10), 10); /* drained ones help out, disabled ones do not */
    atomic_store(&s->record->panic, 0);
    say(s, 0, LN_STEER_ENABLED, 0);
    say(s, 1, LN_STEER_ENABLED, 0);
}

static void test_weights_change_at_the_next_pick(void **state)
{
    struct market *m = *state;

    m->service[0].strategy = LN_STRATEGY_WEIGHTED_ROUND_ROBIN;

    struct ln_service *s = OPEN(m, 5, 3, 2);

    assert_int_equal(meet(m, 0, 1000), 500);
    say(s, 0, LN_STEER_ENABLED, 15);
    assert_int_equal(meet(m, 0, 1000), 750);
    say(s, 0, LN_STEER_ENABLED, 0);
    assert_int_equal(meet(m, 0, 1000), 500);
}

static void test_a_weight_counts_in_round_robin(void **state)
{
    struct market *m = *state;

    m->service[0].strategy = LN_STRATEGY_ROUND_ROBIN;

    struct ln_service *s = OPEN(m, 1, 9);

    say(s, 0, LN_STEER_ENABLED, 3);
    assert_int_equal(meet(m, 0, 1000), 750);
    say(s, 0, LN_STEER_ENABLED, 0);
    assert_int_equal(meet(m, 0, 1000), 500);
}

static void test_keys_follow_weights(void **state)
{
    struct market *m = *state;

    m->service[0].strategy = LN_STRATEGY_CONSISTENT_HASH;

    struct ln_service *s = OPEN(m, 1, 1);
    unsigned before = meet(m, 0, 1000);

    assert_in_range(before, 400, 600);
    say(s, 0, LN_STEER_ENABLED, 3);
    assert_in_range(meet(m, 0, 1000), 690, 810);
    say(s, 0, LN_STEER_ENABLED, 0);
    assert_int_equal(meet(m, 0, 1000), before);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_hold_both),
        TEST(test_who_is_taken_out_is_not_picked),
        TEST(test_nobody_is_left),
        TEST(test_weights_change_at_the_next_pick),
        TEST(test_a_weight_counts_in_round_robin),
        TEST(test_keys_follow_weights),
    };

    return cmocka_run_group_tests(tests, yard_silence, NULL);
}
