/* SPDX-License-Identifier: Apache-2.0
 * nameserver.h - a scripted DNS server on a free loopback port, on the test's own loop. What it
 * does is the first label of the name that is asked for.
 */
#ifndef LN_UNIT_NAMESERVER_H
#define LN_UNIT_NAMESERVER_H

#include "net/turns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

enum { NS_A = 1, NS_CNAME = 5, NS_AAAA = 28, NS_SRV = 33, NS_MESSAGE = 32768 };

struct nameserver {
    struct turns *turns;
    ev_io udp, tcp, guest;
    int udp_fd, tcp_fd, guest_fd;
    char address[32]; /* for ln_dns_options.servers */
    unsigned asked, asked_a, asked_aaaa, asked_tcp;
    char names[64][256];       /* what was asked for, in order */
    bool silent, broken, gone; /* whatever the name says */
    uint32_t ttl;
    unsigned char last_octet; /* of the addresses in answers */
};

/* One question and the answer that is being made. */
struct ns_talk {
    struct nameserver *ns;
    char name[256];
    unsigned type;
    size_t question_len;
    unsigned char out[NS_MESSAGE];
    size_t n;
    bool tcp;
};

static inline void ns_u16(struct ns_talk *t, unsigned v)
{
    t->out[t->n++] = (unsigned char)(v >> 8);
    t->out[t->n++] = (unsigned char)v;
}

static inline void ns_name(struct ns_talk *t, const char *name)
{
    while (*name != '\0') {
        size_t n = strcspn(name, ".");

        t->out[t->n++] = (unsigned char)n;
        memcpy(t->out + t->n, name, n);
        t->n += n;
        name += n + (name[n] == '.');
    }
    t->out[t->n++] = 0;
}

/* A record's head; returns where its length goes. Owner NULL: the question's name. */
static inline size_t ns_record(struct ns_talk *t, const char *owner, unsigned type)
{
    if (owner == NULL)
        ns_u16(t, 0xc00c);
    else
        ns_name(t, owner);
    ns_u16(t, type);
    ns_u16(t, 1);
    ns_u16(t, t->ns->ttl >> 16);
    ns_u16(t, t->ns->ttl & 0xffff);
    ns_u16(t, 0);
    t->out[7]++; /* answers; tests that need more than 255 write the count themselves */
    return t->n;
}

static inline void ns_end(struct ns_talk *t, size_t start)
{
    t->out[start - 2] = (unsigned char)((t->n - start) >> 8);
    t->out[start - 1] = (unsigned char)(t->n - start);
}

static inline void ns_a(struct ns_talk *t, const char *owner, unsigned last)
{
    size_t start = ns_record(t, owner, NS_A);

    memcpy(t->out + t->n, (unsigned char[]){192, 0, 2, (unsigned char)last}, 4);
    t->n += 4;
    ns_end(t, start);
}

static inline void ns_aaaa(struct ns_talk *t, unsigned last)
{
    size_t start = ns_record(t, NULL, NS_AAAA);

    memset(t->out + t->n, 0, 16);
    memcpy(t->out + t->n, (unsigned char[]){0x20, 0x01, 0x0d, 0xb8}, 4);
    t->out[t->n + 15] = (unsigned char)last;
    t->n += 16;
    ns_end(t, start);
}

static inline void ns_cname(struct ns_talk *t, const char *owner, const char *target)
{
    size_t start = ns_record(t, owner, NS_CNAME);

    ns_name(t, target);
    ns_end(t, start);
}

static inline void ns_srv(struct ns_talk *t, unsigned priority, unsigned weight, unsigned port,
                          const char *target)
{
    size_t start = ns_record(t, NULL, NS_SRV);

    ns_u16(t, priority);
    ns_u16(t, weight);
    ns_u16(t, port);
    ns_name(t, target);
    ns_end(t, start);
}

static inline void ns_rcode(struct ns_talk *t, unsigned rcode)
{
    t->out[3] = (unsigned char)((t->out[3] & 0xf0) | rcode);
}

static inline bool ns_is(const struct ns_talk *t, const char *label)
{
    size_t n = strlen(label);

    return strncasecmp(t->name, label, n) == 0 && (t->name[n] == '.' || t->name[n] == '\0');
}

/* Aliases: the answer to "alias" is a chain of three. */
static inline void ns_alias(struct ns_talk *t)
{
    ns_cname(t, NULL, "second.test");
    ns_cname(t, "second.test", "third.test");
    ns_cname(t, "third.test", "end.test");
    if (t->type == NS_A)
        ns_a(t, "end.test", 7);
}

static inline void ns_huge(struct ns_talk *t)
{
    for (unsigned i = 0; t->type == NS_A && i < 1000; i++)
        ns_a(t, NULL, i % 250);
    if (t->type == NS_A) {
        t->out[6] = 1000 >> 8;
        t->out[7] = 1000 & 0xff;
    }
    if (!t->tcp) {
        t->n = 12 + t->question_len;
        t->out[6] = t->out[7] = 0;
        t->out[2] |= 2; /* truncated */
    }
}

static inline void ns_services(struct ns_talk *t)
{
    ns_srv(t, 20, 5, 8083, "c.test");
    ns_srv(t, 10, 60, 8081, "A.Test");
    ns_srv(t, 10, 20, 8082, "b.test");
}

/* Fills in the answer; false: say nothing. */
static inline bool ns_answer(struct ns_talk *t)
{
    if (t->ns->silent || ns_is(t, "silent") || (ns_is(t, "half") && t->type == NS_AAAA))
        return false;
    if (t->ns->broken || ns_is(t, "servfail") || (ns_is(t, "halffail") && t->type == NS_AAAA)) {
        ns_rcode(t, 2);
        return true;
    }
    if (ns_is(t, "refused"))
        ns_rcode(t, 5);
    else if (t->ns->gone || ns_is(t, "nx"))
        ns_rcode(t, 3);
    else if (ns_is(t, "alias"))
        ns_alias(t);
    else if (ns_is(t, "circle"))
        ns_cname(t, NULL, t->name);
    else if (ns_is(t, "foreign") && t->type == NS_A)
        ns_a(t, "somebody.else.test", 66);
    else if (ns_is(t, "huge"))
        ns_huge(t);
    else if (ns_is(t, "_http"))
        ns_services(t);
    else if (ns_is(t, "_gone"))
        ns_srv(t, 0, 0, 0, "");
    else if (ns_is(t, "six") && t->type == NS_AAAA)
        ns_aaaa(t, 6);
    else if (t->type == NS_A && !ns_is(t, "nodata") && !ns_is(t, "six"))
        ns_a(t, NULL, t->ns->last_octet), ns_a(t, NULL, t->ns->last_octet + 1U);
    else if (t->type == NS_AAAA && ns_is(t, "both"))
        ns_aaaa(t, 1), ns_aaaa(t, 2);
    return true;
}

/* Reads a question of `n` bytes and begins the answer with it. */
static inline void ns_hear(struct nameserver *ns, struct ns_talk *t, const unsigned char *in,
                           size_t n, bool tcp)
{
    size_t at = 12, out = 0;

    memset(t, 0, offsetof(struct ns_talk, out));
    t->ns = ns;
    t->tcp = tcp;
    while (at < n && in[at] != 0) {
        memcpy(t->name + out, in + at + 1, in[at]);
        out += in[at];
        t->name[out++] = '.';
        at += in[at] + 1U;
    }
    t->name[out > 0 ? out - 1 : 0] = '\0';
    t->type = (unsigned)in[at + 1] << 8 | in[at + 2];
    t->question_len = at + 5 - 12;
    memcpy(t->out, in, 12 + t->question_len);
    memset(t->out + 6, 0, 6);
    t->out[2] |= 0x80;
    t->n = 12 + t->question_len;
    if (ns->asked < 64)
        memcpy(ns->names[ns->asked], t->name, sizeof t->name);
    ns->asked++;
    ns->asked_a += t->type == NS_A;
    ns->asked_aaaa += t->type == NS_AAAA;
    ns->asked_tcp += tcp;
}

static inline void ns_on_udp(struct ev_loop *ev, ev_io *w, int events)
{
    struct nameserver *ns = ln_container_of(w, struct nameserver, udp);
    struct ns_talk *t = malloc(sizeof *t);
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    unsigned char in[1024];
    ssize_t n = recvfrom(ns->udp_fd, in, sizeof in, 0, (struct sockaddr *)&from, &len);

    (void)ev;
    (void)events;
    assert_non_null(t);
    assert_true(n > 12);
    ns_hear(ns, t, in, (size_t)n, false);
    if (ns_answer(t)) {
        if (ns_is(t, "garbage"))
            memset(t->out + 12, 0xff, t->n - 12);
        if (ns_is(t, "noise"))
            t->n = 5;
        if (ns_is(t, "wrongid")) { /* a lie, then the truth */
            unsigned char octet = t->out[t->n - 1];

            t->out[t->n - 1] = 66;
            t->out[0] ^= 0x55;
            sendto(ns->udp_fd, t->out, t->n, 0, (struct sockaddr *)&from, len);
            t->out[0] ^= 0x55;
            t->out[t->n - 1] = octet;
        }
        sendto(ns->udp_fd, t->out, t->n, 0, (struct sockaddr *)&from, len);
    }
    free(t);
}

static inline void ns_drop_guest(struct nameserver *ns)
{
    if (ns->guest_fd < 0)
        return;
    ev_io_stop(ln_loop_ev(ns->turns->loop), &ns->guest);
    close(ns->guest_fd);
    ns->guest_fd = -1;
}

static inline void ns_on_guest(struct ev_loop *ev, ev_io *w, int events)
{
    struct nameserver *ns = ln_container_of(w, struct nameserver, guest);
    struct ns_talk *t;
    unsigned char in[1024];
    ssize_t n = recv(ns->guest_fd, in, sizeof in, 0), at = 0;

    (void)ev;
    (void)events;
    if (n <= 14) {
        ns_drop_guest(ns);
        return;
    }
    t = malloc(sizeof *t);
    assert_non_null(t);
    while (at + 2 < n) { /* small questions: whole ones */
        size_t len = (size_t)in[at] << 8 | in[at + 1];

        ns_hear(ns, t, in + at + 2, len, true);
        if (ns_answer(t)) {
            unsigned char head[2] = {(unsigned char)(t->n >> 8), (unsigned char)t->n};

            assert_int_equal(send(ns->guest_fd, head, 2, MSG_NOSIGNAL | MSG_MORE), 2);
            assert_int_equal(send(ns->guest_fd, t->out, t->n, MSG_NOSIGNAL), t->n);
        }
        at += 2 + (ssize_t)len;
    }
    free(t);
}

static inline void ns_on_tcp(struct ev_loop *ev, ev_io *w, int events)
{
    struct nameserver *ns = ln_container_of(w, struct nameserver, tcp);

    (void)events;
    ns_drop_guest(ns);
    ns->guest_fd = accept(ns->tcp_fd, NULL, NULL);
    assert_true(ns->guest_fd >= 0);
    ev_io_init(&ns->guest, ns_on_guest, ns->guest_fd, EV_READ);
    ev_io_start(ev, &ns->guest);
}

/* The same free port for both protocols. */
static inline void ns_init(struct nameserver *ns, struct turns *turns)
{
    struct sockaddr_in at;
    socklen_t len = sizeof at;

    *ns = (struct nameserver){.turns = turns, .guest_fd = -1, .ttl = 60, .last_octet = 1};
    for (;;) {
        at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        ns->tcp_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ns->udp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(ns->tcp_fd, (struct sockaddr *)&at, sizeof at), 0);
        assert_int_equal(getsockname(ns->tcp_fd, (struct sockaddr *)&at, &len), 0);
        if (bind(ns->udp_fd, (struct sockaddr *)&at, sizeof at) == 0)
            break;
        close(ns->tcp_fd);
        close(ns->udp_fd);
    }
    assert_int_equal(listen(ns->tcp_fd, 8), 0);
    snprintf(ns->address, sizeof ns->address, "127.0.0.1:%u", ntohs(at.sin_port));
    ev_io_init(&ns->udp, ns_on_udp, ns->udp_fd, EV_READ);
    ev_io_init(&ns->tcp, ns_on_tcp, ns->tcp_fd, EV_READ);
    ev_io_start(ln_loop_ev(turns->loop), &ns->udp);
    ev_io_start(ln_loop_ev(turns->loop), &ns->tcp);
}

static inline void ns_fini(struct nameserver *ns)
{
    ns_drop_guest(ns);
    ev_io_stop(ln_loop_ev(ns->turns->loop), &ns->udp);
    ev_io_stop(ln_loop_ev(ns->turns->loop), &ns->tcp);
    close(ns->udp_fd);
    close(ns->tcp_fd);
}

#endif
