/* SPDX-License-Identifier: Apache-2.0
 * test_identity.c - who is asking: addresses behind proxies that are trusted, lies of those that
 * are not, and other sources.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "gateway/identity.h"
#include "script/client.h"

struct who {
    struct ln_gateway_conf conf;
    struct ln_cidr proxies[8];
    struct ln_downstream d;
    struct ln_req r;
    struct ln_fields fields;
    struct ln_arena arena;
};

static int set_up(void **state)
{
    struct who *w = calloc(1, sizeof *w);

    if (w == NULL)
        return -1;
    ln_arena_init(&w->arena, NULL);
    ln_fields_init(&w->fields, &w->arena);
    w->r.arena = &w->arena;
    w->r.fields = &w->fields;
    w->conf.trusted_proxies = w->proxies;
    w->conf.identity.ipv6_prefix = 64;
    w->conf.identity.proxy_headers = 7;
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct who *w = *state;

    ln_arena_reset(&w->arena);
    free(w);
    return 0;
}

static void trust(struct who *w, const char *range)
{
    assert_true(ln_cidr_parse(ln_slice_of(range), &w->proxies[w->conf.trusted_count++]));
}

/* The connection's other end. */
static void connect_from(struct who *w, const char *ip)
{
    struct ln_downstream *d = &w->d;

    d->has_ip = true;
    d->port = 4711;
    memset(d->ip, 0, 16);
    if (strchr(ip, ':') == NULL) {
        d->ip[10] = d->ip[11] = 0xff;
        assert_int_equal(inet_pton(AF_INET, ip, d->ip + 12), 1);
    } else {
        assert_int_equal(inet_pton(AF_INET6, ip, d->ip), 1);
    }
    snprintf(d->peer_text, sizeof d->peer_text, "%s", ip);
    d->peer = ln_slice_of(d->peer_text);
}

static void say(struct who *w, const char *name, const char *value)
{
    assert_true(ln_fields_add(&w->fields, ln_slice_of(name), ln_slice_of(value)));
}

static void ask(struct who *w)
{
    ln_identity_fill(&w->conf, NULL, &w->d, ln_identity_is_trusted(&w->conf, &w->d), &w->r);
}

static const char *const texts[] = {"address",  "header:X", "query:X",
                                    "cookie:X", "consumer", "jwt:X"};

static void source(struct who *w, enum ln_identity_source kind, const char *name)
{
    unsigned i = w->conf.identity.from_count++;

    w->conf.identity.from[i].kind = kind;
    w->conf.identity.from[i].name = name;
    w->conf.identity.from[i].text = texts[kind];
}

/* ---- addresses
 * ------------------------------------------------------------------------------------------------
 */

static void test_the_peer_is_the_client(void **state)
{
    struct who *w = *state;

    connect_from(w, "192.0.2.7");
    ask(w);
    assert_slice(w->r.ip, "192.0.2.7");
    assert_slice(w->r.peer, "192.0.2.7");
    assert_slice(w->r.client_id, "192.0.2.7");
    assert_int_equal(w->r.peer_port, 4711);
}

/* One row: who is trusted, who connects, what X-Forwarded-For says, and who the client is then. */
struct row {
    const char *trusted[4], *peer, *chain[3], *client;
};

static const struct row rows[] = {
    /* nobody is trusted: whatever is said is not believed */
    {{NULL}, "192.0.2.7", {"198.51.100.1"}, "192.0.2.7"},
    {{"10.0.0.0/8"}, "192.0.2.7", {"198.51.100.1"}, "192.0.2.7"},
    {{"10.0.0.0/8"}, "11.0.0.1", {"10.0.0.1"}, "11.0.0.1"},
    /* a trusted proxy tells */
    {{"10.0.0.0/8"}, "10.0.0.1", {"198.51.100.1"}, "198.51.100.1"},
    {{"10.0.0.1"}, "10.0.0.1", {"198.51.100.1"}, "198.51.100.1"},
    {{"10.0.0.1"}, "10.0.0.2", {"198.51.100.1"}, "10.0.0.2"},
    {{"10.0.0.0/8"}, "10.0.0.1", {NULL}, "10.0.0.1"},
    /* a client's own lies stand further left than what the first trusted hop has seen */
    {{"10.0.0.0/8"}, "10.0.0.1", {"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
    {{"10.0.0.0/8"}, "10.0.0.1", {"10.0.0.9, 198.51.100.1"}, "198.51.100.1"},
    /* a chain of trusted hops is walked to its end */
    {{"10.0.0.0/8"}, "10.0.0.1", {"1.1.1.1, 198.51.100.1, 10.0.0.3, 10.0.0.2"}, "198.51.100.1"},
    {{"10.0.0.0/8", "172.16.0.0/12"}, "10.0.0.1", {"198.51.100.1, 172.20.1.1"}, "198.51.100.1"},
    {{"10.0.0.0/8"},
     "10.0.0.1",
     {"10.0.0.4, 10.0.0.3"},
     "10.0.0.4"}, /* trusted to the last: the farthest */
    /* several fields are one list */
    {{"10.0.0.0/8"}, "10.0.0.1", {"1.1.1.1", "198.51.100.1, 10.0.0.3"}, "198.51.100.1"},
    {{"10.0.0.0/8"}, "10.0.0.1", {"198.51.100.1", "10.0.0.3", "10.0.0.2"}, "198.51.100.1"},
    /* ports, brackets */
    {{"10.0.0.0/8"}, "10.0.0.1", {"198.51.100.1:1234"}, "198.51.100.1"},
    {{"10.0.0.0/8"}, "10.0.0.1", {"[2001:db8::1]:1234"}, "2001:db8::1"},
    /* what is no address ends the walk: the hop that said it is as far as we know */
    {{"10.0.0.0/8"}, "10.0.0.1", {"unknown"}, "10.0.0.1"},
    {{"10.0.0.0/8"}, "10.0.0.1", {"198.51.100.1, _hidden, 10.0.0.2"}, "10.0.0.2"},
    {{"10.0.0.0/8"}, "10.0.0.1", {"198.51.100.1, nonsense"}, "10.0.0.1"},
    {{"10.0.0.0/8"}, "10.0.0.1", {""}, "10.0.0.1"},
    /* IPv6, and IPv4 written as IPv6 */
    {{"2001:db8::/32"}, "2001:db8::1", {"198.51.100.1"}, "198.51.100.1"},
    {{"2001:db8::/32"}, "2001:db9::1", {"198.51.100.1"}, "2001:db9::1"},
    {{"10.0.0.0/8"}, "10.0.0.1", {"198.51.100.1, ::ffff:10.0.0.2"}, "198.51.100.1"},
    {{"0.0.0.0/0"},
     "192.0.2.7",
     {"2001:db8::1, 198.51.100.1"},
     "2001:db8::1"}, /* all of IPv4, and no IPv6 */
};

static void test_chains_of_proxies(void **state)
{
    for (size_t i = 0; i < LN_ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct who *w = *state;

        w->conf.trusted_count = 0;
        w->fields.count = 0;
        for (unsigned k = 0; k < 4 && row->trusted[k] != NULL; k++)
            trust(w, row->trusted[k]);
        for (unsigned k = 0; k < 3 && row->chain[k] != NULL; k++)
            say(w, "X-Forwarded-For", row->chain[k]);
        connect_from(w, row->peer);
        ask(w);
        if (w->r.ip.n != strlen(row->client) || memcmp(w->r.ip.p, row->client, w->r.ip.n) != 0)
            fail_msg("row %zu: %.*s instead of %s", i, (int)w->r.ip.n, w->r.ip.p, row->client);
        assert_slice(w->r.peer, row->peer); /* who connects stays who connects */
    }
}

static void test_a_unix_peer(void **state)
{
    struct who *w = *state;

    trust(w, "0.0.0.0/0");
    trust(w, "::/0");
    w->d.peer = LN_SLICE("unix:");
    w->d.has_ip = false;
    say(w, "X-Forwarded-For", "198.51.100.1");
    ask(w);
    assert_slice(w->r.ip, "unix:"); /* no address, no trust by address */
    assert_slice(w->r.client_id, "unix:");
}

/* A customer has a whole network of addresses; all of them are one client. */
static void test_ipv6_networks_count_as_one(void **state)
{
    static const struct {
        unsigned prefix;
        const char *ip, *id;
    } masks[] = {
        {64, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
        {56, "2001:db8:1:2ff:3::1", "2001:db8:1:200::"},
        {48, "2001:db8:1:2::1", "2001:db8:1::"},
        {60, "2001:db8:1:2f::1", "2001:db8:1:20::"},
        {128, "2001:db8::1", "2001:db8::1"},
        {127, "2001:db8::3", "2001:db8::2"},
        {1, "ffff::1", "8000::"},
        {0, "ffff::1", "::"},
        {64, "192.0.2.7", "192.0.2.7"}, /* IPv4 is not masked */
    };
    struct who *w = *state;

    for (size_t i = 0; i < LN_ARRAY_LEN(masks); i++) {
        w->conf.identity.ipv6_prefix = masks[i].prefix;
        connect_from(w, masks[i].ip);
        ask(w);
        assert_slice(w->r.client_id, masks[i].id);
        assert_slice(w->r.ip, masks[i].ip); /* the address itself is told in full */
    }
}

/* Whatever the identity is, an address by itself is counted and hashed as its network. */
static void test_the_network_is_known_beside_other_identities(void **state)
{
    const struct ln_service_conf by_address = {.hash_on = LN_HASH_ON_ADDRESS};
    struct who *w = *state;

    connect_from(w, "2001:db8:1:2:3:4:5:6");
    source(w, LN_IDENTITY_HEADER, "X-API-Key");
    say(w, "X-API-Key", "k1");
    ask(w);
    assert_slice(w->r.client_id, "k1");
    assert_slice(w->r.network, "2001:db8:1:2::");
    assert_slice(ln_identity_key(&by_address, &w->r), "2001:db8:1:2::");
    connect_from(w, "192.0.2.7");
    ask(w);
    assert_slice(ln_identity_key(&by_address, &w->r), "192.0.2.7");
}

static void test_the_mask_holds_for_forwarded_addresses(void **state)
{
    struct who *w = *state;

    trust(w, "10.0.0.0/8");
    connect_from(w, "10.0.0.1");
    say(w, "X-Forwarded-For", "2001:db8:1:2:3:4:5:6");
    ask(w);
    assert_slice(w->r.ip, "2001:db8:1:2:3:4:5:6");
    assert_slice(w->r.client_id, "2001:db8:1:2::");
}

/* ---- other sources
 * -------------------------------------------------------------------------------------------- */

static void test_a_header(void **state)
{
    struct who *w = *state;

    connect_from(w, "192.0.2.7");
    source(w, LN_IDENTITY_HEADER, "X-API-Key");
    ask(w);
    assert_slice(w->r.client_id, "192.0.2.7"); /* none: the address */
    say(w, "x-api-key", "k1");
    ask(w);
    assert_slice(w->r.client_id, "k1");
    assert_slice(w->r.ip, "192.0.2.7");
}

static void test_a_query_argument(void **state)
{
    struct who *w = *state;

    connect_from(w, "192.0.2.7");
    source(w, LN_IDENTITY_QUERY, "key");
    w->r.query = LN_SLICE("a=1&key=k%201&key=k2");
    ask(w);
    assert_slice(w->r.client_id, "k 1"); /* the first, decoded */
    w->r.query = LN_SLICE("a=1&monkey=k1");
    ask(w);
    assert_slice(w->r.client_id, "192.0.2.7");
    w->r.query = ln_slice(NULL, 0);
    ask(w);
    assert_slice(w->r.client_id, "192.0.2.7");
}

static void test_a_cookie(void **state)
{
    struct who *w = *state;

    connect_from(w, "192.0.2.7");
    source(w, LN_IDENTITY_COOKIE, "session");
    say(w, "Cookie", "a=1; session=s-1; b=2");
    ask(w);
    assert_slice(w->r.client_id, "s-1");
    w->fields.count = 0;
    say(w, "Cookie", "a=1; mysession=s-1");
    ask(w);
    assert_slice(w->r.client_id, "192.0.2.7");
}

static void test_sources_are_asked_in_their_order(void **state)
{
    struct who *w = *state;

    connect_from(w, "192.0.2.7");
    source(w, LN_IDENTITY_HEADER, "X-API-Key");
    source(w, LN_IDENTITY_COOKIE, "session");
    say(w, "Cookie", "session=s-1");
    ask(w);
    assert_slice(w->r.client_id, "s-1");
    say(w, "X-API-Key", ""); /* empty is none */
    ask(w);
    assert_slice(w->r.client_id, "s-1");
    w->fields.count = 0;
    say(w, "Cookie", "session=s-1");
    say(w, "X-API-Key", "k1");
    ask(w);
    assert_slice(w->r.client_id, "k1");
}

static void test_the_address_ends_the_search(void **state)
{
    struct who *w = *state;

    connect_from(w, "192.0.2.7");
    source(w, LN_IDENTITY_ADDRESS, NULL);
    source(w, LN_IDENTITY_HEADER, "X-API-Key");
    say(w, "X-API-Key", "k1");
    ask(w);
    assert_slice(w->r.client_id, "192.0.2.7");
}

/* A key that looks like an address, an argument that looks like a header. */
static void test_sources_cannot_stand_in_for_each_other(void **state)
{
    struct who *w = *state;

    connect_from(w, "192.0.2.7");
    source(w, LN_IDENTITY_HEADER, "X-API-Key");
    source(w, LN_IDENTITY_QUERY, "key");
    ask(w);
    assert_slice(w->r.client_source, "address");
    assert_slice(ln_client_key(&w->r), "192.0.2.7");
    say(w, "X-API-Key", "192.0.2.7");
    w->r.client_key = ln_slice(NULL, 0);
    ask(w);
    assert_slice(w->r.client_id, "192.0.2.7");
    assert_slice(ln_client_key(&w->r), "header:X:192.0.2.7");
    w->fields.count = 0;
    w->r.query = LN_SLICE("key=192.0.2.7");
    w->r.client_key = ln_slice(NULL, 0);
    ask(w);
    assert_slice(ln_client_key(&w->r), "query:X:192.0.2.7");
    ln_client_assign(&w->r, LN_SLICE("plugin"), LN_SLICE("192.0.2.7"));
    assert_slice(ln_client_key(&w->r), "plugin:192.0.2.7");
    ln_client_assign(&w->r, LN_SLICE("plugin"), LN_SLICE(""));
    assert_slice(ln_client_key(&w->r), "plugin:");
}

/* Plugins may prove them later: until then the next source answers. */
static void test_what_only_plugins_prove(void **state)
{
    struct who *w = *state;

    connect_from(w, "192.0.2.7");
    source(w, LN_IDENTITY_JWT, "sub");
    source(w, LN_IDENTITY_CONSUMER, "");
    source(w, LN_IDENTITY_HEADER, "X-API-Key");
    ask(w);
    assert_slice(w->r.client_source, "address");
    say(w, "X-API-Key", "k1");
    ask(w);
    assert_slice(w->r.client_id, "k1");
    assert_int_equal(w->r.client_rank, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_peer_is_the_client),
        TEST(test_chains_of_proxies),
        TEST(test_a_unix_peer),
        TEST(test_ipv6_networks_count_as_one),
        TEST(test_the_network_is_known_beside_other_identities),
        TEST(test_the_mask_holds_for_forwarded_addresses),
        TEST(test_a_header),
        TEST(test_a_query_argument),
        TEST(test_a_cookie),
        TEST(test_sources_are_asked_in_their_order),
        TEST(test_the_address_ends_the_search),
        TEST(test_sources_cannot_stand_in_for_each_other),
        TEST(test_what_only_plugins_prove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
