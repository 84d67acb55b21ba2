/* SPDX-License-Identifier: Apache-2.0
 * coding.h - content in the coding gzip (RFC 1952), made piece by piece with zlib, which only this
 * layer includes.
 *
 * A coder has about 128 KiB, whatever the size of the content: a window of 16 KiB and 32 Ki
 * symbols, half of what is usual, because there is one for each response under way. It can be used
 * for one content after the other. One thread.
 */
#ifndef LN_HTTP_CODING_H
#define LN_HTTP_CODING_H

#include "base/arena.h"
#include "base/slice.h"

enum { LN_CODER_LEVEL_MIN = 1, LN_CODER_LEVEL_MAX = 9 };

enum ln_coder_step {
    LN_CODER_GATHER, /* more will come: what comes out now is what does not fit inside */
    LN_CODER_FLUSH,  /* all that went in comes out now, for a reader who waits for it */
    LN_CODER_END,    /* that was all */
};

struct ln_coder;

struct ln_coder *ln_coder_new(void);
void ln_coder_free(struct ln_coder *c);

/* New content; level: of LN_CODER_LEVEL_MIN, fast, to _MAX, small. */
void ln_coder_begin(struct ln_coder *c, int level);

/* What comes out lies in `arena`; at most LN_CODER_SLACK bytes more than what went in since the
 * last flush. */
enum { LN_CODER_SLACK = 128 << 10 };
struct ln_slice ln_coder_run(struct ln_coder *c, struct ln_slice in, enum ln_coder_step step,
                             struct ln_arena *arena);

#endif
