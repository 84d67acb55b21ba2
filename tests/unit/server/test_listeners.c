/* SPDX-License-Identifier: Apache-2.0
 * test_listeners.c - groups of sockets on one port, and nobody else in them.
 */
#include "server/place.h"

#include <errno.h>
#include <sys/stat.h>

#include "server/listeners.h"

static struct ln_listener_conf listener(const char *name, const char *address)
{
    struct ln_listener_conf conf = {.name = name, .backlog = 128, .place = {"gateway.yaml", 3, 9}};

    assert_true(ln_addr_parse_listen(ln_slice_of(address), &conf.addr));
    return conf;
}

static int open_all(struct ln_listeners *l, struct ln_listener_conf *conf, unsigned count,
                    unsigned slots, struct ln_err *err)
{
    struct ln_gateway_conf gateway = {.listeners = conf, .listener_count = count};

    return ln_listeners_open(l, &gateway, slots, err);
}

static void close_all(struct ln_listeners *l)
{
    ln_listeners_unlink(l);
    ln_listeners_close(l);
    ln_listeners_fini(l);
}

static unsigned port_of(int fd)
{
    struct sockaddr_in addr;
    socklen_t len = sizeof addr;

    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
    return ntohs(addr.sin_port);
}

static int dial(const struct ln_addr *addr)
{
    int fd = socket(addr->any.sa_family, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    if (connect(fd, &addr->any, addr->len) == 0)
        return fd;
    close(fd);
    return -1;
}

static void test_port_0_is_one_port_for_all_slots(void **state)
{
    struct ln_listener_conf conf = listener("main", "127.0.0.1:0");
    struct ln_listeners l;
    struct ln_err err;

    (void)state;
    assert_int_equal(open_all(&l, &conf, 1, 4, &err), 0);

    unsigned port = ntohs(l.items[0].bound.v4.sin_port);

    assert_int_not_equal(port, 0);
    for (unsigned slot = 0; slot < 4; slot++) {
        assert_int_equal(port_of(ln_listeners_fd(&l, 0, slot)), port);
        for (unsigned other = 0; other < slot; other++)
            assert_int_not_equal(ln_listeners_fd(&l, 0, slot), ln_listeners_fd(&l, 0, other));
    }
    close_all(&l);
}

static void test_every_slot_gets_connections(void **state)
{
    struct ln_listener_conf conf = listener("main", "127.0.0.1:0");
    struct ln_listeners l;
    struct ln_err err;
    unsigned got[2] = {0, 0};
    int dialled[64];

    (void)state;
    assert_int_equal(open_all(&l, &conf, 1, 2, &err), 0);
    for (unsigned i = 0; i < 64; i++) {
        dialled[i] = dial(&l.items[0].bound);
        assert_true(dialled[i] >= 0);
    }
    for (unsigned slot = 0; slot < 2; slot++) {
        int fd;

        while ((fd = accept(ln_listeners_fd(&l, 0, slot), NULL, NULL)) >= 0) {
            got[slot]++;
            close(fd);
        }
        assert_int_equal(errno, EAGAIN); /* non-blocking */
    }
    assert_int_equal(got[0] + got[1], 64);
    assert_true(got[0] > 0 && got[1] > 0);
    for (unsigned i = 0; i < 64; i++)
        close(dialled[i]);
    close_all(&l);
}

/* The kernel would let the same user share the port silently. */
static void test_a_port_that_another_gateway_has_is_refused(void **state)
{
    struct ln_listener_conf conf = listener("main", "127.0.0.1:0"), same;
    struct ln_listeners first, second;
    struct ln_err err;
    char address[LN_ADDR_TEXT];

    (void)state;
    assert_int_equal(open_all(&first, &conf, 1, 2, &err), 0);
    same = listener("main", ln_addr_print(&first.items[0].bound, address));
    assert_int_equal(open_all(&second, &same, 1, 2, &err), -1);
    assert_non_null(strstr(err.text, address));
    assert_non_null(strstr(err.text, "gateway.yaml:3: listener main"));
    assert_non_null(strstr(err.text, "another program does"));
    close_all(&first);
    assert_int_equal(open_all(&second, &same, 1, 2, &err), 0);
    close_all(&second);
}

static void test_one_failure_closes_all(void **state)
{
    struct ln_listener_conf conf[] = {listener("a", "127.0.0.1:0"), listener("b", "192.0.2.1:1")};
    struct ln_listeners l;
    struct ln_err err;
    int before = dup(0), after;

    (void)state;
    close(before);
    assert_int_equal(open_all(&l, conf, 2, 3, &err), -1);
    assert_non_null(strstr(err.text, "192.0.2.1:1"));
    after = dup(0);
    close(after);
    assert_int_equal(after, before); /* no descriptor was left open */
    assert_int_equal(open_all(&l, conf, 1, 3, &err), 0);
    close_all(&l);
}

static void test_any_address_takes_both_families(void **state)
{
    struct ln_listener_conf conf = listener("main", ":0");
    struct ln_listeners l;
    struct ln_err err;
    struct ln_addr v4;
    int fd;

    (void)state;
    assert_int_equal(open_all(&l, &conf, 1, 1, &err), 0);
    assert_true(ln_addr_parse_listen(LN_SLICE("127.0.0.1:1"), &v4));
    v4.v4.sin_port = l.items[0].bound.any.sa_family == AF_INET ? l.items[0].bound.v4.sin_port
                                                               : l.items[0].bound.v6.sin6_port;
    fd = dial(&v4);
    assert_true(fd >= 0);
    close(fd);
    close_all(&l);
}

static struct ln_listener_conf unix_listener(const struct place *p)
{
    char text[PATH_MAX + 8];

    snprintf(text, sizeof text, "unix:%s", at(p, "sock"));
    return listener("local", text);
}

static void test_unix_socket_is_shared_by_all_slots_and_removed(void **state)
{
    struct ln_listener_conf conf = unix_listener(*state);
    struct ln_listeners l;
    struct ln_err err;
    int fd;

    assert_int_equal(open_all(&l, &conf, 1, 3, &err), 0);
    assert_true(l.items[0].shared);
    assert_int_equal(ln_listeners_fd(&l, 0, 0), ln_listeners_fd(&l, 0, 2));
    fd = dial(&conf.addr);
    assert_true(fd >= 0);
    close(fd);
    close_all(&l);
    assert_int_equal(access(at(*state, "sock"), F_OK), -1);
}

static void test_stale_unix_socket_is_replaced(void **state)
{
    struct ln_listener_conf conf = unix_listener(*state);
    struct ln_listeners l;
    struct ln_err err;

    assert_int_equal(open_all(&l, &conf, 1, 1, &err), 0);
    ln_listeners_close(&l); /* as if killed: the file stays */
    ln_listeners_fini(&l);
    assert_int_equal(access(at(*state, "sock"), F_OK), 0);
    assert_int_equal(open_all(&l, &conf, 1, 1, &err), 0);
    close_all(&l);
}

static void test_live_unix_socket_is_left_alone(void **state)
{
    struct ln_listener_conf conf = unix_listener(*state);
    struct ln_listeners first, second;
    struct ln_err err;
    int fd;

    assert_int_equal(open_all(&first, &conf, 1, 1, &err), 0);
    assert_int_equal(open_all(&second, &conf, 1, 1, &err), -1);
    fd = dial(&conf.addr);
    assert_true(fd >= 0);
    close(fd);
    close_all(&first);
}

static void test_a_file_that_is_no_socket_is_never_removed(void **state)
{
    struct ln_listener_conf conf = unix_listener(*state);
    struct ln_listeners l;
    struct ln_err err;

    put_file(at(*state, "sock"), "precious");
    assert_int_equal(open_all(&l, &conf, 1, 1, &err), -1);
    assert_int_equal(access(at(*state, "sock"), F_OK), 0);
}

static void test_match_sees_names_addresses_and_order(void **state)
{
    struct ln_listener_conf conf[] = {listener("a", "127.0.0.1:0"), listener("b", "[::1]:0")};
    struct ln_gateway_conf gateway = {.listeners = conf, .listener_count = 1};
    struct ln_listeners l;
    struct ln_err err;

    (void)state;
    assert_int_equal(ln_listeners_open(&l, &gateway, 1, &err), 0);
    assert_true(ln_listeners_match(&l, &gateway)); /* although the port was chosen */
    gateway.listener_count = 2;
    assert_false(ln_listeners_match(&l, &gateway));
    gateway.listener_count = 1;
    conf[0].name = "c";
    assert_false(ln_listeners_match(&l, &gateway));
    conf[0] = listener("a", "127.0.0.1:8");
    assert_false(ln_listeners_match(&l, &gateway));
    close_all(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_port_0_is_one_port_for_all_slots),
        cmocka_unit_test(test_every_slot_gets_connections),
        cmocka_unit_test(test_a_port_that_another_gateway_has_is_refused),
        cmocka_unit_test(test_one_failure_closes_all),
        cmocka_unit_test(test_any_address_takes_both_families),
        PLACE_TEST(test_unix_socket_is_shared_by_all_slots_and_removed),
        PLACE_TEST(test_stale_unix_socket_is_replaced),
        PLACE_TEST(test_live_unix_socket_is_left_alone),
        PLACE_TEST(test_a_file_that_is_no_socket_is_never_removed),
        cmocka_unit_test(test_match_sees_names_addresses_and_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
