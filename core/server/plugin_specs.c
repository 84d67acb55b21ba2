/* SPDX-License-Identifier: Apache-2.0
 * plugin_specs.c - finds the specs, runs `lunette test` on them in a child, reads what it says.
 */
#include "server/plugin_specs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "gateway/spec_match.h"
#include "script/spec.h"
#include "server/privileges.h"
#include "server/signals.h"

enum { SPECS_MAX = 256, OUTPUT_MAX = 64 * 1024 };

struct specs {
    const struct ln_conf *conf;
    struct ln_diag *diag;
    enum ln_diag_kind kind;
    char root[PATH_MAX];    /* the folder that has the plugin folder and spec/ in it */
    char folder[NAME_MAX];  /* the plugin folder's name in there */
    char *files[SPECS_MAX]; /* from the root */
    unsigned count;
};

/* ---- which ---- */

static bool split_folder(struct specs *s)
{
    const char *slash = strrchr(s->conf->plugins_dir, '/');
    const char *name = slash != NULL ? slash + 1 : s->conf->plugins_dir;
    size_t n = slash != NULL ? (size_t)(slash - s->conf->plugins_dir) : 0;

    if (n >= sizeof s->root || strlen(name) >= sizeof s->folder)
        return false;
    snprintf(s->root, sizeof s->root, "%.*s", n > 0 ? (int)n : 1,
             n > 0           ? s->conf->plugins_dir
             : slash != NULL ? "/"
                             : ".");
    snprintf(s->folder, sizeof s->folder, "%s", name);
    return true;
}

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool add_file(struct specs *s, struct ln_bundle *bundle, const char *file)
{
    char path[2 * PATH_MAX];
    struct ln_slice bytes;
    struct ln_err err;

    snprintf(path, sizeof path, "%s/%s", s->root, file);
    if (!is_file(path) || s->count == SPECS_MAX)
        return false;
    for (unsigned i = 0; i < s->count; i++)
        if (strcmp(s->files[i], file) == 0)
            return true;
    ln_bundle_read(bundle, strcmp(s->root, ".") == 0 ? file : path, &bytes, &err);
    s->files[s->count++] = ln_strdup(file);
    return true;
}

static void add_plugin(struct specs *s, struct ln_bundle *bundle, const char *name, size_t n)
{
    char plain[NAME_MAX + 1], file[NAME_MAX + 64];

    if (n == 0 || n > NAME_MAX)
        return;
    snprintf(plain, sizeof plain, "%.*s", (int)n, name);
    for (int underscores = 0; underscores < 2; underscores++) {
        for (char *c = plain; underscores && *c != '\0'; c++)
            *c = *c == '-' ? '_' : *c;
        snprintf(file, sizeof file, "spec/plugins/%s_spec.lua", plain);
        if (add_file(s, bundle, file))
            return;
        snprintf(file, sizeof file, "spec/%s_spec.lua", plain);
        if (add_file(s, bundle, file))
            return;
    }
}

/* The plugins that were read: NAME.lua and NAME/init.lua in the plugin folder. */
static void find(struct specs *s, struct ln_bundle *bundle)
{
    size_t n = strlen(s->conf->plugins_dir);
    char *names[SPECS_MAX];
    unsigned at = 0, count = 0;

    for (const char *path; (path = ln_bundle_next_path(bundle, &at)) != NULL;) {
        const char *name = path + n + 1, *end = NULL;

        if (count == SPECS_MAX || strncmp(path, s->conf->plugins_dir, n) != 0 || path[n] != '/' ||
            !is_file(path))
            continue;
        end = strstr(name, "/init.lua");
        if (end == NULL && strchr(name, '/') == NULL)
            end = strstr(name, ".lua");
        if (end != NULL)
            names[count++] = ln_strndup(name, (size_t)(end - name));
    }
    for (unsigned i = 0; i < count; i++) { /* reading a spec changes the bundle that was walked */
        add_plugin(s, bundle, names[i], strlen(names[i]));
        ln_free(names[i]);
    }
}

/* ---- running ---- */

_Noreturn static void run_child(const struct specs *s, int out)
{
    char *argv[SPECS_MAX + 6], plugins[NAME_MAX + 16];
    struct ln_err err;
    int argc = 0;

    ln_signals_reset();
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    if (chdir(s->root) != 0 || ln_privileges_drop(s->conf->gateway.user, &err) != 0) {
        printf("the specs of the plugins cannot be run: %s\n", strerror(errno));
        fflush(stdout);
        _exit(1);
    }
    snprintf(plugins, sizeof plugins, "--plugins=%s", s->folder);
    static char name[] = "lunette test", option[] = "-o", output[] = "lunette.tools.brief";
    argv[argc++] = name;
    argv[argc++] = option;
    argv[argc++] = output;
    argv[argc++] = plugins;
    for (unsigned i = 0; i < s->count; i++)
        argv[argc++] = s->files[i];
    int code = ln_spec_main("test", argc, argv, ln_router_spec_match);
    fflush(NULL);
    _exit(code);
}

/* Reads until the end; false when the deadline passed before it. */
static bool read_output(int fd, struct ln_text *out)
{
    ln_nsec deadline = ln_clock_mono() + (ln_nsec)LN_PLUGIN_SPECS_DEADLINE * LN_NSEC_PER_MSEC;
    char bytes[4096];

    for (;;) {
        ln_nsec now = ln_clock_mono();
        struct pollfd ready = {.fd = fd, .events = POLLIN};

        if (now >= deadline)
            return false;
        int n = poll(&ready, 1, (int)((deadline - now) / LN_NSEC_PER_MSEC) + 1);
        if (n < 0 && errno == EINTR)
            continue;
        ssize_t got = n > 0 ? read(fd, bytes, sizeof bytes) : 0;

        if (n > 0 && got <= 0)
            return true;
        if (got > 0 && out->n < OUTPUT_MAX)
            ln_text_add(out, bytes, (size_t)got);
    }
}

/* ---- what it said ---- */

/* "file:line: name: why" */
static bool add_failure(struct specs *s, char *line)
{
    char *colon = strchr(line, ':'), *rest = NULL, path[2 * PATH_MAX];
    unsigned long number = colon != NULL ? strtoul(colon + 1, &rest, 10) : 0;

    if (colon == NULL || rest == colon + 1 || strncmp(rest, ": ", 2) != 0)
        return false;
    *colon = '\0';
    snprintf(path, sizeof path, "%s%s%s", strcmp(s->root, ".") == 0 ? "" : s->root,
             strcmp(s->root, ".") == 0 ? "" : "/", line);
    struct ln_place place = {.file = path, .line = (unsigned)number};

    ln_diag_add(s->diag, s->kind, &place, "spec: %s", rest + 2);
    return true;
}

static void judge(struct specs *s, struct ln_text *out, bool in_time, int status)
{
    unsigned told = 0;

    ln_text_add(out, "", 1);
    char first[200] = "";
    for (char *save = NULL, *line = strtok_r(out->p, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        if (add_failure(s, line))
            told++;
        else if (first[0] == '\0')
            snprintf(first, sizeof first, "%s", line);
    }
    if (!in_time)
        ln_diag_add(s->diag, s->kind, NULL,
                    "the specs of the plugins took longer than %d s; they were stopped",
                    LN_PLUGIN_SPECS_DEADLINE / 1000);
    else if (WIFSIGNALED(status))
        ln_diag_add(s->diag, s->kind, NULL, "the specs of the plugins were ended by a signal: %s",
                    strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0 && told == 0)
        ln_diag_add(s->diag, s->kind, NULL, "the specs of the plugins ended with code %d: %s",
                    WEXITSTATUS(status), first[0] != '\0' ? first : "they said nothing");
}

static void run(struct specs *s)
{
    int ends[2], status = 0;
    struct ln_text out;
    pid_t pid = -1;

    fflush(NULL);
    if (pipe2(ends, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
        ln_diag_error(s->diag, NULL, "the specs of the plugins: %s", strerror(errno));
        return;
    }
    if (pid == 0)
        run_child(s, ends[1]);
    setpgid(pid, pid);
    close(ends[1]);
    ln_text_init(&out);
    bool in_time = read_output(ends[0], &out);

    if (!in_time)
        kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    kill(-pid, SIGKILL); /* what it has left behind */
    close(ends[0]);
    judge(s, &out, in_time, status);
    ln_text_fini(&out);
}

void ln_plugin_specs_run(const struct ln_conf *conf, struct ln_bundle *bundle,
                         enum ln_plugin_specs when, struct ln_diag *diag)
{
    if (when == LN_PLUGIN_SPECS_NEVER || conf->plugins_dir == NULL ||
        (when == LN_PLUGIN_SPECS_AS_CONFIGURED && !conf->plugin_specs))
        return;

    struct specs *s = ln_zalloc(sizeof *s);

    s->conf = conf;
    s->diag = diag;
    s->kind = when == LN_PLUGIN_SPECS_TELL ? LN_DIAG_WARNING : LN_DIAG_ERROR;
    if (split_folder(s)) {
        find(s, bundle);
        if (s->count > 0)
            run(s);
    }
    for (unsigned i = 0; i < s->count; i++)
        ln_free(s->files[i]);
    ln_free(s);
}
