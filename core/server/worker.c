/* SPDX-License-Identifier: Apache-2.0
 * worker.c - does what the supervisor says: build, commit, accept, drain.
 *
 * A worker begins with one generation prepared and accepts nothing until the first COMMIT. From
 * then on the commit word of the shared region decides which generation new exchanges use; COMMIT
 * only makes it happen without traffic too.
 */
#include "server/worker.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "gateway/gateway.h"
#include "net/loop.h"
#include "server/channel.h"
#include "server/logging.h"
#include "server/privileges.h"

enum { BEAT = 1000 }; /* milliseconds between signs of life */

struct worker {
    const struct ln_worker_env *env;
    struct ln_loop *loop;
    struct ln_gateway *gw;
    struct ln_shm_slot *slot;
    struct ln_text text; /* of the last message */
    ev_io channel;
    struct ln_timer beat, deadline;
    bool serving, draining;
};

static void say(struct worker *w, enum ln_msg_kind kind, uint64_t number, struct ln_slice text)
{
    ln_channel_send(w->env->channel, &(struct ln_msg){kind, w->env->slot, number, -1, text});
}

/* The gateway keeps the other numbers of the slot. */
static void on_beat(struct ln_timer *t)
{
    struct worker *w = ln_container_of(t, struct worker, beat);

    ln_slot_set(&w->slot->heartbeat, ln_clock_mono());
    ln_timer_start(w->loop, &w->beat, BEAT, on_beat);
}

static void listen_slot(struct worker *w, unsigned slot, bool on)
{
    const struct ln_listeners *l = w->env->listeners;

    for (unsigned i = 0; i < l->count; i++) {
        if (l->items[i].shared && slot != w->env->slot)
            continue; /* everybody accepts from it anyway */
        if (on)
            ln_gateway_listen(w->gw, ln_listeners_fd(l, i, slot), i);
        else
            ln_gateway_unlisten(w->gw, ln_listeners_fd(l, i, slot));
    }
}

static bool prepare(struct worker *w, int bundle_fd, uint64_t number)
{
    struct ln_diag diag;
    struct ln_err err;
    struct ln_bundle *bundle = ln_bundle_replay(bundle_fd, &err);
    int rc = -1;

    ln_diag_init(&diag);
    if (bundle == NULL)
        ln_diag_error(&diag, NULL, "%s", err.text);
    else
        rc = ln_gateway_prepare(w->gw, w->env->conf_path, bundle, number, &diag);
    if (rc == 0) {
        say(w, LN_MSG_READY, number, ln_slice(NULL, 0));
    } else {
        struct ln_text text;

        ln_text_init(&text);
        ln_diag_print(&diag, &text);
        say(w, LN_MSG_FAILED, number, ln_slice(text.p, text.n));
        ln_text_fini(&text);
    }
    ln_diag_fini(&diag);
    ln_bundle_free(bundle);
    close(bundle_fd);
    return rc == 0;
}

static void commit(struct worker *w, const struct ln_msg *msg)
{
    ln_gateway_commit(w->gw);
    ln_logging_apply(msg->text);
    if (!w->serving && !w->draining) {
        w->serving = true;
        listen_slot(w, w->env->slot, true);
        atomic_store(&w->slot->state, LN_SLOT_SERVING);
        say(w, LN_MSG_SERVING, msg->number, ln_slice(NULL, 0));
    }
}

static void on_drained(void *arg)
{
    ln_loop_stop(((struct worker *)arg)->loop);
}

static void drain(struct worker *w)
{
    if (w->draining)
        return;
    w->draining = true;
    atomic_store(&w->slot->state, LN_SLOT_DRAINING);
    if (!w->serving) {
        ln_loop_stop(w->loop);
        return;
    }
    ln_gateway_drain(w->gw, on_drained, w);
    ln_listeners_close(
        w->env->listeners); /* with the last process that closes them, clients are refused */
}

static void on_deadline(struct ln_timer *t)
{
    struct worker *w = ln_container_of(t, struct worker, deadline);

    ln_warn("stopped with work left: the drain timeout has passed");
    ln_loop_stop(w->loop);
}

static void on_supervisor_gone(struct worker *w)
{
    ev_io_stop(ln_loop_ev(w->loop), &w->channel);
    if (!w->draining)
        ln_warn("the supervisor is gone: draining");
    ln_timer_start(w->loop, &w->deadline, w->env->drain_timeout, on_deadline);
    drain(w);
}

static void reopen_logs(void)
{
    struct ln_err err;

    if (ln_log_reopen(&err) != 0)
        ln_error("%s", err.text);
}

static void obey(struct worker *w, const struct ln_msg *msg)
{
    switch (msg->kind) {
    case LN_MSG_BUILD:
        prepare(w, msg->fd, msg->number);
        break;
    case LN_MSG_COMMIT:
        commit(w, msg);
        break;
    case LN_MSG_DISCARD:
        ln_gateway_discard(w->gw, msg->number);
        break;
    case LN_MSG_ADOPT:
    case LN_MSG_RELEASE:
        if (!w->draining)
            listen_slot(w, msg->slot, msg->kind == LN_MSG_ADOPT);
        break;
    case LN_MSG_DRAIN:
        drain(w);
        break;
    case LN_MSG_REOPEN:
        reopen_logs();
        break;
    default:
        break;
    }
}

static void on_channel(struct ev_loop *ev, ev_io *io, int events)
{
    struct worker *w = ln_container_of(io, struct worker, channel);
    struct ln_msg msg;

    (void)ev;
    (void)events;
    for (;;) {
        switch (ln_channel_receive(w->env->channel, &msg, &w->text)) {
        case LN_RECEIVED:
            obey(w, &msg);
            break;
        case LN_RECEIVED_NOTHING:
            return;
        case LN_RECEIVED_END:
            on_supervisor_gone(w);
            return;
        }
    }
}

static void start(struct worker *w, const struct ln_worker_env *env)
{
    *w = (struct worker){.env = env, .slot = ln_shm_slot(env->shm, env->slot)};
    ln_text_init(&w->text);
    atomic_store(&w->slot->state, LN_SLOT_STARTING);
    atomic_store(&w->slot->pid, getpid());
    ln_slot_set(&w->slot->starts, ln_slot_get(&w->slot->starts) + 1);
    ln_slot_set(&w->slot->heartbeat, ln_clock_mono());
    w->loop = ln_loop_new();
    w->gw = ln_gateway_new(w->loop, env->shm, env->slot);
}

static void finish(struct worker *w)
{
    ln_timer_stop(w->loop, &w->beat);
    ln_timer_stop(w->loop, &w->deadline);
    ev_io_stop(ln_loop_ev(w->loop), &w->channel);
    ln_gateway_free(w->gw);
    ln_loop_free(w->loop);
    ln_text_fini(&w->text);
}

_Noreturn void ln_worker_main(const struct ln_worker_env *env)
{
    struct worker w;
    struct ln_err err;

    if (ln_privileges_drop(env->user, &err) != 0) {
        ln_error("%s", err.text);
        exit(1);
    }
    start(&w, env);
    if (!prepare(&w, env->bundle, env->number))
        exit(1);
    ev_io_init(&w.channel, on_channel, env->channel, EV_READ);
    ev_io_start(ln_loop_ev(w.loop), &w.channel);
    ln_timer_start(w.loop, &w.beat, BEAT, on_beat);
    ln_loop_run(w.loop);
    finish(&w);
    exit(0);
}
