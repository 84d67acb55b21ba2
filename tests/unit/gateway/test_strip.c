/* SPDX-License-Identifier: Apache-2.0
 * test_strip.c - fields that no client may send, however they are spelled.
 */
#include "unit.h"

#include "base/assert.h"
#include "gateway/strip.h"

static bool has(const struct ln_strip *s, const char *name)
{
    const struct ln_field f = {.name = name, .name_len = (uint16_t)strlen(name)};

    return ln_strip_has(s, &f);
}

static void test_spellings(void **state)
{
    static const char *const same[] = {"X-Consumer-Name", "x-consumer-name", "X_CONSUMER_NAME",
                                       "x-Consumer_name", "X-Consumer.Name", "X!Consumer~Name"};
    static const char *const other[] = {
        "X-Consumer-Nam", "X-Consumer-Names", "X-Consumer1Name", "Y-Consumer-Name", "",
        "XConsumer-Name-"};
    struct ln_strip s = {0};

    (void)state;
    assert_false(has(&s, "X-Consumer-Name"));
    ln_strip_add(&s, "X-Consumer-Name");
    for (size_t i = 0; i < LN_ARRAY_LEN(same); i++)
        assert_true(has(&s, same[i]));
    for (size_t i = 0; i < LN_ARRAY_LEN(other); i++)
        assert_false(has(&s, other[i]));
    ln_strip_fini(&s);
}

static void test_a_name_is_kept_once(void **state)
{
    struct ln_strip s = {0};

    (void)state;
    ln_strip_add(&s, "X-Consumer-Name");
    ln_strip_add(&s, "x_consumer_name");
    assert_int_equal(s.count, 1);
    ln_strip_add(&s, "X-Consumer-Groups");
    assert_int_equal(s.count, 2);
    assert_true(has(&s, "X-Consumer-Groups"));
    assert_true(has(&s, "X-Consumer-Name"));
    ln_strip_fini(&s);
}

/* A length of 64 more has the same bit and is still another name. */
static void test_long_names(void **state)
{
    char name[80] = {0};
    struct ln_strip s = {0};

    (void)state;
    memset(name, 'a', 79);
    ln_strip_add(&s, name);
    assert_true(has(&s, name));
    assert_false(has(&s, name + 64));
    ln_strip_fini(&s);
}

static void test_all_fields_of_the_name_go(void **state)
{
    struct ln_arena arena;
    struct ln_fields fields;
    struct ln_strip s = {0};

    (void)state;
    ln_arena_init(&arena, NULL);
    ln_fields_init(&fields, &arena);
    ln_strip_add(&s, "X-User");
    ln_fields_add(&fields, LN_SLICE("X-User"), LN_SLICE("root"));
    ln_fields_add(&fields, LN_SLICE("X-Other"), LN_SLICE("1"));
    ln_fields_add(&fields, LN_SLICE("x_user"), LN_SLICE("root"));
    ln_strip_apply(&s, &fields);
    assert_null(ln_fields_get(&fields, LN_SLICE("X-User")));
    assert_null(ln_fields_get(&fields, LN_SLICE("X_User")));
    assert_non_null(ln_fields_get(&fields, LN_SLICE("X-Other")));
    ln_strip_fini(&s);
    ln_arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_a_name_is_kept_once),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_all_fields_of_the_name_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
