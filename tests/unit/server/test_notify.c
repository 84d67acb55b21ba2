/* SPDX-License-Identifier: Apache-2.0
 * test_notify.c - datagrams for a service manager.
 */
#include "server/place.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "server/notify.h"

/* A manager that listens at the path, which may start with '@' for an abstract name. */
static int manager(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    size_t n = strlen(path);

    memcpy(addr.sun_path, path, n);
    if (path[0] == '@')
        addr.sun_path[0] = '\0';
    assert_int_equal(
        bind(fd, (struct sockaddr *)&addr, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
        0);
    setenv("NOTIFY_SOCKET", path, 1);
    return fd;
}

static void assert_told(int fd, const char *prefix)
{
    char bytes[256];
    ssize_t n = recv(fd, bytes, sizeof bytes - 1, 0);

    assert_true(n > 0);
    bytes[n] = '\0';
    assert_memory_equal(bytes, prefix, strlen(prefix));
}

static void test_state_arrives(void **state)
{
    int fd = manager(at(*state, "notify"));

    ln_notify("READY=1");
    assert_told(fd, "READY=1");
    ln_notify_reloading();
    assert_told(fd, "RELOADING=1\nMONOTONIC_USEC=");
    close(fd);
}

static void test_abstract_names_work(void **state)
{
    char name[64];
    int fd;

    (void)state;
    snprintf(name, sizeof name, "@lunette-unit-%d", (int)getpid());
    fd = manager(name);
    ln_notify("STOPPING=1");
    assert_told(fd, "STOPPING=1");
    close(fd);
}

static void test_nobody_there_does_no_harm(void **state)
{
    char bytes[8];
    int fd = manager(at(*state, "notify"));

    unsetenv("NOTIFY_SOCKET");
    ln_notify("READY=1");
    setenv("NOTIFY_SOCKET", at(*state, "nobody"), 1);
    ln_notify("READY=1");
    setenv("NOTIFY_SOCKET", "relative", 1);
    ln_notify("READY=1");
    assert_int_equal(recv(fd, bytes, sizeof bytes, 0), -1);
    setenv("NOTIFY_SOCKET", at(*state, "notify"), 1);
    ln_notify("READY=1");
    assert_told(fd, "READY=1");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(test_state_arrives),
        PLACE_TEST(test_abstract_names_work),
        PLACE_TEST(test_nobody_there_does_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
