/* SPDX-License-Identifier: Apache-2.0
 * test_rows_consumer.c - consumers in the file and in one of their own; and no message that shows a
 * secret.
 */
#include "conf/conf_consumer.h"

#include "file.h"

#define GATEWAY "gateway: {port: ':0'}\n"
#define HASH                                                                                       \
    "$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy." \
    "g."
#define A_KEY                                                                                      \
    "expected a key of 8 to 512 visible characters, sha256: with 64 hexadecimal digits, or file: " \
    "with the path of a file that holds one of these"
#define A_HASH                                                                                     \
    "expected a hash as `mkpasswd` or `openssl passwd -6` prints it: $y$, $gy$, $7$, $2b$, $6$ "   \
    "or "                                                                                          \
    "$5$"
#define SOME_DATA "expected a mapping of names to texts of at most 4096 bytes"

static const char all[] = "- name: alice\n"
                          "  keys: [\"alice-key-1\", \"${ALICE_KEY}\", \"file:alice.key\"]\n"
                          "  password: \"" HASH "\"\n"
                          "  groups: [staff, admin]\n"
                          "  limits: { rate: 10/30s, burst: 5 }\n"
                          "  metadata: { plan: gold, seats: 7 }\n"
                          "- name: bob\n"
                          "  keys: sha256:"
                          "2BB80D537B1DA3E38BD30361AA855686BDE0EACD7162FEF6A25FE97BF527A25B\n";

static void judge(const struct ln_conf *conf)
{
    const struct ln_consumer_conf *a = &conf->consumers[0], *b = &conf->consumers[1];

    assert_int_equal(conf->consumer_count, 2);
    assert_string_equal(a->name, "alice");
    assert_int_equal(a->key_count, 3);
    assert_slice(a->keys[0].text, "alice-key-1");
    assert_slice(a->keys[1].text, "from-the-environment");
    assert_slice(a->keys[2].text, "from-a-file");
    assert_string_equal(a->keys[2].file, "alice.key");
    assert_string_equal(a->password, HASH);
    assert_int_equal(a->group_count, 2);
    assert_string_equal(a->groups[1], "admin");
    assert_int_equal(a->limits.count, 10);
    assert_int_equal(a->limits.per, 30000);
    assert_int_equal(a->limits.burst, 5);
    assert_int_equal(a->metadata_count, 2);
    assert_string_equal(a->metadata[1].name, "seats");
    assert_string_equal(a->metadata[1].value, "7");
    assert_int_equal(b->key_count, 1);
    assert_true(b->keys[0].is_digest);
    assert_int_equal(b->keys[0].text.n, 32);
    assert_memory_equal(b->keys[0].text.p, "\x2b\xb8\x0d\x53", 4);
    assert_string_equal(b->password, "");
    assert_int_equal(b->limits.count, 0);
}

static void test_a_list(void **state)
{
    struct load l;
    struct ln_text yaml;

    (void)state;
    setenv("ALICE_KEY", "from-the-environment", 1);
    write_file("alice.key", "from-a-file\n");
    ln_text_init(&yaml);
    ln_text_puts(&yaml, GATEWAY "consumers:\n");
    ln_text_puts(&yaml, all);
    load_good(&l, yaml.p);
    judge(l.conf);
    assert_null(l.conf->consumers_file);
    load_end(&l);
    ln_text_fini(&yaml);
}

static void test_a_file(void **state)
{
    struct load l;

    (void)state;
    write_file("consumers.yaml", all);
    load_good(&l, GATEWAY "consumers: { file: consumers.yaml }\n");
    judge(l.conf);
    assert_string_equal(l.conf->consumers_file, "consumers.yaml");
    load_end(&l);
    load_good(&l, GATEWAY "consumers: []\n");
    assert_int_equal(l.conf->consumer_count, 0);
    load_end(&l);
}

static void test_files_that_are_none(void **state)
{
    (void)state;
    assert_refused(
        GATEWAY "consumers: { file: none.yaml }\n",
        "gateway.yaml:2:20: consumers: cannot read none.yaml: No such file or directory\n");
    write_file("bad.yaml", "");
    assert_refused(GATEWAY "consumers: { file: bad.yaml }\n",
                   "bad.yaml:1:1: the file is empty, expected a list of consumers\n");
    write_file("bad.yaml", "name: alice\n");
    assert_refused(
        GATEWAY "consumers: { file: bad.yaml }\n",
        "bad.yaml:1:1: consumers: got a mapping, expected a list of consumers, each with a "
        "name; or file: with the path of such a list\n");
    write_file("bad.yaml", "- name: alice\n  key: secret-key\n- nome: bob\n");
    assert_refused(GATEWAY "consumers: { file: bad.yaml }\n",
                   "bad.yaml:2:3: consumers[0].key: unknown key, did you mean \"keys\"?\n"
                   "bad.yaml:3:3: consumers[1].nome: unknown key, did you mean \"name\"?\n"
                   "bad.yaml:3:3: consumers[1].name: missing, expected 1 to 128 visible characters "
                   "without \" \\ , : and ;\n");
    write_file("bad.yaml", "- secret-key\n");
    assert_refused(GATEWAY "consumers: { file: bad.yaml }\n",
                   "bad.yaml:1:3: consumers[0]: not a consumer, expected a mapping with a name\n");
}

/* Not what was written, nor a part of it. */
static void test_no_message_shows_a_secret(void **state)
{
    static const char *const rows[][2] = {
        {"keys: hush", ":2:29: consumers[0].keys: not a key, " A_KEY "\n"},
        {"keys: ['hush hush hush']", ":2:30: consumers[0].keys[0]: not a key, " A_KEY "\n"},
        {"keys: [['hush-hush-hush']]", ":2:30: consumers[0].keys[0]: not a key, " A_KEY "\n"},
        {"keys: 'sha256:hush-hush'", ":2:29: consumers[0].keys: not a key, " A_KEY "\n"},
        {"password: hush-hush-hush",
         ":2:33: consumers[0].password: not the hash of a password, " A_HASH "\n"},
        {"password: '$1$salt$hush-hush-hush-hush-hush-hush-hush'",
         ":2:33: consumers[0].password: not the hash of a password, " A_HASH "\n"},
        {"password: ['hush-hush']",
         ":2:33: consumers[0].password: not the hash of a password, " A_HASH "\n"},
        {"keys: 'file:hush.key'", ":2:29: consumers[0].keys: not a key, " A_KEY "\n"},
        {"keys: 'file:nowhere.key'",
         ":2:29: consumers[0].keys: cannot read nowhere.key: No such file or directory\n"},
        {"metadata: hush-hush", ":2:33: consumers[0].metadata: not metadata, " SOME_DATA "\n"},
        {"metadata: { token: [hush-hush] }",
         ":2:42: consumers[0].metadata: not metadata, " SOME_DATA "\n"},
    };

    (void)state;
    write_file("hush.key", "hush\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char yaml[256], report[512];

        snprintf(yaml, sizeof yaml, GATEWAY "consumers: [{name: a, %s}]\n", rows[i][0]);
        snprintf(report, sizeof report, "gateway.yaml%s", rows[i][1]);
        assert_refused(yaml, report);
    }
}

#define X10 "abcdefghij"
#define X43 X10 X10 X10 X10 "abc"
#define X53 X10 X43
#define X86 X43 X43

static void test_hashes(void **state)
{
    static const char *const good[] = {"$y$j9T$salt$" X43,
                                       "$gy$j9T$salt$" X43,
                                       "$y$jFT$salt$" X43,
                                       "$y$j75$salt$" X43,
                                       "$gy$jFT$salt$" X43,
                                       "$7$CU..../....salt$" X43,
                                       "$7$GU..../....salt$" X43,
                                       "$7$C6..../....salt$" X43,
                                       "$6$salt$" X86,
                                       "$6$rounds=5000$salt$" X86,
                                       "$5$salt$" X43,
                                       "$2b$12$" X53,
                                       "$2y$04$" X53,
                                       "$2a$17$" X53};
    static const char *const bad[] = {"$y$j9T$salt$" X10,
                                      "$6$salt$" X43,
                                      "$6$salt$" X86 "a",
                                      "$5$rounds=10000001$salt$" X43,
                                      "$5$rounds=x$salt$" X43,
                                      "$2b$18$" X53,
                                      "$2b$03$" X53,
                                      "$2b$12$" X43,
                                      "$2x$12$" X53,
                                      "$1$salt$" X10 X10 "ab",
                                      "$9$salt$" X43,
                                      "abJnggxhB/yWI",
                                      "$6$",
                                      "$y$" X43,
                                      "$y$$salt$" X43,
                                      "$y$jGT$salt$" X43,
                                      "$y$jLT$salt$" X43,
                                      "$y$jFU$salt$" X43,
                                      "$y$jF.T$salt$" X43,
                                      "$gy$jGT$salt$" X43,
                                      "$7$HU..../....salt$" X43,
                                      "$7$CV..../....salt$" X43,
                                      "$7$CU/.../....salt$" X43,
                                      "$7$CU....0....salt$" X43,
                                      "$7$CU$salt$" X43,
                                      "$6$salt$" X43 X10 X10 X10 X10 "ab!",
                                      ""};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0] + sizeof bad / sizeof bad[0]; i++) {
        size_t n = sizeof good / sizeof good[0];
        const char *hash = i < n ? good[i] : bad[i - n];
        char yaml[256];
        struct load l;

        snprintf(yaml, sizeof yaml, GATEWAY "consumers: [{name: a, password: '%s'}]\n", hash);
        load_text(&l, yaml);
        if ((l.conf != NULL) != (i < n || hash[0] == '\0'))
            fail_msg("%s", hash);
        load_end(&l);
    }
}

static void test_equal_names(void **state)
{
    (void)state;
    assert_refused(GATEWAY "consumers: [{name: a}, {name: b}, {name: a}]\n",
                   "gateway.yaml:2:35: consumers: two consumers named \"a\", the first at "
                   "gateway.yaml:2:13\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_list),
        cmocka_unit_test(test_a_file),
        cmocka_unit_test(test_files_that_are_none),
        cmocka_unit_test(test_no_message_shows_a_secret),
        cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_equal_names),
    };

    return cmocka_run_group_tests(tests, folder_open, folder_close);
}
