/* SPDX-License-Identifier: Apache-2.0
 * test_store_steps.c - dictionaries and counters under chosen interleavings: at every swap or look
 * that one worker is about to make or has just made, another one does something, or the first one
 * dies.
 *
 * Processes that race by chance meet the narrow windows too rarely. Here swaps and looks are ours:
 * they call a hook.
 */
#include "zone.h"

#define ln_pair_cas real_pair_cas
#define ln_pair_read real_pair_read
#define ln_word_cas real_word_cas
#define ln_word_get real_word_get
#include "shm/pair.h"
#include "shm/word.h"
#undef ln_pair_cas
#undef ln_pair_read
#undef ln_word_cas
#undef ln_word_get

static struct {
    unsigned at; /* the hook is called before the at-th step from now, or after it */
    bool after;
    void (*hook)(void);
    unsigned again; /* not 0: and once more so many steps later */
} plan;

static void (*due(void))(void)
{
    void (*hook)(void) = plan.hook;

    if (hook == NULL || plan.at-- > 0)
        return NULL;
    plan.hook = NULL; /* what the hook does is not disturbed itself */
    return hook;
}

static void call(void (*hook)(void))
{
    unsigned again = plan.again;

    if (hook == NULL)
        return;
    plan.again = 0;
    hook();
    plan.at = again - 1;
    plan.hook = again > 0 ? hook : NULL;
}

static bool ln_pair_cas(struct ln_pair *p, struct ln_pair from, struct ln_pair to)
{
    void (*hook)(void) = due();

    if (!plan.after)
        call(hook);
    bool done = real_pair_cas(p, from, to);
    if (plan.after)
        call(hook);
    return done;
}

static struct ln_pair ln_pair_read(const struct ln_pair *p)
{
    void (*hook)(void) = due();

    if (!plan.after)
        call(hook);
    struct ln_pair seen = real_pair_read(p);
    if (plan.after)
        call(hook);
    return seen;
}

static bool ln_word_cas(uint64_t *w, uint64_t from, uint64_t to)
{
    void (*hook)(void) = due();

    if (!plan.after)
        call(hook);
    bool done = real_word_cas(w, from, to);
    if (plan.after)
        call(hook);
    return done;
}

static uint64_t ln_word_get(const uint64_t *w)
{
    void (*hook)(void) = due();

    if (!plan.after)
        call(hook);
    uint64_t seen = real_word_get(w);
    if (plan.after)
        call(hook);
    return seen;
}

/* The real ones, on our steps. */
#define drop table_drop_
#define find table_find
#include "shm/table.c"
#undef find
#define find dict_find
#define found dict_found
#define make dict_make
#undef drop
#include "shm/dict.c"
#undef find
#undef found
#undef make
#define find counters_find
#define found counters_found
#define make counters_make
#include "shm/counters.c"

enum { STEPS_MAX = 100, BLOCKS = 16 };

static char *zone;
static size_t zone_size;
static struct ln_dict first, second;
static struct ln_counters first_counters, second_counters;
static jmp_buf death;

/* A process that is no more. */
static uint32_t dead_pid(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return (uint32_t)pid;
}

static void fresh(size_t size, bool evicts, uint32_t pid)
{
    if (zone != NULL)
        munmap(zone, zone_size);
    zone_size = size;
    zone = zone_new(size);
    ln_dict_init(&first, zone, size, evicts);
    ln_dict_init(&second, zone, size, evicts);
    if (pid != 0)
        first.t.pid = pid;
    else
        first.t.pid = (uint32_t)getppid() & PID_MASK; /* lives, and is not us */
}

static void views_fini(void)
{
    ln_dict_fini(&first);
    ln_dict_fini(&second);
}

static void die(void)
{
    longjmp(death, 1);
}

/* ---- deeds on one key, and what they do to a model of it ---- */

enum kind { GET, SET, ADD, CAS, DELETE, INCR, KINDS };

struct outcome {
    enum ln_dict_rc rc;
    double value; /* GET and INCR: what it told */
};

static const struct ln_dict_key the_key = {
    12345, LN_SLICE("a key that takes more than a single block to write it down, so that chains of "
                    "blocks are at stake too, and not only their heads")};

static struct outcome act(struct ln_dict *d, enum kind kind, double n)
{
    struct ln_dict_value v = {.type = LN_DICT_NUMBER, .number = n}, old = v, got = {0};
    struct outcome o = {0};

    old.number = 1;
    switch (kind) {
    case GET:
        o.rc = ln_dict_get(d, &the_key, ZONE_NOW, &got);
        o.value = o.rc == LN_DICT_DONE ? got.number : 0;
        break;
    case SET:
        o.rc = ln_dict_set(d, &the_key, &v, 0, ZONE_NOW);
        break;
    case ADD:
        old.type = LN_DICT_ABSENT;
        o.rc = ln_dict_cas(d, &the_key, &old, &v, 0, ZONE_NOW);
        break;
    case CAS:
        o.rc = ln_dict_cas(d, &the_key, &old, &v, 0, ZONE_NOW);
        break;
    case DELETE:
        o.rc = ln_dict_delete(d, &the_key, ZONE_NOW);
        break;
    default:
        o.rc = ln_dict_incr(d, &the_key, n, 0, ZONE_NOW, &o.value);
        break;
    }
    return o;
}

/* `state`: 0 = absent, else the value. */
static struct outcome act_model(double *state, enum kind kind, double n)
{
    struct outcome o = {LN_DICT_DONE, 0};

    switch (kind) {
    case GET:
        o.rc = *state != 0 ? LN_DICT_DONE : LN_DICT_NOT;
        o.value = *state;
        break;
    case SET:
        *state = n;
        break;
    case ADD:
        o.rc = *state == 0 ? LN_DICT_DONE : LN_DICT_NOT;
        *state = *state == 0 ? n : *state;
        break;
    case CAS:
        o.rc = *state == 1 ? LN_DICT_DONE : LN_DICT_NOT;
        *state = *state == 1 ? n : *state;
        break;
    case DELETE:
        o.rc = *state != 0 ? LN_DICT_DONE : LN_DICT_NOT;
        *state = 0;
        break;
    default:
        *state += n;
        o.value = *state;
        break;
    }
    return o;
}

static bool same(struct outcome a, struct outcome b)
{
    return a.rc == b.rc && a.value == b.value;
}

static enum kind second_kind;
static struct outcome second_outcome;
static bool second_acted;

static void another_acts(void)
{
    second_outcome = act(&second, second_kind, 20);
    second_acted = true;
}

/* The outcomes of both and what is left must be those of one order or of the other. */
static void assert_one_order(enum kind a, enum kind b, double start, struct outcome of_a,
                             struct outcome of_b)
{
    double ab = start, ba = start;
    struct outcome ab_a = act_model(&ab, a, 10), ab_b = act_model(&ab, b, 20),
                   ba_b = act_model(&ba, b, 20), ba_a = act_model(&ba, a, 10),
                   left = act(&second, GET, 0);
    bool in_order = same(ab_a, of_a) && same(ab_b, of_b) && left.value == ab;

    assert_true(in_order || (same(ba_a, of_a) && same(ba_b, of_b) && left.value == ba));
}

static void begin_with(double start)
{
    fresh(ln_table_size(BLOCKS, LN_DICT_BLOCK), false, 0);
    if (start != 0)
        act(&second, SET, start);
}

static void test_two_deeds_on_one_key_have_an_order(void **state)
{
    unsigned tried = 0;

    (void)state;
    for (unsigned all = 0; all < KINDS * KINDS * STEPS_MAX * 2 * 2; all++) {
        enum kind a = all % KINDS;
        double start = all / KINDS / KINDS / STEPS_MAX / 2;

        second_kind = all / KINDS % KINDS;
        begin_with(start);
        second_acted = false;
        plan.at = all / KINDS / KINDS % STEPS_MAX;
        plan.after = all / KINDS / KINDS / STEPS_MAX % 2;
        plan.hook = another_acts;

        struct outcome of_first = act(&first, a, 10);

        plan.hook = NULL;
        if (!second_acted) /* there were not so many swaps */
            another_acts();
        else
            tried++;
        assert_one_order(a, second_kind, start, of_first, second_outcome);
        views_fini();
    }
    assert_true(tried > 300);
}

/* ---- death ---- */

/* How many records of one block there is room for. */
static unsigned room(struct ln_dict *d)
{
    unsigned n = 0;
    struct ln_dict_value v = {.type = LN_DICT_TRUE};

    for (unsigned i = 0; i < 4 * BLOCKS; i++) {
        struct ln_dict_key k = {zone_id(i), LN_SLICE("k")};

        n += ln_dict_set(d, &k, &v, 0, ZONE_NOW) == LN_DICT_DONE;
        d->t.searched = 0; /* looks again each time */
    }
    for (unsigned i = 0; i < 4 * BLOCKS; i++) {
        struct ln_dict_key k = {zone_id(i), LN_SLICE("k")};

        ln_dict_delete(d, &k, ZONE_NOW);
    }
    return n;
}

static void die_in(enum kind a, uint32_t pid, unsigned step, bool after)
{
    ln_dict_fini(&first);
    ln_dict_init(&first, zone, zone_size, false);
    first.t.pid = pid;
    plan.at = step;
    plan.after = after;
    plan.hook = die;
    if (setjmp(death) == 0)
        act(&first, a, 10);
    plan.hook = NULL;
}

static void test_death_at_any_step_leaves_all_or_nothing_and_all_the_room(void **state)
{
    uint32_t pid = dead_pid();

    (void)state;
    for (unsigned all = 0; all < KINDS * STEPS_MAX * 2 * 2; all++) {
        enum kind a = all % KINDS;
        double start = all / KINDS / STEPS_MAX / 2, after = start;
        struct outcome left;

        begin_with(start);
        die_in(a, pid, all / KINDS % STEPS_MAX, all / KINDS / STEPS_MAX % 2);
        act_model(&after, a, 10);
        left = act(&second, GET, 0);
        assert_true(left.value == start || left.value == after);
        room(&second); /* whoever looks for room finds out what the dead one had published */
        assert_true(same(act(&second, GET, 0), left));

        for (unsigned again = 0; again < 20; again++)
            die_in(a, pid, all / KINDS % STEPS_MAX, all / KINDS / STEPS_MAX % 2);
        act(&second, DELETE, 0);
        assert_int_equal(room(&second), BLOCKS);
        views_fini();
    }
}

/* ---- a full table that evicts ---- */

/* Everything goes, and every block changes hands, several times. */
static void another_fills_it(void)
{
    for (uint64_t i = 0; i < 3 * BLOCKS; i++) {
        struct ln_dict_key k = {zone_id(i), LN_SLICE("other")};
        struct ln_dict_value v = {.type = LN_DICT_NUMBER, .number = (double)i};

        ln_dict_set(&second, &k, &v, 0, ZONE_NOW);
    }
    act(&second, SET, 5);
    second_acted = true;
}

static void assert_whole(void)
{
    for (uint64_t i = 0; i < 3 * BLOCKS; i++) {
        struct ln_dict_key k = {zone_id(i), LN_SLICE("other")};
        struct ln_dict_value v;

        if (ln_dict_get(&second, &k, ZONE_NOW, &v) == LN_DICT_DONE)
            assert_true(v.number == (double)i);
        ln_dict_delete(&second, &k, ZONE_NOW);
    }
    act(&second, DELETE, 0);
    second.t.evicts = false;
    assert_int_equal(room(&second), BLOCKS);
}

static void test_a_flood_in_the_middle_tears_nothing(void **state)
{
    unsigned tried = 0;

    (void)state;
    for (unsigned all = 0; all < KINDS * STEPS_MAX * 2 * 20; all++) {
        enum kind a = all % KINDS;

        fresh(ln_table_size(BLOCKS, LN_DICT_BLOCK), true, 0);
        act(&second, SET, 1);
        second_acted = false;
        plan.at = all / KINDS % STEPS_MAX;
        plan.after = all / KINDS / STEPS_MAX % 2;
        plan.again = all / KINDS / STEPS_MAX / 2;
        plan.hook = another_fills_it;

        struct outcome o = act(&first, a, 10);

        plan.hook = NULL;
        plan.again = 0;
        tried += second_acted;
        assert_true(a != GET || o.rc == LN_DICT_NOT || o.value == 1 || o.value == 5);
        assert_true(a != INCR || o.rc != LN_DICT_DONE || o.value == 11 || o.value == 10 ||
                    o.value == 15);

        struct outcome left = act(&second, GET, 0);

        assert_true(left.rc == LN_DICT_NOT || left.value == 1 || left.value == 5 ||
                    left.value == 10 || left.value == 11 || left.value == 15);
        assert_whole();
        views_fini();
    }
    assert_true(tried > 20);
}

/* The same value once more, in another block, and the first block is somebody else's. */
static void another_rewrites(void)
{
    act(&second, SET, 1);
    room(&second);
    second_acted = true;
}

static void test_a_value_that_is_always_there_is_always_seen(void **state)
{
    (void)state;
    for (unsigned all = 0; all < KINDS * STEPS_MAX * 2; all++) {
        enum kind a = all % KINDS;

        begin_with(1);
        plan.at = all / KINDS % STEPS_MAX;
        plan.after = all / KINDS / STEPS_MAX;
        plan.hook = another_rewrites;

        struct outcome o = act(&first, a, 10);

        plan.hook = NULL;
        assert_int_equal(o.rc, a == ADD ? LN_DICT_NOT : LN_DICT_DONE);
        assert_true(a != GET || o.value == 1);
        assert_true(a != INCR || o.value == 11);
        views_fini();
    }
}

/* ---- a table that does not evict ---- */

static bool stored[2 * BLOCKS];

static struct ln_dict_key small_key(const uint64_t *i)
{
    return (struct ln_dict_key){zone_id(*i), ln_slice((const char *)i, sizeof *i)};
}

/* Takes over what has expired. */
static void another_stores(void)
{
    struct ln_dict_value v = {.type = LN_DICT_TRUE};

    second_acted = true;
    act(&second, ADD, 5); /* so that the first one's is dropped */
    for (uint64_t i = 0; i < 2 * BLOCKS; i++) {
        struct ln_dict_key k = small_key(&i);

        if (!stored[i])
            stored[i] = ln_dict_set(&second, &k, &v, 0, ZONE_NOW) == LN_DICT_DONE;
        second.t.searched = 0;
    }
}

static void test_what_has_no_end_is_kept_while_others_look_for_room(void **state)
{
    struct ln_dict_value v = {.type = LN_DICT_TRUE};
    unsigned tried = 0;

    (void)state;
    for (unsigned all = 0; all < 2 * STEPS_MAX * 2 * 12; all++) {
        fresh(ln_table_size(BLOCKS, LN_DICT_BLOCK), false, 0);
        memset(stored, 0, sizeof stored);
        second_acted = false;
        for (uint64_t i = 100; i < 100 + BLOCKS; i++) {
            struct ln_dict_key k = small_key(&i);

            ln_dict_set(&second, &k, &v, ZONE_NOW, ZONE_NOW - 1);
        }
        plan.at = all % (2 * STEPS_MAX);
        plan.after = all / (2 * STEPS_MAX) % 2;
        plan.again = all / (2 * STEPS_MAX) / 2;
        plan.hook = another_stores;
        act(&first, ADD, 10);
        plan.hook = NULL;
        plan.again = 0;
        tried += second_acted;
        another_stores(); /* in what is left, and nowhere else */
        for (uint64_t i = 0; i < 2 * BLOCKS; i++) {
            struct ln_dict_key k = small_key(&i);

            assert_true(!stored[i] || ln_dict_get(&second, &k, ZONE_NOW, &v) == LN_DICT_DONE);
        }
        views_fini();
    }
    assert_true(tried > 20);
}

/* ---- counters ---- */

enum { INCREASE, DECREASE_TO_NOTHING, LOOK, COUNTER_KINDS };

struct tally {
    int64_t added, handed; /* acknowledged additions; what deletions have handed out */
};

static struct tally tally;

static void count(struct ln_counters *c, unsigned kind)
{
    int64_t n = 0;

    if (kind == INCREASE) {
        assert_int_equal(ln_counters_incr(c, 99, 3, 0, ZONE_NOW, &n), LN_COUNTERS_DONE);
        tally.added += 3;
    } else if (kind == DECREASE_TO_NOTHING) {
        if (ln_counters_delete(c, 99, ZONE_NOW, &n) == LN_COUNTERS_DONE)
            tally.handed += n;
    } else {
        ln_counters_get(c, 99, ZONE_NOW, &n);
    }
}

static void another_counts(void)
{
    count(&second_counters, second_kind);
}

static void fresh_counters(uint32_t pid)
{
    if (zone != NULL)
        munmap(zone, zone_size);
    zone_size = ln_counters_size(0);
    zone = zone_new(zone_size);
    ln_counters_init(&first_counters, zone, zone_size);
    ln_counters_init(&second_counters, zone, zone_size);
    first_counters.t.pid = pid;
    tally = (struct tally){0};
}

static int64_t counted(void)
{
    int64_t n;

    return ln_counters_get(&second_counters, 99, ZONE_NOW, &n) == LN_COUNTERS_DONE ? n : 0;
}

static void test_no_addition_is_lost_or_doubled(void **state)
{
    (void)state;
    for (unsigned all = 0; all < COUNTER_KINDS * COUNTER_KINDS * STEPS_MAX * 2 * 2; all++) {
        unsigned step = all / COUNTER_KINDS / COUNTER_KINDS;

        fresh_counters((uint32_t)getppid());
        second_kind = all / COUNTER_KINDS % COUNTER_KINDS;
        if (step / STEPS_MAX / 2)
            count(&second_counters, INCREASE);
        plan.at = step % STEPS_MAX;
        plan.after = step / STEPS_MAX % 2;
        plan.hook = another_counts;
        count(&first_counters, all % COUNTER_KINDS);
        plan.hook = NULL;
        assert_int_equal(tally.added, tally.handed + counted());
    }
}

static unsigned counters_room(void)
{
    unsigned n = 0;
    int64_t sum;

    for (uint64_t i = 0; i < 8 * BLOCKS; i++) {
        n += ln_counters_incr(&second_counters, zone_id(i), 1, ZONE_NOW + 1, ZONE_NOW, &sum) ==
             LN_COUNTERS_DONE;
        second_counters.t.searched = 0;
    }
    return n;
}

static void die_counting(unsigned kind, unsigned step, bool after)
{
    plan.at = step;
    plan.after = after;
    plan.hook = die;
    if (setjmp(death) == 0)
        count(&first_counters, kind);
    plan.hook = NULL;
}

static void test_death_while_counting_leaves_all_or_nothing_and_all_the_room(void **state)
{
    uint32_t pid = dead_pid();

    (void)state;
    for (unsigned all = 0; all < COUNTER_KINDS * STEPS_MAX * 2; all++) {
        fresh_counters(pid);
        count(&second_counters, INCREASE);
        for (unsigned i = 0; i < 20; i++) {
            int64_t before = counted();

            die_counting(all % COUNTER_KINDS, all / COUNTER_KINDS % STEPS_MAX,
                         all / COUNTER_KINDS / STEPS_MAX);

            int64_t now = counted();

            assert_true(now == before || now == before + 3 ||
                        (all % COUNTER_KINDS == DECREASE_TO_NOTHING && now == 0));
        }
        count(&second_counters, DECREASE_TO_NOTHING);
        assert_int_equal(counters_room(), BLOCKS);
    }
}

/* The counter ends, and its block counts something else. */
static void another_counts_others(void)
{
    int64_t n;

    ln_counters_delete(&second_counters, 99, ZONE_NOW, &n);
    for (uint64_t i = 0; i < BLOCKS; i++)
        ln_counters_incr(&second_counters, zone_id(i), 1000, 0, ZONE_NOW, &n);
}

static void test_a_number_is_never_that_of_another_key(void **state)
{
    int64_t n;

    (void)state;
    for (unsigned all = 0; all < 3 * STEPS_MAX * 2; all++) {
        n = 0;
        fresh_counters((uint32_t)getppid());
        count(&second_counters, INCREASE);
        plan.at = all / 3 % STEPS_MAX;
        plan.after = all / 3 / STEPS_MAX;
        plan.hook = another_counts_others;
        if (all % 3 == 0)
            ln_counters_get(&first_counters, 99, ZONE_NOW, &n);
        else if (all % 3 == 1)
            ln_counters_delete(&first_counters, 99, ZONE_NOW, &n);
        else
            ln_counters_incr(&first_counters, 99, 3, 0, ZONE_NOW, &n);
        plan.hook = NULL;
        assert_true(n == 0 || n == 3 || (all % 3 == 2 && n == 6));
        for (uint64_t i = 0; i < BLOCKS; i++)
            if (ln_counters_get(&second_counters, zone_id(i), ZONE_NOW, &n) == LN_COUNTERS_DONE)
                assert_int_equal(n, 1000);
    }
}

static void test_what_was_deleted_by_the_dead_makes_room(void **state)
{
    uint32_t pid = dead_pid();

    (void)state;
    for (unsigned all = 0; all < STEPS_MAX * 2; all++) {
        fresh_counters(pid);
        count(&second_counters, INCREASE);
        die_counting(DECREASE_TO_NOTHING, all % STEPS_MAX, all / STEPS_MAX);

        unsigned there = counters_room(); /* nobody asks for that key meanwhile */

        assert_int_equal(there + (counted() != 0), BLOCKS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_deeds_on_one_key_have_an_order),
        cmocka_unit_test(test_death_at_any_step_leaves_all_or_nothing_and_all_the_room),
        cmocka_unit_test(test_a_flood_in_the_middle_tears_nothing),
        cmocka_unit_test(test_what_has_no_end_is_kept_while_others_look_for_room),
        cmocka_unit_test(test_a_value_that_is_always_there_is_always_seen),
        cmocka_unit_test(test_a_number_is_never_that_of_another_key),
        cmocka_unit_test(test_no_addition_is_lost_or_doubled),
        cmocka_unit_test(test_what_was_deleted_by_the_dead_makes_room),
        cmocka_unit_test(test_death_while_counting_leaves_all_or_nothing_and_all_the_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
