/* SPDX-License-Identifier: Apache-2.0
 * test_pace.c - several connections that share a bandwidth never get more than it, nor much less,
 * by a clock of the test's own.
 */
#include "../shm/zone.h"

#include "limit/pace.h"

enum { FLOWS = 5, EVENTS = 4000, HISTORIES = 60, MSEC = 1000000 };

/* One history: what went when. */
struct history {
    struct ln_limiter_zone zone;
    void *at;
    size_t size;
    struct ln_arena arena;
    struct ln_rand rand;
    struct ln_pace *flows[FLOWS];
    unsigned count;
    ln_nsec now, late; /* a flow wakes up at most so long after its turn */
    ln_nsec when[EVENTS];
    uint64_t bytes[EVENTS];
    unsigned events;
};

static void begin(struct history *h, uint64_t seed)
{
    struct ln_plan plan = ln_pace_plan();

    *h = (struct history){.now = (ln_nsec)1 << 40, .size = ln_limiter_size(&plan, 64)};
    ln_rand_init(&h->rand, seed);
    ln_arena_init(&h->arena, NULL);
    h->at = zone_new(h->size);
    ln_limiter_open(&h->zone, &plan, h->at, h->size);
}

static void end(struct history *h)
{
    munmap(h->at, h->size);
    ln_arena_reset(&h->arena);
}

static void add_flow(struct history *h, uint64_t rate, uint64_t burst)
{
    struct ln_pace **at = &h->flows[h->count++];

    *at = NULL;
    struct ln_pace *p = ln_pace_add(at, &h->arena, rate, burst);

    p->zone = &h->zone;
    p->hash = zone_id(7);
}

/* Everything that may go now goes; some bytes of it, as sockets are. */
static void run(struct history *h, struct ln_pace *p, uint64_t want)
{
    while (want > 0 && h->events < EVENTS) {
        uint64_t room = ln_pace_room(p, want, h->now);

        if (room == 0)
            return;
        if (room > 1 && ln_rand_next(&h->rand) % 4 == 0)
            room = 1 + ln_rand_next(&h->rand) % room;
        ln_pace_spend(p, room);
        h->when[h->events] = h->now;
        h->bytes[h->events++] = room;
        want -= room;
    }
}

static uint64_t total(const struct history *h)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < h->events; i++)
        sum += h->bytes[i];
    return sum;
}

/* In no time that begins with an event more went than the bandwidth gives. */
static void assert_never_more(const struct history *h, uint64_t rate, uint64_t burst)
{
    for (unsigned i = 0; i < h->events; i += 7) {
        uint64_t sum = 0;

        for (unsigned k = i; k < h->events; k++) {
            sum += h->bytes[k];
            unsigned __int128 time = h->when[k] - h->when[i] + h->late;

            assert_true(sum <= burst + (uint64_t)(time * rate / ZONE_SECOND) + 1);
        }
    }
}

static uint64_t pick(struct history *h, uint64_t from, uint64_t to)
{
    return from + ln_rand_next(&h->rand) % (to - from + 1);
}

/* What a burst is at least: a piece. */
static uint64_t at_least_a_piece(uint64_t rate, uint64_t burst)
{
    uint64_t piece = rate / 32 < 1024 ? 1024 : rate / 32 > 65536 ? 65536 : rate / 32;

    return burst > piece ? burst : piece;
}

static void test_never_more(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < zone_rounds(HISTORIES); seed++) {
        struct history h;

        begin(&h, seed);
        uint64_t rate = pick(&h, 1, 40) * pick(&h, 1, 1000000), burst = pick(&h, 0, 2 * rate);

        h.late = pick(&h, 0, 8) * MSEC;
        for (uint64_t i = pick(&h, 1, FLOWS); i > 0; i--)
            add_flow(&h, rate, burst);
        while (h.events < EVENTS / 4) {
            struct ln_pace *p = h.flows[ln_rand_next(&h.rand) % h.count];
            ln_nsec due = ln_pace_due(p);

            /* Nobody is later than `late`: the clock stands until all whose turn it was are gone.
             */
            for (unsigned i = 0; i < h.count; i++)
                if (ln_pace_due(h.flows[i]) + h.late / 2 <= h.now)
                    run(&h, h.flows[i], h.flows[i]->granted);
            run(&h, p, pick(&h, 1, 100000));
            h.now += due > h.now ? pick(&h, 0, MSEC) : pick(&h, 0, h.late / 2);
        }
        assert_never_more(&h, rate, at_least_a_piece(rate, burst));
        end(&h);
    }
}

/* Flows that always have something get all of it, in like parts, though they wake up late. */
static void test_not_less(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < zone_rounds(HISTORIES); seed++) {
        struct history h;
        uint64_t shares[FLOWS] = {0};

        begin(&h, seed);
        uint64_t rate = pick(&h, 20000, 2000000), burst = pick(&h, 0, rate / 4);
        ln_nsec start = h.now;

        for (uint64_t i = pick(&h, 1, FLOWS); i > 0; i--)
            add_flow(&h, rate, burst);
        while (h.events < 1000) {
            for (unsigned i = 0; i < h.count; i++) {
                uint64_t before = total(&h);

                run(&h, h.flows[i], 30000);
                shares[i] += total(&h) - before;
            }
            h.now += pick(&h, 0, 2 * MSEC);
        }
        uint64_t due = (uint64_t)((unsigned __int128)(h.now - start) * rate / ZONE_SECOND);
        uint64_t slack = at_least_a_piece(rate, burst) + h.count * (rate / 32 + 1024);

        assert_true(total(&h) + slack >= due);
        for (unsigned i = 0; i < h.count; i++)
            assert_true((shares[i] + slack) * h.count * 3 / 2 >= total(&h));
        end(&h);
    }
}

/* Both hold: the narrower one tells. */
static void test_several_hold(void **state)
{
    (void)state;
    for (int wide_first = 0; wide_first < 2; wide_first++) {
        struct history h;

        begin(&h, 1);
        add_flow(&h, wide_first ? 1000000 : 10000, wide_first ? 2000 : 5000);
        struct ln_pace *own = ln_pace_add(&h.flows[0], &h.arena, wide_first ? 10000 : 1000000,
                                          wide_first ? 5000 : 2000);

        assert_ptr_equal(h.flows[0]->also, own);
        for (unsigned i = 0; i < 3000; i++) {
            run(&h, h.flows[0], 20000);
            h.now += MSEC;
        }
        assert_never_more(&h, 10000, 5000);
        assert_true(total(&h) >= 5000 + 3 * 10000 - 2048);
        end(&h);
    }
}

static void test_bounds(void **state)
{
    struct ln_pace *list = NULL;
    struct ln_arena arena;

    (void)state;
    ln_arena_init(&arena, NULL);
    for (unsigned i = 0; i < LN_PACES_MAX; i++)
        assert_non_null(ln_pace_add(&list, &arena, i == 0 ? 1 : LN_PACE_MAX, LN_PACE_MAX));
    assert_null(ln_pace_add(&list, &arena, 1, 1));
    /* A byte a second, of which four years' worth go at once. */
    assert_int_equal(ln_pace_room(list, 1 << 20, ZONE_NOW), 1 << 20);
    ln_pace_spend(list, 1 << 20);
    assert_int_equal(ln_pace_due(list), 0);
    ln_arena_reset(&arena);
}

static void test_waits_until_due(void **state)
{
    struct ln_pace *p = NULL;
    struct ln_arena arena;
    ln_nsec now = ZONE_NOW;

    (void)state;
    ln_arena_init(&arena, NULL);
    ln_pace_add(&p, &arena, 1024, 0);
    assert_int_equal(ln_pace_room(p, 5000, now), 1024);
    ln_pace_spend(p, 1024);
    assert_int_equal(ln_pace_room(p, 5000, now), 0);
    assert_int_equal(ln_pace_due(p), now + ZONE_SECOND);
    assert_int_equal(ln_pace_room(p, 5000, now + ZONE_SECOND - 1), 0);
    assert_int_equal(ln_pace_room(p, 1000, now + ZONE_SECOND), 1000);
    ln_pace_spend(p, 1000);
    assert_int_equal(ln_pace_room(p, 5000, now + ZONE_SECOND), 24); /* what is left of the piece */
    ln_arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_more),      cmocka_unit_test(test_not_less),
        cmocka_unit_test(test_several_hold),    cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_waits_until_due),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
