/* SPDX-License-Identifier: Apache-2.0
 * test_service_metrics.c - numbers of records, added up over workers, as samples; and their bound.
 */
#include "server/service_metrics.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "shm/record.h"
#include "shm/steer.h"
#include "upstream/check.h"
#include "upstream/seen.h"

enum { WORKERS = 3, NOW = 1000000, MANY = LN_METRICS_INSTANCES + 100 };

struct place {
    struct ln_shm *shm;
    struct ln_demand demand;
    struct ln_text out;
};

static void add_service(struct place *p, const char *name)
{
    ln_demand_add_slots(&p->demand, LN_ZONE_CURSOR, ln_slice_of(name), LN_SERVICE_SIZE,
                        LN_SERVICE_EACH);
}

static void add_instance(struct place *p, const char *key)
{
    ln_demand_add_slots(&p->demand, LN_ZONE_INSTANCE, ln_slice_of(key), LN_INSTANCE_SIZE,
                        LN_INSTANCE_EACH);
}

static void satisfy(struct place *p)
{
    struct ln_err err;

    assert_int_equal(ln_shm_satisfy(p->shm, &p->demand, &err), 0);
}

static int set_up(void **state)
{
    static struct place place;
    struct ln_err err;

    place.shm = ln_shm_new(WORKERS, &err);
    ln_demand_init(&place.demand);
    ln_text_init(&place.out);
    add_service(&place, "users");
    ln_demand_add(&place.demand, LN_ZONE_CURSOR, LN_SLICE("split #1"),
                  sizeof(struct ln_cursor_record));
    add_instance(&place, "users http://a:1");
    add_instance(&place, "users http://b:2");
    satisfy(&place);
    *state = &place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;

    ln_text_fini(&p->out);
    ln_demand_fini(&p->demand);
    ln_shm_free(p->shm);
    return 0;
}

static struct ln_instance_record *instance(struct place *p, const char *key)
{
    return ln_shm_find(p->shm, LN_ZONE_INSTANCE, ln_slice_of(key), NULL);
}

static struct ln_cursor_record *service(struct place *p, const char *name)
{
    return ln_shm_find(p->shm, LN_ZONE_CURSOR, ln_slice_of(name), NULL);
}

static void print(struct place *p)
{
    ln_text_fini(&p->out);
    ln_text_init(&p->out);
    ln_service_metrics_print(p->shm, &p->demand, NOW, &p->out);
}

/* How many lines begin so. */
static unsigned lines_of(const struct place *p, const char *start)
{
    unsigned n = 0;

    for (const char *at = p->out.p; at != NULL && *at != '\0'; at = strchr(at, '\n') + 1)
        n += strncmp(at, start, strlen(start)) == 0;
    return n;
}

static void has(const struct place *p, const char *line)
{
    char whole[512];

    snprintf(whole, sizeof whole, "%s\n", line);
    if (lines_of(p, whole) != 1)
        fail_msg("no line %s in\n%s", line, p->out.p);
}

static void publish(struct place *p, const char *key, bool checks, bool breaker)
{
    struct ln_service_conf s = {.health.on = checks, .breaker.on = breaker};
    struct ln_instance_conf i = {.weight = 3};

    ln_seen_publish(instance(p, key), &s, &i);
}

static void test_an_instance_of_which_nothing_is_known(void **state)
{
    struct place *p = *state;

    print(p);
    has(p, "lunette_instance_state{service=\"users\",instance=\"http://a:1\",state=\"up\"} 1");
    has(p, "lunette_instance_state{service=\"users\",instance=\"http://a:1\",state=\"down\"} 0");
    has(p, "lunette_instance_attempts_total{service=\"users\",instance=\"http://a:1\","
           "outcome=\"ok\"} 0");
    has(p, "lunette_service_instances{service=\"users\",state=\"up\"} 2");
    has(p, "lunette_instances_omitted 0");
    assert_int_equal(lines_of(p, "lunette_instance_latency_seconds{"), 0);
    assert_int_equal(lines_of(p, "lunette_instance_breaker_state{"), 0);
    assert_int_equal(lines_of(p, "lunette_instance_checks_total{"), 0);
    assert_int_equal(lines_of(p, "lunette_service_panic{"), 1); /* a split is no service */
}

static void test_counts_of_all_workers(void **state)
{
    struct place *p = *state;
    struct ln_instance_record *r = instance(p, "users http://b:2");

    publish(p, "users http://b:2", false, true);
    for (unsigned w = 0; w < WORKERS; w++) {
        struct ln_instance_counts *c = ln_instance_counts(r, WORKERS, w);

        atomic_store(&c->ended[LN_OUTCOME_OK], 1000 * (w + 1));
        atomic_store(&c->ended[LN_OUTCOME_HEAD_TIME], w);
        atomic_store(&c->bad_statuses, 5);
        atomic_store(&r->active[w], 2);
    }
    atomic_store(&r->changes[LN_CHANGE_OPEN], 4);
    atomic_store(&r->changes[LN_CHANGE_HALF_OPEN], 3);
    atomic_store(&r->changes[LN_CHANGE_DOWN], 2);
    print(p);
#define B "{service=\"users\",instance=\"http://b:2\""
    has(p, "lunette_instance_attempts_total" B ",outcome=\"ok\"} 6000");
    has(p, "lunette_instance_attempts_total" B ",outcome=\"upstream_timeout\"} 3");
    assert_int_equal(lines_of(p, "lunette_instance_attempts_total" B), 2); /* what has happened */
    has(p, "lunette_instance_bad_statuses_total" B "} 15");
    has(p, "lunette_instance_requests_in_flight" B "} 6");
    has(p, "lunette_instance_weight" B "} 3");
    has(p, "lunette_instance_breaker_state" B ",state=\"closed\"} 1");
    has(p, "lunette_instance_breaker_state" B ",state=\"half-open\"} 0");
    has(p, "lunette_instance_breaker_changes_total" B ",to=\"open\"} 4");
    has(p, "lunette_instance_breaker_changes_total" B ",to=\"half-open\"} 3");
    has(p, "lunette_instance_breaker_changes_total" B ",to=\"closed\"} 0");
    has(p, "lunette_instance_health_changes_total" B ",by=\"requests\",to=\"down\"} 2");
    has(p, "lunette_instance_health_changes_total" B ",by=\"requests\",to=\"up\"} 0");
}

static void test_checks_and_the_operator(void **state)
{
    struct place *p = *state;
    struct ln_instance_record *r = instance(p, "users http://b:2");

    publish(p, "users http://b:2", true, false);
    atomic_store(&r->steer, ln_steer_word(LN_STEER_DRAINING, 7));
    atomic_store(&r->check.good, 10);
    atomic_store(&r->check.bad, 1);
    atomic_store(&r->changes[LN_CHANGE_FELL], 1);
    print(p);
    has(p, "lunette_instance_state" B ",state=\"draining\"} 1");
    has(p, "lunette_instance_state" B ",state=\"up\"} 0");
    has(p, "lunette_instance_weight" B "} 7");
    has(p, "lunette_instance_checks_total" B ",result=\"ok\"} 10");
    has(p, "lunette_instance_checks_total" B ",result=\"failed\"} 1");
    has(p, "lunette_instance_health_changes_total" B ",by=\"checks\",to=\"down\"} 1");
    has(p, "lunette_service_instances{service=\"users\",state=\"draining\"} 1");
    has(p, "lunette_service_instances{service=\"users\",state=\"up\"} 1");
}

static void test_a_service(void **state)
{
    struct place *p = *state;
    struct ln_cursor_record *r = service(p, "users");

    for (unsigned w = 0; w < WORKERS; w++) {
        struct ln_service_counts *c = ln_service_counts(r, WORKERS, w);

        atomic_store(&r->active[w], 1);
        atomic_store(&c->retries, 2);
        atomic_store(&c->retries_refused, 3);
        atomic_store(&c->waiting, 4);
        atomic_store(&c->turned_away, 5);
        atomic_store(&c->waited_out, 6);
    }
    atomic_store(&r->panic, 1);
    print(p);
    has(p, "lunette_service_requests_in_flight{service=\"users\"} 3");
    has(p, "lunette_service_retries_total{service=\"users\"} 6");
    has(p, "lunette_service_retries_refused_total{service=\"users\"} 9");
    has(p, "lunette_service_queue_length{service=\"users\"} 12");
    has(p, "lunette_service_queue_refused_total{service=\"users\",reason=\"full\"} 15");
    has(p, "lunette_service_queue_refused_total{service=\"users\",reason=\"timeout\"} 18");
    has(p, "lunette_service_panic{service=\"users\"} 1");
}

/* However many there are: a bound on the series, and no number is lost. */
static void test_what_is_too_much_is_added_up(void **state)
{
    struct place *p = *state;
    char name[64];

    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "service-%u", i);
        add_service(p, name);
        snprintf(name, sizeof name, "service-%u http://c:%u", i, i);
        add_instance(p, name);
        satisfy(p);
        atomic_store(&ln_instance_counts(instance(p, name), WORKERS, 0)->ended[LN_OUTCOME_OK], 10);
    }
    print(p);
    assert_int_equal(lines_of(p, "lunette_instance_weight{"), LN_METRICS_INSTANCES);
    assert_int_equal(lines_of(p, "lunette_instance_attempts_total{"), LN_METRICS_INSTANCES + 1);
    assert_int_equal(lines_of(p, "lunette_service_panic{"), LN_METRICS_INSTANCES);
    has(p, "lunette_instance_attempts_total{service=\"other\",instance=\"other\","
           "outcome=\"ok\"} 1020");
    has(p, "lunette_instances_omitted 102");
    has(p, "lunette_instance_attempts_total{service=\"service-997\",instance=\"http://c:997\","
           "outcome=\"ok\"} 10");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_instance_of_which_nothing_is_known),
        TEST(test_counts_of_all_workers),
        TEST(test_checks_and_the_operator),
        TEST(test_a_service),
        TEST(test_what_is_too_much_is_added_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
