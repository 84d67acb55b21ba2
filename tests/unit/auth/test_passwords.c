/* SPDX-License-Identifier: Apache-2.0
 * test_passwords.c - passwords judged by threads: right and wrong, remembered, judged once for
 * many, bounded, given up, and all threads gone at the end.
 */
#include "auth/passwords.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "unit.h"

/* "secret" */
#define CHEAP                                                                                      \
    "$6$rounds=1000$salt$HNxBeBnDfSfUrTj6KiLnmd7tGCvHEmcExh8kl/"                                   \
    "S0cZ5WrCciNZgfhbpkeFQ4JfkHX.8vPq45lY0iINnCx1Lkm."

struct house {
    struct ln_loop *loop;
    struct ln_passwords *p;
    unsigned done;   /* answers that have come later */
    unsigned wanted; /* stop the loop then */
    struct ln_timer alarm;
};

struct caller {
    struct ln_password_ask ask;
    struct house *h;
    bool later;
};

static void on_alarm(struct ln_timer *t)
{
    (void)t;
    fail_msg("nothing has come");
}

static void on_done(struct ln_password_ask *a)
{
    struct caller *c = ln_container_of(a, struct caller, ask);

    c->later = true;
    if (++c->h->done == c->h->wanted)
        ln_loop_stop(c->h->loop);
}

static void open_house(struct house *h)
{
    *h = (struct house){.loop = ln_loop_new()};
    h->p = ln_passwords_new(h->loop);
}

static void close_house(struct house *h)
{
    ln_passwords_free(h->p);
    ln_loop_free(h->loop);
}

static void await(struct house *h, unsigned wanted)
{
    h->wanted = wanted;
    if (h->done >= wanted)
        return;
    ln_timer_start(h->loop, &h->alarm, 60000, on_alarm);
    ln_loop_run(h->loop);
    ln_timer_stop(h->loop, &h->alarm);
    assert_int_equal(h->done, wanted);
}

static bool ask(struct house *h, struct caller *c, const char *password, ln_msec remember)
{
    *c = (struct caller){.h = h, .ask = {.on_done = on_done}};
    return ln_passwords_ask(h->p, &c->ask, ln_slice_of(password), LN_SLICE(CHEAP), remember);
}

static unsigned threads(void)
{
    DIR *d = opendir("/proc/self/task");
    unsigned n = 0;

    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n - 2;
}

/* They end by themselves, when they are told to. */
static void await_the_end_of_threads(unsigned before)
{
    for (time_t end = time(NULL) + 60; threads() != before && time(NULL) < end;)
        sched_yield();
    assert_int_equal(threads(), before);
}

static void test_right_and_wrong(void **state)
{
    struct caller right, wrong;
    struct house h;
    unsigned before = threads();

    (void)state;
    open_house(&h);
    assert_int_equal(threads(), before); /* none before it is needed */
    assert_false(ask(&h, &right, "secret", 0));
    assert_false(ask(&h, &wrong, "secrets", 0));
    await(&h, 2);
    assert_int_equal(right.ask.result, LN_PASSWORD_RIGHT);
    assert_int_equal(wrong.ask.result, LN_PASSWORD_WRONG);
    close_house(&h);
    await_the_end_of_threads(before);
}

static void test_without_a_loop(void **state)
{
    (void)state;
    assert_true(ln_password_is_right(LN_SLICE("secret"), LN_SLICE(CHEAP)));
    assert_false(ln_password_is_right(LN_SLICE("Secret"), LN_SLICE(CHEAP)));
    assert_false(ln_password_is_right(LN_SLICE("secret\0x"), LN_SLICE(CHEAP)));
    assert_false(ln_password_is_right(LN_SLICE(""), LN_SLICE("*0")));
    assert_true(ln_password_can_judge(CHEAP));
    assert_true(ln_password_can_judge(
        "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7"));
    assert_false(ln_password_can_judge("$9$what$is-this"));
}

/* What no hash can be of is wrong at once, and costs nothing. */
static void test_passwords_that_cannot_be(void **state)
{
    char long_one[LN_PASSWORD_MAX + 2] = {0};
    struct caller c;
    struct house h;

    (void)state;
    open_house(&h);
    memset(long_one, 'x', sizeof long_one - 1);
    assert_true(ask(&h, &c, long_one, 0));
    assert_int_equal(c.ask.result, LN_PASSWORD_WRONG);
    c = (struct caller){.h = &h, .ask = {.on_done = on_done}};
    assert_true(ln_passwords_ask(h.p, &c.ask, LN_SLICE("secret\0x"), LN_SLICE(CHEAP), 0));
    assert_int_equal(c.ask.result, LN_PASSWORD_WRONG);
    assert_int_equal(ln_passwords_count(h.p), 0);
    close_house(&h);
}

static void test_right_ones_are_remembered(void **state)
{
    struct caller c;
    struct house h;

    (void)state;
    open_house(&h);
    assert_false(ask(&h, &c, "secret", 60000));
    await(&h, 1);
    assert_true(ask(&h, &c, "secret", 60000));
    assert_int_equal(c.ask.result, LN_PASSWORD_RIGHT);
    assert_int_equal(ln_passwords_count(h.p), 1);
    assert_false(ask(&h, &c, "secret", 0)); /* who wants none of that */
    await(&h, 2);
    c = (struct caller){.h = &h,
                        .ask = {.on_done = on_done}}; /* another hash is another password */
    assert_false(ln_passwords_ask(h.p, &c.ask, LN_SLICE("secret"),
                                  LN_SLICE("$5$rounds=1000$salt$x"), 60000));
    await(&h, 3);
    assert_int_equal(c.ask.result, LN_PASSWORD_WRONG);
    close_house(&h);
}

static void test_wrong_ones_are_not(void **state)
{
    struct caller c;
    struct house h;

    (void)state;
    open_house(&h);
    for (unsigned i = 1; i <= 3; i++) {
        assert_false(ask(&h, &c, "wrong", 60000));
        await(&h, i);
        assert_int_equal(c.ask.result, LN_PASSWORD_WRONG);
        assert_int_equal(ln_passwords_count(h.p), i);
    }
    close_house(&h);
}

static void test_equal_ones_are_judged_once(void **state)
{
    struct caller c[100];
    struct house h;

    (void)state;
    open_house(&h);
    for (unsigned i = 0; i < LN_ARRAY_LEN(c); i++)
        assert_false(ask(&h, &c[i], "secret", 60000));
    await(&h, LN_ARRAY_LEN(c));
    for (unsigned i = 0; i < LN_ARRAY_LEN(c); i++)
        assert_int_equal(c[i].ask.result, LN_PASSWORD_RIGHT);
    assert_int_equal(ln_passwords_count(h.p), 1);
    close_house(&h);
}

static void test_a_full_queue(void **state)
{
    struct caller c[LN_PASSWORDS_QUEUE + 8];
    unsigned waiting = 0, busy = 0;
    struct house h;

    (void)state;
    open_house(&h);
    for (unsigned i = 0; i < LN_ARRAY_LEN(c); i++) { /* the loop does not turn meanwhile */
        char guess[16];

        snprintf(guess, sizeof guess, "guess-%u", i);
        if (!ask(&h, &c[i], guess, 0))
            waiting++;
        else if (c[i].ask.result == LN_PASSWORD_BUSY)
            busy++;
    }
    assert_int_equal(waiting, LN_PASSWORDS_QUEUE);
    assert_int_equal(busy, 8);
    await(&h, LN_PASSWORDS_QUEUE);
    assert_false(ask(&h, &c[0], "secret", 0)); /* and it goes on */
    await(&h, LN_PASSWORDS_QUEUE + 1);
    assert_int_equal(c[0].ask.result, LN_PASSWORD_RIGHT);
    close_house(&h);
}

static void test_giving_up(void **state)
{
    struct caller c[20], stays;
    struct house h;

    (void)state;
    open_house(&h);
    for (unsigned i = 0; i < LN_ARRAY_LEN(c); i++) {
        char guess[16];

        snprintf(guess, sizeof guess, "guess-%u", i / 2); /* each by two */
        assert_false(ask(&h, &c[i], guess, 0));
    }
    assert_false(ask(&h, &stays, "secret", 0));
    for (unsigned i = 0; i < LN_ARRAY_LEN(c); i++)
        ln_passwords_cancel(&c[i].ask);
    ln_passwords_cancel(&c[0].ask); /* again: nothing */
    await(&h, 1);
    assert_int_equal(stays.ask.result, LN_PASSWORD_RIGHT);
    for (unsigned i = 0; i < LN_ARRAY_LEN(c); i++)
        assert_false(c[i].later);
    assert_true(ln_passwords_count(h.p) <= 3); /* it, and what the threads had taken already */
    close_house(&h);
}

/* With a queue that is full, nobody waiting for it any more. */
static void test_the_end_while_they_work(void **state)
{
    struct caller c[LN_PASSWORDS_QUEUE];
    struct house h;

    (void)state;
    for (unsigned round = 0; round < 5; round++) {
        open_house(&h);
        for (unsigned i = 0; i < LN_ARRAY_LEN(c); i++) {
            char guess[16];

            snprintf(guess, sizeof guess, "guess-%u", i);
            assert_false(ask(&h, &c[i], guess, 0));
        }
        for (unsigned i = 0; i < LN_ARRAY_LEN(c); i++)
            ln_passwords_cancel(&c[i].ask);
        close_house(&h);
    }
}

/* Of nobody knows what; ten seconds or so, and longer on a slow machine. */
#define DEAR "$2b$17$abcdefghijklmnopqrstuuKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKK"

/* Whoever stops does not wait for a hash that nobody wants any more. */
static void test_the_end_does_not_wait_for_a_hash(void **state)
{
    struct caller c;
    struct house h;

    (void)state;
    await_the_end_of_threads(1);
    open_house(&h);
    do { /* until a thread has taken it: then it cannot be withdrawn */
        c = (struct caller){.h = &h, .ask = {.on_done = on_done}};
        assert_false(ln_passwords_ask(h.p, &c.ask, LN_SLICE("secret"), LN_SLICE(DEAR), 0));
        sched_yield();
        ln_passwords_cancel(&c.ask);
    } while (ln_passwords_count(h.p) == 0);
    close_house(&h);
    assert_true(threads() > 1);
    assert_false(c.later);
}

static unsigned caught;

static void on_signal(int number)
{
    (void)number;
    caught++;
}

/* All of them are the loop's thread's: the others have every one blocked. */
static void test_signals(void **state)
{
    struct caller c;
    struct house h;
    char path[300], line[256];
    unsigned seen = 0;

    (void)state;
    signal(SIGVTALRM, on_signal);
    open_house(&h);
    assert_false(ask(&h, &c, "secret", 0));
    DIR *d = opendir("/proc/self/task");

    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        unsigned long long blocked = 0;
        bool is_there = false; /* a thread of an earlier house may end meanwhile */

        snprintf(path, sizeof path, "/proc/self/task/%s/status", e->d_name);
        FILE *f = e->d_name[0] != '.' && atoi(e->d_name) != getpid() ? fopen(path, "r") : NULL;

        if (f == NULL)
            continue;
        while (fgets(line, sizeof line, f) != NULL)
            is_there = is_there || sscanf(line, "SigBlk: %llx", &blocked) == 1;
        fclose(f);
        if (!is_there)
            continue;
        assert_true(blocked >> (SIGVTALRM - 1) & 1);
        assert_true(blocked >> (SIGPROF - 1) & 1);
        assert_true(blocked >> (SIGTERM - 1) & 1);
        seen++;
    }
    closedir(d);
    assert_true(seen >= 1);
    kill(getpid(), SIGVTALRM);
    assert_int_equal(caught, 1);
    await(&h, 1);
    close_house(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_and_wrong),
        cmocka_unit_test(test_without_a_loop),
        cmocka_unit_test(test_passwords_that_cannot_be),
        cmocka_unit_test(test_right_ones_are_remembered),
        cmocka_unit_test(test_wrong_ones_are_not),
        cmocka_unit_test(test_equal_ones_are_judged_once),
        cmocka_unit_test(test_a_full_queue),
        cmocka_unit_test(test_giving_up),
        cmocka_unit_test(test_the_end_while_they_work),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_the_end_does_not_wait_for_a_hash), /* its thread is left behind */
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
