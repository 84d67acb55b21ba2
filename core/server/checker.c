/* SPDX-License-Identifier: Apache-2.0
 * checker.c - the child, and the verdict's way back through a pipe.
 */
#include "server/checker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "gateway/generation.h"
#include "server/signals.h"

/* The head of a verdict; text, json and demand follow. */
struct wire {
    uint64_t hash;
    uint32_t ok, errors, warnings, routes, services;
    uint32_t text, json, demand; /* bytes of each */
};

static void write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, p, n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return; /* the parent has lost interest */
        p += put;
        n -= (size_t)put;
    }
}

static void write_verdict(int fd, struct wire *wire, const struct ln_diag *diag,
                          const struct ln_demand *demand)
{
    struct ln_text text, json, bytes;

    ln_text_init(&text);
    ln_text_init(&json);
    ln_text_init(&bytes);
    ln_diag_print(diag, &text);
    ln_diag_json(diag, &json);
    ln_demand_save(demand, &bytes);
    wire->errors = diag->errors;
    wire->warnings = diag->count - diag->errors;
    wire->text = (uint32_t)text.n;
    wire->json = (uint32_t)json.n;
    wire->demand = (uint32_t)bytes.n;
    write_all(fd, (const char *)wire, sizeof *wire);
    write_all(fd, text.p, text.n);
    write_all(fd, json.p, json.n);
    write_all(fd, bytes.p, bytes.n);
    ln_text_fini(&text);
    ln_text_fini(&json);
    ln_text_fini(&bytes);
}

static void check(int fd, int bundle_fd, const char *conf_path, enum ln_plugin_specs specs)
{
    struct ln_bundle *bundle = ln_bundle_record();
    struct ln_demand demand;
    struct ln_diag diag;
    struct ln_err err;
    struct wire wire = {0};

    ln_demand_init(&demand);
    ln_diag_init(&diag);

    struct ln_vm_env env = {.demand = &demand};
    struct ln_generation *g = ln_generation_load(conf_path, bundle, &env, NULL, 0, &diag);

    if (g != NULL && diag.errors == 0)
        ln_plugin_specs_run(g->conf, bundle, specs, &diag);
    if (ln_bundle_save(bundle, bundle_fd, &err) != 0)
        ln_diag_error(&diag, NULL, "%s", err.text);
    wire.ok = g != NULL && diag.errors == 0;
    wire.hash = ln_bundle_hash(bundle);
    if (g != NULL) {
        ln_vm_routes(g->vm, &wire.routes);
        wire.services = g->conf->service_count;
    }
    write_verdict(fd, &wire, &diag, &demand);
}

int ln_checker_start(struct ln_checker *c, const char *conf_path, enum ln_plugin_specs specs,
                     void (*in_child)(void *arg), void *arg, struct ln_err *err)
{
    int ends[2], bundle = memfd_create("lunette-bundle", MFD_CLOEXEC);

    if (bundle < 0)
        return ln_fail(err, LN_E_SYS, "bundle: memfd_create");
    if (pipe2(ends, O_CLOEXEC) != 0) {
        close(bundle);
        return ln_fail(err, LN_E_SYS, "checker: pipe");
    }

    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid == 0) {
        ln_signals_reset();
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        if (in_child != NULL)
            in_child(arg);
        close(ends[0]);
        ln_log_name("checker");
        check(ends[1], bundle, conf_path, specs);
        _exit(0);
    }
    close(ends[1]);
    if (pid < 0) {
        ln_fail(err, LN_E_SYS, "checker: fork");
        close(ends[0]);
        close(bundle);
        return -1;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *c = (struct ln_checker){.pid = pid, .fd = ends[0], .bundle = bundle};
    ln_text_init(&c->bytes);
    return 0;
}

bool ln_checker_read(struct ln_checker *c)
{
    char bytes[16384];

    for (;;) {
        ssize_t n = read(c->fd, bytes, sizeof bytes);

        if (n > 0)
            ln_text_add(&c->bytes, bytes, (size_t)n);
        else if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return true;
        else if (errno == EAGAIN)
            return false;
    }
}

static struct ln_slice cut(struct ln_slice *rest, size_t n)
{
    struct ln_slice head = ln_slice(rest->p, n);

    *rest = ln_slice(rest->p + n, rest->n - n);
    return head;
}

/* False when the verdict is not whole: the child died on the way. */
static bool parse_verdict(struct ln_slice bytes, struct ln_checked *out)
{
    struct wire wire;

    if (bytes.n < sizeof wire)
        return false;
    memcpy(&wire, bytes.p, sizeof wire);
    cut(&bytes, sizeof wire);
    if (bytes.n != (size_t)wire.text + wire.json + wire.demand)
        return false;

    struct ln_slice text = cut(&bytes, wire.text), json = cut(&bytes, wire.json);

    ln_text_add(&out->text, text.p, text.n);
    ln_text_add(&out->json, json.p, json.n);
    if (!ln_demand_load(&out->demand, bytes))
        return false;
    out->ok = wire.ok != 0;
    out->hash = wire.hash;
    out->errors = wire.errors;
    out->warnings = wire.warnings;
    out->routes = wire.routes;
    out->services = wire.services;
    return true;
}

static void no_verdict(struct ln_checked *out, bool late, int status)
{
    struct ln_diag diag;

    ln_diag_init(&diag);
    if (late)
        ln_diag_error(&diag, NULL,
                      "loading the configuration took longer than %d s; the check was stopped",
                      LN_CHECK_DEADLINE / 1000);
    else if (WIFSIGNALED(status))
        ln_diag_error(&diag, NULL, "loading the configuration killed the checking process (%s)",
                      strsignal(WTERMSIG(status)));
    else
        ln_diag_error(&diag, NULL, "the checking process ended with code %d and without a verdict",
                      WEXITSTATUS(status));
    out->errors = 1;
    ln_diag_print(&diag, &out->text);
    ln_diag_json(&diag, &out->json);
    ln_diag_fini(&diag);
}

void ln_checker_finish(struct ln_checker *c, bool late, struct ln_checked *out)
{
    int status = 0;

    *out = (struct ln_checked){.bundle = -1};
    ln_text_init(&out->text);
    ln_text_init(&out->json);
    ln_demand_init(&out->demand);

    bool whole = !late && parse_verdict(ln_slice(c->bytes.p, c->bytes.n), out);

    if (whole || late) /* it has nothing more to say */
        kill(c->pid, SIGKILL);
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (whole) {
        out->bundle = c->bundle;
    } else {
        no_verdict(out, late, status);
        close(c->bundle);
    }
    close(c->fd);
    ln_text_fini(&c->bytes);
    *c = (struct ln_checker){0};
}

int ln_checker_run(const char *conf_path, enum ln_plugin_specs specs, struct ln_checked *out,
                   struct ln_err *err)
{
    struct ln_checker c;
    ln_nsec deadline = ln_clock_mono() + (ln_nsec)LN_CHECK_DEADLINE * LN_NSEC_PER_MSEC;

    if (ln_checker_start(&c, conf_path, specs, NULL, NULL, err) != 0)
        return -1;
    for (;;) {
        struct pollfd ready = {.fd = c.fd, .events = POLLIN};
        ln_nsec now = ln_clock_mono();
        int wait = now < deadline ? (int)((deadline - now) / LN_NSEC_PER_MSEC) : 0;
        int n = poll(&ready, 1, wait);

        if (n > 0 && ln_checker_read(&c))
            break;
        if (n == 0) {
            ln_checker_finish(&c, true, out);
            return 0;
        }
    }
    ln_checker_finish(&c, false, out);
    return 0;
}

void ln_checked_fini(struct ln_checked *out)
{
    if (out->bundle >= 0)
        close(out->bundle);
    ln_text_fini(&out->text);
    ln_text_fini(&out->json);
    ln_demand_fini(&out->demand);
    *out = (struct ln_checked){.bundle = -1};
}
