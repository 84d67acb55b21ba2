/* SPDX-License-Identifier: Apache-2.0
 * test_loop.c - turns, their clock, timers, and that the dead are buried when the turn is over.
 */
#include "net/turns.h"

#include <stdlib.h>

/* ---- the clock
 * ------------------------------------------------------------------------------------------------
 */

struct watch {
    struct ln_timer timer;
    struct ln_loop *loop;
    ln_nsec seen[2];
    unsigned fired;
};

static void on_look(struct ln_timer *t)
{
    struct watch *w = ln_container_of(t, struct watch, timer);
    ln_nsec start = ln_clock_mono();

    w->seen[0] = ln_loop_now(w->loop);
    while (ln_clock_mono() - start < 3 * LN_NSEC_PER_MSEC)
        ;
    w->seen[1] = ln_loop_now(w->loop);
    w->fired++;
    ln_loop_stop(w->loop);
}

static void test_time_stands_still_during_a_turn(void **state)
{
    struct turns t;

    (void)state;
    turns_init(&t);
    struct watch w = {.loop = t.loop};

    ln_timer_start(t.loop, &w.timer, 1, on_look);
    turns_run(&t);
    assert_int_equal(w.seen[0], w.seen[1]);
    assert_int_equal(ln_loop_now_ms(t.loop), ln_loop_now(t.loop) / LN_NSEC_PER_MSEC);

    ln_nsec before = w.seen[1];

    ln_timer_start(t.loop, &w.timer, 1, on_look);
    turns_run(&t);
    assert_true(w.seen[0] >= before + 3 * LN_NSEC_PER_MSEC); /* the next turn has looked again */
    turns_fini(&t);
}

static void test_run_looks_at_the_clock_first(void **state)
{
    struct turns t;

    (void)state;
    turns_init(&t);
    struct watch w = {.loop = t.loop};
    ln_nsec start = ln_clock_mono();

    while (ln_clock_mono() - start < 2 * LN_NSEC_PER_MSEC)
        ;
    ln_timer_start(t.loop, &w.timer, 0, on_look);
    turns_run(&t);
    assert_true(w.seen[0] >= start + 2 * LN_NSEC_PER_MSEC);
    turns_fini(&t);
}

/* ---- timers
 * ---------------------------------------------------------------------------------------------------
 */

enum { RUNNERS = 4 };

struct runner {
    struct ln_timer timer;
    struct race *race;
    char name;
};

struct race {
    struct turns turns;
    struct runner runner[RUNNERS];
    char order[16];
    unsigned count, until;
};

static void on_goal(struct ln_timer *t)
{
    struct runner *r = ln_container_of(t, struct runner, timer);
    struct race *race = r->race;

    race->order[race->count++] = r->name;
    if (race->count == race->until)
        ln_loop_stop(race->turns.loop);
}

static struct race *race_new(unsigned until)
{
    struct race *race = calloc(1, sizeof *race);

    assert_non_null(race);
    turns_init(&race->turns);
    race->until = until;
    for (unsigned i = 0; i < RUNNERS; i++) {
        race->runner[i].race = race;
        race->runner[i].name = (char)('a' + i);
    }
    return race;
}

static void race_start(struct race *race, unsigned i, ln_msec after)
{
    ln_timer_start(race->turns.loop, &race->runner[i].timer, after, on_goal);
}

static void race_free(struct race *race)
{
    turns_fini(&race->turns);
    free(race);
}

static void test_timers_fire_in_the_order_of_their_times(void **state)
{
    struct race *race = race_new(3);

    (void)state;
    race_start(race, 0, 30);
    race_start(race, 1, 1);
    race_start(race, 2, 15);
    turns_run(&race->turns);
    assert_string_equal(race->order, "bca");
    race_free(race);
}

static void test_starting_again_moves_a_timer(void **state)
{
    struct race *race = race_new(2);

    (void)state;
    race_start(race, 0, 1);
    race_start(race, 1, 10);
    race_start(race, 0, 30);
    turns_run(&race->turns);
    assert_string_equal(race->order, "ba");
    race_free(race);
}

static void test_a_stopped_timer_stays_silent(void **state)
{
    struct race *race = race_new(1);

    (void)state;
    assert_false(ln_timer_is_running(&race->runner[0].timer)); /* zeroed is stopped */
    race_start(race, 0, 1);
    race_start(race, 1, 10);
    assert_true(ln_timer_is_running(&race->runner[0].timer));
    ln_timer_stop(race->turns.loop, &race->runner[0].timer);
    ln_timer_stop(race->turns.loop, &race->runner[0].timer); /* twice is harmless */
    assert_false(ln_timer_is_running(&race->runner[0].timer));
    turns_run(&race->turns);
    assert_string_equal(race->order, "b");
    assert_false(ln_timer_is_running(&race->runner[1].timer)); /* once is once */
    race_free(race);
}

/* ---- the reap list
 * -------------------------------------------------------------------------------------------- */

struct grave {
    struct ln_reap reap;
    struct ln_loop *loop;
    struct grave *heir; /* dies while this one is buried */
    unsigned *buried;
};

static void bury(struct ln_reap *r)
{
    struct grave *g = ln_container_of(r, struct grave, reap);

    ++*g->buried;
    if (g->heir != NULL)
        ln_loop_reap(g->loop, &g->heir->reap);
    free(g);
}

static struct grave *grave_new(struct ln_loop *loop, unsigned *buried)
{
    struct grave *g = calloc(1, sizeof *g);

    assert_non_null(g);
    g->loop = loop;
    g->buried = buried;
    g->reap.free = bury;
    return g;
}

struct funeral {
    struct ln_timer first, second, third;
    struct turns turns;
    struct grave *grave;
    unsigned buried, in_callback, in_turn, in_next_turn;
};

static void on_death(struct ln_timer *t)
{
    struct funeral *f = ln_container_of(t, struct funeral, first);

    ln_loop_reap(f->turns.loop, &f->grave->reap);
    f->in_callback = f->buried;
}

static void on_same_turn(struct ln_timer *t)
{
    struct funeral *f = ln_container_of(t, struct funeral, second);

    f->in_turn = f->buried;
}

static void on_next_turn(struct ln_timer *t)
{
    struct funeral *f = ln_container_of(t, struct funeral, third);

    f->in_next_turn = f->buried;
    ln_loop_stop(f->turns.loop);
}

static void test_the_dead_stay_until_the_turn_is_over(void **state)
{
    struct funeral f = {.buried = 0};

    (void)state;
    turns_init(&f.turns);
    f.grave = grave_new(f.turns.loop, &f.buried);
    ln_timer_start(f.turns.loop, &f.first, 0, on_death);
    ln_timer_start(f.turns.loop, &f.second, 0,
                   on_same_turn); /* fires in the same turn, behind it */
    ln_timer_start(f.turns.loop, &f.third, 20, on_next_turn);
    turns_run(&f.turns);
    assert_int_equal(f.in_callback, 0);
    assert_int_equal(f.in_turn, 0);
    assert_int_equal(f.in_next_turn, 1);
    turns_fini(&f.turns);
}

static void test_burying_may_bury_more(void **state)
{
    unsigned buried = 0;
    struct turns t;

    (void)state;
    turns_init(&t);
    struct grave *g = grave_new(t.loop, &buried);

    g->heir = grave_new(t.loop, &buried);
    g->heir->heir = grave_new(t.loop, &buried);
    ln_loop_reap(t.loop, &g->reap);
    assert_int_equal(buried, 0);
    ln_loop_bury(t.loop);
    assert_int_equal(buried, 3);
    ln_loop_bury(t.loop);
    assert_int_equal(buried, 3);
    turns_fini(&t);
}

static void test_the_end_of_the_loop_buries(void **state)
{
    unsigned buried = 0;
    struct turns t;

    (void)state;
    turns_init(&t);
    ln_loop_reap(t.loop, &grave_new(t.loop, &buried)->reap);
    turns_fini(&t);
    assert_int_equal(buried, 1);
}

/* ---- processes
 * ------------------------------------------------------------------------------------------------
 */

struct inbox {
    ev_io io;
    struct ln_loop *loop;
    int fd;
    unsigned got;
};

static void on_mail(struct ev_loop *ev, ev_io *io, int events)
{
    struct inbox *in = ln_container_of(io, struct inbox, io);
    char byte;

    (void)ev;
    (void)events;
    if (read(in->fd, &byte, 1) == 1)
        in->got++;
    ln_loop_stop(in->loop);
}

static void inbox_start(struct inbox *in, struct ln_loop *loop, int fd)
{
    *in = (struct inbox){.loop = loop, .fd = fd};
    ev_io_init(&in->io, on_mail, fd, EV_READ);
    ev_io_start(ln_loop_ev(loop), &in->io);
}

/* What a child stops watching must go on being watched by its parent, although the kernel's queue
 * was inherited. */
static void test_a_child_leaves_the_parents_watchers_alone(void **state)
{
    struct turns t;
    struct inbox in;
    int ends[2], status = 1;

    (void)state;
    turns_init(&t);
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    inbox_start(&in, t.loop, ends[0]);
    turns_once(&t);

    pid_t child = fork();

    if (child == 0) {
        ln_loop_after_fork(t.loop);
        ev_io_stop(ln_loop_ev(t.loop), &in.io);
        turns_once(&t);
        ln_loop_free(t.loop);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    turns_run(&t);
    assert_int_equal(in.got, 1);
    ev_io_stop(ln_loop_ev(t.loop), &in.io);
    close(ends[0]);
    close(ends[1]);
    turns_fini(&t);
}

static void test_a_stopped_loop_runs_again(void **state)
{
    struct race *race = race_new(1);

    (void)state;
    for (unsigned i = 1; i <= 3; i++) {
        race->until = i;
        race_start(race, 0, 1);
        turns_run(&race->turns);
        assert_int_equal(race->count, i);
    }
    race_free(race);
}

/* Two loops of one process share nothing: no globals. */
static void test_loops_are_independent(void **state)
{
    struct race *a = race_new(1), *b = race_new(1);

    (void)state;
    race_start(a, 0, 1);
    race_start(b, 1, 1);
    turns_run(&b->turns);
    assert_int_equal(a->count, 0);
    assert_string_equal(b->order, "b");
    turns_run(&a->turns);
    assert_string_equal(a->order, "a");
    race_free(a);
    race_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_stands_still_during_a_turn),
        cmocka_unit_test(test_run_looks_at_the_clock_first),
        cmocka_unit_test(test_timers_fire_in_the_order_of_their_times),
        cmocka_unit_test(test_starting_again_moves_a_timer),
        cmocka_unit_test(test_a_stopped_timer_stays_silent),
        cmocka_unit_test(test_the_dead_stay_until_the_turn_is_over),
        cmocka_unit_test(test_burying_may_bury_more),
        cmocka_unit_test(test_the_end_of_the_loop_buries),
        cmocka_unit_test(test_a_child_leaves_the_parents_watchers_alone),
        cmocka_unit_test(test_a_stopped_loop_runs_again),
        cmocka_unit_test(test_loops_are_independent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
