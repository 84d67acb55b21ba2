/* SPDX-License-Identifier: Apache-2.0
 * api_body.h - what task.c asks of api_body.c while the body handlers run.
 */
#ifndef LN_SCRIPT_API_BODY_H
#define LN_SCRIPT_API_BODY_H

#include "script/req.h"

/* Does a piece go through the handlers right now? */
static inline bool ln_piece_is_open(const struct ln_req *r)
{
    return r->pieces % 2 == 1;
}

/* Before the first handler, and behind the last: objects of this piece die. */
static inline void ln_piece_begin(struct ln_req *r)
{
    r->pieces++;
}

static inline void ln_piece_end(struct ln_req *r)
{
    r->pieces += ln_piece_is_open(r);
}

/* Plugin `at` has raised, and takes no further part in this response: the piece is as it was before
 * it, and bytes that it has held back go on. */
void ln_piece_undo(struct ln_req *r, int at);

#endif
