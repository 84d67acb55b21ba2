/* SPDX-License-Identifier: Apache-2.0
 * test_consumers.c - the table of consumers: found by key and name, the same after its way through
 * a bundle, and refused when it is damaged.
 */
#include "auth/consumers.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf/bundle.h"
#include "unit.h"

struct place {
    struct ln_bundle *bundle;
    struct ln_diag diag;
    struct ln_conf conf;
    struct ln_consumers *table;
};

static const char *staff[] = {"staff", "admin"};
static struct ln_datum_conf data[] = {{"plan", "gold"}, {"seats", ""}};

static struct ln_key_conf key_of(const char *text)
{
    return (struct ln_key_conf){.text = ln_slice_of(text), .place = {"gateway.yaml", 7, 3}};
}

static void open_place(struct place *p, struct ln_consumer_conf *consumers, unsigned count)
{
    *p = (struct place){.bundle = ln_bundle_record(),
                        .conf = {.consumers = consumers, .consumer_count = count}};
    ln_diag_init(&p->diag);
    p->table = ln_consumers_load(&p->conf, p->bundle, &p->diag);
}

static void close_place(struct place *p)
{
    ln_consumers_free(p->table);
    ln_bundle_free(p->bundle);
    ln_diag_fini(&p->diag);
}

static struct ln_slice who(struct place *p, const char *key)
{
    const struct ln_consumer *c = ln_consumers_by_key(p->table, ln_slice_of(key));

    return c != NULL ? ln_consumer_name(p->table, c) : LN_SLICE("nobody");
}

static void judge(struct place *p)
{
    const struct ln_consumer *c;
    struct ln_consumer_limits limits;
    struct ln_slice name, value;

    assert_int_equal(ln_consumers_count(p->table), 2);
    assert_slice(who(p, "alice-key-1"), "alice");
    assert_slice(who(p, "alice-key-2"), "alice");
    assert_slice(who(p, "abc"), "bob"); /* by its digest */
    assert_slice(who(p, "alice-key"), "nobody");
    assert_slice(who(p, "alice-key-11"), "nobody");
    assert_slice(who(p, ""), "nobody");
    c = ln_consumers_by_name(p->table, LN_SLICE("alice"));
    assert_non_null(c);
    assert_slice(ln_consumer_group(p->table, c, 0), "staff");
    assert_slice(ln_consumer_group(p->table, c, 1), "admin");
    assert_null(ln_consumer_group(p->table, c, 2).p);
    assert_true(ln_consumer_datum(p->table, c, 1, &name, &value));
    assert_slice(name, "seats");
    assert_slice(value, "");
    assert_false(ln_consumer_datum(p->table, c, 2, &name, &value));
    ln_consumer_limits(c, &limits);
    assert_int_equal(limits.count, 10);
    assert_int_equal(limits.per, 1000);
    assert_int_equal(limits.burst, 5);
    c = ln_consumers_by_name(p->table, LN_SLICE("bob"));
    assert_non_null(c);
    assert_null(ln_consumer_group(p->table, c, 0).p);
    ln_consumer_limits(c, &limits);
    assert_int_equal(limits.count, 0);
    assert_null(ln_consumers_by_name(p->table, LN_SLICE("alic")));
    for (unsigned i = 0; i < ln_consumers_count(p->table); i++) {
        c = ln_consumers_at(p->table, i);
        assert_ptr_equal(ln_consumers_by_name(p->table, ln_consumer_name(p->table, c)), c);
    }
    assert_null(ln_consumers_at(p->table, ln_consumers_count(p->table)));
    assert_null(ln_consumers_by_name(p->table, LN_SLICE("")));
}

/* SHA-256 of "abc" */
static const char abc[] = "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23"
                          "\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad";

static void two_consumers(struct ln_consumer_conf out[2], struct ln_key_conf keys[3])
{
    keys[0] = key_of("alice-key-1");
    keys[1] = key_of("alice-key-2");
    keys[2] = (struct ln_key_conf){.text = ln_slice(abc, 32), .is_digest = true};
    out[0] = (struct ln_consumer_conf){.name = "alice",
                                       .keys = keys,
                                       .key_count = 2,
                                       .password = "$6$alice",
                                       .groups = staff,
                                       .group_count = 2,
                                       .limits = {10, 1000, 5},
                                       .metadata = data,
                                       .metadata_count = 2};
    out[1] =
        (struct ln_consumer_conf){.name = "bob", .keys = keys + 2, .key_count = 1, .password = ""};
}

static void test_keys_and_names(void **state)
{
    struct ln_consumer_conf consumers[2];
    struct ln_key_conf keys[3];
    struct place p;

    (void)state;
    two_consumers(consumers, keys);
    open_place(&p, consumers, 2);
    assert_int_equal(p.diag.errors, 0);
    judge(&p);
    close_place(&p);
}

/* As from the checker to a worker, where the configuration has no consumers any more. */
static void test_the_way_through_a_bundle(void **state)
{
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    struct ln_consumer_conf consumers[2];
    struct ln_key_conf keys[3];
    struct ln_slice bytes;
    struct place p;
    struct ln_err err;

    (void)state;
    two_consumers(consumers, keys);
    open_place(&p, consumers, 2);
    assert_int_equal(ln_bundle_save(p.bundle, fd, &err), 0);
    close_place(&p);
    p = (struct place){.bundle = ln_bundle_replay(fd, &err)};
    assert_non_null(p.bundle);
    assert_true(ln_bundle_made(p.bundle, LN_CONSUMERS_MADE, &bytes));
    assert_null(memmem(bytes.p, bytes.n, "alice-key", 9));
    ln_diag_init(&p.diag);
    p.table = ln_consumers_load(&p.conf, p.bundle, &p.diag);
    assert_int_equal(p.diag.errors, 0);
    judge(&p);
    close_place(&p);
    close(fd);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static uint64_t record(const char *consumers, const char *key, int fd)
{
    struct ln_bundle *b = ln_bundle_record();
    struct ln_diag diag;
    struct ln_err err;

    write_file("gateway.yaml", "gateway: {port: ':0'}\nconsumers: {file: consumers.yaml}\n");
    write_file("consumers.yaml", consumers);
    write_file("alice.key", key);
    ln_diag_init(&diag);
    struct ln_conf *conf = ln_conf_load(b, "gateway.yaml", &diag);

    assert_non_null(conf);
    ln_consumers_free(ln_consumers_load(conf, b, &diag));
    assert_int_equal(diag.errors, 0);
    if (fd >= 0)
        assert_int_equal(ln_bundle_save(b, fd, &err), 0);
    uint64_t hash = ln_bundle_hash(b);

    ln_conf_free(conf);
    ln_bundle_free(b);
    ln_diag_fini(&diag);
    return hash;
}

/* Neither the keys nor the files that they were in, which are watched all the same; and each change
 * makes another bundle. */
static void test_no_key_is_in_a_bundle(void **state)
{
    static const char file[] = "[{name: alice, keys: [secret-key-1, 'file:alice.key']}]";
    char folder[] = "/tmp/lunette-unit-XXXXXX", image[65536];
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    struct ln_slice bytes;
    struct place p = {0};
    struct ln_err err;
    unsigned at = 0, seen = 0;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    uint64_t hash = record(file, "secret-key-2\n", fd);
    ssize_t n = pread(fd, image, sizeof image, 0);

    assert_true(n > 0 && n < (ssize_t)sizeof image);
    assert_null(memmem(image, (size_t)n, "secret-key", 10));
    p.bundle = ln_bundle_replay(fd, &err);
    ln_diag_init(&p.diag);
    struct ln_conf *conf = ln_conf_load(p.bundle, "gateway.yaml", &p.diag);

    assert_non_null(conf);
    assert_int_equal(conf->consumer_count, 0);
    p.table = ln_consumers_load(conf, p.bundle, &p.diag);
    assert_slice(who(&p, "secret-key-1"), "alice");
    assert_slice(who(&p, "secret-key-2"), "alice");
    assert_int_equal(ln_bundle_read(p.bundle, "consumers.yaml", &bytes, &err), 0);
    assert_int_equal(bytes.n, 0);
    for (const char *path; (path = ln_bundle_next_path(p.bundle, &at)) != NULL;)
        seen += strcmp(path, "consumers.yaml") == 0 || strcmp(path, "alice.key") == 0;
    assert_int_equal(seen, 2);
    ln_conf_free(conf);
    close_place(&p);
    close(fd);
    assert_true(record(file, "secret-key-2\n", -1) == hash);
    assert_true(record(file, "secret-key-3\n", -1) != hash);
    assert_true(record("[{name: bob, keys: secret-key-1}]", "secret-key-2\n", -1) != hash);
    unlink("gateway.yaml");
    unlink("consumers.yaml");
    unlink("alice.key");
    assert_int_equal(chdir("/"), 0);
    rmdir(folder);
}

static void test_one_key_of_two(void **state)
{
    struct ln_key_conf keys[2] = {key_of("the-same-key"), key_of("the-same-key")};
    struct ln_consumer_conf consumers[2] = {
        {.name = "alice", .keys = keys, .key_count = 1, .password = ""},
        {.name = "bob", .keys = keys + 1, .key_count = 1, .password = ""}};
    struct ln_text text;
    struct place p;

    (void)state;
    open_place(&p, consumers, 2);
    ln_text_init(&text);
    ln_diag_print(&p.diag, &text);
    assert_string_equal(text.p,
                        "gateway.yaml:7:3: consumers: a key of \"bob\" is one of \"alice\" too\n");
    ln_text_fini(&text);
    close_place(&p);
}

static void test_nobody(void **state)
{
    struct place p;
    bool real = true;

    (void)state;
    open_place(&p, NULL, 0);
    assert_slice(who(&p, "alice-key-1"), "nobody");
    assert_null(ln_consumers_by_name(p.table, LN_SLICE("alice")));
    assert_null(ln_consumers_password(p.table, LN_SLICE("alice"), &real).p);
    assert_false(real);
    close_place(&p);
}

/* Who tries names finds a hash to be judged by for each, and always the same. */
static void test_decoys(void **state)
{
    struct ln_consumer_conf consumers[3] = {{.name = "alice", .password = "$6$alice"},
                                            {.name = "bob", .password = ""},
                                            {.name = "carol", .password = "$2b$carol"}};
    unsigned seen[2] = {0};
    struct place p;
    bool real;

    (void)state;
    open_place(&p, consumers, 3);
    assert_slice(ln_consumers_password(p.table, LN_SLICE("carol"), &real), "$2b$carol");
    assert_true(real);
    for (unsigned i = 0; i < 200; i++) {
        char name[16];

        snprintf(name, sizeof name, "name-%u", i);
        struct ln_slice one = ln_consumers_password(p.table, ln_slice_of(name), &real);

        assert_false(real);
        assert_true(ln_slice_eq(one, ln_consumers_password(p.table, ln_slice_of(name), &real)));
        seen[ln_slice_eq(one, LN_SLICE("$6$alice"))]++;
    }
    assert_true(seen[0] > 50 && seen[1] > 50);
    assert_non_null(ln_consumers_password(p.table, LN_SLICE("bob"), &real).p);
    assert_false(real);
    close_place(&p);
}

/* Every byte of the table changed in turn: refused, or harmless. */
static void test_damaged_tables(void **state)
{
    struct ln_consumer_conf consumers[2];
    struct ln_key_conf keys[3];
    struct ln_slice bytes;
    struct place p;

    (void)state;
    two_consumers(consumers, keys);
    open_place(&p, consumers, 2);
    assert_true(ln_bundle_made(p.bundle, LN_CONSUMERS_MADE, &bytes));
    for (size_t i = 0; i < 8 * bytes.n; i++) {
        struct place q = {.bundle = ln_bundle_record()};
        char *copy = malloc(bytes.n);
        bool real;

        memcpy(copy, bytes.p, bytes.n);
        copy[i / 8] = (char)(copy[i / 8] ^ 1 << i % 8);
        ln_bundle_make(q.bundle, LN_CONSUMERS_MADE, ln_slice(copy, bytes.n - (i % 64 == 63)));
        ln_diag_init(&q.diag);
        q.table = ln_consumers_load(&q.conf, q.bundle, &q.diag);
        who(&q, "alice-key-1");
        ln_consumers_password(q.table, LN_SLICE("nobody"), &real);
        const struct ln_consumer *c = ln_consumers_by_name(q.table, LN_SLICE("alice"));

        for (unsigned g = 0; c != NULL && g < 4; g++)
            ln_consumer_group(q.table, c, g);
        free(copy);
        close_place(&q);
    }
    judge(&p);
    close_place(&p);
}

static void test_a_hundred_thousand(void **state)
{
    enum { MANY = 100000 };
    struct ln_consumer_conf *consumers = calloc(MANY, sizeof *consumers);
    struct ln_key_conf *keys = calloc(MANY, sizeof *keys);
    char(*texts)[2][24] = calloc(MANY, sizeof *texts);
    struct place p;

    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(texts[i][0], sizeof texts[i][0], "consumer-%u", i);
        snprintf(texts[i][1], sizeof texts[i][1], "key-of-%u", i);
        keys[i] = key_of(texts[i][1]);
        consumers[i] = (struct ln_consumer_conf){
            .name = texts[i][0], .keys = &keys[i], .key_count = 1, .password = ""};
    }
    open_place(&p, consumers, MANY);
    assert_int_equal(p.diag.errors, 0);
    for (unsigned i = 0; i < MANY; i += 97)
        assert_slice(who(&p, texts[i][1]), texts[i][0]);
    assert_slice(who(&p, "key-of-100000"), "nobody");
    close_place(&p);
    free(consumers);
    free(keys);
    free(texts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_and_names),
        cmocka_unit_test(test_the_way_through_a_bundle),
        cmocka_unit_test(test_no_key_is_in_a_bundle),
        cmocka_unit_test(test_one_key_of_two),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_decoys),
        cmocka_unit_test(test_damaged_tables),
        cmocka_unit_test(test_a_hundred_thousand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
