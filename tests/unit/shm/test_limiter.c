/* SPDX-License-Identifier: Apache-2.0
 * test_limiter.c - the limiter against a slow model in virtual time, and many processes on one key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rand.h"
#include "shm/limiter.h"

enum { SECOND = 1000000000, START = 1000 };

struct zone {
    void *at;
    size_t size;
    struct ln_limiter_zone z;
};

static struct ln_plan gcra(uint64_t count, ln_msec per, uint64_t burst)
{
    return ln_plan_make(&(struct ln_limit){LN_LIMIT_GCRA, count, per, burst});
}

/* Shared with children, zeroed, like a zone of the region. */
static struct zone zone_new(size_t entries)
{
    struct ln_plan p = gcra(1, 1, 1);
    struct zone z = {.size = ln_limiter_size(&p, entries)};

    z.at = mmap(NULL, z.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(z.at, MAP_FAILED);
    ln_limiter_open(&z.z, &p, z.at, z.size);
    return z;
}

static void zone_free(struct zone z)
{
    munmap(z.at, z.size);
}

static struct ln_limit_answer take(struct zone z, const struct ln_plan *l, uint64_t hash,
                                   uint64_t cost, ln_nsec now)
{
    struct ln_limit_answer a;

    ln_limiter_take(&z.z, l, hash, cost, LN_PLAN_TAKE, now, &a);
    return a;
}

/* Spreads small numbers over all sets, as a real hash does. */
static uint64_t id(uint64_t n)
{
    n = (n + 1) * 0x9e3779b97f4a7c15u;
    return n ^ n >> 29;
}

static void test_burst_passes_at_once_and_then_the_rate(void **state)
{
    struct zone z = zone_new(10);
    struct ln_plan l = gcra(2, 1000, 2);
    ln_nsec now = START;

    (void)state;
    assert_true(take(z, &l, id(1), 1, now).ok);
    assert_true(take(z, &l, id(1), 1, now).ok);

    struct ln_limit_answer a = take(z, &l, id(1), 1, now);

    assert_false(a.ok);
    assert_int_equal(a.left, 0);
    assert_int_equal(a.wait, SECOND / 2);
    assert_false(take(z, &l, id(1), 1, now + SECOND / 2 - 1).ok);
    assert_true(take(z, &l, id(1), 1, now + SECOND / 2).ok);
    assert_false(take(z, &l, id(1), 1, now + SECOND / 2).ok);
    zone_free(z);
}

static void test_left_counts_down(void **state)
{
    struct zone z = zone_new(10);
    struct ln_plan l = gcra(10, 1000, 3);

    (void)state;
    for (uint64_t left = 3; left-- > 0;)
        assert_int_equal(take(z, &l, id(1), 1, START).left, left);
    zone_free(z);
}

static void test_cost_takes_several_and_zero_only_looks(void **state)
{
    struct zone z = zone_new(10);
    struct ln_plan l = gcra(1, 1000, 5);

    (void)state;
    assert_int_equal(take(z, &l, id(1), 0, START).left, 5);
    assert_int_equal(take(z, &l, id(1), 3, START).left, 2);
    assert_int_equal(take(z, &l, id(1), 0, START).left, 2);

    struct ln_limit_answer a = take(z, &l, id(1), 3, START);

    assert_false(a.ok);
    assert_int_equal(a.left, 2); /* a refusal takes nothing */
    assert_int_equal(a.wait, SECOND);
    assert_true(take(z, &l, id(1), 2, START).ok);
    zone_free(z);
}

static void test_cost_above_the_burst_never_passes(void **state)
{
    struct zone z = zone_new(10);
    struct ln_plan l = gcra(1, 1000, 5);
    struct ln_limit_answer a = take(z, &l, id(1), 6, START);

    (void)state;
    assert_false(a.ok);
    assert_int_equal(a.wait, 5ull * SECOND);
    assert_false(take(z, &l, id(1), UINT64_MAX, START).ok);
    assert_true(take(z, &l, id(1), 5, START).ok);
    zone_free(z);
}

static void test_clients_are_apart(void **state)
{
    struct zone z = zone_new(100);
    struct ln_plan l = gcra(1, 1000, 1);

    (void)state;
    for (uint64_t n = 0; n < 100; n++)
        assert_true(take(z, &l, id(n), 1, START).ok);
    for (uint64_t n = 0; n < 100; n++)
        assert_false(take(z, &l, id(n), 1, START).ok);
    zone_free(z);
}

static void test_hash_zero_is_a_client_too(void **state)
{
    struct zone z = zone_new(10);
    struct ln_plan l = gcra(1, 1000, 1);

    (void)state;
    assert_true(take(z, &l, 0, 1, START).ok);
    assert_false(take(z, &l, 0, 1, START).ok);
    zone_free(z);
}

static void test_rate_is_never_exceeded_by_rounding(void **state)
{
    struct ln_plan l = gcra(3, 1000, 1);

    (void)state;
    assert_true(l.step * 3 >= SECOND);
    assert_true(l.step * 3 < SECOND + 3);
    l = gcra(UINT64_MAX, 1, 1);
    assert_int_equal(l.step, 1);
}

static void test_enormous_spans_are_cut_and_still_limit(void **state)
{
    struct zone z = zone_new(10);
    struct ln_plan l = gcra(1, UINT64_MAX, 1000000);

    (void)state;
    assert_true(l.span <= (uint64_t)1 << 57);
    assert_true(take(z, &l, id(1), 1000000, START).ok);
    assert_false(take(z, &l, id(1), 1, START).ok);
    zone_free(z);
}

static void test_a_million_clients_take_32_megabytes(void **state)
{
    (void)state;
    struct ln_plan p = gcra(1, 1000, 1);

    assert_true(ln_limiter_size(&p, 1000000) <= 32000000);
    assert_true(ln_limiter_size(&p, 0) > 0);
}

static void test_100000_clients_keep_entries_of_their_own(void **state)
{
    struct zone z = zone_new(100000);
    struct ln_plan l = gcra(1, 1000, 1);
    unsigned refused = 0;

    (void)state;
    for (uint64_t n = 0; n < 100000; n++)
        refused += !take(z, &l, id(n), 1, START).ok;
    assert_true(refused < 100); /* those who had to share */
    for (uint64_t n = 0; n < 100000; n++)
        assert_false(take(z, &l, id(n), 1, START).ok);
    zone_free(z);
}

/* The model: one tat per client, nothing is ever forgotten. */
struct model {
    uint64_t tat[64];
};

static bool model_take(struct model *m, const struct ln_plan *l, unsigned client, uint64_t cost,
                       ln_nsec now)
{
    uint64_t base = m->tat[client] > now ? m->tat[client] : now;

    if (base + cost * l->step - now > l->span)
        return false;
    m->tat[client] = cost > 0 ? base + cost * l->step : m->tat[client];
    return true;
}

static void test_equals_the_model_while_there_is_room(void **state)
{
    struct ln_rand r;

    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct zone z = zone_new(4000);
        struct model m = {{0}};
        ln_nsec now = START;

        ln_rand_init(&r, seed);

        struct ln_plan l =
            gcra(1 + ln_rand_below(&r, 50), 1000, 1 + (unsigned)ln_rand_below(&r, 20));

        for (unsigned i = 0; i < 20000; i++) {
            unsigned client = (unsigned)ln_rand_below(&r, 64);
            uint64_t cost = ln_rand_below(&r, l.most + 1);

            now += ln_rand_below(&r, SECOND / 20);
            assert_int_equal(take(z, &l, id(client), cost, now).ok,
                             model_take(&m, &l, client, cost, now));
        }
        zone_free(z);
    }
}

/* With far too few entries some clients share a bucket. Then fewer may pass, but what passes always
 * conforms. */
static void test_never_lets_more_pass_than_the_model_in_a_full_table(void **state)
{
    struct ln_rand r;
    unsigned passed = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct zone z = zone_new(1); /* one set for 64 clients */
        struct model m = {{0}};
        ln_nsec now = START;

        ln_rand_init(&r, seed);

        struct ln_plan l =
            gcra(1 + ln_rand_below(&r, 10), 1000, 1 + (unsigned)ln_rand_below(&r, 10));

        for (unsigned i = 0; i < 20000; i++) {
            unsigned client = (unsigned)ln_rand_below(&r, 64);

            now += ln_rand_below(&r, SECOND / 50);
            if (!take(z, &l, id(client), 1, now).ok)
                continue;
            passed++;
            assert_true(model_take(&m, &l, client, 1, now));
        }
        zone_free(z);
    }
    assert_true(passed > 40 * 1000); /* and the good path is not dead */
}

static void test_a_flood_of_identities_frees_nobody(void **state)
{
    struct zone z = zone_new(1000);
    struct ln_plan l = gcra(1, 60000, 5);

    (void)state;
    assert_true(take(z, &l, id(7), 5, START).ok);
    for (uint64_t n = 1000; n < 200000; n++) {
        take(z, &l, id(n), 1, START + n);
        if (n % 1000 == 0)
            assert_false(take(z, &l, id(7), 1, START + n).ok);
    }
    assert_false(take(z, &l, id(7), 1, START + 200000).ok);
    assert_true(take(z, &l, id(7), 1, START + 60ull * SECOND).ok);
    zone_free(z);
}

static void test_leaving_the_shared_bucket_gains_nothing(void **state)
{
    struct zone z = zone_new(1);
    struct ln_plan l = gcra(1, 1000, 10);

    (void)state;
    for (uint64_t n = 0; n < 30; n++) /* all ways: full again after a second */
        assert_true(take(z, &l, id(n), 1, START).ok);
    assert_true(take(z, &l, id(99), 10, START).ok); /* shares */
    assert_false(take(z, &l, id(99), 1, START).ok);
    assert_false(take(z, &l, id(98), 1, START).ok); /* with this one */

    ln_nsec later = START + SECOND + 1; /* ways are free again */

    assert_true(take(z, &l, id(99), 1, later).ok);
    assert_false(take(z, &l, id(99), 1, later).ok);
    zone_free(z);
}

static void test_expired_entries_make_room(void **state)
{
    struct zone z = zone_new(1);
    struct ln_plan l = gcra(1000, 1000, 1);
    ln_nsec now = START;

    (void)state;
    for (uint64_t n = 0; n < 10000; n++, now += SECOND / 1000 + 1)
        assert_true(take(z, &l, id(n), 1, now).ok);
    zone_free(z);
}

/* Pairs of {tag and more, stamp}: in each set of 32 the last 30 are clients. */
static void assert_no_hash_twice(struct zone z)
{
    const uint64_t *words = z.at;

    for (size_t set = 0; set < z.size / 512; set++)
        for (unsigned a = 2; a < 32; a++)
            for (unsigned b = a + 1; b < 32; b++) {
                uint64_t tag = words[set * 64 + a * 2] >> LN_PLAN_MORE_BITS;

                assert_true(tag == 0 || tag != words[set * 64 + b * 2] >> LN_PLAN_MORE_BITS);
            }
}

enum { PROCESSES = 4 };

struct shared {
    _Atomic uint64_t passed[64], started, clock;
};

static struct shared *shared_new(void)
{
    struct shared *s =
        mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(s, MAP_FAILED);
    return s;
}

static void crowd(void (*work)(struct zone, struct shared *, uint64_t), struct zone z,
                  struct shared *s)
{
    pid_t pids[PROCESSES];

    for (unsigned i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            atomic_fetch_add(&s->started, 1);
            while (atomic_load(&s->started) < PROCESSES)
                sched_yield();
            work(z, s, i + 1);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        int status;

        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
}

static void hammer_one_key(struct zone z, struct shared *s, uint64_t seed)
{
    struct ln_plan l = gcra(1, 1000, 100000);

    (void)seed;
    for (unsigned i = 0; i < 60000; i++)
        if (take(z, &l, id(1), 1, START).ok)
            atomic_fetch_add(&s->passed[0], 1);
}

static void test_processes_on_one_key_admit_exactly_the_burst(void **state)
{
    struct zone z = zone_new(10);
    struct shared *s = shared_new();

    (void)state;
    crowd(hammer_one_key, z, s);
    assert_int_equal(atomic_load(&s->passed[0]), 100000);
    munmap(s, sizeof *s);
    zone_free(z);
}

enum { ROUNDS = 1000, KEYS = 29 };

/* Rounds in which everybody claims the same new identities at the same moment. */
static void hammer_new_keys(struct zone z, struct shared *s, uint64_t seed)
{
    struct ln_plan l = gcra(1, 1000, 3);

    for (uint64_t round = 0; round < ROUNDS; round++) {
        atomic_fetch_add(&s->clock, 1);
        while (atomic_load(&s->clock) < (round + 1) * PROCESSES)
            sched_yield();
        for (uint64_t i = 0; i < KEYS * 3; i++) {
            uint64_t key = (i + seed * 5) % KEYS;

            if (take(z, &l, id(round * KEYS + key), 1, START + round * 10 * SECOND).ok)
                atomic_fetch_add(&s->passed[key], 1);
        }
    }
}

static void test_processes_on_new_keys_admit_exactly_the_burst_of_each(void **state)
{
    struct zone z = zone_new(1);
    struct shared *s = shared_new();

    (void)state;
    crowd(hammer_new_keys, z, s);
    assert_no_hash_twice(z);
    for (unsigned key = 0; key < KEYS; key++)
        assert_int_equal(atomic_load(&s->passed[key]), 3 * ROUNDS);
    munmap(s, sizeof *s);
    zone_free(z);
}

/* All processes read one clock that only moves forward, and churn 64 clients through one set. */
static void hammer_churn(struct zone z, struct shared *s, uint64_t seed)
{
    struct ln_plan l = gcra(1000, 1000, 4);
    struct ln_rand r;

    ln_rand_init(&r, seed);
    for (unsigned i = 0; i < 150000; i++) {
        uint64_t client = ln_rand_below(&r, 64);
        ln_nsec now = START + atomic_fetch_add(&s->clock, ln_rand_below(&r, 40000));

        if (take(z, &l, id(client), 1, now).ok)
            atomic_fetch_add(&s->passed[client], 1);
    }
}

static void test_processes_churning_one_set_stay_below_rate_and_burst(void **state)
{
    struct zone z = zone_new(1);
    struct shared *s = shared_new();

    (void)state;
    crowd(hammer_churn, z, s);
    assert_no_hash_twice(z);

    uint64_t bound = 4 + atomic_load(&s->clock) / 1000000 + 1;

    for (unsigned client = 0; client < 64; client++) {
        assert_true(atomic_load(&s->passed[client]) <= bound);
        assert_true(atomic_load(&s->passed[client]) > bound / 100);
    }
    munmap(s, sizeof *s);
    zone_free(z);
}

static void hammer_frozen(struct zone z, struct shared *s, uint64_t seed)
{
    struct ln_plan l = gcra(1, 1000, 50);
    struct ln_rand r;

    ln_rand_init(&r, seed);
    for (unsigned i = 0; i < 60000; i++) {
        uint64_t client = ln_rand_below(&r, 30);

        if (take(z, &l, id(client), 1, START).ok)
            atomic_fetch_add(&s->passed[client], 1);
    }
}

static void test_processes_filling_one_set_admit_exactly_the_burst_of_each(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        struct zone z = zone_new(1);
        struct shared *s = shared_new();

        crowd(hammer_frozen, z, s);
        for (unsigned client = 0; client < 30; client++)
            assert_int_equal(atomic_load(&s->passed[client]), 50);
        munmap(s, sizeof *s);
        zone_free(z);
    }
}

/* Kills a process in the middle of its work; the zone must go on exactly, whatever instruction was
 * its last. */
static void test_killed_processes_leave_nothing_half_done(void **state)
{
    struct ln_plan l = gcra(1000, 1000, 1);
    struct zone z = zone_new(1);
    struct shared *s = shared_new();
    struct ln_rand r;

    (void)state;
    ln_rand_init(&r, 5);
    for (unsigned round = 0; round < 300; round++) {
        pid_t pid = fork();

        if (pid == 0) {
            for (uint64_t n = 0;; n++) {
                ln_nsec now = START + atomic_fetch_add(&s->clock, SECOND / 1000);

                take(z, &l, id(round * 1000000ull + n), 1, now);
                atomic_store(&s->started, n + 1);
            }
        }
        uint64_t until = 1 + ln_rand_below(&r, 200);

        while (atomic_load(&s->started) < until)
            sched_yield();
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        atomic_store(&s->started, 0);

        ln_nsec now = START + atomic_fetch_add(&s->clock, SECOND) + SECOND;

        for (uint64_t key = 0; key < 14; key++) {
            assert_true(take(z, &l, id(round * 77 + key), 1, now).ok);
            assert_false(take(z, &l, id(round * 77 + key), 1, now).ok);
        }
        assert_no_hash_twice(z);
    }
    munmap(s, sizeof *s);
    zone_free(z);
}

static void test_a_log_has_room_for_as_many_as_were_said_or_fit(void **state)
{
    struct ln_plan bucket = ln_plan_make(&(struct ln_limit){LN_LIMIT_GCRA, 4000, 1000, 1});
    struct ln_plan log = ln_plan_make(&(struct ln_limit){LN_LIMIT_SLIDING_LOG, 4000, 1000, 1});
    size_t fit = ln_limiter_entries(&log, 1000000, false);

    (void)state;
    assert_int_equal(ln_limiter_entries(&bucket, 1 << 26, false), 1 << 26);
    assert_int_equal(ln_limiter_entries(&log, 1000000, true), 1000000);
    assert_int_equal(ln_limiter_entries(&log, 100, false), 100);
    assert_true(ln_limiter_size(&log, fit) < (65 << 20) && fit > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_passes_at_once_and_then_the_rate),
        cmocka_unit_test(test_left_counts_down),
        cmocka_unit_test(test_cost_takes_several_and_zero_only_looks),
        cmocka_unit_test(test_cost_above_the_burst_never_passes),
        cmocka_unit_test(test_clients_are_apart),
        cmocka_unit_test(test_hash_zero_is_a_client_too),
        cmocka_unit_test(test_rate_is_never_exceeded_by_rounding),
        cmocka_unit_test(test_enormous_spans_are_cut_and_still_limit),
        cmocka_unit_test(test_a_million_clients_take_32_megabytes),
        cmocka_unit_test(test_a_log_has_room_for_as_many_as_were_said_or_fit),
        cmocka_unit_test(test_100000_clients_keep_entries_of_their_own),
        cmocka_unit_test(test_equals_the_model_while_there_is_room),
        cmocka_unit_test(test_never_lets_more_pass_than_the_model_in_a_full_table),
        cmocka_unit_test(test_a_flood_of_identities_frees_nobody),
        cmocka_unit_test(test_leaving_the_shared_bucket_gains_nothing),
        cmocka_unit_test(test_expired_entries_make_room),
        cmocka_unit_test(test_processes_on_one_key_admit_exactly_the_burst),
        cmocka_unit_test(test_processes_on_new_keys_admit_exactly_the_burst_of_each),
        cmocka_unit_test(test_processes_churning_one_set_stay_below_rate_and_burst),
        cmocka_unit_test(test_processes_filling_one_set_admit_exactly_the_burst_of_each),
        cmocka_unit_test(test_killed_processes_leave_nothing_half_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
