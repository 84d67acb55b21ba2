/* SPDX-License-Identifier: Apache-2.0
 * test_address.c - what proxies tell of a client, in each of the three fields, and what must not be
 * believed. X-Forwarded-For alone: test_identity.c.
 */
#include "unit.h"

#include "base/assert.h"
#include "gateway/address.h"

enum {
    XFF = 1 << LN_PROXY_X_FORWARDED_FOR,
    FWD = 1 << LN_PROXY_FORWARDED,
    REAL = 1 << LN_PROXY_X_REAL_IP,
    ALL = XFF | FWD | REAL,
};

struct field {
    const char *name, *value;
};

/* Which fields are believed, what a peer sends whom 10.0.0.0/8 and 2001:db8::/32 are trusted, and
 * who the client is; NULL: nobody was told. */
struct row {
    unsigned believed;
    struct field fields[4];
    const char *client;
};

#define F "Forwarded"
#define X "X-Forwarded-For"
#define R "X-Real-IP"
#define P "X-Forwarded-Proto"

static const struct row rows[] = {
    /* RFC 7239: one hop, in every spelling */
    {ALL, {{F, "for=198.51.100.1"}}, "198.51.100.1"},
    {ALL, {{F, "For=\"198.51.100.1:4711\""}}, "198.51.100.1"},
    {ALL, {{F, "for=\"[2001:db9::1]:4711\";proto=https;by=203.0.113.43"}}, "2001:db9::1"},
    {ALL, {{F, "proto=https;host=\"a,b\";for=198.51.100.1"}}, "198.51.100.1"},
    {ALL, {{F, "for=\"::ffff:198.51.100.1\""}}, "198.51.100.1"},
    {ALL, {{F, "for=\"[::ffff:c633:6401]\""}}, "198.51.100.1"},
    /* chains, in one field and in several */
    {ALL, {{F, "for=6.6.6.6, for=198.51.100.1, for=10.0.0.3"}}, "198.51.100.1"},
    {ALL, {{F, "for=6.6.6.6"}, {F, "for=198.51.100.1"}, {F, "for=10.0.0.3"}}, "198.51.100.1"},
    {ALL, {{F, "for=198.51.100.1, for=\"[2001:db8::7]:1\""}}, "198.51.100.1"},
    {ALL, {{F, "for=10.0.0.4, for=10.0.0.3"}}, "10.0.0.4"},
    /* a hop that tells nothing ends the walk where it was */
    {ALL, {{F, "for=unknown"}}, NULL},
    {ALL, {{F, "for=_hidden"}}, NULL},
    {ALL, {{F, "for=\"_hidden:_port\""}}, NULL},
    {ALL, {{F, "by=10.0.0.1"}}, NULL},
    {ALL, {{F, "for=198.51.100.1, for=_hidden, for=10.0.0.3"}}, "10.0.0.3"},
    {ALL, {{F, "for=198.51.100.1, for=unknown"}}, NULL},
    {ALL, {{F, "for=198.51.100.1;for=198.51.100.2"}}, NULL},
    {ALL, {{F, "for=198.51.100.1, for=nonsense"}}, NULL},
    {ALL, {{F, "for=\"[198.51.100.1]\""}}, NULL},
    {ALL, {{F, "for=198.51.100.1:70000"}}, NULL},
    {ALL, {{F, ""}}, NULL},
    {ALL, {{F, "\""}}, NULL},
    {ALL, {{F, ",,;;, ,"}}, NULL},
    /* a quote that a client has left open does not swallow what proxies added */
    {ALL, {{F, "for=\"6.6.6.6, for=198.51.100.1"}}, "198.51.100.1"},
    {ALL, {{F, "for=\"6.6.6.6"}, {F, "for=198.51.100.1"}}, "198.51.100.1"},

    /* X-Real-IP: one address, once */
    {ALL, {{R, "198.51.100.1"}}, "198.51.100.1"},
    {ALL, {{R, "198.51.100.1:4711"}}, "198.51.100.1"},
    {ALL, {{R, "[2001:db9::1]:4711"}}, "2001:db9::1"},
    {ALL, {{R, "2001:db9::1"}}, "2001:db9::1"},
    {ALL, {{R, "::ffff:198.51.100.1"}}, "198.51.100.1"},
    {ALL, {{R, "198.51.100.1, 198.51.100.2"}}, NULL},
    {ALL, {{R, "198.51.100.1"}, {R, "198.51.100.2"}}, NULL},
    {ALL, {{R, "198.51.100.1"}, {R, "198.51.100.1"}}, NULL},
    {ALL, {{R, "unknown"}}, NULL},
    {ALL, {{R, "_hidden"}}, NULL},
    {ALL, {{R, ""}}, NULL},
    {ALL, {{R, "198.51.100.01"}}, NULL},

    /* several kinds: the first that is there decides, also when it tells nothing */
    {ALL, {{X, "198.51.100.1"}, {F, "for=6.6.6.6"}, {R, "6.6.6.6"}}, "198.51.100.1"},
    {ALL, {{R, "6.6.6.6"}, {F, "for=198.51.100.1"}}, "198.51.100.1"},
    {ALL, {{X, "unknown"}, {F, "for=6.6.6.6"}, {R, "6.6.6.6"}}, NULL},
    {ALL, {{X, "nonsense"}, {R, "6.6.6.6"}}, NULL},
    {ALL, {{F, "for=_hidden"}, {R, "6.6.6.6"}}, NULL},
    {ALL, {{X, ""}, {R, "198.51.100.1"}}, "198.51.100.1"},

    /* what the proxies do not write is not asked */
    {FWD, {{X, "6.6.6.6"}, {F, "for=198.51.100.1"}}, "198.51.100.1"},
    {REAL, {{X, "6.6.6.6"}, {F, "for=6.6.6.6"}, {R, "198.51.100.1"}}, "198.51.100.1"},
    {XFF, {{F, "for=6.6.6.6"}, {R, "6.6.6.6"}}, NULL},
    {REAL, {{X, "6.6.6.6"}}, NULL},
};

struct place {
    struct ln_arena arena;
    struct ln_cidr trusted[2];
    struct ln_gateway_conf conf;
    struct ln_fields fields;
};

static void open_place(struct place *p)
{
    *p = (struct place){.conf = {.trusted_proxies = p->trusted, .trusted_count = 2}};
    ln_arena_init(&p->arena, NULL);
    assert_true(ln_cidr_parse(LN_SLICE("10.0.0.0/8"), &p->trusted[0]));
    assert_true(ln_cidr_parse(LN_SLICE("2001:db8::/32"), &p->trusted[1]));
    ln_fields_init(&p->fields, &p->arena);
}

static void fill(struct place *p, const struct row *row)
{
    p->conf.identity.proxy_headers = row->believed;
    for (unsigned i = 0; i < 4 && row->fields[i].name != NULL; i++)
        assert_true(ln_fields_add(&p->fields, ln_slice_of(row->fields[i].name),
                                  ln_slice_of(row->fields[i].value)));
}

static void test_what_a_trusted_proxy_tells(void **state)
{
    (void)state;
    for (size_t i = 0; i < LN_ARRAY_LEN(rows); i++) {
        unsigned char ip[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1};
        const char *wanted = rows[i].client != NULL ? rows[i].client : "10.0.0.1";
        struct place p;

        open_place(&p);
        fill(&p, &rows[i]);
        bool told = ln_address_behind(&p.conf, &p.fields, ip);
        struct ln_slice got = ln_address_print(ip, &p.arena);

        if (told != (rows[i].client != NULL) || !ln_slice_eq(got, ln_slice_of(wanted)))
            fail_msg("row %zu: %.*s instead of %s", i, (int)got.n, got.p, wanted);
        ln_arena_reset(&p.arena);
    }
}

static void test_claims_of_strangers_are_dropped(void **state)
{
    static const char *const names[] = {
        "Forwarded",         "X-Forwarded-For",    "X-Forwarded-Host", "X-Forwarded-Port",
        "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Real-IP"};
    struct place p;

    (void)state;
    open_place(&p);
    p.conf.identity.proxy_headers = ALL;
    for (size_t i = 0; i < LN_ARRAY_LEN(names); i++)
        ln_fields_add(&p.fields, ln_slice_of(names[i]), LN_SLICE("1"));
    ln_fields_add(&p.fields, LN_SLICE("X-Other"), LN_SLICE("1"));
    ln_address_drop_claims(&p.conf, true, &p.fields);
    for (size_t i = 0; i < LN_ARRAY_LEN(names); i++)
        assert_non_null(ln_fields_get(&p.fields, ln_slice_of(names[i])));
    ln_address_drop_claims(&p.conf, false, &p.fields);
    for (size_t i = 0; i < LN_ARRAY_LEN(names); i++)
        assert_null(ln_fields_get(&p.fields, ln_slice_of(names[i])));
    assert_non_null(ln_fields_get(&p.fields, LN_SLICE("X-Other")));
    ln_arena_reset(&p.arena);
}

static void test_a_trusted_proxy_s_other_fields_are_dropped(void **state)
{
    struct place p;

    (void)state;
    open_place(&p);
    fill(&p, &(struct row){FWD, {{X, "6.6.6.6"}, {F, "for=198.51.100.1"}, {R, "6.6.6.6"}}, NULL});
    ln_fields_add(&p.fields, LN_SLICE("X-Forwarded-Proto"), LN_SLICE("https"));
    ln_address_drop_claims(&p.conf, true, &p.fields);
    assert_null(ln_fields_get(&p.fields, LN_SLICE(X)));
    assert_null(ln_fields_get(&p.fields, LN_SLICE(R)));
    assert_non_null(ln_fields_get(&p.fields, LN_SLICE(F)));
    /* Who writes Forwarded says it there; this one a client may have sent. */
    assert_null(ln_fields_get(&p.fields, LN_SLICE("X-Forwarded-Proto")));
    ln_arena_reset(&p.arena);
}

/* Proxies that write X-Real-IP have no other way to tell the scheme. */
static void test_companions_of_x_real_ip_stay(void **state)
{
    struct place p;

    (void)state;
    open_place(&p);
    fill(&p, &(struct row){REAL, {{R, "198.51.100.1"}, {P, "https"}}, NULL});
    ln_address_drop_claims(&p.conf, true, &p.fields);
    assert_non_null(ln_fields_get(&p.fields, LN_SLICE(P)));
    ln_arena_reset(&p.arena);
}

/* `client`: the scheme. */
static const struct row schemes[] = {
    {ALL, {{P, "https"}}, "https"},
    {ALL, {{P, "HTTPS"}}, "https"},
    {ALL, {{P, "http"}}, "http"},
    {ALL, {{P, "ftp"}}, "http"},
    {ALL, {{P, ""}}, "http"},
    {ALL, {{X, "198.51.100.1"}}, "http"},
    /* of as many as there are proxies the client's; what stands left of it a client has sent */
    {ALL, {{X, "198.51.100.1, 10.0.0.3"}, {P, "https, http"}}, "https"},
    {ALL, {{X, "198.51.100.1, 10.0.0.3"}, {P, "https"}, {P, "http"}}, "https"},
    {ALL, {{X, "198.51.100.1"}, {P, "https, http"}}, "http"},
    {ALL, {{X, "6.6.6.6, 198.51.100.1"}, {P, "https, http"}}, "http"},
    {ALL, {{X, "198.51.100.1"}, {P, "https"}, {P, "http"}}, "http"},
    {ALL, {{P, "https"}, {P, "http"}}, "http"},
    {ALL, {{X, "198.51.100.1, 10.0.0.3"}, {P, "https"}}, "https"},
    {ALL, {{X, "10.0.0.4, 10.0.0.3"}, {P, "https, http"}}, "https"},
    {ALL, {{X, "unknown, 10.0.0.3"}, {P, "https, http"}}, "https"},
    {REAL, {{R, "198.51.100.1"}, {P, "https"}}, "https"},
    /* RFC 7239 section 5.4 */
    {ALL, {{F, "for=198.51.100.1;proto=https"}}, "https"},
    {ALL, {{F, "for=198.51.100.1;Proto=\"HTTPS\""}}, "https"},
    {ALL, {{F, "proto=https;by=10.0.0.1"}}, "https"},
    {ALL, {{F, "for=_hidden;proto=https"}}, "https"},
    {ALL, {{F, "for=198.51.100.1"}}, "http"},
    {ALL, {{F, "for=198.51.100.1;proto=https;proto=https"}}, "http"},
    {ALL, {{F, "for=nonsense;proto=https"}}, "http"},
    {ALL, {{F, "for=198.51.100.1;proto=https, for=10.0.0.3;proto=http"}}, "https"},
    {ALL, {{F, "for=6.6.6.6;proto=https, for=198.51.100.1;proto=http"}}, "http"},
    {ALL, {{F, "for=6.6.6.6;proto=https"}, {F, "for=198.51.100.1"}}, "http"},
    {FWD, {{P, "https"}, {F, "for=198.51.100.1;proto=http"}}, "http"},
    {FWD, {{P, "https"}, {F, "for=198.51.100.1"}}, "http"},
    {XFF, {{F, "for=198.51.100.1;proto=https"}}, "http"},
    {ALL, {{X, "198.51.100.1"}, {P, "http"}, {F, "for=6.6.6.6;proto=https"}}, "http"},
};

static void test_how_the_client_came(void **state)
{
    (void)state;
    for (size_t i = 0; i < LN_ARRAY_LEN(schemes); i++) {
        struct place p;

        open_place(&p);
        fill(&p, &schemes[i]);
        ln_address_drop_claims(&p.conf, true, &p.fields);
        struct ln_slice got = ln_address_scheme(&p.conf, &p.fields);

        if (!ln_slice_eq(got, ln_slice_of(schemes[i].client)))
            fail_msg("scheme %zu: %.*s", i, (int)got.n, got.p);
        ln_arena_reset(&p.arena);
    }
}

/* `client`: what services get of X-Forwarded-Proto; NULL: nothing of it. */
static const struct row protos[] = {
    {ALL, {{P, "https"}}, "https"},
    {ALL, {{P, "wss"}}, "wss"},
    {ALL, {{X, "198.51.100.1"}}, NULL},
    {ALL, {{P, ""}}, NULL},
    {ALL, {{P, ", ,"}, {P, ""}}, NULL},
    {ALL, {{X, "198.51.100.1"}, {P, "https, http"}}, "http"},
    {ALL, {{X, "6.6.6.6, 198.51.100.1"}, {P, "https, http"}}, "http"},
    {ALL, {{X, "198.51.100.1"}, {P, "https"}, {P, "http"}}, "http"},
    {ALL, {{X, "198.51.100.1"}, {P, "http"}, {P, ""}}, "http"},
    {ALL, {{X, "198.51.100.1, 10.0.0.3"}, {P, "https, http"}}, "https"},
    {FWD, {{P, "https"}, {F, "for=198.51.100.1;proto=http"}}, NULL},
};

static void test_one_proto_goes_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < LN_ARRAY_LEN(protos); i++) {
        const char *want = protos[i].client;
        struct ln_field *f;
        struct place p;

        open_place(&p);
        fill(&p, &protos[i]);
        ln_address_drop_claims(&p.conf, true, &p.fields);
        struct ln_slice scheme = ln_address_scheme(&p.conf, &p.fields);

        ln_address_settle_proto(&p.conf, &p.fields);
        f = ln_fields_find(&p.fields, LN_FIELD_X_FORWARDED_PROTO);
        assert_true((f == NULL) == (want == NULL));
        assert_true(f == NULL || ln_slice_eq(ln_field_value(f), ln_slice_of(want)));
        assert_true(f == NULL || ln_fields_next(&p.fields, f) == NULL);
        assert_true(ln_slice_eq(ln_address_scheme(&p.conf, &p.fields), scheme));
        ln_arena_reset(&p.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_trusted_proxy_tells),
        cmocka_unit_test(test_claims_of_strangers_are_dropped),
        cmocka_unit_test(test_a_trusted_proxy_s_other_fields_are_dropped),
        cmocka_unit_test(test_companions_of_x_real_ip_stay),
        cmocka_unit_test(test_how_the_client_came),
        cmocka_unit_test(test_one_proto_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
