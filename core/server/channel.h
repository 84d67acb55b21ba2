/* SPDX-License-Identifier: Apache-2.0
 * channel.h - messages between the supervisor and a worker, in order, whole, and with a descriptor
 * if need be.
 *
 * A SOCK_SEQPACKET pair per worker. Whoever dies closes an end, which the other reads as the end of
 * the channel: so a worker knows that the supervisor is gone, whatever killed it.
 */
#ifndef LN_SERVER_CHANNEL_H
#define LN_SERVER_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/text.h"

enum ln_msg_kind {
    /* To the worker. */
    LN_MSG_BUILD,   /* number, fd of a bundle: prepare this generation */
    LN_MSG_COMMIT,  /* number; text: log settings. The commit word says so already */
    LN_MSG_DISCARD, /* number: forget what was prepared */
    LN_MSG_ADOPT,   /* slot: accept for this dead sibling too */
    LN_MSG_RELEASE, /* slot: it is back */
    LN_MSG_DRAIN,   /* finish what runs, then exit */
    LN_MSG_REOPEN,  /* log files were rotated */
    /* To the supervisor. */
    LN_MSG_READY,   /* number: prepared */
    LN_MSG_FAILED,  /* number, text: could not be prepared */
    LN_MSG_SERVING, /* number: the first commit is done, connections are accepted */
    LN_MSG_KINDS
};

enum { LN_MSG_TEXT_MAX = 60000 }; /* longer texts are cut */

struct ln_msg {
    enum ln_msg_kind kind;
    unsigned slot;
    uint64_t number;
    int fd;               /* -1 = none; received ones are the receiver's */
    struct ln_slice text; /* received: lives in the text given to ln_channel_receive() */
};

/* Both ends non-blocking and closed on exec. */
int ln_channel_open(int ends[2], struct ln_err *err);

/* False when the other side is gone or has not read for far too long: then it is as good as dead.
 */
bool ln_channel_send(int fd, const struct ln_msg *msg);

enum ln_received { LN_RECEIVED, LN_RECEIVED_NOTHING, LN_RECEIVED_END };

/* One message; a packet that is none counts as the end. */
enum ln_received ln_channel_receive(int fd, struct ln_msg *msg, struct ln_text *text);

#endif
