/* SPDX-License-Identifier: Apache-2.0
 * test_resolve.c - names to addresses by a scripted name server: what is asked, remembered, passed
 * over and bounded.
 */
#include "net/nameserver.h"

#include "net/resolve.h"

enum { OPS = 64 };

struct desk {
    struct turns turns;
    struct nameserver ns;
    struct ln_resolver *r;
    struct ln_resolver_options o;
    struct ln_resolve_op op[OPS];
    unsigned answered, until;
    bool done;
    char hosts[64], conf[64];
};

static struct desk *desk; /* one test at a time */

static void on_resolved(struct ln_resolve_op *op)
{
    (void)op;
    desk->answered++;
    desk->done = desk->answered >= desk->until;
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int set_up(void **state)
{
    struct desk *d = calloc(1, sizeof *d);

    turns_init(&d->turns);
    ns_init(&d->ns, &d->turns);
    snprintf(d->hosts, sizeof d->hosts, "/tmp/ln_hosts.XXXXXX");
    snprintf(d->conf, sizeof d->conf, "/tmp/ln_resolv.XXXXXX");
    close(mkstemp(d->hosts));
    close(mkstemp(d->conf));
    write_file(d->conf, "search one.test two.test\noptions ndots:2\n");
    d->o = ln_resolver_defaults();
    d->o.dns.servers = d->ns.address;
    d->o.dns.resolv_conf = d->conf;
    d->o.dns.timeout = 100;
    d->o.hosts = d->hosts;
    desk = d;
    *state = d;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *d = *state;

    for (unsigned i = 0; i < OPS; i++)
        ln_resolve_done(&d->op[i]);
    ln_resolver_free(d->r);
    ns_fini(&d->ns);
    turns_fini(&d->turns);
    unlink(d->hosts);
    unlink(d->conf);
    free(d);
    return 0;
}

static void open_resolver(struct desk *d)
{
    struct ln_err err;

    if (d->r == NULL)
        d->r = ln_resolver_new(d->turns.loop, &d->o, &err);
    assert_non_null(d->r);
}

static bool start(struct desk *d, unsigned i, const char *host, int family)
{
    open_resolver(d);
    ln_resolve_done(&d->op[i]);
    return ln_resolve(d->r, ln_slice_of(host), 80, family, &d->op[i], on_resolved);
}

static void await(struct desk *d, unsigned count)
{
    d->until = count;
    d->done = d->answered >= count;
    turns_until(&d->turns, &d->done);
}

/* Looks up and waits; the status. */
static enum ln_resolve_status look_up(struct desk *d, const char *host, int family)
{
    unsigned before = d->answered;

    if (!start(d, 0, host, family))
        await(d, before + 1);
    return ln_resolve_status(&d->op[0]);
}

static const char *printed(struct ln_resolve_op *op, unsigned i)
{
    static char text[80];
    char ip[INET6_ADDRSTRLEN];
    socklen_t len;
    const struct sockaddr *a = ln_resolve_address(op, i, &len);

    if (a->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)a;

        inet_ntop(AF_INET, &v4->sin_addr, ip, sizeof ip);
        snprintf(text, sizeof text, "%s:%u", ip, ntohs(v4->sin_port));
        assert_int_equal(len, sizeof *v4);
    } else {
        const struct sockaddr_in6 *v6 = (const void *)a;

        inet_ntop(AF_INET6, &v6->sin6_addr, ip, sizeof ip);
        snprintf(text, sizeof text, "[%s]:%u", ip, ntohs(v6->sin6_port));
        assert_int_equal(len, sizeof *v6);
    }
    return text;
}

/* Lets the loop's clock move on. */
static void pass(struct desk *d, ln_msec by)
{
    ln_nsec end = ln_clock_mono() + by * LN_NSEC_PER_MSEC;

    while (ln_clock_mono() < end)
        turns_once(&d->turns);
    turns_once(&d->turns);
}

/* ---- without a question ---- */

static void test_numeric_addresses_answer_at_once(void **state)
{
    struct desk *d = *state;

    assert_true(start(d, 0, "192.0.2.9", AF_UNSPEC));
    assert_string_equal(printed(&d->op[0], 0), "192.0.2.9:80");
    assert_true(start(d, 0, "2001:db8::5", AF_UNSPEC));
    assert_string_equal(printed(&d->op[0], 0), "[2001:db8::5]:80");
    assert_true(start(d, 0, "[2001:db8::5]", AF_INET6));
    assert_int_equal(ln_resolve_count(&d->op[0]), 1);
    assert_true(start(d, 0, "192.0.2.9", AF_INET6));
    assert_int_equal(ln_resolve_status(&d->op[0]), LN_RESOLVE_NO_NAME);
    assert_int_equal(d->ns.asked, 0);
}

static void test_the_hosts_file_answers_at_once(void **state)
{
    struct desk *d = *state;

    write_file(d->hosts, "# comment\n192.0.2.33\tDB.Internal db # more\nnonsense here\n"
                         "2001:db8::33 db\n192.0.2.33 db\n192.0.2.34 db");
    assert_true(start(d, 0, "Db", AF_UNSPEC));
    assert_int_equal(ln_resolve_count(&d->op[0]), 3);
    assert_true(start(d, 0, "db.internal.", AF_UNSPEC));
    assert_int_equal(ln_resolve_count(&d->op[0]), 1);
    assert_string_equal(printed(&d->op[0], 0), "192.0.2.33:80");
    assert_true(start(d, 0, "db", AF_INET6));
    assert_string_equal(printed(&d->op[0], 0), "[2001:db8::33]:80");
    assert_int_equal(d->ns.asked, 0);
}

static void test_a_changed_hosts_file_is_read_again(void **state)
{
    struct desk *d = *state;

    write_file(d->hosts, "192.0.2.33 db\n");
    assert_true(start(d, 0, "db", AF_UNSPEC));
    write_file(d->hosts, "192.0.2.34 db      \n");
    pass(d, 1010);
    assert_true(start(d, 0, "db", AF_UNSPEC));
    assert_string_equal(printed(&d->op[0], 0), "192.0.2.34:80");
}

static void test_localhost_is_never_asked_for(void **state)
{
    struct desk *d = *state;

    assert_true(start(d, 0, "localhost", AF_UNSPEC));
    assert_int_equal(ln_resolve_count(&d->op[0]), 2);
    assert_true(start(d, 0, "a.localhost", AF_INET));
    assert_string_equal(printed(&d->op[0], 0), "127.0.0.1:80");
    assert_int_equal(d->ns.asked, 0);
}

static void test_what_cannot_be_a_name_is_refused_without_asking(void **state)
{
    struct desk *d = *state;
    char longest[300];
    static const char *const bad[] = {
        "",     ".",        "a..b", "-a b", "a/b", "1.2.3", "1.2.3.400", "a.7", "u\xc3\xbcxx.test",
        "[::1", "user@host"};

    for (unsigned i = 0; i < LN_ARRAY_LEN(bad); i++)
        assert_int_equal(look_up(d, bad[i], AF_UNSPEC), LN_RESOLVE_BAD_NAME);
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(look_up(d, longest, AF_UNSPEC), LN_RESOLVE_BAD_NAME);
    longest[64] = '\0'; /* a label of 64 */
    assert_int_equal(look_up(d, longest, AF_UNSPEC), LN_RESOLVE_BAD_NAME);
    assert_int_equal(d->ns.asked, 0);
    assert_int_equal(look_up(d, "good.a.test", AF_UNSPEC), LN_RESOLVED);
}

/* ---- questions and answers ---- */

static void test_both_families_by_turns(void **state)
{
    struct desk *d = *state;
    unsigned v6 = 0;

    assert_int_equal(look_up(d, "both.a.test", AF_UNSPEC), LN_RESOLVED);
    assert_int_equal(ln_resolve_count(&d->op[0]), 4);
    for (unsigned i = 0; i < 4; i++) {
        socklen_t len;
        bool is_v6 = ln_resolve_address(&d->op[0], i, &len)->sa_family == AF_INET6;

        v6 += is_v6;
        if (i % 2 == 1) /* never two of one family in a row */
            assert_int_equal(v6, (i + 1) / 2);
    }
    assert_int_equal(d->ns.asked_a, 1);
    assert_int_equal(d->ns.asked_aaaa, 1);
}

static void test_one_family_alone(void **state)
{
    struct desk *d = *state;

    assert_int_equal(look_up(d, "both.a.test", AF_INET), LN_RESOLVED);
    assert_int_equal(ln_resolve_count(&d->op[0]), 2);
    assert_int_equal(d->ns.asked_aaaa, 0);
    assert_int_equal(look_up(d, "six.a.test", AF_INET6), LN_RESOLVED);
    assert_string_equal(printed(&d->op[0], 0), "[2001:db8::6]:80");
    assert_int_equal(look_up(d, "six.a.test", AF_UNSPEC), LN_RESOLVED);
    assert_int_equal(ln_resolve_count(&d->op[0]), 1);
    assert_int_equal(look_up(d, "six.a.test", AF_INET), LN_RESOLVE_NO_NAME);
}

static void test_an_answer_is_remembered_for_its_ttl(void **state)
{
    struct desk *d = *state;

    assert_int_equal(look_up(d, "a.b.test", AF_UNSPEC), LN_RESOLVED);
    assert_in_range(ln_resolve_ttl(&d->op[0], d->turns.loop), 59000, 60000);
    assert_true(start(d, 1, "A.B.Test", AF_UNSPEC)); /* names know no case */
    assert_int_equal(d->ns.asked, 2);
    assert_false(d->op[1].stale);
}

static void test_ttl_zero_is_bounded_from_below(void **state)
{
    struct desk *d = *state;

    d->ns.ttl = 0;
    d->o.ttl_min = 40;
    assert_int_equal(look_up(d, "a.b.test", AF_INET), LN_RESOLVED);
    assert_true(start(d, 0, "a.b.test", AF_INET));
    pass(d, 45);
    assert_false(start(d, 0, "a.b.test", AF_INET));
    await(d, 2);
    assert_int_equal(d->ns.asked, 2);
}

static void test_ttl_zero_with_no_bound_serves_those_who_wait(void **state)
{
    struct desk *d = *state;

    d->ns.ttl = 0;
    d->o.ttl_min = 0;
    assert_false(start(d, 0, "a.b.test", AF_INET));
    assert_false(start(d, 1, "a.b.test", AF_INET));
    await(d, 2);
    assert_int_equal(ln_resolve_count(&d->op[1]), 2);
    assert_int_equal(d->ns.asked, 1);
    assert_false(start(d, 2, "a.b.test", AF_INET));
    await(d, 3);
    assert_int_equal(d->ns.asked, 2);
}

static void test_a_long_ttl_is_bounded_from_above(void **state)
{
    struct desk *d = *state;

    d->ns.ttl = 0x7fffffff;
    d->o.ttl_max = 5000;
    assert_int_equal(look_up(d, "a.b.test", AF_INET), LN_RESOLVED);
    assert_in_range(ln_resolve_ttl(&d->op[0], d->turns.loop), 4000, 5000);
    d->ns.ttl = 0xffffffff; /* RFC 2181 section 8: as if zero */
    assert_int_equal(look_up(d, "c.b.test", AF_INET), LN_RESOLVED);
    assert_in_range(ln_resolve_ttl(&d->op[0], d->turns.loop), 900, 1000);
}

static void test_many_waiters_are_one_question(void **state)
{
    struct desk *d = *state;

    for (unsigned i = 0; i < OPS; i++)
        assert_false(start(d, i, "a.b.test", AF_UNSPEC));
    await(d, OPS);
    assert_int_equal(d->ns.asked, 2);
    for (unsigned i = 0; i < OPS; i++)
        assert_string_equal(printed(&d->op[i], 0), "192.0.2.1:80");
}

static void test_aliases_are_followed(void **state)
{
    struct desk *d = *state;

    assert_int_equal(look_up(d, "alias.a.test", AF_UNSPEC), LN_RESOLVED);
    assert_int_equal(ln_resolve_count(&d->op[0]), 1);
    assert_string_equal(printed(&d->op[0], 0), "192.0.2.7:80");
}

static void test_odd_answers_give_no_address(void **state)
{
    struct desk *d = *state;

    assert_int_not_equal(look_up(d, "circle.a.test", AF_INET), LN_RESOLVED);
    assert_int_not_equal(look_up(d, "foreign.a.test", AF_INET), LN_RESOLVED);
    assert_int_equal(look_up(d, "garbage.a.test", AF_INET), LN_RESOLVE_FAILED);
    assert_int_equal(look_up(d, "noise.a.test", AF_INET), LN_RESOLVE_FAILED);
    assert_int_equal(look_up(d, "good.a.test", AF_INET), LN_RESOLVED);
}

static void test_a_truncated_answer_comes_by_tcp_and_is_bounded(void **state)
{
    struct desk *d = *state;

    assert_int_equal(look_up(d, "huge.a.test", AF_UNSPEC), LN_RESOLVED);
    assert_true(d->ns.asked_tcp > 0);
    assert_int_equal(ln_resolve_count(&d->op[0]), LN_RESOLVE_MAX);
    assert_string_equal(printed(&d->op[0], 63), "192.0.2.63:80");
}

static void test_an_answer_to_another_question_is_passed_over(void **state)
{
    struct desk *d = *state;

    assert_int_equal(look_up(d, "wrongid.a.test", AF_INET), LN_RESOLVED);
    assert_int_equal(ln_resolve_count(&d->op[0]), 2);
    assert_string_equal(printed(&d->op[0], 1), "192.0.2.2:80");
}

static void test_one_silent_family_does_not_hold_up_the_other(void **state)
{
    struct desk *d = *state;
    ln_nsec start_at = ln_clock_mono();

    d->o.dns.timeout = 2000;
    assert_int_equal(look_up(d, "half.a.test", AF_UNSPEC), LN_RESOLVED);
    assert_int_equal(ln_resolve_count(&d->op[0]), 2);
    assert_true(ln_resolve_is_partial(&d->op[0]));
    assert_in_range((ln_clock_mono() - start_at) / LN_NSEC_PER_MSEC, 30, 1500);
    assert_true(start(d, 1, "half.a.test", AF_UNSPEC)); /* and it is remembered */
    assert_int_equal(look_up(d, "halffail.a.test", AF_UNSPEC), LN_RESOLVED);
    assert_true(ln_resolve_is_partial(&d->op[0]));
    assert_int_equal(look_up(d, "both.a.test", AF_UNSPEC), LN_RESOLVED);
    assert_false(ln_resolve_is_partial(&d->op[0]));
}

/* ---- no ---- */

static void test_no_such_name_is_remembered_briefly(void **state)
{
    struct desk *d = *state;

    d->o.negative = 50;
    assert_int_equal(look_up(d, "nx.a.test", AF_UNSPEC), LN_RESOLVE_NO_NAME);
    assert_true(start(d, 0, "nx.a.test", AF_UNSPEC));
    assert_int_equal(ln_resolve_count(&d->op[0]), 0);
    assert_int_equal(look_up(d, "nodata.a.test", AF_UNSPEC), LN_RESOLVE_NO_NAME);
    pass(d, 55);
    assert_false(start(d, 0, "nx.a.test", AF_UNSPEC));
}

static void test_failures_are_not_taken_for_no(void **state)
{
    struct desk *d = *state;
    static const char *const names[] = {"servfail.a.test", "refused.a.test", "silent.a.test"};

    for (unsigned i = 0; i < LN_ARRAY_LEN(names); i++) {
        unsigned asked;

        assert_int_equal(look_up(d, names[i], AF_UNSPEC), LN_RESOLVE_FAILED);
        asked = d->ns.asked;
        assert_true(start(d, 0, names[i], AF_UNSPEC)); /* for a moment nobody asks again */
        assert_int_equal(ln_resolve_status(&d->op[0]), LN_RESOLVE_FAILED);
        assert_int_equal(d->ns.asked, asked);
    }
    assert_int_equal(look_up(d, "good.a.test", AF_UNSPEC), LN_RESOLVED);
}

static void test_a_resolver_that_nobody_answers(void **state)
{
    struct desk *d = *state;

    ns_fini(&d->ns); /* the port is closed: refused by the kernel */
    assert_int_equal(look_up(d, "good.a.test", AF_UNSPEC), LN_RESOLVE_FAILED);
    ns_init(&d->ns, &d->turns); /* for the tear-down */
}

/* ---- while the servers fail ---- */

static void test_the_last_good_answer_goes_on_while_servers_fail(void **state)
{
    struct desk *d = *state;

    d->ns.ttl = 0;
    d->o.ttl_min = 30;
    d->o.pause = 20;
    d->o.stale_max = 60000;
    assert_int_equal(look_up(d, "a.b.test", AF_INET), LN_RESOLVED);
    d->ns.broken = true;
    pass(d, 35);
    assert_int_equal(look_up(d, "a.b.test", AF_INET), LN_RESOLVED);
    assert_true(d->op[0].stale);
    assert_int_equal(ln_resolve_ttl(&d->op[0], d->turns.loop), 0);
    assert_string_equal(printed(&d->op[0], 0), "192.0.2.1:80");

    unsigned asked = d->ns.asked;

    assert_true(start(d, 0, "a.b.test", AF_INET)); /* in the pause: at once */
    assert_true(d->op[0].stale);
    assert_int_equal(d->ns.asked, asked);

    d->ns.broken = false;
    d->ns.last_octet = 77;
    pass(d, 25);
    assert_int_equal(look_up(d, "a.b.test", AF_INET), LN_RESOLVED);
    assert_false(d->op[0].stale);
    assert_string_equal(printed(&d->op[0], 0), "192.0.2.77:80");
}

static void test_a_stale_answer_has_an_end(void **state)
{
    struct desk *d = *state;

    d->ns.ttl = 0;
    d->o.ttl_min = 10;
    d->o.pause = 1;
    d->o.stale_max = 60;
    assert_int_equal(look_up(d, "a.b.test", AF_INET), LN_RESOLVED);
    d->ns.broken = true;
    pass(d, 80);
    assert_int_equal(look_up(d, "a.b.test", AF_INET), LN_RESOLVE_FAILED);
}

static void test_no_such_name_ends_the_last_good_answer(void **state)
{
    struct desk *d = *state;

    d->ns.ttl = 0;
    d->o.ttl_min = 10;
    assert_int_equal(look_up(d, "a.b.test", AF_INET), LN_RESOLVED);
    d->ns.gone = true;
    pass(d, 15);
    assert_int_equal(look_up(d, "a.b.test", AF_INET), LN_RESOLVE_NO_NAME);
}

static void test_silence_costs_those_with_a_last_good_answer_only_their_patience(void **state)
{
    struct desk *d = *state;
    ln_nsec start_at;

    d->ns.ttl = 0;
    d->o.ttl_min = 10;
    d->o.patience = 30;
    d->o.dns.timeout = 3000;
    assert_int_equal(look_up(d, "a.b.test", AF_INET), LN_RESOLVED);
    d->ns.silent = true;
    pass(d, 15);
    start_at = ln_clock_mono();
    assert_int_equal(look_up(d, "a.b.test", AF_INET), LN_RESOLVED);
    assert_true(d->op[0].stale);
    assert_in_range((ln_clock_mono() - start_at) / LN_NSEC_PER_MSEC, 25, 2000);
}

static void test_an_answer_in_use_is_renewed_before_its_end(void **state)
{
    struct desk *d = *state;

    d->ns.ttl = 0;
    d->o.ttl_min = 2000; /* its last tenth must not be over before a slow machine has come to it */
    assert_int_equal(look_up(d, "a.b.test", AF_INET), LN_RESOLVED);
    pass(d, 1820);
    d->ns.last_octet = 50;
    assert_true(start(d, 0, "a.b.test", AF_INET)); /* the old one, and the question goes out */
    assert_string_equal(printed(&d->op[0], 0), "192.0.2.1:80");
    while (d->ns.asked < 2)
        turns_once(&d->turns);
    pass(d, 200); /* the first would have ended by now */
    assert_true(start(d, 0, "a.b.test", AF_INET));
    assert_string_equal(printed(&d->op[0], 0), "192.0.2.50:80");
}

/* ---- search domains, services ---- */

static void test_search_domains(void **state)
{
    struct desk *d = *state;

    assert_int_equal(look_up(d, "db", AF_INET), LN_RESOLVED);
    assert_string_equal(d->ns.names[0], "db.one.test");
    assert_int_equal(d->ns.asked, 1);
    assert_int_equal(look_up(d, "nx", AF_INET), LN_RESOLVE_NO_NAME);
    assert_string_equal(d->ns.names[1], "nx.one.test");
    assert_string_equal(d->ns.names[2], "nx.two.test");
    assert_string_equal(d->ns.names[3], "nx");
    assert_int_equal(look_up(d, "nx.with.dots", AF_INET), LN_RESOLVE_NO_NAME);
    assert_string_equal(d->ns.names[4], "nx.with.dots");
    assert_string_equal(d->ns.names[5], "nx.with.dots.one.test");
    assert_int_equal(d->ns.asked, 7);
    assert_int_equal(look_up(d, "db.", AF_INET), LN_RESOLVED); /* a dot at the end: as it is */
    assert_string_equal(d->ns.names[7], "db");
}

/* The families of one name never come from two names. */
static void test_a_candidate_is_settled_for_both_families(void **state)
{
    struct desk *d = *state;

    assert_int_equal(look_up(d, "six", AF_UNSPEC), LN_RESOLVED);
    assert_int_equal(d->ns.asked, 2);
    assert_string_equal(d->ns.names[0], "six.one.test");
    assert_string_equal(d->ns.names[1], "six.one.test");
}

static void test_silence_is_not_asked_for_again_with_every_domain(void **state)
{
    struct desk *d = *state;

    d->o.dns.tries = 1;
    assert_int_equal(look_up(d, "silent", AF_INET), LN_RESOLVE_FAILED);
    assert_int_equal(d->ns.asked, 1);
}

static enum ln_resolve_status services(struct desk *d, const char *name)
{
    unsigned before = d->answered;

    open_resolver(d);
    ln_resolve_done(&d->op[0]);
    if (!ln_resolve_services(d->r, ln_slice_of(name), &d->op[0], on_resolved))
        await(d, before + 1);
    return ln_resolve_status(&d->op[0]);
}

static void test_services_come_by_priority(void **state)
{
    struct desk *d = *state;
    static const struct ln_service_record want[] = {
        {10, 60, 8081, "a.test"}, {10, 20, 8082, "b.test"}, {20, 5, 8083, "c.test"}};

    d->ns.ttl = 30;
    assert_int_equal(services(d, "_http._tcp.api.test"), LN_RESOLVED);
    assert_int_equal(ln_resolve_count(&d->op[0]), 3);
    for (unsigned i = 0; i < 3; i++) {
        struct ln_service_record s = ln_resolve_service(&d->op[0], i);

        assert_int_equal(s.priority, want[i].priority);
        assert_int_equal(s.weight, want[i].weight);
        assert_int_equal(s.port, want[i].port);
        assert_string_equal(s.target, want[i].target);
    }
    assert_in_range(ln_resolve_ttl(&d->op[0], d->turns.loop), 29000, 30000);
    assert_int_equal(services(d, "_gone._tcp.api.test"), LN_RESOLVE_NO_NAME);
    assert_int_equal(services(d, "nx._tcp.api.test"), LN_RESOLVE_NO_NAME);
    assert_int_equal(services(d, "servfail._tcp.api.test"), LN_RESOLVE_FAILED);
    assert_int_equal(services(d, "not a name"), LN_RESOLVE_BAD_NAME);
}

/* ---- bounds and endings ---- */

static void test_a_cancelled_lookup_is_silent_and_still_fills_the_cache(void **state)
{
    struct desk *d = *state;

    assert_false(start(d, 0, "a.b.test", AF_INET));
    assert_false(start(d, 1, "a.b.test", AF_INET));
    ln_resolve_done(&d->op[0]);
    ln_resolve_done(&d->op[0]);
    await(d, 1);
    assert_null(d->op[0].answer);
    assert_int_equal(ln_resolve_count(&d->op[1]), 2);
    assert_true(start(d, 0, "a.b.test", AF_INET));
}

static void cancel_the_rest(struct ln_resolve_op *op)
{
    for (unsigned i = 0; i < OPS; i++)
        if (&desk->op[i] != op)
            ln_resolve_done(&desk->op[i]);
    on_resolved(op);
}

static void test_a_callback_may_cancel_its_neighbours(void **state)
{
    struct desk *d = *state;

    open_resolver(d);
    for (unsigned i = 0; i < 8; i++)
        ln_resolve(d->r, LN_SLICE("a.b.test"), 80, AF_INET, &d->op[i], cancel_the_rest);
    await(d, 1);
    pass(d, 5);
    assert_int_equal(d->answered, 1);
}

static void test_names_remembered_are_bounded(void **state)
{
    struct desk *d = *state;
    char name[32];

    d->o.entries_max = 4;
    for (unsigned i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "n%u.b.test", i);
        assert_int_equal(look_up(d, name, AF_INET), LN_RESOLVED);
        assert_true(start(d, 1, "n0.b.test", AF_INET) || i == 0); /* in use: stays */
    }
    assert_true(start(d, 0, "n19.b.test", AF_INET));
    assert_false(start(d, 0, "n3.b.test", AF_INET));
    await(d, d->answered + 1);
}

static void test_questions_under_way_are_bounded(void **state)
{
    struct desk *d = *state;
    char name[32];

    d->o.asking_max = 3;
    for (unsigned i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "n%u.b.test", i);
        assert_false(start(d, i, name, AF_INET));
    }
    assert_false(start(d, 3, "n1.b.test", AF_INET)); /* one of them: waits with the others */
    assert_true(start(d, 4, "n9.b.test", AF_INET));
    assert_int_equal(ln_resolve_status(&d->op[4]), LN_RESOLVE_BUSY);
    await(d, 4);
    assert_int_equal(look_up(d, "n9.b.test", AF_INET), LN_RESOLVED);
}

static void look_up_again(struct ln_resolve_op *op)
{
    assert_int_equal(ln_resolve_status(op), LN_RESOLVE_FAILED);
    assert_true(
        ln_resolve(desk->r, LN_SLICE("other.b.test"), 80, AF_INET, &desk->op[9], on_resolved));
    assert_int_equal(ln_resolve_status(&desk->op[9]), LN_RESOLVE_FAILED);
    on_resolved(op);
}

static void test_freeing_answers_those_who_wait(void **state)
{
    struct desk *d = *state;

    assert_false(start(d, 0, "silent.b.test", AF_UNSPEC));
    ln_resolve(d->r, LN_SLICE("silent.c.test"), 80, AF_UNSPEC, &d->op[1], look_up_again);
    ln_resolver_free(d->r);
    d->r = NULL;
    assert_int_equal(d->answered, 2);
    assert_int_equal(ln_resolve_status(&d->op[0]), LN_RESOLVE_FAILED);
    assert_int_equal(ln_resolve_count(&d->op[0]), 0);
}

static void test_an_op_keeps_its_answer(void **state)
{
    struct desk *d = *state;

    assert_int_equal(look_up(d, "a.b.test", AF_INET), LN_RESOLVED);
    ln_resolver_free(d->r);
    d->r = NULL;
    assert_string_equal(printed(&d->op[0], 1), "192.0.2.2:80");
}

static void test_wrong_servers_are_told(void **state)
{
    struct desk *d = *state;
    struct ln_err err;

    d->o.dns.servers = "not an address";
    assert_null(ln_resolver_new(d->turns.loop, &d->o, &err));
    assert_non_null(strstr(err.text, "\"not an address\""));
}

static void test_a_changed_resolv_conf_is_taken_over(void **state)
{
    struct desk *d = *state;
    struct ln_dns_options o = {.resolv_conf = d->conf, .timeout = 100, .tries = 1};
    struct ln_err err;
    struct ln_dns *dns = ln_dns_new(d->turns.loop, &o, &err);

    assert_non_null(dns);
    assert_int_equal(ln_dns_search(dns).count, 2);
    assert_int_equal(ln_dns_search(dns).ndots, 2);
    write_file(d->conf, "search three.test\nnameserver 127.0.0.1\n");
    ln_dns_refresh(dns);
    assert_int_equal(ln_dns_search(dns).count, 1);
    assert_string_equal(ln_dns_search(dns).domains[0], "three.test");
    ln_dns_free(dns);
}

struct meddler {
    struct desk *desk;
    struct ln_dns *dns;
    bool done;
};

static void refresh_inside(void *arg, const struct ln_dns_answer *answer)
{
    struct meddler *m = arg;

    (void)answer;
    write_file(m->desk->conf, "search three.test\nnameserver 127.77.77.77\n# longer\n");
    ln_dns_refresh(m->dns);
    m->done = true;
}

/* Whoever is told may ask again at once; the channel that is at work then must stay. */
static void test_a_changed_resolv_conf_waits_for_the_answer_at_hand(void **state)
{
    struct desk *d = *state;
    struct ln_dns_options o = {.resolv_conf = d->conf, .timeout = 50, .tries = 1};
    struct meddler m = {.desk = d};
    struct ln_err err;

    write_file(d->conf, "nameserver 127.77.77.77\n");
    m.dns = ln_dns_new(d->turns.loop, &o, &err);
    assert_non_null(m.dns);
    ln_dns_ask(m.dns, "a.test", LN_DNS_A, refresh_inside, &m);
    turns_until(&d->turns, &m.done);
    ln_dns_refresh(m.dns);
    assert_string_equal(ln_dns_search(m.dns).domains[0], "three.test");
    ln_dns_free(m.dns);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_numeric_addresses_answer_at_once),
        TEST(test_the_hosts_file_answers_at_once),
        TEST(test_a_changed_hosts_file_is_read_again),
        TEST(test_localhost_is_never_asked_for),
        TEST(test_what_cannot_be_a_name_is_refused_without_asking),
        TEST(test_both_families_by_turns),
        TEST(test_one_family_alone),
        TEST(test_an_answer_is_remembered_for_its_ttl),
        TEST(test_ttl_zero_is_bounded_from_below),
        TEST(test_ttl_zero_with_no_bound_serves_those_who_wait),
        TEST(test_a_long_ttl_is_bounded_from_above),
        TEST(test_many_waiters_are_one_question),
        TEST(test_aliases_are_followed),
        TEST(test_odd_answers_give_no_address),
        TEST(test_a_truncated_answer_comes_by_tcp_and_is_bounded),
        TEST(test_an_answer_to_another_question_is_passed_over),
        TEST(test_one_silent_family_does_not_hold_up_the_other),
        TEST(test_no_such_name_is_remembered_briefly),
        TEST(test_failures_are_not_taken_for_no),
        TEST(test_a_resolver_that_nobody_answers),
        TEST(test_the_last_good_answer_goes_on_while_servers_fail),
        TEST(test_a_stale_answer_has_an_end),
        TEST(test_no_such_name_ends_the_last_good_answer),
        TEST(test_silence_costs_those_with_a_last_good_answer_only_their_patience),
        TEST(test_an_answer_in_use_is_renewed_before_its_end),
        TEST(test_search_domains),
        TEST(test_a_candidate_is_settled_for_both_families),
        TEST(test_silence_is_not_asked_for_again_with_every_domain),
        TEST(test_services_come_by_priority),
        TEST(test_a_cancelled_lookup_is_silent_and_still_fills_the_cache),
        TEST(test_a_callback_may_cancel_its_neighbours),
        TEST(test_names_remembered_are_bounded),
        TEST(test_questions_under_way_are_bounded),
        TEST(test_freeing_answers_those_who_wait),
        TEST(test_an_op_keeps_its_answer),
        TEST(test_wrong_servers_are_told),
        TEST(test_a_changed_resolv_conf_is_taken_over),
        TEST(test_a_changed_resolv_conf_waits_for_the_answer_at_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
