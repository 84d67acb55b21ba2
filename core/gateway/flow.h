/* SPDX-License-Identifier: Apache-2.0
 * flow.h - one direction of an exchange: content from one connection to the other, re-framed.
 *
 * The source's framing is decoded and the destination's written anew, so that what goes out has
 * exactly the meaning that was judged. A piece is written as soon as it has come: flush boundaries
 * are kept, and nothing is buffered while the destination takes what it gets. What it does not take
 * is kept (`pending`), and then the caller must stop reading the source until ln_flow_flush() has
 * got rid of it: memory is bounded by one read, whatever the size of the body.
 */
#ifndef LN_GATEWAY_FLOW_H
#define LN_GATEWAY_FLOW_H

#include "base/buf.h"
#include "gateway/strip.h"
#include "http/body.h"
#include "limit/pace.h"
#include "net/stream.h"

struct ln_flow {
    struct ln_body body;          /* how the source frames it */
    enum ln_framing out;          /* how the destination gets it; NONE: content is thrown away */
    struct ln_buf *pending;       /* borrowed from `bufs`; NULL when nothing waits */
    struct ln_buf_cache *bufs;    /* borrowed */
    uint64_t most;                /* bound of the content; 0 = none. Set it after ln_flow_init() */
    const struct ln_strip *strip; /* borrowed: trailers that do not pass; NULL: all do. Likewise */
    struct ln_pace *pace;         /* borrowed: how fast it may go out; NULL: at once. Likewise */
    uint64_t written;             /* bytes the destination has taken, heads included */
    bool ended; /* the source's body is complete and its end was written or is pending */
};

enum ln_flow_result {
    LN_FLOW_MORE,  /* all was taken: read on */
    LN_FLOW_FULL,  /* the destination is full: wait until it is writable, then ln_flow_flush() */
    LN_FLOW_HELD,  /* the pace allows no more now: ln_flow_flush() when ln_pace_due() has come */
    LN_FLOW_END,   /* the body is complete and written */
    LN_FLOW_BAD,   /* the source broke its framing: flow->why tells */
    LN_FLOW_LARGE, /* the content is larger than `most`: its end was not written, and must not be */
    LN_FLOW_GONE,  /* the destination is gone: its stream's error tells */
};

void ln_flow_init(struct ln_flow *f, struct ln_buf_cache *bufs, enum ln_framing in, uint64_t length,
                  enum ln_framing out, struct ln_fields *trailers);
void ln_flow_fini(struct ln_flow *f);

/* A window of scratch memory in which a head was written; small pieces of content are put behind
 * it, so that head and content leave in one system call. */
struct ln_window {
    char *base;
    size_t used, size;
};

/* Writes the window's bytes, then the content in [*p, end), to `dst`. *p moves behind what was
 * used: to `end` unless the body ended before. `why` is set with BAD. */
enum ln_flow_result ln_flow_push(struct ln_flow *f, struct ln_stream *dst, struct ln_window *w,
                                 const char **p, const char *end, enum ln_reject *why);

/* Content that is decoded already, and whether it is the last. The window's bytes go first. */
enum ln_flow_result ln_flow_write(struct ln_flow *f, struct ln_stream *dst, struct ln_window *w,
                                  struct ln_slice content, bool last);

/* The source was closed: a clean end of a body that lasts until the close. */
enum ln_flow_result ln_flow_close(struct ln_flow *f, struct ln_stream *dst, struct ln_window *w);

/* Writes what waits. MORE: nothing waits any more, read on; END; FULL; HELD; GONE. */
enum ln_flow_result ln_flow_flush(struct ln_flow *f, struct ln_stream *dst);

#endif
