/* SPDX-License-Identifier: Apache-2.0
 * fuzz_proxy.c - PROXY headers: every split gives the same answer, no more bytes are taken than a
 * header may have, and what was read is written so that it reads the same.
 */
#include <string.h>

#include "base/assert.h"
#include "fuzz.h"
#include "http/proxy.h"

/* Field by field: a struct may have holes. */
static void check_same(const struct ln_proxy *a, const struct ln_proxy *b)
{
    ln_assert(a->local == b->local && a->has_addresses == b->has_addresses);
    ln_assert(memcmp(a->source, b->source, 16) == 0);
    ln_assert(memcmp(a->destination, b->destination, 16) == 0);
    ln_assert(a->source_port == b->source_port && a->destination_port == b->destination_port);
}

static void check_splits(const char *p, size_t n, long whole, const struct ln_proxy *found)
{
    for (size_t cut = 0; cut < n; cut += 1 + cut / 128) {
        struct ln_proxy part;
        const char *why = NULL;
        long used = ln_proxy_parse(p, cut, &part, &why);

        ln_assert(used >= 0 || (whole < 0 && why != NULL));
        ln_assert(used <= 0 || used == whole);
        ln_assert(used < 0 || ln_proxy_could_begin(p, cut));
        ln_assert(whole <= 0 || (used > 0) == (cut >= (size_t)whole));
        if (used > 0)
            check_same(&part, found);
    }
}

static void check_sane(const char *p, size_t n, long used, const struct ln_proxy *found)
{
    ln_assert(used >= 15 && (size_t)used <= n && used <= LN_PROXY_BYTES);
    ln_assert(p[0] != 'P' || (used <= LN_PROXY_V1_BYTES && p[used - 2] == '\r'));
    ln_assert(p[0] != 'P' || memchr(p, '\n', (size_t)used) == p + used - 1);
    ln_assert(!found->local || (p[0] != 'P' && !found->has_addresses));
    ln_assert(found->source_port <= 65535 && found->destination_port <= 65535);
}

static void write_again(const struct ln_proxy *found)
{
    char v1[LN_PROXY_V1_BYTES + 1], v2[LN_PROXY_V2_BYTES];
    size_t size = ln_proxy_write_v1(v1, found);
    struct ln_proxy again;
    const char *why;

    ln_assert(size <= LN_PROXY_V1_BYTES && ln_proxy_parse(v1, size, &again, &why) == (long)size);
    again.local = found->local; /* version 1 cannot say it */
    check_same(&again, found);
    size = ln_proxy_write_v2(v2, found);
    ln_assert(size <= sizeof v2 && ln_proxy_parse(v2, size, &again, &why) == (long)size);
    check_same(&again, found);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const char *p = (const char *)bytes, *why = NULL;
    struct ln_proxy found;
    long used = ln_proxy_parse(p, n, &found, &why);

    ln_assert((used < 0) == (why != NULL));
    ln_assert(used < 0 || ln_proxy_could_begin(p, n));
    check_splits(p, n, used, &found);
    if (used > 0) {
        check_sane(p, n, used, &found);
        write_again(&found);
    }
    return 0;
}
