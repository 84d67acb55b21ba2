/* SPDX-License-Identifier: Apache-2.0
 * privileges.c - user, groups, limits.
 */
#include "server/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

static struct passwd *look_up(const char *user, struct ln_err *err)
{
    struct passwd *p;

    errno = 0;
    p = getpwnam(user);
    if (p == NULL)
        ln_fail(err, LN_E_CONF, "gateway.user: there is no user \"%s\"", user);
    return p;
}

int ln_privileges_check(const char *user, struct ln_err *err)
{
    if (user[0] == '\0')
        return 0;

    struct passwd *p = look_up(user, err);

    if (p == NULL)
        return -1;
    if (geteuid() != 0 && geteuid() != p->pw_uid)
        return ln_fail(err, LN_E_CONF,
                       "gateway.user: only root can start workers as another user (\"%s\")", user);
    return 0;
}

int ln_privileges_drop(const char *user, struct ln_err *err)
{
    if (user[0] == '\0')
        return 0;

    struct passwd *p = look_up(user, err);

    if (p == NULL)
        return -1;
    if (geteuid() == p->pw_uid)
        return 0;
    if (initgroups(user, p->pw_gid) != 0 || setgid(p->pw_gid) != 0 || setuid(p->pw_uid) != 0)
        return ln_fail(err, LN_E_SYS, "gateway.user: becoming \"%s\"", user);
    return 0;
}

void ln_privileges_raise_files(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}
