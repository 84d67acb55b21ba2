/* SPDX-License-Identifier: Apache-2.0
 * test_bundle.c - facts are recorded once, saved, and come back the same; a damaged image is
 * refused.
 */
#include "conf/bundle.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include "base/rand.h"
#include "file.h"

static void assert_text(struct ln_bundle *b, const char *path, const char *text)
{
    struct ln_slice bytes;
    struct ln_err err;

    assert_int_equal(ln_bundle_read(b, path, &bytes, &err), 0);
    assert_slice(bytes, text);
}

static void assert_unreadable(struct ln_bundle *b, const char *path, const char *why)
{
    struct ln_slice bytes;
    struct ln_err err;

    assert_int_equal(ln_bundle_read(b, path, &bytes, &err), -1);
    assert_string_equal(err.text, why);
}

static void assert_names(const char *const *names, const char *joined)
{
    char seen[256] = "";

    for (; *names != NULL; names++) {
        strcat(seen, *names);
        strcat(seen, " ");
    }
    assert_string_equal(seen, joined);
}

static void test_reads_a_file_once(void **state)
{
    struct ln_bundle *b = ln_bundle_record();

    (void)state;
    write_file("a.txt", "one");
    assert_text(b, "a.txt", "one");
    write_file("a.txt", "two");
    assert_text(b, "a.txt", "one");
    ln_bundle_free(b);
    b = ln_bundle_record();
    assert_text(b, "a.txt", "two");
    ln_bundle_free(b);
}

static void test_says_why_a_file_is_unreadable(void **state)
{
    struct ln_bundle *b = ln_bundle_record();

    (void)state;
    mkdir("folder", 0700);
    mkfifo("fifo", 0600);
    assert_unreadable(b, "none", "cannot read none: No such file or directory");
    assert_unreadable(b, "folder", "cannot read folder: not a regular file");
    assert_unreadable(b, "fifo", "cannot read fifo: not a regular file"); /* and nothing waits */
    write_file("empty", "");
    assert_text(b, "empty", "");
    ln_bundle_free(b);
}

static void test_refuses_more_than_16_mib(void **state)
{
    struct ln_bundle *b = ln_bundle_record();
    struct ln_slice bytes;

    (void)state;
    write_file("large", "");
    assert_int_equal(truncate("large", (16 << 20) + 1), 0);
    assert_unreadable(b, "large", "cannot read large: larger than 16 MiB");
    ln_bundle_free(b);
    b = ln_bundle_record();
    assert_int_equal(truncate("large", 16 << 20), 0);
    assert_int_equal(ln_bundle_read(b, "large", &bytes, NULL), 0);
    assert_int_equal(bytes.n, 16 << 20);
    assert_int_equal(unlink("large"), 0);
    ln_bundle_free(b);
}

static void make_folder(void)
{
    mkdir("routes", 0700);
    write_file("routes/b.lua", "");
    write_file("routes/a.lua", "");
    write_file("routes/.hidden.lua", "");
    write_file("routes/a.txt", "");
    write_file("routes/lua", "");
}

static void test_lists_a_folder_sorted(void **state)
{
    struct ln_bundle *b = ln_bundle_record();

    (void)state;
    make_folder();
    assert_names(ln_bundle_list(b, "routes", ".lua"), "a.lua b.lua ");
    assert_names(ln_bundle_list(b, "routes", ".txt"), "a.txt ");
    assert_names(ln_bundle_list(b, "routes", ""), "a.lua a.txt b.lua lua ");
    assert_names(ln_bundle_list(b, "none", ".lua"), "");
    assert_true(ln_bundle_is_dir(b, "routes"));
    assert_false(ln_bundle_is_dir(b, "routes/a.lua"));
    assert_false(ln_bundle_is_dir(b, "none"));
    ln_bundle_free(b);
}

static void test_a_list_stays_as_it_was(void **state)
{
    struct ln_bundle *b = ln_bundle_record();

    (void)state;
    make_folder();
    assert_names(ln_bundle_list(b, "routes", ".lua"), "a.lua b.lua ");
    write_file("routes/c.lua", "");
    assert_names(ln_bundle_list(b, "routes", ".lua"), "a.lua b.lua ");
    unlink("routes/c.lua");
    ln_bundle_free(b);
}

static void assert_resolves(struct ln_bundle *b, const char *host, unsigned port,
                            const char *printed)
{
    const struct ln_addr *addrs;
    char out[LN_ADDR_TEXT];

    assert_int_equal(ln_bundle_resolve(b, host, port, &addrs, NULL), 1);
    assert_string_equal(ln_addr_print(&addrs[0], out), printed);
}

static void test_literals_resolve_to_themselves(void **state)
{
    struct ln_bundle *b = ln_bundle_record();

    (void)state;
    assert_resolves(b, "192.0.2.1", 80, "192.0.2.1:80");
    assert_resolves(b, "192.0.2.1", 81, "192.0.2.1:81");
    assert_resolves(b, "2001:db8::1", 80, "[2001:db8::1]:80");
    ln_bundle_free(b);
}

static void test_localhost_resolves_with_each_port(void **state)
{
    struct ln_bundle *b = ln_bundle_record();
    const struct ln_addr *addrs;
    char out[LN_ADDR_TEXT];
    unsigned n = ln_bundle_resolve(b, "localhost", 8081, &addrs, NULL);

    (void)state;
    assert_in_range(n, 1, 16);
    for (unsigned i = 0; i < n; i++)
        assert_non_null(strstr(ln_addr_print(&addrs[i], out), ":8081"));
    assert_int_equal(ln_bundle_resolve(b, "localhost", 8082, &addrs, NULL), n);
    assert_non_null(strstr(ln_addr_print(&addrs[0], out), ":8082"));
    ln_bundle_free(b);
}

static void test_a_name_without_addresses(void **state)
{
    struct ln_bundle *b = ln_bundle_record();
    const struct ln_addr *addrs;
    struct ln_err err;

    (void)state;
    assert_int_equal(ln_bundle_resolve(b, NO_HOST, 80, &addrs, &err), 0);
    assert_non_null(strstr(err.text, "cannot resolve \"" NO_HOST "\": "));
    assert_int_equal(ln_bundle_resolve(b, "127.0.0.1", 80, &addrs, &err), 1);
    ln_bundle_free(b);
}

static void test_variables_are_recorded(void **state)
{
    struct ln_bundle *b = ln_bundle_record();

    (void)state;
    setenv("LN_UNIT", "one", 1);
    unsetenv("LN_UNIT_NONE");
    assert_string_equal(ln_bundle_env(b, "LN_UNIT"), "one");
    assert_null(ln_bundle_env(b, "LN_UNIT_NONE"));
    setenv("LN_UNIT", "two", 1);
    setenv("LN_UNIT_NONE", "now", 1);
    assert_string_equal(ln_bundle_env(b, "LN_UNIT"), "one");
    assert_null(ln_bundle_env(b, "LN_UNIT_NONE"));
    unsetenv("LN_UNIT_NONE");
    ln_bundle_free(b);
}

/* One fact of each kind, there and not there. */
static struct ln_bundle *record_all(void)
{
    struct ln_bundle *b = ln_bundle_record();
    const struct ln_addr *addrs;
    struct ln_slice bytes;

    make_folder();
    write_bytes("a.txt", "x\0y", 3);
    setenv("LN_UNIT", "one", 1);
    unsetenv("LN_UNIT_NONE");
    ln_bundle_read(b, "a.txt", &bytes, NULL);
    ln_bundle_read(b, "none", &bytes, NULL);
    ln_bundle_is_dir(b, "routes");
    ln_bundle_is_dir(b, "none");
    ln_bundle_list(b, "routes", ".lua");
    ln_bundle_list(b, "none", ".lua");
    ln_bundle_resolve(b, "localhost", 80, &addrs, NULL);
    ln_bundle_resolve(b, NO_HOST, 80, &addrs, NULL);
    ln_bundle_env(b, "LN_UNIT");
    ln_bundle_env(b, "LN_UNIT_NONE");
    return b;
}

static struct ln_bundle *replay(const struct ln_bundle *b)
{
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    struct ln_err err;

    assert_true(fd >= 0);
    assert_int_equal(ln_bundle_save(b, fd, &err), 0);

    struct ln_bundle *copy = ln_bundle_replay(fd, &err);

    assert_non_null(copy);
    close(fd);
    return copy;
}

static void test_replays_what_was_recorded(void **state)
{
    struct ln_bundle *b = record_all(), *copy = replay(b);
    const struct ln_addr *addrs, *again;
    struct ln_slice bytes;

    (void)state;
    write_file("a.txt", "changed");
    unsetenv("LN_UNIT");
    assert_int_equal(ln_bundle_read(copy, "a.txt", &bytes, NULL), 0);
    assert_int_equal(bytes.n, 3);
    assert_memory_equal(bytes.p, "x\0y", 3);
    assert_unreadable(copy, "none", "cannot read none: No such file or directory");
    assert_true(ln_bundle_is_dir(copy, "routes"));
    assert_false(ln_bundle_is_dir(copy, "none"));
    assert_names(ln_bundle_list(copy, "routes", ".lua"), "a.lua b.lua ");
    assert_names(ln_bundle_list(copy, "none", ".lua"), "");
    unsigned n = ln_bundle_resolve(b, "localhost", 7, &addrs, NULL);
    assert_int_equal(ln_bundle_resolve(copy, "localhost", 7, &again, NULL), n);
    assert_memory_equal(addrs, again, n * sizeof *addrs);
    assert_int_equal(ln_bundle_resolve(copy, NO_HOST, 80, &addrs, NULL), 0);
    assert_string_equal(ln_bundle_env(copy, "LN_UNIT"), "one");
    assert_null(ln_bundle_env(copy, "LN_UNIT_NONE"));
    ln_bundle_free(copy);
    ln_bundle_free(b);
}

static void test_replaying_knows_nothing_else(void **state)
{
    struct ln_bundle *b = record_all(), *copy = replay(b);
    const struct ln_addr *addrs;
    struct ln_err err;

    (void)state;
    write_file("new.txt", "x");
    mkdir("folder", 0700);
    setenv("LN_UNIT_NEW", "x", 1);
    assert_unreadable(copy, "new.txt", "cannot read new.txt: it was not recorded");
    assert_false(ln_bundle_is_dir(copy, "folder"));
    assert_names(ln_bundle_list(copy, "routes", ".txt"), "");
    assert_null(ln_bundle_env(copy, "LN_UNIT_NEW"));
    assert_int_equal(ln_bundle_resolve(copy, "ip6-localhost", 80, &addrs, &err), 0);
    assert_string_equal(err.text, "cannot resolve \"ip6-localhost\": it was not recorded");
    assert_int_equal(ln_bundle_resolve(copy, "127.0.0.1", 80, &addrs, &err), 1);
    ln_bundle_free(copy);
    ln_bundle_free(b);
}

static void test_hash_names_the_contents(void **state)
{
    struct ln_bundle *a = record_all(), *b = record_all(), *copy = replay(a);
    struct ln_slice bytes;

    (void)state;
    assert_true(ln_bundle_hash(a) == ln_bundle_hash(b));
    assert_true(ln_bundle_hash(a) == ln_bundle_hash(copy));
    write_file("more", "x");
    ln_bundle_read(b, "more", &bytes, NULL);
    assert_true(ln_bundle_hash(a) != ln_bundle_hash(b));
    write_file("more", "y");
    ln_bundle_read(a, "more", &bytes, NULL);
    assert_true(ln_bundle_hash(a) != ln_bundle_hash(b));
    ln_bundle_free(copy);
    ln_bundle_free(b);
    ln_bundle_free(a);
}

static void test_paths_to_watch(void **state)
{
    struct ln_bundle *b = record_all();
    unsigned at = 0, n = 0;
    const char *path;

    (void)state;
    while ((path = ln_bundle_next_path(b, &at)) != NULL)
        assert_non_null(strstr("a.txt none routes none routes none", path)), n++;
    assert_int_equal(n, 6);
    ln_bundle_free(b);
}

struct image {
    char *p;
    size_t n;
};

static struct image save_image(void)
{
    struct ln_bundle *b = record_all();
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    struct image image;

    assert_int_equal(ln_bundle_save(b, fd, NULL), 0);
    image.n = (size_t)lseek(fd, 0, SEEK_END);
    image.p = malloc(image.n);
    assert_int_equal(pread(fd, image.p, image.n, 0), image.n);
    close(fd);
    ln_bundle_free(b);
    return image;
}

static struct ln_bundle *replay_bytes(const char *p, size_t n, struct ln_err *err)
{
    int fd = memfd_create("bundle", MFD_CLOEXEC);

    assert_int_equal(write(fd, p, n), n);

    struct ln_bundle *b = ln_bundle_replay(fd, err);

    close(fd);
    return b;
}

static void test_a_shortened_image_is_refused(void **state)
{
    struct image image = save_image();
    struct ln_err err;

    (void)state;
    for (size_t n = 0; n < image.n; n++) {
        assert_null(replay_bytes(image.p, n, &err));
        assert_string_equal(err.text, n == 0 ? "the configuration's bundle is empty"
                                             : "the configuration's bundle is damaged");
    }
    struct ln_bundle *b = replay_bytes(image.p, image.n, &err);

    assert_non_null(b);
    ln_bundle_free(b);
    free(image.p);
}

static void test_a_lengthened_image_is_refused(void **state)
{
    struct image image = save_image();
    char *longer = calloc(1, image.n + 64);
    struct ln_err err;

    (void)state;
    memcpy(longer, image.p, image.n);
    assert_null(replay_bytes(longer, image.n + 64, &err));
    uint64_t size = image.n + 64;
    memcpy(longer + 16, &size, 8); /* even if the head agrees */
    assert_null(replay_bytes(longer, image.n + 64, &err));
    free(longer);
    free(image.p);
}

static void test_a_wrong_head_is_refused(void **state)
{
    static const size_t places[] = {0, 8, 12, 16}; /* magic, version, count, size */
    struct image image = save_image();

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        image.p[places[i]]++;
        assert_null(replay_bytes(image.p, image.n, NULL));
        image.p[places[i]]--;
    }
    struct ln_bundle *b = replay_bytes(image.p, image.n, NULL);

    assert_non_null(b);
    ln_bundle_free(b);
    free(image.p);
}

/* Whatever comes back from random damage can be walked; nothing reads outside the image. */
static void test_random_damage_is_harmless(void **state)
{
    struct image image = save_image();
    struct ln_rand rand;

    (void)state;
    ln_rand_init(&rand, 2);
    for (unsigned i = 0; i < 2000; i++) {
        char *copy = malloc(image.n);
        const struct ln_addr *addrs;
        struct ln_slice bytes;
        unsigned at = 0;

        memcpy(copy, image.p, image.n);
        for (uint64_t k = ln_rand_below(&rand, 4) + 1; k > 0; k--)
            copy[ln_rand_below(&rand, image.n)] = (char)ln_rand_next(&rand);

        struct ln_bundle *b = replay_bytes(copy, image.n, NULL);

        free(copy);
        if (b == NULL)
            continue;
        while (ln_bundle_next_path(b, &at) != NULL)
            continue;
        ln_bundle_read(b, "a.txt", &bytes, NULL);
        ln_bundle_list(b, "routes", ".lua");
        ln_bundle_resolve(b, "localhost", 1, &addrs, NULL);
        ln_bundle_env(b, "LN_UNIT");
        ln_bundle_free(b);
    }
    free(image.p);
}

static void test_saving_again_leaves_no_tail(void **state)
{
    struct ln_bundle *large = record_all(), *small = ln_bundle_record();
    int fd = memfd_create("bundle", MFD_CLOEXEC);

    (void)state;
    assert_int_equal(ln_bundle_save(large, fd, NULL), 0);
    assert_int_equal(ln_bundle_save(small, fd, NULL), 0);

    struct ln_bundle *b = ln_bundle_replay(fd, NULL);

    assert_non_null(b);
    ln_bundle_free(b);
    close(fd);
    ln_bundle_free(small);
    ln_bundle_free(large);
}

static void test_saving_to_a_closed_descriptor_fails(void **state)
{
    struct ln_bundle *b = ln_bundle_record();
    struct ln_err err;

    (void)state;
    assert_int_equal(ln_bundle_save(b, -1, &err), -1);
    assert_int_equal(err.code, LN_E_SYS);
    assert_null(ln_bundle_replay(-1, &err));
    ln_bundle_free(b);
    ln_bundle_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_a_file_once),
        cmocka_unit_test(test_says_why_a_file_is_unreadable),
        cmocka_unit_test(test_refuses_more_than_16_mib),
        cmocka_unit_test(test_lists_a_folder_sorted),
        cmocka_unit_test(test_a_list_stays_as_it_was),
        cmocka_unit_test(test_literals_resolve_to_themselves),
        cmocka_unit_test(test_localhost_resolves_with_each_port),
        cmocka_unit_test(test_a_name_without_addresses),
        cmocka_unit_test(test_variables_are_recorded),
        cmocka_unit_test(test_replays_what_was_recorded),
        cmocka_unit_test(test_replaying_knows_nothing_else),
        cmocka_unit_test(test_hash_names_the_contents),
        cmocka_unit_test(test_paths_to_watch),
        cmocka_unit_test(test_a_shortened_image_is_refused),
        cmocka_unit_test(test_a_lengthened_image_is_refused),
        cmocka_unit_test(test_a_wrong_head_is_refused),
        cmocka_unit_test(test_random_damage_is_harmless),
        cmocka_unit_test(test_saving_again_leaves_no_tail),
        cmocka_unit_test(test_saving_to_a_closed_descriptor_fails),
    };

    return cmocka_run_group_tests(tests, folder_open, folder_close);
}
