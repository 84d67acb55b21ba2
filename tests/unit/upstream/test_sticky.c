/* SPDX-License-Identifier: Apache-2.0
 * test_sticky.c - cookies that name instances: who is meant, who is not, and when a client moves.
 */
#include "upstream/balance.h"
#include "upstream/market.h"
#include "upstream/sticky.h"

static struct ln_service *open_sticky(struct market *m, unsigned count)
{
    m->service[0].sticky = (struct ln_sticky_conf){.on = true,
                                                   .cookie = "route",
                                                   .path = "/",
                                                   .http_only = true,
                                                   .secret = "a secret of ours"};
    return open_market(m, NULL, count);
}

/* The value that names an instance. */
static void name_of(const struct ln_service *s, unsigned instance, char out[17])
{
    struct ln_arena arena;

    ln_arena_init(&arena, NULL);
    struct ln_slice cookie = ln_sticky_cookie(s, instance, &arena);

    assert_true(ln_slice_has_prefix(cookie, LN_SLICE("route=")));
    assert_true(cookie.n > 22 && cookie.p[22] == ';');
    memcpy(out, cookie.p + 6, 16);
    out[16] = '\0';
    ln_arena_reset(&arena);
}

/* What a request with these Cookie fields (the last is NULL) is taken for. */
static unsigned find(const struct ln_service *s, const char *const *cookies)
{
    struct ln_arena arena;
    struct ln_fields f;
    unsigned found;

    ln_arena_init(&arena, NULL);
    ln_fields_init(&f, &arena);
    for (; *cookies != NULL; cookies++)
        assert_true(ln_fields_add(&f, LN_SLICE("Cookie"), ln_slice_of(*cookies)));
    found = ln_sticky_find(s, &f);
    ln_arena_reset(&arena);
    return found;
}

#define FIND(s, ...) find(s, (const char *const[]){__VA_ARGS__, NULL})

/* One request of a client that is at home at `sticky`; where it went, or -1. */
static int go(struct ln_service *s, unsigned sticky, const struct ln_tried *tried)
{
    struct ln_wish wish = {.tried = tried, .sticky = sticky};
    struct ln_loan loan = {0};
    bool full;
    struct ln_instance *i = ln_service_pick(s, &wish, NOW, &loan, &full);

    if (i == NULL)
        return -1;
    ln_service_release(i, &loan, LN_OUTCOME_OK, NOW);
    return (int)index_of(i);
}

static void test_every_instance_has_a_name_that_finds_it(void **state)
{
    struct ln_service *s = open_sticky(*state, 1000);
    char text[64] = "a=b; route=";

    for (unsigned i = 0; i < 1000; i++) {
        name_of(s, i, text + 11);
        assert_int_equal(FIND(s, text), i + 1);
    }
}

static void test_what_names_none(void **state)
{
    struct ln_service *s = open_sticky(*state, 3);
    char name[17], text[128], other[128];

    name_of(s, 1, name);
    snprintf(text, sizeof text, "route=%s", name);
    assert_int_equal(FIND(s, text), 2);
    assert_int_equal(FIND(s, "a=b"), 0);
    assert_int_equal(FIND(s, "route="), 0);
    assert_int_equal(FIND(s, "route=0123456789abcdef"), 0);
    assert_int_equal(FIND(s, "route=http://127.0.0.1:2"), 0);
    assert_int_equal(FIND(s, text, text), 0);
    snprintf(other, sizeof other, "route=%s; route=x", name);
    assert_int_equal(FIND(s, other), 0);
    snprintf(other, sizeof other, "Route=%s", name); /* names of cookies have a case */
    assert_int_equal(FIND(s, other), 0);
    snprintf(other, sizeof other, "route=\"%s\"", name);
    assert_int_equal(FIND(s, other), 0);
    snprintf(other, sizeof other, "route=%s0", name);
    assert_int_equal(FIND(s, other), 0);
    snprintf(other, sizeof other, "route=%.15s", name);
    assert_int_equal(FIND(s, other), 0);
    for (unsigned i = 0; i < 16; i++) { /* one digit is another */
        memcpy(other, text, sizeof text);
        other[6 + i] = other[6 + i] == '0' ? '1' : '0';
        assert_int_equal(FIND(s, other), 0);
    }
}

static void test_any_bytes_in_its_place_name_none(void **state)
{
    struct ln_service *s = open_sticky(*state, 3);
    struct ln_rand r;

    ln_rand_init(&r, 11);
    for (unsigned run = 0; run < 20000; run++) {
        char text[64] = "route=";
        size_t n = ln_rand_below(&r, 20);

        for (size_t i = 0; i < n; i++)
            text[6 + i] = (char)('!' + ln_rand_below(&r, 94));
        text[6 + n] = '\0';
        assert_int_equal(FIND(s, text), 0);
    }
}

/* The order of the list is nobody's business, nor is who else is in it. */
static void test_gateways_agree(void **state)
{
    struct market *m = *state;
    char before[17], after[17];

    name_of(open_sticky(m, 5), 2, before);
    ln_services_free(m->all);
    struct ln_service *s = open_sticky(m, 3);

    name_of(s, 2, after);
    assert_string_equal(before, after);
    m->service[0].sticky.secret = "another secret...";
    ln_service_weigh(s);
    name_of(s, 2, after);
    assert_string_not_equal(before, after);
    m->service[0].sticky.secret = NULL;
    ln_service_weigh(s);
    name_of(s, 2, before);
    assert_string_not_equal(before, after);
}

/* HMAC-SHA256 of http://127.0.0.1:1 under "a secret of ours", by openssl dgst: what other versions
 * of us say. */
static void test_names_are_what_they_have_been(void **state)
{
    char name[17];

    name_of(open_sticky(*state, 1), 0, name);
    assert_string_equal(name, "8998ade1ea2a1528");
}

static void test_attributes(void **state)
{
    struct market *m = *state;
    struct ln_service *s = open_sticky(m, 1);
    struct ln_sticky_conf *c = &m->service[0].sticky;
    struct ln_arena arena;

    ln_arena_init(&arena, NULL);
    assert_string_equal(ln_sticky_cookie(s, 0, &arena).p + 22, "; Path=/; HttpOnly; SameSite=Lax");
    *c = (struct ln_sticky_conf){.on = true,
                                 .cookie = "route",
                                 .path = "/shop",
                                 .domain = "example.com",
                                 .max_age = 3600500,
                                 .secure = true,
                                 .same_site = LN_SAME_SITE_NONE};
    assert_string_equal(ln_sticky_cookie(s, 0, &arena).p + 22,
                        "; Path=/shop; Domain=example.com; Max-Age=3601; Secure; SameSite=None");
    ln_arena_reset(&arena);
}

static void test_its_client_comes_home_with_every_strategy(void **state)
{
    struct ln_service *s = open_sticky(*state, 5);

    for (enum ln_strategy strategy = 0; strategy <= LN_STRATEGY_LUA; strategy++) {
        s->balancer = ln_balancer_of(strategy);
        for (unsigned i = 0; i < 5; i++)
            for (unsigned n = 0; n < 20; n++)
                assert_int_equal(go(s, i + 1, &nowhere), i);
    }
}

static void test_new_clients_have_exact_shares(void **state)
{
    struct ln_service *s = open_sticky(*state, 3);
    unsigned got[3] = {0};

    for (unsigned n = 0; n < 3000; n++) {
        got[go(s, 0, &nowhere)]++;
        for (unsigned k = 0; k < n % 4; k++)
            assert_int_equal(go(s, 1, &nowhere), 0);
    }
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(got[i], 1000);
}

static void steer(struct ln_service *s, unsigned i, enum ln_steer_state state)
{
    atomic_store(&s->instances[i].record->steer, ln_steer_word(state, 0));
}

static void test_draining_keeps_its_clients_and_takes_no_others(void **state)
{
    struct ln_service *s = open_sticky(*state, 2);

    steer(s, 0, LN_STEER_DRAINING);
    for (unsigned n = 0; n < 20; n++) {
        assert_int_equal(go(s, 1, &nowhere), 0);
        assert_int_equal(go(s, 0, &nowhere), 1);
    }
    steer(s, 0, LN_STEER_DISABLED);
    for (unsigned n = 0; n < 20; n++)
        assert_int_equal(go(s, 1, &nowhere), 1);
    steer(s, 0, LN_STEER_ENABLED);
    assert_int_equal(go(s, 1, &nowhere), 0);
}

static void test_who_is_down_keeps_nobody(void **state)
{
    struct market *m = *state;
    struct ln_service *s = open_sticky(m, 2);

    steer(s, 0, LN_STEER_DRAINING);
    knock_down(m, 0);
    assert_int_equal(go(s, 1, &nowhere), 1);
    steer(s, 0, LN_STEER_ENABLED);
    assert_int_equal(go(s, 1, &nowhere), 1);
    ln_health_forgive(s->instances[0].record);
    assert_int_equal(go(s, 1, &nowhere), 0);
}

static void test_a_repeat_leaves_home(void **state)
{
    struct ln_service *s = open_sticky(*state, 3);
    struct ln_tried tried = {.at = {1}, .count = 1};

    for (unsigned n = 0; n < 20; n++)
        assert_int_not_equal(go(s, 2, &tried), 1);
}

static void test_who_is_full_moves_on(void **state)
{
    struct market *m = *state;
    struct ln_service *s = open_sticky(m, 2);
    struct ln_wish wish = {.tried = &nowhere, .sticky = 1};
    struct ln_loan loan = {0};
    bool full;

    m->instance[0].max_connections = 1;
    assert_ptr_equal(ln_service_pick(s, &wish, NOW, &loan, &full), &s->instances[0]);
    assert_int_equal(go(s, 1, &nowhere), 1);
    ln_service_release(&s->instances[0], &loan, LN_OUTCOME_OK, NOW);
    assert_int_equal(go(s, 1, &nowhere), 0);
}

static void test_a_handler_comes_first(void **state)
{
    struct ln_service *s = open_sticky(*state, 3);
    struct ln_wish wish = {.tried = &nowhere, .sticky = 1, .named = 3};
    struct ln_loan loan = {0};
    bool full;

    assert_ptr_equal(ln_service_pick(s, &wish, NOW, &loan, &full), &s->instances[2]);
    ln_service_release(&s->instances[2], &loan, LN_OUTCOME_OK, NOW);
    steer(s, 2, LN_STEER_DISABLED);
    assert_ptr_equal(ln_service_pick(s, &wish, NOW, &loan, &full), &s->instances[0]);
    ln_service_release(&s->instances[0], &loan, LN_OUTCOME_OK, NOW);
}

static void test_backups_have_names_too(void **state)
{
    struct market *m = *state;
    char text[32] = "route=";

    m->instance[1].backup = true;
    struct ln_service *s = open_sticky(m, 2);

    name_of(s, 1, text + 6);
    assert_int_equal(FIND(s, text), 2);
    assert_int_equal(go(s, 2, &nowhere), 1);
}

static void test_without_the_block_there_are_no_names(void **state)
{
    struct ln_service *s = open_market(*state, NULL, 3);

    assert_null(s->tiers[0].names.v);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_instance_has_a_name_that_finds_it),
        TEST(test_what_names_none),
        TEST(test_any_bytes_in_its_place_name_none),
        TEST(test_gateways_agree),
        TEST(test_names_are_what_they_have_been),
        TEST(test_attributes),
        TEST(test_its_client_comes_home_with_every_strategy),
        TEST(test_new_clients_have_exact_shares),
        TEST(test_draining_keeps_its_clients_and_takes_no_others),
        TEST(test_who_is_down_keeps_nobody),
        TEST(test_a_repeat_leaves_home),
        TEST(test_who_is_full_moves_on),
        TEST(test_a_handler_comes_first),
        TEST(test_backups_have_names_too),
        TEST(test_without_the_block_there_are_no_names),
    };

    return cmocka_run_group_tests(tests, yard_silence, NULL);
}
