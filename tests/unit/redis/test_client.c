/* SPDX-License-Identifier: Apache-2.0
 * test_client.c - a client and a real redis-server: commands, and every way in which Redis can
 * fail.
 */
#include "redis/house.h"

#include <netinet/in.h>

static void test_commands(void **state)
{
    (void)state;
    start_server(NULL);
    use_socket();
    assert_string_equal(said("SET a 1"), "OK");
    assert_string_equal(said("INCR a"), "2");
    assert_string_equal(said("GET nothing"), "nil");
    assert_string_equal(said("RPUSH list x y z"), "3");
    assert_string_equal(said("LRANGE list 0 -1"), "[x y z]");
    assert_string_equal(said("LRANGE none 0 -1"), "[]");
    assert_string_equal(said("SET k v\nINCR n\nINCR n\nGET k\nLPUSH n 1"),
                        "OK | 1 | 2 | v | "
                        "-WRONGTYPE Operation against a key holding the wrong kind of value");
    assert_string_equal(said("EVAL return{1,{2,{}},'x'} 0"), "[1 [2 []] x]");
    assert_string_equal(said("MULTI\nINCR n\nGET k\nEXEC"), "OK | QUEUED | QUEUED | [3 v]");
    assert_string_equal(said("CLIENT GETNAME"), "lunette");
}

static void test_bytes_of_every_kind(void **state)
{
    struct ask *a;

    (void)state;
    start_server(NULL);
    use_socket();
    a = draft();
    ln_redis_call_command(a->call, 3);
    ln_redis_call_word(a->call, "SET", 3);
    ln_redis_call_word(a->call, "k\r\n\0x", 5);
    ln_redis_call_number(a->call, INT64_MIN);
    ln_redis_call_command(a->call, 2);
    ln_redis_call_word(a->call, "GET", 3);
    ln_redis_call_word(a->call, "k\r\n\0x", 5);
    ln_redis_call_command(a->call, 2);
    ln_redis_call_word(a->call, "STRLEN", 6);
    ln_redis_call_word(a->call, "", 0);
    post(a, 1000);
    await_all();
    assert_string_equal(a->text, "OK | -9223372036854775808 | 0");
}

static void test_many_calls_share_one_connection_in_order(void **state)
{
    char text[64];

    (void)state;
    start_server(NULL);
    use_socket();
    for (unsigned i = 0; i < ASKS; i++) {
        snprintf(text, sizeof text, "ECHO e%u\nINCR n", i);
        ask(text, 5000);
    }
    await_all();
    for (unsigned i = 0; i < ASKS; i++) {
        snprintf(text, sizeof text, "e%u | %u", i, i + 1);
        assert_string_equal(house->asks[i].text, text);
    }
    assert_non_null(strstr(said("INFO clients"), "connected_clients:1\r"));
}

static struct ask *ask_script(const struct ln_redis_script *s, const char *by)
{
    struct ask *a = draft();

    ln_redis_call_script(a->call, s, 3);
    ln_redis_call_number(a->call, 1);
    ln_redis_call_word(a->call, "n", 1);
    ln_redis_call_word(a->call, by, strlen(by));
    return post(a, 1000);
}

static void test_a_script_that_redis_does_not_know_is_sent_whole(void **state)
{
    struct ln_redis_script s;

    (void)state;
    start_server(NULL);
    use_socket();
    ln_redis_script_init(&s, LN_SLICE("return redis.call('INCRBY', KEYS[1], ARGV[1])"));
    assert_memory_equal(s.by_sum + 18, "8cd00688c05c46bde4a2e60658ef20a2e5c0b248", 40);
    for (unsigned i = 0; i < 5; i++) /* all of them before the first is known */
        ask_script(&s, "2");
    await_all();
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(house->asks[i].error, LN_REDIS_OK);
    assert_string_equal(said("GET n"), "10");
    assert_string_equal(said("SCRIPT FLUSH"), "OK");
    ask_script(&s, "5");
    await_all();
    assert_string_equal(said("GET n"), "15");
    assert_non_null(strstr(said("INFO commandstats"), "cmdstat_eval"));
}

static void test_user_password_and_database(void **state)
{
    char url[200];

    (void)state;
    start_server((const char *const[]){"--requirepass", "p:@/ss", "--user", "anna", "on", ">secret",
                                       "~*", "+@all", NULL});
    snprintf(url, sizeof url, "unix:%s?db=3", socket_path());
    use_url(url);
    assert_string_equal(said("PING"), "!down");
    assert_non_null(strstr(ln_redis_reason(house->redis), "NOAUTH"));
    assert_int_equal(logged("NOAUTH"), 1);
    assert_int_equal(ln_redis_state(house->redis), LN_REDIS_IS_DOWN);
}

/* A port of ours: `*fd` is bound to it and does not listen, so that nobody but a redis-server gets
 * it before it is closed. */
static unsigned hold_port(int *fd)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int on = 1;

    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(bind(*fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(*fd, (struct sockaddr *)&at, &len), 0);
    return ntohs(at.sin_port);
}

static void test_tcp_with_user_and_password(void **state)
{
    char url[200], port[8];
    int held;

    (void)state;
    snprintf(port, sizeof port, "%u", hold_port(&held));
    start_server((const char *const[]){"--port", port, "--bind", "127.0.0.1", "--requirepass",
                                       "p:@/ss", "--user", "anna", "on", ">secret", "~*", "+@all",
                                       NULL});
    snprintf(url, sizeof url, "redis://:p%%3A%%40%%2Fss@localhost:%s/3", port);
    use_url(url);
    assert_string_equal(said("SET where three"), "OK");
    assert_non_null(strstr(said("CLIENT LIST"), " db=3 "));
    snprintf(url, sizeof url, "redis://anna:secret@127.0.0.1:%s/3", port);
    use_url(url);
    assert_string_equal(said("GET where"), "three");
    assert_string_equal(said("ACL WHOAMI"), "anna");
    snprintf(url, sizeof url, "redis://anna:geheim-wrong@127.0.0.1:%s", port);
    use_url(url);
    assert_string_equal(said("GET where"), "!down");
    assert_non_null(strstr(ln_redis_reason(house->redis), "WRONGPASS"));
    assert_int_equal(logged("WRONGPASS"), 1);
    assert_int_equal(logged("geheim-wrong"), 0);
    assert_int_equal(logged("anna"), 0);
    close(held);
}

/* ---- down ---- */

static void test_nobody_listens(void **state)
{
    (void)state;
    use_socket();
    assert_string_equal(said("PING"), "!down");
    assert_string_equal(said("PING"), "!down"); /* at once */
    assert_int_equal(logged("down: No such file or directory"), 1);
    start_server(NULL);
    await_up(); /* by itself */
    assert_int_equal(logged(": up"), 1);
    assert_string_equal(ln_redis_reason(house->redis), "");
}

static void test_nobody_listens_on_a_port(void **state)
{
    char url[64];
    int held;

    (void)state;
    snprintf(url, sizeof url, "redis://127.0.0.1:%u", hold_port(&held));
    use_url(url);
    assert_string_equal(said("PING"), "!down");
    assert_non_null(strstr(ln_redis_reason(house->redis), "refused"));
    close(held);
}

static void test_killed_with_calls_under_way(void **state)
{
    struct ask *a;
    unsigned lost = 0;

    (void)state;
    start_server(NULL);
    use_socket();
    assert_string_equal(said("PING"), "PONG");
    kill(house->server, SIGSTOP);
    for (unsigned i = 0; i < 20; i++)
        a = ask("INCR n", 5000);
    turns_once(&house->turns);
    stop_server(SIGKILL);
    await_all();
    for (unsigned i = 1; i < 21; i++)
        lost += house->asks[i].error == LN_REDIS_LOST;
    assert_int_equal(lost, 20);
    assert_in_range((a->ended - a->sent) / LN_NSEC_PER_MSEC, 0, 3000);
    assert_string_equal(said("PING"), "!down");
    start_server(NULL);
    await_up();
    assert_string_equal(said("INCR n"), "1"); /* nothing was sent twice */
}

static void test_a_restart_between_calls_is_not_noticed(void **state)
{
    (void)state;
    start_server(NULL);
    use_socket();
    assert_string_equal(said("PING"), "PONG");
    stop_server(SIGKILL);
    start_server(NULL);
    turns_once(&house->turns);
    assert_string_equal(said("PING"), "PONG");
    assert_int_equal(logged("down"), 0);
}

/* No call takes longer than its timeout; then they fail at once; then all is well again. */
static void test_stopped(void **state)
{
    unsigned timeouts = 0, down = 0;

    (void)state;
    start_server(NULL);
    use_socket();
    assert_string_equal(said("SET k v"), "OK");
    kill(house->server, SIGSTOP);
    for (unsigned i = 0; i < 10; i++) {
        struct ask *a = ask("GET k", 30);

        await_all();
        timeouts += a->error == LN_REDIS_TIMEOUT;
        down += a->error == LN_REDIS_DOWN;
        assert_in_range((a->ended - a->sent) / LN_NSEC_PER_MSEC, 0, 300);
    }
    assert_int_equal(timeouts, 3);
    assert_int_equal(down, 7);
    assert_int_equal(logged("down: it does not answer"), 1);
    kill(house->server, SIGCONT);
    await_up();
    assert_string_equal(said("GET k"), "v");
    assert_int_equal(logged(": up"), 1);
}

static void test_a_late_reply_is_nobody_elses(void **state)
{
    struct ask *slow, *next;
    int busy;

    (void)state;
    start_server(NULL);
    use_socket();
    assert_string_equal(said("SET k v"), "OK");
    busy = aside("DEBUG SLEEP 0.15\r\n");
    turns_once(&house->turns);
    slow = ask("ECHO mine", 20);
    next = ask("ECHO yours", 5000);
    await_all();
    close(busy);
    assert_true(slow->error == LN_REDIS_TIMEOUT || slow->error == LN_REDIS_OK);
    assert_string_equal(next->text, "yours");
    assert_string_equal(said("ECHO third"), "third");
    assert_int_equal(logged("down"), 0);
}

static void test_a_call_given_up_leaves_its_reply_behind(void **state)
{
    struct ask *a;

    (void)state;
    start_server(NULL);
    use_socket();
    assert_string_equal(said("PING"), "PONG");
    for (unsigned i = 0; i < 3; i++) { /* before it is sent, and after */
        a = ask("ECHO mine", 5000);
        if (i > 0)
            turns_once(&house->turns);
        if (!a->done) {
            ln_redis_call_free(a->call);
            house->ended++;
        }
        assert_string_equal(said("ECHO yours"), "yours");
    }
}

static void test_loading(void **state)
{
    int fd;
    unsigned refused = 0;

    (void)state;
    start_server((const char *const[]){"--key-load-delay", "300",
                                       "--loading-process-events-interval-bytes", "1024", NULL});
    use_socket();
    assert_string_equal(said("DEBUG POPULATE 1000"), "OK");
    fd = aside("DEBUG RELOAD\r\n");
    while (refused == 0) {
        struct ask *a = ask("GET key:1", 2000);

        await_all();
        refused += strstr(a->text, "LOADING") != NULL;
    }
    assert_int_equal(refused, 1);
    assert_int_equal(ln_redis_state(house->redis), LN_REDIS_IS_DOWN);
    assert_non_null(strstr(ln_redis_reason(house->redis), "LOADING"));
    await_up();
    assert_string_equal(said("GET key:1"), "value:1");
    close(fd);
}

static void test_a_replica_refuses_to_write(void **state)
{
    (void)state;
    start_server(NULL);
    use_socket();
    assert_string_equal(said("SET k v"), "OK");
    assert_string_equal(said("REPLICAOF 127.0.0.1 1"), "OK");
    assert_string_equal(said("SET k w"), "-READONLY You can't write against a read only replica.");
    assert_string_equal(said("GET k"), "v");
    assert_int_equal(ln_redis_state(house->redis), LN_REDIS_UP);
    assert_string_equal(said("REPLICAOF NO ONE"), "OK");
    assert_string_equal(said("SET k w"), "OK");
}

/* The name may lead to the new master by now. */
static void test_a_replica_makes_the_connection_anew(void **state)
{
    char before[32];
    ln_nsec end;

    (void)state;
    start_server(NULL);
    use_socket();
    snprintf(before, sizeof before, "%s", said("CLIENT ID"));
    assert_string_equal(said("REPLICAOF 127.0.0.1 1"), "OK");
    assert_non_null(strstr(said("SET k w"), "-READONLY"));
    assert_string_equal(said("CLIENT ID"),
                        before); /* not at once, or a replica would cost one each time */
    end = ln_clock_mono() + 1100ULL * LN_NSEC_PER_MSEC;
    while (ln_clock_mono() < end)
        turns_once(&house->turns);
    ask("GET k", 5000);
    ask("SET k w", 5000);
    ask("GET k", 5000);
    await_all();
    for (unsigned i = house->used - 3; i < house->used; i++)
        assert_int_equal(house->asks[i].error, LN_REDIS_OK);
    assert_string_not_equal(said("CLIENT ID"), before);
    assert_int_equal(logged("down"), 0);
}

static void test_a_replica_without_its_master(void **state)
{
    (void)state;
    start_server(NULL);
    use_socket();
    assert_string_equal(said("CONFIG SET replica-serve-stale-data no"), "OK");
    assert_string_equal(said("REPLICAOF 127.0.0.1 1"), "OK");
    assert_non_null(strstr(said("GET k"), "-MASTERDOWN"));
    assert_string_equal(said("GET k"), "!down");
    assert_int_equal(logged("MASTERDOWN"), 1);
    close(aside("REPLICAOF NO ONE\r\n"));
    await_up();
}

static void test_out_of_memory(void **state)
{
    (void)state;
    start_server(NULL);
    use_socket();
    assert_string_equal(said("SET k v"), "OK");
    assert_string_equal(said("CONFIG SET maxmemory 1"), "OK");
    assert_non_null(strstr(said("SET k w"), "-OOM"));
    assert_string_equal(said("GET k"), "v");
    assert_int_equal(ln_redis_state(house->redis), LN_REDIS_UP);
}

static void test_a_script_that_does_not_end(void **state)
{
    (void)state;
    start_server((const char *const[]){"--busy-reply-threshold", "50", NULL});
    use_socket();
    assert_string_equal(said("SET k v"), "OK");
    close(aside("EVAL \"while true do end\" 0\r\n"));

    while (strstr(said("GET k"), "-BUSY") == NULL)
        ;
    assert_non_null(strstr(ln_redis_reason(house->redis), "BUSY"));
    assert_string_equal(said("GET k"), "!down");
    close(aside("SCRIPT KILL\r\n"));
    await_up();
}

/* ---- bounds ---- */

static unsigned counted;

static void on_counted(struct ln_redis_call *c)
{
    assert_int_equal(c->error, LN_REDIS_OK);
    ln_redis_call_free(c);
    counted++;
}

static struct ln_redis_call *ping(void)
{
    struct ln_redis_call *c = ln_redis_call_new(house->redis, on_counted, NULL);

    ln_redis_call_command(c, 1);
    ln_redis_call_word(c, "PING", 4);
    return c;
}

static void test_more_calls_than_may_wait(void **state)
{
    (void)state;
    counted = 0;
    start_server(NULL);
    use_socket();
    assert_string_equal(said("PING"), "PONG");
    for (unsigned i = 0; i < LN_REDIS_CALLS_MAX; i++) {
        struct ln_redis_call *c = ping();

        assert_true(ln_redis_call_send(c, 1000));
        ln_redis_call_free(c); /* never sent: gives its place back */
    }
    for (unsigned i = 0; i < LN_REDIS_CALLS_MAX; i++)
        assert_true(ln_redis_call_send(ping(), 9000));
    assert_string_equal(said("PING"), "!full");
    while (counted < LN_REDIS_CALLS_MAX)
        turns_once(&house->turns);
    assert_string_equal(said("PING"), "PONG");
}

static void test_what_is_too_large_to_send_or_to_take(void **state)
{
    static char big[1 << 20];
    struct ask *a;

    (void)state;
    start_server(NULL);
    use_socket();
    memset(big, 'x', sizeof big);
    a = draft();
    ln_redis_call_command(a->call, 10);
    ln_redis_call_word(a->call, "RPUSH", 5);
    ln_redis_call_word(a->call, "l", 1);
    for (unsigned i = 0; i < 8; i++)
        ln_redis_call_word(a->call, big, sizeof big);
    post(a, 5000);
    assert_int_equal(a->error, LN_REDIS_TOO_LARGE);
    for (unsigned i = 0; i < 9; i++) {
        a = draft();
        ln_redis_call_command(a->call, 3);
        ln_redis_call_word(a->call, "RPUSH", 5);
        ln_redis_call_word(a->call, "l", 1);
        ln_redis_call_word(a->call, big, sizeof big);
        post(a, 5000);
    }
    await_all();
    assert_int_equal(a->error, LN_REDIS_OK);
    a = ask("LRANGE l 0 -1", 5000);
    await_all();
    assert_int_equal(a->error, LN_REDIS_TOO_LARGE);
    assert_string_equal(said("LLEN l"), "9"); /* on another connection */
    assert_int_equal(logged("down"), 0);
}

/* ---- sharing ---- */

static void test_one_client_for_one_url(void **state)
{
    struct ln_redis_url url;
    struct ln_redis *first, *second;
    char text[128];

    (void)state;
    start_server(NULL);
    use_socket();
    snprintf(text, sizeof text, "unix:%s", socket_path());
    ln_redis_url_parse(ln_slice_of(text), &url, NULL);
    assert_string_equal(said("PING"), "PONG");
    second = ln_redis_get(house->pool, &url); /* the next generation */
    first = house->redis;
    assert_ptr_equal(first, second);
    ln_redis_put(first);
    assert_int_equal(ln_redis_state(second), LN_REDIS_UP);
    snprintf(text, sizeof text, "unix:%s?db=1", socket_path());
    ln_redis_url_parse(ln_slice_of(text), &url, NULL);
    house->redis = ln_redis_get(house->pool, &url);
    assert_ptr_not_equal(house->redis, second);
    assert_string_equal(said("PING"), "PONG");
    ln_redis_put(second);
}

static void test_putting_back_with_calls_under_way(void **state)
{
    struct ask *a;

    (void)state;
    start_server(NULL);
    use_socket();
    a = ask("PING", 1000);
    ln_redis_call_free(a->call);
    a = ask("PING", 1000);
    turns_once(&house->turns);
    ln_redis_call_free(a->call);
    ln_redis_put(house->redis);
    house->redis = NULL;
    turns_once(&house->turns);
}

static void test_numbers(void **state)
{
    static const int64_t values[] = {0, 7, -1, 10, 1234567890123456789, INT64_MAX, INT64_MIN};

    (void)state;
    start_server(NULL);
    use_socket();
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct ask *a = draft();
        char text[32];

        ln_redis_call_command(a->call, 2);
        ln_redis_call_word(a->call, "ECHO", 4);
        ln_redis_call_number(a->call, values[i]);
        post(a, 5000);
        await_all();
        snprintf(text, sizeof text, "%lld", (long long)values[i]);
        assert_string_equal(a->text, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_numbers),
        TEST(test_commands),
        TEST(test_bytes_of_every_kind),
        TEST(test_many_calls_share_one_connection_in_order),
        TEST(test_a_script_that_redis_does_not_know_is_sent_whole),
        TEST(test_user_password_and_database),
        TEST(test_tcp_with_user_and_password),
        TEST(test_nobody_listens),
        TEST(test_nobody_listens_on_a_port),
        TEST(test_killed_with_calls_under_way),
        TEST(test_a_restart_between_calls_is_not_noticed),
        TEST(test_stopped),
        TEST(test_a_late_reply_is_nobody_elses),
        TEST(test_a_call_given_up_leaves_its_reply_behind),
        TEST(test_loading),
        TEST(test_a_replica_refuses_to_write),
        TEST(test_a_replica_makes_the_connection_anew),
        TEST(test_a_replica_without_its_master),
        TEST(test_out_of_memory),
        TEST(test_a_script_that_does_not_end),
        TEST(test_more_calls_than_may_wait),
        TEST(test_what_is_too_large_to_send_or_to_take),
        TEST(test_one_client_for_one_url),
        TEST(test_putting_back_with_calls_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
