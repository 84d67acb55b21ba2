/* SPDX-License-Identifier: Apache-2.0
 * A resolver that is told of other servers while it is at work.
 */
#include "net/nameserver.h"

#include "net/resolve.h"

struct desk {
    struct turns turns;
    struct nameserver old, new;
    struct ln_resolver_options o;
    struct ln_resolver *r;
    struct ln_resolve_op op;
    bool done;
};

static void on_resolved(struct ln_resolve_op *op)
{
    ln_container_of(op, struct desk, op)->done = true;
}

static int set_up(void **state)
{
    struct desk *d = calloc(1, sizeof *d);
    struct ln_err err;

    turns_init(&d->turns);
    ns_init(&d->old, &d->turns);
    ns_init(&d->new, &d->turns);
    d->new.last_octet = 9;
    d->o = ln_resolver_defaults();
    d->o.hosts = "/dev/null";
    d->o.dns = (struct ln_dns_options){.servers = d->old.address, .timeout = 200, .tries = 1};
    d->r = ln_resolver_new(d->turns.loop, &d->o, &err);
    assert_non_null(d->r);
    *state = d;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *d = *state;

    ln_resolve_done(&d->op);
    ln_resolver_free(d->r);
    ns_fini(&d->old);
    ns_fini(&d->new);
    turns_fini(&d->turns);
    free(d);
    return 0;
}

static void configure(struct desk *d)
{
    struct ln_err err;

    d->o.dns.servers = d->new.address;
    assert_int_equal(ln_resolver_configure(d->r, &d->o, &err), 0);
}

static void start(struct desk *d, const char *name)
{
    ln_resolve_done(&d->op);
    d->done = ln_resolve(d->r, ln_slice_of(name), 80, AF_INET, &d->op, on_resolved);
}

/* The last number of the first address; 0: there is none. */
static unsigned finish(struct desk *d)
{
    socklen_t len;

    turns_until(&d->turns, &d->done);
    if (ln_resolve_status(&d->op) != LN_RESOLVED)
        return 0;

    const struct sockaddr *sa = ln_resolve_address(&d->op, 0, &len);

    return ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr) & 0xff;
}

static void test_what_was_remembered_is_asked_for_again(void **state)
{
    struct desk *d = *state;

    start(d, "a.test");
    assert_int_equal(finish(d), 1);
    start(d, "a.test");
    assert_int_equal(d->old.asked, 1);
    configure(d);
    start(d, "a.test");
    assert_int_equal(finish(d), 9);
    assert_int_equal(d->old.asked, 1);
}

static void test_a_question_under_way_is_answered_by_the_old_ones(void **state)
{
    struct desk *d = *state;

    start(d, "a.test");
    configure(d);
    assert_int_equal(finish(d), 1);
    start(d, "silent.test");
    configure(d);
    configure(d); /* and not longer than until there are still others */
    assert_int_equal(finish(d), 0);
    start(d, "b.test");
    assert_int_equal(finish(d), 9);
}

static void test_old_answers_are_better_than_none(void **state)
{
    struct desk *d = *state;

    start(d, "a.test");
    assert_int_equal(finish(d), 1);
    d->new.broken = true;
    configure(d);
    start(d, "a.test");
    assert_int_equal(finish(d), 1);
    assert_true(d->op.stale);
}

static void test_options_that_cannot_be_used_change_nothing(void **state)
{
    struct desk *d = *state;
    struct ln_err err;

    d->o.dns.servers = "nonsense";
    assert_int_equal(ln_resolver_configure(d->r, &d->o, &err), -1);
    assert_non_null(strstr(err.text, "nonsense"));
    start(d, "a.test");
    assert_int_equal(finish(d), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_was_remembered_is_asked_for_again),
        TEST(test_a_question_under_way_is_answered_by_the_old_ones),
        TEST(test_old_answers_are_better_than_none),
        TEST(test_options_that_cannot_be_used_change_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
