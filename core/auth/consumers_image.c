/* SPDX-License-Identifier: Apache-2.0
 * consumers_image.c - writes the table of consumers, and trusts nothing when it reads one.
 */
#include "auth/consumers_image.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"

static const char magic[8] = {'L', 'N', 'W', 'H', 'O', '1', '\n', 0};

struct head {
    char magic[8];
    uint32_t count, key_count, ref_count, name_slots, key_slots, password_count, text_bytes, zero;
};

uint32_t ln_consumers_name_slot(const struct ln_consumers_image *i, struct ln_slice name)
{
    static const struct ln_hash_key key = {0x6c756e65747465u, 0x636f6e73756d6572u};

    return (uint32_t)ln_hash(&key, name.p, name.n) & (i->name_slots - 1);
}

/* Who can choose a digest's first bytes has found half a collision. */
static uint32_t key_slot(const struct ln_consumers_image *i, const unsigned char *digest)
{
    uint32_t at;

    memcpy(&at, digest, sizeof at);
    return at & (i->key_slots - 1);
}

const struct ln_consumer_key *ln_consumers_image_key(const struct ln_consumers_image *i,
                                                     const unsigned char digest[LN_DIGEST_SHA256])
{
    for (uint32_t at = key_slot(i, digest); i->key_at[at] != 0;
         at = (at + 1) & (i->key_slots - 1)) {
        const struct ln_consumer_key *k = &i->keys[i->key_at[at] - 1];

        if (ln_digest_equal(k->digest, digest, LN_DIGEST_SHA256))
            return k;
    }
    return NULL;
}

/* Where the parts begin, from their numbers; the size of the whole. */
static uint64_t lay_out(struct ln_consumers_image *i, const struct head *h)
{
    uint64_t rows = sizeof *h;
    uint64_t keys = rows + (uint64_t)h->count * sizeof(struct ln_consumer);
    uint64_t refs = keys + (uint64_t)h->key_count * sizeof(struct ln_consumer_key);
    uint64_t names = refs + (uint64_t)h->ref_count * sizeof(struct ln_ref);
    uint64_t key_at = names + (uint64_t)h->name_slots * sizeof(uint32_t);
    uint64_t passwords = key_at + (uint64_t)h->key_slots * sizeof(uint32_t);
    uint64_t texts = passwords + (uint64_t)h->password_count * sizeof(uint32_t);

    i->count = h->count;
    i->key_count = h->key_count;
    i->ref_count = h->ref_count;
    i->name_slots = h->name_slots;
    i->key_slots = h->key_slots;
    i->password_count = h->password_count;
    i->text_bytes = h->text_bytes;
    i->size = (size_t)(texts + h->text_bytes);
    if (i->bytes != NULL) {
        i->rows = (const void *)(i->bytes + rows);
        i->keys = (const void *)(i->bytes + keys);
        i->refs = (const void *)(i->bytes + refs);
        i->names = (const void *)(i->bytes + names);
        i->key_at = (const void *)(i->bytes + key_at);
        i->passwords = (const void *)(i->bytes + passwords);
        i->texts = i->bytes + texts;
    }
    return texts + h->text_bytes;
}

void ln_consumers_image_close(struct ln_consumers_image *i)
{
    ln_free(i->bytes);
    *i = (struct ln_consumers_image){0};
}

/* ---- writing ---- */

struct maker {
    struct ln_consumers_image *i;
    struct ln_digest *digest;
    struct ln_diag *diag;
    const struct ln_conf *conf;
    struct ln_text texts;
    uint32_t refs, keys, passwords;
};

static uint32_t slots_for(uint32_t n)
{
    uint32_t slots = 2;

    while (slots < 2 * n)
        slots *= 2;
    return slots;
}

static struct head measure(const struct ln_conf *conf)
{
    struct head h = {.count = conf->consumer_count};
    uint64_t texts = 0;

    memcpy(h.magic, magic, sizeof magic);
    for (unsigned k = 0; k < conf->consumer_count; k++) {
        const struct ln_consumer_conf *c = &conf->consumers[k];

        h.key_count += c->key_count;
        h.ref_count += c->group_count + 2 * c->metadata_count;
        h.password_count += c->password[0] != '\0';
        texts += strlen(c->name) + strlen(c->password);
        for (unsigned g = 0; g < c->group_count; g++)
            texts += strlen(c->groups[g]);
        for (unsigned m = 0; m < c->metadata_count; m++)
            texts += strlen(c->metadata[m].name) + strlen(c->metadata[m].value);
    }
    h.name_slots = slots_for(h.count);
    h.key_slots = slots_for(h.key_count);
    h.text_bytes = (uint32_t)texts; /* of a file of at most 16 MiB */
    return h;
}

static struct ln_ref add_text(struct maker *m, const char *text)
{
    struct ln_ref ref = {(uint32_t)m->texts.n, (uint32_t)strlen(text)};

    ln_text_add(&m->texts, text, ref.n);
    return ref;
}

static void add_refs(struct maker *m, const struct ln_consumer_conf *c, struct ln_consumer *row)
{
    struct ln_ref *refs = (struct ln_ref *)(void *)m->i->refs;

    row->groups = m->refs;
    row->group_count = c->group_count;
    for (unsigned g = 0; g < c->group_count; g++)
        refs[m->refs++] = add_text(m, c->groups[g]);
    row->data = m->refs;
    row->datum_count = c->metadata_count;
    for (unsigned d = 0; d < c->metadata_count; d++) {
        refs[m->refs++] = add_text(m, c->metadata[d].name);
        refs[m->refs++] = add_text(m, c->metadata[d].value);
    }
}

/* Two consumers with one key would be whoever came first. */
static void add_key(struct maker *m, const struct ln_key_conf *key, uint32_t consumer)
{
    struct ln_consumers_image *i = m->i;
    struct ln_consumer_key *k = (struct ln_consumer_key *)(void *)i->keys + m->keys;
    uint32_t *slots = (uint32_t *)(void *)i->key_at, at;

    if (key->is_digest)
        memcpy(k->digest, key->text.p, LN_DIGEST_SHA256);
    else
        ln_digest_sha256(m->digest, key->text.p, key->text.n, k->digest);
    k->consumer = consumer;

    const struct ln_consumer_key *twin = ln_consumers_image_key(i, k->digest);

    if (twin != NULL)
        ln_diag_error(m->diag, &key->place, "consumers: a key of \"%s\" is one of \"%s\" too",
                      m->conf->consumers[consumer].name, m->conf->consumers[twin->consumer].name);
    for (at = key_slot(i, k->digest); slots[at] != 0;)
        at = (at + 1) & (i->key_slots - 1);
    slots[at] = ++m->keys;
}

static void add_name(struct maker *m, const char *name, uint32_t consumer)
{
    uint32_t *slots = (uint32_t *)(void *)m->i->names;
    uint32_t at = ln_consumers_name_slot(m->i, ln_slice_of(name));

    while (slots[at] != 0)
        at = (at + 1) & (m->i->name_slots - 1);
    slots[at] = consumer + 1;
}

static void add_consumer(struct maker *m, uint32_t number)
{
    const struct ln_consumer_conf *c = &m->conf->consumers[number];
    struct ln_consumer *row = (struct ln_consumer *)(void *)m->i->rows + number;

    *row = (struct ln_consumer){.limit_count = c->limits.count,
                                .limit_per = c->limits.per,
                                .limit_burst = c->limits.burst,
                                .name = add_text(m, c->name)};
    row->password = add_text(m, c->password);
    if (row->password.n > 0)
        ((uint32_t *)(void *)m->i->passwords)[m->passwords++] = number;
    add_refs(m, c, row);
    add_name(m, c->name, number);
    for (unsigned k = 0; k < c->key_count; k++)
        add_key(m, &c->keys[k], number);
}

void ln_consumers_image_make(struct ln_consumers_image *i, const struct ln_conf *conf,
                             struct ln_digest *digest, struct ln_diag *diag)
{
    struct head h = measure(conf);
    struct maker m = {.i = i, .digest = digest, .diag = diag, .conf = conf};

    i->bytes = NULL;
    i->bytes = ln_zalloc((size_t)lay_out(i, &h));
    lay_out(i, &h);
    memcpy(i->bytes, &h, sizeof h);
    ln_text_init(&m.texts);
    for (uint32_t n = 0; n < h.count; n++)
        add_consumer(&m, n);
    ln_assert(m.texts.n == h.text_bytes && m.refs == h.ref_count && m.keys == h.key_count);
    if (m.texts.n > 0)
        memcpy(i->bytes + i->size - h.text_bytes, m.texts.p, m.texts.n);
    ln_text_fini(&m.texts);
}

/* ---- reading ---- */

static bool fits(struct ln_ref ref, uint32_t bytes)
{
    return ref.at <= bytes && ref.n <= bytes - ref.at;
}

static bool is_range(uint32_t from, uint64_t count, uint32_t all)
{
    return from <= all && count <= all - from;
}

/* At most half of the slots are taken, so that a search always ends. */
static bool are_slots(const uint32_t *slots, uint32_t count, uint32_t numbers)
{
    uint32_t taken = 0;

    for (uint32_t k = 0; k < count; k++) {
        if (slots[k] > numbers)
            return false;
        taken += slots[k] != 0;
    }
    return taken <= count / 2;
}

static bool is_sound(const struct ln_consumers_image *i)
{
    for (uint32_t k = 0; k < i->count; k++) {
        const struct ln_consumer *c = &i->rows[k];

        if (!fits(c->name, i->text_bytes) || !fits(c->password, i->text_bytes) ||
            !is_range(c->groups, c->group_count, i->ref_count) ||
            !is_range(c->data, 2 * (uint64_t)c->datum_count, i->ref_count))
            return false;
    }
    for (uint32_t k = 0; k < i->ref_count; k++)
        if (!fits(i->refs[k], i->text_bytes))
            return false;
    for (uint32_t k = 0; k < i->key_count; k++)
        if (i->keys[k].consumer >= i->count)
            return false;
    for (uint32_t k = 0; k < i->password_count; k++)
        if (i->passwords[k] >= i->count)
            return false;
    return are_slots(i->names, i->name_slots, i->count) &&
           are_slots(i->key_at, i->key_slots, i->key_count);
}

static bool is_power(uint32_t n)
{
    return n >= 2 && (n & (n - 1)) == 0;
}

bool ln_consumers_image_open(struct ln_consumers_image *i, struct ln_slice bytes)
{
    struct head h;

    *i = (struct ln_consumers_image){0};
    if (bytes.n < sizeof h)
        return false;
    memcpy(&h, bytes.p, sizeof h);
    if (memcmp(h.magic, magic, sizeof magic) != 0 || !is_power(h.name_slots) ||
        !is_power(h.key_slots) || lay_out(i, &h) != bytes.n) {
        *i = (struct ln_consumers_image){0};
        return false;
    }
    i->bytes = ln_alloc(bytes.n); /* in the bundle it lies where it happens to, and goes with it */
    memcpy(i->bytes, bytes.p, bytes.n);
    lay_out(i, &h);
    if (is_sound(i))
        return true;
    ln_consumers_image_close(i);
    return false;
}
