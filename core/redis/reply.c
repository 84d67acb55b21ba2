/* SPDX-License-Identifier: Apache-2.0
 * reply.c - hiredis' reader calls us for every value; nothing is allocated but from the arena.
 */
#include "redis/reply.h"

#include <hiredis/hiredis.h>

#include "base/assert.h"
#include "base/mem.h"

struct ln_redis_reader {
    redisReader *inner;
    redisReplyObjectFunctions functions; /* hiredis wants them writable */
    struct ln_arena *arena;              /* of the reply that is being read */
    size_t used, max;                    /* bytes of it */
    bool large;
};

/* NULL ends the reading: the reply is too large. */
static void *take(const redisReadTask *task, size_t size)
{
    struct ln_redis_reader *r = task->privdata;

    r->used += size;
    if (r->used > r->max) {
        r->large = true;
        return NULL;
    }
    return ln_arena_alloc(r->arena, size);
}

static void *make(const redisReadTask *task, enum ln_redis_kind kind)
{
    struct ln_redis_reply *reply = take(task, sizeof *reply);

    if (reply == NULL)
        return NULL;
    *reply = (struct ln_redis_reply){.kind = kind};
    if (task->parent != NULL)
        ((struct ln_redis_reply *)task->parent->obj)->items[task->idx] = reply;
    return reply;
}

static void *make_text(const redisReadTask *task, char *bytes, size_t n)
{
    struct ln_redis_reply *reply = make(task, task->type == REDIS_REPLY_ERROR    ? LN_REDIS_FAULT
                                              : task->type == REDIS_REPLY_STATUS ? LN_REDIS_STATUS
                                                                                 : LN_REDIS_TEXT);
    char *copy = reply != NULL ? take(task, n + 1) : NULL;

    if (copy == NULL)
        return NULL;
    memcpy(copy, bytes, n);
    copy[n] = '\0';
    reply->text = ln_slice(copy, n);
    return reply;
}

static void *make_array(const redisReadTask *task, size_t count)
{
    struct ln_redis_reader *r = task->privdata;
    struct ln_redis_reply *reply;

    /* Each element takes at least a reply of its own: a count alone must not cost the memory. */
    if (count > r->max / sizeof *reply) {
        r->large = true;
        return NULL;
    }
    reply = make(task, LN_REDIS_ARRAY);
    if (reply == NULL)
        return NULL;
    reply->items = take(task, count * sizeof(void *));
    if (reply->items == NULL)
        return NULL;
    reply->count = (unsigned)count;
    return reply;
}

__attribute__((unused)) static void *make_array_int(const redisReadTask *task, int count)
{
    return make_array(task, (size_t)count);
}

static void *make_integer(const redisReadTask *task, long long value)
{
    struct ln_redis_reply *reply = make(task, LN_REDIS_INTEGER);

    if (reply != NULL)
        reply->integer = value;
    return reply;
}

static void *make_nil(const redisReadTask *task)
{
    return make(task, LN_REDIS_NIL);
}

/* RESP3, which nobody has asked for; without these, hiredis since 1.0 hands out what are no
 * pointers. */
#ifdef REDIS_REPLY_DOUBLE
static void *refuse_double(const redisReadTask *task, double value, char *text, size_t n)
{
    (void)task, (void)value, (void)text, (void)n;
    return NULL;
}
#endif
#ifdef REDIS_REPLY_BOOL
static void *refuse_bool(const redisReadTask *task, int value)
{
    (void)task, (void)value;
    return NULL;
}
#endif

static void drop(void *reply)
{
    (void)reply; /* the arena's */
}

/* hiredis counts elements with an int before 1.0, and with a size_t since. */
static const redisReplyObjectFunctions functions = {
    .createString = make_text,
    .createArray = _Generic(((redisReplyObjectFunctions *)NULL)->createArray,
                            void *(*)(const redisReadTask *, int)
                            : make_array_int, default
                            : make_array),
    .createInteger = make_integer,
    .createNil = make_nil,
#ifdef REDIS_REPLY_DOUBLE
    .createDouble = refuse_double,
#endif
#ifdef REDIS_REPLY_BOOL
    .createBool = refuse_bool,
#endif
    .freeObject = drop,
};

struct ln_redis_reader *ln_redis_reader_new(size_t max)
{
    struct ln_redis_reader *r = ln_zalloc(sizeof *r);

    r->max = max;
    r->functions = functions;
    r->inner = redisReaderCreateWithFunctions(&r->functions);
    ln_assert(r->inner != NULL);
    r->inner->privdata = r;
    return r;
}

void ln_redis_reader_free(struct ln_redis_reader *r)
{
    if (r == NULL)
        return;
    redisReaderFree(r->inner);
    ln_free(r);
}

bool ln_redis_reader_feed(struct ln_redis_reader *r, const char *bytes, size_t n)
{
    if (r->inner->len - r->inner->pos + n > r->max + 65536)
        return false;
    return redisReaderFeed(r->inner, bytes, n) == REDIS_OK;
}

enum ln_redis_read ln_redis_reader_next(struct ln_redis_reader *r, struct ln_arena *arena,
                                        struct ln_redis_reply **reply)
{
    void *made = NULL;

    if (r->inner->ridx < 0)
        r->used = 0;
    r->arena = arena;
    if (redisReaderGetReply(r->inner, &made) != REDIS_OK) {
        /* Too deep is too large: what one caller has asked for says nothing against Redis. */
        bool large = r->large || strstr(r->inner->errstr, "nested") != NULL;

        return large ? LN_REDIS_READ_LARGE : LN_REDIS_READ_BROKEN;
    }
    *reply = made;
    return made != NULL ? LN_REDIS_READ : LN_REDIS_READ_MORE;
}

bool ln_redis_reader_has_rest(const struct ln_redis_reader *r)
{
    return r->inner->pos < r->inner->len || r->inner->reply != NULL;
}
