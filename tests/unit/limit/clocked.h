/* SPDX-License-Identifier: Apache-2.0
 * clocked.h - a real redis-server whose clock the test moves (redis_clock.c), and tallies that ask
 * it.
 */
#ifndef LN_UNIT_LIMIT_CLOCKED_H
#define LN_UNIT_LIMIT_CLOCKED_H

#include "redis/house.h"

#include <sys/mman.h>

#include "limit/tally.h"

static volatile int64_t *clock_us;
static struct ln_tallies tallies;

struct question {
    const struct ln_tally *tally;
    struct ln_tally_answer answer;
    bool good;
    char why[128];
};

static inline int clocked_set_up(void **state)
{
    char path[100];
    int fd;

    house_set_up(state);
    snprintf(path, sizeof path, "%s/clock", house->dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(ftruncate(fd, sizeof *clock_us), 0);
    clock_us = mmap(NULL, sizeof *clock_us, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(clock_us, MAP_FAILED);
    close(fd);
    *clock_us = 1700000000000000;
    setenv("LN_REDIS_CLOCK", path, 1);
    setenv("LD_PRELOAD", LN_REDIS_CLOCK_LIBRARY, 1);
    start_server(NULL);
    unsetenv("LD_PRELOAD");
    use_socket();
    ln_tallies_init(&tallies);
    return 0;
}

static inline int clocked_tear_down(void **state)
{
    ln_tallies_fini(&tallies);
    munmap((void *)(uintptr_t)clock_us, sizeof *clock_us);
    return house_tear_down(state);
}

static inline void on_answer(struct ln_redis_call *c)
{
    struct question *q = c->arg;
    struct ln_slice why = ln_slice_of(c->reason != NULL ? c->reason : "");

    q->good = c->error == LN_REDIS_OK && ln_tally_read(q->tally, c, &q->answer, &why);
    if (!q->good)
        snprintf(q->why, sizeof q->why, "%.*s", (int)why.n, why.p);
    ln_redis_call_free(c);
    house->ended++;
    house->all_ended = house->ended >= house->until;
}

/* Asks, and goes on: await_all() waits for all. */
static inline void put_question(const struct ln_tally *t, struct question *q, const char *identity,
                                int64_t least, uint64_t most)
{
    struct ln_redis_call *c = ln_redis_call_new(house->redis, on_answer, q);

    house->used++;
    q->tally = t;
    ln_tally_ask(t, c, ln_slice_of(identity), least, most);
    assert_true(ln_redis_call_send(c, 20000));
}

static inline struct ln_tally_answer take(const struct ln_tally *t, const char *identity,
                                          int64_t least, uint64_t most)
{
    struct question q;

    put_question(t, &q, identity, least, most);
    await_all();
    if (!q.good)
        fail_msg("%s", q.why);
    return q.answer;
}

#define CLOCKED(f) cmocka_unit_test_setup_teardown(f, clocked_set_up, clocked_tear_down)

#endif
