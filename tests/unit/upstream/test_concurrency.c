/* SPDX-License-Identifier: Apache-2.0
 * test_concurrency.c - places: exact over processes, shares by priority, what a dead worker had,
 * and what those that are refused are told.
 */
#include "upstream/market.h"

#include <sys/mman.h>
#include <unistd.h>

#include "upstream/concurrency.h"

enum { WORKERS = 4 };

struct house {
    struct ln_concurrency_conf conf;
    struct ln_concurrency c[WORKERS]; /* of one service, in each worker */
    size_t size;
};

static int open_house(void **state)
{
    struct house *h = calloc(1, sizeof *h);
    struct ln_load_record *r;

    if (h == NULL)
        return -1;
    h->size = sizeof *r + WORKERS * sizeof(uint32_t);
    r = mmap(NULL, h->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (r == MAP_FAILED)
        return -1;
    h->conf = (struct ln_concurrency_conf){.on = true, .limit = 10};
    for (unsigned w = 0; w < WORKERS; w++)
        h->c[w] = (struct ln_concurrency){
            .conf = &h->conf, .service = "s", .record = r, .worker = w, .workers = WORKERS};
    *state = h;
    return 0;
}

static int close_house(void **state)
{
    struct house *h = *state;

    munmap(h->c[0].record, h->size);
    free(h);
    return 0;
}

static unsigned enter(struct house *h, enum ln_priority priority, unsigned times, ln_msec now)
{
    unsigned n = 0;

    for (unsigned i = 0; i < times; i++)
        n += ln_concurrency_enter(&h->c[i % WORKERS], priority, now);
    return n;
}

static void leave_all(struct house *h)
{
    for (unsigned w = 0; w < WORKERS; w++)
        while (atomic_load(&h->c[w].record->places[w]) > 0)
            ln_concurrency_leave(&h->c[w], NOW);
}

static void test_as_many_as_there_are_places(void **state)
{
    struct house *h = *state;

    assert_int_equal(enter(h, LN_PRIORITY_NORMAL, 25, NOW), 10);
    ln_concurrency_leave(&h->c[1], NOW);
    assert_int_equal(enter(h, LN_PRIORITY_NORMAL, 25, NOW), 1);
    h->conf.limit = 12; /* a reload */
    assert_int_equal(enter(h, LN_PRIORITY_NORMAL, 25, NOW), 2);
    leave_all(h);
    assert_int_equal(enter(h, LN_PRIORITY_NORMAL, 25, NOW), 12);
}

static void test_low_ones_take_half(void **state)
{
    struct house *h = *state;

    assert_int_equal(enter(h, LN_PRIORITY_LOW, 25, NOW), 5);
    assert_int_equal(enter(h, LN_PRIORITY_NORMAL, 25, NOW), 5);
    ln_concurrency_leave(&h->c[0], NOW);
    assert_int_equal(enter(h, LN_PRIORITY_LOW, 25, NOW), 0); /* nine are inside */
    assert_int_equal(enter(h, LN_PRIORITY_HIGH, 25, NOW), 1);
    leave_all(h);
    assert_int_equal(enter(h, LN_PRIORITY_LOW, 25, NOW), 5);
}

static void test_a_tenth_is_kept_for_high_ones_that_come(void **state)
{
    struct house *h = *state;

    assert_int_equal(enter(h, LN_PRIORITY_NORMAL, 25, NOW), 10);
    assert_int_equal(enter(h, LN_PRIORITY_HIGH, 1, NOW), 0);
    leave_all(h);
    assert_int_equal(enter(h, LN_PRIORITY_NORMAL, 25, NOW + LN_CONCURRENCY_KEPT_MS - 1), 9);
    assert_int_equal(enter(h, LN_PRIORITY_HIGH, 25, NOW + LN_CONCURRENCY_KEPT_MS - 1), 1);
    leave_all(h);
    assert_int_equal(enter(h, LN_PRIORITY_NORMAL, 25, NOW + 2 * LN_CONCURRENCY_KEPT_MS), 10);
}

/* For any limit: nobody is shut out, and whoever has the higher priority has no less. */
static void test_shares_of_any_limit(void **state)
{
    (void)state;
    for (unsigned limit = 1; limit < 3000; limit++) {
        unsigned low = ln_concurrency_share(limit, LN_PRIORITY_LOW, true),
                 normal = ln_concurrency_share(limit, LN_PRIORITY_NORMAL, true),
                 all = ln_concurrency_share(limit, LN_PRIORITY_HIGH, true);

        assert_true(low >= 1 && low <= normal && normal <= all);
        assert_int_equal(all, limit);
        assert_true(limit < 2 || normal < limit);
        assert_int_equal(ln_concurrency_share(limit, LN_PRIORITY_NORMAL, false), limit);
        assert_int_equal(ln_concurrency_share(limit, LN_PRIORITY_LOW, false), low);
    }
}

/* Four processes that come and go as fast as they can: never one too many, and none is refused that
 * finds a place free. */
static void come_and_go(struct ln_concurrency *c, _Atomic uint32_t *inside, unsigned limit)
{
    for (unsigned i = 0; i < 20000; i++) {
        if (!ln_concurrency_enter(c, LN_PRIORITY_NORMAL, NOW))
            continue;
        if (atomic_fetch_add(inside, 1) >= limit)
            _exit(1);
        atomic_fetch_sub(inside, 1);
        ln_concurrency_leave(c, NOW);
    }
    _exit(0);
}

static void test_exact_over_processes(void **state)
{
    struct house *h = *state;
    _Atomic uint32_t *inside =
        mmap(NULL, sizeof *inside, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child[WORKERS];

    assert_true(inside != MAP_FAILED);
    h->conf.limit = 3;
    for (unsigned w = 0; w < WORKERS; w++) {
        child[w] = fork();
        assert_true(child[w] >= 0);
        if (child[w] == 0)
            come_and_go(&h->c[w], inside, h->conf.limit);
    }
    for (unsigned w = 0; w < WORKERS; w++) {
        int status;

        assert_int_equal(waitpid(child[w], &status, 0), child[w]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(enter(h, LN_PRIORITY_NORMAL, 25, NOW), 3);
    munmap(inside, sizeof *inside);
}

static void test_those_of_a_dead_worker_are_settled(void **state)
{
    struct market *m;
    struct ln_service *s;

    assert_int_equal(set_up(state), 0);
    m = *state;
    m->service[0].concurrency = (struct ln_concurrency_conf){.on = true, .limit = 4};
    s = OPEN(m, 1, 1);
    for (unsigned i = 0; i < 4; i++)
        assert_true(ln_concurrency_enter(&s->load, LN_PRIORITY_NORMAL, NOW));
    assert_false(ln_concurrency_enter(&s->load, LN_PRIORITY_NORMAL, NOW));
    ln_record_settle(m->shm, 1);
    assert_false(ln_concurrency_enter(&s->load, LN_PRIORITY_NORMAL, NOW));
    ln_record_settle(m->shm, 0);
    for (unsigned i = 0; i < 4; i++)
        assert_true(ln_concurrency_enter(&s->load, LN_PRIORITY_NORMAL, NOW));
    tear_down(state);
}

/* ---- what is told ---- */

static void test_retry_after_is_what_the_refused_would_take(void **state)
{
    struct house *h = *state;
    struct ln_concurrency *c = &h->c[0];
    ln_msec now = NOW;

    assert_int_equal(ln_concurrency_retry_after(c), 1);
    for (unsigned i = 0; i < 10; i++)
        assert_true(ln_concurrency_enter(c, LN_PRIORITY_NORMAL, now));
    assert_false(ln_concurrency_enter(c, LN_PRIORITY_NORMAL, now));
    assert_int_equal(ln_concurrency_retry_after(c), 2); /* one, and nobody has left */
    for (unsigned i = 0; i < 1000; i++)
        ln_concurrency_enter(c, LN_PRIORITY_NORMAL, now);
    assert_int_equal(ln_concurrency_retry_after(c), LN_CONCURRENCY_AFTER_MAX);
    now += 2000; /* all of that is forgotten */
    for (unsigned i = 0; i < 10; i++)
        ln_concurrency_leave(c, now);
    for (unsigned i = 0; i < 10 + 45; i++)
        ln_concurrency_enter(c, LN_PRIORITY_NORMAL, now);
    assert_int_equal(ln_concurrency_retry_after(c), 5); /* ten in a second, and 45 are refused */
}

static unsigned shed_level(const struct house *h)
{
    return atomic_load(&h->c[0].record->shed) & 3;
}

static void test_refusals_are_news_once(void **state)
{
    struct house *h = *state;
    struct ln_concurrency_seen seen;

    enter(h, LN_PRIORITY_LOW, 7, NOW);
    assert_int_equal(shed_level(h), LN_PRIORITY_LOW + 1);
    enter(h, LN_PRIORITY_NORMAL, 8, NOW);
    assert_int_equal(shed_level(h), LN_PRIORITY_NORMAL + 1);
    enter(h, LN_PRIORITY_LOW, 1, NOW + 5000); /* not again, but it goes on */
    assert_int_equal(shed_level(h), LN_PRIORITY_NORMAL + 1);
    leave_all(h);
    enter(h, LN_PRIORITY_NORMAL, 1, NOW + 5000 + LN_CONCURRENCY_CALM_MS - 1);
    assert_int_equal(shed_level(h), LN_PRIORITY_NORMAL + 1);
    enter(h, LN_PRIORITY_NORMAL, 1, NOW + 5000 + LN_CONCURRENCY_CALM_MS);
    assert_int_equal(shed_level(h), 0);
    ln_concurrency_see(h->c[0].record, WORKERS, &seen);
    assert_int_equal(seen.refused[LN_PRIORITY_LOW], 3);
    assert_int_equal(seen.refused[LN_PRIORITY_NORMAL], 3);
    assert_int_equal(seen.refused[LN_PRIORITY_HIGH], 0);
}

static void test_reports_need_no_configuration(void **state)
{
    struct house *h = *state;
    struct ln_concurrency_seen seen;

    ln_concurrency_publish(&h->c[0]);
    enter(h, LN_PRIORITY_NORMAL, 7, NOW);
    ln_concurrency_see(h->c[0].record, WORKERS, &seen);
    assert_false(seen.adaptive);
    assert_int_equal(seen.limit, 10);
    assert_int_equal(seen.in_flight, 7);
    h->conf = (struct ln_concurrency_conf){
        .on = true, .adaptive = true, .min = 3, .max = 1000000, .initial = 70, .tolerance = 0.5};
    ln_concurrency_publish(&h->c[0]);
    ln_concurrency_see(h->c[0].record, WORKERS, &seen);
    assert_true(seen.adaptive);
    assert_int_equal(seen.limit, 70);
}

static unsigned learned_from(struct house *h, int status)
{
    struct ln_concurrency_seen seen;
    ln_msec now = NOW;

    h->conf = (struct ln_concurrency_conf){
        .on = true, .adaptive = true, .min = 4, .max = 1000, .initial = 50, .tolerance = 0.5};
    ln_concurrency_publish(&h->c[0]);
    memset(&h->c[0].record->gradient, 0, sizeof h->c[0].record->gradient);
    for (unsigned i = 0; i < 20000; i++, now++) {
        while (ln_concurrency_enter(&h->c[i % WORKERS], LN_PRIORITY_NORMAL, now))
            ;
        ln_concurrency_answered(&h->c[i % WORKERS], 1000, status, now);
    }
    leave_all(h);
    ln_concurrency_see(h->c[0].record, WORKERS, &seen);
    return seen.limit;
}

/* Our own refusals, of which there is one in each step here, never lower the limit. */
static void test_what_lowers_a_learned_limit(void **state)
{
    struct house *h = *state;

    assert_int_equal(learned_from(h, 200), 1000);
    assert_int_equal(learned_from(h, 500), 1000); /* wrong, but not too much */
    assert_int_equal(learned_from(h, 503), 4);
    assert_int_equal(learned_from(h, 429), 4);
    assert_int_equal(learned_from(h, 504), 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_house, close_house)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_as_many_as_there_are_places),
        TEST(test_low_ones_take_half),
        TEST(test_a_tenth_is_kept_for_high_ones_that_come),
        TEST(test_exact_over_processes),
        TEST(test_retry_after_is_what_the_refused_would_take),
        TEST(test_refusals_are_news_once),
        TEST(test_reports_need_no_configuration),
        TEST(test_what_lowers_a_learned_limit),
        cmocka_unit_test(test_shares_of_any_limit),
        cmocka_unit_test(test_those_of_a_dead_worker_are_settled),
    };

    return cmocka_run_group_tests(tests, yard_silence, NULL);
}
