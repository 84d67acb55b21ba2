/* SPDX-License-Identifier: Apache-2.0
 * rows_instance.c - services[].instances: URLs, or the long form.
 */
#include "base/map.h"
#include "conf/row_type.h"
#include "conf/rows.h"
#include "conf/url.h"

#define AT(field) offsetof(struct ln_instance_conf, field)

/* ---- url ---- */

static void expect_url(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a URL such as http://host:8080");
}

/* The path of a unix socket is relative to the file's folder, like every path. */
static struct ln_slice full_url(struct ln_reader *r, struct ln_slice text)
{
    if (!ln_slice_has_prefix(text, LN_SLICE("unix:")) || text.n == 5)
        return text;
    return ln_arena_printf(&r->conf->arena, "unix:%s",
                           ln_row_path(r, ln_slice(text.p + 5, text.n - 5)));
}

static void set_url(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                    void *field)
{
    struct ln_instance_conf *i = field;
    struct ln_err err;

    if (n->kind != LN_NODE_SCALAR)
        ln_row_refuse(r, row, n);
    else if (ln_url_parse(&r->conf->arena, full_url(r, n->text), i, &err) != 0)
        ln_row_error(r, &n->place, "%s", err.text);
}

static const struct ln_row_type type_url = {"URL", set_url, expect_url};

/* ---- addresses ---- */

static void take(struct ln_reader *r, struct ln_instance_conf *i, const struct ln_addr *addrs,
                 unsigned count)
{
    i->addrs = ln_arena_alloc(&r->conf->arena, count * sizeof *i->addrs);
    memcpy(i->addrs, addrs, count * sizeof *i->addrs);
    i->addr_count = count;
}

/* The system's resolver knows nothing of services, nor of what gateway.resolver.servers know; those
 * are asked once the configuration is in use. */
static bool is_for_later(const struct ln_reader *r, const struct ln_instance_conf *i)
{
    const char *servers = r->conf->gateway.resolver.servers;

    return i->discover == LN_DISCOVER_SRV || (servers != NULL && servers[0] != '\0');
}

/* A name that does not resolve now may do so later: the rest of the configuration is served
 * meanwhile. */
static void resolve(struct ln_reader *r, const struct ln_place *place, struct ln_instance_conf *i)
{
    const struct ln_addr *addrs;
    struct ln_addr local;
    struct ln_cidr literal;
    struct ln_err err;

    if (i->unix_path != NULL && ln_addr_unix(ln_slice_of(i->unix_path), &local)) {
        take(r, i, &local, 1);
        return;
    }
    i->is_name =
        !ln_cidr_parse(ln_slice_of(i->host), &literal) && strcmp(i->host, "localhost") != 0;
    if (i->is_name && is_for_later(r, i))
        return;

    unsigned count = ln_bundle_resolve(r->bundle, i->host, i->port, &addrs, &err);

    if (count == 0)
        ln_row_warn(r, place, "%s; it is asked for again while requests are served", err.text);
    else
        take(r, i, addrs, count);
}

/* Does the URL name a port, which SRV records are to name? */
static bool has_port(struct ln_slice url)
{
    const char *at = memmem(url.p, url.n, "://", 3), *end = url.p + url.n;

    for (at = at != NULL ? at + 3 : end; at < end && *at != '/'; at++)
        if (*at == ':')
            return true;
    return false;
}

static void check_discover(struct ln_reader *r, const struct ln_node *url,
                           struct ln_instance_conf *i)
{
    struct ln_cidr literal;

    if (i->unix_path != NULL || ln_cidr_parse(ln_slice_of(i->host), &literal))
        ln_row_error(r, &url->place, "got \"%s\", expected a name, because of discover",
                     url->text.p);
    else if (i->discover == LN_DISCOVER_SRV && has_port(url->text))
        ln_row_error(r, &url->place,
                     "got \"%s\", expected a name without a port, which the SRV records say",
                     url->text.p);
    else if (i->discover == LN_DISCOVER_SRV)
        ln_url_for_services(&r->conf->arena, i);
}

/* ---- the table ---- */

static const char *const discovers[] = {[LN_DISCOVER_OFF] = "off",
                                        [LN_DISCOVER_ADDRESSES] = "addresses",
                                        [LN_DISCOVER_SRV] = "srv",
                                        NULL};

/* clang-format off */
static const struct ln_row rows[] = {
    {"url", &type_url, 0, NULL, {0},
     "Where the instance is: `http://host[:port][/base]`; a path in it is put in front of the request's. Or a unix socket: `unix:run/app.sock`. A name is followed: what it stands for is asked for again when its TTL is over."},
    {"weight", &ln_type_unsigned, AT(weight), "1", LN_RANGE(1, 65535),
     "Its share of the requests, compared with the weights of the others; `round_robin` knows no weights."},
    {"backup", &ln_type_switch, AT(backup), "off", {0},
     "Gets requests only when no other instance is up, and repeats of those that failed elsewhere."},
    {"maxConnections", &ln_type_unsigned, AT(max_connections), "0", LN_RANGE(0, 1000000),
     "Requests that it has in flight at most, over all workers; 0 = no bound. When every instance is full, requests wait: `queue`."},
    {"discover", &ln_type_word, AT(discover), "off", LN_WORDS(discovers),
     "Instances that come and go with their name, without a reload: `addresses` makes one of each address that the name has, `srv` one of each SRV record of a name such as `_http._tcp.users.internal`, whose weights count and whose higher priority numbers are backups. All have the other keys of this entry."},
    {"discoverMax", &ln_type_unsigned, AT(discover_max), "64", LN_RANGE(1, LN_DISCOVER_MAX),
     "Instances that are made of one name at most; when it has more, the log says so."},
    {0},
};
/* clang-format on */

static void check_instance(struct ln_reader *r, const struct ln_node *map, void *base)
{
    const struct ln_node *url = ln_node_get(map, "url");
    struct ln_trail here = {r->trail, "url", 0};
    struct ln_instance_conf *i = base;

    if (i->url == NULL)
        return;
    r->trail = &here;
    if (i->discover != LN_DISCOVER_OFF)
        check_discover(r, url, i);
    resolve(r, &url->place, i);
    r->trail = here.up;
}

const struct ln_block ln_rows_instance = {.rows = rows, .check = check_instance};

/* ---- the list ---- */

/* A string is the short form of {url: string}. */
static void add_instance(struct ln_reader *r, const struct ln_row *row, const struct ln_node *item,
                         unsigned index, void *arg)
{
    struct ln_instance_conf *i = (struct ln_instance_conf *)arg + index;

    i->place = item->place;
    i->weight = 1;
    if (item->kind == LN_NODE_MAP) {
        ln_row_read(r, row->range.block, item, i);
        return;
    }
    set_url(r, &rows[0], item, i);
    if (i->url != NULL)
        resolve(r, &item->place, i);
}

static void refuse_equal_instances(struct ln_reader *r, const struct ln_service_conf *s)
{
    struct ln_map seen;

    ln_map_init(&seen);
    for (unsigned i = 0; i < s->instance_count; i++) {
        struct ln_instance_conf *new = &s->instances[i], *old;

        if (new->url == NULL)
            continue;
        old = ln_map_get(&seen, ln_slice_of(new->url));
        if (old != NULL)
            ln_row_error(r, &new->place,
                         "%s is given twice, the first time at %s:%u:%u, expected weight instead",
                         new->url, old->place.file, old->place.line, old->place.column);
        else
            ln_map_put(&seen, ln_slice_of(new->url), new);
    }
    ln_map_fini(&seen);
}

/* A name under `discover` takes twice its discoverMax: all may be replaced at once. */
static void refuse_too_many(struct ln_reader *r, const struct ln_service_conf *s)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < s->instance_count && count <= LN_SEATS_MAX; i++) {
        const struct ln_instance_conf *instance = &s->instances[i];

        count += instance->discover == LN_DISCOVER_OFF ? 1 : 2 * (uint64_t)instance->discover_max;
        if (count > LN_SEATS_MAX)
            ln_row_error(r, &instance->place,
                         "the service has more than %u instances with this one, expected fewer, or "
                         "a lower discoverMax, of which each takes two places",
                         (unsigned)LN_SEATS_MAX);
    }
}

static void set_instances(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                          void *field)
{
    struct ln_service_conf *s = field;
    unsigned count = ln_row_count(n);

    if (n == NULL) {
        ln_row_missing(r, row);
        return;
    }
    if (count == 0) {
        ln_row_error(r, &n->place, "empty, expected at least one URL such as http://host:8080");
        return;
    }
    s->instances = ln_arena_zalloc(&r->conf->arena, count * sizeof *s->instances);
    if (ln_row_items(r, row, n, add_instance, s->instances) > 0)
        s->instance_count = count;
    refuse_equal_instances(r, s);
    refuse_too_many(r, s);
}

static void expect_instances(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a list of URLs, or of mappings with url and weight");
}

const struct ln_row_type ln_rows_instances_type = {"list", set_instances, expect_instances};
