/* SPDX-License-Identifier: Apache-2.0
 * hosts.h - the hosts file (hosts(5)): names that need no query.
 *
 * The file is read when it is first asked, and again when it has changed; it is looked at once a
 * second at most. What cannot be read is passed over, as the C library does. One thread.
 */
#ifndef LN_NET_HOSTS_H
#define LN_NET_HOSTS_H

#include "base/clock.h"
#include "base/slice.h"
#include "net/ip.h"

struct ln_hosts;

enum {
    LN_HOSTS_ADDRS = 16,        /* addresses of one name; more are passed over */
    LN_HOSTS_FILE_MAX = 4 << 20 /* bytes; what comes behind is passed over, and the log says so */
};

struct ln_hosts_entry {
    unsigned count;
    struct ln_ip addrs[LN_HOSTS_ADDRS]; /* as they stand in the file */
};

struct ln_hosts *ln_hosts_new(const char *path);
void ln_hosts_free(struct ln_hosts *h);

/* The entry of a name in lower case, or NULL; good until the next call. */
const struct ln_hosts_entry *ln_hosts_find(struct ln_hosts *h, struct ln_slice name, ln_msec now);

#endif
