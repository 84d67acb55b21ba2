/* SPDX-License-Identifier: Apache-2.0
 * map.c - open addressing with linear probing and backward-shift deletion.
 */
#include "base/map.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/rand.h"

struct ln_map_entry {
    uint64_t hash;
    char *key; /* NULL: free */
    size_t key_len;
    void *value;
};

void ln_map_init(struct ln_map *m)
{
    *m = (struct ln_map){.count = 0};
    ln_rand_bytes(&m->key, sizeof m->key);
}

void ln_map_fini(struct ln_map *m)
{
    for (size_t i = 0; i < m->cap; i++)
        ln_free(m->entries[i].key);
    ln_free(m->entries);
    m->entries = NULL;
    m->count = m->cap = 0;
}

/* The entry of the key, or the free one where it would go. */
static struct ln_map_entry *find(const struct ln_map *m, struct ln_slice key, uint64_t hash)
{
    size_t mask = m->cap - 1;

    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct ln_map_entry *e = &m->entries[i];

        if (e->key == NULL || (e->hash == hash && ln_slice_eq(ln_slice(e->key, e->key_len), key)))
            return e;
    }
}

void *ln_map_get(const struct ln_map *m, struct ln_slice key)
{
    if (m->count == 0)
        return NULL;
    return find(m, key, ln_hash(&m->key, key.p, key.n))->value;
}

static void grow(struct ln_map *m)
{
    struct ln_map old = *m;

    m->cap = old.cap > 0 ? old.cap * 2 : 16;
    m->entries = ln_zalloc(m->cap * sizeof *m->entries);
    for (size_t i = 0; i < old.cap; i++) {
        struct ln_map_entry *e = &old.entries[i];

        if (e->key != NULL)
            *find(m, ln_slice(e->key, e->key_len), e->hash) = *e;
    }
    ln_free(old.entries);
}

void *ln_map_put(struct ln_map *m, struct ln_slice key, void *value)
{
    ln_assert(value != NULL);
    if ((m->count + 1) * 4 > m->cap * 3)
        grow(m);

    uint64_t hash = ln_hash(&m->key, key.p, key.n);
    struct ln_map_entry *e = find(m, key, hash);
    void *old = e->value;

    if (e->key == NULL) {
        e->key = ln_strndup(key.p != NULL ? key.p : "", key.n);
        e->key_len = key.n;
        e->hash = hash;
        m->count++;
    }
    e->value = value;
    return old;
}

void *ln_map_remove(struct ln_map *m, struct ln_slice key)
{
    if (m->count == 0)
        return NULL;

    size_t mask = m->cap - 1;
    struct ln_map_entry *e = find(m, key, ln_hash(&m->key, key.p, key.n));
    void *value = e->value;

    if (e->key == NULL)
        return NULL;
    ln_free(e->key);
    m->count--;
    size_t hole = (size_t)(e - m->entries);
    for (size_t i = (hole + 1) & mask; m->entries[i].key != NULL; i = (i + 1) & mask) {
        size_t home = m->entries[i].hash & mask;

        if (((i - home) & mask) >= ((i - hole) & mask)) { /* it may move back into the hole */
            m->entries[hole] = m->entries[i];
            hole = i;
        }
    }
    m->entries[hole] = (struct ln_map_entry){.key = NULL};
    return value;
}

bool ln_map_next(const struct ln_map *m, size_t *at, struct ln_slice *key, void **value)
{
    for (; *at < m->cap; ++*at) {
        struct ln_map_entry *e = &m->entries[*at];

        if (e->key == NULL)
            continue;
        *key = ln_slice(e->key, e->key_len);
        *value = e->value;
        ++*at;
        return true;
    }
    return false;
}
