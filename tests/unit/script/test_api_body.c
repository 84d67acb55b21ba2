/* SPDX-License-Identifier: Apache-2.0
 * Content over the boundary: pieces, replacing at every split, who is asked, and a request's own.
 */
#include "world.h"

#include "base/text.h"
#include "script/api.h"
#include "script/api_body.h"

struct fixture {
    struct ln_req r;
    struct ln_arena arena, pieces;
    struct ln_fields fields, upstream;
    struct ln_route route;
    struct ln_handle h, dead;
    struct ln_cur cur;
    struct ln_text out; /* what the handlers let through */
    double n;
};

static int setup(void **state)
{
    struct fixture *x = ln_zalloc(sizeof *x);

    ln_arena_init(&x->arena, NULL);
    ln_arena_init(&x->pieces, NULL);
    ln_fields_init(&x->fields, &x->arena);
    ln_fields_init(&x->upstream, &x->arena);
    ln_text_init(&x->out);
    x->route.bodies = 1u << 1 | 1u << 3;
    x->r = (struct ln_req){
        .magic = LN_REQ_MAGIC,
        .serial = 7,
        .arena = &x->arena,
        .fields = &x->fields,
        .route = &x->route,
        .chunk = {.arena = &x->pieces},
    };
    x->cur.req = &x->r;
    x->h = (struct ln_handle){&x->r, 7, LN_SIDE_REQUEST};
    x->dead = (struct ln_handle){&x->r, 6, LN_SIDE_REQUEST};
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *x = *state;

    ln_text_fini(&x->out);
    ln_arena_reset(&x->pieces);
    ln_arena_reset(&x->arena);
    ln_free(x);
    return 0;
}

/* A piece reaches the handler of plugin `at`. */
static struct ln_piece enter(struct fixture *x, struct ln_slice text, bool last, int at)
{
    x->r.res_fields = &x->upstream;
    x->r.chunk.text = text;
    x->r.chunk.last = last;
    ln_piece_begin(&x->r);
    assert_int_equal(ln_piece_enter(&x->cur, at), LN_OK);
    assert_int_equal(x->cur.at, at);
    return (struct ln_piece){&x->r, 7, x->r.pieces};
}

static void leave(struct fixture *x)
{
    assert_int_equal(ln_piece_leave(&x->cur), LN_OK);
    ln_piece_end(&x->r);
    if (x->r.chunk.text.n > 0)
        ln_text_add(&x->out, x->r.chunk.text.p, x->r.chunk.text.n);
    ln_arena_reset(&x->pieces);
}

static void replace(struct fixture *x, struct ln_slice text, bool last, const char *plain,
                    const char *with)
{
    struct ln_piece p = enter(x, text, last, 3);

    assert_int_equal(ln_piece_replace(&p, plain, strlen(plain), with, strlen(with), 0, &x->n),
                     LN_OK);
    leave(x);
}

static void expect(struct fixture *x, const char *text)
{
    assert_int_equal(x->out.n, strlen(text));
    assert_memory_equal(x->out.p != NULL ? x->out.p : "", text, x->out.n);
    x->out.n = 0;
    x->r.held = NULL;
    ln_arena_reset(&x->arena);
}

/* Copies exactly, so that a sanitizer sees a byte too far. */
static struct ln_slice cut(const char *text, size_t from, size_t to, char **copy)
{
    *copy = ln_strndup(text + from, to - from);
    return ln_slice(*copy, to - from);
}

static void test_replace_at_every_split(void **state)
{
    static const struct {
        const char *text, *plain, *with, *expected;
    } cases[] = {
        {"a needle in needles", "needle", "pin", "a pin in pins"},
        {"aabaabaaabaaab", "aabaaab", "X", "aabXaaab"},
        {"aaaaa", "aa", "b", "bba"},
        {"abcab", "abc", "", "ab"},
        {"xyxyz", "xyz", "xyz!", "xyxyz!"},
        {"needl", "needle", "", "needl"},
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < LN_ARRAY_LEN(cases); i++) {
        size_t n = strlen(cases[i].text);

        for (size_t a = 0; a <= n; a++)
            for (size_t b = a; b <= n; b++) {
                const size_t at[] = {0, a, b, n};

                for (int k = 0; k < 3; k++) {
                    char *copy;
                    struct ln_slice s = cut(cases[i].text, at[k], at[k + 1], &copy);

                    replace(x, s, k == 2, cases[i].plain, cases[i].with);
                    ln_free(copy);
                }
                expect(x, cases[i].expected);
            }
    }
}

static void test_what_is_held_back_goes_on_when_it_is_not_asked_for(void **state)
{
    struct fixture *x = *state;

    replace(x, LN_SLICE("nee"), false, "needle", "pin");
    assert_int_equal(x->out.n, 0);
    enter(x, LN_SLICE("dle"), false, 3);
    leave(x);
    expect(x, "needle");
}

static void test_each_use_holds_its_own(void **state)
{
    struct fixture *x = *state;

    replace(x, LN_SLICE("nee"), false, "needle", "pin");
    struct ln_piece p = enter(x, LN_SLICE("dle"), false, 1);
    assert_int_equal(ln_piece_replace(&p, "needle", 6, "x", 1, 0, &x->n), LN_OK);
    assert_int_equal((int)x->n, 0);
    leave(x);
    expect(x, "dle");
}

static void test_undo_gives_everything_back(void **state)
{
    struct fixture *x = *state;

    replace(x, LN_SLICE("a nee"), false, "needle", "pin");
    struct ln_piece p = enter(x, LN_SLICE("dle nee"), false, 3);
    assert_int_equal(ln_piece_replace(&p, "needle", 6, "pin", 3, 0, &x->n), LN_OK);
    assert_int_equal((int)x->n, 1);
    ln_piece_undo(&x->r, 3);
    ln_piece_end(&x->r);
    ln_text_add(&x->out, x->r.chunk.text.p, x->r.chunk.text.n);
    assert_int_equal(ln_piece_enter(&x->cur, 3), LN_NONE);
    expect(x, "a needle nee");
}

static void test_replace_judges_its_arguments(void **state)
{
    struct fixture *x = *state;
    struct ln_piece p = enter(x, LN_SLICE("text"), true, 3);
    char large[4097] = {0};

    assert_int_equal(ln_piece_replace(&p, "", 0, "x", 1, 0, &x->n), LN_EINVAL);
    assert_int_equal(ln_piece_replace(&p, large, sizeof large, "x", 1, 0, &x->n), LN_EINVAL);
    assert_int_equal(ln_piece_replace(NULL, "t", 1, "x", 1, 0, &x->n), LN_EGONE);
    assert_int_equal(ln_piece_replace(&p, "t", 1, large, SIZE_MAX / 2, 0, &x->n), LN_ELIMIT);
    assert_int_equal(ln_piece_replace(&p, large, 4096, "x", 1, 0, &x->n), LN_OK);
    assert_int_equal(ln_piece_replace(&p, "t", 1, "T", 1, 0, &x->n), LN_OK);
    assert_int_equal((int)x->n, 2);
    leave(x);
    expect(x, "TexT");
}

static void test_too_many_texts(void **state)
{
    struct fixture *x = *state;
    struct ln_piece p = enter(x, LN_SLICE("text"), true, 3);
    int i = 0;

    while (ln_piece_replace(&p, "t", 1, "t", 1, 0, &x->n) == LN_OK)
        assert_true(++i < 1000);
    assert_int_equal(i, 64);
}

static void test_a_piece_is_read_and_set(void **state)
{
    struct fixture *x = *state;
    struct ln_piece p = enter(x, LN_SLICE("text"), false, 1);
    struct ln_str s;

    assert_int_equal(ln_piece_text(&p, &s), LN_OK);
    assert_slice(ln_slice(s.ptr, s.len), "text");
    assert_int_equal(ln_piece_is_last(&p), LN_NONE);
    assert_int_equal(ln_piece_set(&p, "other", 5), LN_OK);
    assert_int_equal(ln_piece_set(&p, "other", SIZE_MAX / 2), LN_ELIMIT);
    leave(x);
    expect(x, "other");

    struct ln_piece end = enter(x, ln_slice(NULL, 0), true, 1);
    assert_int_equal(ln_piece_text(&end, &s), LN_OK);
    assert_int_equal(s.len, 0);
    assert_int_equal(ln_piece_is_last(&end), LN_OK);
    assert_int_equal(ln_piece_set(&end, "", 0), LN_OK);
    leave(x);
}

static void assert_is_dead(struct fixture *x, const struct ln_piece *p)
{
    struct ln_str s;

    assert_int_equal(ln_piece_text(p, &s), LN_EGONE);
    assert_int_equal(ln_piece_is_last(p), LN_EGONE);
    assert_int_equal(ln_piece_set(p, "x", 1), LN_EGONE);
    assert_int_equal(ln_piece_replace(p, "x", 1, "y", 1, 0, &x->n), LN_EGONE);
}

static void test_a_kept_piece_is_dead(void **state)
{
    struct fixture *x = *state;
    struct ln_piece p = enter(x, LN_SLICE("one"), false, 1);
    struct ln_str s;

    leave(x);
    assert_is_dead(x, &p);
    struct ln_piece q = enter(x, LN_SLICE("two"), false, 1);
    assert_is_dead(x, &p);
    assert_int_equal(ln_piece_text(&q, &s), LN_OK);
    x->r.serial = 8; /* the record serves another request */
    assert_int_equal(ln_piece_text(&q, &s), LN_EGONE);
}

static void test_who_wants_the_content(void **state)
{
    struct fixture *x = *state;

    assert_true(ln_vm_wants_body(&x->r));
    assert_int_equal(ln_res_skip_body(&x->h, 1), LN_ESTATE); /* there is no response yet */
    x->r.res_fields = &x->upstream;
    assert_int_equal(ln_res_skip_body(&x->dead, 1), LN_EGONE);
    assert_int_equal(ln_res_skip_body(&x->h, 1), LN_OK);
    assert_true(ln_vm_wants_body(&x->r));
    assert_int_equal(ln_res_skip_body(&x->h, 3), LN_OK);
    assert_false(ln_vm_wants_body(&x->r));
    x->r.body_out = 0;
    assert_int_equal(ln_reply_from(&x->h, 3), LN_OK);
    assert_true(ln_vm_wants_body(&x->r)); /* 1 is above 3 */
    assert_int_equal(ln_reply_from(&x->h, 1), LN_OK);
    assert_false(ln_vm_wants_body(&x->r));
    assert_int_equal(ln_reply_from(&x->dead, 1), LN_EGONE);
    x->r.made_by = 0;
    x->r.route = NULL;
    assert_false(ln_vm_wants_body(&x->r));
}

static void test_the_request_content(void **state)
{
    struct fixture *x = *state;
    struct ln_str s;

    x->r.has_content = true;
    assert_int_equal(ln_req_body(&x->h, &s), LN_NONE);
    assert_int_equal(ln_req_set_body(&x->h, "x", 1), LN_NONE);
    x->r.body_state = LN_BODY_READ;
    x->r.body = LN_SLICE("hello");
    assert_int_equal(ln_req_body(&x->h, &s), LN_OK);
    assert_slice(ln_slice(s.ptr, s.len), "hello");
    assert_int_equal(ln_req_set_body(&x->h, "other", 5), LN_OK);
    assert_true(x->r.body_replaced);
    assert_int_equal(ln_req_body(&x->h, &s), LN_OK);
    assert_slice(ln_slice(s.ptr, s.len), "other");
    assert_int_equal(ln_req_body(&x->dead, &s), LN_EGONE);
    assert_int_equal(ln_req_set_body(&x->dead, "x", 1), LN_EGONE);
    x->r.res_fields = &x->upstream;
    assert_int_equal(ln_req_set_body(&x->h, "late", 4), LN_ESTATE);
}

/* A handler that asks for the content is resumed by whoever has it. */
static void test_waiting_for_the_content(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    world_init(&w);
    w.loop = ln_loop_new();
    world_services(&w, "s", NULL);
    if (world_routes(&w, "post \"/x\" { function(req) local body, why = req:read_body(100) return "
                         "200, body or why "
                         "end }") != 0)
        fail_msg("%s", w.report);
    for (int i = 0; i < 2; i++) {
        visit_init(&v, &w, 0);
        v.r.has_content = true;
        assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_WAIT);
        assert_int_equal(v.r.body_wanted, 100);
        v.r.body = LN_SLICE("hello");
        v.r.body_state = i == 0 ? LN_BODY_READ : LN_BODY_TOO_LARGE;
        assert_int_equal(ln_vm_body_ready(w.vm, &v.r), LN_RUN_DONE);
        assert_slice(v.r.reply_body, i == 0 ? "hello" : "too large");
        visit_fini(&v, &w);
    }
    visit_init(&v, &w, 0); /* nothing to wait for */
    assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_DONE);
    assert_slice(v.r.reply_body, "");
    visit_fini(&v, &w);
    visit_init(&v, &w, 0); /* the client leaves */
    v.r.has_content = true;
    assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_WAIT);
    visit_fini(&v, &w);
    world_fini(&w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_replace_at_every_split),
        TEST(test_what_is_held_back_goes_on_when_it_is_not_asked_for),
        TEST(test_each_use_holds_its_own),
        TEST(test_undo_gives_everything_back),
        TEST(test_replace_judges_its_arguments),
        TEST(test_too_many_texts),
        TEST(test_a_piece_is_read_and_set),
        TEST(test_a_kept_piece_is_dead),
        TEST(test_who_wants_the_content),
        TEST(test_the_request_content),
        cmocka_unit_test(test_waiting_for_the_content),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
