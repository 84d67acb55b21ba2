/* SPDX-License-Identifier: Apache-2.0
 * test_model.c - thousands of histories of each algorithm in a real Redis, whose clock the test
 * moves, against a slow model.
 *
 * The model knows the rule and all grants so far, and nothing else: how many tokens could be had at
 * a moment. What a script says of waiting is then a search: the first microsecond at which that is
 * enough, when nobody else asks.
 */
#include "limit/clocked.h"

#include "base/rand.h"

enum { HISTORIES = 10000, AT_ONCE = 500, STEPS = 8, GRANTS = STEPS, WINDOWS = 3 };

struct window {
    int64_t count, per, burst; /* per in microseconds */
};

struct history {
    struct ln_tally tally;
    struct window windows[WINDOWS];
    unsigned window_count;
    struct {
        int64_t at, n;
    } grants[GRANTS];
    unsigned grant_count;
    char identity[24];
    struct question q;
    int64_t least, most;
    bool asked;
};

static struct history histories[AT_ONCE];

/* ---- the model ---- */

static int64_t full(const struct history *h, const struct window *w)
{
    return h->tally.way == LN_LIMIT_GCRA ? w->burst : w->count;
}

/* What is not whole is not there. */
static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Tokens come back evenly: `count` in `per`. In units of 1/count of a microsecond. */
static int64_t bucket_room(const struct history *h, const struct window *w, int64_t now)
{
    int64_t level = 0, at = now;

    for (unsigned i = 0; i < h->grant_count; i++) {
        level -= i > 0 ? (h->grants[i].at - at) * w->count : 0;
        level = (level > 0 ? level : 0) + h->grants[i].n * w->per;
        at = h->grants[i].at;
    }
    level -= (now - at) * w->count;
    return floor_div(w->burst * w->per - (level > 0 ? level : 0), w->per);
}

static int64_t log_room(const struct history *h, const struct window *w, int64_t now)
{
    int64_t used = 0;

    for (unsigned i = 0; i < h->grant_count; i++)
        used += h->grants[i].at > now - w->per ? h->grants[i].n : 0;
    return w->count - used;
}

static int64_t window_room(const struct history *h, const struct window *w, int64_t now)
{
    int64_t number = now / w->per, used = 0;

    for (unsigned i = 0; i < h->grant_count; i++) {
        if (h->grants[i].at / w->per == number)
            used += h->grants[i].n * w->per;
        else if (h->grants[i].at / w->per == number - 1)
            used += h->grants[i].n * (w->per - now % w->per);
    }
    return floor_div(w->count * w->per - used, w->per);
}

/* Windows of whole milliseconds, from the first grant. */
static int64_t fixed_room(const struct history *h, const struct window *w, int64_t now)
{
    int64_t end = 0, used = 0;

    for (unsigned i = 0; i < h->grant_count; i++) {
        int64_t ms = h->grants[i].at / 1000;

        if (ms >= end) {
            end = ms + w->per / 1000;
            used = 0;
        }
        used += h->grants[i].n;
    }
    return w->count - (now / 1000 < end ? used : 0);
}

static int64_t room(const struct history *h, const struct window *w, int64_t now)
{
    static int64_t (*const rooms[])(const struct history *, const struct window *, int64_t) = {
        [LN_LIMIT_GCRA] = bucket_room,
        [LN_LIMIT_SLIDING_WINDOW] = window_room,
        [LN_LIMIT_SLIDING_LOG] = log_room,
        [LN_LIMIT_FIXED_WINDOW] = fixed_room,
    };

    return rooms[h->tally.way](h, w, now);
}

/* Until so many could be had. Rooms only grow while nobody takes any. */
static int64_t time_until(const struct history *h, const struct window *w, int64_t now,
                          int64_t wanted)
{
    int64_t low = 0, high = 200 * w->per;

    if (h->tally.way == LN_LIMIT_FIXED_WINDOW)
        now -= now % 1000; /* Redis knows no finer time to live */
    while (low < high) {
        int64_t middle = (low + high) / 2;

        if (room(h, w, now + middle) >= wanted)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void compare(const struct history *h, const char *what, uint64_t seen, int64_t expected)
{
    if (seen != (uint64_t)expected)
        fail_msg("%s, way %d, %u windows: %s is %llu, expected %lld", h->identity, h->tally.way,
                 h->window_count, what, (unsigned long long)seen, (long long)expected);
}

static int64_t least_room(const struct history *h, int64_t now)
{
    int64_t least = INT64_MAX;

    for (unsigned i = 0; i < h->window_count; i++) {
        int64_t one = room(h, &h->windows[i], now);

        least = one < least ? one : least;
    }
    return least;
}

/* The window that the answer is about is the one for which one waits the longest, and the figure is
 * the first moment at which it would do. Who asks for more than there can be waits in vain. */
static void check_wait(const struct history *h, int64_t now)
{
    const struct ln_tally_answer *a = &h->q.answer;

    for (unsigned i = 0; i < h->window_count; i++) {
        const struct window *w = &h->windows[i];
        int64_t wait;

        if (h->least > full(h, w))
            return;
        wait = time_until(h, w, now, h->least);
        if (i == a->which)
            compare(h, "wait", a->wait, wait * 1000);
        else if ((uint64_t)wait * 1000 > a->wait)
            fail_msg("%s: another window makes one wait longer", h->identity);
    }
}

static void check_rest(const struct history *h, int64_t now)
{
    const struct ln_tally_answer *a = &h->q.answer;
    const struct window *w = &h->windows[a->which];
    int64_t left = room(h, w, now);

    compare(h, "left", a->left, left > 0 ? left : 0);
    compare(h, "reset", a->reset, time_until(h, w, now, full(h, w)) * 1000);
    if (a->ok)
        compare(h, "the least left", a->left, least_room(h, now) > 0 ? least_room(h, now) : 0);
}

static void judge(struct history *h, int64_t now)
{
    const struct ln_tally_answer *a = &h->q.answer;
    int64_t before = least_room(h, now), granted = before < h->most ? before : h->most;
    bool charges = h->least == LN_TALLY_CHARGE, ok = charges || before >= h->least;

    granted = charges ? h->most : granted;
    assert_true(h->q.good);
    compare(h, "ok", a->ok, ok);
    compare(h, "granted", a->granted, ok ? granted : 0);
    if (ok)
        compare(h, "wait", a->wait, 0);
    else
        check_wait(h, now);
    if (ok && granted > 0) {
        h->grants[h->grant_count].at = now;
        h->grants[h->grant_count++].n = granted;
    }
    check_rest(h, now);
}

/* ---- histories ---- */

/* The first window is of `per`, others are longer. */
static void begin(struct history *h, struct ln_rand *rand, enum ln_limit_way way, ln_msec per,
                  unsigned number)
{
    struct ln_limit limits[WINDOWS];

    *h = (struct history){.window_count = 1};
    if (ln_rand_below(rand, 4) == 0)
        h->window_count += 1 + (unsigned)ln_rand_below(rand, WINDOWS - 1);
    for (unsigned i = 0; i < h->window_count; i++) {
        struct ln_limit l = {way, 1 + ln_rand_below(rand, 12), per * (1 + i * 3),
                             1 + ln_rand_below(rand, 12)};

        limits[i] = l;
        h->windows[i] = (struct window){(int64_t)l.count, (int64_t)l.per * 1000, (int64_t)l.burst};
    }
    snprintf(h->identity, sizeof h->identity, "h%u", number);
    ln_tally_init(&h->tally, &tallies, limits, h->window_count, LN_SLICE("model"));
}

/* Mostly one; sometimes many, any of several, more than there can ever be, only a look, or what is
 * taken whether it is there or not. */
static void ask_one(struct history *h, struct ln_rand *rand)
{
    h->asked = ln_rand_below(rand, 8) > 0;
    if (!h->asked)
        return;
    h->least = ln_rand_below(rand, 2) ? 1 : (int64_t)ln_rand_below(rand, 14);
    h->most = h->least + (ln_rand_below(rand, 4) ? 0 : (int64_t)ln_rand_below(rand, 6));
    if (ln_rand_below(rand, 16) == 0)
        h->least = LN_TALLY_CHARGE;
    else if (ln_rand_below(rand, 16) == 0)
        h->most = 0;
    put_question(&h->tally, &h->q, h->identity, h->least, (uint64_t)h->most);
}

/* Nothing, a hair, a part of the window, about one, several. */
static int64_t some_time(struct ln_rand *rand, int64_t per)
{
    uint64_t p = (uint64_t)per;

    switch (ln_rand_below(rand, 8)) {
    case 0:
        return 0;
    case 1:
        return 1 + (int64_t)ln_rand_below(rand, 3);
    case 2:
        return per - 1 + (int64_t)ln_rand_below(rand, 3);
    case 3:
        return (int64_t)ln_rand_below(rand, 3 * p);
    default:
        return (int64_t)ln_rand_below(rand, p / 2);
    }
}

static void check_ends(unsigned number)
{
    for (unsigned i = 0; i < AT_ONCE; i++) {
        char line[64];

        snprintf(line, sizeof line, "PTTL rate_limit:{model:h%u}", number + i);
        ask(line, 20000);
    }
    await_all();
    for (unsigned i = 0; i < AT_ONCE; i++)
        assert_string_not_equal(house->asks[i].text, "-1"); /* a key for ever */
}

static void run(struct ln_rand *rand, enum ln_limit_way way, unsigned number)
{
    static const ln_msec spans[] = {2, 7, 1000, 60000, 86400000};
    ln_msec per = spans[ln_rand_below(rand, 5)];

    for (unsigned i = 0; i < AT_ONCE; i++)
        begin(&histories[i], rand, way, per, number + i);
    for (unsigned step = 0; step < STEPS; step++) {
        *clock_us += some_time(rand, (int64_t)per * 1000);
        for (unsigned i = 0; i < AT_ONCE; i++)
            ask_one(&histories[i], rand);
        await_all();
        for (unsigned i = 0; i < AT_ONCE; i++)
            if (histories[i].asked)
                judge(&histories[i], *clock_us);
    }
    house->used = house->ended = 0;
    check_ends(number);
}

static void all_histories(enum ln_limit_way way)
{
    struct ln_rand rand;

    ln_rand_init(&rand, 7 + way);
    for (unsigned number = 0; number < HISTORIES; number += AT_ONCE)
        run(&rand, way, number);
}

static void test_gcra(void **state)
{
    (void)state;
    all_histories(LN_LIMIT_GCRA);
}

static void test_sliding_window(void **state)
{
    (void)state;
    all_histories(LN_LIMIT_SLIDING_WINDOW);
}

static void test_sliding_log(void **state)
{
    (void)state;
    all_histories(LN_LIMIT_SLIDING_LOG);
}

static void test_fixed_window(void **state)
{
    (void)state;
    all_histories(LN_LIMIT_FIXED_WINDOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLOCKED(test_gcra),
        CLOCKED(test_sliding_window),
        CLOCKED(test_sliding_log),
        CLOCKED(test_fixed_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
