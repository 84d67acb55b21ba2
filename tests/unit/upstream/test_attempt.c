/* SPDX-License-Identifier: Apache-2.0
 * test_attempt.c - which connection a request gets, and where it goes afterwards.
 */
#include "upstream/yard.h"

#include <errno.h>

#include "upstream/attempt.h"
#include "upstream/health.h"

enum { LINES = 8 };

struct post {
    struct yard yard;
    struct ln_instance_record record;
    _Atomic uint32_t cells[16]; /* the records' cells: what follows a flexible array */
    struct ln_instance_counts counts;
    struct ln_cursor_record service_record;
    _Atomic uint32_t service_cells[16];
    struct ln_services services;
    struct ln_service_conf service_conf;
    struct ln_service service;
    struct ln_instance_conf conf;
    struct ln_instance instance;
    struct ln_addr addrs[2];
    int door[2], line[LINES]; /* the instance's ends */
    unsigned lines;
    struct ln_attempt attempt;
    unsigned calls;
    bool done;
};

static void on_connected(struct ln_attempt *a)
{
    struct post *p = ln_container_of(a, struct post, attempt);

    p->calls++;
    p->done = true;
}

static int set_up(void **state)
{
    struct post *p = calloc(1, sizeof *p);

    if (p == NULL)
        return -1;
    yard_init(&p->yard);
    for (unsigned i = 0; i < 2; i++) {
        p->door[i] = yard_door(&p->addrs[i].v4, i == 0);
        p->addrs[i].len = sizeof p->addrs[i].v4;
    }
    p->service_conf = (struct ln_service_conf){
        .name = "users", .pool.idle = 4, .pool.idle_timeout = 60000, .connect = 5000};
    p->service.conf = &p->service_conf;
    p->service.record = &p->service_record;
    p->service.all = &p->services;
    p->services.workers = 1;
    p->conf =
        (struct ln_instance_conf){.url = "http://users:1", .addrs = p->addrs, .addr_count = 1};
    p->instance = (struct ln_instance){
        .conf = &p->conf, .service = &p->service, .record = &p->record, .counts = &p->counts};
    p->instance.pool = ln_pool_get(&p->yard.pools, ln_slice_of(p->conf.url));
    p->attempt.on_connected = on_connected;
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct post *p = *state;

    assert_null(p->attempt.instance);
    ln_pool_put(p->instance.pool);
    yard_fini(&p->yard);
    for (unsigned i = 0; i < p->lines; i++)
        close(p->line[i]);
    for (unsigned i = 0; i < 2; i++)
        close(p->door[i]);
    free(p);
    return 0;
}

static void start(struct post *p, enum ln_attempt_want want)
{
    p->done = false;
    ln_attempt_start(&p->attempt, &p->instance, want);
    turns_until(&p->yard.turns, &p->done);
}

static void release(struct post *p, bool reusable)
{
    ln_attempt_release(&p->attempt, LN_OUTCOME_OK, reusable);
    ln_loop_bury(p->yard.turns.loop);
}

static int answer_the_door(struct post *p)
{
    int fd = accept4(p->door[0], NULL, NULL, SOCK_CLOEXEC);

    assert_true(fd >= 0);
    p->line[p->lines++] = fd;
    return fd;
}

/* An idle connection that has served once; the instance's end. */
static int keep_one(struct post *p)
{
    start(p, LN_ATTEMPT_FRESH);
    release(p, true);
    return answer_the_door(p);
}

static void test_an_empty_pool_means_a_new_connection(void **state)
{
    struct post *p = *state;

    start(p, LN_ATTEMPT_ANY);
    assert_non_null(p->attempt.conn);
    assert_false(p->attempt.pooled);
    assert_int_equal(p->yard.pools.opened, 1);
    release(p, false);
    assert_int_equal(p->calls, 1);
}

static void test_an_idle_connection_is_taken_at_once(void **state)
{
    struct post *p = *state;

    keep_one(p);
    p->done = false;
    ln_attempt_start(&p->attempt, &p->instance, LN_ATTEMPT_ANY);
    assert_true(p->done); /* from inside start */
    assert_true(p->attempt.pooled);
    assert_int_equal(p->attempt.conn->served, 1);
    release(p, true);
    assert_int_equal(p->instance.pool->idle_count, 1);
}

static void test_a_proven_one_is_still_open(void **state)
{
    struct post *p = *state;

    keep_one(p);
    start(p, LN_ATTEMPT_PROVEN);
    assert_true(p->attempt.pooled);
    release(p, true);
}

/* The loop has not seen the close yet; one look at the socket does. */
static void test_a_stale_one_is_not_proven(void **state)
{
    struct post *p = *state;

    keep_one(p);
    assert_int_equal(shutdown(p->line[0], SHUT_WR), 0);
    start(p, LN_ATTEMPT_PROVEN);
    assert_non_null(p->attempt.conn);
    assert_false(p->attempt.pooled);
    assert_int_equal(p->instance.pool->idle_count, 0);
    release(p, false);
}

static void test_nor_is_one_that_has_said_something(void **state)
{
    struct post *p = *state;

    assert_int_equal(write(keep_one(p), "HTTP/1.1 408 \r\n\r\n", 17), 17);
    start(p, LN_ATTEMPT_PROVEN);
    assert_false(p->attempt.pooled);
    release(p, false);
}

static void test_any_will_do_for_what_can_be_repeated(void **state)
{
    struct post *p = *state;

    keep_one(p);
    assert_int_equal(shutdown(p->line[0], SHUT_WR), 0);
    ln_attempt_start(&p->attempt, &p->instance, LN_ATTEMPT_ANY);
    assert_true(p->attempt.pooled); /* no system call was spent on it */
    release(p, false);
}

static void test_fresh_leaves_the_pool_alone(void **state)
{
    struct post *p = *state;

    keep_one(p);
    start(p, LN_ATTEMPT_FRESH);
    assert_false(p->attempt.pooled);
    assert_int_equal(p->instance.pool->idle_count, 1);
    release(p, true);
    assert_int_equal(p->instance.pool->idle_count, 2);
}

static void test_what_is_not_reusable_is_closed(void **state)
{
    struct post *p = *state;
    char byte;

    start(p, LN_ATTEMPT_ANY);
    int line = answer_the_door(p);

    release(p, false);
    assert_int_equal(read(line, &byte, 1), 0);
    assert_int_equal(p->instance.pool->idle_count, 0);
}

static void test_a_refused_one_has_no_connection(void **state)
{
    struct post *p = *state;

    p->addrs[0] = p->addrs[1]; /* where nobody listens */
    start(p, LN_ATTEMPT_ANY);
    assert_null(p->attempt.conn);
    assert_int_equal(p->attempt.error, ECONNREFUSED);
    ln_attempt_release(&p->attempt, LN_OUTCOME_REFUSED, false);
    assert_int_not_equal(p->record.down, 0);
    assert_int_equal(p->calls, 1);
}

static void test_an_instance_without_addresses(void **state)
{
    struct post *p = *state;

    p->conf.addr_count = 0; /* its name could not be resolved */
    p->done = false;
    ln_attempt_start(&p->attempt, &p->instance, LN_ATTEMPT_ANY);
    assert_true(p->done);
    assert_null(p->attempt.conn);
    ln_attempt_release(&p->attempt, LN_OUTCOME_REFUSED, false);
}

static void test_the_second_address_is_as_good(void **state)
{
    struct post *p = *state;
    struct ln_addr first = p->addrs[0];

    p->addrs[0] = p->addrs[1];
    p->addrs[1] = first;
    p->conf.addr_count = 2;
    start(p, LN_ATTEMPT_ANY);
    assert_non_null(p->attempt.conn);
    release(p, false);
}

/* The client went away while the connection was being opened. */
static void test_releasing_before_it_is_connected(void **state)
{
    struct post *p = *state;

    p->done = false;
    ln_attempt_start(&p->attempt, &p->instance, LN_ATTEMPT_ANY);
    assert_false(p->done);
    ln_attempt_release(&p->attempt, LN_OUTCOME_CLIENT_GONE, false);
    turns_once(&p->yard.turns);
    ln_loop_run(p->yard.turns.loop); /* nothing is watched any more */
    assert_int_equal(p->calls, 0);
    assert_true(ln_health_is_up(&p->record, 1));
    start(p, LN_ATTEMPT_ANY); /* the same attempt may be used again */
    assert_non_null(p->attempt.conn);
    release(p, false);
}

static void test_a_success_brings_the_instance_back(void **state)
{
    struct post *p = *state;
    ln_msec now = ln_loop_now_ms(p->yard.turns.loop);

    assert_true(ln_health_strike(&p->record, 0, LN_STRIKES_DOWN, now - 2 * LN_HEALTH_FIRST_MS));
    assert_true(ln_health_admits(&p->record, now, &p->attempt.loan.door));
    start(p, LN_ATTEMPT_ANY);
    release(p, true);
    assert_int_equal(p->record.down, 0);
}

/* As the trial of an instance that was down; its head is here. */
static void answer_on_trial(struct post *p)
{
    ln_health_strike(&p->record, 0, LN_STRIKES_DOWN, 1);
    assert_true(ln_health_admits(&p->record, 1000, &p->attempt.loan.door));
    start(p, LN_ATTEMPT_FRESH);
    ln_attempt_answered(&p->attempt, 200);
    assert_true(atomic_load(&p->record.down) != 0);
}

/* It may still break off, as it did before. */
static void test_a_head_is_no_success_yet(void **state)
{
    struct post *p = *state;

    answer_on_trial(p);
    ln_attempt_release(&p->attempt, LN_OUTCOME_TRUNCATED, false);
    ln_loop_bury(p->yard.turns.loop);
    assert_true(atomic_load(&p->record.down) != 0);
    assert_int_equal(atomic_load(&p->record.trips), 2);
}

/* ... but what lasts for hours is one after a moment. */
static void test_content_that_comes_for_a_while_is_a_success(void **state)
{
    struct post *p = *state;

    answer_on_trial(p);
    while (atomic_load(&p->record.down) != 0)
        ev_run(ln_loop_ev(p->yard.turns.loop), EVRUN_ONCE);
    assert_int_equal(atomic_load(&p->record.trips), 0);
    release(p, false);
}

static void test_what_is_being_opened_is_counted(void **state)
{
    struct post *p = *state;

    p->done = false;
    ln_attempt_start(&p->attempt, &p->instance, LN_ATTEMPT_ANY);
    assert_int_equal(p->instance.pool->opening, 1);
    turns_until(&p->yard.turns, &p->done);
    assert_int_equal(p->instance.pool->opening, 0);
    assert_int_equal(p->instance.pool->open, 1);
    release(p, false);
    assert_int_equal(p->instance.pool->open, 0);
    ln_attempt_start(&p->attempt, &p->instance, LN_ATTEMPT_ANY);
    release(p, false); /* before it is connected */
    assert_int_equal(p->instance.pool->opening, 0);
    p->addrs[0] = p->addrs[1]; /* where nobody listens */
    start(p, LN_ATTEMPT_ANY);
    assert_int_equal(p->instance.pool->opening, 0);
    release(p, false);
}

static void test_a_fresh_one_takes_the_place_of_an_idle_one(void **state)
{
    struct post *p = *state;
    char byte;

    p->service_conf.pool.max = 1;
    int old = keep_one(p);

    start(p, LN_ATTEMPT_FRESH);
    assert_false(p->attempt.pooled);
    assert_int_equal(p->instance.pool->open, 1);
    assert_int_equal(read(old, &byte, 1), 0);
    release(p, true);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_empty_pool_means_a_new_connection),
        TEST(test_an_idle_connection_is_taken_at_once),
        TEST(test_a_proven_one_is_still_open),
        TEST(test_a_stale_one_is_not_proven),
        TEST(test_nor_is_one_that_has_said_something),
        TEST(test_any_will_do_for_what_can_be_repeated),
        TEST(test_fresh_leaves_the_pool_alone),
        TEST(test_what_is_not_reusable_is_closed),
        TEST(test_a_refused_one_has_no_connection),
        TEST(test_an_instance_without_addresses),
        TEST(test_the_second_address_is_as_good),
        TEST(test_releasing_before_it_is_connected),
        TEST(test_a_success_brings_the_instance_back),
        TEST(test_a_head_is_no_success_yet),
        TEST(test_content_that_comes_for_a_while_is_a_success),
        TEST(test_what_is_being_opened_is_counted),
        TEST(test_a_fresh_one_takes_the_place_of_an_idle_one),
    };

    return cmocka_run_group_tests(tests, yard_silence, NULL);
}
