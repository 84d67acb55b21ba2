/* SPDX-License-Identifier: Apache-2.0
 * sentinel.c - one round over the sentinels.
 */
#include "redis/sentinel.h"

#include <stdio.h>

#include "base/mem.h"

enum { ANSWER_MS = 300 }; /* of one: three can be silent within the second that a client has */

struct ln_redis_sentinels {
    char master[sizeof((struct ln_redis_url *)NULL)->master];
    struct ln_redis *v[LN_REDIS_SEEDS_MAX]; /* counted */
    unsigned count;
    unsigned first, asked; /* who answered last; how many were asked in this round */
    struct ln_redis_call *call;
    char reason[256];
    void (*on_found)(void *arg, const struct ln_redis_place *place, const char *reason);
    void *arg;
};

struct ln_redis_sentinels *ln_redis_sentinels_new(
    struct ln_redis_pool *pool, const struct ln_redis_url *url,
    void (*on_found)(void *arg, const struct ln_redis_place *place, const char *reason), void *arg)
{
    struct ln_redis_sentinels *s = ln_zalloc(sizeof *s);
    struct ln_redis_url whole = {.db = 0}, one;

    memcpy(whole.password, url->sentinel_password, sizeof whole.password);
    memcpy(s->master, url->master, sizeof s->master);
    for (; s->count < url->count; s->count++) {
        ln_redis_url_of(&whole, &url->at[s->count], &one);
        s->v[s->count] = ln_redis_get(pool, &one);
    }
    s->on_found = on_found;
    s->arg = arg;
    return s;
}

void ln_redis_sentinels_free(struct ln_redis_sentinels *s)
{
    if (s == NULL)
        return;
    ln_redis_call_free(s->call);
    for (unsigned i = 0; i < s->count; i++)
        ln_redis_put(s->v[i]);
    ln_free(s);
}

static void ask_next(struct ln_redis_sentinels *s);

/* Two texts: a host and a port. nil: it knows no such master. */
static bool read_place(const struct ln_redis_reply *r, struct ln_redis_place *place)
{
    uint64_t port;

    if (r->kind != LN_REDIS_ARRAY || r->count != 2 || r->items[0]->kind != LN_REDIS_TEXT ||
        r->items[1]->kind != LN_REDIS_TEXT)
        return false;

    struct ln_slice host = r->items[0]->text;

    if (host.n == 0 || host.n >= sizeof place->host || memchr(host.p, 0, host.n) != NULL ||
        !ln_slice_to_u64(r->items[1]->text, &port) || port == 0 || port > 65535)
        return false;
    memcpy(place->host, host.p, host.n);
    place->host[host.n] = '\0';
    place->port = (uint16_t)port;
    return true;
}

static void note_reason(struct ln_redis_sentinels *s, const struct ln_redis_call *c)
{
    const struct ln_redis_reply *r = c->error == LN_REDIS_OK ? c->replies[0] : NULL;
    const char *label = ln_redis_label(c->redis);

    if (r == NULL)
        snprintf(s->reason, sizeof s->reason, "sentinel %s: %s", label, c->reason);
    else if (r->kind == LN_REDIS_FAULT)
        snprintf(s->reason, sizeof s->reason, "sentinel %s: %.*s", label,
                 (int)(r->text.n < 160 ? r->text.n : 160), r->text.p);
    else
        snprintf(s->reason, sizeof s->reason, "sentinel %s knows no master %s", label, s->master);
}

static void on_answer(struct ln_redis_call *c)
{
    struct ln_redis_sentinels *s = c->arg;
    struct ln_redis_place place;
    bool found = c->error == LN_REDIS_OK && read_place(c->replies[0], &place);

    if (!found)
        note_reason(s, c);
    ln_redis_call_free(c);
    s->call = NULL;
    if (!found) {
        ask_next(s);
        return;
    }
    s->first = (s->first + s->asked - 1) % s->count;
    s->on_found(s->arg, &place, NULL);
}

static void ask_next(struct ln_redis_sentinels *s)
{
    static const char *const words[] = {"SENTINEL", "get-master-addr-by-name"};

    while (s->asked < s->count) {
        struct ln_redis *at = s->v[(s->first + s->asked++) % s->count];
        struct ln_redis_call *c = ln_redis_call_new(at, on_answer, s);

        ln_redis_call_command(c, 3);
        for (unsigned i = 0; i < 2; i++)
            ln_redis_call_word(c, words[i], strlen(words[i]));
        ln_redis_call_word(c, s->master, strlen(s->master));
        s->call = c;
        if (ln_redis_call_send(c, ANSWER_MS))
            return;
        note_reason(s, c);
        s->call = NULL;
        ln_redis_call_free(c);
    }
    s->on_found(s->arg, NULL, s->reason);
}

void ln_redis_sentinels_ask(struct ln_redis_sentinels *s)
{
    if (s->call != NULL)
        return;
    s->asked = 0;
    ask_next(s);
}
