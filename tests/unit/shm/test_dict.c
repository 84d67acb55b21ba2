/* SPDX-License-Identifier: Apache-2.0
 * test_dict.c - the dictionary by itself: values, ends, room, and against a model.
 */
#include "zone.h"

#include <math.h>
#include <stdio.h>

#include "base/hash.h"
#include "shm/dict.h"

struct fixture {
    void *zone;
    size_t size;
    struct ln_dict d;
    struct ln_dict_value v;
};

static void open_dict(struct fixture *x, size_t size, bool evicts)
{
    *x = (struct fixture){.zone = zone_new(size), .size = size};
    ln_dict_init(&x->d, x->zone, size, evicts);
}

static void close_dict(struct fixture *x)
{
    ln_dict_fini(&x->d);
    munmap(x->zone, x->size);
}

static struct ln_dict_key key(const char *text)
{
    static const struct ln_hash_key hash = {1, 2};
    struct ln_slice s = ln_slice_of(text);

    return (struct ln_dict_key){ln_hash(&hash, s.p, s.n), s};
}

static struct ln_dict_value string(const char *text)
{
    return (struct ln_dict_value){.type = LN_DICT_STRING, .text = ln_slice_of(text)};
}

static struct ln_dict_value number(double n)
{
    return (struct ln_dict_value){.type = LN_DICT_NUMBER, .number = n};
}

static const struct ln_dict_value absent = {.type = LN_DICT_ABSENT};

static enum ln_dict_rc get(struct fixture *x, const char *k, ln_nsec now)
{
    struct ln_dict_key dk = key(k);

    return ln_dict_get(&x->d, &dk, now, &x->v);
}

static enum ln_dict_rc set(struct fixture *x, const char *k, struct ln_dict_value v,
                           ln_nsec expires)
{
    struct ln_dict_key dk = key(k);

    return ln_dict_set(&x->d, &dk, &v, expires, ZONE_NOW);
}

static enum ln_dict_rc cas(struct fixture *x, const char *k, struct ln_dict_value old,
                           struct ln_dict_value v, ln_nsec now)
{
    struct ln_dict_key dk = key(k);

    return ln_dict_cas(&x->d, &dk, &old, &v, 0, now);
}

#define assert_is(x, k, now, wanted)                                                               \
    do {                                                                                           \
        assert_int_equal(get(x, k, now), LN_DICT_DONE);                                            \
        assert_int_equal((x)->v.type, LN_DICT_STRING);                                             \
        assert_slice((x)->v.text, wanted);                                                         \
    } while (0)

static void test_values_come_back_with_their_type(void **state)
{
    struct fixture x;

    (void)state;
    open_dict(&x, 1 << 16, true);
    assert_int_equal(get(&x, "k", ZONE_NOW), LN_DICT_NOT);
    assert_int_equal(set(&x, "k", string("one"), 0), LN_DICT_DONE);
    assert_is(&x, "k", ZONE_NOW, "one");
    assert_int_equal(set(&x, "k", string(""), 0), LN_DICT_DONE);
    assert_is(&x, "k", ZONE_NOW, "");
    set(&x, "k", number(-0.5), 0);
    assert_int_equal(get(&x, "k", ZONE_NOW), LN_DICT_DONE);
    assert_int_equal(x.v.type, LN_DICT_NUMBER);
    assert_true(x.v.number == -0.5);
    set(&x, "k", (struct ln_dict_value){.type = LN_DICT_FALSE}, 0);
    assert_int_equal(get(&x, "k", ZONE_NOW), LN_DICT_DONE);
    assert_int_equal(x.v.type, LN_DICT_FALSE);
    set(&x, "", (struct ln_dict_value){.type = LN_DICT_TRUE}, 0);
    assert_int_equal(get(&x, "", ZONE_NOW), LN_DICT_DONE);
    assert_int_equal(x.v.type, LN_DICT_TRUE);
    close_dict(&x);
}

/* Every length around the ends of blocks, of keys and of values. */
static void test_lengths_across_blocks(void **state)
{
    struct fixture x;
    char text[700], k[700];

    (void)state;
    open_dict(&x, 1 << 18, true);
    for (size_t n = 0; n < sizeof text; n++)
        text[n] = (char)('a' + n % 23);
    for (size_t kn = 0; kn < 220; kn += kn < 80 || kn > 96 ? 7 : 1)
        for (size_t n = 0; n < 600; n += n % 90 < 10 ? 1 : 9) {
            struct ln_dict_key dk = {zone_id(kn * 1000 + n), ln_slice(k, kn)};
            struct ln_dict_value v = {.type = LN_DICT_STRING, .text = ln_slice(text, n)};

            memcpy(k, text + 5, kn);
            assert_int_equal(ln_dict_set(&x.d, &dk, &v, 0, ZONE_NOW), LN_DICT_DONE);
            assert_int_equal(ln_dict_get(&x.d, &dk, ZONE_NOW, &x.v), LN_DICT_DONE);
            assert_int_equal(x.v.text.n, n);
            assert_memory_equal(x.v.text.p, text, n);
        }
    close_dict(&x);
}

static void test_keys_of_one_hash_are_told_apart(void **state)
{
    struct fixture x;
    struct ln_dict_key a = {7, LN_SLICE("a")}, b = {7, LN_SLICE("b")};
    struct ln_dict_value v = string("of a");

    (void)state;
    open_dict(&x, 1 << 16, true);
    ln_dict_set(&x.d, &a, &v, 0, ZONE_NOW);
    assert_int_equal(ln_dict_get(&x.d, &b, ZONE_NOW, &x.v), LN_DICT_NOT);
    v = string("of b");
    ln_dict_set(&x.d, &b, &v, 0, ZONE_NOW);
    ln_dict_get(&x.d, &a, ZONE_NOW, &x.v);
    assert_slice(x.v.text, "of a");
    close_dict(&x);
}

static void test_values_end(void **state)
{
    struct fixture x;

    (void)state;
    open_dict(&x, 1 << 16, true);
    set(&x, "k", string("v"), ZONE_NOW + 10);
    assert_is(&x, "k", ZONE_NOW + 9, "v");
    assert_int_equal(get(&x, "k", ZONE_NOW + 10), LN_DICT_NOT);
    assert_int_equal(cas(&x, "k", string("v"), string("w"), ZONE_NOW + 10), LN_DICT_NOT);
    assert_int_equal(cas(&x, "k", absent, string("w"), ZONE_NOW + 10), LN_DICT_DONE);
    assert_is(&x, "k", ZONE_NOW + 1000, "w");
    close_dict(&x);
}

static void test_cas_changes_what_is_as_expected(void **state)
{
    struct fixture x;

    (void)state;
    open_dict(&x, 1 << 16, true);
    assert_int_equal(cas(&x, "k", string("x"), string("y"), ZONE_NOW), LN_DICT_NOT);
    assert_int_equal(cas(&x, "k", absent, number(1), ZONE_NOW), LN_DICT_DONE);
    assert_int_equal(cas(&x, "k", absent, number(2), ZONE_NOW), LN_DICT_NOT);
    assert_int_equal(cas(&x, "k", string("1"), number(2), ZONE_NOW), LN_DICT_NOT);
    assert_int_equal(cas(&x, "k", number(2), number(2), ZONE_NOW), LN_DICT_NOT);
    assert_int_equal(cas(&x, "k", number(1), string("long enough to differ late"), ZONE_NOW),
                     LN_DICT_DONE);
    assert_int_equal(cas(&x, "k", string("long enough to differ latf"), absent, ZONE_NOW),
                     LN_DICT_NOT);
    assert_int_equal(cas(&x, "k", string("long enough to differ late"), absent, ZONE_NOW),
                     LN_DICT_DONE);
    assert_int_equal(get(&x, "k", ZONE_NOW), LN_DICT_NOT);
    assert_int_equal(cas(&x, "k", absent, absent, ZONE_NOW), LN_DICT_DONE);
    close_dict(&x);
}

static void test_delete_tells_whether_there_was_one(void **state)
{
    struct fixture x;
    struct ln_dict_key k = key("k");

    (void)state;
    open_dict(&x, 1 << 16, true);
    assert_int_equal(ln_dict_delete(&x.d, &k, ZONE_NOW), LN_DICT_NOT);
    set(&x, "k", string("v"), ZONE_NOW + 5);
    assert_int_equal(ln_dict_delete(&x.d, &k, ZONE_NOW + 5), LN_DICT_NOT);
    set(&x, "k", string("v"), 0);
    assert_int_equal(ln_dict_delete(&x.d, &k, ZONE_NOW), LN_DICT_DONE);
    assert_int_equal(get(&x, "k", ZONE_NOW), LN_DICT_NOT);
    close_dict(&x);
}

static void test_incr_adds_and_keeps_the_end(void **state)
{
    struct fixture x;
    struct ln_dict_key k = key("k");
    double sum;

    (void)state;
    open_dict(&x, 1 << 16, true);
    assert_int_equal(ln_dict_incr(&x.d, &k, 2.5, ZONE_NOW + 10, ZONE_NOW, &sum), LN_DICT_DONE);
    assert_true(sum == 2.5);
    assert_int_equal(ln_dict_incr(&x.d, &k, -1, 0, ZONE_NOW + 9, &sum), LN_DICT_DONE);
    assert_true(sum == 1.5);
    assert_int_equal(ln_dict_incr(&x.d, &k, 1, 0, ZONE_NOW + 10, &sum), LN_DICT_DONE);
    assert_true(sum == 1);
    assert_int_equal(get(&x, "k", ZONE_NOW + 10000), LN_DICT_DONE);
    set(&x, "k", string("1"), 0);
    assert_int_equal(ln_dict_incr(&x.d, &k, 1, 0, ZONE_NOW, &sum), LN_DICT_NO_NUMBER);
    assert_is(&x, "k", ZONE_NOW, "1");
    close_dict(&x);
}

/* It equals nothing, itself neither: waiting until it does would be waiting for ever. */
static void test_incr_of_what_is_no_number_of_the_numbers(void **state)
{
    struct fixture x;
    struct ln_dict_key k = key("k");
    double sum;

    (void)state;
    open_dict(&x, 1 << 16, true);
    assert_int_equal(ln_dict_incr(&x.d, &k, NAN, 0, ZONE_NOW, &sum), LN_DICT_DONE);
    assert_int_equal(ln_dict_incr(&x.d, &k, 1, 0, ZONE_NOW, &sum), LN_DICT_DONE);
    assert_true(isnan(sum));
    assert_int_equal(ln_dict_delete(&x.d, &k, ZONE_NOW), LN_DICT_DONE);
    assert_int_equal(ln_dict_incr(&x.d, &k, INFINITY, 0, ZONE_NOW, &sum), LN_DICT_DONE);
    assert_int_equal(ln_dict_incr(&x.d, &k, -INFINITY, 0, ZONE_NOW, &sum), LN_DICT_DONE);
    assert_int_equal(ln_dict_incr(&x.d, &k, 1, 0, ZONE_NOW, &sum), LN_DICT_DONE);
    assert_true(isnan(sum));
    close_dict(&x);
}

static void test_records_have_a_bound(void **state)
{
    struct fixture x;
    size_t most;

    (void)state;
    open_dict(&x, LN_DICT_SIZE_MIN, true);
    most = ln_dict_record_max(&x.d);
    assert_true(most > 500 && most <= LN_DICT_SIZE_MIN / 8);

    char *text = malloc(most + 1);
    struct ln_dict_key k = key("key");
    struct ln_dict_value v = {.type = LN_DICT_STRING, .text = ln_slice(text, most - 2)};

    memset(text, 'x', most + 1);
    assert_int_equal(ln_dict_set(&x.d, &k, &v, 0, ZONE_NOW), LN_DICT_TOO_LARGE);
    v.text.n--;
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(ln_dict_set(&x.d, &k, &v, 0, ZONE_NOW), LN_DICT_DONE);
    assert_int_equal(get(&x, "key", ZONE_NOW), LN_DICT_DONE);
    assert_int_equal(x.v.text.n, most - 3);
    k.text = ln_slice(text, most + 1);
    v = absent;
    assert_int_equal(ln_dict_cas(&x.d, &k, &v, &v, 0, ZONE_NOW), LN_DICT_TOO_LARGE);
    assert_int_equal(ln_dict_get(&x.d, &k, ZONE_NOW, &x.v), LN_DICT_NOT);
    free(text);
    close_dict(&x);
}

static void put_many(struct fixture *x, unsigned from, unsigned to, ln_nsec expires, unsigned *full)
{
    for (unsigned i = from; i < to; i++) {
        char k[16];

        snprintf(k, sizeof k, "%u", i);
        *full += set(x, k, string("some value"), expires) == LN_DICT_FULL;
    }
}

static unsigned count_many(struct fixture *x, unsigned from, unsigned to)
{
    unsigned there = 0;

    for (unsigned i = from; i < to; i++) {
        char k[16];

        snprintf(k, sizeof k, "%u", i);
        there += get(x, k, ZONE_NOW) == LN_DICT_DONE;
    }
    return there;
}

static void test_what_was_used_lately_stays_when_room_is_short(void **state)
{
    struct fixture x;
    struct ln_table_counts counts;
    unsigned full = 0;

    (void)state;
    open_dict(&x, 1 << 16, true);
    ln_table_count(&x.d.t, &counts);
    put_many(&x, 0, 10, 0, &full);
    for (unsigned round = 0; round < 50; round++) {
        assert_true(count_many(&x, 0, 10) >= 9); /* uses them */
        put_many(&x, 1000 + round * 100, 1100 + round * 100, 0, &full);
    }
    assert_int_equal(full, 0);
    assert_true(count_many(&x, 1000, 6000) > counts.blocks / 2);
    ln_table_count(&x.d.t, &counts);
    assert_true(counts.evicted >= 5000 - counts.blocks);
    assert_true(counts.used <= counts.blocks);
    close_dict(&x);
}

static void test_what_is_written_again_counts_as_used(void **state)
{
    struct fixture x;
    struct ln_dict_key k = key("sum");
    unsigned full = 0;
    double sum = 0;

    (void)state;
    open_dict(&x, 1 << 16, true);
    for (unsigned i = 0; i < 20000; i++) {
        assert_int_equal(ln_dict_incr(&x.d, &k, 1, 0, ZONE_NOW, &sum), LN_DICT_DONE);
        put_many(&x, i, i + 2, 0, &full);
    }
    assert_true(sum == 20000);
    close_dict(&x);
}

static void test_the_expired_go_before_the_living(void **state)
{
    struct fixture x;
    unsigned full = 0;
    struct ln_table_counts counts;

    (void)state;
    open_dict(&x, 1 << 16, true);
    put_many(&x, 0, 150, 0, &full);
    put_many(&x, 1000, 1160, ZONE_NOW, &full); /* over at once */
    put_many(&x, 2000, 2120, 0, &full);
    ln_table_count(&x.d.t, &counts);
    assert_true(counts.evicted <= 8); /* until the scout had come to them */
    assert_int_equal(count_many(&x, 0, 150) + count_many(&x, 2000, 2120), 270 - counts.evicted);
    put_many(&x, 3000, 3040, 0, &full);
    ln_table_count(&x.d.t, &counts);
    assert_true(counts.evicted <= 8);
    close_dict(&x);
}

static void test_one_key_set_for_ever_pushes_nobody_out(void **state)
{
    struct fixture x;
    unsigned full = 0;
    char text[1500];

    (void)state;
    open_dict(&x, 1 << 16, true);
    put_many(&x, 0, 200, 0, &full);
    memset(text, 'x', sizeof text);
    for (unsigned i = 0; i < 5000; i++) {
        text[i % 1499] = '\0';
        assert_int_equal(set(&x, "hot", string(text), 0), LN_DICT_DONE);
        text[i % 1499] = 'x';
    }
    text[1499] = '\0';
    assert_int_equal(count_many(&x, 0, 200), 200);
    close_dict(&x);
}

static void test_without_eviction_nothing_is_lost_and_newcomers_are_refused(void **state)
{
    struct fixture x;
    struct ln_table_counts counts;
    unsigned full = 0;
    ln_nsec now = ZONE_NOW;

    (void)state;
    open_dict(&x, 1 << 16, false);
    put_many(&x, 0, 1000, 0, &full);
    ln_table_count(&x.d.t, &counts);
    assert_int_equal(count_many(&x, 0, 1000), 1000 - full);
    assert_true(1000 - full > counts.blocks * 9 / 10);
    assert_int_equal(counts.full, full);
    assert_int_equal(counts.evicted, 0);

    struct ln_dict_key k = key("0");

    assert_int_equal(set(&x, "new", string("v"), 0), LN_DICT_FULL);
    assert_int_equal(set(&x, "1", string("v"), 0),
                     LN_DICT_FULL); /* needs a block while it has one */
    assert_is(&x, "1", now, "some value");
    assert_int_equal(ln_dict_delete(&x.d, &k, now), LN_DICT_DONE);
    assert_int_equal(set(&x, "1", string("v"), 0), LN_DICT_DONE);
    assert_is(&x, "1", now, "v");
    close_dict(&x);
}

static void test_a_view_opened_later_sees_the_same(void **state)
{
    struct fixture x;
    struct ln_dict other;
    struct ln_dict_key k = key("k");

    (void)state;
    open_dict(&x, 1 << 16, true);
    set(&x, "k", string("v"), 0);
    ln_dict_init(&other, x.zone, x.size, false);
    assert_int_equal(ln_dict_get(&other, &k, ZONE_NOW, &x.v), LN_DICT_DONE);
    assert_slice(x.v.text, "v");
    ln_dict_fini(&other);
    close_dict(&x);
}

/* ---- against a model ---- */

enum { KEYS = 40 };

struct model {
    struct {
        bool there;
        double value;
        ln_nsec expires;
    } of[KEYS];
};

static void one_deed(struct fixture *x, struct model *m, struct ln_rand *r, ln_nsec now)
{
    unsigned i = (unsigned)ln_rand_below(r, KEYS);
    struct ln_dict_key k = {zone_id(i), ln_slice((const char *)&i, sizeof i)};
    bool there = m->of[i].there && (m->of[i].expires == 0 || m->of[i].expires > now);
    ln_nsec expires = ln_rand_below(r, 2) ? now + 1 + ln_rand_below(r, 100) : 0;
    struct ln_dict_value old = there && ln_rand_below(r, 2) ? number(m->of[i].value) : absent,
                         new = number((double)ln_rand_below(r, 5));
    double sum;

    switch (ln_rand_below(r, 5)) {
    case 0:
        assert_int_equal(ln_dict_set(&x->d, &k, &new, expires, now), LN_DICT_DONE);
        break;
    case 1:
        if (there != (old.type != LN_DICT_ABSENT)) {
            assert_int_equal(ln_dict_cas(&x->d, &k, &old, &new, expires, now), LN_DICT_NOT);
            return;
        }
        assert_int_equal(ln_dict_cas(&x->d, &k, &old, &new, expires, now), LN_DICT_DONE);
        break;
    case 2:
        assert_int_equal(ln_dict_delete(&x->d, &k, now), there ? LN_DICT_DONE : LN_DICT_NOT);
        m->of[i].there = false;
        return;
    case 3:
        assert_int_equal(ln_dict_incr(&x->d, &k, 1, expires, now, &sum), LN_DICT_DONE);
        new.number = there ? m->of[i].value + 1 : 1;
        expires = there ? m->of[i].expires : expires;
        assert_true(sum == new.number);
        break;
    default:
        assert_int_equal(ln_dict_get(&x->d, &k, now, &x->v), there ? LN_DICT_DONE : LN_DICT_NOT);
        if (there)
            assert_true(x->v.number == m->of[i].value);
        return;
    }
    m->of[i].there = true;
    m->of[i].value = new.number;
    m->of[i].expires = expires;
}

static void test_does_what_the_model_does(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= zone_rounds(30); seed++) {
        struct fixture x;
        struct model m = {0};
        struct ln_rand r;
        ln_nsec now = ZONE_NOW;

        open_dict(&x, LN_DICT_SIZE_MIN, false); /* room for all, and not much more */
        ln_rand_init(&r, seed);
        for (unsigned i = 0; i < 20000; i++) {
            now += ln_rand_below(&r, 8);
            one_deed(&x, &m, &r, now);
        }
        close_dict(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_come_back_with_their_type),
        cmocka_unit_test(test_lengths_across_blocks),
        cmocka_unit_test(test_keys_of_one_hash_are_told_apart),
        cmocka_unit_test(test_values_end),
        cmocka_unit_test(test_cas_changes_what_is_as_expected),
        cmocka_unit_test(test_delete_tells_whether_there_was_one),
        cmocka_unit_test(test_incr_adds_and_keeps_the_end),
        cmocka_unit_test(test_incr_of_what_is_no_number_of_the_numbers),
        cmocka_unit_test(test_records_have_a_bound),
        cmocka_unit_test(test_what_was_used_lately_stays_when_room_is_short),
        cmocka_unit_test(test_what_is_written_again_counts_as_used),
        cmocka_unit_test(test_the_expired_go_before_the_living),
        cmocka_unit_test(test_one_key_set_for_ever_pushes_nobody_out),
        cmocka_unit_test(test_without_eviction_nothing_is_lost_and_newcomers_are_refused),
        cmocka_unit_test(test_a_view_opened_later_sees_the_same),
        cmocka_unit_test(test_does_what_the_model_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
