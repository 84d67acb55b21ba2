/* SPDX-License-Identifier: Apache-2.0
 * control.c - the supervisor's end: lock, socket, clients.
 */
#include "server/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"

enum { LINE_MAX_BYTES = LN_CONTROL_LINE, CLIENTS_MAX = 32, REQUEST_TIME = 10000 };

struct ln_control {
    char path[LN_CONTROL_PATH];
    char lock_path[LN_CONTROL_PATH + 8];
    int lock, fd; /* fd -1: not listening */
    struct ln_loop *loop;
    ev_io readable;
    struct ln_list clients;
    unsigned count;
    const struct ln_control_events *events;
    void *arg;
};

struct ln_control_client {
    struct ln_reap reap;
    struct ln_list node;
    struct ln_control *control;
    int fd;
    ev_io io;
    struct ln_timer timer; /* for the request, then for the answer */
    char line[LINE_MAX_BYTES];
    size_t n;
    bool asked; /* on_request() was called, the answer is owed */
    struct ln_text out;
    size_t sent;
};

/* ---- lock
 * ------------------------------------------------------------------------------------------------------
 */

static int refuse(const struct ln_control *c, int fd, struct ln_err *err)
{
    char pid[32] = "";
    ssize_t n = read(fd, pid, sizeof pid - 1);

    pid[n > 0 ? n : 0] = '\0';
    return ln_fail(err, LN_E_STATE,
                   "another gateway (pid %d) runs with the control socket %s; stop it, or give "
                   "this one --control",
                   atoi(pid), c->path);
}

/* The lock counts only if the file is still the one that its name leads to: its last holder removes
 * it at the end. */
static int try_lock(struct ln_control *c, bool *again, struct ln_err *err)
{
    struct stat mine, named;
    int fd = open(c->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    *again = false;
    if (fd < 0)
        return ln_fail(err, LN_E_SYS, "control socket: lock %s", c->lock_path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            refuse(c, fd, err);
        else
            ln_fail(err, LN_E_SYS, "control socket: lock %s", c->lock_path);
        close(fd);
        return -1;
    }
    if (fstat(fd, &mine) != 0 || stat(c->lock_path, &named) != 0 || mine.st_ino != named.st_ino) {
        *again = true;
        close(fd);
        return -1;
    }
    return fd;
}

struct ln_control *ln_control_new(const char *path, struct ln_err *err)
{
    struct ln_control *c = ln_zalloc(sizeof *c);
    bool again;

    ln_list_init(&c->clients);
    c->fd = -1;
    snprintf(c->path, sizeof c->path, "%s", path);
    snprintf(c->lock_path, sizeof c->lock_path, "%s.lock", path);
    do {
        c->lock = try_lock(c, &again, err);
    } while (again);
    if (c->lock < 0) {
        ln_free(c);
        return NULL;
    }
    if (ftruncate(c->lock, 0) != 0 || dprintf(c->lock, "%d\n", (int)getpid()) < 0) {
        ln_fail(err, LN_E_SYS, "control socket: lock %s", c->lock_path);
        ln_control_free(c);
        return NULL;
    }
    return c;
}

/* ---- clients
 * ---------------------------------------------------------------------------------------------------
 */

static void free_client(struct ln_reap *r)
{
    struct ln_control_client *client = ln_container_of(r, struct ln_control_client, reap);

    ln_text_fini(&client->out);
    ln_free(client);
}

static void drop(struct ln_control_client *client)
{
    struct ln_control *c = client->control;

    ev_io_stop(ln_loop_ev(c->loop), &client->io);
    ln_timer_stop(c->loop, &client->timer);
    ln_list_remove(&client->node);
    c->count--;
    close(client->fd);
    ln_loop_reap(c->loop, &client->reap);
}

static void on_gone(struct ln_control_client *client)
{
    if (client->asked)
        client->control->events->on_gone(client->control->arg, client);
    drop(client);
}

static void on_late(struct ln_timer *t)
{
    drop(ln_container_of(t, struct ln_control_client, timer));
}

static void read_request(struct ln_control_client *client)
{
    struct ln_control *c = client->control;
    ssize_t n = read(client->fd, client->line + client->n, sizeof client->line - client->n);
    char *end;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        on_gone(client);
        return;
    }
    if (client->asked)
        return; /* whatever it adds to its request */
    client->n += (size_t)n;
    end = memchr(client->line, '\n', client->n);
    if (end == NULL && client->n == sizeof client->line)
        drop(client);
    if (end == NULL)
        return;
    client->asked = true;
    client->n = 0;
    ln_timer_stop(c->loop, &client->timer);
    c->events->on_request(c->arg, client,
                          ln_slice_trim(ln_slice(client->line, (size_t)(end - client->line))));
}

static void write_answer(struct ln_control_client *client)
{
    ssize_t n = send(client->fd, client->out.p + client->sent, client->out.n - client->sent,
                     MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        client->sent += (size_t)n;
    if (n <= 0 || client->sent == client->out.n)
        drop(client);
}

static void on_io(struct ev_loop *ev, ev_io *io, int events)
{
    struct ln_control_client *client = ln_container_of(io, struct ln_control_client, io);

    (void)ev;
    if (events & EV_WRITE)
        write_answer(client);
    else
        read_request(client);
}

void ln_control_answer(struct ln_control_client *client, struct ln_slice json)
{
    struct ev_loop *ev = ln_loop_ev(client->control->loop);

    client->asked = false;
    ln_text_add(&client->out, json.p, json.n);
    ln_text_puts(&client->out, "\n");
    ev_io_stop(ev, &client->io);
    ev_io_set(&client->io, client->fd, EV_WRITE);
    ev_io_start(ev, &client->io);
    ln_timer_start(client->control->loop, &client->timer, REQUEST_TIME, on_late);
}

static void on_accept(struct ev_loop *ev, ev_io *io, int events)
{
    struct ln_control *c = ln_container_of(io, struct ln_control, readable);
    int fd = accept4(c->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (fd < 0)
        return;
    if (c->count == CLIENTS_MAX) {
        close(fd);
        return;
    }

    struct ln_control_client *client = ln_zalloc(sizeof *client);

    client->reap.free = free_client;
    client->control = c;
    client->fd = fd;
    ln_text_init(&client->out);
    ln_list_append(&c->clients, &client->node);
    c->count++;
    ev_io_init(&client->io, on_io, fd, EV_READ);
    ev_io_start(ev, &client->io);
    ln_timer_start(c->loop, &client->timer, REQUEST_TIME, on_late);
}

/* ---- socket
 * ----------------------------------------------------------------------------------------------------
 */

int ln_control_listen(struct ln_control *c, struct ln_loop *loop,
                      const struct ln_control_events *events, void *arg, struct ln_err *err)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    snprintf(addr.sun_path, sizeof addr.sun_path, "%s", c->path);
    unlink(c->path); /* we hold the lock, so nobody is behind it */

    mode_t old = umask(0177);
    int rc = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&addr, sizeof addr);

    umask(old);
    if (rc != 0 || listen(fd, 16) != 0) {
        ln_fail(err, LN_E_SYS, "control socket %s", c->path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    c->fd = fd;
    c->loop = loop;
    c->events = events;
    c->arg = arg;
    ev_io_init(&c->readable, on_accept, fd, EV_READ);
    ev_io_start(ln_loop_ev(loop), &c->readable);
    return 0;
}

/* A short answer that has just been written goes out even if we end now. */
static void flush(struct ln_control_client *client)
{
    if (client->out.n > client->sent)
        send(client->fd, client->out.p + client->sent, client->out.n - client->sent,
             MSG_NOSIGNAL | MSG_DONTWAIT);
}

void ln_control_free(struct ln_control *c)
{
    if (c == NULL)
        return;
    if (c->fd >= 0) {
        while (!ln_list_is_empty(&c->clients)) {
            struct ln_control_client *client =
                ln_container_of(c->clients.next, struct ln_control_client, node);

            flush(client);
            drop(client);
        }
        ev_io_stop(ln_loop_ev(c->loop), &c->readable);
        unlink(c->path);
        close(c->fd);
    }
    unlink(c->lock_path);
    close(c->lock);
    ln_free(c);
}

void ln_control_abandon(struct ln_control *c)
{
    for (struct ln_list *at = c->clients.next; at != &c->clients; at = at->next)
        close(ln_container_of(at, struct ln_control_client, node)->fd);
    if (c->fd >= 0)
        close(c->fd);
    close(c->lock);
}
