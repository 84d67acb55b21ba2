/* SPDX-License-Identifier: Apache-2.0
 * bundle_image.c - a bundle as bytes in a file, and back.
 *
 *   image  = head, then `count` facts, then the end of the file
 *   head   = magic (8 bytes), version, count (4 each), size of the whole (8)
 *   fact   = kind, code, sys, 0 (4 each), length of key and of value (8 each), key, NUL, value, NUL
 *
 * Numbers are in the machine's order: writer and reader are the same binary on the same machine.
 * The reader trusts nothing: each length is compared with what is left, and each kind's value has
 * to look like one.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/text.h"
#include "conf/bundle_fact.h"

static const char magic[8] = {'L', 'N', 'B', 'N', 'D', 'L', 'E', '\n'};

enum { VERSION = 1 };

struct head {
    char magic[8];
    uint32_t version, count;
    uint64_t size;
};

struct fact_head {
    uint32_t kind, code, sys, zero;
    uint64_t key_len, value_len;
};

static struct fact_head head_of(const struct ln_fact *fact)
{
    return (struct fact_head){
        .kind = fact->kind,
        .code = fact->code,
        .sys = fact->sys,
        .key_len = fact->key.n,
        .value_len = fact->value.n,
    };
}

uint64_t ln_bundle_hash(const struct ln_bundle *b)
{
    struct ln_hash_key key = {0x6c756e6574746521u, 0x67656e65726174ffu};

    for (unsigned i = 0; i < b->count; i++) {
        struct fact_head h = head_of(b->facts[i]);

        key.k0 = ln_hash(&key, &h, sizeof h);
        key.k0 = ln_hash(&key, b->facts[i]->key.p, b->facts[i]->key.n);
        key.k0 = ln_hash(&key, b->facts[i]->value.p, b->facts[i]->value.n);
    }
    return key.k0;
}

static void add_fact(struct ln_text *out, const struct ln_fact *fact)
{
    struct fact_head h = head_of(fact);

    ln_text_add(out, (const char *)&h, sizeof h);
    ln_text_add(out, fact->key.p, fact->key.n + 1);
    ln_text_add(out, fact->value.p, fact->value.n + 1);
}

static int write_all(int fd, const struct ln_text *bytes, struct ln_err *err)
{
    for (size_t done = 0; done < bytes->n;) {
        ssize_t n = pwrite(fd, bytes->p + done, bytes->n - done, (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ln_fail(err, LN_E_SYS, "cannot save the configuration's bundle");
        done += (size_t)n;
    }
    if (ftruncate(fd, (off_t)bytes->n) != 0)
        return ln_fail(err, LN_E_SYS, "cannot save the configuration's bundle");
    return 0;
}

int ln_bundle_save(const struct ln_bundle *b, int fd, struct ln_err *err)
{
    struct head h = {.version = VERSION, .count = b->count};
    struct ln_text image;

    memcpy(h.magic, magic, sizeof magic);
    ln_text_init(&image);
    ln_text_add(&image, (const char *)&h, sizeof h);
    for (unsigned i = 0; i < b->count; i++)
        add_fact(&image, b->facts[i]);
    h.size = image.n;
    memcpy(image.p, &h, sizeof h);

    int rc = write_all(fd, &image, err);

    ln_text_fini(&image);
    return rc;
}

static bool is_list(struct ln_slice key, struct ln_slice value)
{
    if (memchr(key.p, '\0', key.n) == NULL)
        return false;
    if (value.n > 0 && value.p[value.n - 1] != '\0')
        return false;
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] == '/' || (value.p[i] == '\0' && (i == 0 || value.p[i - 1] == '\0')))
            return false;
    return true;
}

static bool is_ips(struct ln_slice value)
{
    if (value.n % LN_FACT_IP != 0 || value.n / LN_FACT_IP > LN_FACT_IPS)
        return false;
    for (size_t i = 0; i < value.n; i += LN_FACT_IP)
        if (value.p[i] != '4' && value.p[i] != '6')
            return false;
    return true;
}

static bool is_sound(const struct ln_fact *fact)
{
    struct ln_slice key = fact->key, value = fact->value;

    if (fact->kind != LN_FACT_LIST && memchr(key.p, '\0', key.n) != NULL)
        return false;
    if (fact->code > LN_E_STATE)
        return false;
    if (fact->code != LN_E_NONE)
        return fact->kind != LN_FACT_LIST && memchr(value.p, '\0', value.n) == NULL;
    switch (fact->kind) {
    case LN_FACT_DIR:
        return value.n == 0;
    case LN_FACT_LIST:
        return is_list(key, value);
    case LN_FACT_NAME:
        return is_ips(value);
    case LN_FACT_ENV:
        return memchr(value.p, '\0', value.n) == NULL;
    default:
        return true;
    }
}

/* Cuts n bytes and their NUL off the front. */
static bool take_bytes(struct ln_slice *rest, uint64_t n, struct ln_slice *out)
{
    if (n >= rest->n || rest->p[n] != '\0')
        return false;
    *out = ln_slice(rest->p, (size_t)n);
    *rest = ln_slice(rest->p + n + 1, rest->n - (size_t)n - 1);
    return true;
}

static bool take_fact(struct ln_slice *rest, struct ln_fact *fact)
{
    struct fact_head h;

    if (rest->n < sizeof h)
        return false;
    memcpy(&h, rest->p, sizeof h);
    *rest = ln_slice(rest->p + sizeof h, rest->n - sizeof h);
    if (h.kind >= LN_FACT_KINDS || h.zero != 0)
        return false;
    *fact = (struct ln_fact){.kind = h.kind, .code = h.code, .sys = h.sys};
    return take_bytes(rest, h.key_len, &fact->key) && take_bytes(rest, h.value_len, &fact->value) &&
           is_sound(fact);
}

static bool load_image(struct ln_bundle *b)
{
    struct ln_slice rest = {b->image, b->image_size};
    struct ln_fact fact;
    struct head h;

    if (rest.n < sizeof h)
        return false;
    memcpy(&h, rest.p, sizeof h);
    if (memcmp(h.magic, magic, sizeof magic) != 0 || h.version != VERSION || h.size != rest.n)
        return false;
    rest = ln_slice(rest.p + sizeof h, rest.n - sizeof h);
    for (uint32_t i = 0; i < h.count; i++)
        if (!take_fact(&rest, &fact) || !ln_bundle_add(b, &fact))
            return false;
    return rest.n == 0;
}

struct ln_bundle *ln_bundle_replay(int fd, struct ln_err *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        ln_fail(err, LN_E_SYS, "cannot open the configuration's bundle");
        return NULL;
    }
    if (st.st_size <= 0) {
        ln_fail(err, LN_E_STATE, "the configuration's bundle is empty");
        return NULL;
    }

    void *image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

    if (image == MAP_FAILED) {
        ln_fail(err, LN_E_SYS, "cannot map the configuration's bundle");
        return NULL;
    }

    struct ln_bundle *b = ln_bundle_new();

    b->image = image;
    b->image_size = (size_t)st.st_size;
    if (load_image(b))
        return b;
    ln_fail(err, LN_E_STATE, "the configuration's bundle is damaged");
    ln_bundle_free(b);
    return NULL;
}
