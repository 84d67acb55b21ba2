/* SPDX-License-Identifier: Apache-2.0
 * backend.c - the cheapest HTTP/1.1 upstream for the benchmark: 128 bytes for each head that ends,
 * whatever it asks.
 *
 *   backend PORT...      listens on these loopback ports until it is killed
 *
 * It does not parse: it counts empty lines, which is enough for requests without a body, and
 * answers all the requests of one read with one write.
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

enum { BODY = 128, BATCH = 128, READ_MAX = 16384, PORTS_MAX = 8 };

/* How far into the empty line that ends a head the last read came: 0 to 3 of its four bytes. */
struct client {
    int fd;
    int matched;
};

struct answers {
    char bytes[READ_MAX];
    size_t one; /* length of one answer; `bytes` holds as many as fit */
};

static void prepare(struct answers *a)
{
    char body[BODY + 1];

    memset(body, 'm', BODY);
    body[BODY] = '\0';
    a->one = (size_t)snprintf(
        a->bytes, sizeof a->bytes,
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", BODY, body);
    for (size_t at = a->one; at + a->one <= sizeof a->bytes; at += a->one)
        memcpy(a->bytes + at, a->bytes, a->one);
}

/* How many heads end in these bytes. */
static size_t count_heads(struct client *c, const char *p, size_t n)
{
    static const char end[] = "\r\n\r\n";
    size_t heads = 0;

    for (size_t i = 0; i < n; i++) {
        if (p[i] == end[c->matched])
            c->matched++;
        else
            c->matched = p[i] == '\r';
        if (c->matched == 4) {
            c->matched = 0;
            heads++;
        }
    }
    return heads;
}

static int answer(const struct answers *a, int fd, size_t heads)
{
    size_t most = sizeof a->bytes / a->one;

    while (heads > 0) {
        size_t n = heads < most ? heads : most;

        if (write(fd, a->bytes, n * a->one) != (ssize_t)(n * a->one))
            return -1;
        heads -= n;
    }
    return 0;
}

static void serve(const struct answers *a, struct client *c)
{
    char bytes[READ_MAX];
    ssize_t n = read(c->fd, bytes, sizeof bytes);

    if (n > 0 && answer(a, c->fd, count_heads(c, bytes, (size_t)n)) == 0)
        return;
    close(c->fd);
    free(c);
}

static int watch(int epoll, struct client *c)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

    return epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
}

static void greet(int epoll, int listener)
{
    int on = 1, fd = accept(listener, NULL, NULL);
    struct client *c;

    if (fd < 0 || (c = calloc(1, sizeof *c)) == NULL)
        return;
    c->fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(epoll, c);
}

static int listen_on(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1024) != 0) {
        perror("backend: listen");
        exit(1);
    }
    return fd;
}

int main(int argc, char **argv)
{
    struct epoll_event ready[BATCH];
    struct client doors[PORTS_MAX];
    struct answers answers;
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    if (argc < 2 || argc > PORTS_MAX + 1) {
        fprintf(stderr, "usage: backend PORT...\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    prepare(&answers);
    for (int i = 1; i < argc; i++) {
        doors[i - 1] = (struct client){.fd = listen_on(atoi(argv[i]))};
        watch(epoll, &doors[i - 1]);
    }
    for (;;) {
        int n = epoll_wait(epoll, ready, BATCH, -1);

        for (int i = 0; i < n; i++) {
            struct client *c = ready[i].data.ptr;

            if (c >= doors && c < doors + PORTS_MAX)
                greet(epoll, c->fd);
            else
                serve(&answers, c);
        }
    }
}
