/* SPDX-License-Identifier: Apache-2.0
 * Instances that come and go with a name, as a worker sees them: who is picked, under which number
 * and name, and that nobody is mixed up with who comes after her.
 */
#include "upstream/market.h"

#include <pthread.h>
#include <sched.h>

#include "upstream/turnover.h"

enum { PORT = 8080 };

static void pass_over(void *arg, unsigned spot, const struct ln_spot *who)
{
    (void)arg;
    (void)spot;
    (void)who;
}

static struct ln_service *open_name(struct market *m, enum ln_discover discover, unsigned max)
{
    struct ln_err err;

    m->instance[0] = (struct ln_instance_conf){.url = "http://users.test:8080/base",
                                               .host = "users.test",
                                               .authority = "users.test:8080",
                                               .origin = "users.test:8080",
                                               .base = "/base",
                                               .port = PORT,
                                               .weight = 1,
                                               .is_name = true,
                                               .discover = discover,
                                               .discover_max = max};
    m->service[0].name = "users";
    m->service[0].strategy = LN_STRATEGY_ROUND_ROBIN;
    m->service[0].instances = m->instance;
    m->service[0].instance_count = 1;
    m->conf.services = m->service;
    m->conf.service_count = 1;
    demand(m);
    m->all = ln_services_new(&m->conf, m->shm, &m->yard.pools, &err);
    assert_non_null(m->all);
    ln_rand_init(&m->all->rand, 1);
    return &m->all->v[0];
}

static struct ln_spot host(char name)
{
    return (struct ln_spot){.ip = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = (unsigned char)name},
                            .port = PORT,
                            .weight = 1};
}

/* What the asker does: each letter stands for a host. */
static void take_told(struct ln_service *s, struct ln_members *members, const char *hosts,
                      void (*told)(void *arg, unsigned spot, const struct ln_spot *who))
{
    struct ln_turnover_rules rules = {.max = s->conf->instances[0].discover_max,
                                      .spots =
                                          members->count < s->count ? members->count : s->count,
                                      .workers = 4,
                                      .come = &s->record->steered};
    struct ln_spot wanted[64];
    unsigned n = 0;

    for (; hosts[n] != '\0'; n++)
        wanted[n] = host(hosts[n]);
    ln_turnover_take(members, wanted, n, &rules, told, s);
    ln_turnover_sweep(members, 4);
    atomic_store(&members->head->answered, 1);
}

static void take(struct ln_service *s, struct ln_members *members, const char *hosts)
{
    take_told(s, members, hosts, pass_over);
}

static void tell(struct ln_service *s, const char *hosts)
{
    take(s, &s->followed[0].members, hosts);
    atomic_fetch_add(&s->record->steered, 1);
}

/* Who is picked `times` times, a letter each. */
static const char *picked(struct ln_service *s, unsigned times)
{
    static char names[64];

    for (unsigned i = 0; i < times; i++) {
        struct ln_loan loan = {0};
        struct ln_instance *who = next_of(s, &nowhere, NOW);

        assert_non_null(who);
        names[i] = (char)ntohl(who->conf->addrs[0].v4.sin_addr.s_addr);
        ln_service_release(who, &loan, LN_OUTCOME_OK, NOW);
    }
    names[times] = '\0';
    return names;
}

static void test_members_are_instances(void **state)
{
    struct ln_service *s = open_name(*state, LN_DISCOVER_ADDRESSES, 64);
    struct ln_instance *i;

    tell(s, "abc");
    assert_string_equal(picked(s, 6), "abcabc");
    i = next_of(s, &nowhere, NOW);
    assert_string_equal(i->conf->url, "http://10.0.0.97:8080/base");
    assert_string_equal(i->conf->origin, "10.0.0.97:8080");
    assert_string_equal(i->conf->authority, "users.test:8080");
    assert_int_equal(i->conf->addr_count, 1);
    assert_int_equal(s->present_count, 3);
    assert_int_equal(s->count, 128);
    ln_service_release(i, &(struct ln_loan){0}, LN_OUTCOME_OK, NOW);
}

static void test_whoever_leaves_is_picked_no_more(void **state)
{
    struct ln_service *s = open_name(*state, LN_DISCOVER_ADDRESSES, 64);

    tell(s, "abc");
    picked(s, 3);
    take(s, &s->followed[0].members, "ac"); /* this worker does not know yet */
    assert_null(strchr(picked(s, 12), 'b'));
    take(s, &s->followed[0].members, "");

    struct ln_loan loan;
    bool full;

    assert_null(ln_service_pick(s, &(struct ln_wish){.tried = &nowhere}, NOW, &loan, &full));
    assert_false(full);
    for (unsigned i = 0; i < s->count; i++) /* and nobody was counted for good */
        assert_int_equal(ln_instance_active(&s->instances[i]), 0);
    tell(s, "d");
    assert_string_equal(picked(s, 2), "dd");
}

static void test_numbers_and_connections_stay(void **state)
{
    struct ln_service *s = open_name(*state, LN_DISCOVER_ADDRESSES, 64);
    struct ln_pool *pool;

    tell(s, "abc");
    picked(s, 1);
    pool = s->instances[2].pool;
    tell(s, "cd");
    picked(s, 1);
    assert_ptr_equal(s->instances[2].pool, pool);
    assert_string_equal(s->instances[2].conf->url, "http://10.0.0.99:8080/base");
    assert_true(s->instances[0].out);
    assert_false(s->instances[3].out);
}

static void test_a_request_in_flight_keeps_its_instance(void **state)
{
    struct ln_service *s = open_name(*state, LN_DISCOVER_ADDRESSES, 1);
    struct ln_instance *i;
    const char *url;

    s->followed[0].members.count = 2;
    tell(s, "a");
    i = next_of(s, &nowhere, NOW);
    url = i->conf->url;
    tell(s, "b");
    assert_string_equal(picked(s, 1), "b");
    tell(s, "c"); /* no spot is free: one is a's, who has a request under way */
    tell(s, "c");
    assert_string_equal(picked(s, 1), "c");
    assert_string_equal(url, "http://10.0.0.97:8080/base");
    assert_int_equal(ln_instance_active(i), 1);
    ln_service_release(i, &(struct ln_loan){0}, LN_OUTCOME_OK, NOW);
}

static void test_many_come_and_go_one_after_another(void **state)
{
    struct ln_service *s = open_name(*state, LN_DISCOVER_ADDRESSES, 2);
    char hosts[3] = {0};

    for (unsigned i = 0; i < 600; i++) {
        hosts[0] = (char)('!' + i % 90);
        hosts[1] = (char)('!' + (i + 1) % 90);
        tell(s, hosts);
        assert_int_equal(s->present_count, i == 0 ? 0 : 2); /* as of the last pick */
        picked(s, 2);
        assert_int_equal(s->present_count, 2);
    }
}

static void test_a_request_waits_for_the_first_answer(void **state)
{
    struct ln_service *s = open_name(*state, LN_DISCOVER_SRV, 64);
    struct ln_loan loan;
    bool full;

    assert_null(ln_service_pick(s, &(struct ln_wish){.tried = &nowhere}, NOW, &loan, &full));
    assert_true(full);
    tell(s, "");
    assert_null(ln_service_pick(s, &(struct ln_wish){.tried = &nowhere}, NOW, &loan, &full));
    assert_false(full);
    tell(s, "a");
    assert_string_equal(picked(s, 1), "a");
}

static void test_the_list_of_an_instance_changes(void **state)
{
    struct ln_service *s = open_name(*state, LN_DISCOVER_OFF, 0);
    struct ln_spot two[2] = {host('a'), host('b')};
    bool apart;

    assert_true(s->asks);
    assert_true(ln_turnover_list(&s->followed[0].members, two, 2, false, &apart));
    atomic_store(&s->followed[0].members.head->answered, 1);
    atomic_fetch_add(&s->record->steered, 1);
    assert_string_equal(picked(s, 1), "a");
    assert_int_equal(s->count, 1);
    assert_int_equal(s->instances[0].conf->addr_count, 2);
    assert_true(ln_turnover_list(&s->followed[0].members, two + 1, 1, false, &apart));
    atomic_fetch_add(&s->record->steered, 1);
    assert_string_equal(picked(s, 1), "b");
    assert_int_equal(s->instances[0].conf->addr_count, 1);
    assert_string_equal(s->instances[0].conf->url, "http://users.test:8080/base");
}

/* ---- while it happens ---- */

struct asker {
    struct ln_service *s;
    struct ln_members members;
    _Atomic bool over;
    _Atomic unsigned picks;
};

/* Few spots and many who want one: they change hands all the time. */
static void *turn_over(void *arg)
{
    struct asker *a = arg;
    struct ln_rand rand;

    ln_rand_init(&rand, 7);
    while (!atomic_load(&a->over)) {
        char hosts[5] = {0};

        for (unsigned i = 0; i < 4; i++)
            hosts[i] = (char)('a' + 4 * i + ln_rand_below(&rand, 4));
        take(a->s, &a->members, hosts);
        atomic_fetch_add(&a->s->record->steered, 1);
    }
    return NULL;
}

static void pick_when_one_has_left(void *arg, unsigned spot, const struct ln_spot *who)
{
    (void)spot;
    if (who->state == LN_SPOT_LEAVING)
        assert_non_null(strpbrk(picked(arg, 1), "abcd"));
}

static void test_others_are_found_as_soon_as_one_leaves(void **state)
{
    struct ln_service *s = open_name(*state, LN_DISCOVER_ADDRESSES, 8);

    tell(s, "ab");
    picked(s, 2);
    take_told(s, &s->followed[0].members, "cd", pick_when_one_has_left);
    take_told(s, &s->followed[0].members, "a", pick_when_one_has_left);
}

/* All go, and as many others come, between any two picks and in the middle of one: at no moment is
 * there nobody. */
static void *replace_all(void *arg)
{
    struct asker *a = arg;

    for (unsigned i = 0; !atomic_load(&a->over); i++) {
        unsigned seen = atomic_load(&a->picks);

        take(a->s, &a->members, i % 2 == 0 ? "efgh" : "abcd");
        while (atomic_load(&a->picks) == seen && !atomic_load(&a->over))
            sched_yield();
    }
    return NULL;
}

static void test_there_is_always_somebody(void **state)
{
    enum { PICKS = 200000 };
    struct ln_service *s = open_name(*state, LN_DISCOVER_ADDRESSES, 8);
    struct asker asker = {.s = s, .members = s->followed[0].members};
    pthread_t thread;
    unsigned nobody = 0;

    take(s, &s->followed[0].members, "abcd");
    assert_int_equal(pthread_create(&thread, NULL, replace_all, &asker), 0);
    for (unsigned n = 0; n < PICKS; n++) {
        bool full;
        struct ln_loan loan;
        struct ln_instance *i =
            ln_service_pick(s, &(struct ln_wish){.tried = &nowhere}, NOW, &loan, &full);

        if (i != NULL)
            ln_service_release(i, &(struct ln_loan){0}, LN_OUTCOME_OK, NOW);
        nobody += i == NULL;
        atomic_fetch_add(&asker.picks, 1);
    }
    atomic_store(&asker.over, true);
    pthread_join(thread, NULL);
    assert_int_equal(nobody, 0);
}

/* Whoever is in flight sits where she was picked. */
static void test_nobody_is_mixed_up(void **state)
{
    enum { HELD = 3, PICKS = 60000 };
    struct ln_service *s = open_name(*state, LN_DISCOVER_ADDRESSES, 4);
    struct asker asker = {.s = s, .members = s->followed[0].members};
    struct ln_instance *held[HELD] = {0};
    uint32_t turns[HELD];
    unsigned count = 0;
    pthread_t thread;

    asker.members.count = 7;
    tell(s, "a");
    assert_int_equal(pthread_create(&thread, NULL, turn_over, &asker), 0);
    for (unsigned n = 0; n < PICKS; n++) {
        struct ln_instance **at = &held[n % HELD];
        struct ln_spot p;
        struct ln_addr addr;
        bool full;
        struct ln_loan loan;

        if (*at != NULL) {
            if (ln_spot_read((*at)->spot, &p)) {
                ln_addr_make(&addr, p.ip, p.port);
                assert_int_equal(p.turn, turns[n % HELD]);
                assert_memory_equal(&addr.v4, &(*at)->conf->addrs[0].v4, sizeof addr.v4);
            }
            ln_service_release(*at, &(struct ln_loan){0}, LN_OUTCOME_OK, NOW);
        }
        *at = ln_service_pick(s, &(struct ln_wish){.tried = &nowhere}, NOW, &loan, &full);
        if (*at == NULL)
            continue;
        turns[n % HELD] = (*at)->turn;
        count++;
    }
    atomic_store(&asker.over, true);
    pthread_join(thread, NULL);
    for (unsigned i = 0; i < HELD; i++)
        if (held[i] != NULL)
            ln_service_release(held[i], &(struct ln_loan){0}, LN_OUTCOME_OK, NOW);
    assert_true(count > PICKS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_members_are_instances, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_whoever_leaves_is_picked_no_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_numbers_and_connections_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_request_in_flight_keeps_its_instance, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_many_come_and_go_one_after_another, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_request_waits_for_the_first_answer, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_the_list_of_an_instance_changes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_others_are_found_as_soon_as_one_leaves, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_there_is_always_somebody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nobody_is_mixed_up, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, yard_silence, NULL);
}
