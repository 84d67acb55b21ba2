/* SPDX-License-Identifier: Apache-2.0
 * Who comes and who goes when a name stands for others: spots stay, the rest moves.
 */
#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "shm/steer.h"
#include "upstream/turnover.h"

enum { WORKERS = 3, MANY = 250, NOW = 5000 };

struct list {
    struct ln_shm *shm;
    struct ln_members m;
    struct ln_turnover_rules rules;
    unsigned told;
    _Atomic uint32_t come;
};

static int set_up(void **state)
{
    struct list *l = calloc(1, sizeof *l);
    struct ln_demand d;
    struct ln_err err;

    l->shm = ln_shm_new(WORKERS, &err);
    l->rules = (struct ln_turnover_rules){
        .max = 64, .spots = LN_MEMBERS_MAX, .workers = WORKERS, .since = NOW, .come = &l->come};
    ln_demand_init(&d);
    ln_members_demand(&d, LN_SLICE("users http://users.test:80"), true);
    ln_members_demand(&d, LN_SLICE("users http://one.test:80"), false);
    assert_int_equal(ln_shm_satisfy(l->shm, &d, &err), 0);
    ln_demand_fini(&d);
    assert_true(ln_members_open(&l->m, l->shm, LN_SLICE("users http://users.test:80"), true));
    *state = l;
    return 0;
}

static int tear_down(void **state)
{
    struct list *l = *state;

    ln_shm_free(l->shm);
    free(l);
    return 0;
}

static void count_told(void *arg, unsigned spot, const struct ln_spot *who)
{
    (void)spot;
    (void)who;
    ((struct list *)arg)->told++;
}

static struct ln_spot host(unsigned last)
{
    return (struct ln_spot){.ip = {[10] = 0xff,
                                   [11] = 0xff,
                                   [12] = 10,
                                   [14] = (unsigned char)(last >> 8),
                                   [15] = (unsigned char)last},
                            .port = 80,
                            .weight = 1};
}

/* The answer is a text: each letter stands for a host. */
static struct ln_turnover_news take(struct list *l, const char *hosts)
{
    struct ln_spot wanted[64];
    unsigned n = 0;

    for (; hosts[n] != '\0'; n++)
        wanted[n] = host((unsigned char)hosts[n]);
    return ln_turnover_take(&l->m, wanted, n, &l->rules, count_told, l);
}

/* Spot by spot: a letter for a member, in brackets while it is leaving, "." when free. */
static const char *seen(struct list *l)
{
    static char text[2048];
    size_t n = 0;
    struct ln_spot p;

    for (unsigned i = 0; i < ln_members_used(&l->m); i++) {
        assert_true(ln_spot_read(ln_members_spot(&l->m, i), &p));
        n += (size_t)snprintf(text + n, sizeof text - n,
                              p.state == LN_SPOT_MEMBER    ? "%c"
                              : p.state == LN_SPOT_LEAVING ? "(%c)"
                                                           : ".",
                              p.ip[15]);
    }
    text[n] = '\0';
    return text;
}

static struct ln_instance_record *record(struct list *l, unsigned i)
{
    return ln_members_record(&l->m, i);
}

static void test_they_come_and_go_and_keep_their_spots(void **state)
{
    struct list *l = *state;
    struct ln_turnover_news news = take(l, "abc");

    assert_string_equal(seen(l), "abc");
    assert_int_equal(news.joined, 3);
    assert_int_equal(l->told, 3);
    news = take(l, "cad"); /* in whatever order they are named */
    assert_string_equal(seen(l), "a(b)cd");
    assert_int_equal(news.joined, 1);
    assert_int_equal(news.left, 1);
    news = take(l, "cad");
    assert_int_equal(news.joined + news.left + news.changed, 0);
    assert_int_equal(l->told, 5);
}

static void test_a_spot_is_free_when_nothing_is_in_flight(void **state)
{
    struct list *l = *state;

    take(l, "ab");
    ln_record_add(&record(l, 0)->active[2], 1);
    take(l, "b");
    ln_turnover_sweep(&l->m, WORKERS);
    assert_string_equal(seen(l), "(a)b");
    ln_record_add(&record(l, 0)->active[2], -1);
    ln_turnover_sweep(&l->m, WORKERS);
    assert_string_equal(seen(l), ".b");
}

static void test_who_comes_back_before_that_is_the_same(void **state)
{
    struct list *l = *state;

    take(l, "ab");
    atomic_store(&record(l, 0)->latency, 7);
    ln_record_add(&record(l, 0)->active[0], 1);
    take(l, "b");
    take(l, "ba");
    assert_string_equal(seen(l), "ab");
    assert_int_equal(atomic_load(&record(l, 0)->latency), 7);
    assert_true(ln_spot_is(ln_members_spot(&l->m, 0), 1));
}

static void test_a_newcomer_is_unknown_and_warms_up(void **state)
{
    struct list *l = *state;
    struct ln_instance_record *r = record(l, 0);

    l->rules.spots = 1; /* so that she gets the spot of somebody else */
    take(l, "a");
    atomic_store(&r->down, 9);
    atomic_store(&r->latency, 9);
    atomic_store(&r->breaker.word, 9);
    atomic_store(&r->check.word, 9);
    atomic_store(&r->steer, ln_steer_word(LN_STEER_DRAINING, 3));
    take(l, "");
    ln_turnover_sweep(&l->m, WORKERS);
    l->rules.since = NOW + 1;
    take(l, "b");
    assert_string_equal(seen(l), "b");
    assert_int_equal(r->down + r->latency + r->breaker.word + r->check.word + r->steer, 0);
    assert_int_equal(r->since, NOW + 1);
    assert_true(ln_spot_is(ln_members_spot(&l->m, 0), 2));
    assert_false(ln_spot_is(ln_members_spot(&l->m, 0), 1));
}

static void test_what_the_operator_said_of_her_still_holds(void **state)
{
    struct list *l = *state;

    take(l, "ab");
    atomic_store(&record(l, 0)->steer, ln_steer_word(LN_STEER_DISABLED, 0));
    atomic_store(&record(l, 0)->down, 9);
    take(l, "b");
    ln_turnover_sweep(&l->m, WORKERS);
    take(l, "bca");
    assert_string_equal(seen(l), "abc");
    assert_int_equal(ln_steer_state(record(l, 0)->steer), LN_STEER_DISABLED);
    assert_int_equal(record(l, 0)->down, 0);
}

static void test_a_partial_answer_takes_nobody_away(void **state)
{
    struct list *l = *state;

    take(l, "abc");
    l->rules.keeps_others = true;
    assert_int_equal(take(l, "d").left, 0);
    assert_string_equal(seen(l), "abcd");
}

static void test_more_than_the_bound_are_refused(void **state)
{
    struct list *l = *state;

    l->rules.max = 2;
    assert_int_equal(take(l, "abcd").refused, 2);
    assert_string_equal(seen(l), "ab");
    assert_int_equal(take(l, "dcba").refused, 2); /* who is there stays */
    assert_string_equal(seen(l), "ab");
    assert_int_equal(take(l, "bcd").refused, 1);
    assert_string_equal(seen(l), "(a)bc");
    l->rules.max = 1;
    assert_int_equal(take(l, "bcd").refused, 2);
    assert_string_equal(seen(l), "(a)b(c)");
}

static void test_whoever_sits_too_far_off_moves(void **state)
{
    struct list *l = *state;
    struct ln_turnover_news news;

    take(l, "abcd");
    l->rules.spots = 3;
    l->rules.max = 2;
    take(l, "d"); /* two others have been here, and hers is no spot any more */
    ln_turnover_sweep(&l->m, WORKERS);
    news = take(l, "d");
    assert_int_equal(news.joined + news.left + news.refused, 1);
    assert_string_equal(seen(l), "d...");
    l->rules.keeps_others = true;
    assert_int_equal(take(l, "a").joined, 1);
}

static void test_weights_and_priorities_change_in_place(void **state)
{
    struct list *l = *state;
    struct ln_spot wanted[2] = {host('a'), host('b')}, p;

    take(l, "ab");
    wanted[1].weight = 50;
    wanted[1].backup = true;
    assert_int_equal(ln_turnover_take(&l->m, wanted, 2, &l->rules, count_told, l).changed, 1);
    assert_true(ln_spot_read(ln_members_spot(&l->m, 1), &p));
    assert_int_equal(p.weight, 50);
    assert_true(p.backup);
    assert_true(ln_spot_is(ln_members_spot(&l->m, 1), 1));
}

/* All at once, twice over, while those before have requests under way; a third time there is no
 * room, and nobody who is there is harmed. */
static void test_all_are_replaced_while_requests_run(void **state)
{
    struct list *l = *state;
    struct ln_spot wanted[MANY];
    struct ln_turnover_news news;

    l->rules.max = MANY;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < MANY; i++)
            wanted[i] = host(1000 * round + i);
        news = ln_turnover_take(&l->m, wanted, MANY, &l->rules, count_told, l);
        if (round < 2)
            for (unsigned i = 0; i < MANY; i++)
                ln_record_add(&record(l, round * MANY + i)->active[0], 1);
    }
    assert_int_equal(news.joined, LN_MEMBERS_MAX - 2 * MANY);
    assert_int_equal(news.refused, MANY - news.joined);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(ln_record_sum(record(l, i)->active, WORKERS), 1);
}

static void test_a_spot_whose_writer_died_is_empty(void **state)
{
    struct list *l = *state;
    struct ln_spot p;

    l->rules.spots = 2;
    take(l, "ab");
    ln_record_add(&record(l, 0)->active[0], 1);
    atomic_store(&ln_members_spot(&l->m, 0)->ip[1], 77);
    assert_false(ln_spot_read(ln_members_spot(&l->m, 0), &p));
    assert_int_equal(p.state, LN_SPOT_EMPTY);
    assert_int_equal(take(l, "ab").refused, 1); /* requests of who was there are under way */
    ln_record_add(&record(l, 0)->active[0], -1);
    assert_int_equal(take(l, "ab").joined, 1);
    assert_string_equal(seen(l), "ab");
}

static void test_a_dead_worker_is_settled(void **state)
{
    struct list *l = *state;

    take(l, "ab");
    ln_record_add(&record(l, 1)->active[2], 5);
    ln_record_add(&record(l, 1)->active[0], 1);
    ln_record_settle(l->shm, 2);
    assert_int_equal(ln_record_sum(record(l, 1)->active, WORKERS), 1);
}

/* ---- the list of one instance ---- */

static void test_a_list_changes_with_its_set(void **state)
{
    struct list *l = *state;
    struct ln_members m;
    struct ln_spot three[3] = {host('a'), host('b'), host('c')},
                   swapped[2] = {host('b'), host('a')};
    bool apart;

    assert_true(ln_members_open(&m, l->shm, LN_SLICE("users http://one.test:80"), false));
    assert_true(ln_turnover_list(&m, three, 2, false, &apart));
    assert_true(apart);
    assert_false(ln_turnover_list(&m, swapped, 2, false, &apart));
    assert_false(ln_turnover_list(&m, three, 1, true, &apart)); /* a part is no news */
    assert_true(ln_turnover_list(&m, three + 1, 2, false, &apart));
    assert_false(apart);
    assert_true(ln_turnover_list(&m, three, 1, false, &apart));
    assert_true(apart);
}

/* ---- read while it is written ---- */

struct race {
    struct ln_spot_record *r;
    _Atomic bool over;
};

static void *write_on(void *arg)
{
    struct race *race = arg;

    for (unsigned i = 0; i < 300000; i++) {
        struct ln_spot p = {.port = (uint16_t)i, .weight = (uint16_t)i, .turn = i & 0xffff};

        memset(p.ip, (int)(i & 0xff), sizeof p.ip);
        p.state = LN_SPOT_MEMBER;
        ln_spot_write(race->r, &p);
    }
    atomic_store(&race->over, true);
    return NULL;
}

static void test_a_spot_is_read_whole_or_not_at_all(void **state)
{
    struct ln_spot_record r = {0};
    struct race race = {.r = &r};
    pthread_t writer;
    struct ln_spot p;

    (void)state;
    assert_int_equal(pthread_create(&writer, NULL, write_on, &race), 0);
    while (!atomic_load(&race.over)) {
        if (!ln_spot_read(&r, &p) || p.state == LN_SPOT_EMPTY)
            continue;
        assert_int_equal(p.weight, p.port);
        assert_int_equal(p.turn, p.port);
        for (unsigned i = 0; i < sizeof p.ip; i++)
            assert_int_equal(p.ip[i], p.port & 0xff);
    }
    pthread_join(writer, NULL);
    assert_true(ln_spot_read(&r, &p));
    assert_int_equal(p.port, (uint16_t)299999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_they_come_and_go_and_keep_their_spots, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_spot_is_free_when_nothing_is_in_flight, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_who_comes_back_before_that_is_the_same, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_newcomer_is_unknown_and_warms_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_the_operator_said_of_her_still_holds, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_partial_answer_takes_nobody_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_more_than_the_bound_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_whoever_sits_too_far_off_moves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_weights_and_priorities_change_in_place, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_all_are_replaced_while_requests_run, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_spot_whose_writer_died_is_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_dead_worker_is_settled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_list_changes_with_its_set, set_up, tear_down),
        cmocka_unit_test(test_a_spot_is_read_whole_or_not_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
