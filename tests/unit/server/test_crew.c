/* SPDX-License-Identifier: Apache-2.0
 * test_crew.c - real worker processes: started, held, replaced, adopted, stopped. The test is their
 * supervisor.
 */
#include "server/place.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "base/assert.h"
#include "base/log.h"
#include "server/checker.h"
#include "server/crew.h"
#include "server/settings.h"

static const char conf[] =
    "gateway: { port: \"127.0.0.1:0\", log: { level: error } }\n"
    "services: [ { name: a, path: /a, instances: [ \"http://127.0.0.1:1\" ] } ]\n";

struct ship {
    struct place *place;
    struct ln_crew crew;
    struct ln_loop *loop;
    struct ln_listeners listeners;
    struct ln_settings settings;
    struct ln_timer guard, reaper;
    int bundle; /* a second one, for reloads */
    unsigned serving, lost, built, empty;
    const unsigned *awaited; /* the loop runs until this counter has reached ... */
    unsigned until;          /* ... this */
    bool late;
};

static void seen(struct ship *s, unsigned *counter)
{
    ++*counter;
    if (s->awaited == counter && *counter >= s->until)
        ln_loop_stop(s->loop);
}

static void on_serving(void *arg, struct ln_member *m)
{
    struct ship *s = arg;

    (void)m;
    seen(s, &s->serving);
}

static void on_built(void *arg, struct ln_member *m, uint64_t number)
{
    struct ship *s = arg;

    (void)m;
    assert_int_equal(number, 2);
    seen(s, &s->built);
}

static void on_failed(void *arg, struct ln_member *m, uint64_t number, struct ln_slice text)
{
    (void)arg;
    fail_msg("worker %u, generation %d: %.*s", m->slot, (int)number, (int)text.n, text.p);
}

static void on_lost(void *arg, struct ln_member *m, uint64_t building)
{
    struct ship *s = arg;

    (void)m;
    (void)building;
    seen(s, &s->lost);
}

static void on_empty(void *arg)
{
    struct ship *s = arg;

    seen(s, &s->empty);
}

static void in_child(void *arg)
{
    ln_loop_free(((struct ship *)arg)->loop);
}

static const struct ln_crew_events events = {on_serving, on_built, on_failed,
                                             on_lost,    on_empty, in_child};

/* There is no SIGCHLD descriptor here. */
static void on_reap(struct ln_timer *t)
{
    struct ship *s = ln_container_of(t, struct ship, reaper);

    ln_crew_reap(&s->crew);
    ln_timer_start(s->loop, &s->reaper, 1, on_reap);
}

static void on_guard(struct ln_timer *t)
{
    struct ship *s = ln_container_of(t, struct ship, guard);

    s->late = true;
    ln_loop_stop(s->loop);
}

static bool wait_within(struct ship *s, const unsigned *counter, unsigned until, ln_msec within)
{
    if (*counter >= until)
        return true;
    s->awaited = counter;
    s->until = until;
    s->late = false;
    ln_timer_start(s->loop, &s->guard, within, on_guard);
    ln_timer_start(s->loop, &s->reaper, 1, on_reap);
    ln_loop_run(s->loop);
    ln_timer_stop(s->loop, &s->guard);
    ln_timer_stop(s->loop, &s->reaper);
    return !s->late;
}

#define wait_for(s, counter, until) assert_true(wait_within(s, &(s)->counter, until, 30000))

static int setup(void **state)
{
    struct ship *s = calloc(1, sizeof *s);
    struct ln_checked checked;
    struct ln_err err;
    const char *path;

    place_setup((void **)&s->place);
    path = at(s->place, "gateway.yaml");
    put_file(path, conf);
    assert_int_equal(ln_checker_run(path, LN_PLUGIN_SPECS_NEVER, &checked, &err), 0);
    assert_true(checked.ok);
    assert_int_equal(ln_settings_load(&s->settings, checked.bundle, path, &err), 0);
    assert_int_equal(ln_listeners_open(&s->listeners, &s->settings.conf->gateway, 2, &err), 0);
    s->loop = ln_loop_new();
    ln_crew_init(&s->crew, 2, &events, s);
    s->crew.loop = s->loop;
    s->crew.env = (struct ln_worker_env){.bundle = dup(checked.bundle),
                                         .number = 1,
                                         .conf_path = strdup(path),
                                         .user = "",
                                         .drain_timeout = 1000,
                                         .shm = ln_shm_new(2, &err),
                                         .listeners = &s->listeners};
    s->bundle = dup(checked.bundle);
    assert_int_equal(ln_shm_satisfy(s->crew.env.shm, &checked.demand, &err), 0);
    atomic_store(ln_shm_commit_word(s->crew.env.shm), 1);
    ln_checked_fini(&checked);
    ln_crew_start(&s->crew);
    wait_for(s, serving, 2);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct ship *s = *state;

    ln_crew_stop(&s->crew, true);
    wait_for(s, empty, 1);
    close(s->crew.env.bundle);
    if (s->bundle >= 0)
        close(s->bundle);
    free((void *)(uintptr_t)s->crew.env.conf_path);
    ln_shm_free(s->crew.env.shm);
    ln_crew_fini(&s->crew);
    ln_listeners_close(&s->listeners);
    ln_listeners_fini(&s->listeners);
    ln_settings_fini(&s->settings);
    ln_loop_free(s->loop);
    place_teardown((void **)&s->place);
    free(s);
    return 0;
}

/* One request on a connection of its own; the status, 0 = no answer. */
static int get(struct ship *s)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    struct timeval patience = {.tv_sec = 5};
    int fd = socket(AF_INET, SOCK_STREAM, 0), status = 0;
    char answer[512] = "";

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, &s->listeners.items[0].bound.any, s->listeners.items[0].bound.len),
                     0);
    assert_int_equal(send(fd, request, sizeof request - 1, 0), sizeof request - 1);
    if (recv(fd, answer, sizeof answer - 1, 0) > 12)
        status = atoi(answer + 9);
    close(fd);
    return status;
}

static void kill_member(struct ship *s, unsigned slot)
{
    unsigned before = s->lost;

    assert_int_equal(kill(s->crew.members[slot].pid, SIGKILL), 0);
    wait_for(s, lost, before + 1);
}

static void test_all_serve_the_committed_generation(void **state)
{
    struct ship *s = *state;

    assert_int_equal(ln_crew_serving(&s->crew), 2);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(s->crew.members[i].prepared, 1);
        assert_int_equal(ln_slot_get(&ln_shm_slot(s->crew.env.shm, i)->generation), 1);
        assert_int_equal(atomic_load(&ln_shm_slot(s->crew.env.shm, i)->pid),
                         s->crew.members[i].pid);
    }
    assert_int_equal(get(s), 404);
}

/* Nobody here runs the loop while the client waits: only the sibling can answer for the dead one.
 */
static void test_sibling_accepts_for_a_slot_without_a_worker(void **state)
{
    struct ship *s = *state;

    kill_member(s, 1);
    assert_int_equal(s->crew.members[1].adopter, 0);
    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(get(s), 404);
    wait_for(s, serving, 3);
    assert_int_equal(s->crew.members[1].adopter, -1);
    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(get(s), 404);
}

static void test_adopter_that_dies_hands_both_slots_on(void **state)
{
    struct ship *s = *state;

    kill_member(s, 0);
    wait_for(s, serving, 3);
    kill_member(s, 1);
    assert_int_equal(s->crew.members[1].adopter, 0);
    kill_member(s, 0);
    wait_for(s, serving, 5);
    assert_int_equal(s->crew.members[0].adopter, -1);
    assert_int_equal(s->crew.members[1].adopter, -1);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(get(s), 404);
}

static void test_only_a_death_before_service_is_held_against_a_worker(void **state)
{
    struct ship *s = *state;

    kill_member(s, 0);
    assert_int_equal(s->crew.members[0].backoff.failures, 1);
    wait_for(s, serving, 3);
    while (ln_slot_get(&ln_shm_slot(s->crew.env.shm, 0)->served) == 0)
        assert_int_equal(get(s), 404);
    kill_member(s, 0);
    assert_int_equal(s->crew.members[0].backoff.failures, 0);
    wait_for(s, serving, 4);
}

static void test_dead_workers_slot_is_settled(void **state)
{
    struct ship *s = *state;
    struct ln_shm_slot *slot = ln_shm_slot(s->crew.env.shm, 0);

    while (ln_slot_get(&slot->served) == 0)
        assert_int_equal(get(s), 404);

    uint64_t served = ln_slot_get(&slot->served);

    ln_slot_set(&slot->exchanges, 5);
    kill_member(s, 0);
    assert_int_equal(ln_slot_get(&slot->exchanges), 0);
    assert_int_equal(ln_slot_get(&slot->served), served);
    assert_int_equal(atomic_load(&slot->pid), 0);
}

static void commit(struct ship *s)
{
    struct ln_text settings;

    ln_text_init(&settings);
    atomic_store(ln_shm_commit_word(s->crew.env.shm), 2);
    ln_crew_commit(&s->crew, 2, s->bundle, &settings);
    s->bundle = -1;
    ln_text_fini(&settings);
}

static void test_build_then_commit(void **state)
{
    struct ship *s = *state;

    assert_int_equal(ln_crew_build(&s->crew, 2, s->bundle), 2);
    assert_true(ln_crew_is_building(&s->crew, 2));
    wait_for(s, built, 2);
    assert_false(ln_crew_is_building(&s->crew, 2));
    assert_int_equal(ln_slot_get(&ln_shm_slot(s->crew.env.shm, 0)->generation), 1);
    commit(s);
    kill_member(s, 1); /* comes back with what was committed */
    wait_for(s, serving, 3);
    assert_int_equal(s->crew.members[1].prepared, 2);
    while (ln_slot_get(&ln_shm_slot(s->crew.env.shm, 0)->generation) != 2)
        assert_int_equal(get(s), 404);
}

static void test_discard_leaves_the_old_one(void **state)
{
    struct ship *s = *state;

    ln_crew_build(&s->crew, 2, s->bundle);
    wait_for(s, built, 2);
    ln_crew_discard(&s->crew, 2);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(get(s), 404);
    assert_int_equal(ln_slot_get(&ln_shm_slot(s->crew.env.shm, 0)->generation), 1);
}

/* A worker that starts while others build waits, and begins with what was decided in the end. */
static void test_newcomer_is_held_during_a_reload(void **state)
{
    struct ship *s = *state;

    kill_member(s, 1);
    assert_int_equal(ln_crew_build(&s->crew, 2, s->bundle), 1);
    wait_for(s, built, 1);
    assert_false(wait_within(s, &s->serving, 3, 1000));
    assert_int_equal(s->crew.members[1].state, LN_MEMBER_HELD);
    commit(s);
    wait_for(s, serving, 3);
    assert_int_equal(s->crew.members[1].prepared, 2);
    assert_int_equal(get(s), 404);
}

static void test_worker_without_a_heartbeat_is_killed(void **state)
{
    struct ship *s = *state;
    pid_t pid = s->crew.members[0].pid;

    assert_int_equal(kill(pid, SIGSTOP), 0);
    for (unsigned i = 0; i < LN_CREW_PATIENCE - 1; i++)
        ln_crew_beat(&s->crew); /* the first one may see a new beat */
    assert_int_equal(s->lost, 0);
    assert_int_equal(kill(pid, 0), 0);
    ln_crew_beat(&s->crew);
    ln_crew_beat(&s->crew);
    wait_for(s, lost, 1);
    wait_for(s, serving, 3);
    assert_int_not_equal(s->crew.members[0].pid, pid);
}

static void test_workers_ignore_what_is_meant_for_the_group(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE};
    struct ship *s = *state;

    for (size_t i = 0; i < LN_ARRAY_LEN(signals); i++)
        for (unsigned slot = 0; slot < 2; slot++)
            assert_int_equal(kill(s->crew.members[slot].pid, signals[i]), 0);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(get(s), 404);
    ln_crew_reap(&s->crew);
    assert_int_equal(s->lost, 0);
}

static void test_stop_drains_and_nobody_comes_back(void **state)
{
    struct ship *s = *state;

    ln_crew_stop(&s->crew, false);
    wait_for(s, empty, 1);
    assert_int_equal(s->lost, 2);
    assert_int_equal(ln_crew_alive(&s->crew), 0);
}

/* The channel's other end closes: that is all that a worker sees of a supervisor's death. */
static void test_worker_without_a_supervisor_drains(void **state)
{
    struct ship *s = *state;
    struct ln_member *m = &s->crew.members[0];
    int status;

    ev_io_stop(ln_loop_ev(s->loop), &m->readable);
    close(m->fd);
    m->fd = -1;
    assert_int_equal(waitpid(m->pid, &status, 0), m->pid);
    assert_int_equal(status, 0);
    m->pid = 0;
    m->state = LN_MEMBER_ABSENT;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_all_serve_the_committed_generation),
        TEST(test_sibling_accepts_for_a_slot_without_a_worker),
        TEST(test_adopter_that_dies_hands_both_slots_on),
        TEST(test_only_a_death_before_service_is_held_against_a_worker),
        TEST(test_dead_workers_slot_is_settled),
        TEST(test_build_then_commit),
        TEST(test_discard_leaves_the_old_one),
        TEST(test_newcomer_is_held_during_a_reload),
        TEST(test_worker_without_a_heartbeat_is_killed),
        TEST(test_workers_ignore_what_is_meant_for_the_group),
        TEST(test_stop_drains_and_nobody_comes_back),
        TEST(test_worker_without_a_supervisor_drains),
    };

    /* Deaths are what this is about; their log lines are not. */
    ln_log_open("/dev/null", LN_LOG_ERROR, LN_LOG_TEXT, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
