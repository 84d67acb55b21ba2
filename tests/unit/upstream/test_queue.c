/* SPDX-License-Identifier: Apache-2.0
 * test_queue.c - who waits is asked in the order of coming, until there is room.
 */
#include "upstream/yard.h"

#include "base/assert.h"
#include "upstream/queue.h"

enum { GUESTS = 5 };

struct guest {
    struct ln_waiter waiter;
    struct hall *hall;
    unsigned served_as; /* 0 = not yet */
};

struct hall {
    struct turns turns;
    struct ln_queue queue;
    struct guest guests[GUESTS];
    unsigned room, served, asked;
    bool done;
};

static void on_turn(struct ln_waiter *w)
{
    struct guest *g = ln_container_of(w, struct guest, waiter);
    struct hall *h = g->hall;

    h->done = ++h->asked >= 3;
    if (h->room == 0)
        return;
    h->room--;
    g->served_as = ++h->served;
    h->done = h->done || h->served == GUESTS;
    ln_queue_leave(w);
}

static int set_up(void **state)
{
    struct hall *h = calloc(1, sizeof *h);

    if (h == NULL)
        return -1;
    turns_init(&h->turns);
    ln_queue_init(&h->queue, h->turns.loop);
    for (unsigned i = 0; i < GUESTS; i++) {
        h->guests[i].hall = h;
        h->guests[i].waiter.on_turn = on_turn;
    }
    *state = h;
    return 0;
}

static int tear_down(void **state)
{
    struct hall *h = *state;

    for (unsigned i = 0; i < GUESTS; i++)
        ln_queue_leave(&h->guests[i].waiter);
    ln_queue_fini(&h->queue);
    turns_fini(&h->turns);
    free(h);
    return 0;
}

static void all_join(struct hall *h)
{
    for (unsigned i = 0; i < GUESTS; i++)
        assert_true(ln_queue_join(&h->queue, &h->guests[i].waiter, GUESTS));
}

static void test_first_come_first_served(void **state)
{
    struct hall *h = *state;

    all_join(h);
    h->room = GUESTS;
    ln_queue_wake(&h->queue);
    assert_int_equal(h->asked, 0); /* never from inside */
    turns_until(&h->turns, &h->done);
    for (unsigned i = 0; i < h->served; i++)
        assert_int_equal(h->guests[i].served_as, i + 1);
    assert_int_equal(h->queue.count, GUESTS - h->served);
}

static void test_it_is_bounded(void **state)
{
    struct hall *h = *state;

    assert_true(ln_queue_join(&h->queue, &h->guests[0].waiter, 1));
    assert_false(ln_queue_join(&h->queue, &h->guests[1].waiter, 1));
    assert_false(ln_queue_join(&h->queue, &h->guests[1].waiter, 0));
    ln_queue_leave(&h->guests[1].waiter); /* did not wait: nothing happens */
    assert_int_equal(h->queue.count, 1);
    ln_queue_leave(&h->guests[0].waiter);
    assert_true(ln_queue_join(&h->queue, &h->guests[1].waiter, 1));
}

/* Other workers give back without telling: the head asks again and again, and nobody passes it. */
static void test_the_head_looks_by_itself(void **state)
{
    struct hall *h = *state;

    all_join(h);
    turns_until(&h->turns, &h->done);
    assert_int_equal(h->served, 0);
    h->done = false;
    h->room = 1;
    turns_until(&h->turns, &h->done);
    assert_int_equal(h->guests[0].served_as, 1);
    assert_int_equal(h->guests[1].served_as, 0);
}

static void test_who_leaves_is_not_asked(void **state)
{
    struct hall *h = *state;

    all_join(h);
    ln_queue_leave(&h->guests[0].waiter);
    ln_queue_leave(&h->guests[2].waiter);
    h->room = 1;
    h->asked = 2; /* one more will do */
    ln_queue_wake(&h->queue);
    turns_until(&h->turns, &h->done);
    assert_int_equal(h->guests[1].served_as, 1);
    assert_int_equal(h->queue.count, GUESTS - 3);
}

/* Two generations of a service wait in one place: what is told elsewhere is the sum. */
static void test_its_length_is_told_elsewhere(void **state)
{
    struct hall *h = *state;
    struct ln_queue other;
    struct ln_waiter late = {.on_turn = on_turn};
    _Atomic uint32_t length = 0;

    ln_queue_init(&other, h->turns.loop);
    h->queue.length = other.length = &length;
    all_join(h);
    assert_true(ln_queue_join(&other, &late, 1));
    assert_int_equal(length, GUESTS + 1);
    ln_queue_leave(&h->guests[1].waiter);
    ln_queue_leave(&h->guests[1].waiter); /* once */
    assert_int_equal(length, GUESTS);
    ln_queue_leave(&late);
    ln_queue_fini(&other);
    assert_int_equal(length, GUESTS - 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_first_come_first_served),      TEST(test_it_is_bounded),
        TEST(test_the_head_looks_by_itself),     TEST(test_who_leaves_is_not_asked),
        TEST(test_its_length_is_told_elsewhere),
    };

    return cmocka_run_group_tests(tests, yard_silence, NULL);
}
