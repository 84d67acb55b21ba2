/* SPDX-License-Identifier: Apache-2.0
 * house.h - what tests of clients need: a pool on a loop, calls that remember how they ended, a
 * real redis-server on a Unix socket, and a server that says whatever a test wants.
 */
#ifndef LN_UNIT_REDIS_HOUSE_H
#define LN_UNIT_REDIS_HOUSE_H

#include "net/turns.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/log.h"
#include "redis/client.h"

enum { ASKS = 512 };

struct ask { /* one call and its end */
    struct ln_redis_call *call;
    bool done;
    enum ln_redis_error error;
    char text[512]; /* the first reply, printed; or the reason */
    unsigned count;
    ln_nsec sent, ended;
};

struct house {
    struct turns turns;
    struct ln_deadlines *deadlines;
    struct ln_resolver *resolver;
    struct ln_redis_pool *pool;
    struct ln_redis *redis;
    struct ask asks[ASKS];
    unsigned used, ended, until;
    bool all_ended;
    char dir[64], log[80];
    pid_t server; /* 0 = none */
};

static struct house *house;

/* ---- values as text ---- */

static inline size_t print_reply(const struct ln_redis_reply *r, char *out, size_t room)
{
    size_t n;

    switch (r->kind) {
    case LN_REDIS_NIL:
        return (size_t)snprintf(out, room, "nil");
    case LN_REDIS_INTEGER:
        return (size_t)snprintf(out, room, "%lld", (long long)r->integer);
    case LN_REDIS_FAULT:
        return (size_t)snprintf(out, room, "-%.*s", (int)r->text.n, r->text.p);
    case LN_REDIS_STATUS:
    case LN_REDIS_TEXT:
        return (size_t)snprintf(out, room, "%.*s", (int)r->text.n, r->text.p);
    case LN_REDIS_ARRAY:
        break;
    }
    n = (size_t)snprintf(out, room, "[");
    for (unsigned i = 0; i < r->count && n + 8 < room; i++) {
        n += print_reply(r->items[i], out + n, room - n);
        if (i + 1 < r->count)
            n += (size_t)snprintf(out + n, room - n, " ");
    }
    return n + (size_t)snprintf(out + n, room - n, "]");
}

static inline void on_ask_done(struct ln_redis_call *c)
{
    struct ask *a = c->arg;
    size_t n = 0;

    assert_false(a->done);
    a->done = true;
    a->ended = ln_clock_mono();
    a->error = c->error;
    a->count = c->count;
    if (c->error != LN_REDIS_OK)
        snprintf(a->text, sizeof a->text, "%s", c->reason);
    for (unsigned i = 0; c->error == LN_REDIS_OK && i < c->count && n + 64 < sizeof a->text; i++) {
        n += print_reply(c->replies[i], a->text + n, sizeof a->text - n - 8);
        if (i + 1 < c->count)
            n += (size_t)snprintf(a->text + n, sizeof a->text - n, " | ");
    }
    ln_redis_call_free(c);
    a->call = NULL;
    house->ended++;
    house->all_ended = house->ended >= house->until;
}

/* ---- asking ---- */

static inline struct ask *draft(void)
{
    struct ask *a = &house->asks[house->used++ % ASKS];

    *a = (struct ask){.sent = ln_clock_mono()};
    a->call = ln_redis_call_new(house->redis, on_ask_done, a);
    return a;
}

/* Words are separated by spaces; commands by newlines. */
static inline void write_words(struct ask *a, const char *text)
{
    char copy[512], *line, *word, *lines, *words;

    snprintf(copy, sizeof copy, "%s", text);
    for (line = strtok_r(copy, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
        char again[512];
        unsigned n = 0;

        snprintf(again, sizeof again, "%s", line);
        for (word = strtok_r(again, " ", &words); word; word = strtok_r(NULL, " ", &words))
            n++;
        ln_redis_call_command(a->call, n);
        for (word = strtok_r(line, " ", &words); word; word = strtok_r(NULL, " ", &words))
            ln_redis_call_word(a->call, word, strlen(word));
    }
}

static inline struct ask *post(struct ask *a, ln_msec timeout)
{
    if (!ln_redis_call_send(a->call, timeout))
        on_ask_done(a->call);
    return a;
}

static inline struct ask *ask(const char *text, ln_msec timeout)
{
    struct ask *a = draft();

    write_words(a, text);
    return post(a, timeout);
}

static inline void await_all(void)
{
    house->until = house->used;
    house->all_ended = house->ended >= house->until;
    turns_until(&house->turns, &house->all_ended);
}

/* Sends and waits; the replies as text, or "!code". */
static inline const char *said(const char *text)
{
    static char out[600];
    struct ask *a = ask(text, 5000);

    await_all();
    if (a->error == LN_REDIS_OK)
        return a->text;
    snprintf(out, sizeof out, "!%s", ln_redis_error_code(a->error));
    return out;
}

/* Asks until Redis is back. */
static inline void await_up(void)
{
    ln_nsec end = ln_clock_mono() + 10000ULL * LN_NSEC_PER_MSEC;

    while (strcmp(said("PING"), "PONG") != 0) {
        assert_true(ln_clock_mono() < end);
        turns_once(&house->turns);
    }
}

/* ---- the house ---- */

static inline void use_url(const char *text)
{
    struct ln_redis_url url;
    struct ln_err err;

    assert_int_equal(ln_redis_url_parse(ln_slice_of(text), &url, &err), 0);
    ln_redis_put(house->redis);
    house->redis = ln_redis_get(house->pool, &url);
}

static inline const char *socket_path(void)
{
    static char path[100];

    snprintf(path, sizeof path, "%s/s", house->dir);
    return path;
}

static inline void use_socket(void)
{
    char url[128];

    snprintf(url, sizeof url, "unix:%s", socket_path());
    use_url(url);
}

static inline int house_set_up(void **state)
{
    struct house *h = calloc(1, sizeof *h);
    struct ln_resolver_options o = ln_resolver_defaults();
    struct ln_err err;

    house = h;
    turns_init(&h->turns);
    h->deadlines = ln_deadlines_new(h->turns.loop);
    h->resolver = ln_resolver_new(h->turns.loop, &o, &err);
    h->pool = ln_redis_pool_new(h->turns.loop, h->deadlines, h->resolver);
    snprintf(h->dir, sizeof h->dir, "/tmp/ln_redis.XXXXXX");
    assert_non_null(mkdtemp(h->dir));
    snprintf(h->log, sizeof h->log, "%s/log", h->dir);
    assert_int_equal(ln_log_open(h->log, LN_LOG_INFO, LN_LOG_TEXT, &err), 0);
    *state = h;
    return 0;
}

static inline void stop_server(int sig)
{
    if (house->server == 0)
        return;
    kill(house->server, sig); /* SIGKILL also ends one that is stopped */
    waitpid(house->server, NULL, 0);
    house->server = 0;
}

static inline int house_tear_down(void **state)
{
    struct house *h = *state;
    char command[128];

    stop_server(SIGKILL);
    ln_redis_put(h->redis);
    turns_once(&h->turns);
    ln_redis_pool_free(h->pool);
    ln_resolver_free(h->resolver);
    ln_deadlines_free(h->deadlines);
    turns_fini(&h->turns);
    ln_log_open("stderr", LN_LOG_INFO, LN_LOG_TEXT, NULL);
    snprintf(command, sizeof command, "rm -r '%s'", h->dir);
    assert_int_equal(system(command), 0);
    free(h);
    return 0;
}

/* How often a text stands in the log. */
static inline unsigned logged(const char *text)
{
    static char all[65536];
    FILE *f = fopen(house->log, "r");
    unsigned n = 0;

    assert_non_null(f);
    all[fread(all, 1, sizeof all - 1, f)] = '\0';
    fclose(f);
    for (const char *p = all; (p = strstr(p, text)) != NULL; p++)
        n++;
    return n;
}

/* ---- a real server ---- */

static inline int knock(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    close(fd);
    return -1;
}

/* `more`: further settings, NULL at the end. Returns when it listens. */
static inline void start_server(const char *const *more)
{
    const char *argv[48] = {
        "redis-server", "--port", "0",     "--unixsocket", socket_path(),
        "--save",       "",       "--dir", house->dir,     "--enable-debug-command",
        "yes"};
    unsigned n = 11;
    int fd;

    for (; more != NULL && *more != NULL; more++)
        argv[n++] = *more;
    unlink(socket_path());
    house->server = fork();
    assert_true(house->server >= 0);
    if (house->server == 0) {
        int null = open("/dev/null", O_RDWR);

        dup2(null, 1);
        dup2(null, 2);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    while ((fd = knock(socket_path())) < 0) {
        int status;

        assert_int_equal(waitpid(house->server, &status, WNOHANG), 0); /* it lives */
        turns_once(&house->turns);
    }
    close(fd);
}

/* A command on a connection of its own, its answer not waited for; close it. */
static inline int aside(const char *line)
{
    int fd = knock(socket_path());

    assert_true(fd >= 0);
    assert_int_equal(send(fd, line, strlen(line), MSG_NOSIGNAL), strlen(line));
    return fd;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_set_up, house_tear_down)

#endif
