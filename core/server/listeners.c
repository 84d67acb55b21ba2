/* SPDX-License-Identifier: Apache-2.0
 * listeners.c - binds groups of sockets and makes sure that nobody else is in the group.
 */
#include "server/listeners.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static unsigned port_of(const struct ln_addr *addr)
{
    return addr->any.sa_family == AF_INET ? ntohs(addr->v4.sin_port) : ntohs(addr->v6.sin6_port);
}

static void set_port(struct ln_addr *addr, unsigned port)
{
    if (addr->any.sa_family == AF_INET)
        addr->v4.sin_port = htons((uint16_t)port);
    else
        addr->v6.sin6_port = htons((uint16_t)port);
}

static bool is_any_v6(const struct ln_addr *addr)
{
    return addr->any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&addr->v6.sin6_addr);
}

/* A socket bound to the address, or -1 with errno. */
static int bind_socket(const struct ln_addr *addr, bool reuse_port)
{
    int on = 1, off = 0;
    int fd = socket(addr->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (addr->any.sa_family != AF_UNIX) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (is_any_v6(addr)) /* IPv4 clients come in here too */
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if ((reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) ||
        bind(fd, &addr->any, addr->len) != 0) {
        int saved = errno;

        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static void become_v4_any(struct ln_addr *addr)
{
    unsigned port = port_of(addr);

    *addr = (struct ln_addr){.len = sizeof addr->v4};
    addr->v4.sin_family = AF_INET;
    set_port(addr, port);
}

/* Without SO_REUSEPORT the kernel refuses an address that anybody listens on, also one that offers
 * to share. */
static int probe(struct ln_addr *addr)
{
    int fd = bind_socket(addr, false);

    if (fd < 0 && is_any_v6(addr) && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
        become_v4_any(addr); /* a machine without IPv6 */
        fd = bind_socket(addr, false);
    }
    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}

static int open_tcp(struct ln_listening *l, unsigned slots)
{
    l->bound = l->wanted;
    if (probe(&l->bound) != 0)
        return -1;
    for (unsigned i = 0; i < slots; i++) {
        l->fds[i] = bind_socket(&l->bound, true);
        if (l->fds[i] < 0 || listen(l->fds[i], l->backlog) != 0)
            return -1;
        if (i == 0) {
            socklen_t len = sizeof l->bound.v6;

            if (getsockname(l->fds[0], &l->bound.any, &len) != 0)
                return -1;
        }
    }
    return 0;
}

/* Removes a socket file that nobody answers on; a live one stays and bind() will say so. */
static void remove_stale(const struct ln_addr *addr)
{
    struct stat st;
    int fd;

    if (stat(addr->un.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (connect(fd, &addr->any, addr->len) != 0 && errno == ECONNREFUSED)
        unlink(addr->un.sun_path);
    close(fd);
}

static int open_unix(struct ln_listening *l)
{
    l->bound = l->wanted;
    remove_stale(&l->bound);
    l->fds[0] = bind_socket(&l->bound, false);
    return l->fds[0] >= 0 ? listen(l->fds[0], l->backlog) : -1;
}

static int open_one(struct ln_listening *l, const struct ln_listener_conf *conf, unsigned slots,
                    struct ln_err *err)
{
    char text[LN_ADDR_TEXT];

    l->name = ln_strdup(conf->name);
    l->wanted = conf->addr;
    l->backlog = (int)conf->backlog;
    l->shared = conf->addr.any.sa_family == AF_UNIX;
    l->fds = ln_alloc(slots * sizeof *l->fds);
    for (unsigned i = 0; i < slots; i++)
        l->fds[i] = -1;
    if ((l->shared ? open_unix(l) : open_tcp(l, slots)) == 0)
        return 0;

    int saved = errno;

    ln_addr_print(&l->bound, text);
    errno = saved;
    return ln_fail(err, LN_E_SYS, "%s:%u: listener %s: cannot listen on %s%s",
                   conf->place.file != NULL ? conf->place.file : "", conf->place.line, conf->name,
                   text, saved == EADDRINUSE ? ", another program does" : "");
}

int ln_listeners_open(struct ln_listeners *l, const struct ln_gateway_conf *conf, unsigned slots,
                      struct ln_err *err)
{
    struct ln_listeners made = {ln_zalloc(conf->listener_count * sizeof *made.items), 0, slots};

    for (unsigned i = 0; i < conf->listener_count; i++) {
        made.count++;
        if (open_one(&made.items[i], &conf->listeners[i], slots, err) != 0)
            goto fail;
    }
    *l = made;
    return 0;

fail:
    made.count--; /* the path of the failed one is somebody else's */
    ln_listeners_unlink(&made);
    made.count++;
    ln_listeners_close(&made);
    ln_listeners_fini(&made);
    return -1;
}

void ln_listeners_close(struct ln_listeners *l)
{
    for (unsigned i = 0; i < l->count; i++)
        for (unsigned slot = 0; slot < l->slots; slot++)
            if (l->items[i].fds[slot] >= 0) {
                close(l->items[i].fds[slot]);
                l->items[i].fds[slot] = -1;
            }
}

void ln_listeners_unlink(const struct ln_listeners *l)
{
    for (unsigned i = 0; i < l->count; i++)
        if (l->items[i].shared)
            unlink(l->items[i].bound.un.sun_path);
}

void ln_listeners_fini(struct ln_listeners *l)
{
    for (unsigned i = 0; i < l->count; i++) {
        ln_free(l->items[i].name);
        ln_free(l->items[i].fds);
    }
    ln_free(l->items);
    *l = (struct ln_listeners){0};
}

bool ln_listeners_match(const struct ln_listeners *l, const struct ln_gateway_conf *conf)
{
    if (l->count != conf->listener_count)
        return false;
    for (unsigned i = 0; i < l->count; i++) {
        char mine[LN_ADDR_TEXT], theirs[LN_ADDR_TEXT];

        ln_addr_print(&l->items[i].wanted, mine);
        ln_addr_print(&conf->listeners[i].addr, theirs);
        if (strcmp(l->items[i].name, conf->listeners[i].name) != 0 || strcmp(mine, theirs) != 0)
            return false;
    }
    return true;
}

int ln_listeners_width(const struct ln_listeners *l)
{
    size_t width = 8;

    for (unsigned i = 0; i < l->count; i++)
        if (strlen(l->items[i].name) > width)
            width = strlen(l->items[i].name);
    return width < 40 ? (int)width : 40;
}

int ln_listeners_fd(const struct ln_listeners *l, unsigned listener, unsigned slot)
{
    return l->items[listener].fds[l->items[listener].shared ? 0 : slot];
}
