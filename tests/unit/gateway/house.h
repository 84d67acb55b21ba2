/* SPDX-License-Identifier: Apache-2.0
 * house.h - a real gateway in a child process; the test itself is its client and its instance, with
 * blocking sockets.
 *
 * What the kernel keeps for a socket is the barrier: nobody waits for time to pass. Every read has
 * a bound that only a failing test reaches. The child ends by draining, so that leaks and what was
 * not given back are seen.
 */
#ifndef LN_UNIT_HOUSE_H
#define LN_UNIT_HOUSE_H

#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/log.h"
#include "gateway/gateway.h"
#include "net/loop.h"
#include "shm/region.h"

enum { HOUSE_BOUND_MS = 5000, HOUSE_TEXT = 1 << 17 };

struct house {
    char dir[32], conf[64], routes[64];
    int front, back[2]; /* listening sockets: the gateway's, and two instances' */
    unsigned front_port, back_port[2];
    pid_t child;
};

/* ---- the child
 * ------------------------------------------------------------------------------------------------
 */

struct house_child {
    struct ln_loop *loop;
    struct ln_gateway *gw;
    ev_signal term;
};

static inline void house_on_drained(void *arg)
{
    ln_loop_stop(arg);
}

static inline void house_on_term(struct ev_loop *ev, ev_signal *w, int events)
{
    struct house_child *c = w->data;

    (void)ev;
    (void)events;
    ln_gateway_drain(c->gw, house_on_drained, c->loop);
}

static inline void house_complain(struct ln_diag *diag)
{
    struct ln_text text;

    ln_text_init(&text);
    ln_diag_print(diag, &text);
    fprintf(stderr, "%s\n", text.p != NULL ? text.p : "no reason given");
    _exit(3);
}

/* What a supervisor does: a check that tells what is needed, the region, then the generation. */
static inline void house_prepare(struct house *h, struct house_child *c, struct ln_shm *shm,
                                 struct ln_bundle *bundle)
{
    struct ln_demand demand;
    struct ln_diag diag;
    struct ln_err err;

    ln_demand_init(&demand);
    ln_diag_init(&diag);
    const struct ln_vm_env check = {.demand = &demand};
    struct ln_generation *g = ln_generation_load(h->conf, bundle, &check, NULL, 1, &diag);

    if (g == NULL || ln_shm_satisfy(shm, &demand, &err) != 0)
        house_complain(&diag);
    ln_generation_put(g);
    if (ln_gateway_prepare(c->gw, h->conf, bundle, 1, &diag) != 0)
        house_complain(&diag);
    ln_demand_fini(&demand);
    ln_diag_fini(&diag);
}

static inline void house_live(struct house *h)
{
    struct house_child c = {.loop = ln_loop_new()};
    struct ln_err err;
    struct ln_shm *shm = ln_shm_new(1, &err);
    struct ln_bundle *bundle = ln_bundle_record();

    c.gw = ln_gateway_new(c.loop, shm, 0);
    house_prepare(h, &c, shm, bundle);
    atomic_store(ln_shm_commit_word(shm), 1);
    ln_gateway_commit(c.gw);
    ln_gateway_listen(c.gw, h->front, 0);
    ev_signal_init(&c.term, house_on_term, SIGTERM);
    c.term.data = &c;
    ev_signal_start(ln_loop_ev(c.loop), &c.term);
    ln_loop_run(c.loop);
    ev_signal_stop(ln_loop_ev(c.loop), &c.term);
    ln_gateway_free(c.gw);
    ln_bundle_free(bundle);
    ln_shm_free(shm);
    ln_loop_free(c.loop);
}

/* ---- set-up
 * ---------------------------------------------------------------------------------------------------
 */

static inline int house_door(unsigned *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static inline void house_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* The one that is open: a test that fails leaves it to house_tear_down(). */
static struct house *house_now;

/* `gateway` and `service` are lines of YAML for those blocks, `routes` a Lua file; any may be NULL.
 */
static inline struct house *house_open(const char *gateway, const char *service, const char *routes)
{
    struct house *h = calloc(1, sizeof *h);
    char text[4096];

    assert_non_null(h);
    strcpy(h->dir, "/tmp/lunette-unit-XXXXXX");
    assert_non_null(mkdtemp(h->dir));
    snprintf(h->conf, sizeof h->conf, "%s/gateway.yaml", h->dir);
    snprintf(h->routes, sizeof h->routes, "%s/routes.lua", h->dir);
    h->front = house_door(&h->front_port);
    assert_int_equal(fcntl(h->front, F_SETFL, O_NONBLOCK), 0);
    for (unsigned i = 0; i < 2; i++)
        h->back[i] = house_door(&h->back_port[i]);
    snprintf(
        text, sizeof text,
        "gateway:\n  port: \"127.0.0.1:%u\"\n  timeout: 5s\n%s%s"
        "services:\n  - name: back\n    path: /back\n    instances: [\"http://127.0.0.1:%u\"]\n%s",
        h->front_port, gateway != NULL ? gateway : "", routes != NULL ? "routes: routes.lua\n" : "",
        h->back_port[0], service != NULL ? service : "");
    if (routes != NULL)
        house_file(h->routes, routes);
    house_file(h->conf, text);
    h->child = fork();
    assert_true(h->child >= 0);
    if (h->child == 0) {
        struct ln_err err;

        prctl(PR_SET_PDEATHSIG, SIGKILL); /* never outlives the test */
        ln_log_open("/dev/null", LN_LOG_ERROR, LN_LOG_TEXT, &err);
        close(h->back[0]);
        close(h->back[1]);
        house_live(h);
        free(h);
        exit(0); /* not _exit: leaks are looked for */
    }
    house_now = h;
    return h;
}

/* The status with which the gateway ended. */
static inline int house_end(struct house *h, int signal)
{
    int status = -1;

    house_now = NULL;
    kill(h->child, signal);
    for (unsigned i = 0; i < 2; i++)
        close(h->back[i]);
    while (waitpid(h->child, &status, 0) < 0 && errno == EINTR)
        ;
    close(h->front);
    unlink(h->conf);
    unlink(h->routes);
    rmdir(h->dir);
    free(h);
    return status;
}

/* Drains the gateway; it must end by itself and in good order. */
static inline void house_close(struct house *h)
{
    int status = house_end(h, SIGTERM);

    if (status != 0)
        fail_msg("the gateway ended with status %#x", (unsigned)status);
}

static inline int house_tear_down(void **state)
{
    (void)state;
    if (house_now != NULL)
        house_end(house_now, SIGKILL);
    return 0;
}

/* ---- client and instance
 * -------------------------------------------------------------------------------------- */

static inline void house_bound(int fd)
{
    const struct timeval bound = {.tv_sec = HOUSE_BOUND_MS / 1000};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound);
}

static inline int house_call(const struct house *h)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)h->front_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    house_bound(fd);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

/* The gateway's next connection to the instance. */
static inline int house_accept(const struct house *h)
{
    struct pollfd wait = {.fd = h->back[0], .events = POLLIN};

    assert_int_equal(poll(&wait, 1, HOUSE_BOUND_MS), 1);
    int fd = accept4(h->back[0], NULL, NULL, SOCK_CLOEXEC);

    assert_true(fd >= 0);
    house_bound(fd);
    return fd;
}

static inline void house_say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads on until the text that was read ends with `end`; returns it. Nothing more must be on its
 * way. */
static inline const char *house_hear(int fd, const char *end)
{
    static char text[HOUSE_TEXT];
    size_t n = 0, want = strlen(end);

    while (n < want || memcmp(text + n - want, end, want) != 0) {
        ssize_t got = n < sizeof text - 1 ? recv(fd, text + n, 1, 0) : -1;

        if (got <= 0)
            text[n] = '\0';
        if (got <= 0)
            fail_msg("%s before \"%s\" came: \"%s\"", got == 0 ? "the end" : strerror(errno), end,
                     text);
        n++;
    }
    text[n] = '\0';
    return text;
}

/* All until the end of the connection: *clean tells whether it was a FIN. */
static inline const char *house_hear_all(int fd, bool *clean)
{
    static char text[HOUSE_TEXT];
    size_t n = 0;
    ssize_t got;

    while ((got = recv(fd, text + n, sizeof text - 1 - n, 0)) > 0)
        n += (size_t)got;
    text[n] = '\0';
    assert_true(got == 0 || errno == ECONNRESET);
    if (clean != NULL)
        *clean = got == 0;
    return text;
}

/* The connection ends, cleanly, and nothing comes before. */
static inline void house_hear_end(int fd)
{
    bool clean;

    assert_string_equal(house_hear_all(fd, &clean), "");
    assert_true(clean);
}

#define assert_has(text, part)                                                                     \
    do {                                                                                           \
        const char *text_ = (text);                                                                \
        if (strstr(text_, (part)) == NULL)                                                         \
            fail_msg("no \"%s\" in \"%s\"", (part), text_);                                        \
    } while (0)

#define assert_has_not(text, part)                                                                 \
    do {                                                                                           \
        const char *text_ = (text);                                                                \
        if (strstr(text_, (part)) != NULL)                                                         \
            fail_msg("\"%s\" in \"%s\"", (part), text_);                                           \
    } while (0)

/* An exchange as it should be, on a connection of its own. */
static inline void house_prove(const struct house *h)
{
    int client = house_call(h);

    house_say(client, "GET /back/prove HTTP/1.1\r\nHost: x\r\n\r\n");
    int back = house_accept(h);

    assert_has(house_hear(back, "\r\n\r\n"), "GET /prove HTTP/1.1\r\n");
    house_say(back, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    assert_has(house_hear(client, "\r\n\r\nok"), "HTTP/1.1 200 OK\r\n");
    close(back);
    close(client);
}

#endif
