/* SPDX-License-Identifier: Apache-2.0
 * test_client_service.c - requests of our own through a service: dead instances, repeats, waiting.
 */
#include "upstream/desk.h"

static void test_a_service_with_a_dead_instance(void **state)
{
    struct desk *d = *state;
    static const struct scripted_act good = {.bytes =
                                                 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};

    serve(d, 2);
    for (int i = 0; i < 6; i++) {
        prepare_service(d, i % 2 == 0 ? "GET" : "POST");
        scripted_tell(&d->server, &good, 1);
        go(d);
        assert_null(d->call.error);
        assert_slice(d->call.content, "ok");
        assert_slice(d->call.address, "http://a");
        assert_non_null(strstr(d->server.last, " /v1/path?a=b HTTP/1.1\r\nHost: users.local\r\n"));
    }
    assert_true(record(d, 1)->down != 0); /* found dead once, and left alone */
}

static void test_what_may_not_be_repeated_is_not(void **state)
{
    struct desk *d = *state;
    static const struct scripted_act reset[] = {{.bytes = "", .end = SCRIPTED_RESET},
                                                {.bytes = "", .end = SCRIPTED_RESET}};

    serve(d, 2);
    record(d, 1)->down = UINT64_MAX - 1;
    prepare_service(d, "POST");
    scripted_tell(&d->server, reset, 2);
    go(d);
    assert_error(d, "http://a: the connection was closed before a response");
    assert_int_equal(d->server.requests, 1);
    prepare_service(d, "GET"); /* may, and there is nobody else */
    scripted_tell(&d->server, reset, 2);
    go(d);
    assert_non_null(d->call.error);
    assert_int_equal(d->server.requests, 3);
    assert_int_equal(record(d, 0)->down != 0, true);

    prepare_service(d, "GET");
    go(d);
    assert_error(d, "no instance of users is available");
}

static void test_a_service_has_phases(void **state)
{
    struct desk *d = *state;
    static const struct scripted_act silent[] = {
        {.bytes = "", .end = SCRIPTED_HOLD},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel", .end = SCRIPTED_HOLD}};

    serve(d, 1);
    record(d, 1)->down = UINT64_MAX - 1;
    d->service_conf.first_byte = 15;
    d->service_conf.idle = 15;
    for (unsigned i = 0; i < 2; i++) {
        prepare_service(d, "GET");
        scripted_tell(&d->server, &silent[i], 1);
        go(d);
        assert_error(d, i == 0 ? "no response in time" : "silence in the middle");
    }
}

/* ---- asking again, and waiting ---- */

static const struct scripted_act busy_then_good[] = {
    {.bytes = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"},
    {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}};

/* Both instances are the scripted server, and 503 is worth a repeat. */
static void serve_twice(struct desk *d, unsigned tries)
{
    serve(d, tries);
    d->addr[1].v4 = d->server.at;
    d->service_conf.retry.statuses = (struct ln_statuses){{{503, 503}}, 1};
    d->service_conf.retry.budget = -1;
}

static void ask_service(struct desk *d, const char *method, const struct scripted_act *acts,
                        unsigned count)
{
    prepare_service(d, method);
    scripted_tell(&d->server, acts, count);
    go(d);
}

static void assert_answer(struct desk *d, int status, const char *content)
{
    if (d->call.error != NULL)
        fail_msg("%s", d->call.error);
    assert_int_equal(d->call.head.status, status);
    assert_slice(d->call.content, content);
}

static void test_a_status_is_repeated_elsewhere(void **state)
{
    struct desk *d = *state;

    serve_twice(d, 2);
    ask_service(d, "GET", busy_then_good, 2);
    assert_answer(d, 200, "ok");
    assert_int_equal(d->server.requests, 2);
    assert_int_equal(d->services->v[0].counts->retries, 1);
    ask_service(d, "GET", busy_then_good, 2); /* over connections that were kept */
    assert_int_equal(d->server.accepted, 2);
    ask_service(d, "POST", busy_then_good, 1);
    assert_answer(d, 503, "busy");
    assert_int_equal(ln_record_sum(record(d, 0)->active, 1), 0);
    assert_int_equal(ln_record_sum(record(d, 1)->active, 1), 0);
}

static void test_what_says_that_it_may_be_repeated_is(void **state)
{
    struct desk *d = *state;

    serve_twice(d, 2);
    d->service_conf.retry.idempotent.header = "Idempotency-Key";
    ln_fields_add(&d->fields, LN_SLICE("idempotency-key"), LN_SLICE("7"));
    prepare_service(d, "POST");
    d->call.fields = &d->fields;
    scripted_tell(&d->server, busy_then_good, 2);
    go(d);
    assert_answer(d, 200, "ok");
}

/* The response that was worth a repeat is the answer when nobody else can be asked, and when no try
 * is left. */
static void test_a_response_that_was_held_back_is_whole(void **state)
{
    struct desk *d = *state;
    static const struct scripted_act slow = {
        .bytes = "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n0\r\n\r\n",
        .trickle = true};
    const struct scripted_act busy[] = {slow, slow};

    serve_twice(d, 2);
    record(d, 1)->down = UINT64_MAX - 1;
    d->instance_conf[0].max_connections = 1;
    ask_service(d, "GET", &slow, 1);
    assert_answer(d, 503, "busy");
    d->instance_conf[0].max_connections = 0;
    ask_service(d, "GET", busy, 2);
    assert_answer(d, 503, "busy");
    assert_int_equal(d->server.requests, 3);
}

static void test_the_budget_holds_for_calls(void **state)
{
    static struct scripted_act busy[64];
    struct desk *d = *state;
    const struct ln_service *s;

    for (unsigned i = 0; i < LN_ARRAY_LEN(busy); i++)
        busy[i] = busy_then_good[0];
    serve_twice(d, 2);
    d->service_conf.retry.budget = 0;
    for (unsigned i = 0; i < 30; i++) {
        ask_service(d, "GET", busy, LN_ARRAY_LEN(busy));
        assert_answer(d, 503, "busy");
    }
    s = &d->services->v[0];
    assert_true(s->counts->retries >= LN_BUDGET_FLOOR && s->counts->retries_refused > 0);
    assert_int_equal(s->counts->retries + s->counts->retries_refused, 30);
    assert_int_equal(d->server.requests, 30 + s->counts->retries);
}

static void test_a_pause_comes_before_a_repeat(void **state)
{
    struct desk *d = *state;

    serve_twice(d, 2);
    d->service_conf.retry.backoff_base = d->service_conf.retry.backoff_max = 5;
    for (unsigned i = 0; i < 5; i++) {
        ask_service(d, "GET", busy_then_good, 2);
        assert_answer(d, 200, "ok");
    }
    d->service_conf.retry.backoff_base = d->service_conf.retry.backoff_max = 100000000;
    prepare_service(d, "GET");
    d->call.timeout = 20;
    scripted_tell(&d->server, busy_then_good, 2);
    go(d);
    assert_error(d, "timed out after 20 ms, waiting before it is repeated");
    d->service_conf.retry.backoff_base = 0;
    ask_service(d, "GET", busy_then_good, 2);
    assert_answer(d, 200, "ok");
}

static void ignore(struct ln_client_call *c)
{
    (void)c;
}

/* One instance for one request at a time: the second waits, the third is turned away. */
static void test_a_full_service_is_waited_for(void **state)
{
    struct desk *d = *state;
    struct ln_client_call first;
    static const struct scripted_act acts[] = {
        {.bytes = "", .end = SCRIPTED_HOLD},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}};
    struct ln_service *s;

    serve(d, 1);
    s = &d->services->v[0];
    record(d, 1)->down = UINT64_MAX - 1;
    d->instance_conf[0].max_connections = 1;
    d->service_conf.queue_max = 1;
    d->service_conf.queue_timeout = 15;
    scripted_tell(&d->server, acts, 2);
    prepare_service(d, "GET");
    first = d->call;
    first.on_end = ignore;
    ln_client_start(&d->client, &first);

    prepare_service(d, "GET");
    go(d);
    assert_error(d, "every instance of users is full");
    assert_int_equal(s->counts->waited_out, 1);
    d->service_conf.queue_timeout = 5000;
    prepare_service(d, "GET");
    ln_client_start(&d->client, &d->call);
    assert_int_equal(s->counts->waiting, 1);

    struct ln_client_call third = {
        .method = LN_SLICE("GET"), .target = LN_SLICE("/"), .service = s, .on_end = ignore};

    ln_client_start(&d->client, &third);
    assert_string_equal(third.error, "every instance of users is full, and so is its queue");
    assert_int_equal(s->counts->turned_away, 1);
    ln_client_stop(&third);
    ln_client_stop(&first);
    d->ended = false;
    turns_until(&d->yard.turns, &d->ended);
    assert_answer(d, 200, "ok");
    assert_int_equal(s->counts->waiting, 0);
}

static void test_is_stopped_while_it_waits(void **state)
{
    struct desk *d = *state;
    struct ln_client_call first;
    static const struct scripted_act hold = {.bytes = "", .end = SCRIPTED_HOLD};

    serve(d, 1);
    record(d, 1)->down = UINT64_MAX - 1;
    d->instance_conf[0].max_connections = 1;
    d->service_conf.queue_max = 1;
    scripted_tell(&d->server, &hold, 1);
    prepare_service(d, "GET");
    first = d->call;
    first.on_end = ignore;
    ln_client_start(&d->client, &first);
    prepare_service(d, "GET");
    ln_client_start(&d->client, &d->call);
    assert_int_equal(d->services->v[0].queue.count, 1);
    ln_client_stop(&d->call);
    assert_int_equal(d->services->v[0].queue.count, 0);
    ln_client_stop(&first);
    assert_int_equal(d->ends, 0);
}

/* Ask one instance and nobody else: no turn, no news, no connection of others, none kept. */
static void test_one_instance_alone(void **state)
{
    static const struct scripted_act good = {.bytes =
                                                 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
    struct desk *d = *state;

    serve(d, 2);
    for (unsigned i = 1; i <= 3; i++) {
        prepare(d, "GET");
        d->call.alone = &d->services->v[0].instances[0];
        d->call.target = LN_SLICE("/v1/health");
        d->call.authority = LN_SLICE("check.local");
        scripted_tell(&d->server, &good, 1);
        go(d);
        assert_null(d->call.error);
        assert_slice(d->call.content, "ok");
        assert_slice(d->call.address, "http://a");
        assert_int_equal(d->server.accepted, i);
        assert_non_null(strstr(d->server.last, "GET /v1/health HTTP/1.1\r\nHost: check.local\r\n"));
        assert_non_null(strstr(d->server.last, "Connection: close\r\n"));
    }
    prepare(d, "GET");
    d->call.alone = &d->services->v[0].instances[1];
    go(d);
    assert_string_equal(d->call.error, "http://b: Connection refused");
    assert_int_equal(d->call.outcome, LN_OUTCOME_REFUSED);
    assert_int_equal(atomic_load(&record(d, 1)->strikes), 0);
    assert_int_equal(atomic_load(&record(d, 1)->down), 0);
    assert_int_equal(ln_record_sum(record(d, 0)->active, 1), 0);
    assert_int_equal(d->yard.pools.loose_idle, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_a_service_with_a_dead_instance),
        T(test_what_may_not_be_repeated_is_not),
        T(test_a_service_has_phases),
        T(test_a_status_is_repeated_elsewhere),
        T(test_what_says_that_it_may_be_repeated_is),
        T(test_a_response_that_was_held_back_is_whole),
        T(test_the_budget_holds_for_calls),
        T(test_a_pause_comes_before_a_repeat),
        T(test_a_full_service_is_waited_for),
        T(test_is_stopped_while_it_waits),
        T(test_one_instance_alone),
    };

    return cmocka_run_group_tests(tests, yard_silence, NULL);
}
