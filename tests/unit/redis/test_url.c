/* SPDX-License-Identifier: Apache-2.0
 * test_url.c - where a Redis is, and what is wrong with a URL, without its password.
 */
#include "unit.h"

#include <stdio.h>

#include "redis/url.h"

static struct ln_redis_url url;
static struct ln_err err;

static const char *parse(const char *text)
{
    return ln_redis_url_parse(ln_slice_of(text), &url, &err) == 0 ? url.label : NULL;
}

static void test_places(void **state)
{
    (void)state;
    assert_string_equal(parse("redis://localhost"), "redis://localhost:6379/0");
    assert_string_equal(parse("redis://localhost:7000/2"), "redis://localhost:7000/2");
    assert_string_equal(parse("redis://[::1]:7000"), "redis://[::1]:7000/0");
    assert_string_equal(url.at[0].host, "::1");
    assert_string_equal(parse("redis://"), "redis://localhost:6379/0");
    assert_string_equal(parse("redis://db/"), "redis://db:6379/0");
    assert_string_equal(parse("unix:/run/redis.sock"), "unix:/run/redis.sock");
    assert_string_equal(parse("unix:///run/redis.sock?db=4"), "unix:/run/redis.sock");
    assert_int_equal(url.db, 4);
}

static void test_users(void **state)
{
    (void)state;
    assert_string_equal(parse("redis://anna:p%40s%2Fs@db:1/1"), "redis://db:1/1");
    assert_string_equal(url.user, "anna");
    assert_string_equal(url.password, "p@s/s");
    assert_string_equal(parse("redis://:secret@db"), "redis://db:6379/0");
    assert_string_equal(url.user, "");
    assert_string_equal(url.password, "secret");
    assert_string_equal(parse("redis://anna:a@b:c@db"), "redis://db:6379/0");
    assert_string_equal(url.password, "a@b:c");
}

static void test_sentinels(void **state)
{
    (void)state;
    assert_string_equal(parse("redis-sentinel://a,b:7000,[::1]/main"),
                        "redis-sentinel://a:26379,b:7000,[::1]:26379/main");
    assert_int_equal(url.way, LN_REDIS_BY_SENTINEL);
    assert_int_equal(url.count, 3);
    assert_string_equal(url.at[2].host, "::1");
    assert_int_equal(url.at[1].port, 7000);
    assert_string_equal(url.master, "main");
    assert_int_equal(url.db, 0);
    assert_non_null(parse("redis-sentinel://u:p@a/my%2fmain/3?sentinelPassword=s%3Dp"));
    assert_string_equal(url.master, "my/main");
    assert_int_equal(url.db, 3);
    assert_string_equal(url.user, "u");
    assert_string_equal(url.password, "p");
    assert_string_equal(url.sentinel_password, "s=p");
}

static void test_clusters(void **state)
{
    struct ln_redis_url one;

    (void)state;
    assert_string_equal(parse("redis-cluster://:secret@a,b:7000"), "redis-cluster://a:6379,b:7000");
    assert_int_equal(url.way, LN_REDIS_BY_CLUSTER);
    assert_int_equal(url.count, 2);
    ln_redis_url_of(&url, &url.at[1], &one);
    assert_string_equal(one.label, "redis://b:7000/0");
    assert_string_equal(one.password, "secret");
    assert_int_equal(one.way, LN_REDIS_DIRECT);
}

static void test_labels_of_many_end_somewhere(void **state)
{
    char text[1024] = "redis-cluster://";

    (void)state;
    for (unsigned i = 0; i < 16; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "%sa-rather-long-name-of-a-host-%02u.example.com", i > 0 ? "," : "", i);
    assert_non_null(parse(text));
    assert_int_equal(url.count, 16);
    assert_true(strlen(url.label) < sizeof url.label);
}

static void test_mistakes(void **state)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"rediss://hunter2:hunter2@db", "TLS"},
        {"http://localhost", "expected redis://"},
        {"localhost:6379", "expected redis://"},
        {"", "expected redis://"},
        {"redis://:hunter2@db:0", "port"},
        {"redis://:hunter2@db:70000", "port"},
        {"redis://:hunter2@db:x", "port"},
        {"redis://:hunter2@db/x", "database"},
        {"redis://:hunter2@db/0?a=b", "no ?options"},
        {"redis://hunter2@db", "needs a password too"},
        {"redis://:hunter2%zz@db", "%-encoded"},
        {"redis://:hunter2%0@db", "%-encoded"},
        {"redis://[::1", "expected redis://"},
        {"redis://[::1]x", "expected redis://"},
        {"redis://a b", "expected redis://"},
        {"unix:redis.sock", "absolute path"},
        {"redis-sentinel://a,b", "name of the master is missing"},
        {"redis-sentinel://a/", "name of the master is missing"},
        {"redis-sentinel://:hunter2@a/main/x", "database"},
        {"redis-sentinel://a/main?hunter2=1", "sentinelPassword"},
        {"redis-sentinel://a/main?sentinelPassword=hunter2%", "%-encoded"},
        {"redis-sentinel:///main", "expected redis-sentinel://"},
        {"redis-cluster://:hunter2@a,,b", "expected redis-cluster://"},
        {"redis-cluster://:hunter2@a,b:0", "port"},
        {"redis-cluster://:hunter2@a/1", "one database"},
        {"redis-cluster://:hunter2@", "expected redis-cluster://"},
        {"redis-cluster://a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", "at most 16 hosts"},
        {"unix:/a?x=1", "expected redis://"},
        {"unix:/a?db=x", "database"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(parse(cases[i].text));
        if (strstr(err.text, cases[i].part) == NULL)
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_null(strstr(err.text, "hunter2"));
    }
}

static void test_what_is_too_long(void **state)
{
    char text[2000];

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "redis://", 8);
    text[1999] = '\0';
    assert_null(parse(text));
    text[1000] = '\0';
    assert_null(parse(text));
    memcpy(text, "unix:/aa", 8);
    text[200] = '\0';
    assert_null(parse(text));
    text[100] = '\0';
    assert_non_null(parse(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_sentinels),
        cmocka_unit_test(test_clusters),
        cmocka_unit_test(test_labels_of_many_end_somewhere),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_what_is_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
