/* SPDX-License-Identifier: Apache-2.0
 * rand.c - getrandom(2) and xoshiro256**.
 */
#include "base/rand.h"

#include <errno.h>
#include <sys/random.h>

#include "base/assert.h"

void ln_rand_bytes(void *out, size_t n)
{
    char *p = out;

    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);

        if (got < 0 && errno == EINTR)
            continue;
        ln_assert(got > 0);
        p += got;
        n -= (size_t)got;
    }
}

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = *x += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void ln_rand_init(struct ln_rand *r, uint64_t seed)
{
    if (seed == 0)
        ln_rand_bytes(&seed, sizeof seed);
    for (int i = 0; i < 4; i++)
        r->s[i] = splitmix(&seed);
}

static inline uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

uint64_t ln_rand_next(struct ln_rand *r)
{
    uint64_t *s = r->s;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t ln_rand_below(struct ln_rand *r, uint64_t below)
{
    return (uint64_t)((unsigned __int128)ln_rand_next(r) * below >> 64);
}
