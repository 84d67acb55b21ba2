/* SPDX-License-Identifier: Apache-2.0
 * api_blocks.c - sets of address blocks for Lua: settings of the type t.addresses.
 */
#include "conf/blocks.h"
#include "script/api_inner.h"

struct ln_blocks *ln_blocks_new(void)
{
    return ln_blocks_make();
}

void ln_blocks_free(struct ln_blocks *b)
{
    ln_blocks_unmake(b);
}

/* "10.1.2.3/8" is a typing error: nobody means it. */
static bool has_host_bits(struct ln_slice text, const struct ln_cidr *block)
{
    const char *slash = memchr(text.p, '/', text.n);
    struct ln_cidr address;

    return slash != NULL && ln_cidr_parse(ln_slice(text.p, (size_t)(slash - text.p)), &address) &&
           memcmp(address.bytes, block->bytes, 16) != 0;
}

int ln_blocks_put(struct ln_blocks *b, const char *text, size_t len)
{
    struct ln_slice s = ln_slice(text, len);
    struct ln_cidr block;

    if (b == NULL || !ln_cidr_parse(s, &block) || has_host_bits(s, &block))
        return LN_EINVAL;
    return ln_blocks_add(b, &block) ? LN_OK : LN_ELIMIT;
}

int ln_blocks_ask(struct ln_blocks *b, const char *ip, size_t len)
{
    struct ln_cidr address;

    if (b == NULL)
        return LN_EINVAL;
    if (!ln_cidr_parse(ln_slice(ip, len), &address) || address.bits != 128)
        return LN_NONE;
    return ln_blocks_have(b, address.bytes) ? LN_OK : LN_NONE;
}
