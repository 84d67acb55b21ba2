/* SPDX-License-Identifier: Apache-2.0
 * call.c - commands in the protocol of Redis (RESP2), and what becomes of them.
 */
#include <stdio.h>

#include "base/assert.h"
#include "base/mem.h"
#include "redis/client_inner.h"
#include "redis/cluster.h"

enum { KEEP_TEXT = 16384 }; /* a recycled call keeps at most so much room */

static void on_deadline(struct ln_deadline *d);

struct ln_redis_call *ln_redis_call_new(struct ln_redis *r,
                                        void (*on_done)(struct ln_redis_call *c), void *arg)
{
    struct ln_redis_call *c = ln_slab_take(&r->pool->calls);
    char *text = c->text;
    size_t cap = c->cap;

    *c = (struct ln_redis_call){
        .redis = r, .pool = r->pool, .on_done = on_done, .arg = arg, .text = text, .cap = cap};
    ln_list_init(&c->node);
    ln_arena_init(&c->arena, &r->pool->arenas);
    ln_deadline_init(&c->deadline, on_deadline);
    return c;
}

static void recycle(struct ln_redis_call *c)
{
    struct ln_slab *calls = &c->pool->calls;

    ln_arena_reset(&c->arena);
    if (c->cap > KEEP_TEXT || calls->count >= calls->max) { /* the slab frees what it cannot keep */
        ln_free(c->text);
        c->text = NULL;
        c->cap = 0;
    }
    ln_slab_give(calls, c);
}

/* ---- commands ---- */

static char *room_for(struct ln_redis_call *c, size_t n)
{
    if (c->cap - c->len < n) {
        c->cap = c->cap * 2 > c->len + n ? c->cap * 2 : c->len + n + 256;
        c->text = ln_realloc(c->text, c->cap);
    }
    return c->text + c->len;
}

/* "<mark><number>\r\n" */
static void put_head(struct ln_redis_call *c, char mark, uint64_t number)
{
    char digits[24], *end = digits + sizeof digits, *p = end, *to;

    *--p = '\n';
    *--p = '\r';
    do
        *--p = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    *--p = mark;
    to = room_for(c, sizeof digits);
    memcpy(to, p, (size_t)(end - p));
    c->len += (size_t)(end - p);
}

void ln_redis_call_command(struct ln_redis_call *c, unsigned argc)
{
    ln_assert(c->step == LN_REDIS_DRAFT);
    c->wanted++;
    put_head(c, '*', argc);
}

/* A call that is too large is counted and not kept: sending it fails. */
void ln_redis_call_word(struct ln_redis_call *c, const char *p, size_t n)
{
    char *to;

    if (c->len > LN_REDIS_SEND_MAX || n > LN_REDIS_SEND_MAX) {
        c->error = LN_REDIS_TOO_LARGE;
        return;
    }
    put_head(c, '$', n);
    to = room_for(c, n + 2);
    if (n > 0)
        memcpy(to, p, n);
    memcpy(to + n, "\r\n", 2);
    c->len += n + 2;
}

void ln_redis_call_words(struct ln_redis_call *c, struct ln_slice words)
{
    memcpy(room_for(c, words.n), words.p, words.n);
    c->len += words.n;
}

void ln_redis_call_raw(struct ln_redis_call *c, struct ln_slice command)
{
    c->wanted++;
    ln_redis_call_words(c, command);
}

size_t ln_redis_write_number(char to[LN_REDIS_NUMBER_MAX], int64_t value)
{
    char digits[20], *end = digits + sizeof digits, *p = end, *at = to;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do
        *--p = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (value < 0)
        *--p = '-';

    size_t n = (size_t)(end - p);

    *at++ = '$';
    if (n >= 10)
        *at++ = (char)('0' + n / 10);
    *at++ = (char)('0' + n % 10);
    *at++ = '\r';
    *at++ = '\n';
    while (p < end)
        *at++ = *p++;
    *at++ = '\r';
    *at++ = '\n';
    return (size_t)(at - to);
}

void ln_redis_call_number(struct ln_redis_call *c, int64_t value)
{
    c->len += ln_redis_write_number(room_for(c, LN_REDIS_NUMBER_MAX), value);
}

void ln_redis_script_init(struct ln_redis_script *s, struct ln_slice text)
{
    struct ln_digest *d = ln_digest_new();
    unsigned char sum[LN_DIGEST_MAX];
    size_t n = ln_digest_make(d, LN_DIGEST_KIND_SHA1, text.p, text.n, sum);

    ln_digest_free(d);
    char *to = s->by_sum + snprintf(s->by_sum, sizeof s->by_sum, "$7\r\nEVALSHA\r\n$40\r\n");

    for (size_t i = 0; i < n; i++)
        to += snprintf(to, 3, "%02x", sum[i]);
    memcpy(to, "\r\n", 2);
    s->text = text;
}

static void put_script(struct ln_redis_call *c, bool by_text)
{
    ln_redis_call_command(c, 2 + c->words);
    if (!by_text) {
        ln_redis_call_words(c, ln_slice(c->script->by_sum, sizeof c->script->by_sum));
        return;
    }
    ln_redis_call_word(c, "EVAL", 4);
    ln_redis_call_word(c, c->script->text.p, c->script->text.n);
}

void ln_redis_call_script(struct ln_redis_call *c, const struct ln_redis_script *s, unsigned argc)
{
    ln_assert(c->wanted == 0);
    c->script = s;
    c->words = argc;
    put_script(c, false);
    c->words_at = c->len; /* the words begin here */
}

void ln_redis_call_same_script(struct ln_redis_call *c, const struct ln_redis_call *other,
                               bool by_text)
{
    struct ln_slice words = ln_slice(other->text + other->words_at, other->len - other->words_at);

    c->script = other->script;
    c->words = other->words;
    put_script(c, by_text);
    c->words_at = c->len;
    memcpy(room_for(c, words.n), words.p, words.n);
    c->len += words.n;
    if (by_text)
        c->script = NULL;
}

/* ---- the end of a call ---- */

static void tell(struct ln_redis_call *c, enum ln_redis_error e, const char *reason)
{
    c->error = e;
    c->reason = reason != NULL && *reason != '\0' ? ln_arena_strdup(&c->arena, reason)
                                                  : ln_redis_error_text(e);
}

/* Of those that wait it is none any more. */
static void leave(struct ln_redis_call *c)
{
    if (c->step == LN_REDIS_QUEUED)
        c->redis->queued_bytes -= c->len;
    if (c->step == LN_REDIS_QUEUED || c->step == LN_REDIS_SENT || c->step == LN_REDIS_SPLIT)
        c->redis->waiting--;
    ln_list_remove(&c->node);
    ln_deadline_clear(&c->deadline);
    c->step = LN_REDIS_DONE;
}

/* Nobody else has it in a list any more; who waits is told, unless he has been. */
static void finish(struct ln_redis_call *c)
{
    leave(c);
    if (c->freed)
        recycle(c);
    else if (!c->late)
        c->on_done(c);
}

void ln_redis_call_fail(struct ln_redis_call *c, enum ln_redis_error e, const char *reason)
{
    ln_redis_parts_free(c);
    if (!c->late && !c->freed)
        tell(c, e, reason);
    finish(c);
}

void ln_redis_call_end(struct ln_redis_call *c)
{
    c->count = c->error == LN_REDIS_OK ? c->wanted : 0;
    finish(c);
}

/* Its place among the sent ones is kept: the replies have to be told from others'. The reason must
 * not be in the arena, which is emptied when they come. */
void ln_redis_call_late(struct ln_redis_call *c, enum ln_redis_error e)
{
    c->late = true;
    c->error = e;
    c->reason = ln_redis_error_text(e);
    ln_deadline_clear(&c->deadline);
    if (!c->freed)
        c->on_done(c);
}

/* Sent calls keep their place: their replies have to be told from the others'. */
static void on_deadline(struct ln_deadline *d)
{
    struct ln_redis_call *c = ln_container_of(d, struct ln_redis_call, deadline);

    struct ln_redis *r = c->redis;

    if (c->step == LN_REDIS_SENT) {
        ln_redis_late(c);
    } else {
        ln_redis_call_fail(c, LN_REDIS_TIMEOUT, NULL);
        ln_redis_waited(r);
    }
}

void ln_redis_call_free(struct ln_redis_call *c)
{
    if (c == NULL)
        return;
    c->freed = true;
    ln_deadline_clear(&c->deadline);
    ln_redis_parts_free(c);
    if (c->step == LN_REDIS_QUEUED || c->step == LN_REDIS_SPLIT) {
        leave(c); /* never sent, or only its parts were */
        recycle(c);
    } else if (c->step != LN_REDIS_SENT) {
        recycle(c);
    }
}

/* Redis has forgotten the script, or never knew it: the same words again, with the text. */
static void send_text(struct ln_redis_call *c)
{
    struct ln_redis *r = c->redis;
    size_t n = c->len - c->words_at;
    char *words = ln_alloc(n > 0 ? n : 1);

    memcpy(words, c->text + c->words_at, n);
    c->len = 0;
    c->wanted = 0;
    c->step = LN_REDIS_DRAFT;
    put_script(c, true);
    memcpy(room_for(c, n), words, n);
    c->len += n;
    c->script = NULL;
    ln_free(words);
    ln_list_remove(&c->node);
    ln_list_append(&r->queued, &c->node);
    c->step = LN_REDIS_QUEUED;
    r->queued_bytes += c->len;
    ln_redis_flush_later(r);
}

/* Replies that nobody wants any more. */
static bool drop(struct ln_redis_call *c)
{
    ln_arena_reset(&c->arena);
    if (c->got < c->wanted)
        return false;
    finish(c);
    return true;
}

bool ln_redis_call_take(struct ln_redis_call *c, struct ln_redis_reply *reply)
{
    if (c->script != NULL && !c->late && !c->freed && reply->kind == LN_REDIS_FAULT &&
        ln_redis_error_of(reply->text) == LN_REDIS_NOSCRIPT) {
        send_text(c);
        return true;
    }
    c->got++;
    if (c->late || c->freed)
        return drop(c);
    if (c->replies == NULL)
        c->replies = ln_arena_alloc(&c->arena, c->wanted * sizeof *c->replies);
    c->replies[c->got - 1] = reply;
    if (c->arena.used > LN_REDIS_REPLIES_MAX && c->got < c->wanted) {
        ln_redis_call_late(c, LN_REDIS_TOO_LARGE);
        return false;
    }
    if (c->got < c->wanted)
        return false;
    c->count = c->got;
    finish(c);
    return true;
}

/* ---- sending ---- */

static bool refuse(struct ln_redis_call *c, enum ln_redis_error e, const char *reason)
{
    tell(c, e, reason);
    c->step = LN_REDIS_DONE;
    return false;
}

bool ln_redis_call_send(struct ln_redis_call *c, ln_msec timeout)
{
    struct ln_redis *r = c->redis;

    ln_assert(c->step == LN_REDIS_DRAFT && c->wanted > 0);
    if (c->error != LN_REDIS_OK || c->len > LN_REDIS_SEND_MAX || c->wanted > LN_REDIS_COMMANDS_MAX)
        return refuse(c, LN_REDIS_TOO_LARGE, NULL);
    if (r->down || r->closing)
        return refuse(c, LN_REDIS_DOWN, r->reason);
    if (r->waiting >= LN_REDIS_CALLS_MAX || r->queued_bytes + c->len > LN_REDIS_QUEUE_MAX)
        return refuse(c, LN_REDIS_FULL, NULL);
    if (r->state == LN_REDIS_IDLE)
        ln_redis_open(r);
    if (r->down) /* nothing to connect to: known at once */
        return refuse(c, LN_REDIS_DOWN, r->reason);
    c->started = ln_loop_now_ms(r->pool->loop);
    c->until = c->started + timeout;
    r->waiting++;
    if (r->cluster != NULL && r->state == LN_REDIS_UP) {
        ln_list_append(&r->sent, &c->node);
        if (ln_redis_split(c))
            return true;
        leave(c);
        return false;
    }
    c->step = LN_REDIS_QUEUED;
    r->queued_bytes += c->len;
    ln_list_append(&r->queued, &c->node);
    ln_deadline_set(r->pool->deadlines, &c->deadline, timeout);
    ln_redis_flush_later(r);
    return true;
}
