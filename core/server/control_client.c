/* SPDX-License-Identifier: Apache-2.0
 * control_client.c - the command's end: where the socket is, and one question.
 */
#include "server/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/hash.h"

enum { FOLDERS = 3 };

/* A folder for sockets that belongs to us or to root, and nobody else can put anything into. */
static bool is_trusted_folder(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
           (st.st_uid == geteuid() || st.st_uid == 0) && (st.st_mode & 0022) == 0;
}

static bool is_usable(const char *folder, const char *socket, bool serving)
{
    if (!serving)
        return access(socket, F_OK) == 0 && is_trusted_folder(folder);
    return (mkdir(folder, 0700) == 0 || errno == EEXIST) && is_trusted_folder(folder) &&
           access(folder, W_OK) == 0;
}

static void list_folders(char folders[FOLDERS][LN_CONTROL_PATH])
{
    const char *run = getenv("XDG_RUNTIME_DIR");

    snprintf(folders[0], LN_CONTROL_PATH, "%s", run != NULL && run[0] == '/' ? run : "");
    snprintf(folders[1], LN_CONTROL_PATH, "/run/lunette");
    snprintf(folders[2], LN_CONTROL_PATH, "/tmp/lunette-%u", (unsigned)geteuid());
}

static int from_conf(char out[LN_CONTROL_PATH], const char *conf_path, bool serving,
                     struct ln_err *err)
{
    static const struct ln_hash_key key = {0x6c756e65, 0x74746500}; /* a name, not a secret */
    char folders[FOLDERS][LN_CONTROL_PATH];
    char *real = realpath(conf_path, NULL);

    if (real == NULL)
        return ln_fail(err, LN_E_SYS, "%s", conf_path);

    unsigned long long name = ln_hash(&key, real, strlen(real));

    free(real);
    list_folders(folders);
    for (unsigned i = 0; i < FOLDERS; i++) {
        if (folders[i][0] == '\0' || snprintf(out, LN_CONTROL_PATH, "%s/lunette-%016llx",
                                              folders[i], name) >= LN_CONTROL_PATH)
            continue;
        if (is_usable(folders[i], out, serving))
            return 0;
    }
    if (serving)
        return ln_fail(
            err, LN_E_STATE,
            "control socket: no folder for it can be written to; name one with --control");
    return ln_fail(err, LN_E_STATE, "no gateway runs with %s (or name its socket with --control)",
                   conf_path);
}

int ln_control_path(char out[LN_CONTROL_PATH], const char *option, const char *conf_path,
                    bool serving, struct ln_err *err)
{
    const char *given = option != NULL ? option : getenv("LUNETTE_CONTROL");

    if (given == NULL || given[0] == '\0')
        return from_conf(out, conf_path, serving, err);
    if (snprintf(out, LN_CONTROL_PATH, "%s", given) >= LN_CONTROL_PATH)
        return ln_fail(err, LN_E_LIMIT, "control socket: the path is longer than %d bytes: %s",
                       LN_CONTROL_PATH - 1, given);
    return 0;
}

static int connect_to(const char *path, struct ln_err *err)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(addr.sun_path, sizeof addr.sun_path, "%s", path);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0)
        return fd;
    if (errno == ENOENT || errno == ECONNREFUSED)
        ln_fail(err, LN_E_STATE, "no gateway runs with the control socket %s", path);
    else
        ln_fail(err, LN_E_SYS, "control socket %s", path);
    if (fd >= 0)
        close(fd);
    return -1;
}

static int read_answer(int fd, struct ln_text *answer, struct ln_err *err)
{
    char bytes[4096];
    ssize_t n;

    while ((n = read(fd, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            ln_text_add(answer, bytes, (size_t)n);
    if (answer->n == 0 || answer->p[answer->n - 1] != '\n')
        return ln_fail(err, LN_E_STATE, "the gateway ended before it answered");
    answer->p[--answer->n] = '\0';
    return 0;
}

int ln_control_ask(const char *path, const char *verb, struct ln_text *answer, struct ln_err *err)
{
    int fd = connect_to(path, err), rc;

    if (fd < 0)
        return -1;
    if (dprintf(fd, "%s\n", verb) < 0)
        rc = ln_fail(err, LN_E_SYS, "control socket %s", path);
    else
        rc = read_answer(fd, answer, err);
    close(fd);
    return rc;
}
