/* SPDX-License-Identifier: Apache-2.0
 * metered.h - meters, and a Redis that says of takes what the test wants and when it wants:
 * heartbeats are answered by themselves. Real ones are in clocked.h and in spec/e2e/46-redis.
 */
#ifndef LN_UNIT_LIMIT_METERED_H
#define LN_UNIT_LIMIT_METERED_H

#include "redis/house.h"

#include "limit/meter.h"

enum { GUESTS = 16, QUESTIONS = 64, TAKERS = 16 };

/* A script that Redis was asked for. */
struct question {
    int fd;
    char key[200], answer[200]; /* "" = none yet */
    long long least, most;
    bool is_beat;
};

/* Redis: answers leave in the order of the questions. */
static struct {
    ev_io door, guests[GUESTS];
    int door_fd;
    unsigned guest_count, asked, said, tightest;
    struct question questions[QUESTIONS];
} server;

struct taker {
    struct ln_meter_take take;
    char identity[16];
    unsigned answers;
    bool at_once;
    void (*then)(struct taker *t);
};

static struct taker takers[TAKERS];
static struct ln_shm *shm;
static struct ln_meters *meters;

#define AWAIT(condition)                                                                           \
    do {                                                                                           \
        ln_nsec end = ln_clock_mono() + 10000ULL * LN_NSEC_PER_MSEC;                               \
        while (!(condition)) {                                                                     \
            assert_true(ln_clock_mono() < end);                                                    \
            turns_once(&house->turns);                                                             \
        }                                                                                          \
    } while (0)

/* ---- Redis ---- */

static inline void speak(void)
{
    while (server.said < server.asked && server.questions[server.said].answer[0] != '\0') {
        struct question *q = &server.questions[server.said++];

        if (send(q->fd, q->answer, strlen(q->answer), MSG_NOSIGNAL) < 0)
            assert_int_equal(errno, EPIPE);
    }
}

static inline char *next_word(char **at)
{
    size_t n = strtoul(*at + 1, at, 10);
    char *word = *at + 2;

    *at = word + n + 2;
    word[n] = '\0';
    return word;
}

static inline void read_question(int fd, char **at, unsigned words)
{
    struct question *q = &server.questions[server.asked];
    const char *name = next_word(at);

    *q = (struct question){.fd = fd};
    for (unsigned i = 1; i < words; i++) {
        const char *word = next_word(at);

        if (i == 3)
            snprintf(q->key, sizeof q->key, "%s", word);
        if (i == 4)
            q->least = atoll(word);
        if (i == 5)
            q->most = atoll(word);
    }
    q->is_beat = strstr(q->key, ":gateways") != NULL;
    if (strcmp(name, "EVALSHA") != 0)
        snprintf(q->answer, sizeof q->answer, "+OK\r\n");
    else if (q->is_beat)
        snprintf(q->answer, sizeof q->answer, ":1\r\n");
    server.asked++;
    assert_true(server.asked < QUESTIONS);
}

static inline void on_guest(struct ev_loop *ev, ev_io *w, int events)
{
    char in[65536], *at = in;
    ssize_t n = recv(w->fd, in, sizeof in - 1, 0);

    (void)events;
    if (n <= 0) {
        ev_io_stop(ev, w);
        close(w->fd);
        return;
    }
    while (at < in + n) { /* small commands come whole */
        unsigned words = (unsigned)strtoul(at + 1, &at, 10);

        at += 2;
        read_question(w->fd, &at, words);
    }
    speak();
}

static inline void on_door(struct ev_loop *ev, ev_io *w, int events)
{
    ev_io *guest = &server.guests[server.guest_count++];

    (void)w;
    (void)events;
    assert_true(server.guest_count <= GUESTS);
    ev_io_init(guest, on_guest, accept(server.door_fd, NULL, NULL), EV_READ);
    ev_io_start(ev, guest);
}

static inline void open_server(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    memset(&server, 0, sizeof server);
    server.door_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "%s", socket_path());
    assert_int_equal(bind(server.door_fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(server.door_fd, 8), 0);
    ev_io_init(&server.door, on_door, server.door_fd, EV_READ);
    ev_io_start(ln_loop_ev(house->turns.loop), &server.door);
}

static inline void hang_up(void)
{
    for (unsigned i = 0; i < server.guest_count; i++)
        if (ev_is_active(&server.guests[i])) {
            ev_io_stop(ln_loop_ev(house->turns.loop), &server.guests[i]);
            close(server.guests[i].fd);
        }
}

/* The n-th take that Redis was asked for, from 0; NULL: it was not. */
static inline struct question *take_asked(unsigned n)
{
    for (unsigned i = 0; i < server.asked; i++)
        if (server.questions[i].key[0] != '\0' && !server.questions[i].is_beat && n-- == 0)
            return &server.questions[i];
    return NULL;
}

static inline void await_take(unsigned n, long long least, long long most)
{
    AWAIT(take_asked(n) != NULL);
    assert_int_equal(take_asked(n)->least, least);
    assert_int_equal(take_asked(n)->most, most);
}

/* To the n-th take; times in milliseconds. The tightest window is the `tightest`, from 0. */
static inline void say(unsigned n, long long granted, unsigned left, unsigned wait, unsigned reset)
{
    struct question *q = take_asked(n);

    snprintf(q->answer, sizeof q->answer, "*5\r\n:%lld\r\n:%u\r\n:%u\r\n:%u\r\n:%u\r\n", granted,
             left, wait * 1000, reset * 1000, server.tightest + 1);
    speak();
}

/* ---- meters ---- */

static inline struct ln_meter_conf conf_of(enum ln_limit_way way, uint64_t lease)
{
    struct ln_meter_conf conf = {.limits = {{way, 100, 60000, 100}},
                                 .without = {{way, 100, 60000, 100}},
                                 .count = 1,
                                 .lease = lease,
                                 .rule = LN_SLICE("r"),
                                 .timeout = 5000,
                                 .on_down = LN_LIMIT_DOWN_DENY,
                                 .clients = 100};
    char url[128];
    struct ln_err err;

    snprintf(url, sizeof url, "unix:%s", socket_path());
    assert_int_equal(ln_redis_url_parse(ln_slice_of(url), &conf.url, &err), 0);
    return conf;
}

static inline struct ln_meter *open_meter(const struct ln_meter_conf *conf)
{
    struct ln_demand demand;
    struct ln_meter *m;
    struct ln_err err;

    ln_demand_init(&demand);
    ln_meter_demand(conf, &demand);
    assert_int_equal(ln_shm_satisfy(shm, &demand, &err), 0);
    ln_demand_fini(&demand);
    m = ln_meter_new(meters, conf, &err);
    assert_non_null(m);
    return m;
}

static inline int metered_set_up(void **state)
{
    struct ln_err err;

    house_set_up(state);
    open_server();
    memset(takers, 0, sizeof takers);
    shm = ln_shm_new(1, &err);
    meters = ln_meters_new(
        &(struct ln_meters_env){.loop = house->turns.loop, .shm = shm, .redis = house->pool});
    return 0;
}

static inline int metered_tear_down(void **state)
{
    ln_meters_free(meters);
    ln_shm_free(shm);
    hang_up();
    ev_io_stop(ln_loop_ev(house->turns.loop), &server.door);
    close(server.door_fd);
    return house_tear_down(state);
}

static inline void on_taken(struct ln_meter_take *take)
{
    struct taker *t = ln_container_of(take, struct taker, take);

    t->answers++;
    if (t->then != NULL)
        t->then(t);
}

/* The i-th taker takes of the client. */
static inline struct taker *take_of(struct ln_meter *m, unsigned i, const char *identity,
                                    uint64_t cost)
{
    struct taker *t = &takers[i];

    snprintf(t->identity, sizeof t->identity, "%s", identity);
    t->take.on_done = on_taken;
    t->at_once = ln_meter_take(m, &t->take, ln_slice_of(t->identity), cost, LN_PLAN_TAKE);
    t->answers += t->at_once;
    return t;
}

static inline struct taker *take(struct ln_meter *m, unsigned i, uint64_t cost)
{
    return take_of(m, i, "a", cost);
}

static inline void await_answers(unsigned from, unsigned to)
{
    for (unsigned i = from; i <= to; i++)
        AWAIT(takers[i].answers > 0);
}

static inline void assert_taken(unsigned i, bool ok, enum ln_meter_by by)
{
    assert_int_equal(takers[i].answers, 1);
    assert_int_equal(takers[i].take.answer.ok, ok);
    assert_string_equal(ln_meter_words[takers[i].take.answer.by], ln_meter_words[by]);
}

#define METERED(f) cmocka_unit_test_setup_teardown(f, metered_set_up, metered_tear_down)

#endif
