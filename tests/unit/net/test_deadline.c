/* SPDX-License-Identifier: Apache-2.0
 * test_deadline.c - thousands of time limits: none early, none lost, in order, and one timer per
 * duration.
 */
#include "net/turns.h"

#include <stdlib.h>
#include <unistd.h>

#include "net/deadline.h"

struct limit {
    struct ln_deadline deadline;
    struct clinic *clinic;
    struct limit *other; /* what its end concerns */
    ln_msec due, after;
    unsigned number, fired, again;
    void (*then)(struct limit *l);
};

struct clinic {
    struct turns turns;
    struct ln_deadlines *all;
    struct limit *v;
    unsigned count, fired, until;
    unsigned last[16]; /* number of the last that fired, by duration */
    bool out_of_order, early;
};

static void on_deadline(struct ln_deadline *d)
{
    struct limit *l = ln_container_of(d, struct limit, deadline);
    struct clinic *c = l->clinic;

    l->fired++;
    c->early = c->early || ln_loop_now_ms(c->turns.loop) < l->due;
    c->out_of_order = c->out_of_order || c->last[l->after] > l->number;
    c->last[l->after] = l->number;
    if (l->then != NULL)
        l->then(l);
    if (++c->fired >= c->until)
        ln_loop_stop(c->turns.loop);
}

static struct clinic *clinic_new(unsigned count)
{
    struct clinic *c = calloc(1, sizeof *c);

    assert_non_null(c);
    turns_init(&c->turns);
    c->all = ln_deadlines_new(c->turns.loop);
    c->v = calloc(count, sizeof *c->v);
    assert_non_null(c->v);
    c->count = c->until = count;
    for (unsigned i = 0; i < count; i++) {
        c->v[i].clinic = c;
        c->v[i].number = i;
        ln_deadline_init(&c->v[i].deadline, on_deadline);
    }
    return c;
}

static void clinic_free(struct clinic *c)
{
    ln_deadlines_free(c->all);
    turns_fini(&c->turns);
    free(c->v);
    free(c);
}

static void set(struct limit *l, ln_msec after)
{
    l->after = after;
    l->due = ln_loop_now_ms(l->clinic->turns.loop) + after;
    ln_deadline_set(l->clinic->all, &l->deadline, after);
}

static void test_thousands_of_several_durations(void **state)
{
    static const ln_msec durations[] = {1, 2, 3, 5, 8, 13};
    struct clinic *c = clinic_new(20000);

    (void)state;
    srand(7);
    for (unsigned i = 0; i < c->count; i++)
        set(&c->v[i], durations[(unsigned)rand() % LN_ARRAY_LEN(durations)]);
    turns_run(&c->turns);
    for (unsigned i = 0; i < c->count; i++)
        assert_int_equal(c->v[i].fired, 1);
    assert_false(c->early);
    assert_false(c->out_of_order);
    clinic_free(c);
}

/* One timer for ten thousand, and none moves it: the loop turns a handful of times. */
static void test_a_duration_costs_one_timer(void **state)
{
    struct clinic *c = clinic_new(10000);
    struct ev_loop *ev = ln_loop_ev(c->turns.loop);

    (void)state;
    for (unsigned i = 0; i < c->count; i++)
        set(&c->v[i], 10);

    unsigned before = ev_iteration(ev);

    turns_run(&c->turns);
    assert_int_equal(c->fired, c->count);
    assert_in_range(ev_iteration(ev) - before, 1, 4);
    clinic_free(c);
}

static void test_all_cleared_wake_the_loop_once(void **state)
{
    struct clinic *c = clinic_new(10000);
    struct ev_loop *ev = ln_loop_ev(c->turns.loop);
    unsigned before = ev_iteration(ev);

    (void)state;
    for (unsigned i = 0; i < c->count; i++)
        set(&c->v[i], 5);
    for (unsigned i = 0; i < c->count; i++)
        ln_deadline_clear(&c->v[i].deadline);
    ln_loop_run(c->turns.loop); /* ends by itself when no timer is left */
    assert_int_equal(c->fired, 0);
    assert_in_range(ev_iteration(ev) - before, 1, 4);
    clinic_free(c);
}

static void test_set_again_replaces(void **state)
{
    struct clinic *c = clinic_new(2);

    (void)state;
    set(&c->v[0], 1);
    set(&c->v[1], 8);
    set(&c->v[0], 13); /* later, and of another queue */
    c->until = 1;
    turns_run(&c->turns);
    assert_int_equal(c->v[0].fired, 0);
    assert_int_equal(c->v[1].fired, 1);
    c->until = 2;
    turns_run(&c->turns);
    assert_int_equal(c->v[0].fired, 1);
    assert_false(c->early);
    clinic_free(c);
}

static void test_set_again_with_the_same_duration_goes_to_the_end(void **state)
{
    struct clinic *c = clinic_new(3);

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        set(&c->v[i], 5);
    c->v[0].number = 3; /* expected behind the others now */
    set(&c->v[0], 5);
    turns_run(&c->turns);
    assert_false(c->out_of_order);
    assert_int_equal(c->last[5], 3);
    clinic_free(c);
}

static void test_zero_clears(void **state)
{
    struct clinic *c = clinic_new(2);

    (void)state;
    set(&c->v[0], 1);
    assert_true(ln_deadline_is_set(&c->v[0].deadline));
    ln_deadline_set(c->all, &c->v[0].deadline, 0);
    assert_false(ln_deadline_is_set(&c->v[0].deadline));
    ln_deadline_set(c->all, &c->v[0].deadline, 0); /* of one that is not set: nothing */
    ln_deadline_clear(&c->v[0].deadline);
    set(&c->v[1], 5);
    c->until = 1;
    turns_run(&c->turns);
    assert_int_equal(c->v[0].fired, 0);
    assert_int_equal(c->v[1].fired, 1);
    assert_false(ln_deadline_is_set(&c->v[1].deadline));
    clinic_free(c);
}

static void clear_other(struct limit *l)
{
    ln_deadline_clear(&l->other->deadline);
}

static void test_clearing_a_neighbour_that_is_due_too(void **state)
{
    struct clinic *c = clinic_new(4);

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        set(&c->v[i], 3);
    c->v[0].then = clear_other;
    c->v[0].other = &c->v[1];
    c->until = 3;
    turns_run(&c->turns);
    assert_int_equal(c->v[1].fired, 0);
    assert_int_equal(c->v[2].fired + c->v[3].fired, 2);
    clinic_free(c);
}

static void free_other(struct limit *l)
{
    ln_deadline_clear(&l->other->deadline);
    free(l->other);
    l->other = NULL;
}

static void test_a_cleared_one_may_be_freed_in_a_callback(void **state)
{
    struct clinic *c = clinic_new(2);
    struct limit *victim = calloc(1, sizeof *victim);

    (void)state;
    assert_non_null(victim);
    victim->clinic = c;
    ln_deadline_init(&victim->deadline, on_deadline);
    set(&c->v[0], 3);
    set(victim, 3);
    set(&c->v[1], 3);
    c->v[0].then = free_other;
    c->v[0].other = victim;
    turns_run(&c->turns);
    assert_int_equal(c->fired, 2);
    clinic_free(c);
}

static void set_itself(struct limit *l)
{
    if (l->again-- > 0)
        set(l, l->after);
}

static void test_one_that_sets_itself_again(void **state)
{
    struct clinic *c = clinic_new(1);

    (void)state;
    c->v[0].then = set_itself;
    c->v[0].again = 4;
    c->until = 5;
    set(&c->v[0], 2);
    turns_run(&c->turns);
    assert_int_equal(c->v[0].fired, 5);
    assert_false(c->early);
    assert_false(ln_deadline_is_set(&c->v[0].deadline));
    clinic_free(c);
}

static void set_shorter(struct limit *l)
{
    if (l->other != NULL)
        set(l->other, 1);
}

static void test_a_callback_sets_one_of_another_duration(void **state)
{
    struct clinic *c = clinic_new(3);

    (void)state;
    c->v[0].then = set_shorter;
    c->v[0].other = &c->v[1];
    set(&c->v[0], 2);
    set(&c->v[2], 13);
    turns_run(&c->turns);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(c->v[i].fired, 1);
    assert_false(c->early);
    clinic_free(c);
}

/* The head of a queue is cleared while its timer runs: the next in line must not wait for another
 * whole duration. */
static void test_the_timer_finds_the_new_head(void **state)
{
    struct clinic *c = clinic_new(2);

    (void)state;
    c->until = 1;
    set(&c->v[0], 13);

    ln_nsec start = ln_clock_mono();

    while (ln_clock_mono() - start < 4 * LN_NSEC_PER_MSEC)
        ;
    ev_now_update(ln_loop_ev(c->turns.loop));
    turns_once(&c->turns);
    set(&c->v[1], 13);
    ln_deadline_clear(&c->v[0].deadline);
    turns_run(&c->turns);
    assert_int_equal(c->v[1].fired, 1);
    assert_false(c->early);
    clinic_free(c);
}

static void hold_up(struct clinic *c, ln_msec ms)
{
    ln_nsec start = ln_clock_mono();

    turns_once(&c->turns);
    while (ln_clock_mono() - start < ms * LN_NSEC_PER_MSEC)
        ;
}

static void on_news(struct ev_loop *ev, ev_io *w, int events)
{
    struct clinic *c = w->data;

    (void)events;
    ev_io_stop(ev, w);
    ln_deadline_clear(&c->v[0].deadline);
}

/* What was to come in time has come in time, and was not read. */
static void test_who_was_held_up_reads_first(void **state)
{
    struct clinic *c = clinic_new(2);
    int ends[2];
    ev_io news;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    c->until = 1;
    set(&c->v[0], 10);
    set(&c->v[1], 10);
    hold_up(c, 200);
    ev_io_init(&news, on_news, ends[0], EV_READ);
    news.data = c;
    ev_io_start(ln_loop_ev(c->turns.loop), &news);
    turns_run(&c->turns);
    assert_int_equal(c->v[0].fired, 0);
    assert_int_equal(c->v[1].fired, 1);
    close(ends[0]);
    close(ends[1]);
    clinic_free(c);
}

/* ... but nobody who is always late puts anything off for ever. */
static void test_it_is_put_off_once(void **state)
{
    struct clinic *c = clinic_new(1);

    (void)state;
    set(&c->v[0], 10);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(c->fired, 0);
        hold_up(c, 200);
        turns_once(&c->turns);
    }
    assert_int_equal(c->fired, 1);
    clinic_free(c);
}

/* Durations by chance, as pauses before a repeat have them: no queue is kept for each. */
static void test_durations_by_chance_share_queues(void **state)
{
    struct clinic *c = clinic_new(2);

    (void)state;
    c->v[1].then = set_shorter; /* from inside of a queue that may be another's then */
    c->v[1].other = &c->v[0];
    for (unsigned i = 0; i < 5000; i++)
        ln_deadline_set(c->all, &c->v[0].deadline, 100000 + i);
    assert_in_range(ln_deadlines_queues(c->all), 1, 100);
    set(&c->v[1], 5);
    turns_run(&c->turns);
    assert_int_equal(c->v[0].fired, 1);
    assert_int_equal(c->v[1].fired, 1);
    assert_false(c->early);
    clinic_free(c);
}

/* ... but each that is set has one of its own. */
static void test_many_durations_at_once(void **state)
{
    struct clinic *c = clinic_new(300);

    (void)state;
    for (unsigned i = 0; i < c->count; i++) {
        set(&c->v[i], 1 + i);
        c->v[i].after = 0; /* they are not compared */
    }
    turns_run(&c->turns);
    for (unsigned i = 0; i < c->count; i++)
        assert_int_equal(c->v[i].fired, 1);
    assert_false(c->early);
    clinic_free(c);
}

static void test_freeing_all_leaves_none_set(void **state)
{
    struct clinic *c = clinic_new(100);

    (void)state;
    for (unsigned i = 0; i < c->count; i++)
        set(&c->v[i], 1 + i % 5);
    ln_deadlines_free(c->all);
    for (unsigned i = 0; i < c->count; i++)
        assert_false(ln_deadline_is_set(&c->v[i].deadline));
    ln_loop_run(c->turns.loop); /* no timer is left: returns at once */
    assert_int_equal(c->fired, 0);
    c->all = ln_deadlines_new(c->turns.loop);
    clinic_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thousands_of_several_durations),
        cmocka_unit_test(test_a_duration_costs_one_timer),
        cmocka_unit_test(test_all_cleared_wake_the_loop_once),
        cmocka_unit_test(test_set_again_replaces),
        cmocka_unit_test(test_set_again_with_the_same_duration_goes_to_the_end),
        cmocka_unit_test(test_zero_clears),
        cmocka_unit_test(test_clearing_a_neighbour_that_is_due_too),
        cmocka_unit_test(test_a_cleared_one_may_be_freed_in_a_callback),
        cmocka_unit_test(test_one_that_sets_itself_again),
        cmocka_unit_test(test_a_callback_sets_one_of_another_duration),
        cmocka_unit_test(test_the_timer_finds_the_new_head),
        cmocka_unit_test(test_who_was_held_up_reads_first),
        cmocka_unit_test(test_it_is_put_off_once),
        cmocka_unit_test(test_durations_by_chance_share_queues),
        cmocka_unit_test(test_many_durations_at_once),
        cmocka_unit_test(test_freeing_all_leaves_none_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
