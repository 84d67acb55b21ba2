/* SPDX-License-Identifier: Apache-2.0
 * relay.c - the floor of the benchmark: the four system calls that any proxy makes for a request,
 * and nothing else.
 *
 *   relay LISTEN_PORT UPSTREAM_PORT...
 *
 * Each client gets an upstream connection of its own, to the ports in turn. Bytes go across as they
 * come: read here, write there. No parsing, no pool, no timer, one epoll registration for the life
 * of a connection.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 128, READ_MAX = 16384 };

struct pair;

struct end {
    int fd; /* -1: closed */
    struct end *other;
    struct pair *pair;
};

struct pair {
    struct end client, upstream;
    struct pair *next; /* dead pairs wait for the end of the batch, which may still name them */
};

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int listen_on(int port)
{
    struct sockaddr_in address = loopback(port);
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1024) != 0) {
        perror("relay: listen");
        exit(1);
    }
    return fd;
}

static void watch(int epoll, struct end *e)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = e};
    int on = 1;

    setsockopt(e->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_ctl(epoll, EPOLL_CTL_ADD, e->fd, &event);
}

static void greet(int epoll, int listener, int port)
{
    struct sockaddr_in address = loopback(port);
    struct pair *p = calloc(1, sizeof *p);

    if (p == NULL)
        return;
    p->client = (struct end){accept(listener, NULL, NULL), &p->upstream, p};
    p->upstream = (struct end){socket(AF_INET, SOCK_STREAM, 0), &p->client, p};
    if (p->client.fd < 0 ||
        connect(p->upstream.fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(p->client.fd);
        close(p->upstream.fd);
        free(p);
        return;
    }
    watch(epoll, &p->client);
    watch(epoll, &p->upstream);
}

/* Messages of this benchmark fit the socket buffers, so that a short write is an end and not a
 * pause. */
static int pass_on(const struct end *e)
{
    char bytes[READ_MAX];
    ssize_t n = read(e->fd, bytes, sizeof bytes);

    return n > 0 && write(e->other->fd, bytes, (size_t)n) == n ? 0 : -1;
}

static struct pair *hang_up(struct end *e, struct pair *dead)
{
    struct pair *p = e->pair;

    close(p->client.fd);
    close(p->upstream.fd);
    p->client.fd = p->upstream.fd = -1;
    p->next = dead;
    return p;
}

/* One turn of the loop; returns how many clients came. */
static int turn(int epoll, struct end *door, int port)
{
    int came = 0;
    struct epoll_event ready[BATCH];
    struct pair *dead = NULL;
    int n = epoll_wait(epoll, ready, BATCH, -1);

    for (int i = 0; i < n; i++) {
        struct end *e = ready[i].data.ptr;

        if (e == door) {
            greet(epoll, door->fd, port);
            came = 1;
        } else if (e->fd >= 0 && pass_on(e) != 0)
            dead = hang_up(e, dead);
    }
    while (dead != NULL) {
        struct pair *p = dead;

        dead = p->next;
        free(p);
    }
    return came;
}

int main(int argc, char **argv)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    if (argc < 3) {
        fprintf(stderr, "usage: relay LISTEN_PORT UPSTREAM_PORT...\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);

    struct end door = {.fd = listen_on(atoi(argv[1]))};

    watch(epoll, &door);
    for (int i = 0;;)
        i = (i + turn(epoll, &door, atoi(argv[2 + i]))) % (argc - 2);
}
