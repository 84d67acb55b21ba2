/* SPDX-License-Identifier: Apache-2.0
 * test_text.c - growing text, JSON strings, the nearest known word.
 */
#include "unit.h"

#include "base/assert.h"
#include "base/text.h"

#define assert_json(bytes, n, expected)                                                            \
    do {                                                                                           \
        struct ln_text json_;                                                                      \
                                                                                                   \
        ln_text_init(&json_);                                                                      \
        ln_text_json(&json_, ln_slice(bytes, n));                                                  \
        assert_string_equal(json_.p, expected);                                                    \
        ln_text_fini(&json_);                                                                      \
    } while (0)

static void test_text_grows_and_stays_terminated(void **state)
{
    struct ln_text t;

    (void)state;
    ln_text_init(&t);
    for (int i = 0; i < 1000; i++) {
        ln_text_puts(&t, "ab");
        ln_text_printf(&t, "%d", i % 10);
        assert_int_equal(t.n, 3 * (i + 1));
        assert_int_equal(strlen(t.p), t.n);
    }
    assert_memory_equal(t.p + 3, "ab1", 3);
    ln_text_fini(&t);
    assert_null(t.p);
}

static void test_adding_nothing_makes_an_empty_string(void **state)
{
    struct ln_text t;

    (void)state;
    ln_text_init(&t);
    ln_text_add(&t, NULL, 0);
    assert_string_equal(t.p, "");
    ln_text_fini(&t);
}

static void test_printf_of_every_length_fits(void **state)
{
    (void)state;
    for (int width = 1; width < 300; width++) {
        struct ln_text t;

        ln_text_init(&t);
        ln_text_puts(&t, "x");
        ln_text_printf(&t, "%*d", width, 5);
        assert_int_equal(t.n, width + 1);
        assert_int_equal(t.p[width], '5');
        ln_text_fini(&t);
    }
}

static void test_json_escapes_what_it_must(void **state)
{
    (void)state;
    assert_json("", 0, "\"\"");
    assert_json("a\"b\\c/d", 7, "\"a\\\"b\\\\c/d\"");
    assert_json("\n\r\t", 3, "\"\\n\\r\\t\"");
    assert_json("\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\\u007f\"");
    assert_json(NULL, 0, "\"\"");
}

static void test_json_keeps_utf8(void **state)
{
    static const char *const good[] = {"é",
                                       "ß",
                                       "€",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "😀",
                                       "\xf4\x8f\xbf\xbf",
                                       "\xc2\x80",
                                       "\xe0\xa0\x80",
                                       "\xf0\x90\x80\x80"};

    (void)state;
    for (size_t i = 0; i < LN_ARRAY_LEN(good); i++) {
        char expected[16] = "\"";

        strcat(strcat(expected, good[i]), "\"");
        assert_json(good[i], strlen(good[i]), expected);
    }
}

static void test_json_replaces_what_is_not_utf8(void **state)
{
    (void)state;
    assert_json("a\x80z", 3, "\"a\\ufffdz\"");
    assert_json("\xc0\xaf", 2, "\"\\ufffd\\ufffd\"");            /* overlong / */
    assert_json("\xe0\x80\xaf", 3, "\"\\ufffd\\ufffd\\ufffd\""); /* overlong / in three bytes */
    assert_json("\xed\xa0\x80", 3, "\"\\ufffd\\ufffd\\ufffd\""); /* half of a surrogate pair */
    assert_json("\xf4\x90\x80\x80", 4, "\"\\ufffd\\ufffd\\ufffd\\ufffd\""); /* beyond U+10FFFF */
    assert_json("\xff", 1, "\"\\ufffd\"");
    assert_json("\xe2\x82\"", 3,
                "\"\\ufffd\\ufffd\\\"\""); /* a cut sequence does not eat the quote */
    assert_json("\xe2\x82", 2, "\"\\ufffd\\ufffd\"");
}

struct words {
    const char *const *next;
};

static const char *next_word(void *state)
{
    struct words *w = state;

    return *w->next != NULL ? *w->next++ : NULL;
}

static const char *nearest(const char *word)
{
    static const char *const known[] = {
        "port",      "timeout",      "timeouts", "instances",         "strategy", "round_robin",
        "stripPath", "preserveHost", "id",       "requestsPerSecond", NULL};
    struct words w = {known};

    return ln_text_nearest(ln_slice_of(word), next_word, &w);
}

static void test_nearest_finds_small_slips(void **state)
{
    (void)state;
    assert_string_equal(nearest("prot"), "port");               /* swapped */
    assert_string_equal(nearest("instance"), "instances");      /* left out */
    assert_string_equal(nearest("strattegy"), "strategy");      /* doubled */
    assert_string_equal(nearest("round-robin"), "round_robin"); /* replaced */
    assert_string_equal(nearest("STRIPPATH"), "stripPath");     /* case is no distance */
    assert_string_equal(nearest("reqestPerSeconds"), "requestsPerSecond");
}

static void test_nearest_prefers_the_closest(void **state)
{
    (void)state;
    assert_string_equal(nearest("timeout"), "timeout");
    assert_string_equal(nearest("timeoutss"), "timeouts");
}

static void test_nearest_gives_up_on_other_words(void **state)
{
    (void)state;
    assert_null(nearest("listeners"));
    assert_null(nearest("xyz"));
    assert_null(nearest("timers"));
    assert_null(nearest("pt")); /* two letters away from "port", of two letters */
}

static void test_nearest_survives_long_words(void **state)
{
    char word[5000];

    (void)state;
    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    assert_null(nearest(word));
    assert_null(nearest(""));
    assert_string_equal(nearest("prt"), "port");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_grows_and_stays_terminated),
        cmocka_unit_test(test_adding_nothing_makes_an_empty_string),
        cmocka_unit_test(test_printf_of_every_length_fits),
        cmocka_unit_test(test_json_escapes_what_it_must),
        cmocka_unit_test(test_json_keeps_utf8),
        cmocka_unit_test(test_json_replaces_what_is_not_utf8),
        cmocka_unit_test(test_nearest_finds_small_slips),
        cmocka_unit_test(test_nearest_prefers_the_closest),
        cmocka_unit_test(test_nearest_gives_up_on_other_words),
        cmocka_unit_test(test_nearest_survives_long_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
