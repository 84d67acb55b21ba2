/* SPDX-License-Identifier: Apache-2.0
 * cluster_call.c - a call in parts, one for each node that has a key of it.
 */
#include "base/assert.h"
#include "redis/cluster.h"
#include "redis/keyslot.h"

enum { MOVES_MAX = 5 }; /* a map that is settling takes one or two */

/* Commands of a call that one node is asked. In the arena of the whole. */
struct ln_redis_part {
    struct ln_redis_part *next;
    struct ln_redis_call *whole, *call;
    unsigned *which, count; /* numbers of commands */
    bool asking;            /* ASKING stands before each, or before the transaction */
};

/* A command of the whole. */
struct ln_redis_piece {
    struct ln_slice text;
    int slot;
    struct ln_redis *node; /* to be asked; NULL = has been */
    unsigned moves;        /* how often its node has named another */
    bool ask;
};

static void cut(struct ln_redis_call *c)
{
    struct ln_slice rest = ln_slice(c->text, c->len), name;

    c->pieces = ln_arena_alloc(&c->arena, c->wanted * sizeof *c->pieces);
    for (unsigned i = 0; i < c->wanted; i++) {
        struct ln_redis_piece *p = &c->pieces[i];

        *p = (struct ln_redis_piece){.text = rest};
        p->slot = ln_keyslot_read(&rest, &name);
        p->text.n -= rest.n;
        if (i == 0)
            c->atomic = ln_slice_caseeq(name, LN_SLICE("MULTI"));
    }
}

/* What has no key goes where the first key is, and so does all of a transaction. False: its keys do
 * not live together. */
static bool address(struct ln_redis_call *c)
{
    struct ln_redis_cluster *cl = c->redis->cluster;
    int slot = LN_REDIS_NO_SLOT;

    for (unsigned i = 0; i < c->wanted; i++) {
        int one = c->pieces[i].slot;

        if (c->atomic && one != LN_REDIS_NO_SLOT && slot != LN_REDIS_NO_SLOT && one != slot)
            return false;
        slot = slot == LN_REDIS_NO_SLOT ? one : slot;
    }

    struct ln_redis *home = ln_redis_cluster_node(cl, slot);

    for (unsigned i = 0; i < c->wanted; i++) {
        struct ln_redis_piece *p = &c->pieces[i];

        p->node =
            c->atomic || p->slot == LN_REDIS_NO_SLOT ? home : ln_redis_cluster_node(cl, p->slot);
    }
    return true;
}

/* ---- parts ---- */

static void on_part_done(struct ln_redis_call *child);

static void write_asking(struct ln_redis_call *child)
{
    ln_redis_call_command(child, 1);
    ln_redis_call_word(child, "ASKING", 6);
}

/* A script is sent with its text behind ASKING, which holds for one command only. */
static void write_part(const struct ln_redis_part *part)
{
    struct ln_redis_call *c = part->whole, *child = part->call;

    if (c->script != NULL) {
        if (part->asking)
            write_asking(child);
        ln_redis_call_same_script(child, c, part->asking);
        return;
    }
    for (unsigned i = 0; i < part->count; i++) {
        if (part->asking && (i == 0 || !c->atomic))
            write_asking(child);
        ln_redis_call_raw(child, c->pieces[part->which[i]].text);
    }
}

/* All that go to the same node as the first that is to be asked. */
static struct ln_redis_part *next_part(struct ln_redis_call *c)
{
    struct ln_redis_part *part = NULL;
    struct ln_redis *node = NULL;

    for (unsigned i = 0; i < c->wanted; i++) {
        struct ln_redis_piece *p = &c->pieces[i];

        if (p->node == NULL || (part != NULL && (p->node != node || p->ask != part->asking)))
            continue;
        if (part == NULL) {
            node = p->node;
            part = ln_arena_alloc(&c->arena, sizeof *part);
            *part = (struct ln_redis_part){.next = c->parts, .whole = c, .asking = p->ask};
            part->which = ln_arena_alloc(&c->arena, (c->wanted - i) * sizeof *part->which);
            part->call = ln_redis_call_new(node, on_part_done, part);
            c->parts = part;
        }
        part->which[part->count++] = i;
        p->node = NULL;
    }
    return part;
}

/* The first failure is that of the whole; its words live as long as the part. */
static void note_failure(struct ln_redis_call *c, const struct ln_redis_call *child)
{
    if (c->error == LN_REDIS_OK) {
        c->error = child->error;
        c->reason = child->reason;
    }
    ln_redis_cluster_doubt(c->redis->cluster);
}

static ln_msec time_left(const struct ln_redis_call *c)
{
    ln_msec now = ln_loop_now_ms(c->redis->pool->loop);

    return now < c->until ? c->until - now : 1;
}

static void send_parts(struct ln_redis_call *c)
{
    struct ln_redis_part *part;

    while ((part = next_part(c)) != NULL) {
        write_part(part);
        if (ln_redis_call_send(part->call, time_left(c)))
            c->open++;
        else
            note_failure(c, part->call);
    }
}

/* ---- answers ---- */

/* ASKING has an answer of its own. */
static struct ln_redis_reply *reply_to(const struct ln_redis_part *part, unsigned i)
{
    if (!part->asking)
        return part->call->replies[i];
    return part->call->replies[part->whole->atomic ? i + 1 : 2 * i + 1];
}

static void take_replies(struct ln_redis_part *part)
{
    struct ln_redis_call *c = part->whole;
    struct ln_redis *to = NULL;
    bool ask = false;

    for (unsigned i = 0; i < part->count; i++) {
        struct ln_redis_reply *reply = reply_to(part, i);
        unsigned at = part->which[i];
        struct ln_redis *next =
            ln_redis_cluster_follow(c->redis->cluster, part->call->redis, reply, &ask);

        c->replies[at] = reply;
        if (next == NULL || c->pieces[at].moves++ == MOVES_MAX)
            continue;
        to = next;
        c->pieces[at].node = next;
        c->pieces[at].ask = ask;
    }
    /* Of a transaction that was refused nothing has run: all of it again. */
    for (unsigned i = 0; to != NULL && c->atomic && i < part->count; i++) {
        c->pieces[part->which[i]].node = to;
        c->pieces[part->which[i]].ask = ask;
    }
}

static void on_part_done(struct ln_redis_call *child)
{
    struct ln_redis_part *part = child->arg;
    struct ln_redis_call *c = part->whole;

    c->open--;
    if (child->error != LN_REDIS_OK)
        note_failure(c, child);
    else
        take_replies(part);
    if (c->error == LN_REDIS_OK)
        send_parts(c);
    if (c->open == 0)
        ln_redis_call_end(c);
}

bool ln_redis_split(struct ln_redis_call *c)
{
    c->step = LN_REDIS_SPLIT;
    c->replies = ln_arena_alloc(&c->arena, c->wanted * sizeof *c->replies);
    cut(c);
    if (address(c)) {
        send_parts(c);
        return c->open > 0;
    }
    c->error = LN_REDIS_CROSSSLOT;
    c->reason = ln_redis_error_text(c->error);
    return false;
}

void ln_redis_parts_free(struct ln_redis_call *c)
{
    for (struct ln_redis_part *part = c->parts; part != NULL; part = part->next)
        ln_redis_call_free(part->call);
    c->parts = NULL;
}
