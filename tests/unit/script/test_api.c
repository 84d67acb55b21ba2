/* SPDX-License-Identifier: Apache-2.0
 * Every function of the boundary, with good arguments, bad ones, and in the wrong state.
 */
#include "world.h"

#include "script/api.h"

struct fixture {
    struct ln_req r;
    struct ln_arena arena;
    struct ln_fields fields, upstream;
    struct ln_route route;
    struct ln_handle h, res, dead;
    struct ln_str s, t;
    double n;
};

static int setup(void **state)
{
    struct fixture *x = ln_zalloc(sizeof *x);

    ln_arena_init(&x->arena, NULL);
    ln_fields_init(&x->fields, &x->arena);
    ln_fields_init(&x->upstream, &x->arena);
    ln_fields_init(&x->r.reply_fields, &x->arena);
    x->route.name = "GET /x";
    x->r = (struct ln_req){
        .magic = LN_REQ_MAGIC,
        .serial = 7,
        .arena = &x->arena,
        .fields = &x->fields,
        .reply_fields = x->r.reply_fields,
        .method = LN_SLICE("GET"),
        .path = LN_SLICE("/x"),
        .host = LN_SLICE("example.com"),
        .scheme = LN_SLICE("http"),
        .id = LN_SLICE("id-1"),
        .listener = LN_SLICE("main"),
        .ip = LN_SLICE("10.0.0.1"),
        .peer = LN_SLICE("10.0.0.2"),
        .client_id = LN_SLICE("10.0.0.1"),
        .peer_port = 99,
        .port = 8080,
        .minor = 1,
        .service = -1,
        .route = &x->route,
        .started = 1000000000,
        .started_wall = 1700000000500000000,
    };
    x->h = (struct ln_handle){&x->r, 7, LN_SIDE_REQUEST};
    x->res = (struct ln_handle){&x->r, 7, LN_SIDE_RESPONSE};
    x->dead = (struct ln_handle){&x->r, 6, LN_SIDE_REQUEST};
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *x = *state;

    ln_arena_reset(&x->arena);
    ln_free(x);
    return 0;
}

#define assert_str(str, text) assert_slice(ln_slice((str).ptr, (str).len), text)

/* There is a response of the service. */
static void respond(struct fixture *x)
{
    x->r.res_fields = &x->upstream;
    x->r.status = 200;
    x->r.origin = LN_ORIGIN_UPSTREAM;
}

static void test_version(void **state)
{
    (void)state;
    assert_int_equal(ln_api_major(), LN_API_MAJOR);
}

static void test_texts_of_the_request(void **state)
{
    static const struct {
        int which;
        const char *text;
    } all[] = {
        {LN_REQ_METHOD, "GET"},         {LN_REQ_PATH, "/x"},     {LN_REQ_HOST, "example.com"},
        {LN_REQ_CLIENT_ID, "10.0.0.1"}, {LN_REQ_SCHEME, "http"}, {LN_REQ_ID, "id-1"},
        {LN_REQ_LISTENER, "main"},      {LN_REQ_IP, "10.0.0.1"}, {LN_REQ_PEER, "10.0.0.2"},
        {LN_REQ_ROUTE, "GET /x"},
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < LN_ARRAY_LEN(all); i++) {
        assert_int_equal(ln_req_text(&x->h, all[i].which, &x->s), LN_OK);
        assert_str(x->s, all[i].text);
    }
    assert_int_equal(ln_req_text(&x->h, LN_REQ_QUERY, &x->s), LN_NONE);
    assert_int_equal(ln_req_text(&x->h, 99, &x->s), LN_EINVAL);
    assert_int_equal(ln_req_text(&x->dead, LN_REQ_METHOD, &x->s), LN_EGONE);
    x->r.route = NULL;
    assert_int_equal(ln_req_text(&x->h, LN_REQ_ROUTE, &x->s), LN_NONE);
}

static int set(struct fixture *x, int which, const char *text)
{
    return ln_req_set_text(&x->h, which, text, text != NULL ? strlen(text) : 0);
}

static void test_method_can_be_set(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(set(x, LN_REQ_METHOD, "BREW"), LN_OK);
    assert_slice(x->r.method, "BREW");
    assert_int_equal(set(x, LN_REQ_METHOD, "GE T"), LN_EINVAL);
    assert_int_equal(set(x, LN_REQ_METHOD, ""), LN_EINVAL);
    assert_int_equal(set(x, LN_REQ_METHOD, "CONNECT"), LN_EINVAL);
    assert_int_equal(set(x, LN_REQ_METHOD, "TRACE"), LN_EINVAL);
    assert_slice(x->r.method, "BREW");
}

static void test_path_is_normalised_when_set(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(set(x, LN_REQ_PATH, "/a/../b/%7ec"), LN_OK);
    assert_slice(x->r.path, "/b/~c");
    assert_true(x->r.target_changed);
    assert_int_equal(set(x, LN_REQ_PATH, "no slash"), LN_EINVAL);
    assert_int_equal(set(x, LN_REQ_PATH, "/a\r\nX: y"), LN_EINVAL);
    assert_slice(x->r.path, "/b/~c");
}

static void test_query_can_be_set_and_taken_away(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(set(x, LN_REQ_QUERY, "a=1&b=%20"), LN_OK);
    assert_true(x->r.has_query);
    assert_int_equal(ln_req_text(&x->h, LN_REQ_QUERY, &x->s), LN_OK);
    assert_str(x->s, "a=1&b=%20");
    assert_int_equal(set(x, LN_REQ_QUERY, "a b"), LN_EINVAL);
    assert_int_equal(set(x, LN_REQ_QUERY, "a#b"), LN_EINVAL);
    assert_int_equal(set(x, LN_REQ_QUERY, NULL), LN_OK);
    assert_false(x->r.has_query);
}

static void test_host_can_be_set(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(set(x, LN_REQ_HOST, "other.example:81"), LN_OK);
    assert_true(x->r.host_changed);
    assert_slice(x->r.host, "other.example:81");
    assert_int_equal(set(x, LN_REQ_HOST, "two words"), LN_EINVAL);
    assert_int_equal(set(x, LN_REQ_HOST, "a\r\nb"), LN_EINVAL);
}

static void test_what_is_sent_cannot_be_set(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(set(x, LN_REQ_SCHEME, "https"), LN_EINVAL);
    respond(x);
    assert_int_equal(set(x, LN_REQ_METHOD, "PUT"), LN_ESTATE);
    assert_int_equal(set(x, LN_REQ_PATH, "/y"), LN_ESTATE);
    assert_int_equal(set(x, LN_REQ_QUERY, "y"), LN_ESTATE);
    assert_int_equal(set(x, LN_REQ_HOST, "y"), LN_ESTATE);
    assert_int_equal(set(x, LN_REQ_CLIENT_ID, "anna"), LN_OK); /* for the log */
    assert_slice(x->r.client_id, "anna");
    assert_int_equal(ln_req_set_text(&x->dead, LN_REQ_CLIENT_ID, "x", 1), LN_EGONE);
}

static void test_numbers_of_the_request(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(ln_req_number(&x->h, LN_REQ_PORT, &x->n), LN_OK);
    assert_true(x->n == 8080);
    assert_int_equal(ln_req_number(&x->h, LN_REQ_PEER_PORT, &x->n), LN_OK);
    assert_true(x->n == 99);
    assert_int_equal(ln_req_number(&x->h, LN_REQ_STARTED, &x->n), LN_OK);
    assert_true(x->n == 1700000000.5);
    assert_int_equal(ln_req_number(&x->h, LN_REQ_VERSION_MINOR, &x->n), LN_OK);
    assert_true(x->n == 1);
    assert_int_equal(ln_req_number(&x->h, LN_REQ_SERVICE, &x->n), LN_OK);
    assert_true(x->n == -1);
    assert_int_equal(ln_req_number(&x->h, 99, &x->n), LN_EINVAL);
    assert_int_equal(ln_req_number(&x->dead, LN_REQ_PORT, &x->n), LN_EGONE);
}

static void test_service_can_be_chosen(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(ln_req_set_service(&x->h, 3), LN_OK);
    assert_int_equal(x->r.service, 3);
    assert_int_equal(ln_req_set_service(&x->h, -1), LN_EINVAL);
    assert_int_equal(ln_req_set_service(&x->dead, 1), LN_EGONE);
    respond(x);
    assert_int_equal(ln_req_set_service(&x->h, 1), LN_ESTATE);
    assert_int_equal(x->r.service, 3);
}

static void test_priority_can_be_chosen(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(ln_req_number(&x->h, LN_REQ_PRIORITY, &x->n), LN_NONE);
    assert_int_equal(ln_req_set_priority(&x->h, 3), LN_OK);
    assert_int_equal(ln_req_number(&x->h, LN_REQ_PRIORITY, &x->n), LN_OK);
    assert_true(x->n == 3);
    assert_int_equal(ln_req_set_priority(&x->h, 4), LN_EINVAL);
    assert_int_equal(ln_req_set_priority(&x->dead, 1), LN_EGONE);
    respond(x);
    assert_int_equal(ln_req_set_priority(&x->h, 1), LN_ESTATE);
    assert_int_equal(x->r.priority, 3);
}

static void test_params(void **state)
{
    struct fixture *x = *state;

    x->r.params[0].name = LN_SLICE("id");
    x->r.params[0].value = LN_SLICE("7");
    x->r.param_count = 1;
    assert_int_equal(ln_req_param(&x->h, "id", 2, &x->s), LN_OK);
    assert_str(x->s, "7");
    assert_int_equal(ln_req_param(&x->h, "no", 2, &x->s), LN_NONE);
    assert_int_equal(ln_req_param_at(&x->h, 0, &x->s, &x->t), LN_OK);
    assert_str(x->s, "id");
    assert_str(x->t, "7");
    assert_int_equal(ln_req_param_at(&x->h, 1, &x->s, &x->t), LN_NONE);
    assert_int_equal(ln_req_param(&x->dead, "id", 2, &x->s), LN_EGONE);
    assert_int_equal(ln_req_param_at(&x->dead, 0, &x->s, &x->t), LN_EGONE);
}

static int put(const struct ln_handle *h, const char *name, const char *value)
{
    return ln_headers_set(h, name, strlen(name), value, strlen(value));
}

static void test_headers_are_found_in_any_case(void **state)
{
    struct fixture *x = *state;

    ln_fields_add(&x->fields, LN_SLICE("X-One"), LN_SLICE("1"));
    assert_int_equal(ln_headers_get(&x->h, "x-oNE", 5, &x->s), LN_OK);
    assert_str(x->s, "1");
    assert_int_equal(ln_headers_get(&x->h, "x-two", 5, &x->s), LN_NONE);
    assert_int_equal(ln_headers_get(&x->dead, "x-one", 5, &x->s), LN_EGONE);
    assert_int_equal(ln_headers_get(&x->res, "x-one", 5, &x->s), LN_NONE);
}

static void test_headers_are_judged(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(put(&x->h, "X-Good", "value"), LN_OK);
    assert_int_equal(put(&x->h, "X Bad", "value"), LN_EINVAL);
    assert_int_equal(put(&x->h, "", "value"), LN_EINVAL);
    assert_int_equal(put(&x->h, "X-Bad", "a\r\nEvil: 1"), LN_EINVAL);
    assert_int_equal(ln_headers_set(&x->h, "X-Bad", 5, "a\0b", 3), LN_EINVAL);
    assert_int_equal(put(&x->res, "X Bad", "value"), LN_EINVAL); /* queued ones too */
    assert_int_equal(put(&x->res, "X-Bad", "a\nb"), LN_EINVAL);
    assert_null(x->r.edits);
    assert_int_equal(ln_headers_add(&x->h, "X-Bad", 5, "\x01", 1), LN_EINVAL);
    assert_int_equal(x->fields.count, 1);
}

static void test_framing_headers_are_out_of_reach(void **state)
{
    static const char *const ours[] = {
        "Content-Length", "transfer-encoding", "Connection",      "Keep-Alive", "TE",
        "Trailer",        "Upgrade",           "Proxy-Connection"};
    struct fixture *x = *state;

    for (size_t i = 0; i < LN_ARRAY_LEN(ours); i++) {
        assert_int_equal(put(&x->h, ours[i], "1"), LN_ELIMIT);
        assert_int_equal(put(&x->res, ours[i], "1"), LN_ELIMIT);
        assert_int_equal(ln_headers_remove(&x->h, ours[i], strlen(ours[i])), LN_ELIMIT);
        assert_int_equal(ln_headers_add(&x->h, ours[i], strlen(ours[i]), "1", 1), LN_ELIMIT);
    }
    assert_int_equal(put(&x->h, "Host", "evil"), LN_ELIMIT);
    assert_int_equal(ln_headers_remove(&x->res, "Content-Length", 14),
                     LN_OK); /* the gateway decides anyway */
    assert_int_equal(x->fields.count, 0);
    assert_null(x->r.edits);
    assert_int_equal(put(&x->h, "Content-Type", "text/plain"), LN_OK);
}

static void test_headers_add_walk_remove(void **state)
{
    struct fixture *x = *state;
    uint32_t at = 0;

    put(&x->h, "A", "1");
    assert_int_equal(ln_headers_add(&x->h, "a", 1, "2", 1), LN_OK);
    put(&x->h, "B", "3");
    assert_int_equal(ln_headers_next(&x->h, &at, "A", 1, &x->s, &x->t), LN_OK);
    assert_str(x->t, "1");
    assert_int_equal(ln_headers_next(&x->h, &at, "A", 1, &x->s, &x->t), LN_OK);
    assert_str(x->s, "a");
    assert_str(x->t, "2");
    assert_int_equal(ln_headers_next(&x->h, &at, "A", 1, &x->s, &x->t), LN_NONE);
    assert_int_equal(ln_headers_remove(&x->h, "A", 1), LN_OK);
    at = 0;
    assert_int_equal(ln_headers_next(&x->h, &at, "", 0, &x->s, &x->t), LN_OK);
    assert_str(x->s, "B");
    assert_int_equal(ln_headers_next(&x->h, &at, "", 0, &x->s, &x->t), LN_NONE);
    assert_int_equal(ln_headers_next(&x->dead, &at, "", 0, &x->s, &x->t), LN_EGONE);
    at = 0;
    assert_int_equal(ln_headers_next(&x->res, &at, "", 0, &x->s, &x->t), LN_NONE);
}

static void test_numbers_become_header_values(void **state)
{
    static const struct {
        double number;
        const char *text;
    } all[] = {{0, "0"},   {7, "7"},     {1234567890123.0, "1234567890123"},
               {-3, "-3"}, {0.5, "0.5"}, {1e15, "1e+15"}};
    struct fixture *x = *state;

    for (size_t i = 0; i < LN_ARRAY_LEN(all); i++) {
        assert_int_equal(ln_headers_set_number(&x->h, "N", 1, all[i].number), LN_OK);
        assert_int_equal(ln_headers_get(&x->h, "n", 1, &x->s), LN_OK);
        assert_str(x->s, all[i].text);
    }
    assert_int_equal(ln_headers_set_number(&x->dead, "N", 1, 1), LN_EGONE);
}

static void test_request_headers_are_fixed_once_sent(void **state)
{
    struct fixture *x = *state;

    respond(x);
    assert_int_equal(put(&x->h, "A", "1"), LN_ESTATE);
    assert_int_equal(ln_headers_remove(&x->h, "A", 1), LN_ESTATE);
    assert_int_equal(put(&x->res, "A", "1"), LN_OK);
    assert_int_equal(ln_headers_get(&x->res, "a", 1, &x->s), LN_OK);
    assert_int_equal(put(&x->dead, "A", "1"), LN_EGONE);
}

static void test_queued_edits_can_be_read(void **state)
{
    struct fixture *x = *state;

    put(&x->res, "A", "1");
    put(&x->res, "a", "2");
    assert_int_equal(ln_headers_get(&x->res, "A", 1, &x->s), LN_OK);
    assert_str(x->s, "2");
    ln_headers_add(&x->res, "A", 1, "3", 1);
    assert_int_equal(ln_headers_get(&x->res, "A", 1, &x->s), LN_OK);
    assert_str(x->s, "2"); /* still the first */
    ln_headers_remove(&x->res, "A", 1);
    assert_int_equal(ln_headers_get(&x->res, "A", 1, &x->s), LN_NONE);
}

static void test_edits_are_judged_once(void **state)
{
    struct fixture *x = *state;
    struct ln_edits *e = ln_edits_new();

    assert_int_equal(ln_edits_push(e, LN_EDIT_REMOVE, "Gone", 4, "", 0), LN_OK);
    assert_int_equal(ln_edits_push(e, LN_EDIT_SET, "A", 1, "1", 1), LN_OK);
    assert_int_equal(ln_edits_push(e, LN_EDIT_ADD, "A", 1, "2", 1), LN_OK);
    assert_int_equal(ln_edits_push(e, LN_EDIT_SET, "B", 1, "", 0), LN_OK);
    assert_int_equal(ln_edits_push(e, LN_EDIT_SET, "C", 1, "x", 1), LN_OK);
    assert_int_equal(ln_edits_push(e, 9, "A", 1, "1", 1), LN_EINVAL);
    assert_int_equal(ln_edits_push(e, LN_EDIT_SET, "A B", 3, "1", 1), LN_EINVAL);
    assert_int_equal(ln_edits_push(e, LN_EDIT_SET, "A", 1, "\n", 1), LN_EINVAL);
    assert_int_equal(ln_edits_push(e, LN_EDIT_SET, "Host", 4, "x", 1), LN_ELIMIT);
    assert_int_equal(ln_edits_push(e, LN_EDIT_REMOVE, "Content-Length", 14, "", 0), LN_ELIMIT);
    put(&x->h, "Gone", "x");
    assert_int_equal(ln_edits_apply(e, &x->h), LN_OK);
    assert_int_equal(ln_headers_get(&x->h, "Gone", 4, &x->s), LN_NONE);
    assert_int_equal(ln_headers_get(&x->h, "A", 1, &x->s), LN_OK);
    assert_str(x->s, "1");
    assert_int_equal(ln_edits_apply(e, &x->res), LN_OK); /* queued */
    assert_non_null(x->r.edits);
    assert_int_equal(ln_edits_apply(e, &x->dead), LN_EGONE);
    respond(x);
    assert_int_equal(ln_edits_apply(e, &x->h), LN_ESTATE);
    assert_int_equal(ln_edits_apply(e, &x->res), LN_OK);
    assert_int_equal(ln_headers_get(&x->res, "c", 1, &x->s), LN_OK);
    ln_edits_free(e);
}

static int arg(struct fixture *x, const char *name)
{
    return ln_args_get(&x->h, name, strlen(name), &x->s);
}

static void test_arguments_are_decoded(void **state)
{
    struct fixture *x = *state;
    uint32_t at = 0;

    assert_int_equal(arg(x, "a"), LN_NONE);
    set(x, LN_REQ_QUERY, "a=1+2&b%20c=%C3%A9&a=3&flag&=x");
    assert_int_equal(arg(x, "a"), LN_OK);
    assert_str(x->s, "1 2");
    assert_int_equal(arg(x, "b c"), LN_OK);
    assert_str(x->s, "\xc3\xa9");
    assert_int_equal(arg(x, "flag"), LN_OK);
    assert_str(x->s, "");
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(ln_args_next(&x->h, &at, &x->s, &x->t), LN_OK);
    assert_str(x->s, "flag");
    x->r.serial = 8;
    assert_int_equal(arg(x, "a"), LN_EGONE);
    assert_int_equal(ln_args_next(&x->h, &at, &x->s, &x->t), LN_EGONE);
}

static int set_arg(struct fixture *x, const char *name, const char *value)
{
    return ln_args_set(&x->h, name, strlen(name), value, value != NULL ? strlen(value) : 0);
}

static void test_arguments_can_be_set(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(set_arg(x, "new", "a&b=c d"), LN_OK);
    assert_slice(x->r.query, "new=a%26b%3Dc+d");
    assert_true(x->r.target_changed);
    set(x, LN_REQ_QUERY, "a=1&b=2&a=3&&c=%2f");
    assert_int_equal(set_arg(x, "a", "9"), LN_OK);
    assert_slice(x->r.query, "a=9&b=2&c=%2f");
    assert_int_equal(set_arg(x, "b", NULL), LN_OK);
    assert_slice(x->r.query, "a=9&c=%2f");
    assert_int_equal(set_arg(x, "", "x"), LN_EINVAL);
    set_arg(x, "a", NULL);
    set_arg(x, "c", NULL);
    assert_false(x->r.has_query);
    respond(x);
    assert_int_equal(set_arg(x, "a", "1"), LN_ESTATE);
    x->r.serial = 8;
    assert_int_equal(set_arg(x, "a", "1"), LN_EGONE);
}

static void test_cookies_of_several_fields(void **state)
{
    struct fixture *x = *state;
    uint32_t at = 0;
    unsigned n = 0;

    ln_fields_add(&x->fields, LN_SLICE("Cookie"), LN_SLICE("a=1; b=2"));
    ln_fields_add(&x->fields, LN_SLICE("Cookie"), LN_SLICE("c=3;d=4"));
    assert_int_equal(ln_cookies_get(&x->h, "b", 1, &x->s), LN_OK);
    assert_str(x->s, "2");
    assert_int_equal(ln_cookies_get(&x->h, "d", 1, &x->s), LN_OK);
    assert_str(x->s, "4");
    assert_int_equal(ln_cookies_get(&x->h, "B", 1, &x->s), LN_NONE);
    while (ln_cookies_next(&x->h, &at, &x->s, &x->t) == LN_OK)
        n++;
    assert_int_equal(n, 4);
    assert_str(x->s, "d");
    x->r.serial = 8;
    assert_int_equal(ln_cookies_get(&x->h, "b", 1, &x->s), LN_EGONE);
    assert_int_equal(ln_cookies_next(&x->h, &at, &x->s, &x->t), LN_EGONE);
}

static void test_numbers_of_the_response(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(ln_res_number(&x->res, LN_RES_STATUS, &x->n), LN_NONE);
    assert_int_equal(ln_res_number(&x->res, LN_RES_ATTEMPT, &x->n), LN_NONE);
    assert_int_equal(ln_res_number(&x->res, LN_RES_CONNECT_MS, &x->n), LN_NONE);
    assert_int_equal(ln_res_number(&x->res, LN_RES_FIRST_BYTE_MS, &x->n), LN_NONE);
    respond(x);
    x->r.attempt = 2;
    x->r.connected = x->r.started + 3000000;
    x->r.first_byte = x->r.started + 5500000;
    x->r.ended = x->r.started + 2000000000;
    x->r.bytes = 123;
    assert_int_equal(ln_res_number(&x->res, LN_RES_STATUS, &x->n), LN_OK);
    assert_true(x->n == 200);
    assert_int_equal(ln_res_number(&x->res, LN_RES_BYTES, &x->n), LN_OK);
    assert_true(x->n == 123);
    assert_int_equal(ln_res_number(&x->res, LN_RES_DURATION, &x->n), LN_OK);
    assert_true(x->n == 2);
    assert_int_equal(ln_res_number(&x->res, LN_RES_ATTEMPT, &x->n), LN_OK);
    assert_true(x->n == 2);
    assert_int_equal(ln_res_number(&x->res, LN_RES_CONNECT_MS, &x->n), LN_OK);
    assert_true(x->n == 3);
    assert_int_equal(ln_res_number(&x->res, LN_RES_FIRST_BYTE_MS, &x->n), LN_OK);
    assert_true(x->n == 5.5);
    assert_int_equal(ln_res_number(&x->res, 99, &x->n), LN_EINVAL);
    assert_int_equal(ln_res_number(&x->dead, LN_RES_STATUS, &x->n), LN_EGONE);
}

static void test_status_can_be_set(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(ln_res_set_status(&x->res, 204), LN_ESTATE);
    respond(x);
    assert_int_equal(ln_res_set_status(&x->res, 204), LN_OK);
    assert_int_equal(x->r.status, 204);
    assert_int_equal(ln_res_set_status(&x->res, 199), LN_EINVAL);
    assert_int_equal(ln_res_set_status(&x->res, 600), LN_EINVAL);
    assert_int_equal(ln_res_set_status(&x->dead, 200), LN_EGONE);
    x->r.ended = 5;
    assert_int_equal(ln_res_set_status(&x->res, 200), LN_ESTATE);
}

static void test_texts_of_the_response(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(ln_res_text(&x->res, LN_RES_ORIGIN, &x->s), LN_NONE);
    respond(x);
    x->r.upstream_address = LN_SLICE("127.0.0.1:80");
    x->r.upstream_service = LN_SLICE("users");
    assert_int_equal(ln_res_text(&x->res, LN_RES_ORIGIN, &x->s), LN_OK);
    assert_str(x->s, "upstream");
    x->r.origin = LN_ORIGIN_GATEWAY;
    assert_int_equal(ln_res_text(&x->res, LN_RES_ORIGIN, &x->s), LN_OK);
    assert_str(x->s, "gateway");
    assert_int_equal(ln_res_text(&x->res, LN_RES_ADDRESS, &x->s), LN_OK);
    assert_str(x->s, "127.0.0.1:80");
    assert_int_equal(ln_res_text(&x->res, LN_RES_SERVICE, &x->s), LN_OK);
    assert_str(x->s, "users");
    assert_int_equal(ln_res_text(&x->res, 99, &x->s), LN_EINVAL);
    assert_int_equal(ln_res_text(&x->dead, LN_RES_ORIGIN, &x->s), LN_EGONE);
}

static void test_reply(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(ln_reply_add(&x->h, "A", 1, "1", 1), LN_ESTATE);
    assert_int_equal(ln_reply_body(&x->h, "x", 1), LN_ESTATE);
    assert_int_equal(ln_reply_begin(&x->h, 199), LN_EINVAL);
    assert_int_equal(ln_reply_begin(&x->h, 600), LN_EINVAL);
    assert_int_equal(ln_reply_begin(&x->dead, 200), LN_EGONE);
    assert_int_equal(x->r.verdict, LN_VERDICT_CONTINUE);
    assert_int_equal(ln_reply_begin(&x->h, 404), LN_OK);
    assert_int_equal(ln_reply_add(&x->h, "A", 1, "1", 1), LN_OK);
    assert_int_equal(ln_reply_add(&x->h, "A", 1, "\r\n", 2), LN_EINVAL);
    assert_int_equal(ln_reply_add(&x->h, "Content-Length", 14, "5", 1),
                     LN_OK); /* taken and ignored */
    assert_int_equal(ln_reply_body(&x->h, "gone", 4), LN_OK);
    assert_int_equal(x->r.verdict, LN_VERDICT_REPLY);
    assert_int_equal(x->r.reply_fields.count, 1);
    assert_slice(x->r.reply_body, "gone");
    assert_int_equal(ln_reply_begin(&x->h, 500), LN_OK); /* the last one counts */
    assert_int_equal(x->r.reply_fields.count, 0);
    assert_null(x->r.reply_body.p);
    assert_int_equal(ln_reply_add(&x->dead, "A", 1, "1", 1), LN_EGONE);
    assert_int_equal(ln_reply_body(&x->dead, "x", 1), LN_EGONE);
}

static void test_a_dead_record_is_never_touched(void **state)
{
    struct fixture *x = *state;
    struct ln_handle zero = {&x->r, 0, 0}, null = {NULL, 7, 0};

    assert_int_equal(ln_req_text(NULL, LN_REQ_METHOD, &x->s), LN_EGONE);
    assert_int_equal(ln_args_get(NULL, "a", 1, &x->s), LN_EGONE);
    assert_int_equal(ln_cookies_get(NULL, "a", 1, &x->s), LN_EGONE);
    assert_int_equal(ln_edits_apply(NULL, &x->h), LN_EINVAL);
    assert_int_equal(ln_limiter_take_key(NULL, "a", 1, 1, LN_TAKE, NULL), LN_EINVAL);
    x->r.serial = 0; /* forgotten: even a handle with 0 is dead */
    assert_int_equal(ln_req_text(&zero, LN_REQ_METHOD, &x->s), LN_EGONE);
    assert_int_equal(ln_req_text(&null, LN_REQ_METHOD, &x->s), LN_EGONE);
    x->r.serial = 7;
    assert_int_equal(ln_req_text(&x->h, LN_REQ_METHOD, &x->s), LN_OK);
    x->r.magic = 0; /* the memory is something else now */
    assert_int_equal(ln_req_text(&x->h, LN_REQ_METHOD, &x->s), LN_EGONE);
}

/* As while a configuration is checked: everybody passes, what makes no sense is refused. */
static void test_a_limiter_that_is_not_open(void **state)
{
    struct ln_limiter l = {.vm = NULL};
    struct ln_taken out;
    const struct ln_limit limit = {LN_LIMIT_FIXED_WINDOW, 5, 1000, 1};
    struct ln_vm vm = {.env = {0}};
    struct ln_err err;
    struct ln_shm *shm = ln_shm_new(1, &err);

    (void)state;
    assert_non_null(shm);
    vm.env.shm = shm;
    l.vm = &vm;
    l.window.plan = ln_plan_make(&limit);
    assert_int_equal(ln_limiter_take_key(&l, "a", 1, 1, LN_TAKE, &out), LN_OK);
    assert_true(out.left == 5 && out.wait == 0 && out.which == 1);
    assert_int_equal(ln_limiter_take_key(&l, "a", 1, -1, LN_TAKE, &out), LN_EINVAL);
    assert_int_equal(ln_limiter_take_key(&l, "a", 1, 1e10, LN_TAKE, &out), LN_EINVAL);
    assert_int_equal(ln_limiter_take_key(&l, "a", 1, 1, 3, &out), LN_EINVAL);
    assert_int_equal(ln_limiter_take_as(&l, 9, 1, 1, "a", 1, 1, LN_TAKE, &out), LN_OK);
    assert_int_equal(ln_limiter_take_as(&l, 9, 1.001, 1, "a", 1, 1, LN_TAKE, &out), LN_ELIMIT);
    assert_int_equal(ln_limiter_take_as(&l, 1e9, 1, 1, "a", 1, 1, LN_TAKE, &out), LN_ELIMIT);
    assert_int_equal(ln_limiter_take_as(&l, 0, 1, 1, "a", 1, 1, LN_TAKE, &out), LN_EINVAL);
    assert_int_equal(ln_limiter_take_as(&l, 1, 0, 1, "a", 1, 1, LN_TAKE, &out), LN_EINVAL);
    assert_int_equal(ln_limiter_take_as(NULL, 1, 1, 1, "a", 1, 1, LN_TAKE, &out), LN_EINVAL);
    ln_shm_free(shm);
}

static void test_digests_and_encodings(void **state)
{
    struct ln_vm_env env = {0};
    struct ln_vm *vm = ln_vm_new(&env);
    char out[80];
    size_t n;

    (void)state;
    assert_int_equal(ln_crypto_sha256_hex(&vm->cur, "abc", 3, out), LN_OK); /* FIPS 180-4 */
    assert_memory_equal(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                        64);
    assert_int_equal(ln_crypto_sha256_hex(&vm->cur, "", 0, out), LN_OK);
    assert_memory_equal(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                        64);
    assert_int_equal(ln_crypto_sha256(&vm->cur, "abc", 3, out), LN_OK);
    assert_memory_equal(out, "\xba\x78\x16\xbf", 4);
    assert_int_equal(ln_crypto_hex("\x01\xff", 2, out), LN_OK);
    assert_memory_equal(out, "01ff", 4);
    ln_crypto_base64("foob", 4, false, out, &n);
    assert_slice(ln_slice(out, n), "Zm9vYg==");
    ln_crypto_base64("\xfb\xff", 2, true, out, &n);
    assert_slice(ln_slice(out, n), "-_8");
    ln_crypto_base64("", 0, false, out, &n);
    assert_int_equal(n, 0);
    memset(out, 0, sizeof out);
    assert_int_equal(ln_crypto_random(out, 32), LN_OK);
    assert_memory_not_equal(out, out + 32, 32);
    ln_vm_free(vm);
}

static void test_say_judges_its_level(void **state)
{
    struct world w;
    struct ln_vm_env env = {0};
    struct ln_vm *vm = ln_vm_new(&env);

    (void)state;
    w.said[0] = '\0';
    vm->on_say = world_say;
    vm->on_say_arg = &w;
    assert_int_equal(ln_say(&vm->cur, 1, "hello", 5, "{\"a\":1}", 7), LN_OK);
    assert_string_equal(w.said, "info: hello {\"a\":1}\n");
    assert_int_equal(ln_say(&vm->cur, -1, "x", 1, "", 0), LN_EINVAL);
    assert_int_equal(ln_say(&vm->cur, 4, "x", 1, "", 0), LN_EINVAL);
    assert_true(ln_say_is_on(3));
    assert_false(ln_say_is_on(-1));
    assert_false(ln_say_is_on(4));
    ln_vm_free(vm);
}

static void test_sleep_outside_of_a_handler(void **state)
{
    struct ln_vm_env env = {0};
    struct ln_vm *vm = ln_vm_new(&env);

    (void)state;
    assert_int_equal(ln_wait_sleep(&vm->cur, 1), LN_ESTATE);
    assert_int_equal(ln_wait_sleep(&vm->cur, -1), LN_EINVAL);
    ln_vm_free(vm);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version),
        TEST(test_texts_of_the_request),
        TEST(test_method_can_be_set),
        TEST(test_path_is_normalised_when_set),
        TEST(test_query_can_be_set_and_taken_away),
        TEST(test_host_can_be_set),
        TEST(test_a_limiter_that_is_not_open),
        TEST(test_what_is_sent_cannot_be_set),
        TEST(test_numbers_of_the_request),
        TEST(test_service_can_be_chosen),
        TEST(test_priority_can_be_chosen),
        TEST(test_params),
        TEST(test_headers_are_found_in_any_case),
        TEST(test_headers_are_judged),
        TEST(test_framing_headers_are_out_of_reach),
        TEST(test_headers_add_walk_remove),
        TEST(test_numbers_become_header_values),
        TEST(test_request_headers_are_fixed_once_sent),
        TEST(test_queued_edits_can_be_read),
        TEST(test_edits_are_judged_once),
        TEST(test_arguments_are_decoded),
        TEST(test_arguments_can_be_set),
        TEST(test_cookies_of_several_fields),
        TEST(test_numbers_of_the_response),
        TEST(test_status_can_be_set),
        TEST(test_texts_of_the_response),
        TEST(test_reply),
        TEST(test_a_dead_record_is_never_touched),
        cmocka_unit_test(test_digests_and_encodings),
        cmocka_unit_test(test_say_judges_its_level),
        cmocka_unit_test(test_sleep_outside_of_a_handler),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
