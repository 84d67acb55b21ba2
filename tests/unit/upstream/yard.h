/* SPDX-License-Identifier: Apache-2.0
 * yard.h - a loop, pools, and instances that are sockets of this very process.
 */
#ifndef LN_UNIT_YARD_H
#define LN_UNIT_YARD_H

#include "net/turns.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/log.h"
#include "upstream/pool.h"

struct yard {
    struct turns turns;
    struct ln_deadlines *deadlines;
    struct ln_buf_cache bufs;
    struct ln_pools pools;
};

static inline int yard_silence(void **state)
{
    struct ln_err err;

    (void)state;
    return ln_log_open("/dev/null", LN_LOG_ERROR, LN_LOG_TEXT, &err);
}

static inline void yard_init(struct yard *y)
{
    turns_init(&y->turns);
    y->deadlines = ln_deadlines_new(y->turns.loop);
    ln_buf_cache_init(&y->bufs, 4);
    ln_pools_init(&y->pools, y->turns.loop, y->deadlines, &y->bufs);
}

/* Everything that was lent has come back, or this fails. */
static inline void yard_fini(struct yard *y)
{
    ln_pools_fini(&y->pools);
    assert_int_equal(y->bufs.lent, 0);
    ln_buf_cache_fini(&y->bufs);
    ln_deadlines_free(y->deadlines);
    turns_fini(&y->turns);
}

/* A socket on the loopback with a port of its own; `listens` or refuses. */
static inline int yard_door(struct sockaddr_in *at, bool listens)
{
    socklen_t len = sizeof *at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)at, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)at, &len), 0);
    if (listens)
        assert_int_equal(listen(fd, 16), 0);
    return fd;
}

#endif
