/* SPDX-License-Identifier: Apache-2.0
 * cluster.c - the map of slots and the nodes in it.
 */
#include "redis/cluster.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "redis/keyslot.h"

enum {
    NODES_MAX = 1024,
    ANSWER_MS = 400,   /* of one node that is asked for the map */
    DOUBT_EVERY = 100, /* milliseconds between maps, whatever the answers say */
};

struct node {
    struct ln_redis *redis; /* counted; NULL = a free place */
    struct ln_redis_place place;
    bool seen; /* in the map that is being read */
};

struct ln_redis_cluster {
    struct ln_redis *owner;
    struct ln_redis *seeds[LN_REDIS_SEEDS_MAX]; /* counted */
    struct node *nodes;
    unsigned count;                 /* of places in nodes */
    uint16_t slots[LN_REDIS_SLOTS]; /* the place of the node, from 1; 0 = nobody is known */
    unsigned turn;                  /* any node: the next one */
    struct ln_redis_call *call;     /* for the map */
    unsigned asked;                 /* how many have been, for this one */
    ln_msec last;                   /* when a map was last asked for */
    struct ln_timer again;
    char reason[256];
};

struct ln_redis_cluster *ln_redis_cluster_new(struct ln_redis *owner)
{
    struct ln_redis_cluster *cl = ln_zalloc(sizeof *cl);
    struct ln_redis_url one;

    cl->owner = owner;
    for (unsigned i = 0; i < owner->url.count; i++) {
        ln_redis_url_of(&owner->url, &owner->url.at[i], &one);
        cl->seeds[i] = ln_redis_get(owner->pool, &one);
    }
    return cl;
}

void ln_redis_cluster_free(struct ln_redis_cluster *cl)
{
    if (cl == NULL)
        return;
    ln_timer_stop(cl->owner->pool->loop, &cl->again);
    ln_redis_call_free(cl->call);
    for (unsigned i = 0; i < cl->count; i++)
        ln_redis_put(cl->nodes[i].redis);
    for (unsigned i = 0; i < cl->owner->url.count; i++)
        ln_redis_put(cl->seeds[i]);
    ln_free(cl->nodes);
    ln_free(cl);
}

/* ---- nodes ---- */

static bool is_same(const struct ln_redis_place *a, const struct ln_redis_place *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

/* Its place in nodes, from 1; 0: there are too many. */
static unsigned place_of(struct ln_redis_cluster *cl, const struct ln_redis_place *place)
{
    struct ln_redis_url url;
    unsigned gap = cl->count;

    for (unsigned i = 0; i < cl->count; i++) {
        if (cl->nodes[i].redis == NULL)
            gap = i;
        else if (is_same(&cl->nodes[i].place, place))
            return i + 1;
    }
    if (gap == NODES_MAX)
        return 0;
    if (gap == cl->count)
        cl->nodes = ln_realloc(cl->nodes, ++cl->count * sizeof *cl->nodes);
    ln_redis_url_of(&cl->owner->url, place, &url);
    cl->nodes[gap] = (struct node){ln_redis_get(cl->owner->pool, &url), *place, false};
    return gap + 1;
}

struct ln_redis *ln_redis_cluster_node(struct ln_redis_cluster *cl, int slot)
{
    struct ln_redis *down = cl->seeds[0];

    if (slot >= 0 && cl->slots[slot] > 0)
        return cl->nodes[cl->slots[slot] - 1].redis;
    for (unsigned i = 0; i < cl->count; i++) {
        struct ln_redis *r = cl->nodes[cl->turn++ % cl->count].redis;

        if (r != NULL && !r->down)
            return r;
        down = r != NULL ? r : down;
    }
    return down;
}

/* A host that the node does not name is its own. */
static bool read_place(struct ln_slice host, uint64_t port, const struct ln_redis *answered,
                       struct ln_redis_place *place)
{
    if (port == 0 || port > 65535 || host.n >= sizeof place->host ||
        (host.n > 0 && memchr(host.p, 0, host.n) != NULL))
        return false;
    *place = answered->url.at[0];
    place->port = (uint16_t)port;
    if (host.n > 0) {
        memcpy(place->host, host.p, host.n);
        place->host[host.n] = '\0';
    }
    return true;
}

struct ln_redis *ln_redis_cluster_follow(struct ln_redis_cluster *cl,
                                         const struct ln_redis *answered,
                                         const struct ln_redis_reply *answer, bool *ask)
{
    enum ln_redis_error e =
        answer->kind == LN_REDIS_FAULT ? ln_redis_error_of(answer->text) : LN_REDIS_OK;
    struct ln_redis_place place;
    unsigned slot, at;
    char host[sizeof place.host + 8], text[320];
    size_t n = answer->text.n < sizeof text ? answer->text.n : sizeof text - 1;

    if (e == LN_REDIS_CLUSTERDOWN)
        ln_redis_cluster_doubt(cl);
    if (e != LN_REDIS_MOVED && e != LN_REDIS_ASK)
        return NULL;
    memcpy(text, answer->text.p, n);
    text[n] = '\0';
    if (sscanf(text, "%*s %u %263s", &slot, host) != 2 || slot >= LN_REDIS_SLOTS)
        return NULL;

    char *colon = strrchr(host, ':'); /* IPv6 addresses have no brackets here */
    uint64_t port = 0;

    if (colon == NULL || !ln_slice_to_u64(ln_slice_of(colon + 1), &port) ||
        !read_place(ln_slice(host, (size_t)(colon - host)), port, answered, &place) ||
        (at = place_of(cl, &place)) == 0)
        return NULL;
    *ask = e == LN_REDIS_ASK;
    if (!*ask) {
        cl->slots[slot] = (uint16_t)at;
        ln_redis_cluster_doubt(cl);
    }
    return cl->nodes[at - 1].redis;
}

/* ---- the map ---- */

static bool is_number(const struct ln_redis_reply *r, int64_t most)
{
    return r->kind == LN_REDIS_INTEGER && r->integer >= 0 && r->integer <= most;
}

/* [from, to, [host, port, ...], replicas...] */
static bool read_range(struct ln_redis_cluster *cl, const struct ln_redis_reply *r,
                       const struct ln_redis *answered)
{
    const struct ln_redis_reply *node;
    struct ln_redis_place place;
    struct ln_slice host = LN_SLICE("");
    unsigned at;

    if (r->kind != LN_REDIS_ARRAY || r->count < 3 || !is_number(r->items[0], LN_REDIS_SLOTS - 1) ||
        !is_number(r->items[1], LN_REDIS_SLOTS - 1))
        return false;
    node = r->items[2];
    if (node->kind != LN_REDIS_ARRAY || node->count < 2 || !is_number(node->items[1], 65535))
        return false;
    if (node->items[0]->kind == LN_REDIS_TEXT)
        host = node->items[0]->text;
    if (!read_place(host, (uint64_t)node->items[1]->integer, answered, &place) ||
        (at = place_of(cl, &place)) == 0)
        return false;
    cl->nodes[at - 1].seen = true;
    for (int64_t slot = r->items[0]->integer; slot <= r->items[1]->integer; slot++)
        cl->slots[slot] = (uint16_t)at;
    return true;
}

static bool has_awaited(const struct ln_list *calls)
{
    for (const struct ln_list *at = calls->next; at != calls; at = at->next) {
        const struct ln_redis_call *c = ln_container_of(at, struct ln_redis_call, node);

        if (!c->late && !c->freed)
            return true;
    }
    return false;
}

/* Nodes that have no slot any more. Others may have named one that the map does not know yet, so
 * whoever waits for its answer gets it; then the next map decides. */
static void drop_unseen(struct ln_redis_cluster *cl)
{
    bool kept = false;

    for (unsigned i = 0; i < cl->count; i++) {
        struct ln_redis *r = cl->nodes[i].redis;

        if (r == NULL || cl->nodes[i].seen)
            continue;
        if (r->refs == 1 && (has_awaited(&r->sent) || has_awaited(&r->queued))) {
            kept = true;
            continue;
        }
        cl->nodes[i].redis = NULL;
        ln_redis_put(r);
    }
    if (kept)
        ln_redis_cluster_doubt(cl);
}

static bool adopt(struct ln_redis_cluster *cl, const struct ln_redis_call *c)
{
    const struct ln_redis_reply *r = c->error == LN_REDIS_OK ? c->replies[0] : NULL;

    if (r == NULL || r->kind != LN_REDIS_ARRAY || r->count == 0)
        return false;
    memset(cl->slots, 0, sizeof cl->slots);
    for (unsigned i = 0; i < cl->count; i++)
        cl->nodes[i].seen = false;
    for (unsigned i = 0; i < r->count; i++)
        if (!read_range(cl, r->items[i], c->redis))
            ln_warn("redis %s: a node has told of slots what cannot be: passed over",
                    cl->owner->url.label);
    return true;
}

static void note_reason(struct ln_redis_cluster *cl, const struct ln_redis_call *c)
{
    const struct ln_redis_reply *r = c->error == LN_REDIS_OK ? c->replies[0] : NULL;
    const char *label = ln_redis_label(c->redis);

    if (r == NULL)
        snprintf(cl->reason, sizeof cl->reason, "node %s: %s", label, c->reason);
    else if (r->kind == LN_REDIS_FAULT)
        snprintf(cl->reason, sizeof cl->reason, "node %s: %.*s", label,
                 (int)(r->text.n < 160 ? r->text.n : 160), r->text.p);
    else
        snprintf(cl->reason, sizeof cl->reason, "node %s knows of no slots", label);
}

static void ask_next(struct ln_redis_cluster *cl);

static void on_slots(struct ln_redis_call *c)
{
    struct ln_redis_cluster *cl = c->arg;
    bool good = adopt(cl, c);

    if (!good)
        note_reason(cl, c);
    ln_redis_call_free(c);
    cl->call = NULL;
    if (!good) {
        ask_next(cl);
        return;
    }
    if (cl->owner->state != LN_REDIS_UP)
        ln_redis_go_up(cl->owner);
    drop_unseen(cl);
}

/* Nodes first, each once, then the hosts of the URL. */
static struct ln_redis *candidate(struct ln_redis_cluster *cl)
{
    while (cl->asked < cl->count) {
        struct ln_redis *r = cl->nodes[(cl->turn + cl->asked++) % cl->count].redis;

        if (r != NULL)
            return r;
    }
    if (cl->asked - cl->count < cl->owner->url.count)
        return cl->seeds[cl->asked++ - cl->count];
    return NULL;
}

static void ask_next(struct ln_redis_cluster *cl)
{
    struct ln_redis *at;

    while ((at = candidate(cl)) != NULL) {
        struct ln_redis_call *c = ln_redis_call_new(at, on_slots, cl);

        ln_redis_call_command(c, 2);
        ln_redis_call_word(c, "CLUSTER", 7);
        ln_redis_call_word(c, "SLOTS", 5);
        cl->call = c;
        if (ln_redis_call_send(c, ANSWER_MS))
            return;
        note_reason(cl, c);
        cl->call = NULL;
        ln_redis_call_free(c);
    }
    ln_redis_go_down(cl->owner, cl->reason);
}

void ln_redis_cluster_look(struct ln_redis_cluster *cl)
{
    if (cl->call != NULL)
        return;
    ln_timer_stop(cl->owner->pool->loop, &cl->again);
    cl->last = ln_loop_now_ms(cl->owner->pool->loop);
    cl->asked = 0;
    ask_next(cl);
}

static void on_again(struct ln_timer *t)
{
    struct ln_redis_cluster *cl = ln_container_of(t, struct ln_redis_cluster, again);

    if (cl->owner->state == LN_REDIS_UP)
        ln_redis_cluster_look(cl);
}

void ln_redis_cluster_doubt(struct ln_redis_cluster *cl)
{
    ln_msec passed = ln_loop_now_ms(cl->owner->pool->loop) - cl->last;

    if (cl->call != NULL || ln_timer_is_running(&cl->again) || cl->owner->state != LN_REDIS_UP)
        return;
    ln_timer_start(cl->owner->pool->loop, &cl->again,
                   passed < DOUBT_EVERY ? DOUBT_EVERY - passed : 1, on_again);
}
