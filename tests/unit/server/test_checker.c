/* SPDX-License-Identifier: Apache-2.0
 * test_checker.c - a verdict on good, bad and deadly configurations, and the bundle that comes with
 * it.
 */
#include "server/place.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "server/checker.h"
#include "server/settings.h"

static const char good[] =
    "gateway: { port: \"127.0.0.1:0\", workers: 3 }\n"
    "services: [ { name: a, path: /a, instances: [ \"http://127.0.0.1:1\" ] } ]\n";

static const char *write_conf(const struct place *p, const char *yaml)
{
    const char *path = at(p, "gateway.yaml");

    put_file(path, yaml);
    return path;
}

static void test_good_one_comes_with_bundle_and_demand(void **state)
{
    const char *path = write_conf(*state, good);
    struct ln_settings settings;
    struct ln_checked c;
    struct ln_err err;

    assert_int_equal(ln_checker_run(path, LN_PLUGIN_SPECS_NEVER, &c, &err), 0);
    assert_true(c.ok);
    assert_int_equal(c.errors, 0);
    assert_int_equal(c.services, 1);
    assert_int_equal(c.routes, 1);
    assert_true(c.demand.count > 0);
    put_file(path, "nonsense: ["); /* the bundle knows better */
    assert_int_equal(ln_settings_load(&settings, c.bundle, path, &err), 0);
    assert_int_equal(ln_settings_workers(settings.conf), 3);
    ln_settings_fini(&settings);
    ln_checked_fini(&c);
}

static void test_bad_one_comes_with_all_errors(void **state)
{
    const char *path = write_conf(*state, "gateway: { timeuot: 3 }\nservises: []\n");
    struct ln_checked c;
    struct ln_err err;

    assert_int_equal(ln_checker_run(path, LN_PLUGIN_SPECS_NEVER, &c, &err), 0);
    assert_false(c.ok);
    assert_true(c.errors >= 2);
    assert_non_null(strstr(c.text.p, "timeuot"));
    assert_non_null(strstr(c.text.p, "servises"));
    assert_non_null(strstr(c.text.p, "gateway.yaml:2:"));
    assert_int_equal(c.json.p[0], '[');
    ln_checked_fini(&c);

    put_file(path, good);
    assert_int_equal(ln_checker_run(path, LN_PLUGIN_SPECS_NEVER, &c, &err), 0);
    assert_true(c.ok);
    ln_checked_fini(&c);
}

static void test_missing_file_is_an_error_with_its_name(void **state)
{
    struct ln_checked c;
    struct ln_err err;

    assert_int_equal(ln_checker_run(at(*state, "none.yaml"), LN_PLUGIN_SPECS_NEVER, &c, &err), 0);
    assert_false(c.ok);
    assert_non_null(strstr(c.text.p, "none.yaml"));
    ln_checked_fini(&c);
}

static void test_same_files_have_the_same_hash(void **state)
{
    const char *path = write_conf(*state, good);
    struct ln_checked a, b;
    struct ln_err err;

    assert_int_equal(ln_checker_run(path, LN_PLUGIN_SPECS_NEVER, &a, &err), 0);
    assert_int_equal(ln_checker_run(path, LN_PLUGIN_SPECS_NEVER, &b, &err), 0);
    assert_true(a.hash == b.hash);
    ln_checked_fini(&b);
    put_file(path, "gateway: { port: \"127.0.0.1:1\" }\n");
    assert_int_equal(ln_checker_run(path, LN_PLUGIN_SPECS_NEVER, &b, &err), 0);
    assert_true(a.hash != b.hash);
    ln_checked_fini(&a);
    ln_checked_fini(&b);
}

static void die(void *arg)
{
    (void)arg;
    raise(SIGKILL);
}

static void leave(void *arg)
{
    (void)arg;
    _exit(9);
}

static void finish(struct ln_checker *checker, struct ln_checked *out, bool late)
{
    fcntl(checker->fd, F_SETFL, 0); /* wait for the end */
    while (!late && !ln_checker_read(checker))
        ;
    ln_checker_finish(checker, late, out);
}

static void test_a_child_that_dies_is_an_error_and_no_more(void **state)
{
    const char *path = write_conf(*state, good);
    struct ln_checker checker;
    struct ln_checked c;
    struct ln_err err;

    assert_int_equal(ln_checker_start(&checker, path, LN_PLUGIN_SPECS_NEVER, die, NULL, &err), 0);
    finish(&checker, &c, false);
    assert_false(c.ok);
    assert_non_null(strstr(c.text.p, "Killed"));
    assert_int_equal(c.bundle, -1);
    ln_checked_fini(&c);

    assert_int_equal(ln_checker_start(&checker, path, LN_PLUGIN_SPECS_NEVER, leave, NULL, &err), 0);
    finish(&checker, &c, false);
    assert_non_null(strstr(c.text.p, "code 9"));
    ln_checked_fini(&c);
}

static void hang(void *arg)
{
    (void)arg;
    for (;;)
        pause();
}

static void test_a_child_that_hangs_is_ended(void **state)
{
    const char *path = write_conf(*state, good);
    struct ln_checker checker;
    struct ln_checked c;
    struct ln_err err;
    pid_t pid;

    assert_int_equal(ln_checker_start(&checker, path, LN_PLUGIN_SPECS_NEVER, hang, NULL, &err), 0);
    pid = checker.pid;
    assert_false(ln_checker_read(&checker));
    finish(&checker, &c, true);
    assert_false(c.ok);
    assert_non_null(strstr(c.text.p, "longer than"));
    assert_int_equal(kill(pid, 0), -1);
    ln_checked_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(test_good_one_comes_with_bundle_and_demand),
        PLACE_TEST(test_bad_one_comes_with_all_errors),
        PLACE_TEST(test_missing_file_is_an_error_with_its_name),
        PLACE_TEST(test_same_files_have_the_same_hash),
        PLACE_TEST(test_a_child_that_dies_is_an_error_and_no_more),
        PLACE_TEST(test_a_child_that_hangs_is_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
