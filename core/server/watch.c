/* SPDX-License-Identifier: Apache-2.0
 * watch.c - inotify on folders, with the names in them that matter.
 */
#include "server/watch.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "server/settle.h"

static const uint32_t mask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |
                             IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB | IN_ONLYDIR;

struct folder {
    struct ln_list node;
    int wd;
    bool named;          /* again, since ln_watch_begin() */
    bool all;            /* every name in it matters */
    struct ln_map names; /* else these */
    char path[];
};

struct ln_watch {
    struct ln_loop *loop;
    int fd;
    ev_io readable;
    struct ln_timer timer;
    struct ln_settle settle;
    struct ln_list folders;
    ln_nsec newest; /* change of a path, wall clock */
    void (*on_change)(void *arg);
    void *arg;
};

bool ln_watch_is_noise(const char *name)
{
    size_t n = strlen(name);

    if (strncmp(name, "..", 2) == 0)
        return false; /* "..data": how Kubernetes swaps a mounted configuration */
    return name[0] == '.' || name[0] == '#' || name[n - 1] == '~' || strcmp(name, "4913") == 0 ||
           (n > 4 && (strcmp(name + n - 4, ".swp") == 0 || strcmp(name + n - 4, ".tmp") == 0));
}

static void on_settled(struct ln_timer *t)
{
    struct ln_watch *w = ln_container_of(t, struct ln_watch, timer);
    ln_msec wait = ln_settle_wait(&w->settle, ln_loop_now_ms(w->loop));

    if (wait > 0) {
        ln_timer_start(w->loop, &w->timer, wait, on_settled);
        return;
    }
    w->settle.pending = false;
    w->on_change(w->arg);
}

static void touch(struct ln_watch *w)
{
    ln_settle_touch(&w->settle, ln_loop_now_ms(w->loop));
    if (!ln_timer_is_running(&w->timer))
        ln_timer_start(w->loop, &w->timer, LN_SETTLE_QUIET, on_settled);
}

static struct folder *find_folder(struct ln_watch *w, int wd)
{
    for (struct ln_list *at = w->folders.next; at != &w->folders; at = at->next) {
        struct folder *f = ln_container_of(at, struct folder, node);

        if (f->wd == wd)
            return f;
    }
    return NULL;
}

/* A regular file that was just made has not been written yet; its closing will be told. A link is
 * whole at once. */
static bool is_unfinished(const struct folder *f, const struct inotify_event *e)
{
    char path[PATH_MAX];
    struct stat st;

    if (!(e->mask & IN_CREATE) ||
        snprintf(path, sizeof path, "%s/%s", f->path, e->name) >= (int)sizeof path)
        return false;
    return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1;
}

static bool matters(struct ln_watch *w, const struct inotify_event *e)
{
    struct folder *f = e->wd >= 0 ? find_folder(w, e->wd) : NULL;

    if (f == NULL)
        return (e->mask & IN_Q_OVERFLOW) != 0;
    if (e->mask & IN_IGNORED)
        f->wd = -1;
    if (e->len == 0) /* the folder itself */
        return (e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_ATTRIB)) != 0;
    if (ln_map_get(&f->names, ln_slice_of(e->name)) == NULL &&
        (ln_watch_is_noise(e->name) || (!f->all && strncmp(e->name, "..", 2) != 0)))
        return false;
    return !is_unfinished(f, e);
}

static void on_readable(struct ev_loop *ev, ev_io *io, int events)
{
    struct ln_watch *w = ln_container_of(io, struct ln_watch, readable);
    _Alignas(struct inotify_event) char bytes[8192];
    ssize_t n;

    (void)ev;
    (void)events;
    while ((n = read(w->fd, bytes, sizeof bytes)) > 0) {
        for (char *at = bytes; at < bytes + n;) {
            const struct inotify_event *e = (const void *)at;

            if (matters(w, e))
                touch(w);
            at += sizeof *e + e->len;
        }
    }
}

struct ln_watch *ln_watch_new(struct ln_loop *loop, void (*on_change)(void *arg), void *arg,
                              struct ln_err *err)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    if (fd < 0) {
        ln_fail(err, LN_E_SYS, "watching files: inotify");
        return NULL;
    }

    struct ln_watch *w = ln_zalloc(sizeof *w);

    w->loop = loop;
    w->fd = fd;
    w->on_change = on_change;
    w->arg = arg;
    ln_list_init(&w->folders);
    ev_io_init(&w->readable, on_readable, fd, EV_READ);
    ev_io_start(ln_loop_ev(loop), &w->readable);
    return w;
}

static void free_folder(struct folder *f)
{
    ln_list_remove(&f->node);
    ln_map_fini(&f->names);
    ln_free(f);
}

void ln_watch_free(struct ln_watch *w)
{
    if (w == NULL)
        return;
    while (!ln_list_is_empty(&w->folders))
        free_folder(ln_container_of(w->folders.next, struct folder, node));
    ln_timer_stop(w->loop, &w->timer);
    ev_io_stop(ln_loop_ev(w->loop), &w->readable);
    close(w->fd);
    ln_free(w);
}

int ln_watch_fd(const struct ln_watch *w)
{
    return w->fd;
}

void ln_watch_begin(struct ln_watch *w)
{
    w->newest = 0;
    for (struct ln_list *at = w->folders.next; at != &w->folders; at = at->next)
        ln_container_of(at, struct folder, node)->named = false;
}

/* The folder with this path, watched; NULL when it is not there. */
static struct folder *want_folder(struct ln_watch *w, const char *path)
{
    int wd = inotify_add_watch(w->fd, path, mask);

    if (wd < 0)
        return NULL;

    struct folder *f = find_folder(w, wd);

    if (f == NULL) {
        size_t n = strlen(path) + 1;

        f = ln_zalloc(sizeof *f + n);
        memcpy(f->path, path, n);
        f->wd = wd;
        ln_map_init(&f->names);
        ln_list_append(&w->folders, &f->node);
    } else if (!f->named) {
        ln_map_fini(&f->names);
        ln_map_init(&f->names);
        f->all = false;
    }
    f->named = true;
    return f;
}

/* Watches the name in its folder; where the folder is missing, the folder's name in the one above,
 * and so on. */
static void watch_name(struct ln_watch *w, const char *path)
{
    char dir[PATH_MAX];

    if (snprintf(dir, sizeof dir, "%s", path) >= (int)sizeof dir)
        return;
    for (;;) {
        char *slash = strrchr(dir, '/');
        const char *name = slash != NULL ? slash + 1 : dir;
        const char *parent = slash == dir ? "/" : slash != NULL ? dir : ".";

        if (name[0] == '\0' || (slash == NULL && strcmp(dir, ".") == 0))
            return;

        char *kept = ln_strdup(name);

        if (slash != NULL)
            *slash = '\0';

        struct folder *f = want_folder(w, slash == dir ? "/" : parent);

        if (f != NULL)
            ln_map_put(&f->names, ln_slice_of(kept), w);
        ln_free(kept);
        if (f != NULL || slash == NULL || slash == dir)
            return;
    }
}

static void note_change(struct ln_watch *w, const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return;

    ln_nsec changed = (ln_nsec)st.st_ctim.tv_sec * 1000000000u + (ln_nsec)st.st_ctim.tv_nsec;

    if (changed > w->newest)
        w->newest = changed;
}

void ln_watch_add(struct ln_watch *w, const char *path)
{
    struct folder *f;

    watch_name(w, path);
    f = want_folder(w, path); /* a folder: whatever is in it */
    if (f != NULL)
        f->all = true;
    note_change(w, path);
}

void ln_watch_done(struct ln_watch *w, ln_nsec since)
{
    struct ln_list *next;

    for (struct ln_list *at = w->folders.next; at != &w->folders; at = next) {
        struct folder *f = ln_container_of(at, struct folder, node);

        next = at->next;
        if (f->named)
            continue;
        if (f->wd >= 0)
            inotify_rm_watch(w->fd, f->wd);
        free_folder(f);
    }
    /* The kernel stamps files with a clock that stands still between its ticks. */
    if (since > 0 && w->newest + 10 * LN_NSEC_PER_MSEC > since)
        touch(w);
}
