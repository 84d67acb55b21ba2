/* SPDX-License-Identifier: Apache-2.0
 * rerun.c - one child at a time, and a fingerprint of the sources that it began with.
 */
#include "server/rerun.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/slice.h"
#include "net/loop.h"
#include "server/cli.h"
#include "server/signals.h"
#include "server/watch.h"

enum {
    DEPTH_MAX = 12,
    FOLDERS_MAX = 4000,   /* the kernel allows a user 8192 watches, or more */
    PATIENCE = 10 * 1000, /* milliseconds that a run may go on after a change */
};

struct rerun {
    int (*run)(const void *arg);
    const void *arg;
    struct ln_loop *loop;
    struct ln_watch *watch;
    struct ln_timer patience;
    ev_io signals;
    pid_t child; /* 0 = none runs */
    uint64_t begun_with;
    unsigned folders;
    bool changed, ends;
};

/* ---- the sources ---- */

static bool is_source(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot != NULL &&
           (strcmp(dot, ".lua") == 0 || strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static bool is_skipped(const char *folder)
{
    return folder[0] == '.' || strncmp(folder, "build", 5) == 0 ||
           strcmp(folder, "node_modules") == 0;
}

static uint64_t mark_of(const char *path, const struct stat *st)
{
    static const struct ln_hash_key key = {1, 2}; /* nobody aims at this */
    struct {
        uint64_t name, device, inode, size, seconds, fraction;
    } facts = {
        ln_hash(&key, path, strlen(path)),
        st->st_dev,
        st->st_ino,
        (uint64_t)st->st_size,
        (uint64_t)st->st_mtim.tv_sec,
        (uint64_t)st->st_mtim.tv_nsec,
    };

    return ln_hash(&key, &facts, sizeof facts);
}

/* Watches the folder and those below it; gives the sum of the marks of their sources, so that the
 * order in which they are read does not matter. */
static uint64_t scan(struct rerun *r, const char *folder, unsigned depth)
{
    DIR *dir = r->folders < FOLDERS_MAX && depth < DEPTH_MAX ? opendir(folder) : NULL;
    uint64_t sum = 0;

    if (dir == NULL)
        return 0;
    r->folders++;
    ln_watch_add(r->watch, folder);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        char path[PATH_MAX];
        struct stat st;

        if (snprintf(path, sizeof path, "%s/%s", folder, e->d_name) >= (int)sizeof path ||
            lstat(path, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode) && !is_skipped(e->d_name))
            sum += scan(r, path, depth + 1);
        else if (is_source(e->d_name) && stat(path, &st) == 0)
            sum += mark_of(path, &st);
    }
    closedir(dir);
    return sum;
}

static uint64_t look(struct rerun *r)
{
    r->folders = 0;
    ln_watch_begin(r->watch);
    uint64_t sum = scan(r, ".", 0);
    ln_watch_done(r->watch, 0);
    return sum;
}

/* ---- runs ---- */

static void start(struct rerun *r)
{
    r->begun_with = look(r);
    r->changed = false;
    fflush(NULL);
    r->child = fork();
    if (r->child == 0) {
        ln_signals_reset();
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        int code = r->run(r->arg);
        fflush(NULL);
        _exit(code);
    }
    if (r->child < 0) {
        perror("lunette: fork");
        r->child = 0;
    }
}

static void on_impatience(struct ln_timer *t)
{
    struct rerun *r = ln_container_of(t, struct rerun, patience);

    if (r->child == 0)
        return;
    printf("lunette: the run goes on %d s after a change; it is ended\n", PATIENCE / 1000);
    kill(r->child, SIGKILL);
}

static void on_change(void *arg)
{
    struct rerun *r = arg;

    if (look(r) == r->begun_with)
        return;
    r->changed = true;
    if (r->child == 0)
        start(r);
    else if (!ln_timer_is_running(&r->patience))
        ln_timer_start(r->loop, &r->patience, PATIENCE, on_impatience);
}

static void on_child_end(struct rerun *r)
{
    int status;

    if (r->child == 0 || waitpid(r->child, &status, WNOHANG) != r->child)
        return;
    r->child = 0;
    ln_timer_stop(r->loop, &r->patience);
    if (r->ends) {
        ln_loop_stop(r->loop);
        return;
    }
    if (WIFSIGNALED(status))
        printf("lunette: the run was ended by a signal: %s\n", strsignal(WTERMSIG(status)));
    if (r->changed) {
        start(r);
        return;
    }
    printf("\nwatching %u folders; Ctrl-C ends\n", r->folders);
    fflush(stdout);
}

static void end(struct rerun *r, int signal)
{
    r->ends = true;
    if (r->child != 0)
        kill(r->child, signal);
    else
        ln_loop_stop(r->loop);
}

static void on_signal(struct ev_loop *ev, ev_io *io, int events)
{
    struct rerun *r = ln_container_of(io, struct rerun, signals);
    int signal;

    (void)ev;
    (void)events;
    while ((signal = ln_signals_next(io->fd)) != 0) {
        if (signal == SIGCHLD)
            on_child_end(r);
        else if (signal == SIGINT || signal == SIGTERM || signal == SIGQUIT)
            end(r, signal);
    }
}

int ln_rerun(int (*run)(const void *arg), const void *arg)
{
    struct ln_err err;
    struct rerun r = {.run = run, .arg = arg, .loop = ln_loop_new()};
    int fd = ln_signals_open(&err);

    if (fd >= 0)
        r.watch = ln_watch_new(r.loop, on_change, &r, &err);
    if (r.watch == NULL) {
        fprintf(stderr, "lunette: %s\n", err.text);
        return LN_EXIT_FAILED;
    }
    ev_io_init(&r.signals, on_signal, fd, EV_READ);
    ev_io_start(ln_loop_ev(r.loop), &r.signals);
    start(&r);
    if (r.child != 0)
        ln_loop_run(r.loop);
    ev_io_stop(ln_loop_ev(r.loop), &r.signals);
    ln_watch_free(r.watch);
    ln_loop_free(r.loop);
    close(fd);
    return LN_EXIT_OK;
}
