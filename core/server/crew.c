/* SPDX-License-Identifier: Apache-2.0
 * crew.c - forks workers, hears from them, and replaces them.
 */
#include "server/crew.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "script/guard.h"
#include "server/signals.h"
#include "shm/quarantine.h"
#include "shm/record.h"

void ln_crew_init(struct ln_crew *crew, unsigned size, const struct ln_crew_events *events,
                  void *arg)
{
    *crew = (struct ln_crew){.size = size, .events = events, .arg = arg};
    crew->members = ln_zalloc(size * sizeof *crew->members);
    ln_text_init(&crew->text);
    ln_text_init(&crew->log_settings);
    for (unsigned i = 0; i < size; i++)
        crew->members[i] = (struct ln_member){.crew = crew, .slot = i, .fd = -1, .adopter = -1};
}

void ln_crew_fini(struct ln_crew *crew)
{
    for (unsigned i = 0; i < crew->size; i++)
        ln_timer_stop(crew->loop, &crew->members[i].restart);
    ln_text_fini(&crew->text);
    ln_text_fini(&crew->log_settings);
    ln_free(crew->members);
    *crew = (struct ln_crew){0};
}

static bool tell(const struct ln_member *m, enum ln_msg_kind kind, unsigned slot, uint64_t number,
                 int fd, struct ln_slice text)
{
    return m->fd >= 0 && ln_channel_send(m->fd, &(struct ln_msg){kind, slot, number, fd, text});
}

static struct ln_member *next_serving(struct ln_crew *crew, unsigned slot)
{
    for (unsigned i = 1; i < crew->size; i++) {
        struct ln_member *m = &crew->members[(slot + i) % crew->size];

        if (m->state == LN_MEMBER_SERVING)
            return m;
    }
    return NULL;
}

/* Every slot has somebody who accepts: its own member, or else a sibling. */
static void arrange_adoptions(struct ln_crew *crew)
{
    for (unsigned i = 0; i < crew->size && !crew->stopping; i++) {
        struct ln_member *m = &crew->members[i], *sibling;
        bool adopted = m->adopter >= 0 && crew->members[m->adopter].state == LN_MEMBER_SERVING;

        if (m->state == LN_MEMBER_SERVING && adopted) {
            tell(&crew->members[m->adopter], LN_MSG_RELEASE, i, 0, -1, ln_slice(NULL, 0));
            m->adopter = -1;
        } else if (m->state == LN_MEMBER_SERVING) {
            m->adopter = -1;
        } else if (m->died && !adopted && (sibling = next_serving(crew, i)) != NULL) {
            tell(sibling, LN_MSG_ADOPT, i, 0, -1, ln_slice(NULL, 0));
            m->adopter = (int)sibling->slot;
        }
    }
}

/* A held member goes to work if it has what is committed, and builds that first if not. */
static void let_go(struct ln_member *m)
{
    struct ln_crew *crew = m->crew;

    if (m->prepared == crew->env.number) {
        tell(m, LN_MSG_COMMIT, m->slot, m->prepared, -1,
             ln_slice(crew->log_settings.p, crew->log_settings.n));
        return;
    }
    m->state = LN_MEMBER_STARTING;
    m->building = crew->env.number;
    tell(m, LN_MSG_BUILD, m->slot, crew->env.number, crew->env.bundle, ln_slice(NULL, 0));
}

static void on_ready(struct ln_member *m, uint64_t number)
{
    struct ln_crew *crew = m->crew;

    m->prepared = number;
    m->building = 0;
    if (m->state == LN_MEMBER_SERVING) {
        crew->events->on_built(crew->arg, m, number);
        return;
    }
    m->state = LN_MEMBER_HELD;
    if (!crew->holding)
        let_go(m);
}

static void on_message(struct ln_member *m, const struct ln_msg *msg)
{
    struct ln_crew *crew = m->crew;

    switch (msg->kind) {
    case LN_MSG_READY:
        on_ready(m, msg->number);
        break;
    case LN_MSG_FAILED:
        m->building = 0;
        crew->events->on_failed(crew->arg, m, msg->number, msg->text);
        break;
    case LN_MSG_SERVING:
        m->state = LN_MEMBER_SERVING;
        arrange_adoptions(crew);
        ln_info("worker %u (pid %d) serves generation %llu", m->slot, (int)m->pid,
                (unsigned long long)msg->number);
        crew->events->on_serving(crew->arg, m);
        break;
    default:
        break;
    }
}

static void hang_up(struct ln_member *m)
{
    if (m->fd < 0)
        return;
    ev_io_stop(ln_loop_ev(m->crew->loop), &m->readable);
    close(m->fd);
    m->fd = -1;
}

static void on_channel(struct ev_loop *ev, ev_io *io, int events)
{
    struct ln_member *m = ln_container_of(io, struct ln_member, readable);
    struct ln_msg msg;

    (void)ev;
    (void)events;
    while (m->fd >= 0) {
        enum ln_received got = ln_channel_receive(m->fd, &msg, &m->crew->text);

        if (got == LN_RECEIVED_NOTHING)
            return;
        if (got == LN_RECEIVED_END) {
            hang_up(m); /* SIGCHLD tells the rest */
            return;
        }
        if (msg.fd >= 0)
            close(msg.fd);
        on_message(m, &msg);
    }
}

_Noreturn static void become_worker(struct ln_member *m, int channel)
{
    struct ln_crew *crew = m->crew;
    struct ln_worker_env env = crew->env;
    char name[32];

    ln_signals_ignore();
    for (unsigned i = 0; i < crew->size; i++)
        if (crew->members[i].fd >= 0)
            close(crew->members[i].fd);
    crew->events->in_child(crew->arg);
    snprintf(name, sizeof name, "worker %u", m->slot);
    ln_log_name(name);
    env.slot = m->slot;
    env.channel = channel;
    ln_worker_main(&env);
}

static void on_restart(struct ln_timer *t);

static void was_lost(struct ln_member *m, bool had_served)
{
    struct ln_crew *crew = m->crew;
    uint64_t building = m->building;

    m->died = true;
    m->pid = 0;
    m->state = LN_MEMBER_ABSENT;
    m->prepared = m->building = 0;
    hang_up(m);
    arrange_adoptions(crew);
    crew->events->on_lost(crew->arg, m, building);
    if (crew->stopping) {
        if (ln_crew_alive(crew) == 0)
            crew->events->on_empty(crew->arg);
        return;
    }

    ln_msec wait = ln_backoff_next(&m->backoff, had_served);

    if (wait > 0)
        ln_warn("worker %u is started again in %llu ms", m->slot, (unsigned long long)wait);
    ln_timer_start(crew->loop, &m->restart, wait, on_restart);
}

static void spawn(struct ln_member *m)
{
    struct ln_crew *crew = m->crew;
    struct ln_err err;
    int ends[2];

    if (ln_channel_open(ends, &err) != 0) {
        ln_error("worker %u: %s", m->slot, err.text);
        was_lost(m, false);
        return;
    }
    m->fd = ends[0];
    m->pid = fork();
    if (m->pid == 0)
        become_worker(m, ends[1]);
    close(ends[1]);
    ev_io_init(&m->readable, on_channel, ends[0], EV_READ);
    ev_io_start(ln_loop_ev(crew->loop), &m->readable);
    if (m->pid < 0) {
        ln_error("worker %u: fork: %m", m->slot);
        was_lost(m, false);
        return;
    }
    m->state = LN_MEMBER_STARTING;
    m->missed = 0;
    m->served = ln_slot_get(&ln_shm_slot(crew->env.shm, m->slot)->served);
    m->building = crew->env.number;
    ln_debug("worker %u (pid %d) started", m->slot, (int)m->pid);
}

static void on_restart(struct ln_timer *t)
{
    struct ln_member *m = ln_container_of(t, struct ln_member, restart);

    if (!m->crew->stopping)
        spawn(m);
}

void ln_crew_start(struct ln_crew *crew)
{
    for (unsigned i = 0; i < crew->size; i++)
        spawn(&crew->members[i]);
}

/* How it ended, as a sentence in the log; what is expected is no error. */
static void report_end(const struct ln_member *m, int status)
{
    enum ln_log_level level = m->crew->stopping ? LN_LOG_INFO : LN_LOG_ERROR;

    if (WIFSIGNALED(status))
        ln_log(level, "worker %u (pid %d) was killed by signal %d (%s)", m->slot, (int)m->pid,
               WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0)
        ln_log(level, "worker %u (pid %d) ended with exit code %d", m->slot, (int)m->pid,
               WEXITSTATUS(status));
    else if (!m->crew->stopping)
        ln_error("worker %u (pid %d) ended although nobody had asked it to", m->slot, (int)m->pid);
    else
        ln_debug("worker %u (pid %d) ended", m->slot, (int)m->pid);
}

/* What it said before it died counts, and comes before the news of its death. */
static void hear_last_words(struct ln_member *m)
{
    if (m->fd >= 0)
        on_channel(NULL, &m->readable, EV_READ);
}

void ln_crew_reap(struct ln_crew *crew)
{
    for (unsigned i = 0; i < crew->size; i++) {
        struct ln_member *m = &crew->members[i];
        int status;

        if (m->pid <= 0 || waitpid(m->pid, &status, WNOHANG) != m->pid)
            continue;
        hear_last_words(m);
        report_end(m, status);

        struct ln_shm_slot *slot = ln_shm_slot(crew->env.shm, i);

        ln_slot_settle(slot);
        ln_record_settle(crew->env.shm, i);
        was_lost(m, ln_slot_get(&slot->served) > m->served);
    }
}

/* Who kept the worker from moving, if it was a plugin: two strikes, and it is not run again before
 * the next generation. */
static void give_strike(const struct ln_crew *crew, const struct ln_member *m, unsigned patience)
{
    const struct ln_shm_slot *slot = ln_shm_slot(crew->env.shm, m->slot);
    uint64_t key = atomic_load_explicit(&slot->running, memory_order_acquire);
    struct ln_quarantine *q = ln_shm_find(crew->env.shm, LN_ZONE_USE, ln_quarantine_zone(), NULL);
    struct ln_quarantine_record *r = NULL;

    if (key == 0) {
        ln_error("worker %u (pid %d) has not moved for %u seconds: killed", m->slot, (int)m->pid,
                 patience);
        return;
    }
    ln_error("worker %u (pid %d) has not moved for %u seconds, in %s: killed", m->slot, (int)m->pid,
             patience, slot->running_text);
    if (q != NULL)
        r = ln_quarantine_claim(q, key, crew->env.number, slot->running_text);
    if (r != NULL && ln_quarantine_strike(q, r))
        ln_error("%s: %d strikes: it is in quarantine until the next reload", r->text,
                 LN_QUARANTINE_STRIKES);
}

void ln_crew_beat(struct ln_crew *crew)
{
    for (unsigned i = 0; i < crew->size; i++) {
        struct ln_member *m = &crew->members[i];
        uint64_t beat = ln_slot_get(&ln_shm_slot(crew->env.shm, i)->heartbeat);

        unsigned patience = m->building != 0 ? LN_CREW_BUILD_PATIENCE : LN_CREW_PATIENCE;

        if (m->pid <= 0 || beat != m->beat) {
            m->beat = beat;
            m->missed = 0;
        } else if (++m->missed == patience) {
            give_strike(crew, m, patience);
            kill(m->pid, SIGKILL);
        } else if (m->missed + 1 == patience) {
            kill(m->pid, LN_GUARD_QUESTION);
        }
    }
}

void ln_crew_tell(struct ln_crew *crew, enum ln_msg_kind kind)
{
    for (unsigned i = 0; i < crew->size; i++)
        tell(&crew->members[i], kind, i, 0, -1, ln_slice(NULL, 0));
}

unsigned ln_crew_build(struct ln_crew *crew, uint64_t number, int bundle)
{
    unsigned asked = 0;

    crew->holding = true;
    for (unsigned i = 0; i < crew->size; i++) {
        struct ln_member *m = &crew->members[i];

        if (m->state == LN_MEMBER_SERVING &&
            tell(m, LN_MSG_BUILD, i, number, bundle, ln_slice(NULL, 0))) {
            m->building = number;
            asked++;
        }
    }
    return asked;
}

bool ln_crew_is_building(const struct ln_crew *crew, uint64_t number)
{
    for (unsigned i = 0; i < crew->size; i++)
        if (crew->members[i].state == LN_MEMBER_SERVING && crew->members[i].building == number)
            return true;
    return false;
}

static void let_all_go(struct ln_crew *crew)
{
    crew->holding = false;
    for (unsigned i = 0; i < crew->size; i++)
        if (crew->members[i].state == LN_MEMBER_HELD)
            let_go(&crew->members[i]);
}

void ln_crew_commit(struct ln_crew *crew, uint64_t number, int bundle,
                    const struct ln_text *log_settings)
{
    struct ln_slice text = ln_slice(log_settings->p, log_settings->n);

    if (crew->env.bundle != bundle)
        close(crew->env.bundle);
    crew->env.bundle = bundle;
    crew->env.number = number;
    ln_text_fini(&crew->log_settings);
    ln_text_init(&crew->log_settings);
    ln_text_add(&crew->log_settings, text.p, text.n);
    for (unsigned i = 0; i < crew->size; i++)
        if (crew->members[i].state == LN_MEMBER_SERVING)
            tell(&crew->members[i], LN_MSG_COMMIT, i, number, -1, text);
    let_all_go(crew);
}

void ln_crew_discard(struct ln_crew *crew, uint64_t number)
{
    for (unsigned i = 0; i < crew->size; i++)
        if (crew->members[i].state == LN_MEMBER_SERVING) {
            crew->members[i].building = 0;
            tell(&crew->members[i], LN_MSG_DISCARD, i, number, -1, ln_slice(NULL, 0));
        }
    let_all_go(crew);
}

void ln_crew_stop(struct ln_crew *crew, bool now)
{
    crew->stopping = true;
    for (unsigned i = 0; i < crew->size; i++) {
        struct ln_member *m = &crew->members[i];

        ln_timer_stop(crew->loop, &m->restart);
        if (m->pid > 0 && now)
            kill(m->pid, SIGKILL);
        else if (m->pid > 0)
            tell(m, LN_MSG_DRAIN, i, 0, -1, ln_slice(NULL, 0));
    }
    if (ln_crew_alive(crew) == 0)
        crew->events->on_empty(crew->arg);
}

unsigned ln_crew_alive(const struct ln_crew *crew)
{
    unsigned n = 0;

    for (unsigned i = 0; i < crew->size; i++)
        n += crew->members[i].pid > 0;
    return n;
}

unsigned ln_crew_serving(const struct ln_crew *crew)
{
    unsigned n = 0;

    for (unsigned i = 0; i < crew->size; i++)
        n += crew->members[i].state == LN_MEMBER_SERVING;
    return n;
}
