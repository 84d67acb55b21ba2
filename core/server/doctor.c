/* SPDX-License-Identifier: Apache-2.0
 * doctor.c - `lunette doctor`: is this machine, and this configuration, fit to serve?
 *
 * Each check says one sentence: fine; worth a look; or wrong, and then the exit code is 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/assert.h"
#include "conf/bundle.h"
#include "conf/conf.h"
#include "conf/diag.h"
#include "script/about.h"
#include "server/checker.h"
#include "server/commands.h"
#include "server/privileges.h"
#include "server/settings.h"
#include "shm/region.h"

enum verdict { FINE, LOOK, WRONG };

enum { FILES_ENOUGH = 4096 }; /* a proxied request has two descriptors */

struct doctor {
    const struct ln_cli *cli;
    struct ln_conf *conf; /* NULL: it cannot be read */
    struct ln_bundle *bundle;
    enum verdict worst;
    unsigned count;
};

__attribute__((format(printf, 4, 5))) static void say(struct doctor *d, enum verdict verdict,
                                                      const char *name, const char *format, ...)
{
    static const char *const marks[] = {"ok", "look", "WRONG"};
    static const char *const words[] = {"ok", "look", "wrong"};
    struct ln_text text;
    char line[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (verdict > d->worst)
        d->worst = verdict;
    if (!d->cli->json) {
        printf("%-5s  %-13s  %s\n", marks[verdict], name, line);
        return;
    }
    ln_text_init(&text);
    ln_text_printf(&text, "%s{\"name\":\"%s\",\"verdict\":\"%s\",\"text\":", d->count++ ? "," : "",
                   name, words[verdict]);
    ln_text_json(&text, ln_slice_of(line));
    printf("%s}", text.p);
    ln_text_fini(&text);
}

/* ---- what we are made of ---- */

/* The shared libraries of this process as the kernel knows them, which is also which ones they
 * really are. */
static void check_program(struct doctor *d)
{
    struct utsname machine;
    char line[1024], libraries[768] = "", last[256] = "";
    FILE *maps = fopen("/proc/self/maps", "re");

    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        const char *name = strrchr(line, '/');
        size_t n = strlen(libraries);

        if (name == NULL || strstr(name, ".so") == NULL || strstr(name, "/ld-") != NULL)
            continue;
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(last, name + 1) == 0)
            continue;
        snprintf(last, sizeof last, "%.200s", name + 1);
        snprintf(libraries + n, sizeof libraries - n, "%s%s", n > 0 ? ", " : "", last);
    }
    if (maps != NULL)
        fclose(maps);
    say(d, FINE, "program", "lunette %s with %s", LN_VERSION, libraries);
    if (uname(&machine) == 0)
        say(d, FINE, "system", "%s %s, %s", machine.sysname, machine.release, machine.machine);
}

static void check_engine(struct doctor *d)
{
    struct ln_about_facts facts;
    bool wanted = d->conf == NULL || d->conf->lua.jit;

    ln_about_facts(&facts);
    say(d, FINE, "engine", "%s, %s", ln_about_engine(), facts.gc64 ? "GC64" : "32-bit references");
    if (!facts.has_compiler)
        say(d, LOOK, "compiler", "LuaJIT has no compiler for this processor: plugins are slow");
    else if (!wanted)
        say(d, LOOK, "compiler", "lua.jit is off: plugins are interpreted");
    else if (!facts.guard_works)
        say(d, LOOK, "compiler",
            "an endless loop in machine code is not stopped here: plugins are interpreted");
    else
        say(d, FINE, "compiler",
            "on; an endless loop in machine code was started, and stopped by the guard");
    if (!facts.has_modules)
        say(d, LOOK, "jit modules",
            "jit.util or jit.vmdef is missing (Debian: libluajit-5.1-common): no --jit");
}

/* ---- limits ---- */

static void check_files(struct doctor *d)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    unsigned long long most = files.rlim_max;
    uint64_t wanted = d->conf != NULL ? 2 * d->conf->gateway.limits.connections : 0;

    if (files.rlim_max < FILES_ENOUGH)
        say(d, LOOK, "open files", "at most %llu for a process; LimitNOFILE= or ulimit -Hn", most);
    else if (files.rlim_max != RLIM_INFINITY && wanted > files.rlim_max)
        say(d, LOOK, "open files",
            "at most %llu for a process, and limits.connections %llu may need twice itself", most,
            (unsigned long long)d->conf->gateway.limits.connections);
    else
        say(d, FINE, "open files", "up to %llu for a process", most);
}

/* The number in a file of the kernel; 0: there is none, or it says "max". */
static unsigned long long read_number(const char *path)
{
    unsigned long long n = 0;
    FILE *file = fopen(path, "re");

    if (file != NULL) {
        if (fscanf(file, "%llu", &n) != 1)
            n = 0;
        fclose(file);
    }
    return n;
}

static unsigned long long memory_limit(const char **who)
{
    unsigned long long least =
        (unsigned long long)sysconf(_SC_PHYS_PAGES) * (unsigned long long)sysconf(_SC_PAGESIZE);
    unsigned long long group = read_number("/sys/fs/cgroup/memory.max");
    struct rlimit space;

    *who = "the machine has";
    if (group > 0 && group < least) {
        least = group;
        *who = "the control group may use";
    }
    if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY &&
        space.rlim_cur < least) {
        least = space.rlim_cur;
        *who = "a process may map";
    }
    return least;
}

/* Around a reload a worker has two states of Lua. */
static void check_memory(struct doctor *d)
{
    const char *who;
    unsigned long long limit = memory_limit(&who), megabyte = 1 << 20, lua;

    if (d->conf == NULL) {
        say(d, FINE, "memory", "%s %llu MB", who, limit / megabyte);
        return;
    }
    unsigned workers = ln_settings_workers(d->conf);

    lua = 2 * (unsigned long long)workers * d->conf->lua.memory;
    say(d, lua > limit / 2 ? LOOK : FINE, "memory",
        "%s %llu MB; Lua may take %llu MB: %u worker%s, %llu MB each, twice around a reload", who,
        limit / megabyte, lua / megabyte, workers, workers == 1 ? "" : "s",
        (unsigned long long)d->conf->lua.memory / megabyte);
}

/* ---- the kernel ---- */

static void check_reuseport(struct doctor *d)
{
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0)
        say(d, FINE, "SO_REUSEPORT", "there; each worker has a listening socket of its own");
    else
        say(d, WRONG, "SO_REUSEPORT", "%s: workers cannot share a port", strerror(errno));
    if (fd >= 0)
        close(fd);
}

static void check_shared_memory(struct doctor *d)
{
    struct ln_err err;
    struct ln_shm *shm = ln_shm_new(1, &err);
    int fd = memfd_create("lunette-doctor", MFD_CLOEXEC);

    if (shm == NULL)
        say(d, WRONG, "shared memory", "%s", err.text);
    else if (fd < 0)
        say(d, WRONG, "shared memory", "memfd_create: %s", strerror(errno));
    else
        say(d, FINE, "shared memory", "a region can be mapped, memfd_create works");
    ln_shm_free(shm);
    if (fd >= 0)
        close(fd);
}

static void check_inotify(struct doctor *d)
{
    int fd = inotify_init1(IN_CLOEXEC);

    if (fd < 0)
        say(d, d->conf == NULL || d->conf->watch ? WRONG : LOOK, "inotify",
            "%s: changes of files are not noticed (fs.inotify.max_user_instances is %llu)",
            strerror(errno), read_number("/proc/sys/fs/inotify/max_user_instances"));
    else
        say(d, FINE, "inotify", "works; a user may watch %llu folders",
            read_number("/proc/sys/fs/inotify/max_user_watches"));
    if (fd >= 0)
        close(fd);
}

static void check_backlog(struct doctor *d)
{
    unsigned long long most = read_number("/proc/sys/net/core/somaxconn");

    for (unsigned i = 0; d->conf != NULL && i < d->conf->gateway.listener_count; i++) {
        const struct ln_listener_conf *l = &d->conf->gateway.listeners[i];

        if (most > 0 && l->backlog > most) {
            say(d, LOOK, "backlog",
                "listener %s asks for %u waiting connections, net.core.somaxconn allows %llu",
                l->name, l->backlog, most);
            return;
        }
    }
    if (most > 0)
        say(d, FINE, "backlog", "up to %llu connections may wait for a worker", most);
}

/* ---- the configuration ---- */

static void check_configuration(struct doctor *d)
{
    struct ln_checked checked;
    struct ln_err err;

    if (access(d->cli->conf, F_OK) != 0) {
        say(d, LOOK, "configuration", "there is no %s; -c FILE names another one", d->cli->conf);
        return;
    }
    if (ln_checker_run(d->cli->conf, LN_PLUGIN_SPECS_NEVER, &checked, &err) != 0) {
        say(d, WRONG, "configuration", "%s", err.text);
        return;
    }
    if (checked.ok)
        say(d, FINE, "configuration", "%s: %u route%s, %u service%s, %u warning%s", d->cli->conf,
            checked.routes, checked.routes == 1 ? "" : "s", checked.services,
            checked.services == 1 ? "" : "s", checked.warnings, checked.warnings == 1 ? "" : "s");
    else
        say(d, WRONG, "configuration", "%s: %u error%s; lunette check tells more", d->cli->conf,
            checked.errors, checked.errors == 1 ? "" : "s");
    if (checked.bundle >= 0) {
        ln_bundle_free(d->bundle);
        d->bundle = ln_bundle_replay(checked.bundle, &err);
    }
    ln_checked_fini(&checked);
}

/* Who can write a file decides what the gateway does. */
static const char *why_unsafe(const char *path, const struct stat *st)
{
    char folder[PATH_MAX];
    struct stat above;

    if (st->st_mode & S_IWOTH && !(S_ISDIR(st->st_mode) && st->st_mode & S_ISVTX))
        return "everybody may write it";
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return "it belongs to somebody who is neither root nor you";
    if (snprintf(folder, sizeof folder, "%s", path) >= (int)sizeof folder)
        return NULL;
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[slash == folder ? 1 : 0] = '\0';
    if (stat(slash != NULL ? folder : ".", &above) == 0 && above.st_mode & S_IWOTH &&
        !(above.st_mode & S_ISVTX))
        return "everybody may replace it: the folder is open to all";
    return NULL;
}

static void check_permissions(struct doctor *d)
{
    unsigned at = 0, looked = 0, unsafe = 0;

    for (const char *path;
         d->bundle != NULL && (path = ln_bundle_next_path(d->bundle, &at)) != NULL;) {
        struct stat st;

        if (stat(path, &st) != 0)
            continue;
        const char *why = why_unsafe(path, &st);

        looked++;
        if (why != NULL && ++unsafe <= 10)
            say(d, WRONG, "permissions", "%s: %s", path, why);
    }
    if (unsafe > 10)
        say(d, WRONG, "permissions", "... and %u more", unsafe - 10);
    if (looked > 0 && unsafe == 0)
        say(d, FINE, "permissions", "nobody else may change the %u files and folders it is made of",
            looked);
}

static void check_user(struct doctor *d)
{
    const char *user = d->conf != NULL ? d->conf->gateway.user : "";
    struct ln_err err;

    if (user[0] != '\0' && ln_privileges_check(user, &err) != 0)
        say(d, WRONG, "user", "%s", err.text);
    else if (user[0] != '\0')
        say(d, FINE, "user", "workers become %s", user);
    else if (geteuid() == 0)
        say(d, LOOK, "user", "as root, workers stay root: gateway.user names somebody else");
    else
        say(d, FINE, "user", "workers run as you do");
}

/* ---- the command ---- */

static void load_conf(struct doctor *d)
{
    struct ln_diag diag;

    if (access(d->cli->conf, F_OK) != 0)
        return;
    ln_diag_init(&diag);
    d->bundle = ln_bundle_record();
    d->conf = ln_conf_load(d->bundle, d->cli->conf, &diag);
    ln_diag_fini(&diag);
}

static void examine(struct doctor *d)
{
    check_program(d);
    check_engine(d);
    check_files(d);
    check_memory(d);
    check_reuseport(d);
    check_shared_memory(d);
    check_inotify(d);
    check_backlog(d);
    check_user(d);
    check_configuration(d);
    check_permissions(d);
}

int ln_command_doctor(const struct ln_cli *cli)
{
    struct doctor d = {.cli = cli};
    bool compiled = true;

    load_conf(&d);
    if (cli->json)
        printf("{\"checks\":[");
    examine(&d);
    if (cli->json)
        printf("]");
    fflush(stdout);
    if (cli->jit) {
        if (cli->json)
            printf(",\"jit\":");
        fflush(stdout);
        compiled = ln_tool_run("compile", cli) == LN_EXIT_OK;
    }
    bool fit = d.worst < WRONG && compiled;

    if (cli->json)
        printf(",\"ok\":%s}\n", fit ? "true" : "false");
    ln_conf_free(d.conf);
    ln_bundle_free(d.bundle);
    return fit ? LN_EXIT_OK : LN_EXIT_FAILED;
}
