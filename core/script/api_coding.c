/* SPDX-License-Identifier: Apache-2.0
 * api_coding.c - chunk:gzip(): content that a plugin encodes, piece by piece.
 *
 * The coder is borrowed from the state and goes back with the last piece, or when the request is
 * forgotten, however it ends.
 */
#include "http/coding.h"
#include "script/api_body.h"
#include "script/vm_inner.h"

struct ln_coded {
    struct ln_coded *next;
    int at;           /* the plugin */
    uint32_t touched; /* the piece that was encoded last */
    struct ln_vm *vm;
    struct ln_coder *coder; /* NULL: the content has ended */
};

static struct ln_coder *borrow(struct ln_vm *vm)
{
    return vm->coder_count > 0 ? vm->coders[--vm->coder_count] : ln_coder_new();
}

static void give_back(struct ln_coded *c)
{
    struct ln_vm *vm = c->vm;

    if (c->coder == NULL)
        return;
    if (vm->coder_count < LN_VM_CODERS)
        vm->coders[vm->coder_count++] = c->coder;
    else
        ln_coder_free(c->coder);
    c->coder = NULL;
}

void ln_coded_forget(struct ln_req *r)
{
    for (struct ln_coded *c = r->coded; c != NULL; c = c->next)
        give_back(c);
    r->coded = NULL;
}

static struct ln_coded *coded_of(const struct ln_req *r, int at)
{
    struct ln_coded *c = r->coded;

    while (c != NULL && c->at != at)
        c = c->next;
    return c;
}

bool ln_coded_is_by(const struct ln_req *r, int at)
{
    return coded_of(r, at) != NULL;
}

static struct ln_coded *begin(struct ln_vm *vm, struct ln_req *r, int level)
{
    struct ln_coded *c = ln_arena_zalloc(r->arena, sizeof *c);

    *c = (struct ln_coded){.next = r->coded, .at = r->piece_at, .vm = vm, .coder = borrow(vm)};
    ln_coder_begin(c->coder, level);
    return r->coded = c;
}

static void encode(struct ln_req *r, struct ln_coded *c, enum ln_coder_step step)
{
    c->touched = r->pieces;
    if (c->coder == NULL)
        return;
    r->chunk.text =
        ln_coder_run(c->coder, r->chunk.text, r->chunk.last ? LN_CODER_END : step, r->chunk.arena);
    if (r->chunk.last)
        give_back(c);
}

void ln_coded_leave(struct ln_req *r)
{
    struct ln_coded *c = r->coded != NULL ? coded_of(r, r->piece_at) : NULL;

    if (c != NULL && c->touched != r->pieces)
        encode(r, c, LN_CODER_GATHER);
}

int ln_piece_gzip(struct ln_cur *cur, const struct ln_piece *p, int level, bool flush)
{
    struct ln_req *r = ln_piece_req(p);

    if (r == NULL)
        return LN_EGONE;
    if (level < LN_CODER_LEVEL_MIN || level > LN_CODER_LEVEL_MAX)
        return LN_EINVAL;
    struct ln_coded *c = coded_of(r, r->piece_at);

    if (c != NULL && c->touched == r->pieces)
        return LN_ESTATE;
    if (!ln_piece_has_room(r, r->chunk.text.n + LN_CODER_SLACK))
        return LN_ELIMIT;
    if (c == NULL)
        c = begin(ln_container_of(cur, struct ln_vm, cur), r, level);
    encode(r, c, flush ? LN_CODER_FLUSH : LN_CODER_GATHER);
    return LN_OK;
}
