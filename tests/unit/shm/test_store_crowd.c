/* SPDX-License-Identifier: Apache-2.0
 * test_store_crowd.c - dictionaries and counters under many processes at once, some of which are
 * killed in the middle of their work.
 */
#include "zone.h"

#include "shm/counters.h"
#include "shm/dict.h"

enum { PROCESSES = 4, KEYS = 8, TEXT_MAX = 900 };

struct shared {
    void *zone;
    size_t size;
    _Atomic uint64_t progress, torn, doubled, inside;
    _Atomic int64_t added[KEYS], handed;
};

static struct shared *shared_new(size_t size)
{
    struct shared *s = zone_new(sizeof *s);

    s->size = size;
    s->zone = zone_new(size);
    return s;
}

static void shared_free(struct shared *s)
{
    munmap(s->zone, s->size);
    munmap(s, sizeof *s);
}

/* ---- counters ---- */

static void count(void *arg, unsigned number)
{
    struct shared *s = arg;
    struct ln_counters c;
    struct ln_rand r;
    int64_t sum;

    ln_counters_init(&c, s->zone, s->size);
    ln_rand_init(&r, number + 1);
    for (unsigned i = 0; i < 40000; i++) {
        unsigned key = (unsigned)ln_rand_below(&r, KEYS);

        if (ln_counters_incr(&c, zone_id(key), 1, 0, ZONE_NOW, &sum) == LN_COUNTERS_DONE)
            atomic_fetch_add(&s->added[key], 1);
        if (i % 16 == 0 && ln_counters_delete(&c, zone_id(key), ZONE_NOW, &sum) == LN_COUNTERS_DONE)
            atomic_fetch_add(&s->handed, sum);
    }
}

static int64_t total(struct shared *s, int64_t *added)
{
    struct ln_counters c;
    int64_t there = 0, n;

    ln_counters_init(&c, s->zone, s->size);
    *added = 0;
    for (unsigned key = 0; key < KEYS; key++) {
        *added += atomic_load(&s->added[key]);
        if (ln_counters_get(&c, zone_id(key), ZONE_NOW, &n) == LN_COUNTERS_DONE)
            there += n;
    }
    return there;
}

static void test_counters_neither_lose_nor_invent(void **state)
{
    struct shared *s = shared_new(ln_counters_size(16));
    int64_t added, there;

    (void)state;
    zone_crowd(PROCESSES, count, s);
    there = total(s, &added);
    assert_int_equal(added, 40000 * PROCESSES); /* none was refused */
    assert_int_equal(added, there + atomic_load(&s->handed));
    shared_free(s);
}

static void count_for_ever(void *arg, unsigned number)
{
    struct shared *s = arg;
    struct ln_counters c;
    struct ln_rand r;
    int64_t sum;

    ln_counters_init(&c, s->zone, s->size);
    ln_rand_init(&r, number + 1);
    for (uint64_t i = 0;; i++) {
        unsigned key = (unsigned)ln_rand_below(&r, KEYS);

        if (ln_counters_incr(&c, zone_id(key), 1, 0, ZONE_NOW, &sum) == LN_COUNTERS_DONE)
            atomic_fetch_add(&s->added[key], 1);
        /* And others that end at once, so that blocks change hands. */
        ln_counters_incr(&c, zone_id(1000 + number * 100000 + i), 1, ZONE_NOW, ZONE_NOW, &sum);
        atomic_fetch_add(&s->progress, 1);
    }
}

static void test_killed_counters_keep_what_was_acknowledged(void **state)
{
    struct shared *s = shared_new(ln_counters_size(16));
    unsigned rounds = zone_rounds(120);
    struct ln_rand r;
    int64_t added, there;

    (void)state;
    ln_rand_init(&r, 3);
    for (unsigned round = 0; round < rounds; round++) {
        zone_kill(count_for_ever, s, round, &s->progress, 1 + ln_rand_below(&r, 300));
        there = total(s, &added);
        /* A process that died between counting and saying so has counted once more. */
        assert_true(there >= added && there <= added + round + 1);
    }
    shared_free(s);
}

/* ---- values that tell whether they are whole ---- */

static struct ln_slice text_of(uint64_t n, char text[TEXT_MAX])
{
    size_t length = 8 + n % (TEXT_MAX - 8);

    memcpy(text, &n, sizeof n);
    memset(text + 8, (int)(n * 31 & 0xff), length - 8);
    return ln_slice(text, length);
}

static bool is_whole(struct ln_slice text)
{
    char wanted[TEXT_MAX];
    uint64_t n;

    if (text.n < sizeof n)
        return false;
    memcpy(&n, text.p, sizeof n);
    return ln_slice_eq(text, text_of(n, wanted));
}

static void one_turn(struct shared *s, struct ln_dict *d, struct ln_rand *r)
{
    uint64_t key = ln_rand_below(r, 40);
    struct ln_dict_key k = {zone_id(key), ln_slice((const char *)&key, sizeof key)};
    char text[TEXT_MAX];
    struct ln_dict_value v = {.type = LN_DICT_STRING}, seen;

    v.text = text_of(ln_rand_below(r, 1u << 30), text);
    switch (ln_rand_below(r, 4)) {
    case 0:
        ln_dict_set(d, &k, &v, ZONE_NOW + ln_rand_below(r, 2), ZONE_NOW);
        break;
    case 1:
        ln_dict_delete(d, &k, ZONE_NOW);
        break;
    case 2:
        if (ln_dict_get(d, &k, ZONE_NOW, &seen) != LN_DICT_DONE)
            break;
        if (!is_whole(seen.text))
            atomic_fetch_add(&s->torn, 1);
        memcpy(text, seen.text.p, seen.text.n); /* it ends with the next call */
        seen.text.p = text;
        if (ln_dict_cas(d, &k, &seen, &seen, 0, ZONE_NOW) == LN_DICT_TOO_LARGE)
            atomic_fetch_add(&s->torn, 1);
        break;
    default:
        ln_dict_set(d, &k, &v, 0, ZONE_NOW);
        break;
    }
}

static void churn(void *arg, unsigned number)
{
    struct shared *s = arg;
    struct ln_dict d;
    struct ln_rand r;

    ln_dict_init(&d, s->zone, s->size, true);
    ln_rand_init(&r, number + 1);
    for (unsigned i = 0; i < 40000; i++)
        one_turn(s, &d, &r);
    ln_dict_fini(&d);
}

static void test_values_are_whole_however_many_write(void **state)
{
    struct shared *s = shared_new(LN_DICT_SIZE_MIN); /* far too small: all is evicted soon */

    (void)state;
    zone_crowd(PROCESSES, churn, s);
    assert_int_equal(atomic_load(&s->torn), 0);
    shared_free(s);
}

static void churn_for_ever(void *arg, unsigned number)
{
    struct shared *s = arg;
    struct ln_dict d;
    struct ln_rand r;

    ln_dict_init(&d, s->zone, s->size, true);
    ln_rand_init(&r, number + 1);
    for (;;) {
        one_turn(s, &d, &r);
        atomic_fetch_add(&s->progress, 1);
    }
}

/* All blocks can be had by one who does not evict, once everything is deleted. */
static void assert_all_room(struct shared *s)
{
    struct ln_dict d;
    unsigned n = 0, blocks = (unsigned)ln_table_blocks(s->size, LN_DICT_BLOCK);
    struct ln_dict_value v = {.type = LN_DICT_TRUE};

    ln_dict_init(&d, s->zone, s->size, false);
    for (uint64_t key = 0; key < 40; key++) {
        struct ln_dict_key k = {zone_id(key), ln_slice((const char *)&key, sizeof key)};

        ln_dict_delete(&d, &k, ZONE_NOW);
    }
    for (uint64_t key = 1000; key < 1000 + blocks * 4; key++) {
        struct ln_dict_key k = {zone_id(key), ln_slice((const char *)&key, sizeof key)};

        n += ln_dict_set(&d, &k, &v, ZONE_NOW + 1, ZONE_NOW) == LN_DICT_DONE;
        d.t.searched = 0;
    }
    assert_int_equal(n, blocks);
    ln_dict_fini(&d);
}

static void test_killed_writers_tear_nothing_and_leak_nothing(void **state)
{
    struct shared *s = shared_new(LN_DICT_SIZE_MIN);
    struct ln_rand r;
    pid_t reader = fork();

    (void)state;
    if (reader == 0)
        churn_for_ever(s, 7);
    ln_rand_init(&r, 5);
    for (unsigned round = 0; round < zone_rounds(120); round++)
        zone_kill(churn_for_ever, s, 100 + round, &s->progress, 1 + ln_rand_below(&r, 200));
    kill(reader, SIGKILL);
    assert_int_equal(waitpid(reader, NULL, 0), reader);
    assert_int_equal(atomic_load(&s->torn), 0);
    assert_all_room(s);
    shared_free(s);
}

/* ---- add as a lock ---- */

static void lock_and_look(void *arg, unsigned number)
{
    struct shared *s = arg;
    struct ln_dict d;
    struct ln_dict_key k = {zone_id(1), LN_SLICE("lock")};
    struct ln_dict_value absent = {.type = LN_DICT_ABSENT},
                         mine = {.type = LN_DICT_NUMBER, .number = number};

    ln_dict_init(&d, s->zone, s->size, false);
    for (unsigned i = 0; i < 20000; i++) {
        if (ln_dict_cas(&d, &k, &absent, &mine, 0, ZONE_NOW) != LN_DICT_DONE)
            continue;
        if (atomic_fetch_add(&s->inside, 1) != 0)
            atomic_fetch_add(&s->doubled, 1);
        atomic_fetch_add(&s->progress, 1);
        atomic_fetch_sub(&s->inside, 1);
        if (ln_dict_cas(&d, &k, &mine, &absent, 0, ZONE_NOW) != LN_DICT_DONE)
            atomic_fetch_add(&s->doubled, 1);
    }
    ln_dict_fini(&d);
}

static void test_add_has_one_winner(void **state)
{
    struct shared *s = shared_new(LN_DICT_SIZE_MIN);

    (void)state;
    zone_crowd(PROCESSES, lock_and_look, s);
    assert_int_equal(atomic_load(&s->doubled), 0);
    assert_true(atomic_load(&s->progress) > 1000);
    shared_free(s);
}

static void sum_up(void *arg, unsigned number)
{
    struct shared *s = arg;
    struct ln_dict d;
    double sum;

    ln_dict_init(&d, s->zone, s->size, false);
    for (unsigned i = 0; i < 20000; i++) {
        struct ln_dict_key k = {zone_id(i % KEYS), LN_SLICE("sum")};

        if (ln_dict_incr(&d, &k, 1, 0, ZONE_NOW, &sum) == LN_DICT_DONE)
            atomic_fetch_add(&s->added[i % KEYS], 1);
    }
    ln_dict_fini(&d);
    (void)number;
}

static void test_incr_in_a_dictionary_loses_nothing(void **state)
{
    struct shared *s = shared_new(LN_DICT_SIZE_MIN);
    struct ln_dict d;
    struct ln_dict_value v;

    (void)state;
    zone_crowd(PROCESSES, sum_up, s);
    ln_dict_init(&d, s->zone, s->size, false);
    for (unsigned i = 0; i < KEYS; i++) {
        struct ln_dict_key k = {zone_id(i), LN_SLICE("sum")};

        assert_int_equal(ln_dict_get(&d, &k, ZONE_NOW, &v), LN_DICT_DONE);
        assert_int_equal(v.number, atomic_load(&s->added[i]));
        assert_int_equal(v.number, 20000 / KEYS * PROCESSES);
    }
    ln_dict_fini(&d);
    shared_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counters_neither_lose_nor_invent),
        cmocka_unit_test(test_killed_counters_keep_what_was_acknowledged),
        cmocka_unit_test(test_values_are_whole_however_many_write),
        cmocka_unit_test(test_killed_writers_tear_nothing_and_leak_nothing),
        cmocka_unit_test(test_add_has_one_winner),
        cmocka_unit_test(test_incr_in_a_dictionary_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
