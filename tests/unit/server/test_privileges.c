/* SPDX-License-Identifier: Apache-2.0
 * test_privileges.c - becoming another user, in a child that may.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/privileges.h"

static void test_no_user_changes_nothing(void **state)
{
    struct ln_err err;

    (void)state;
    assert_int_equal(ln_privileges_check("", &err), 0);
    assert_int_equal(ln_privileges_drop("", &err), 0);
}

static void test_unknown_user_is_a_sentence(void **state)
{
    struct ln_err err;

    (void)state;
    assert_int_equal(ln_privileges_check("no-such-user-here", &err), -1);
    assert_non_null(strstr(err.text, "no-such-user-here"));
    assert_int_equal(ln_privileges_drop("no-such-user-here", &err), -1);
}

/* 0: all of it is gone and cannot come back. */
static int become_nobody(void)
{
    const struct passwd *p = getpwnam("nobody");
    struct ln_err err;

    if (ln_privileges_drop("nobody", &err) != 0)
        return 1;
    if (getuid() != p->pw_uid || geteuid() != p->pw_uid || getgid() != p->pw_gid)
        return 2;
    if (getgroups(0, NULL) > 1)
        return 3;
    return setuid(0) == 0 ? 4 : 0;
}

static void test_root_becomes_the_user_for_good(void **state)
{
    int status;
    pid_t pid;

    (void)state;
    if (geteuid() != 0 || getpwnam("nobody") == NULL)
        skip();
    pid = fork();
    if (pid == 0)
        _exit(become_nobody());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_others_are_refused_before_anything_starts(void **state)
{
    struct ln_err err;
    int status;
    pid_t pid;

    (void)state;
    pid = fork();
    if (pid == 0) {
        if (geteuid() == 0 && setuid(12345) != 0)
            _exit(2);
        _exit(ln_privileges_check("root", &err) == -1 && strstr(err.text, "only root") != NULL ? 0
                                                                                               : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_descriptors_up_to_the_hard_limit(void **state)
{
    struct rlimit files;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    ln_privileges_raise_files();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    assert_true(files.rlim_cur == files.rlim_max);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_user_changes_nothing),
        cmocka_unit_test(test_unknown_user_is_a_sentence),
        cmocka_unit_test(test_root_becomes_the_user_for_good),
        cmocka_unit_test(test_others_are_refused_before_anything_starts),
        cmocka_unit_test(test_descriptors_up_to_the_hard_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
