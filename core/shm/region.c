/* SPDX-License-Identifier: Apache-2.0
 * region.c - a memfd mapping with a directory of named zones.
 */
#include "shm/region.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/rand.h"

static const uint64_t magic = 0x6c756e6574746501u; /* "lunette", 1 */
static const uint64_t region_size = (uint64_t)4 << 30;

enum {
    ALIGN = 64,
    DIRECTORY = 1 << 16, /* cells, a power of two */
    ZONES_MAX =
        DIRECTORY - DIRECTORY / 4, /* so that probing stays short and always meets an empty cell */
};

struct cell {
    _Atomic uint64_t offset;   /* of the zone; 0 = empty cell; written last */
    uint64_t hash, size, name; /* `name` is an offset */
    uint32_t kind, name_len;
    uint32_t before; /* the zone of this kind that was made before this one: index + 1, 0 = none */
};

struct head {
    uint64_t magic;
    uint32_t layout, workers;
    uint64_t size;
    struct ln_hash_key key;
    uint64_t end; /* first free byte; the supervisor's */
    uint32_t zones;
    uint32_t newest[LN_ZONE_KINDS]; /* index + 1 of a cell, 0 = none; the supervisor's */
    _Alignas(64) _Atomic uint64_t commit;
    _Alignas(64) struct cell cells[DIRECTORY];
    struct ln_shm_slot slots[];
};

struct ln_shm {
    struct head *head;
};

static uint64_t round_up(uint64_t n)
{
    return (n + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
}

static struct head *map_region(struct ln_err *err)
{
    int fd = memfd_create("lunette-shared", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0) {
        ln_fail(err, LN_E_SYS, "shared memory: memfd_create");
        return NULL;
    }

    void *at = MAP_FAILED;

    /* Sealed, because a file that shrinks under a mapping kills whoever touches it. */
    if (ftruncate(fd, (off_t)region_size) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        ln_fail(err, LN_E_SYS, "shared memory: %llu bytes", (unsigned long long)region_size);
    else if ((at = mmap(NULL, region_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd,
                        0)) == MAP_FAILED)
        ln_fail(err, LN_E_SYS, "shared memory: mapping %llu bytes",
                (unsigned long long)region_size);
    close(fd);
    return at != MAP_FAILED ? at : NULL;
}

struct ln_shm *ln_shm_new(unsigned workers, struct ln_err *err)
{
    ln_assert(workers >= 1 && workers <= LN_SHM_WORKERS_MAX);

    struct head *head = map_region(err);

    if (head == NULL)
        return NULL;
    head->magic = magic;
    head->layout = LN_SHM_LAYOUT;
    head->workers = workers;
    head->size = region_size;
    ln_rand_bytes(&head->key, sizeof head->key);
    head->end = round_up(sizeof *head + workers * sizeof head->slots[0]);

    struct ln_shm *shm = ln_alloc(sizeof *shm);

    shm->head = head;
    return shm;
}

void ln_shm_free(struct ln_shm *shm)
{
    if (shm == NULL)
        return;
    munmap(shm->head, region_size);
    ln_free(shm);
}

static void *at_offset(const struct ln_shm *shm, uint64_t offset)
{
    return (char *)shm->head + offset;
}

static uint64_t hash_of(const struct ln_shm *shm, enum ln_zone_kind kind, struct ln_slice name)
{
    return ln_hash(&shm->head->key, name.p, name.n) + (uint64_t)kind * 0x9e3779b97f4a7c15u;
}

static bool is_named(const struct ln_shm *shm, const struct cell *c, enum ln_zone_kind kind,
                     struct ln_slice name, uint64_t hash)
{
    return c->hash == hash && c->kind == (uint32_t)kind &&
           ln_slice_eq(ln_slice(at_offset(shm, c->name), c->name_len), name);
}

/* The best cell, or NULL; *empty is where the walk ended. */
static struct cell *search(const struct ln_shm *shm, enum ln_zone_kind kind, struct ln_slice name,
                           uint64_t size, struct cell **empty)
{
    uint64_t hash = hash_of(shm, kind, name);
    struct cell *best = NULL;

    for (uint64_t i = hash;; i++) {
        struct cell *c = &shm->head->cells[i & (DIRECTORY - 1)];

        if (atomic_load_explicit(&c->offset, memory_order_acquire) == 0) {
            *empty = c;
            return best;
        }
        if (is_named(shm, c, kind, name, hash) && c->size >= size &&
            (best == NULL || c->size < best->size))
            best = c;
    }
}

void *ln_shm_find(const struct ln_shm *shm, enum ln_zone_kind kind, struct ln_slice name,
                  size_t *size)
{
    struct cell *empty;
    struct cell *c = search(shm, kind, name, size != NULL ? *size : 0, &empty);

    if (c == NULL)
        return NULL;
    if (size != NULL)
        *size = (size_t)c->size;
    return at_offset(shm, atomic_load_explicit(&c->offset, memory_order_relaxed));
}

void ln_shm_each(const struct ln_shm *shm, enum ln_zone_kind kind,
                 void (*each)(void *zone, size_t size, void *arg), void *arg)
{
    for (uint32_t at = shm->head->newest[kind]; at > 0; at = shm->head->cells[at - 1].before) {
        const struct cell *c = &shm->head->cells[at - 1];

        each(at_offset(shm, atomic_load_explicit(&c->offset, memory_order_relaxed)),
             (size_t)c->size, arg);
    }
}

static uint64_t allocate(struct ln_shm *shm, uint64_t size)
{
    uint64_t at = shm->head->end;

    shm->head->end += round_up(size);
    return at;
}

/* How large a zone is, with what every worker wants of it. */
static uint64_t size_of(const struct ln_shm *shm, const struct ln_demand_item *item)
{
    uint64_t slots = (uint64_t)item->each * shm->head->workers;

    return item->size > UINT64_MAX - slots ? UINT64_MAX : item->size + slots;
}

static void publish(struct ln_shm *shm, struct cell *c, const struct ln_demand_item *item)
{
    c->hash = hash_of(shm, item->kind, item->name);
    c->kind = (uint32_t)item->kind;
    c->size = size_of(shm, item);
    c->name = allocate(shm, item->name.n);
    c->name_len = (uint32_t)item->name.n;
    if (item->name.n > 0)
        memcpy(at_offset(shm, c->name), item->name.p, item->name.n);
    c->before = shm->head->newest[item->kind];
    shm->head->newest[item->kind] = (uint32_t)(c - shm->head->cells) + 1;
    shm->head->zones++;
    atomic_store_explicit(&c->offset, allocate(shm, c->size), memory_order_release);
}

static int satisfy_one(struct ln_shm *shm, const struct ln_demand_item *item, struct ln_err *err)
{
    struct cell *empty;
    uint64_t size = size_of(shm, item);

    if (search(shm, item->kind, item->name, size, &empty) != NULL)
        return 0;
    if (shm->head->zones == ZONES_MAX)
        return ln_fail(err, LN_E_LIMIT,
                       "shared memory: all %d zones are in use; a restart forgets the unused ones",
                       ZONES_MAX);

    uint64_t left = shm->head->size - shm->head->end;

    if (size > left || round_up(size) + round_up(item->name.n) > left)
        return ln_fail(err, LN_E_LIMIT,
                       "shared memory: no room for \"%.*s\": %llu bytes wanted, %llu left",
                       (int)(item->name.n < 200 ? item->name.n : 200), item->name.p,
                       (unsigned long long)size, (unsigned long long)left);
    publish(shm, empty, item);
    return 0;
}

int ln_shm_satisfy(struct ln_shm *shm, const struct ln_demand *d, struct ln_err *err)
{
    for (unsigned i = 0; i < d->count; i++)
        if (satisfy_one(shm, &d->items[i], err) != 0)
            return -1;
    return 0;
}

void ln_shm_clear(void *zone, size_t size)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)zone;
    uintptr_t from = (at + page - 1) & ~(page - 1), to = (at + size) & ~(page - 1);

    /* Whole pages are given back, which costs by what was used and not by what there is. */
    if (to <= from || madvise((void *)from, to - from, MADV_REMOVE) != 0) {
        memset(zone, 0, size);
        return;
    }
    memset(zone, 0, from - at);
    memset((void *)to, 0, at + size - to);
}

_Atomic uint64_t *ln_shm_commit_word(const struct ln_shm *shm)
{
    return &shm->head->commit;
}

const struct ln_hash_key *ln_shm_hash_key(const struct ln_shm *shm)
{
    return &shm->head->key;
}

unsigned ln_shm_workers(const struct ln_shm *shm)
{
    return shm->head->workers;
}

struct ln_shm_slot *ln_shm_slot(const struct ln_shm *shm, unsigned i)
{
    ln_assert(i < shm->head->workers);
    return &shm->head->slots[i];
}

uint64_t ln_shm_used(const struct ln_shm *shm)
{
    return shm->head->end;
}

uint64_t ln_shm_size(const struct ln_shm *shm)
{
    return shm->head->size;
}
