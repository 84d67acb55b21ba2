/* SPDX-License-Identifier: Apache-2.0
 * reload.c - check, build, commit.
 */
#include "server/reload.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "conf/diag.h"
#include "server/logging.h"

void ln_reload_init(struct ln_reload *r, uint64_t generation, uint64_t hash)
{
    r->state = LN_RELOAD_IDLE;
    r->number = generation;
    r->committed_hash = hash;
    r->checked.bundle = -1;
}

static void log_lines(enum ln_log_level level, struct ln_slice text)
{
    while (text.n > 0) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end != NULL ? (size_t)(end - text.p) : text.n;

        if (n > 0)
            ln_log(level, "%.*s", (int)n, text.p);
        n += end != NULL;
        text = ln_slice(text.p + n, text.n - n);
    }
}

static void release(struct ln_reload *r)
{
    ln_timer_stop(r->loop, &r->deadline);
    ln_checked_fini(&r->checked);
    ln_settings_fini(&r->settings);
    r->state = LN_RELOAD_IDLE;
}

/* Tells the outcome, then begins what was asked for meanwhile. */
static void end(struct ln_reload *r, struct ln_reload_outcome *o, const struct ln_bundle *bundle)
{
    o->generation = r->crew->env.number;
    o->took = (ln_clock_mono() - r->started) / LN_NSEC_PER_MSEC;
    r->events->on_done(r->arg, o, bundle);
    release(r);
    if (r->again) {
        r->again = false;
        ln_reload_ask(r, r->again_cause, r->again_forced);
    }
}

static void fail(struct ln_reload *r, struct ln_slice text, struct ln_slice json)
{
    struct ln_reload_outcome o = {.errors = text, .problems = json};
    struct ln_err err;
    struct ln_bundle *bundle =
        r->checked.bundle >= 0 ? ln_bundle_replay(r->checked.bundle, &err) : NULL;

    if (r->forced || r->checked.hash == 0 || r->checked.hash != r->failed_hash) {
        log_lines(LN_LOG_ERROR, text);
        ln_error("reload after %s failed; generation %llu stays in use", r->cause,
                 (unsigned long long)r->crew->env.number);
    }
    r->failed_hash = r->checked.hash;
    end(r, &o, bundle);
    ln_bundle_free(bundle);
}

/* The same for a single sentence. */
__attribute__((format(printf, 3, 4))) static void
fail_with(struct ln_reload *r, const struct ln_place *place, const char *format, ...)
{
    struct ln_diag diag;
    struct ln_text text, json;
    char sentence[1200];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    ln_diag_init(&diag);
    ln_text_init(&text);
    ln_text_init(&json);
    ln_diag_error(&diag, place, "%s", sentence);
    ln_diag_print(&diag, &text);
    ln_diag_json(&diag, &json);
    fail(r, ln_slice(text.p, text.n), ln_slice(json.p, json.n));
    ln_text_fini(&text);
    ln_text_fini(&json);
    ln_diag_fini(&diag);
}

static void succeed(struct ln_reload *r, bool unchanged)
{
    struct ln_reload_outcome o = {.ok = true,
                                  .unchanged = unchanged,
                                  .errors = ln_slice(r->checked.text.p, r->checked.text.n),
                                  .problems = ln_slice(r->checked.json.p, r->checked.json.n)};

    end(r, &o, NULL);
}

/* ---- commit
 * ----------------------------------------------------------------------------------------------------
 */

static void commit(struct ln_reload *r)
{
    struct ln_text log_settings;

    log_lines(LN_LOG_WARN, ln_slice(r->checked.text.p, r->checked.text.n));
    ln_text_init(&log_settings);
    ln_logging_describe(&r->settings.conf->gateway, &log_settings);
    atomic_store(ln_shm_commit_word(r->crew->env.shm), r->number);
    ln_crew_commit(r->crew, r->number, r->checked.bundle, &log_settings);
    ln_logging_apply(ln_slice(log_settings.p, log_settings.n));
    ln_text_fini(&log_settings);
    r->checked.bundle = -1; /* the crew's now */
    ln_demand_fini(&r->demand);
    r->demand = r->checked.demand;
    ln_demand_init(&r->checked.demand);
    r->committed_hash = r->checked.hash;
    r->failed_hash = 0;
    ln_info("generation %llu serves after %llu ms: %u route%s, %u service%s (%s)",
            (unsigned long long)r->number,
            (unsigned long long)((ln_clock_mono() - r->started) / LN_NSEC_PER_MSEC),
            r->checked.routes, r->checked.routes == 1 ? "" : "s", r->checked.services,
            r->checked.services == 1 ? "" : "s", r->cause);
    r->events->on_commit(r->arg, &r->settings);
    succeed(r, false);
}

static void give_up(struct ln_reload *r)
{
    ln_timer_stop(r->loop, &r->deadline);
    ln_crew_discard(r->crew, r->number);
}

void ln_reload_built(struct ln_reload *r)
{
    if (r->state == LN_RELOAD_BUILDING && !ln_crew_is_building(r->crew, r->number))
        commit(r);
}

void ln_reload_failed(struct ln_reload *r, unsigned slot, uint64_t number, struct ln_slice text)
{
    if (r->state != LN_RELOAD_BUILDING || number != r->number)
        return;
    give_up(r);
    fail_with(r, NULL, "worker %u could not build generation %llu: %.*s", slot,
              (unsigned long long)number, (int)(text.n < 1000 ? text.n : 1000), text.p);
}

void ln_reload_lost(struct ln_reload *r, unsigned slot, uint64_t building)
{
    if (r->state != LN_RELOAD_BUILDING || building != r->number)
        return;
    give_up(r);
    fail_with(r, NULL, "worker %u died while it built generation %llu", slot,
              (unsigned long long)building);
}

static void on_build_deadline(struct ln_timer *t)
{
    struct ln_reload *r = ln_container_of(t, struct ln_reload, deadline);

    give_up(r);
    fail_with(r, NULL, "building generation %llu took longer than %d s",
              (unsigned long long)r->number, LN_RELOAD_BUILD_DEADLINE / 1000);
}

/* ---- check
 * -----------------------------------------------------------------------------------------------------
 */

/* What cannot change while the gateway runs: the first difference, or NULL. */
static const char *needs_restart(const struct ln_reload *r)
{
    const struct ln_gateway_conf *now = &r->current->conf->gateway;
    const struct ln_gateway_conf *then = &r->settings.conf->gateway;

    if (!ln_listeners_match(r->crew->env.listeners, then))
        return "gateway.listeners";
    if (ln_settings_workers(r->current->conf) != ln_settings_workers(r->settings.conf))
        return "gateway.workers";
    if (strcmp(now->user, then->user) != 0)
        return "gateway.user";
    return NULL;
}

static void build(struct ln_reload *r)
{
    struct ln_err err;
    const char *key;

    if (ln_settings_load(&r->settings, r->checked.bundle, r->conf_path, &err) != 0) {
        fail_with(r, NULL, "%s", err.text);
        return;
    }
    key = needs_restart(r);
    if (key != NULL) {
        struct ln_place place = {.file = r->settings.conf->file};

        if (r->settings.conf->gateway.listener_count > 0 && strcmp(key, "gateway.listeners") == 0)
            place = r->settings.conf->gateway.listeners[0].place;
        fail_with(r, &place, "%s: a change takes effect only with a restart", key);
        return;
    }
    if (ln_shm_satisfy(r->crew->env.shm, &r->checked.demand, &err) != 0) {
        fail_with(r, NULL, "%s", err.text);
        return;
    }
    r->number++;
    r->state = LN_RELOAD_BUILDING;
    ln_timer_start(r->loop, &r->deadline, LN_RELOAD_BUILD_DEADLINE, on_build_deadline);
    ln_crew_build(r->crew, r->number, r->checked.bundle);
    ln_reload_built(r); /* nobody may have been there to ask */
}

static void judge(struct ln_reload *r, bool late)
{
    ev_io_stop(ln_loop_ev(r->loop), &r->verdict);
    ln_timer_stop(r->loop, &r->deadline);
    ln_checker_finish(&r->checker, late, &r->checked);
    if (!r->checked.ok) {
        fail(r, ln_slice(r->checked.text.p, r->checked.text.n),
             ln_slice(r->checked.json.p, r->checked.json.n));
        return;
    }
    if (!r->forced && r->checked.hash == r->committed_hash) {
        ln_debug("%s, but the configuration is the same", r->cause);
        succeed(r, true);
        return;
    }
    build(r);
}

static void on_verdict(struct ev_loop *ev, ev_io *io, int events)
{
    struct ln_reload *r = ln_container_of(io, struct ln_reload, verdict);

    (void)ev;
    (void)events;
    if (ln_checker_read(&r->checker))
        judge(r, false);
}

static void on_check_deadline(struct ln_timer *t)
{
    judge(ln_container_of(t, struct ln_reload, deadline), true);
}

static void in_checker(void *arg)
{
    const struct ln_reload *r = arg;

    for (unsigned i = 0; i < r->crew->size; i++)
        if (r->crew->members[i].fd >= 0)
            close(r->crew->members[i].fd);
    r->crew->events->in_child(r->crew->arg);
}

bool ln_reload_ask(struct ln_reload *r, const char *cause, bool forced)
{
    struct ln_err err;

    if (r->state != LN_RELOAD_IDLE) {
        r->again_forced = forced || (r->again && r->again_forced);
        r->again = true;
        snprintf(r->again_cause, sizeof r->again_cause, "%s", cause);
        return false;
    }
    snprintf(r->cause, sizeof r->cause, "%s", cause);
    r->forced = forced;
    r->started = ln_clock_mono();
    r->started_wall = ln_clock_wall();
    r->state = LN_RELOAD_CHECKING;
    if (ln_checker_start(&r->checker, r->conf_path, r->specs, in_checker, r, &err) != 0) {
        fail_with(r, NULL, "%s", err.text);
        return true;
    }
    ev_io_init(&r->verdict, on_verdict, r->checker.fd, EV_READ);
    ev_io_start(ln_loop_ev(r->loop), &r->verdict);
    ln_timer_start(r->loop, &r->deadline, LN_CHECK_DEADLINE, on_check_deadline);
    return true;
}

void ln_reload_fini(struct ln_reload *r)
{
    if (r->state == LN_RELOAD_CHECKING) {
        ev_io_stop(ln_loop_ev(r->loop), &r->verdict);
        ln_checker_finish(&r->checker, true, &r->checked);
    }
    release(r);
    ln_demand_fini(&r->demand);
}
