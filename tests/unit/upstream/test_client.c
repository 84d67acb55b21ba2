/* SPDX-License-Identifier: Apache-2.0
 * Requests of our own against servers that answer, break off, trickle, lie and say too much.
 */
#include "upstream/desk.h"

static void ask(struct desk *d, const struct scripted_act *acts, unsigned count)
{
    prepare(d, "GET");
    scripted_tell(&d->server, acts, count);
    go(d);
}

/* The way back to good: whatever happened, the next request is answered. */
static void works(struct desk *d)
{
    static const struct scripted_act good[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}};

    ask(d, good, 2);
    if (d->call.error != NULL)
        fail_msg("%s", d->call.error);
    assert_int_equal(d->call.head.status, 200);
    assert_slice(d->call.content, "ok");
}

static void test_asks_and_is_answered(void **state)
{
    struct desk *d = *state;
    static const struct scripted_act act[] = {
        {.bytes = "HTTP/1.1 201 Created\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello"}};

    prepare(d, "POST");
    d->call.body = LN_SLICE("content");
    d->call.has_body = true;
    ln_fields_add(&d->fields, LN_SLICE("X-One"), LN_SLICE("1"));
    ln_fields_add(&d->fields, LN_SLICE("Connection"), LN_SLICE("close"));
    ln_fields_add(&d->fields, LN_SLICE("Content-Length"), LN_SLICE("99"));
    d->call.fields = &d->fields;
    scripted_tell(&d->server, act, 1);
    go(d);
    assert_null(d->call.error);
    assert_int_equal(d->call.head.status, 201);
    assert_slice(d->call.content, "hello");
    assert_non_null(strstr(d->server.last, "POST /path?a=b HTTP/1.1\r\nHost: 127.0.0.1:"));
    assert_non_null(strstr(d->server.last, "X-One: 1\r\nContent-Length: 7\r\n\r\ncontent"));
    assert_null(strstr(d->server.last, "Connection"));
    assert_null(strstr(d->server.last, ": 99\r\n"));
}

static void test_keeps_the_connection(void **state)
{
    struct desk *d = *state;

    for (int i = 0; i < 5; i++)
        works(d);
    assert_int_equal(d->server.accepted, 1);
    assert_int_equal(d->server.requests, 5);
    assert_int_equal(d->yard.pools.loose_idle, 1);
}

static void test_takes_every_framing(void **state)
{
    struct desk *d = *state;
    static const struct scripted_act framed[] = {
        {.bytes =
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n"
             "T: x\r\n\r\n"},
        {.bytes = "HTTP/1.1 200 OK\r\n\r\nhello", .end = SCRIPTED_CLOSE},
        {.bytes = "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
        {.bytes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
                  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
    };

    for (int trickle = 0; trickle <= 1; trickle++)
        for (unsigned i = 0; i < LN_ARRAY_LEN(framed); i++) {
            struct scripted_act act = framed[i];

            act.trickle = trickle;
            ask(d, &act, 1);
            assert_null(d->call.error);
            assert_slice(d->call.content, "hello");
        }
    works(d);
}

static void test_knows_what_has_no_content(void **state)
{
    struct desk *d = *state;
    static const struct scripted_act bare[] = {
        {.bytes = "HTTP/1.1 204 No Content\r\n\r\n"},
        {.bytes = "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"}, /* to HEAD */
    };

    for (unsigned i = 0; i < LN_ARRAY_LEN(bare); i++) {
        prepare(d, i == 3 ? "HEAD" : "GET");
        scripted_tell(&d->server, &bare[i], 1);
        go(d);
        assert_null(d->call.error);
        assert_int_equal(d->call.content.n, 0);
    }
    assert_int_equal(d->server.accepted, 1);
    works(d);
}

static const char whole[] =
    "HTTP/1.1 200 OK\r\nX-Field: value\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";

static void test_breaks_at_every_byte(void **state)
{
    struct desk *d = *state;

    for (int end = SCRIPTED_CLOSE; end <= SCRIPTED_RESET; end++)
        for (size_t n = 1; n < sizeof whole - 1; n++) {
            struct scripted_act act = {.bytes = whole, .n = n, .end = (enum scripted_end)end};

            ask(d, &act, 1);
            assert_error(d, n < (size_t)(strstr(whole, "\r\n\r\n") + 4 - whole)
                                ? "before a response"
                                : "in the middle");
            assert_int_equal(d->call.content.n, 0);
        }
    works(d);
}

static void test_refuses_what_is_too_much(void **state)
{
    struct desk *d = *state;
    static char large[70000];
    static const struct scripted_act much[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n"},
        {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n"},
        {.bytes = "HTTP/1.1 200 OK\r\n\r\nhello world"},
    };

    for (unsigned i = 0; i < LN_ARRAY_LEN(much); i++) {
        prepare(d, "GET");
        d->call.most = 10;
        scripted_tell(&d->server, &much[i], 1);
        go(d);
        assert_error(d, i == 0 ? "has 11 bytes, at most 10" : "larger than 10 bytes");
    }
    memset(large, 'x', sizeof large - 1);
    memcpy(large, "HTTP/1.1 200 OK\r\nX: ", 20);
    struct scripted_act head = {.bytes = large};

    ask(d, &head, 1);
    assert_error(d, "too large");
    works(d);
}

static void test_refuses_what_lies(void **state)
{
    struct desk *d = *state;
    static const char *const lies[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
        "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "\r\n\r\n\r\n",
    };

    for (unsigned i = 0; i < LN_ARRAY_LEN(lies); i++) {
        struct scripted_act act = {.bytes = lies[i], .end = SCRIPTED_HOLD};

        ask(d, &act, 1);
        assert_non_null(d->call.error);
    }
    works(d);
}

static void test_more_than_the_response_closes(void **state)
{
    struct desk *d = *state;
    static const struct scripted_act act[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n"}};

    ask(d, act, 1);
    assert_null(d->call.error);
    assert_slice(d->call.content, "ok");
    works(d);
    assert_int_equal(d->server.accepted, 2);
}

static void test_a_stale_connection_is_replaced(void **state)
{
    struct desk *d = *state;
    static const struct scripted_act acts[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
        {.bytes = "", .end = SCRIPTED_RESET},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew"},
    };

    ask(d, acts, 3);
    prepare(d, "GET");
    d->server.next = 1;
    go(d);
    assert_null(d->call.error);
    assert_slice(d->call.content, "new");

    prepare(d, "POST"); /* may have been done: not again */
    scripted_tell(&d->server, acts + 1, 1);
    go(d);
    assert_error(d, "already closed");
    works(d);
}

static void test_time_runs_out_in_each_phase(void **state)
{
    struct desk *d = *state;
    static const struct scripted_act acts[] = {
        {.bytes = "", .end = SCRIPTED_HOLD},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel", .end = SCRIPTED_HOLD},
    };

    for (unsigned i = 0; i < 2; i++) {
        prepare(d, "GET");
        d->call.timeout = 20;
        scripted_tell(&d->server, &acts[i], 1);
        go(d);
        assert_error(d, "timed out after 20 ms");
        assert_error(d, i == 0 ? "waiting for the response" : "response was coming");
    }
    works(d);
}

static void test_is_stopped_at_any_time(void **state)
{
    struct desk *d = *state;
    struct scripted_act act = {.bytes = whole, .trickle = true, .end = SCRIPTED_HOLD};
    bool ended = false;

    for (unsigned turns = 0; !ended && turns < 400; turns++) {
        prepare(d, "GET");
        scripted_tell(&d->server, &act, 1);
        ln_client_start(&d->client, &d->call);
        for (unsigned i = 0; i < turns; i++)
            turns_once(&d->yard.turns);
        ended = d->ended;
        ln_client_stop(&d->call);
        assert_int_equal(d->client.calls, 0);
        assert_int_equal(d->client.held, 0);
        for (unsigned i = 0; i < 3; i++) /* the server sees it */
            turns_once(&d->yard.turns);
    }
    assert_true(ended);
    works(d);
}

static void test_answer_before_the_request_is_sent(void **state)
{
    struct desk *d = *state;
    static const struct scripted_act act[] = {
        {.bytes = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno",
         .early = true,
         .deaf = true,
         .end = SCRIPTED_HOLD}};
    size_t size = 16 << 20;
    char *large = calloc(1, size);

    assert_non_null(large);
    prepare(d, "POST");
    d->call.body = ln_slice(large, size);
    d->call.has_body = true;
    scripted_tell(&d->server, act, 1);
    go(d);
    assert_null(d->call.error);
    assert_int_equal(d->call.head.status, 413);
    assert_int_equal(d->yard.pools.loose_idle, 0); /* half a request is on it */
    free(large);
    works(d);
}

static void test_nobody_is_there(void **state)
{
    struct desk *d = *state;
    struct sockaddr_in at;
    char url[64];
    int closed = yard_door(&at, false);

    prepare(d, "GET");
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", ntohs(at.sin_port));
    assert_null(ln_client_url(&d->call, ln_slice_of(url), &d->arena));
    go(d);
    assert_error(d, "Connection refused");
    assert_error(d, "127.0.0.1:");
    close(closed);

    prepare(d, "GET");
    d->call.unix_path = LN_SLICE("/nonexistent/socket");
    go(d);
    assert_error(d, "No such file");
    works(d);
}

static void test_too_many_at_once(void **state)
{
    struct desk *d = *state;

    d->client.calls = LN_CLIENT_CALLS_MAX;
    prepare(d, "GET");
    go(d);
    assert_error(d, "too many requests");
    d->client.calls = 0;
    works(d);
}

static void test_urls(void **state)
{
    struct desk *d = *state;
    struct ln_client_call c = {.port = 0};
    static const char *const bad[] = {"https://host/",   "ftp://host/",        "host/path",
                                      "http://",         "http:///path",       "http://host:0/",
                                      "http://host:x/",  "http://host:70000/", "http://u:p@host",
                                      "http://host/a b", "http://host/#f",     "http://ho st/",
                                      "http://[::1/",    "http://host/%zz",    "http://h/\r\nX: y"};

    for (unsigned i = 0; i < LN_ARRAY_LEN(bad); i++)
        if (ln_client_url(&c, ln_slice_of(bad[i]), &d->arena) == NULL)
            fail_msg("taken: %s", bad[i]);
    assert_non_null(strstr(ln_client_url(&c, LN_SLICE("https://host/"), &d->arena), "https"));

    assert_null(ln_client_url(&c, LN_SLICE("http://Example.com?x=1"), &d->arena));
    assert_slice(c.target, "/?x=1");
    assert_int_equal(c.port, 80);
    assert_null(ln_client_url(&c, LN_SLICE("HTTP://[::1]:8080/a/../b"), &d->arena));
    assert_slice(c.target, "/b");
    assert_slice(c.host, "[::1]");
    assert_int_equal(c.port, 8080);

    assert_null(ln_client_target(&c, LN_SLICE("/x?y=z"), &d->arena));
    assert_slice(c.target, "/x?y=z");
    assert_non_null(ln_client_target(&c, LN_SLICE("x"), &d->arena));
    assert_non_null(ln_client_target(&c, LN_SLICE(""), &d->arena));
    assert_non_null(ln_client_target(&c, LN_SLICE("/x y"), &d->arena));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_asks_and_is_answered),
        T(test_keeps_the_connection),
        T(test_takes_every_framing),
        T(test_knows_what_has_no_content),
        T(test_breaks_at_every_byte),
        T(test_refuses_what_is_too_much),
        T(test_refuses_what_lies),
        T(test_more_than_the_response_closes),
        T(test_a_stale_connection_is_replaced),
        T(test_time_runs_out_in_each_phase),
        T(test_is_stopped_at_any_time),
        T(test_answer_before_the_request_is_sent),
        T(test_nobody_is_there),
        T(test_too_many_at_once),
        T(test_urls),
    };

    return cmocka_run_group_tests(tests, yard_silence, NULL);
}
