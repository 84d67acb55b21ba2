/* SPDX-License-Identifier: Apache-2.0
 * rows_resolver.c - gateway.resolver.
 */
#include "conf/row_type.h"
#include "conf/rows.h"

#define AT(field) offsetof(struct ln_resolver_conf, field)

enum { DNS_PORT = 53 };

/* ---- servers ---- */

/* "192.0.2.1", "2001:db8::1", "192.0.2.1:5353", "[2001:db8::1]:5353" */
static bool parse_server(struct ln_slice text, struct ln_addr *addr)
{
    struct ln_cidr one;

    if (ln_addr_parse_listen(text, addr))
        return text.p[0] != ':' && addr->any.sa_family != AF_UNIX && addr->v4.sin_port != 0;
    if (memchr(text.p, '/', text.n) != NULL || !ln_cidr_parse(text, &one))
        return false;
    ln_addr_make(addr, one.bytes, DNS_PORT);
    return true;
}

/* All in one, with commas, as net/dns.h takes them. */
static void add_server(struct ln_reader *r, const struct ln_row *row, const struct ln_node *item,
                       unsigned index, void *arg)
{
    const char **servers = arg;
    struct ln_addr addr;
    char shown[LN_ADDR_TEXT];

    if (item->kind != LN_NODE_SCALAR || !parse_server(item->text, &addr)) {
        ln_row_refuse(r, row, item);
        return;
    }
    *servers = ln_arena_printf(&r->conf->arena, "%s%s%s", *servers, index > 0 ? "," : "",
                               ln_addr_print(&addr, shown))
                   .p;
}

static void set_servers(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                        void *field)
{
    *(const char **)field = "";
    ln_row_items(r, row, n, add_server, field);
}

static void expect_servers(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "an address such as 192.0.2.1 or [2001:db8::1]:5353, or a list of them");
}

static const struct ln_row_type type_servers = {"list of addresses", set_servers, expect_servers};

/* ---- the table ---- */

/* clang-format off */
static const struct ln_row rows[] = {
    {"servers", &type_servers, AT(servers), "[]", {0},
     "Name servers, port 53 unless written; none = those of /etc/resolv.conf. With servers given here they are asked when the configuration is in use, and nobody is asked while it loads."},
    {"timeout", &ln_type_duration, AT(timeout), "1500ms", LN_RANGE(10, 60000),
     "How long a server may take to answer; a second try gets twice as long."},
    {"tries", &ln_type_unsigned, AT(tries), "2", LN_RANGE(1, 10),
     "How often each server is asked before names count as not to be had."},
    {"minTtl", &ln_type_duration, AT(ttl_min), "1s", LN_RANGE(10, LN_DAY_MSEC),
     "An answer holds at least so long, whatever its TTL."},
    {"maxTtl", &ln_type_duration, AT(ttl_max), "1h", LN_RANGE(10, LN_DAY_MSEC),
     "And at most so long."},
    {"hold", &ln_type_duration, AT(hold), "30s", LN_RANGE(0, LN_YEAR_MSEC),
     "How long the servers must go on saying that a name has no addresses before its discovered instances leave; 0 = they leave at once. While servers fail nothing ever leaves."},
    {0},
};
/* clang-format on */

static void check_times(struct ln_reader *r, const struct ln_node *map, void *base)
{
    struct ln_resolver_conf *c = base;

    if (map != NULL && c->ttl_max > 0 && c->ttl_max < c->ttl_min)
        ln_row_error(r, &map->place, "maxTtl is shorter than minTtl");
}

const struct ln_block ln_rows_resolver = {.rows = rows, .check = check_times};
