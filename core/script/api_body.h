/* SPDX-License-Identifier: Apache-2.0
 * api_body.h - what task.c asks of api_body.c while the body handlers run.
 */
#ifndef LN_SCRIPT_API_BODY_H
#define LN_SCRIPT_API_BODY_H

#include "script/api_inner.h"
#include "script/vm.h"

enum { LN_PIECE_MOST = 64 << 20 }; /* bytes that handlers may make of one piece */

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

/* The record while this very piece goes through the handlers, else NULL. */
static inline struct ln_req *ln_piece_req(const struct ln_piece *p)
{
    struct ln_req *r = p != NULL ? ln_req_alive(p->ln_req, p->ln_serial) : NULL;

    return r != NULL && ln_piece_is_open(r) && r->pieces == p->ln_number ? r : NULL;
}

static inline bool ln_piece_has_room(const struct ln_req *r, size_t n)
{
    size_t most = LN_PIECE_MOST + 4 * r->route->buffer, used = r->chunk.arena->used;

    return used <= most && n <= most - used;
}

/* Plugin `at` has raised, and takes no further part in this response: the piece is as it was before
 * it, and bytes that it has held back go on. */
void ln_piece_undo(struct ln_req *r, int at);

/* ---- api_coding.c ---- */

/* A plugin that has begun to encode content goes on with every piece, whether it says so or not. */
void ln_coded_leave(struct ln_req *r);
/* Content that plugin `at` has begun to encode cannot go on without it. */
bool ln_coded_is_by(const struct ln_req *r, int at);
/* The request has ended: what it has borrowed goes back. */
void ln_coded_forget(struct ln_req *r);

#endif
