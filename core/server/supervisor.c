/* SPDX-License-Identifier: Apache-2.0
 * supervisor.c - start, signals, commands, stop. The mechanisms are elsewhere: crew.c, reload.c,
 * control.c, watch.c.
 */
#include "server/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/banner.h"
#include "server/checker.h"
#include "server/control.h"
#include "server/crew.h"
#include "server/instances.h"
#include "server/logging.h"
#include "server/metrics.h"
#include "server/notify.h"
#include "server/privileges.h"
#include "server/reload.h"
#include "server/settings.h"
#include "server/signals.h"
#include "server/status.h"
#include "server/steer.h"
#include "server/stop.h"
#include "server/watch.h"

enum { TICK = 1000, CLIENTS_MAX = 32, STARTS_MAX = 5, KILL_WAIT = 2000 };

/* Commands that wait for the outcome of a reload. */
struct waiting {
    struct ln_control_client *clients[CLIENTS_MAX];
    unsigned count;
};

struct supervisor {
    const struct ln_run_options *options;
    char control_path[LN_CONTROL_PATH];
    struct ln_loop *loop;
    int signals;
    ev_io signalled;
    struct ln_control *control;
    struct ln_watch *watch;
    struct ln_settings settings;
    struct ln_listeners listeners;
    struct ln_shm *shm;
    struct ln_crew crew;
    struct ln_reload reload;
    struct ln_timer tick, drain, deadline;
    struct ln_stopping stopping;
    struct waiting now, next, stoppers;
    ln_nsec started, read_at; /* monotonic; wall clock before the files were first read */
    uint64_t reloads, failed_reloads;
    unsigned early_deaths; /* of workers before the gateway was ready */
    bool is_ready, crew_is_made;
    int exit_code;
};

/* ---- stop
 * ------------------------------------------------------------------------------------------------------
 */

static void answer_all(struct waiting *w, const char *json)
{
    for (unsigned i = 0; i < w->count; i++)
        ln_control_answer(w->clients[i], ln_slice_of(json));
    w->count = 0;
}

static void stop_now(struct supervisor *s)
{
    ln_timer_stop(s->loop, &s->drain);
    ln_timer_stop(s->loop, &s->deadline);
    ln_listeners_close(&s->listeners);
    ln_crew_stop(&s->crew, true);
}

static void on_drain_deadline(struct ln_timer *t)
{
    struct supervisor *s = ln_container_of(t, struct supervisor, deadline);

    ln_warn("the drain timeout has passed: %u workers with work left are stopped",
            ln_crew_alive(&s->crew));
    stop_now(s);
}

static void on_drain_delay(struct ln_timer *t)
{
    struct supervisor *s = ln_container_of(t, struct supervisor, drain);

    ln_listeners_close(&s->listeners);
    ln_timer_start(s->loop, &s->deadline, s->settings.conf->gateway.drain_timeout,
                   on_drain_deadline);
    ln_crew_stop(&s->crew, false);
}

static void ask_to_stop(struct supervisor *s, bool hard, const char *cause)
{
    switch (ln_stop_ask(&s->stopping, hard, ln_loop_now_ms(s->loop))) {
    case LN_STOP_NOTHING:
        return;
    case LN_STOP_DRAIN:
        ln_info("stopping after %s: running exchanges may finish", cause);
        ln_notify("STOPPING=1");
        s->crew.stopping = true;
        ln_timer_start(s->loop, &s->drain, s->settings.conf->gateway.drain_delay, on_drain_delay);
        return;
    case LN_STOP_NOW:
        ln_info("stopping now after %s", cause);
        ln_notify("STOPPING=1");
        stop_now(s);
        return;
    }
}

/* ---- ready
 * -----------------------------------------------------------------------------------------------------
 */

static void report(const struct supervisor *s)
{
    struct ln_text line;

    if (s->options->report < 0)
        return;
    ln_text_init(&line);
    ln_status_report(&s->crew, &line);
    if (write(s->options->report, line.p, line.n) != (ssize_t)line.n)
        ln_warn("the report could not be written: %m");
    close(s->options->report);
    ln_text_fini(&line);
}

static void greet(const struct supervisor *s)
{
    struct ln_text text;

    if (s->options->quiet)
        return;
    ln_text_init(&text);
    ln_banner_print(s->settings.conf, &s->listeners, s->crew.size, s->control_path, &text);
    fwrite(text.p, 1, text.n, stdout);
    fflush(stdout);
    ln_text_fini(&text);
}

static void on_serving(void *arg, struct ln_member *m)
{
    struct supervisor *s = arg;
    char address[LN_ADDR_TEXT];

    (void)m;
    if (s->is_ready || ln_crew_serving(&s->crew) < s->crew.size)
        return;
    s->is_ready = true;
    for (unsigned i = 0; i < s->listeners.count; i++)
        ln_info("listening on %s (%s)", ln_addr_print(&s->listeners.items[i].bound, address),
                s->listeners.items[i].name);
    greet(s);
    report(s);
    ln_notify("READY=1");
}

static void give_up_start(struct supervisor *s, const char *why)
{
    fprintf(stderr, "lunette: cannot start: %s\n", why);
    s->exit_code = 1;
    s->stopping.asked = s->stopping.now = true;
    stop_now(s);
}

/* ---- what the crew tells
 * --------------------------------------------------------------------------------------- */

static void on_built(void *arg, struct ln_member *m, uint64_t number)
{
    struct supervisor *s = arg;

    (void)m;
    (void)number;
    ln_reload_built(&s->reload);
}

static void on_failed(void *arg, struct ln_member *m, uint64_t number, struct ln_slice text)
{
    struct supervisor *s = arg;
    char why[1024];

    snprintf(why, sizeof why, "%.*s", (int)(text.n < 1000 ? text.n : 1000), text.p);
    if (!s->is_ready && !s->stopping.asked)
        give_up_start(s, why);
    else if (m->state == LN_MEMBER_SERVING)
        ln_reload_failed(&s->reload, m->slot, number, text);
    else
        ln_error("worker %u could not load generation %llu: %s", m->slot,
                 (unsigned long long)number, why);
}

static void on_lost(void *arg, struct ln_member *m, uint64_t building)
{
    struct supervisor *s = arg;

    ln_reload_lost(&s->reload, m->slot, building);
    if (!s->is_ready && !s->stopping.asked && ++s->early_deaths == STARTS_MAX)
        give_up_start(s, "workers die before they are ready; the log has the reason");
}

static void on_empty(void *arg)
{
    struct supervisor *s = arg;

    ln_loop_stop(s->loop);
}

static void in_child(void *arg)
{
    struct supervisor *s = arg;

    close(s->signals);
    if (!s->is_ready && s->options->report >= 0)
        close(s->options->report);
    if (s->watch != NULL)
        close(ln_watch_fd(s->watch));
    if (s->reload.state == LN_RELOAD_CHECKING && s->reload.checker.pid > 0)
        close(s->reload.checker.fd);
    ln_control_abandon(s->control);
    ln_loop_free(s->loop);
}

static const struct ln_crew_events crew_events = {
    .on_serving = on_serving,
    .on_built = on_built,
    .on_failed = on_failed,
    .on_lost = on_lost,
    .on_empty = on_empty,
    .in_child = in_child,
};

/* ---- reload
 * ----------------------------------------------------------------------------------------------------
 */

static void watch_bundles(struct supervisor *s, const struct ln_bundle *tried, ln_nsec since)
{
    const struct ln_bundle *bundles[] = {s->settings.bundle, tried};

    if (s->watch == NULL)
        return;
    ln_watch_begin(s->watch);
    for (unsigned i = 0; i < LN_ARRAY_LEN(bundles); i++) {
        unsigned at = 0;
        const char *path;

        while (bundles[i] != NULL && (path = ln_bundle_next_path(bundles[i], &at)) != NULL)
            ln_watch_add(s->watch, path);
    }
    ln_watch_done(s->watch, since);
}

static void on_change(void *arg)
{
    struct supervisor *s = arg;

    if (!s->stopping.asked)
        ln_reload_ask(&s->reload, "a file changed", false);
}

/* Watches if the configuration says so. */
static void arrange_watch(struct supervisor *s, ln_nsec since)
{
    struct ln_err err;

    bool wanted = s->settings.conf->watch || s->options->dev;

    if (wanted && s->watch == NULL) {
        s->watch = ln_watch_new(s->loop, on_change, s, &err);
        if (s->watch == NULL)
            ln_warn("%s; changes are taken by `lunette reload` only", err.text);
    } else if (!wanted) {
        ln_watch_free(s->watch);
        s->watch = NULL;
    }
    watch_bundles(s, NULL, since);
}

static void on_commit(void *arg, struct ln_settings *settings)
{
    struct supervisor *s = arg;

    ln_settings_fini(&s->settings);
    s->settings = *settings;
    *settings = (struct ln_settings){0};
    arrange_watch(s, s->reload.started_wall);
}

static void print_outcome(const struct ln_reload_outcome *o, struct ln_text *out)
{
    ln_text_printf(out, "{\"ok\":%s,\"generation\":%llu,\"milliseconds\":%llu,\"problems\":",
                   o->ok ? "true" : "false", (unsigned long long)o->generation,
                   (unsigned long long)o->took);
    if (o->problems.n > 0)
        ln_text_add(out, o->problems.p, o->problems.n);
    else
        ln_text_puts(out, "[]");
    ln_text_puts(out, ",\"text\":");
    ln_text_json(out, o->errors);
    ln_text_puts(out, "}");
}

static void on_done(void *arg, const struct ln_reload_outcome *o, const struct ln_bundle *tried)
{
    struct supervisor *s = arg;
    struct ln_text json;

    if (!o->ok) {
        s->failed_reloads++;
        watch_bundles(s, tried, s->reload.started_wall);
    } else if (!o->unchanged) {
        s->reloads++;
    }
    ln_text_init(&json);
    print_outcome(o, &json);
    answer_all(&s->now, json.p);
    ln_text_fini(&json);
    s->now = s->next;
    s->next.count = 0;
    ln_notify("READY=1");
}

static const struct ln_reload_events reload_events = {.on_commit = on_commit, .on_done = on_done};

static void reload(struct supervisor *s, const char *cause)
{
    if (s->stopping.asked)
        return;
    ln_notify_reloading();
    ln_reload_ask(&s->reload, cause, true);
}

/* ---- commands
 * --------------------------------------------------------------------------------------------------
 */

static void wait_for(struct waiting *w, struct ln_control_client *c)
{
    if (w->count == CLIENTS_MAX)
        ln_control_answer(c, LN_SLICE("{\"ok\":false,\"text\":\"too many commands wait\"}"));
    else
        w->clients[w->count++] = c;
}

/* {"ok":...,"text":...} */
static void answer_text(struct ln_control_client *c, bool ok, const struct ln_text *text)
{
    struct ln_text json;

    ln_text_init(&json);
    ln_text_printf(&json, "{\"ok\":%s,\"text\":", ok ? "true" : "false");
    ln_text_json(&json, ln_slice(text->p, text->n));
    ln_text_puts(&json, "}");
    ln_control_answer(c, ln_slice(json.p, json.n));
    ln_text_fini(&json);
}

static struct ln_status status_of(const struct supervisor *s)
{
    return (struct ln_status){
        .crew = &s->crew,
        .conf_path = s->options->conf_path,
        .control = s->control_path,
        .state = s->stopping.asked ? "draining"
                 : s->is_ready     ? "serving"
                                   : "starting",
        .started = s->started,
        .reloads = s->reloads,
        .failed_reloads = s->failed_reloads,
    };
}

static void answer_status(struct supervisor *s, struct ln_control_client *c, bool for_people)
{
    struct ln_status status = status_of(s);
    struct ln_text text;

    ln_text_init(&text);
    if (for_people) {
        ln_status_describe(&status, &text);
        answer_text(c, true, &text);
    } else {
        ln_status_print(&status, &text);
        ln_control_answer(c, ln_slice(text.p, text.n));
    }
    ln_text_fini(&text);
}

static void answer_metrics(struct supervisor *s, struct ln_control_client *c)
{
    struct ln_status status = status_of(s);
    struct ln_text text;

    ln_text_init(&text);
    ln_metrics_print(&status, &s->reload.demand, &text);
    answer_text(c, true, &text);
    ln_text_fini(&text);
}

static void answer_steering(struct supervisor *s, struct ln_control_client *c, struct ln_slice line)
{
    struct ln_text text;

    ln_text_init(&text);
    answer_text(c, ln_steer(s->shm, &s->reload.demand, line, ln_loop_now_ms(s->loop), &text),
                &text);
    ln_text_fini(&text);
}

/* "json SERVICE" or "text SERVICE"; without a name, all. */
static void answer_instances(struct supervisor *s, struct ln_control_client *c, struct ln_slice how)
{
    size_t n = how.n < 4 ? how.n : 4; /* of the first word */
    bool as_text = ln_slice_eq(ln_slice(how.p, n), LN_SLICE("text"));
    struct ln_slice service = ln_slice_trim(ln_slice(how.p + n, how.n - n));
    struct ln_text json;

    if (!as_text && !ln_slice_eq(ln_slice(how.p, n), LN_SLICE("json"))) {
        ln_control_answer(c, LN_SLICE("{\"ok\":false,\"text\":\"unknown request\"}"));
        return;
    }
    ln_text_init(&json);
    ln_instances_answer(&s->crew, &s->reload.demand, service, as_text, &json);
    ln_control_answer(c, ln_slice(json.p, json.n));
    ln_text_fini(&json);
}

static void on_request(void *arg, struct ln_control_client *c, struct ln_slice line)
{
    struct supervisor *s = arg;

    if (ln_slice_eq(line, LN_SLICE("status"))) {
        answer_status(s, c, false);
    } else if (ln_slice_eq(line, LN_SLICE("status text"))) {
        answer_status(s, c, true);
    } else if (ln_slice_eq(line, LN_SLICE("metrics"))) {
        answer_metrics(s, c);
    } else if (ln_slice_has_prefix(line, LN_SLICE("instances "))) {
        answer_instances(s, c, ln_slice(line.p + 10, line.n - 10));
    } else if (ln_slice_eq(line, LN_SLICE("stop"))) {
        wait_for(&s->stoppers, c);
        ask_to_stop(s, false, "the command");
    } else if (ln_steer_is_command(line)) {
        answer_steering(s, c, line);
    } else if (!ln_slice_eq(line, LN_SLICE("reload"))) {
        ln_control_answer(c, LN_SLICE("{\"ok\":false,\"text\":\"unknown request\"}"));
    } else if (s->stopping.asked) {
        ln_control_answer(c, LN_SLICE("{\"ok\":false,\"text\":\"the gateway is stopping\"}"));
    } else {
        wait_for(s->reload.state == LN_RELOAD_IDLE ? &s->now : &s->next, c);
        reload(s, "the command");
    }
}

static void forget(struct waiting *w, const struct ln_control_client *c)
{
    for (unsigned i = 0; i < w->count; i++)
        if (w->clients[i] == c)
            w->clients[i--] = w->clients[--w->count];
}

static void on_gone(void *arg, struct ln_control_client *c)
{
    struct supervisor *s = arg;

    forget(&s->now, c);
    forget(&s->next, c);
    forget(&s->stoppers, c);
}

static const struct ln_control_events control_events = {on_request, on_gone};

/* ---- signals and time
 * ------------------------------------------------------------------------------------------ */

static void reopen_logs(struct supervisor *s)
{
    struct ln_err err;

    if (ln_log_reopen(&err) != 0)
        ln_error("%s", err.text);
    ln_crew_tell(&s->crew, LN_MSG_REOPEN);
    ln_info("log files were reopened");
}

static void on_signal(struct ev_loop *ev, ev_io *io, int events)
{
    struct supervisor *s = ln_container_of(io, struct supervisor, signalled);
    int signal;

    (void)ev;
    (void)events;
    while ((signal = ln_signals_next(s->signals)) != 0) {
        if (signal == SIGCHLD)
            ln_crew_reap(&s->crew);
        else if (signal == SIGHUP)
            reload(s, "HUP");
        else if (signal == SIGUSR1)
            reopen_logs(s);
        else if (signal == SIGTERM || signal == SIGINT || signal == SIGQUIT)
            ask_to_stop(s, signal == SIGQUIT,
                        signal == SIGTERM  ? "TERM"
                        : signal == SIGINT ? "INT"
                                           : "QUIT");
    }
}

static void on_tick(struct ln_timer *t)
{
    struct supervisor *s = ln_container_of(t, struct supervisor, tick);

    ln_crew_reap(&s->crew); /* two deaths may come as one signal */
    ln_crew_beat(&s->crew);
    ln_timer_start(s->loop, &s->tick, TICK, on_tick);
}

/* ---- start
 * -----------------------------------------------------------------------------------------------------
 */

static int open_shared(struct supervisor *s, struct ln_checked *checked, struct ln_err *err)
{
    const struct ln_gateway_conf *conf = &s->settings.conf->gateway;
    unsigned workers = ln_settings_workers(s->settings.conf);

    if (ln_privileges_check(conf->user, err) != 0 ||
        ln_listeners_open(&s->listeners, conf, workers, err) != 0)
        return -1;
    s->shm = ln_shm_new(workers, err);
    if (s->shm == NULL || ln_shm_satisfy(s->shm, &checked->demand, err) != 0)
        return -1;
    atomic_store(ln_shm_commit_word(s->shm), 1);
    return 0;
}

static void make_crew(struct supervisor *s, struct ln_checked *checked)
{
    const struct ln_gateway_conf *conf = &s->settings.conf->gateway;

    ln_crew_init(&s->crew, s->listeners.slots, &crew_events, s);
    s->crew_is_made = true;
    s->crew.loop = s->loop;
    s->crew.env = (struct ln_worker_env){
        .bundle = checked->bundle,
        .number = 1,
        .conf_path = s->options->conf_path,
        .user = ln_strdup(conf->user),
        .drain_timeout = conf->drain_timeout,
        .shm = s->shm,
        .listeners = &s->listeners,
    };
    checked->bundle = -1;
    ln_logging_describe(conf, &s->crew.log_settings);
    s->reload.loop = s->loop;
    s->reload.crew = &s->crew;
    s->reload.current = &s->settings;
    s->reload.conf_path = s->options->conf_path;
    s->reload.specs = s->options->dev ? LN_PLUGIN_SPECS_ALWAYS : LN_PLUGIN_SPECS_AS_CONFIGURED;
    s->reload.events = &reload_events;
    s->reload.arg = s;
    s->reload.demand = checked->demand;
    ln_demand_init(&checked->demand);
    ln_reload_init(&s->reload, 1, checked->hash);
}

static int open_loop(struct supervisor *s, struct ln_err *err)
{
    s->signals = ln_signals_open(err);
    if (s->signals < 0)
        return -1;
    s->loop = ln_loop_new();
    ev_io_init(&s->signalled, on_signal, s->signals, EV_READ);
    ev_io_start(ln_loop_ev(s->loop), &s->signalled);
    return ln_control_listen(s->control, s->loop, &control_events, s, err);
}

static int start(struct supervisor *s, struct ln_checked *checked, struct ln_err *err)
{
    if (ln_settings_load(&s->settings, checked->bundle, s->options->conf_path, err) != 0)
        return -1;

    const struct ln_gateway_conf *conf = &s->settings.conf->gateway;
    struct ln_text log_settings;

    ln_text_init(&log_settings);
    ln_logging_describe(conf, &log_settings);
    ln_logging_apply(ln_slice(log_settings.p, log_settings.n));
    ln_text_fini(&log_settings);
    ln_privileges_raise_files();
    if (open_shared(s, checked, err) != 0 || open_loop(s, err) != 0)
        return -1;
    make_crew(s, checked);
    arrange_watch(s, s->read_at);
    ln_timer_start(s->loop, &s->tick, TICK, on_tick);
    ln_crew_start(&s->crew);
    return 0;
}

static void finish(struct supervisor *s)
{
    if (s->crew_is_made) {
        ln_reload_fini(&s->reload);
        answer_all(&s->now, "{\"ok\":false,\"text\":\"the gateway is stopping\"}");
        answer_all(&s->next, "{\"ok\":false,\"text\":\"the gateway is stopping\"}");
        answer_all(&s->stoppers, "{\"ok\":true}");
        close(s->crew.env.bundle);
        ln_free((void *)(uintptr_t)s->crew.env.user);
        ln_crew_fini(&s->crew);
    }
    ln_watch_free(s->watch);
    ln_control_free(s->control);
    ln_listeners_unlink(&s->listeners);
    ln_listeners_close(&s->listeners);
    ln_listeners_fini(&s->listeners);
    ln_shm_free(s->shm);
    ln_settings_fini(&s->settings);
    if (s->loop == NULL)
        return;
    ln_timer_stop(s->loop, &s->tick);
    ln_timer_stop(s->loop, &s->drain);
    ln_timer_stop(s->loop, &s->deadline);
    ev_io_stop(ln_loop_ev(s->loop), &s->signalled);
    ln_loop_free(s->loop);
    close(s->signals);
}

/* 0: checked and fine. What is wrong has been printed otherwise. */
static int check(struct supervisor *s, struct ln_checked *checked)
{
    struct ln_err err;

    if (ln_control_path(s->control_path, s->options->control, s->options->conf_path, true, &err) !=
        0)
        goto fail;
    s->control = ln_control_new(s->control_path, &err);
    s->read_at = ln_clock_wall();
    /* A gateway that is down shall come up: specs keep nothing from starting. */
    enum ln_plugin_specs specs = s->options->dev ? LN_PLUGIN_SPECS_TELL : LN_PLUGIN_SPECS_NEVER;

    if (s->control == NULL || ln_checker_run(s->options->conf_path, specs, checked, &err) != 0)
        goto fail;
    if (checked->text.n > 0)
        fwrite(checked->text.p, 1, checked->text.n, stderr);
    return checked->ok ? 0 : -1;

fail:
    fprintf(stderr, "lunette: %s\n", err.text);
    return -1;
}

int ln_supervisor_run(const struct ln_run_options *options)
{
    struct supervisor s = {.options = options, .started = ln_clock_mono(), .signals = -1};
    struct ln_checked checked = {.bundle = -1};
    struct ln_err err;

    ln_log_name("supervisor");
    if (check(&s, &checked) != 0) {
        s.exit_code = 1;
    } else if (start(&s, &checked, &err) != 0) {
        fprintf(stderr, "lunette: %s\n", err.text);
        s.exit_code = 1;
    } else {
        ln_loop_run(s.loop);
        if (s.exit_code == 0)
            ln_info("stopped");
    }
    ln_checked_fini(&checked);
    finish(&s);
    return s.exit_code;
}
