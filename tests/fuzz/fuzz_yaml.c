/* SPDX-License-Identifier: Apache-2.0
 * fuzz_yaml.c - configuration files: trees are sound and bounded, what loads is within its ranges,
 * what does not says why in plain text, and the same file always says the same.
 */
#include <string.h>

#include "conf/yaml.h"
#include "facts.h"
#include "fuzz.h"

#define FILE_NAME "gateway.yaml"

/* What a file may mention, besides what does not exist. */
static struct ln_bundle *make_world(struct ln_slice text)
{
    struct ln_bundle *b = ln_bundle_new();

    facts_add(b, LN_FACT_FILE, LN_SLICE(FILE_NAME), text);
    facts_add(b, LN_FACT_FILE, LN_SLICE("routes.lua"), LN_SLICE("return {}\n"));
    facts_add(b, LN_FACT_DIR, LN_SLICE("plugins"), LN_SLICE(""));
    facts_add(b, LN_FACT_NAME, LN_SLICE("localhost"),
              LN_SLICE("4\x7f\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0"));
    facts_add(b, LN_FACT_ENV, LN_SLICE("PORT"), LN_SLICE(":8080"));
    facts_add(b, LN_FACT_ENV, LN_SLICE("ODD"), LN_SLICE("a: [\"\n- \x1b\xff${PORT}"));
    return facts_replay(b);
}

/* ---- the tree ---- */

static unsigned check_node(const struct ln_node *n, unsigned depth, bool unique)
{
    unsigned count = 0, all = 1;

    ln_assert(depth <= LN_YAML_DEPTH + 1 && n->place.line > 0 && n->place.column > 0);
    ln_assert(n->kind == LN_NODE_SEQ || n->kind == LN_NODE_MAP || n->first == NULL);
    if (n->kind == LN_NODE_SCALAR)
        ln_assert(strlen(n->text.p) == n->text.n);
    for (const struct ln_node *e = n->first; e != NULL; e = e->next, count++) {
        ln_assert((e->key.p != NULL) == (n->kind == LN_NODE_MAP));
        ln_assert(e->next != NULL || e == n->last);
        if (n->kind == LN_NODE_MAP)
            ln_assert(strlen(e->key.p) == e->key.n);
        if (n->kind == LN_NODE_MAP && unique)
            ln_assert(ln_node_get(n, e->key.p) == e);
        all += check_node(e, depth + 1, unique);
    }
    ln_assert(count == n->count);
    return all;
}

static void parse_tree(struct ln_bundle *world, struct ln_slice text)
{
    struct ln_arena arena;
    struct ln_diag diag;
    struct ln_node *root;

    ln_arena_init(&arena, NULL);
    ln_diag_init(&diag);
    root = ln_yaml_parse(&arena, world, FILE_NAME, text, &diag);
    ln_assert(root != NULL || diag.errors > 0);
    if (root != NULL)
        ln_assert(check_node(root, 1, diag.errors == 0) <= LN_YAML_NODES);
    ln_diag_fini(&diag);
    ln_arena_reset(&arena);
}

/* ---- what was loaded ---- */

static void check_instance(const struct ln_instance_conf *i)
{
    char out[LN_ADDR_TEXT];

    ln_assert(i->url != NULL && i->host != NULL && i->authority != NULL && i->base != NULL);
    ln_assert(i->weight >= 1 && i->weight <= 65535 && i->port <= 65535);
    ln_assert((i->unix_path != NULL) == (i->host[0] == '\0' && i->port == 0));
    ln_assert(i->unix_path == NULL || i->addr_count == 1);
    for (const char *p = i->url; *p != '\0'; p++) /* it is printed, and its host is sent */
        ln_assert((unsigned char)*p >= ' ' && *p != 0x7f);
    for (unsigned a = 0; a < i->addr_count; a++) {
        ln_addr_print(&i->addrs[a], out);
        ln_assert(i->addrs[a].len > 0 && (i->unix_path == NULL || strcmp(out, i->url) == 0));
    }
}

static void check_service(const struct ln_service_conf *s)
{
    ln_assert(s->name != NULL && s->name[0] != '\0' && s->instance_count > 0);
    ln_assert(s->path == NULL || s->path[0] == '/');
    ln_assert(s->retry.tries >= 1 && s->retry.tries <= 16 && s->connect >= 1 &&
              s->pool.idle_timeout >= 1);
    ln_assert(s->proxy <= LN_PROXY_SEND_V2 && s->retry.on <= 7);
    for (unsigned i = 0; i < s->instance_count; i++)
        check_instance(&s->instances[i]);
    for (unsigned i = 0; i < s->use_count; i++)
        ln_assert(s->uses[i].plugin != NULL);
}

static void check_gateway(const struct ln_gateway_conf *g)
{
    ln_assert(g->listener_count > 0);
    for (unsigned i = 0; i < g->listener_count; i++) {
        const struct ln_listener_conf *l = &g->listeners[i];

        ln_assert(l->name != NULL && l->addr.len > 0 && l->backlog >= 1 && l->backlog <= 65535);
        ln_assert(l->proxy == LN_PROXY_OFF || g->trusted_count > 0);
    }
    ln_assert(g->limits.request_line >= 64 && g->limits.headers >= 256);
    ln_assert(g->limits.header_count >= 1 && g->limits.buffer >= 4096 && g->workers <= 256);
    ln_assert(g->tcp.keep_alive <= 32400000 && g->limits.body_grace <= 86400000);
    ln_assert(g->identity.from_count >= 1 && g->identity.from_count <= 8);
    for (unsigned i = 0; i < g->trusted_count; i++)
        ln_assert(g->trusted_proxies[i].bits <= 128);
}

static void check_diag(const struct ln_diag *d)
{
    for (unsigned i = 0; i < d->count; i++) {
        ln_assert(d->items[i].text[0] != '\0');
        for (const char *p = d->items[i].text; *p != '\0'; p++)
            ln_assert((unsigned char)*p >= ' ' && *p != 0x7f); /* one message, one line */
    }
}

static void load(struct ln_bundle *world, bool anyway, struct ln_text *report)
{
    struct ln_conf *conf;
    struct ln_diag diag;

    ln_diag_init(&diag);
    conf = anyway ? ln_conf_load_anyway(world, FILE_NAME, &diag)
                  : ln_conf_load(world, FILE_NAME, &diag);
    ln_assert(anyway ? conf != NULL : (conf == NULL) == (diag.errors > 0));
    check_diag(&diag);
    ln_diag_print(&diag, report);
    ln_diag_json(&diag, report);
    if (conf != NULL && diag.errors == 0) {
        check_gateway(&conf->gateway);
        for (unsigned i = 0; i < conf->service_count; i++)
            check_service(&conf->services[i]);
    }
    ln_conf_free(conf);
    ln_diag_fini(&diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct ln_slice text = ln_slice((const char *)bytes, n);
    struct ln_bundle *world = make_world(text);
    struct ln_text first, again;

    ln_text_init(&first);
    ln_text_init(&again);
    parse_tree(world, text);
    load(world, false, &first);
    load(world, true, &again);
    ln_assert(first.n == again.n && memcmp(first.p, again.p, first.n) == 0);
    ln_text_fini(&first);
    ln_text_fini(&again);
    ln_bundle_free(world);
    return 0;
}
