/* SPDX-License-Identifier: Apache-2.0
 * What the asker makes of answers, with a name server in this very process: who joins, who leaves,
 * and that it can be stopped at any moment. The rest is spec/e2e/30-upstream/discover*_spec.lua.
 */
#include "upstream/market.h"

#include "net/nameserver.h"
#include "upstream/names.h"

enum { HOLD_MS = 100 };

struct house {
    struct market market;
    struct nameserver ns;
    struct ln_resolver *resolver;
    struct ln_names *names;
};

static int open_house(void **state)
{
    struct house *h = calloc(1, sizeof *h);
    struct ln_resolver_options o = ln_resolver_defaults();
    struct ln_err err;

    yard_init(&h->market.yard);
    h->market.shm = ln_shm_new(2, &err);
    ns_init(&h->ns, &h->market.yard.turns);
    h->ns.ttl = 0;
    o.dns.servers = h->ns.address;
    o.dns.timeout = 50;
    o.dns.tries = 1;
    o.hosts = "/dev/null";
    o.ttl_min = o.ttl_max = o.negative = 10;
    h->resolver = ln_resolver_new(h->market.yard.turns.loop, &o, &err);
    assert_non_null(h->resolver);
    *state = h;
    return 0;
}

static int close_house(void **state)
{
    struct house *h = *state;

    ln_names_stop(h->names);
    if (h->market.all != NULL)
        ln_services_free(h->market.all);
    ln_resolver_free(h->resolver);
    ns_fini(&h->ns);
    yard_fini(&h->market.yard);
    ln_shm_free(h->market.shm);
    free(h);
    return 0;
}

static struct ln_service *follow(struct house *h, const char *name, enum ln_discover discover,
                                 unsigned max)
{
    struct market *m = &h->market;
    struct ln_err err;

    m->instance[0] = (struct ln_instance_conf){.url = name,
                                               .host = name,
                                               .authority = name,
                                               .base = "",
                                               .port = 80,
                                               .weight = 1,
                                               .is_name = true,
                                               .discover = discover,
                                               .discover_max = max};
    m->service[0].name = "users";
    m->service[0].instances = m->instance;
    m->service[0].instance_count = 1;
    m->conf.services = m->service;
    m->conf.service_count = 1;
    demand(m);
    m->all = ln_services_new(&m->conf, m->shm, &m->yard.pools, &err);
    assert_non_null(m->all);
    h->names = ln_names_start(m->all, m->shm, &m->yard.pools, h->resolver, HOLD_MS);
    assert_non_null(h->names);
    return &m->all->v[0];
}

/* Turns of the loop until the service has so many instances. */
static void until(struct house *h, struct ln_service *s, unsigned count)
{
    ln_msec end = ln_loop_now_ms(h->market.yard.turns.loop) + TURNS_BOUND_MS;

    do {
        assert_true(ln_loop_now_ms(h->market.yard.turns.loop) < end);
        ev_run(ln_loop_ev(h->market.yard.turns.loop), EVRUN_ONCE);
        ln_service_notice(s);
    } while (s->asks || s->present_count != count);
}

static void until_asked(struct house *h, unsigned more)
{
    unsigned from = h->ns.asked;

    while (h->ns.asked < from + more)
        ev_run(ln_loop_ev(h->market.yard.turns.loop), EVRUN_ONCE);
}

static const struct ln_instance_conf *conf_of(const struct ln_service *s, unsigned i)
{
    return s->instances[s->present[i]].conf;
}

static void test_addresses_join_and_leave(void **state)
{
    struct house *h = *state;
    struct ln_service *s = follow(h, "both.test", LN_DISCOVER_ADDRESSES, 64);

    until(h, s, 4); /* of two families */
    h->ns.last_octet = 2;
    until_asked(h, 6);
    until(h, s, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_string_not_equal(conf_of(s, i)->url, "http://192.0.2.1:80");
}

static void test_service_records_with_their_weights(void **state)
{
    struct house *h = *state;
    struct ln_service *s = follow(h, "_http._tcp.test", LN_DISCOVER_SRV, 64);
    unsigned backups = 0, heavy = 0;

    until(h, s, 6); /* three records, each with a target of two addresses */
    for (unsigned i = 0; i < 6; i++) {
        backups += conf_of(s, i)->backup;
        heavy += conf_of(s, i)->weight == 60 && conf_of(s, i)->port == 8081;
    }
    assert_int_equal(backups, 2);
    assert_int_equal(heavy, 2);
}

static void test_nobody_leaves_while_servers_fail(void **state)
{
    struct house *h = *state;
    struct ln_service *s = follow(h, "users.test", LN_DISCOVER_ADDRESSES, 64);

    until(h, s, 2);
    h->ns.broken = true;
    until_asked(h, 4);
    until(h, s, 2);
    h->ns.broken = false;
    h->ns.last_octet = 7;
    until_asked(h, 4);
    until(h, s, 2);
    assert_int_not_equal(strcmp(conf_of(s, 0)->url, "http://192.0.2.1:80"), 0);
}

static void test_a_name_that_has_gone_is_believed_by_and_by(void **state)
{
    struct house *h = *state;
    struct ln_service *s = follow(h, "users.test", LN_DISCOVER_ADDRESSES, 64);
    ln_msec from;

    until(h, s, 2);
    from = ln_loop_now_ms(h->market.yard.turns.loop);
    h->ns.gone = true;
    until(h, s, 0);
    assert_true(ln_loop_now_ms(h->market.yard.turns.loop) - from >= HOLD_MS);
    h->ns.gone = false;
    until(h, s, 2);
}

static void test_more_than_the_bound(void **state)
{
    struct house *h = *state;
    struct ln_service *s = follow(h, "huge.test", LN_DISCOVER_ADDRESSES, 5);

    until(h, s, 5);
    until_asked(h, 4);
    until(h, s, 5);
}

/* Killed between two stores: nobody was told, and the servers say nothing new. */
static void test_what_a_dead_holder_has_written_is_told(void **state)
{
    struct house *h = *state;
    struct ln_service *s = follow(h, "users.test", LN_DISCOVER_ADDRESSES, 64);
    struct ln_spot_record *spot = ln_members_spot(&s->followed[0].members, 0);
    struct ln_spot p;

    until(h, s, 2);
    h->ns.broken = true;
    until_asked(h, 4);
    ln_names_stop(h->names);
    assert_true(ln_spot_read(spot, &p));
    p.state = LN_SPOT_LEAVING;
    ln_spot_write(spot, &p);
    h->names =
        ln_names_start(h->market.all, h->market.shm, &h->market.yard.pools, h->resolver, HOLD_MS);
    until(h, s, 1);
    h->ns.broken = false;
    until(h, s, 2);
}

static void test_no_resolver_is_no_answer(void **state)
{
    struct house *h = *state;
    struct ln_service *s;

    ln_resolver_free(h->resolver);
    h->resolver = NULL;
    s = follow(h, "users.test", LN_DISCOVER_ADDRESSES, 64);
    until(h, s, 0);
}

/* At each turn of the loop, from the first question to the last answer. */
static void test_it_may_be_stopped_at_any_moment(void **state)
{
    static const char *const names[] = {"both.test", "_http._tcp.test", "half.test", "silent.test"};
    struct house *h = *state;

    for (unsigned k = 0; k < 4; k++)
        for (unsigned turns = 0; turns < 8; turns++) {
            follow(h, names[k], k == 1 ? LN_DISCOVER_SRV : LN_DISCOVER_ADDRESSES, 64);
            for (unsigned i = 0; i < turns; i++)
                ev_run(ln_loop_ev(h->market.yard.turns.loop), EVRUN_ONCE);
            ln_names_stop(h->names);
            h->names = NULL;
            ln_services_free(h->market.all);
            h->market.all = NULL;
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_addresses_join_and_leave, open_house, close_house),
        cmocka_unit_test_setup_teardown(test_service_records_with_their_weights, open_house,
                                        close_house),
        cmocka_unit_test_setup_teardown(test_nobody_leaves_while_servers_fail, open_house,
                                        close_house),
        cmocka_unit_test_setup_teardown(test_a_name_that_has_gone_is_believed_by_and_by, open_house,
                                        close_house),
        cmocka_unit_test_setup_teardown(test_more_than_the_bound, open_house, close_house),
        cmocka_unit_test_setup_teardown(test_what_a_dead_holder_has_written_is_told, open_house,
                                        close_house),
        cmocka_unit_test_setup_teardown(test_no_resolver_is_no_answer, open_house, close_house),
        cmocka_unit_test_setup_teardown(test_it_may_be_stopped_at_any_moment, open_house,
                                        close_house),
    };

    return cmocka_run_group_tests(tests, yard_silence, NULL);
}
