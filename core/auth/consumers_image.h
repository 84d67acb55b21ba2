/* SPDX-License-Identifier: Apache-2.0
 * consumers_image.h - the bytes of the table of consumers. Only core/auth includes this.
 *
 *   head | rows | keys | refs | slots of names | slots of keys | passwords | texts
 *
 * Slots are open addressing, a power of two and at most half full; each holds a number from 1, and
 * 0 is free. Numbers are in the machine's order: one machine writes and reads it.
 */
#ifndef LN_AUTH_CONSUMERS_IMAGE_H
#define LN_AUTH_CONSUMERS_IMAGE_H

#include <stdint.h>

#include "conf/conf.h"
#include "conf/diag.h"
#include "net/digest.h"

struct ln_ref { /* into the texts */
    uint32_t at, n;
};

struct ln_consumer {
    struct ln_ref name, password;
    uint32_t groups, group_count; /* refs */
    uint32_t data, datum_count;   /* pairs of refs */
    uint64_t limit_count, limit_per;
    uint32_t limit_burst, zero;
};

struct ln_consumer_key {
    unsigned char digest[LN_DIGEST_SHA256];
    uint32_t consumer;
};

struct ln_consumers_image {
    char *bytes; /* owned; all of it. NULL: there are no consumers */
    size_t size;
    uint32_t count, key_count, ref_count, name_slots, key_slots, password_count, text_bytes;
    const struct ln_consumer *rows;
    const struct ln_consumer_key *keys;
    const struct ln_ref *refs;
    const uint32_t *names, *key_at, *passwords;
    const char *texts;
};

/* Mistakes that concern several consumers go to `diag`. */
void ln_consumers_image_make(struct ln_consumers_image *i, const struct ln_conf *conf,
                             struct ln_digest *digest, struct ln_diag *diag);
/* Copies the bytes. False: they are damaged, and the table is empty. */
bool ln_consumers_image_open(struct ln_consumers_image *i, struct ln_slice bytes);
void ln_consumers_image_close(struct ln_consumers_image *i);

const struct ln_consumer_key *ln_consumers_image_key(const struct ln_consumers_image *i,
                                                     const unsigned char digest[LN_DIGEST_SHA256]);
uint32_t ln_consumers_name_slot(const struct ln_consumers_image *i, struct ln_slice name);

#endif
