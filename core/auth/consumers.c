/* SPDX-License-Identifier: Apache-2.0
 * consumers.c - looks consumers up in a table of bytes. consumers_image.c makes and judges it.
 */
#include "auth/consumers.h"

#include "auth/consumers_image.h"
#include "auth/passwords.h"
#include "base/assert.h"
#include "base/hash.h"
#include "base/mem.h"
#include "conf/bundle.h"

enum { KEY_MAX = 512 };

struct ln_consumers {
    struct ln_consumers_image image;
    struct ln_digest *digest;
};

/* What these files say is in the table now, and the keys themselves are not. */
static void blank_files(const struct ln_conf *conf, struct ln_bundle *bundle)
{
    if (conf->consumers_file != NULL)
        ln_bundle_blank(bundle, conf->consumers_file);
    for (unsigned i = 0; i < conf->consumer_count; i++)
        for (unsigned k = 0; k < conf->consumers[i].key_count; k++)
            if (conf->consumers[i].keys[k].file != NULL)
                ln_bundle_blank(bundle, conf->consumers[i].keys[k].file);
}

/* What looks like a hash may still be none that this system can make. */
static void judge_hashes(const struct ln_conf *conf, struct ln_diag *diag)
{
    for (unsigned i = 0; i < conf->consumer_count; i++) {
        const struct ln_consumer_conf *c = &conf->consumers[i];

        if (c->password[0] != '\0' && !ln_password_can_judge(c->password))
            ln_diag_error(
                diag, &c->place,
                "consumers: the password of \"%s\" is no hash that crypt(3) can make here, "
                "expected one that `mkpasswd` prints",
                c->name);
    }
}

struct ln_consumers *ln_consumers_load(const struct ln_conf *conf, struct ln_bundle *bundle,
                                       struct ln_diag *diag)
{
    struct ln_consumers *t = ln_zalloc(sizeof *t);
    struct ln_slice bytes;

    t->digest = ln_digest_new();
    if (ln_bundle_made(bundle, LN_CONSUMERS_MADE, &bytes)) {
        if (!ln_consumers_image_open(&t->image, bytes))
            ln_diag_error(diag, NULL, "the table of consumers is damaged");
        return t;
    }
    if (conf->consumer_count == 0)
        return t;
    judge_hashes(conf, diag);
    ln_consumers_image_make(&t->image, conf, t->digest, diag);
    ln_bundle_make(bundle, LN_CONSUMERS_MADE, ln_slice(t->image.bytes, t->image.size));
    blank_files(conf, bundle);
    return t;
}

void ln_consumers_free(struct ln_consumers *t)
{
    if (t == NULL)
        return;
    ln_consumers_image_close(&t->image);
    ln_digest_free(t->digest);
    ln_free(t);
}

unsigned ln_consumers_count(const struct ln_consumers *t)
{
    return t->image.count;
}

const struct ln_consumer *ln_consumers_at(const struct ln_consumers *t, unsigned index)
{
    return index < t->image.count ? &t->image.rows[index] : NULL;
}

const struct ln_consumer *ln_consumers_by_key(struct ln_consumers *t, struct ln_slice key)
{
    unsigned char digest[LN_DIGEST_SHA256];

    if (t->image.key_count == 0 || key.n == 0 || key.n > KEY_MAX)
        return NULL;
    ln_digest_sha256(t->digest, key.p, key.n, digest);
    const struct ln_consumer_key *found = ln_consumers_image_key(&t->image, digest);

    return found != NULL ? &t->image.rows[found->consumer] : NULL;
}

static struct ln_slice text_of(const struct ln_consumers *t, struct ln_ref ref)
{
    return ln_slice(t->image.texts + ref.at, ref.n);
}

const struct ln_consumer *ln_consumers_by_name(const struct ln_consumers *t, struct ln_slice name)
{
    const struct ln_consumers_image *i = &t->image;

    if (i->count == 0)
        return NULL;
    for (uint32_t at = ln_consumers_name_slot(i, name); i->names[at] != 0;
         at = (at + 1) & (i->name_slots - 1)) {
        const struct ln_consumer *c = &i->rows[i->names[at] - 1];

        if (ln_slice_eq(text_of(t, c->name), name))
            return c;
    }
    return NULL;
}

struct ln_slice ln_consumer_name(const struct ln_consumers *t, const struct ln_consumer *c)
{
    return text_of(t, c->name);
}

struct ln_slice ln_consumer_group(const struct ln_consumers *t, const struct ln_consumer *c,
                                  unsigned index)
{
    if (index >= c->group_count)
        return ln_slice(NULL, 0);
    return text_of(t, t->image.refs[c->groups + index]);
}

bool ln_consumer_datum(const struct ln_consumers *t, const struct ln_consumer *c, unsigned index,
                       struct ln_slice *name, struct ln_slice *value)
{
    if (index >= c->datum_count)
        return false;
    *name = text_of(t, t->image.refs[c->data + 2 * index]);
    *value = text_of(t, t->image.refs[c->data + 2 * index + 1]);
    return true;
}

void ln_consumer_limits(const struct ln_consumer *c, struct ln_consumer_limits *out)
{
    *out = (struct ln_consumer_limits){c->limit_count, c->limit_per, c->limit_burst};
}

struct ln_slice ln_consumers_password(const struct ln_consumers *t, struct ln_slice name,
                                      bool *real)
{
    const struct ln_consumers_image *i = &t->image;
    const struct ln_consumer *c = ln_consumers_by_name(t, name);
    static const struct ln_hash_key pick = {0x6c756e6574746563u, 0x6f6e73756d657273u};

    *real = c != NULL && c->password.n > 0;
    if (!*real && i->password_count == 0)
        return ln_slice(NULL, 0);
    if (!*real)
        c = &i->rows[i->passwords[ln_hash(&pick, name.p, name.n) % i->password_count]];
    return text_of(t, c->password);
}
