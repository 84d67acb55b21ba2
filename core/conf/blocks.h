/* SPDX-License-Identifier: Apache-2.0
 * blocks.h - a set of address blocks that answers in the logarithm of its size.
 *
 * Blocks become ranges of 128-bit numbers (IPv4 as ::ffff:a.b.c.d), sorted and merged when the set
 * is first asked, then searched by halves: 100,000 blocks cost seventeen comparisons of 16 bytes. A
 * block of IPv6 that spans the mapped addresses, such as ::/0, does not take those of IPv4 in:
 * whoever writes it means the other family. One thread.
 */
#ifndef LN_CONF_BLOCKS_H
#define LN_CONF_BLOCKS_H

#include "conf/addr.h"

enum { LN_BLOCKS_MAX = 1 << 20 };

struct ln_blocks;

struct ln_blocks *ln_blocks_make(void);
void ln_blocks_unmake(struct ln_blocks *b);

/* False: there are LN_BLOCKS_MAX. */
bool ln_blocks_add(struct ln_blocks *b, const struct ln_cidr *block);
bool ln_blocks_have(struct ln_blocks *b, const unsigned char ip[16]);

#endif
