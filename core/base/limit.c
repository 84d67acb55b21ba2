/* SPDX-License-Identifier: Apache-2.0
 * limit.c - the words for ways to count, and the numbers that clients are told.
 */
#include "base/limit.h"

#include <stddef.h>

#define LN_LIMIT_WAY(name, word, text) word,
const char *const ln_limit_words[LN_LIMIT_WAYS + 1] = {
#include "base/limit.def"
};
#undef LN_LIMIT_WAY

#define LN_LIMIT_WAY(name, word, text) text,
const char *const ln_limit_texts[LN_LIMIT_WAYS + 1] = {
#include "base/limit.def"
};
#undef LN_LIMIT_WAY

const char *const ln_limit_down_words[] = {"local", "allow", "deny", NULL};

bool ln_limit_way_find(struct ln_slice word, enum ln_limit_way *way)
{
    for (unsigned i = 0; i < LN_LIMIT_WAYS; i++)
        if (ln_slice_eq(word, ln_slice_of(ln_limit_words[i]))) {
            *way = (enum ln_limit_way)i;
            return true;
        }
    return false;
}

uint64_t ln_limit_most(const struct ln_limit *l)
{
    return l->way == LN_LIMIT_GCRA ? l->burst : l->count;
}

uint64_t ln_limit_reset_after(ln_nsec reset)
{
    enum { ROUNDED = 10000 };

    return reset > ROUNDED ? ln_limit_retry_after(reset - ROUNDED) : 0;
}

uint64_t ln_limit_retry_after(ln_nsec wait)
{
    const ln_nsec second = 1000 * (ln_nsec)LN_NSEC_PER_MSEC;

    return wait > second ? wait / second + (wait % second != 0) : 1;
}
