/* SPDX-License-Identifier: Apache-2.0
 * test_lies.c - a client and a server that lies: breaks off at every byte, dribbles, talks
 * nonsense, promises the world.
 */
#include "redis/house.h"

static const char GREETED[] = "+OK\r\n+PONG\r\n"; /* CLIENT SETNAME and PING */

/* Says `first` when a connection greets, `then` at each call after that. */
struct liar {
    ev_io door, guest;
    int door_fd, guest_fd;
    const char *first, *then;
    size_t first_len, then_len;
    bool greeted, hang_up, by_bytes, reset;
    unsigned guests;
};

static struct liar liar;

static void drop_guest(void)
{
    struct linger now = {.l_onoff = 1};

    if (liar.guest_fd < 0)
        return;
    if (liar.reset)
        setsockopt(liar.guest_fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ev_io_stop(ln_loop_ev(house->turns.loop), &liar.guest);
    close(liar.guest_fd);
    liar.guest_fd = -1;
}

static void speak(const char *text, size_t n)
{
    size_t step = liar.by_bytes ? 1 : n;

    for (size_t at = 0; at < n; at += step) {
        if (send(liar.guest_fd, text + at, step, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            break;
        if (liar.by_bytes)
            turns_once(&house->turns);
    }
}

static void on_guest(struct ev_loop *ev, ev_io *w, int events)
{
    char in[65536];
    int fd = liar.guest_fd;
    ssize_t n = recv(fd, in, sizeof in - 1, 0);

    (void)ev;
    (void)w;
    (void)events;
    if (n <= 0) {
        drop_guest();
        return;
    }
    in[n] = '\0';
    ev_io_stop(ev, w); /* speaking turns the loop */
    if (!liar.greeted) {
        liar.greeted = true;
        speak(liar.first, liar.first_len);
        if (liar.first_len < sizeof GREETED - 1 && liar.hang_up)
            drop_guest();
    } else {
        speak(liar.then, liar.then_len);
        if (liar.hang_up)
            drop_guest();
    }
    if (liar.guest_fd >= 0)
        ev_io_start(ev, w);
}

static void on_door(struct ev_loop *ev, ev_io *w, int events)
{
    (void)w;
    (void)events;
    drop_guest();
    liar.guest_fd = accept(liar.door_fd, NULL, NULL);
    liar.greeted = false;
    liar.guests++;
    ev_io_init(&liar.guest, on_guest, liar.guest_fd, EV_READ);
    ev_io_start(ev, &liar.guest);
}

static void lie(const char *first, size_t first_len, const char *then, size_t then_len)
{
    liar.first = first;
    liar.first_len = first_len;
    liar.then = then;
    liar.then_len = then_len;
}

static int set_up(void **state)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    house_set_up(state);
    liar = (struct liar){.guest_fd = -1};
    liar.door_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "%s", socket_path());
    assert_int_equal(bind(liar.door_fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(liar.door_fd, 8), 0);
    ev_io_init(&liar.door, on_door, liar.door_fd, EV_READ);
    ev_io_start(ln_loop_ev(house->turns.loop), &liar.door);
    lie(GREETED, sizeof GREETED - 1, "$5\r\nhello\r\n", 11);
    use_socket();
    return 0;
}

static int tear_down(void **state)
{
    drop_guest();
    ev_io_stop(ln_loop_ev(house->turns.loop), &liar.door);
    close(liar.door_fd);
    return house_tear_down(state);
}

/* A client that has been let down before starts afresh. */
static void start_afresh(void)
{
    ln_redis_put(house->redis);
    house->redis = NULL;
    turns_once(&house->turns);
    use_socket();
}

static void test_the_truth_for_a_start(void **state)
{
    (void)state;
    assert_string_equal(said("GET k"), "hello");
    assert_int_equal(liar.guests, 1);
}

static void test_one_byte_at_a_time(void **state)
{
    (void)state;
    lie(GREETED, sizeof GREETED - 1, "*3\r\n$2\r\nab\r\n:-12\r\n*1\r\n$-1\r\n", 29);
    liar.by_bytes = true;
    assert_string_equal(said("GET k"), "[ab -12 [nil]]");
}

static void await_hello(void)
{
    ln_nsec end = ln_clock_mono() + 10000ULL * LN_NSEC_PER_MSEC;

    while (strcmp(said("GET k"), "hello") != 0) {
        assert_true(ln_clock_mono() < end);
        turns_once(&house->turns);
    }
}

static void break_off_at_every_byte(const char *then, size_t n, const char *whole)
{
    for (size_t at = 0; at <= n; at++) {
        const char *seen;

        lie(GREETED, sizeof GREETED - 1, then, at);
        liar.hang_up = true;
        start_afresh();
        seen = said("GET k");
        if (at < n)
            assert_true(strcmp(seen, "!lost") == 0);
        else
            assert_string_equal(seen, whole);
        liar.hang_up = false;
        liar.then_len = n;
        start_afresh();
        assert_string_equal(said("GET k"), whole);
    }
}

static void test_replies_broken_off_at_every_byte(void **state)
{
    (void)state;
    break_off_at_every_byte("$5\r\nhello\r\n", 11, "hello");
    break_off_at_every_byte("*2\r\n:1\r\n$1\r\nx\r\n", 15, "[1 x]");
    liar.reset = true;
    break_off_at_every_byte("-ERR no\r\n", 9, "-ERR no");
}

static void test_greetings_broken_off_at_every_byte(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof GREETED - 1; at++) {
        lie(GREETED, at, "$5\r\nhello\r\n", 11);
        liar.hang_up = true;
        start_afresh();
        assert_string_equal(said("GET k"), "!down");
    }
    lie(GREETED, sizeof GREETED - 1, "$5\r\nhello\r\n", 11);
    liar.hang_up = false;
    await_hello();
}

static void test_nonsense(void **state)
{
    static const char *const lies[] = {"HTTP/1.1 400 Bad Request\r\n\r\n",
                                       "$abc\r\n",
                                       "$-7\r\nx\r\n",
                                       ":12x\r\n",
                                       "*-9\r\n",
                                       "\r\n\r\n",
                                       "%1\r\n+a\r\n+b\r\n"};

    (void)state;
    for (unsigned i = 0; i < LN_ARRAY_LEN(lies); i++) {
        lie(GREETED, sizeof GREETED - 1, lies[i], strlen(lies[i]));
        start_afresh();
        assert_string_equal(said("GET k"), "!lost");
        assert_int_equal(ln_redis_state(house->redis), LN_REDIS_IS_DOWN);
        assert_non_null(strstr(ln_redis_reason(house->redis), "protocol"));
    }
    lie(GREETED, sizeof GREETED - 1, "$5\r\nhello\r\n", 11);
    start_afresh();
    assert_string_equal(said("GET k"), "hello");
}

static void test_promises_cost_nothing(void **state)
{
    static const char *const lies[] = {
        "*2147483647\r\n:1\r\n", "*1000000\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"};

    (void)state;
    for (unsigned i = 0; i < LN_ARRAY_LEN(lies); i++) {
        lie(GREETED, sizeof GREETED - 1, lies[i], strlen(lies[i]));
        start_afresh();
        assert_string_equal(said("GET k"), "!too_large");
    }
    lie(GREETED, sizeof GREETED - 1, "$2000000000\r\nx", 14); /* believed when it has come */
    start_afresh();

    struct ask *a = ask("GET k", 20);

    await_all();
    assert_int_equal(a->error, LN_REDIS_TIMEOUT);
}

/* The greeting is a call like others, but nobody waits for its replies. */
static void test_a_greeting_that_promises_the_world(void **state)
{
    static const char *const lies[] = {"*2147483647\r\n", "+OK\r\n*1000000\r\n"};

    (void)state;
    for (unsigned i = 0; i < LN_ARRAY_LEN(lies); i++) {
        lie(lies[i], strlen(lies[i]), "$5\r\nhello\r\n", 11);
        start_afresh();
        assert_string_equal(said("GET k"), "!down");
        assert_non_null(strstr(ln_redis_reason(house->redis), "too large"));
    }
    lie(GREETED, sizeof GREETED - 1, "$5\r\nhello\r\n", 11);
    await_hello();
}

static void test_answers_that_nobody_asked_for(void **state)
{
    (void)state;
    lie(GREETED, sizeof GREETED - 1, "$5\r\nhello\r\n$4\r\nmore\r\n", 21);
    assert_string_equal(said("GET k"), "hello");
    turns_once(&house->turns);
    assert_string_equal(said("GET k"), "!down");
    assert_int_equal(logged("nobody has asked"), 1);
}

static void test_it_greets_and_then_is_silent(void **state)
{
    struct ask *a;
    unsigned guests;

    (void)state;
    assert_string_equal(said("GET k"), "hello");
    lie(GREETED, sizeof GREETED - 1, "", 0);
    for (unsigned i = 0; i < 3; i++) {
        a = ask("GET k", 10);
        await_all();
        assert_int_equal(a->error, LN_REDIS_TIMEOUT);
    }
    assert_string_equal(said("GET k"), "!down");
    guests = liar.guests; /* greeted again and again, with a pause before each time */
    while (liar.guests < guests + 2) {
        a = ask("GET k", 10);
        await_all();
        assert_int_not_equal(a->error, LN_REDIS_OK);
        turns_once(&house->turns);
    }
    lie(GREETED, sizeof GREETED - 1, "$5\r\nhello\r\n", 11);
    await_hello();
}

static void test_it_takes_the_greeting_and_never_answers(void **state)
{
    struct ask *a;

    (void)state;
    lie("", 0, "", 0);
    a = ask("GET k", 30);
    await_all();
    assert_int_equal(a->error, LN_REDIS_TIMEOUT);
    a = ask("GET k", 5000); /* waits for the greeting, which has a second */
    await_all();
    assert_int_equal(a->error, LN_REDIS_DOWN);
    assert_in_range((a->ended - a->sent) / LN_NSEC_PER_MSEC, 100, 2000);
    assert_string_equal(said("GET k"), "!down");
}

/* The connection goes on as a probe; only those who come now do not wait for it. */
static void test_a_greeting_that_takes_longer_than_callers_have(void **state)
{
    struct ask *patient, *a;

    (void)state;
    lie("", 0, "", 0);
    patient = ask("GET k", 5000);
    for (unsigned i = 0; i < 3; i++) {
        a = ask("GET k", 10);
        while (!a->done)
            turns_once(&house->turns);
        assert_int_equal(a->error, LN_REDIS_TIMEOUT);
    }
    a = ask("GET k", 10);
    assert_int_equal(a->error, LN_REDIS_DOWN);
    assert_int_equal(liar.guests, 1);
    lie(GREETED, sizeof GREETED - 1, "$5\r\nhello\r\n", 11);
    assert_true(liar.guest_fd >= 0);
    assert_int_equal(send(liar.guest_fd, GREETED, sizeof GREETED - 1, MSG_NOSIGNAL),
                     sizeof GREETED - 1);
    await_all();
    assert_string_equal(patient->text, "hello");
    assert_int_equal(liar.guests, 1);
    assert_int_equal(logged(": up"), 1);
}

static void test_a_password_that_is_echoed_is_not_logged(void **state)
{
    char url[200];

    (void)state;
    snprintf(url, sizeof url, "unix:%s", socket_path());
    struct ln_redis_url u;

    assert_int_equal(ln_redis_url_parse(ln_slice_of(url), &u, NULL), 0);
    snprintf(u.password, sizeof u.password, "hunter2");
    ln_redis_put(house->redis);
    house->redis = ln_redis_get(house->pool, &u);
    lie("-ERR what is hunter2?\r\n+OK\r\n+PONG\r\n", 35, "", 0);
    assert_string_equal(said("GET k"), "!down");
    assert_int_equal(logged("hunter2"), 0);
    assert_int_equal(logged("the password was refused"), 1);
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_truth_for_a_start),
        TEST(test_one_byte_at_a_time),
        TEST(test_replies_broken_off_at_every_byte),
        TEST(test_greetings_broken_off_at_every_byte),
        TEST(test_nonsense),
        TEST(test_promises_cost_nothing),
        TEST(test_a_greeting_that_promises_the_world),
        TEST(test_answers_that_nobody_asked_for),
        TEST(test_it_greets_and_then_is_silent),
        TEST(test_it_takes_the_greeting_and_never_answers),
        TEST(test_a_greeting_that_takes_longer_than_callers_have),
        TEST(test_a_password_that_is_echoed_is_not_logged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
