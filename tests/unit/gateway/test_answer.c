/* SPDX-License-Identifier: Apache-2.0
 * test_answer.c - everything that the gateway says itself: statuses, reason codes, and the two
 * shapes of the content.
 */
#include "unit.h"

#include <ctype.h>

#include "gateway/answer.h"

static int set_up(void **state)
{
    static struct ln_arena arena;

    ln_arena_init(&arena, NULL);
    *state = &arena;
    return 0;
}

static int tear_down(void **state)
{
    ln_arena_reset(*state);
    return 0;
}

static bool is_code(const char *s)
{
    for (const char *c = s; *c != '\0'; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '_')
            return false;
    return *s != '\0';
}

/* Texts stand in JSON and in a line of their own, unescaped. */
static void assert_sound(const struct ln_answer *a)
{
    assert_true(a->status == 204 || (a->status >= 400 && a->status <= 599));
    assert_true(is_code(a->code));
    assert_int_equal(strlen(a->text) > 0, a->status != 204);
    for (const char *c = a->text; *c != '\0'; c++)
        assert_true(*c >= 0x20 && *c < 0x7f && *c != '"' && *c != '\\');
}

static void test_every_answer_of_ours(void **state)
{
    (void)state;
    for (int i = 0; i < LN_ANSWER_COUNT; i++) {
        assert_sound(ln_answer((enum ln_answer_id)i));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(ln_answer((enum ln_answer_id)i)->code,
                                    ln_answer((enum ln_answer_id)k)->code);
    }
}

static void test_every_refusal(void **state)
{
    (void)state;
    for (int i = LN_REJECT_NONE + 1; i < LN_REJECT_COUNT; i++) {
        struct ln_answer a = ln_answer_reject((enum ln_reject)i);

        assert_sound(&a);
        assert_int_equal(a.status, ln_reject_row((enum ln_reject)i)->status);
    }
}

static void test_every_failed_attempt(void **state)
{
    (void)state;
    for (int i = LN_OUTCOME_OK + 1; i < LN_OUTCOME_COUNT; i++) {
        struct ln_answer a = ln_answer_outcome((enum ln_outcome)i);

        assert_sound(&a);
        assert_string_equal(a.code, ln_outcome_row((enum ln_outcome)i)->code);
    }
}

/* What documentation and clients rely on, word by word. */
static void test_the_promised_ones(void **state)
{
    static const struct {
        enum ln_answer_id id;
        struct ln_answer want;
    } rows[] = {
        {LN_ANSWER_NOT_FOUND, {404, "service_not_found", "Service not found"}},
        {LN_ANSWER_RATE_LIMITED, {429, "rate_limited", "Rate limit exceeded"}},
        {LN_ANSWER_NO_BACKEND, {503, "no_healthy_backend", "No healthy backends available"}},
        {LN_ANSWER_PLUGIN_ERROR, {500, "plugin_error", "Internal Server Error"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct ln_answer *a = ln_answer(rows[i].id);

        assert_int_equal(a->status, rows[i].want.status);
        assert_string_equal(a->code, rows[i].want.code);
        assert_string_equal(a->text, rows[i].want.text);
    }
    assert_string_equal(ln_answer_outcome(LN_OUTCOME_HEAD_TIME).text, "Gateway Timeout");
    assert_string_equal(ln_answer_outcome(LN_OUTCOME_HEAD_TIME).code, "upstream_timeout");
    assert_string_equal(ln_answer_outcome(LN_OUTCOME_REFUSED).text, "Bad Gateway");
}

static void test_text(void **state)
{
    assert_slice(ln_answer_body(ln_answer(LN_ANSWER_NOT_FOUND), false, LN_SLICE("r-1"), *state),
                 "Service not found\n");
}

static void test_json(void **state)
{
    assert_slice(ln_answer_body(ln_answer(LN_ANSWER_NOT_FOUND), true, LN_SLICE("r-1"), *state),
                 "{\"error\":\"Service not "
                 "found\",\"code\":\"service_not_found\",\"request_id\":\"r-1\"}\n");
}

/* A trusted proxy's id is a field value: it may hold what would break out of a JSON string. */
static void test_an_id_that_would_need_escapes_is_left_out(void **state)
{
    static const char *const ids[] = {"a\"b", "a\\", "a\tb", "\xc3\xa9",
                                      "\",\"admin\":true,\"x\":\""};

    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        assert_slice(
            ln_answer_body(ln_answer(LN_ANSWER_NOT_FOUND), true, ln_slice_of(ids[i]), *state),
            "{\"error\":\"Service not "
            "found\",\"code\":\"service_not_found\",\"request_id\":\"\"}\n");
}

static void test_no_id(void **state)
{
    assert_slice(ln_answer_body(ln_answer(LN_ANSWER_NO_BACKEND), true, ln_slice(NULL, 0), *state),
                 "{\"error\":\"No healthy backends "
                 "available\",\"code\":\"no_healthy_backend\",\"request_id\":\"\"}\n");
}

static void ask_beyond(void *arg)
{
    (void)arg;
    ln_answer(LN_ANSWER_COUNT);
}

static void test_there_is_nothing_beyond_the_table(void **state)
{
    (void)state;
    assert_true(unit_dies(ask_beyond, NULL));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_answer_of_ours),
        TEST(test_every_refusal),
        TEST(test_every_failed_attempt),
        TEST(test_the_promised_ones),
        TEST(test_text),
        TEST(test_json),
        TEST(test_an_id_that_would_need_escapes_is_left_out),
        TEST(test_no_id),
        TEST(test_there_is_nothing_beyond_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
