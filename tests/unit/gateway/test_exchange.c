/* SPDX-License-Identifier: Apache-2.0
 * test_exchange.c - whole exchanges over real sockets: what must not be mixed up, lost, repeated or
 * waited for.
 */
#include "gateway/house.h"

#define OK(content) "HTTP/1.1 200 OK\r\nContent-Length: " content

static void test_one_exchange(void **state)
{
    struct house *h = house_open(NULL, NULL, NULL);

    (void)state;
    house_prove(h);
    house_close(h);
}

static void test_connections_are_used_again_on_both_sides(void **state)
{
    struct house *h = house_open(NULL, NULL, NULL);
    int client = house_call(h), back = -1;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        house_say(client, "GET /back/a HTTP/1.1\r\nHost: x\r\n\r\n");
        if (back < 0)
            back = house_accept(h);
        assert_has(house_hear(back, "\r\n\r\n"), "GET /a HTTP/1.1\r\n");
        house_say(back, OK("1\r\n\r\n") "1");
        assert_has(house_hear(client, "\r\n\r\n1"), "HTTP/1.1 200 OK\r\n");
    }
    close(client);
    close(back);
    house_close(h);
}

/* ---- requests that come in a row
 * ------------------------------------------------------------------------------ */

/* The second request waits in the buffer while a connection for the first is opened. */
static void test_two_requests_in_one_segment(void **state)
{
    struct house *h = house_open(NULL, NULL, NULL);
    int client = house_call(h);

    (void)state;
    house_say(client, "GET /back/first HTTP/1.1\r\nHost: x\r\n\r\nGET /back/second "
                      "HTTP/1.1\r\nHost: x\r\nX-Long: abcdefghij\r\n\r\n");
    int back = house_accept(h);

    assert_has(house_hear(back, "\r\n\r\n"), "GET /first HTTP/1.1\r\n");
    house_say(back, OK("1\r\n\r\n") "1");
    assert_has(house_hear(client, "\r\n\r\n1"), "200 OK");
    assert_has(house_hear(back, "\r\n\r\n"), "GET /second HTTP/1.1\r\n");
    house_say(back, OK("1\r\n\r\n") "2");
    assert_has(house_hear(client, "\r\n\r\n2"), "200 OK");
    close(client);
    close(back);
    house_close(h);
}

/* Bytes behind a chunked content that were read with it, and the rest of that request in a later
 * segment. */
static void test_a_request_behind_a_chunked_one(void **state)
{
    struct house *h = house_open(NULL, NULL, NULL);
    int client = house_call(h);

    (void)state;
    house_say(client, "POST /back/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    int back = house_accept(h);

    house_hear(back, "\r\n\r\n");
    house_say(client, "3\r\nabc\r\n0\r\n\r\nGET /back/next HT");
    house_hear(back, "3\r\nabc\r\n0\r\n\r\n");
    house_say(client, "TP/1.1\r\nHost: x\r\n\r\n");
    house_say(back, OK("1\r\n\r\n") "1");
    house_hear(client, "\r\n\r\n1");
    assert_has(house_hear(back, "\r\n\r\n"), "GET /next HTTP/1.1\r\n");
    house_say(back, OK("1\r\n\r\n") "2");
    house_hear(client, "\r\n\r\n2");
    close(client);
    close(back);
    house_close(h);
}

/* The instance answers before it has the whole content. What the client sends later is content
 * still, and no request. */
static void test_the_rest_of_a_content_is_no_request(void **state)
{
    struct house *h = house_open(NULL, NULL, NULL);
    int client = house_call(h);
    bool clean;

    (void)state;
    house_say(client, "POST /back/a HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nbegin");
    int back = house_accept(h);

    house_hear(back, "begin");
    house_say(back, OK("4\r\n\r\n") "done");
    house_hear(client, "done");
    house_say(client, "GET /back/smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(shutdown(client, SHUT_WR), 0);
    assert_has_not(house_hear_all(client, &clean), "HTTP/1.1");
    assert_string_equal(house_hear_all(back, &clean),
                        ""); /* nor was the instance's connection used again */
    close(client);
    close(back);
    house_prove(h);
    house_close(h);
}

/* The content was sent, the connection broke, and no instance is left: the next request begins
 * where it begins. */
static void test_a_failed_repeat_does_not_eat_the_next_request(void **state)
{
    struct house *h = house_open(NULL, "    retries: { tries: 6, on: [reset] }\n", NULL);
    int client = house_call(h);

    (void)state;
    house_say(client, "PUT /back/a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789");
    house_say(client, "GET /nowhere/else HTTP/1.1\r\nHost: x\r\n\r\n");
    for (unsigned i = 0; i < 3; i++) { /* three strikes, and it is down */
        int back = house_accept(h);

        assert_has(house_hear(back, "0123456789"), "PUT /a HTTP/1.1\r\n");
        close(back);
    }
    assert_has(house_hear(client, "Bad Gateway\n"), "HTTP/1.1 502 ");
    assert_has(house_hear(client, "Service not found\n"), "HTTP/1.1 404 ");
    close(client);
    house_close(h);
}

static void test_empty_lines_between_requests(void **state)
{
    struct house *h = house_open("  timeouts: { idle: 50ms }\n", NULL, NULL);
    int client = house_call(h);

    (void)state;
    house_say(client, "GET /back/a HTTP/1.1\r\nHost: x\r\n\r\n\r\n"); /* one line end too many */
    int back = house_accept(h);

    house_hear(back, "\r\n\r\n");
    house_say(back, OK("1\r\n\r\n") "1");
    house_hear(client, "\r\n\r\n1");
    house_hear_end(client); /* idle as any other: timeouts.idle holds */
    close(client);
    close(back);
    house_close(h);
}

static void test_a_half_closed_client_gets_all_its_answers(void **state)
{
    struct house *h = house_open(NULL, NULL, NULL);
    int client = house_call(h);
    bool clean;

    (void)state;
    house_say(client, "POST /back/a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /back/b "
                      "HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(shutdown(client, SHUT_WR), 0);
    int back = house_accept(h);

    assert_has(house_hear(back, "abc"), "POST /a HTTP/1.1\r\n");
    house_say(back, OK("1\r\n\r\n") "1");
    assert_has(house_hear(back, "\r\n\r\n"), "GET /b HTTP/1.1\r\n");
    house_say(back, OK("1\r\n\r\n") "2");

    const char *all = house_hear_all(client, &clean);

    assert_has(all, "\r\n\r\n1HTTP/1.1 200 OK");
    assert_has(all, "\r\n\r\n2");
    assert_true(clean);
    close(client);
    close(back);
    house_close(h);
}

/* ---- contents that are refused
 * -------------------------------------------------------------------------------- */

static void test_a_broken_chunk_is_refused_and_nobody_dies(void **state)
{
    struct house *h = house_open(NULL, NULL, NULL);
    int client = house_call(h), back;

    (void)state;
    house_say(
        client,
        "POST /back/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n");
    assert_has(house_hear(client, "\n\r\n"), "HTTP/1.1 400 ");
    back = house_accept(h);
    assert_has_not(house_hear_all(back, NULL), "0\r\n\r\n");
    close(back);
    close(client);

    client = house_call(h); /* the same, in pieces */
    house_say(client, "POST /back/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    back = house_accept(h);
    house_hear(back, "\r\n\r\n");
    house_say(client, "zz\r\n");
    assert_has(house_hear(client, "\n\r\n"), "HTTP/1.1 400 ");
    close(back);
    close(client);

    client = house_call(h); /* and where no route takes it */
    house_say(client,
              "POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    assert_has(house_hear(client, "not found\n"), "HTTP/1.1 404 ");
    close(client);
    house_prove(h);
    house_close(h);
}

static void test_a_content_over_the_bound_is_never_complete(void **state)
{
    struct house *h = house_open("  limits: { body: 8 }\n", NULL, NULL);
    int client = house_call(h);

    (void)state;
    house_say(client, "POST /back/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                      "chunked\r\n\r\n9\r\n123456789\r\n0\r\n\r\n");
    assert_has(house_hear(client, "Too Large\n"), "HTTP/1.1 413 ");
    int back = house_accept(h);

    assert_has_not(house_hear_all(back, NULL), "0\r\n\r\n");
    close(back);
    close(client);
    client = house_call(h);
    house_say(client, "POST /back/a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n123456789");
    assert_has(house_hear(client, "Too Large\n"), "HTTP/1.1 413 ");
    close(client);
    house_prove(h);
    house_close(h);
}

/* ---- who is to blame
 * ------------------------------------------------------------------------------------------ */

/* Silent clients, more of them than strikes are needed: the instance is as healthy as before. */
static void test_slow_clients_are_not_the_instances_fault(void **state)
{
    struct house *h =
        house_open("  timeouts: { body: 40ms }\n", "    timeouts: { firstByte: 40ms }\n", NULL);

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        int client = house_call(h);

        house_say(client, "POST /back/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n");
        int back = house_accept(h);

        assert_has(house_hear(client, "in time\n"), "HTTP/1.1 408 ");
        close(back);
        close(client);
    }
    house_prove(h);
    house_close(h);
}

static void test_a_silent_instance_is(void **state)
{
    struct house *h =
        house_open(NULL, "    timeouts: { firstByte: 40ms }\n    retries: { tries: 1 }\n", NULL);

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        int client = house_call(h);

        house_say(client, "GET /back/a HTTP/1.1\r\nHost: x\r\n\r\n");
        int back = house_accept(h);

        assert_has(house_hear(client, "Gateway Timeout\n"), "HTTP/1.1 504 ");
        close(back);
        close(client);
    }
    int client = house_call(h);

    house_say(client, "GET /back/a HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_has(house_hear(client, "No healthy backends available\n"), "HTTP/1.1 503 ");
    close(client);
    house_close(h);
}

/* It has answered early, got the rest, and says nothing more: somebody must notice. */
static void test_an_instance_that_falls_silent_after_the_upload(void **state)
{
    struct house *h = house_open(NULL, "    timeouts: { idle: 60ms }\n", NULL);
    int client = house_call(h);
    bool clean;

    (void)state;
    house_say(client, "POST /back/a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nbegin");
    int back = house_accept(h);

    house_hear(back, "begin");
    house_say(back, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    house_hear(client, "\r\n\r\n");
    house_say(back, "1\r\na\r\n");
    house_hear(client, "1\r\na\r\n");
    house_say(client, "-end-");
    house_hear(back, "-end-");
    assert_has_not(house_hear_all(client, &clean), "0\r\n\r\n"); /* broken off, and seen to be */
    close(back);
    close(client);
    house_close(h);
}

/* ---- responses that break off
 * --------------------------------------------------------------------------------- */

static void test_a_truncated_response_does_not_look_complete(void **state)
{
    struct house *h = house_open(NULL, NULL, NULL);
    int client = house_call(h);

    (void)state;
    house_say(client, "GET /back/a HTTP/1.1\r\nHost: x\r\n\r\n");
    int back = house_accept(h);

    house_hear(back, "\r\n\r\n");
    house_say(back, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    house_hear(client, "abc\r\n");
    close(back);
    assert_has_not(house_hear_all(client, NULL), "0\r\n");
    close(client);
    house_prove(h);
    house_close(h);
}

/* For an old client the close is the end: there only a reset tells. */
static void test_nor_for_an_old_client(void **state)
{
    struct house *h = house_open(NULL, NULL, NULL);
    int client = house_call(h);
    bool clean;

    (void)state;
    house_say(client, "GET /back/a HTTP/1.0\r\n\r\n");
    int back = house_accept(h);

    house_hear(back, "\r\n\r\n");
    house_say(back, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    house_hear(client, "\r\n\r\nabc");
    close(back);
    house_hear_all(client, &clean);
    assert_false(clean);
    close(client);
    house_prove(h);
    house_close(h);
}

static void test_a_complete_one_ends_cleanly_for_an_old_client(void **state)
{
    struct house *h = house_open(NULL, NULL, NULL);
    int client = house_call(h);
    bool clean;

    (void)state;
    house_say(client, "GET /back/a HTTP/1.0\r\n\r\n");
    int back = house_accept(h);

    house_hear(back, "\r\n\r\n");
    house_say(back, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");

    const char *all = house_hear_all(client, &clean);

    assert_has(all, "\r\n\r\nabc");
    assert_has_not(all, "hunked");
    assert_true(clean);
    close(back);
    close(client);
    house_close(h);
}

static void test_bytes_behind_a_response_cost_the_connection(void **state)
{
    struct house *h = house_open(NULL, NULL, NULL);
    int client = house_call(h);

    (void)state;
    house_say(client, "GET /back/a HTTP/1.1\r\nHost: x\r\n\r\n");
    int back = house_accept(h);

    house_hear(back, "\r\n\r\n");
    house_say(back, OK("1\r\n\r\n") "1HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    house_hear(client, "\r\n\r\n1");
    house_hear_all(back, NULL); /* it was closed */
    close(back);
    house_say(client, "GET /back/b HTTP/1.1\r\nHost: x\r\n\r\n");
    back = house_accept(h);
    house_hear(back, "\r\n\r\n");
    house_say(back, OK("1\r\n\r\n") "2");
    assert_has_not(house_hear(client, "\r\n\r\n2"), "evil");
    close(back);
    close(client);
    house_close(h);
}

/* ---- repeats
 * --------------------------------------------------------------------------------------------------
 */

/* One kept connection, closed by the instance at the very moment in which it is used again. */
static int with_a_stale_connection(struct house *h, int client)
{
    house_say(client, "GET /back/a HTTP/1.1\r\nHost: x\r\n\r\n");
    int back = house_accept(h);

    house_hear(back, "\r\n\r\n");
    house_say(back, OK("1\r\n\r\n") "1");
    house_hear(client, "\r\n\r\n1");
    return back;
}

static void test_a_stale_connection_costs_a_get_nothing(void **state)
{
    struct house *h = house_open(NULL, "    retries: { tries: 1 }\n", NULL);
    int client = house_call(h), stale = with_a_stale_connection(h, client);

    (void)state;
    house_say(client, "GET /back/b HTTP/1.1\r\nHost: x\r\n\r\n");
    house_hear(stale, "\r\n\r\n");
    close(stale); /* after the request, without a byte of an answer */
    int back = house_accept(h);

    assert_has(house_hear(back, "\r\n\r\n"), "GET /b HTTP/1.1\r\n");
    house_say(back, OK("1\r\n\r\n") "2");
    assert_has(house_hear(client, "\r\n\r\n2"), "200 OK");
    close(back);
    close(client);
    house_close(h);
}

static void test_a_post_that_was_sent_is_not_sent_again(void **state)
{
    struct house *h =
        house_open(NULL, "    retries: { tries: 3, on: [connect, reset, timeout] }\n", NULL);
    int client = house_call(h), stale = with_a_stale_connection(h, client);

    (void)state;
    house_say(client, "POST /back/b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    house_hear(stale, "abc");
    close(stale);
    assert_has(house_hear(client, "Bad Gateway\n"), "HTTP/1.1 502 ");
    struct pollfd nobody = {.fd = h->back[0], .events = POLLIN};

    assert_int_equal(poll(&nobody, 1, 0), 0);
    close(client);
    house_prove(h);
    house_close(h);
}

static void test_interim_responses_pass(void **state)
{
    struct house *h = house_open(NULL, NULL, NULL);
    int client = house_call(h);

    (void)state;
    house_say(
        client,
        "POST /back/a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    int back = house_accept(h);

    assert_has(house_hear(back, "\r\n\r\n"), "xpect: 100-continue\r\n");
    house_say(back, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_has(house_hear(client, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n");
    house_say(client, "abc");
    house_hear(back, "abc");
    house_say(back, OK("1\r\n\r\n") "1");
    assert_has(house_hear(client, "\r\n\r\n1"), "HTTP/1.1 200 OK\r\n");
    close(back);
    close(client);
    house_close(h);
}

#define TEST(f) cmocka_unit_test_teardown(f, house_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_exchange),
        TEST(test_connections_are_used_again_on_both_sides),
        TEST(test_two_requests_in_one_segment),
        TEST(test_a_request_behind_a_chunked_one),
        TEST(test_the_rest_of_a_content_is_no_request),
        TEST(test_a_failed_repeat_does_not_eat_the_next_request),
        TEST(test_empty_lines_between_requests),
        TEST(test_a_half_closed_client_gets_all_its_answers),
        TEST(test_a_broken_chunk_is_refused_and_nobody_dies),
        TEST(test_a_content_over_the_bound_is_never_complete),
        TEST(test_slow_clients_are_not_the_instances_fault),
        TEST(test_a_silent_instance_is),
        TEST(test_an_instance_that_falls_silent_after_the_upload),
        TEST(test_a_truncated_response_does_not_look_complete),
        TEST(test_nor_for_an_old_client),
        TEST(test_a_complete_one_ends_cleanly_for_an_old_client),
        TEST(test_bytes_behind_a_response_cost_the_connection),
        TEST(test_a_stale_connection_costs_a_get_nothing),
        TEST(test_a_post_that_was_sent_is_not_sent_again),
        TEST(test_interim_responses_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
