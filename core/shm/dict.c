/* SPDX-License-Identifier: Apache-2.0
 * dict.c - records as chains of blocks: key and value one after the other.
 */
#include "shm/dict.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

/* The first block of a record; its content, and that of the blocks that follow, after this. */
struct record {
    struct ln_block block;
    uint32_t key_n;
    uint32_t value_n : 24, type : 8;
    char content[];
};

void ln_dict_init(struct ln_dict *d, void *zone, size_t size, bool evicts)
{
    *d = (struct ln_dict){.copy = NULL};
    ln_table_open(&d->t, zone, size, LN_DICT_BLOCK, evicts);
}

void ln_dict_fini(struct ln_dict *d)
{
    ln_free(d->copy);
    *d = (struct ln_dict){.copy = NULL};
}

size_t ln_dict_record_max(const struct ln_dict *d)
{
    size_t most = (size_t)d->t.block_count / 8 * (LN_DICT_BLOCK - sizeof(struct ln_block));

    return most < LN_DICT_RECORD_MAX ? most : LN_DICT_RECORD_MAX;
}

/* ---- content: a walk along the chain ---- */

struct walk {
    const struct ln_table *t;
    struct ln_block *b; /* NULL: the chain is broken, so it is not one: the block has a new life */
    char *at;
    size_t left; /* in this block */
};

static struct walk walk_from(const struct ln_table *t, struct record *r)
{
    return (struct walk){t, &r->block, r->content, LN_DICT_BLOCK - sizeof(struct record)};
}

static void walk_on(struct walk *w)
{
    uint32_t next = w->b->next;

    w->b = next >= 1 && next <= w->t->block_count ? ln_table_at(w->t, next) : NULL;
    w->at = (char *)(w->b + 1);
    w->left = LN_DICT_BLOCK - sizeof(struct ln_block);
}

/* A piece of at most n bytes; 0 when the chain is broken. */
static size_t walk_piece(struct walk *w, size_t n)
{
    if (w->left == 0)
        walk_on(w);
    return w->b == NULL ? 0 : n < w->left ? n : w->left;
}

static void walk_past(struct walk *w, size_t n)
{
    w->at += n;
    w->left -= n;
}

static bool walk_copy(struct walk *w, char *to, size_t n)
{
    while (n > 0) {
        size_t piece = walk_piece(w, n);

        if (piece == 0)
            return false;
        memcpy(to, w->at, piece);
        walk_past(w, piece);
        to += piece;
        n -= piece;
    }
    return true;
}

static bool walk_equal(struct walk *w, struct ln_slice text)
{
    while (text.n > 0) {
        size_t piece = walk_piece(w, text.n);

        if (piece == 0 || memcmp(w->at, text.p, piece) != 0)
            return false;
        walk_past(w, piece);
        text = ln_slice(text.p + piece, text.n - piece);
    }
    return true;
}

static void walk_write(struct walk *w, struct ln_slice text)
{
    while (text.n > 0) {
        size_t piece = walk_piece(w, text.n);

        ln_assert(piece > 0); /* the chain was made for it */
        memcpy(w->at, text.p, piece);
        walk_past(w, piece);
        text = ln_slice(text.p + piece, text.n - piece);
    }
}

/* ---- new records ---- */

static struct ln_slice bytes_of(const struct ln_dict_value *v)
{
    return v->type == LN_DICT_STRING   ? v->text
           : v->type == LN_DICT_NUMBER ? ln_slice((const char *)&v->number, sizeof v->number)
                                       : ln_slice("", 0);
}

/* The first block last: as long as it is claimed, the others are safe from others. */
static void drop(struct ln_table *t, uint32_t head)
{
    uint32_t part = head != 0 ? ln_table_at(t, head)->next : 0;

    while (part != 0) {
        uint32_t next = ln_table_at(t, part)->next;

        ln_table_drop(t, part);
        part = next;
    }
    if (head != 0)
        ln_table_drop(t, head);
}

/* Blocks for so many bytes of content; 0: there is no room. */
static uint32_t claim(struct ln_table *t, size_t bytes, ln_nsec now)
{
    uint32_t head = ln_table_claim(t, now), last = head;
    size_t room = LN_DICT_BLOCK - sizeof(struct record);

    if (head == 0)
        return 0;
    ln_table_at(t, head)->next = 0;
    for (; room < bytes; room += LN_DICT_BLOCK - sizeof(struct ln_block)) {
        uint32_t more = ln_table_claim(t, now);

        if (more == 0) {
            drop(t, head);
            return 0;
        }
        ln_table_at(t, more)->next = 0;
        ln_table_at(t, last)->next = more;
        last = more;
    }
    return head;
}

static uint32_t make(struct ln_dict *d, const struct ln_dict_key *key,
                     const struct ln_dict_value *value, ln_nsec expires, ln_nsec now)
{
    struct ln_slice bytes = bytes_of(value);
    uint32_t head = claim(&d->t, key->text.n + bytes.n, now);

    if (head == 0)
        return 0;
    struct record *r = (struct record *)ln_table_at(&d->t, head);
    struct walk w = walk_from(&d->t, r);

    r->block.id = key->id;
    r->block.expires = expires;
    r->key_n = (uint32_t)key->text.n;
    r->value_n = (uint32_t)bytes.n & 0xffffff;
    r->type = (uint8_t)value->type;
    walk_write(&w, key->text);
    walk_write(&w, bytes);
    for (uint32_t part = r->block.next; part != 0; part = ln_table_at(&d->t, part)->next)
        ln_table_attach(&d->t, part, head);
    return head;
}

/* ---- records that are there ---- */

/* What a bucket says about a key. Holds while the bucket does not change. */
struct found {
    struct ln_pair *bucket, seen;
    unsigned way;     /* of the record, or of one of the same key that has expired; else WAYS */
    struct record *r; /* NULL: there is no value */
    struct walk value;
};

static bool is_of(const struct ln_table *t, struct record *r, const struct ln_dict_key *key,
                  struct walk *value)
{
    if (r->block.id != key->id || r->key_n != key->text.n)
        return false;
    *value = walk_from(t, r);
    return walk_equal(value, key->text);
}

static struct found find(const struct ln_table *t, const struct ln_dict_key *key, ln_nsec now)
{
    struct ln_pair *bucket = ln_table_bucket(t, key->id);
    struct found f = {.bucket = bucket, .seen = ln_pair_read(bucket), .way = 0};

    for (; f.way < LN_TABLE_WAYS; f.way++) {
        uint32_t block = ln_table_way(f.seen, f.way);
        struct record *r = block != 0 ? (struct record *)ln_table_at(t, block) : NULL;

        if (r == NULL || !is_of(t, r, key, &f.value))
            continue;
        if (r->block.expires == 0 || r->block.expires > now)
            f.r = r;
        break;
    }
    return f;
}

static void touch(struct record *r)
{
    if (__atomic_load_n(&r->block.touched, __ATOMIC_RELAXED) == 0)
        __atomic_store_n(&r->block.touched, 1, __ATOMIC_RELAXED);
}

static char *copy_room(struct ln_dict *d, size_t n)
{
    if (n > d->copied) {
        ln_free(d->copy);
        d->copied = n < 256 ? 256 : n * 2;
        d->copy = ln_alloc(d->copied);
    }
    return d->copy;
}

/* False: the record has gone meanwhile. */
static bool read_value(struct ln_dict *d, const struct found *f, struct ln_dict_value *out)
{
    struct walk w = f->value;
    size_t n = f->r->value_n;

    out->type = (enum ln_dict_type)f->r->type;
    if (out->type == LN_DICT_NUMBER)
        return walk_copy(&w, (char *)&out->number, sizeof out->number);
    if (out->type != LN_DICT_STRING)
        return true;
    if (n > LN_DICT_RECORD_MAX)
        return false;
    out->text = ln_slice(copy_room(d, n), n);
    return walk_copy(&w, d->copy, n);
}

enum ln_dict_rc ln_dict_get(struct ln_dict *d, const struct ln_dict_key *key, ln_nsec now,
                            struct ln_dict_value *out)
{
    for (;;) {
        struct found f = find(&d->t, key, now);
        bool whole = f.r == NULL || read_value(d, &f, out);

        if (!ln_table_holds(f.bucket, f.seen))
            continue;
        if (f.r == NULL || !whole)
            return LN_DICT_NOT;
        touch(f.r);
        return LN_DICT_DONE;
    }
}

static bool equals(const struct found *f, const struct ln_dict_value *expected)
{
    struct walk w = f->value;
    double number;

    if (f->r == NULL || f->r->type != expected->type)
        return f->r == NULL && expected->type == LN_DICT_ABSENT;
    if (expected->type == LN_DICT_NUMBER)
        return walk_copy(&w, (char *)&number, sizeof number) &&
               (number == expected->number || (isnan(number) && isnan(expected->number)));
    return expected->type != LN_DICT_STRING ||
           (f->r->value_n == expected->text.n && walk_equal(&w, expected->text));
}

/* ---- changes ---- */

enum publication { PUBLISHED, AGAIN, NOWHERE };

/* Puts `block` (0: nothing) where the search has found its key, or else where there is room. */
static enum publication publish(struct ln_dict *d, const struct found *f, uint32_t block,
                                ln_nsec now)
{
    unsigned way = f->way;
    bool evicts = false;

    if (way == LN_TABLE_WAYS)
        way = ln_table_room(&d->t, f->seen, now, &evicts);
    if (way == LN_TABLE_WAYS)
        return ln_table_holds(f->bucket, f->seen) ? NOWHERE : AGAIN;
    if (block != 0) /* what is written again is in use; what is new has yet to show that it is */
        ln_table_at(&d->t, block)->touched = f->r != NULL;
    if (!ln_table_publish(&d->t, f->bucket, f->seen, way, block))
        return AGAIN;
    if (evicts)
        ln_table_evicted(&d->t);
    return PUBLISHED;
}

/* `expected` NULL: whatever is there. */
static enum ln_dict_rc change(struct ln_dict *d, const struct ln_dict_key *key,
                              const struct ln_dict_value *expected,
                              const struct ln_dict_value *value, ln_nsec expires, ln_nsec now)
{
    enum publication p = AGAIN;
    uint32_t block = 0;

    while (p == AGAIN) {
        struct found f = find(&d->t, key, now);

        if (expected != NULL && !equals(&f, expected)) {
            if (!ln_table_holds(f.bucket, f.seen))
                continue;
            drop(&d->t, block);
            return LN_DICT_NOT;
        }
        if (value->type == LN_DICT_ABSENT && f.r == NULL) {
            if (ln_table_holds(f.bucket, f.seen))
                return expected != NULL ? LN_DICT_DONE : LN_DICT_NOT;
            continue;
        }
        if (block == 0 && value->type != LN_DICT_ABSENT) {
            block = make(d, key, value, expires, now);
            if (block == 0)
                return LN_DICT_FULL;
            continue; /* making room may have changed the bucket */
        }
        p = publish(d, &f, block, now);
    }
    if (p == PUBLISHED)
        return LN_DICT_DONE;
    drop(&d->t, block);
    ln_table_refused(&d->t);
    return LN_DICT_FULL;
}

static bool fits(const struct ln_dict *d, const struct ln_dict_key *key,
                 const struct ln_dict_value *value)
{
    size_t n = bytes_of(value).n, most = ln_dict_record_max(d);

    return key->text.n <= most && n <= most - key->text.n;
}

enum ln_dict_rc ln_dict_set(struct ln_dict *d, const struct ln_dict_key *key,
                            const struct ln_dict_value *value, ln_nsec expires, ln_nsec now)
{
    return fits(d, key, value) ? change(d, key, NULL, value, expires, now) : LN_DICT_TOO_LARGE;
}

enum ln_dict_rc ln_dict_cas(struct ln_dict *d, const struct ln_dict_key *key,
                            const struct ln_dict_value *expected, const struct ln_dict_value *value,
                            ln_nsec expires, ln_nsec now)
{
    return fits(d, key, value) ? change(d, key, expected, value, expires, now) : LN_DICT_TOO_LARGE;
}

enum ln_dict_rc ln_dict_delete(struct ln_dict *d, const struct ln_dict_key *key, ln_nsec now)
{
    struct ln_dict_value nothing = {.type = LN_DICT_ABSENT};

    return change(d, key, NULL, &nothing, 0, now);
}

/* The number that is there and its end; absent: what was given. */
static enum ln_dict_rc look(struct ln_dict *d, const struct ln_dict_key *key, ln_nsec now,
                            struct ln_dict_value *old, ln_nsec *expires)
{
    for (;;) {
        struct found f = find(&d->t, key, now);
        ln_nsec end = f.r != NULL ? f.r->block.expires : *expires;
        bool whole = true, number = f.r == NULL || f.r->type == LN_DICT_NUMBER;

        *old = (struct ln_dict_value){.type = LN_DICT_ABSENT};
        if (f.r != NULL && number)
            whole = read_value(d, &f, old);
        if (!ln_table_holds(f.bucket, f.seen))
            continue;
        if (!number || !whole)
            return LN_DICT_NO_NUMBER;
        *expires = end;
        return LN_DICT_DONE;
    }
}

enum ln_dict_rc ln_dict_incr(struct ln_dict *d, const struct ln_dict_key *key, double by,
                             ln_nsec expires, ln_nsec now, double *sum)
{
    for (;;) {
        struct ln_dict_value old, new = {.type = LN_DICT_NUMBER};
        ln_nsec end = expires;
        enum ln_dict_rc rc = look(d, key, now, &old, &end);

        if (rc != LN_DICT_DONE)
            return rc;
        new.number = old.number + by; /* absent: 0 */
        rc = ln_dict_cas(d, key, &old, &new, end, now);
        if (rc == LN_DICT_NOT)
            continue;
        *sum = new.number;
        return rc;
    }
}
