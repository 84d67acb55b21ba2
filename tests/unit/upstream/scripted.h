/* SPDX-License-Identifier: Apache-2.0
 * scripted.h - a server on the loop of the test: it reads one request at a time and plays what it
 * was told, byte by byte if it must.
 */
#ifndef LN_UNIT_SCRIPTED_H
#define LN_UNIT_SCRIPTED_H

#include "upstream/yard.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum scripted_end { SCRIPTED_STAY, SCRIPTED_CLOSE, SCRIPTED_RESET, SCRIPTED_HOLD };

struct scripted_act { /* what follows a request */
    const char *bytes;
    size_t n; /* 0: up to the NUL */
    enum scripted_end end;
    bool trickle; /* a byte in each turn */
    bool early;   /* at once, before the request */
    bool deaf;    /* reads nothing */
};

struct scripted;

struct scripted_line {
    struct scripted *of;
    int fd; /* -1 = closed */
    ev_io readable;
    ev_idle turn;
    char seen[65536];
    size_t n, written;
    const struct scripted_act *act;
};

enum { SCRIPTED_LINES = 16 };

struct scripted {
    struct turns *turns;
    int door;
    struct sockaddr_in at;
    ev_io acceptable;
    const struct scripted_act *acts; /* one for each request, in the order of their coming */
    unsigned count, next, accepted, requests;
    struct scripted_line line[SCRIPTED_LINES];
    char last[65536]; /* the newest request */
};

static inline void scripted_hang_up(struct scripted_line *l, bool hard)
{
    struct linger how = {.l_onoff = 1, .l_linger = 0};

    if (l->fd < 0)
        return;
    ev_io_stop(ln_loop_ev(l->of->turns->loop), &l->readable);
    ev_idle_stop(ln_loop_ev(l->of->turns->loop), &l->turn);
    if (hard)
        setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &how, sizeof how);
    close(l->fd);
    l->fd = -1;
}

static inline void scripted_play(struct ev_loop *ev, ev_idle *w, int events)
{
    struct scripted_line *l = ln_container_of(w, struct scripted_line, turn);
    const struct scripted_act *a = l->act;
    size_t n = a->n > 0 ? a->n : strlen(a->bytes), piece = a->trickle ? 1 : n - l->written;

    (void)events;
    if (l->written < n) {
        ssize_t sent = send(l->fd, a->bytes + l->written, piece, MSG_NOSIGNAL);

        if (sent < 0 && errno != EAGAIN) {
            scripted_hang_up(l, false);
            return;
        }
        l->written += sent > 0 ? (size_t)sent : 0;
        if (l->written < n)
            return;
    }
    ev_idle_stop(ev, w);
    if (a->end == SCRIPTED_CLOSE || a->end == SCRIPTED_RESET)
        scripted_hang_up(l, a->end == SCRIPTED_RESET);
    if (!a->early)
        l->act = NULL;
}

static inline void scripted_act(struct scripted_line *l)
{
    assert_true(l->of->next < l->of->count);
    l->act = &l->of->acts[l->of->next++];
    l->written = 0;
    ev_idle_start(ln_loop_ev(l->of->turns->loop), &l->turn);
}

/* Bytes of the request that is complete at the beginning of what was seen; 0 = none is. */
static inline size_t scripted_request(struct scripted_line *l)
{
    char *end, *length;

    l->seen[l->n] = '\0';
    end = strstr(l->seen, "\r\n\r\n");
    if (end == NULL)
        return 0;
    length = strstr(l->seen, "Content-Length: ");
    size_t whole = (size_t)(end + 4 - l->seen);

    if (length != NULL && length < end)
        whole += strtoul(length + 16, NULL, 10);
    return l->n >= whole ? whole : 0;
}

static inline void scripted_on_readable(struct ev_loop *ev, ev_io *w, int events)
{
    struct scripted_line *l = ln_container_of(w, struct scripted_line, readable);
    ssize_t n = recv(l->fd, l->seen + l->n, sizeof l->seen - 1 - l->n, 0);
    size_t whole;

    (void)ev;
    (void)events;
    if (n <= 0) {
        scripted_hang_up(l, false);
        return;
    }
    l->n += (size_t)n;
    while ((whole = scripted_request(l)) > 0) {
        memcpy(l->of->last, l->seen, whole);
        l->of->last[whole] = '\0';
        memmove(l->seen, l->seen + whole, l->n - whole);
        l->n -= whole;
        l->of->requests++;
        if (l->act == NULL || !l->act->early)
            scripted_act(l);
    }
}

static inline void scripted_on_accept(struct ev_loop *ev, ev_io *w, int events)
{
    struct scripted *s = ln_container_of(w, struct scripted, acceptable);
    struct scripted_line *l = &s->line[s->accepted++ % SCRIPTED_LINES];

    (void)events;
    assert_true(l->fd <= 0);
    *l = (struct scripted_line){.of = s, .fd = accept(s->door, NULL, NULL)};
    assert_true(l->fd >= 0);
    fcntl(l->fd, F_SETFL, O_NONBLOCK);
    ev_idle_init(&l->turn, scripted_play);
    ev_io_init(&l->readable, scripted_on_readable, l->fd, EV_READ);
    if (s->next < s->count && s->acts[s->next].early)
        scripted_act(l);
    if (l->act == NULL || !l->act->deaf)
        ev_io_start(ev, &l->readable);
}

static inline void scripted_open(struct scripted *s, struct turns *turns)
{
    *s = (struct scripted){.turns = turns};
    for (unsigned i = 0; i < SCRIPTED_LINES; i++)
        s->line[i].fd = -1;
    s->door = yard_door(&s->at, true);
    ev_io_init(&s->acceptable, scripted_on_accept, s->door, EV_READ);
    ev_io_start(ln_loop_ev(turns->loop), &s->acceptable);
}

static inline void scripted_tell(struct scripted *s, const struct scripted_act *acts,
                                 unsigned count)
{
    s->acts = acts;
    s->count = count;
    s->next = 0;
}

static inline void scripted_close(struct scripted *s)
{
    ev_io_stop(ln_loop_ev(s->turns->loop), &s->acceptable);
    for (unsigned i = 0; i < SCRIPTED_LINES; i++)
        if (s->line[i].of != NULL)
            scripted_hang_up(&s->line[i], false);
    close(s->door);
}

#endif
