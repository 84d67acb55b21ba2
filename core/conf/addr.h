/* SPDX-License-Identifier: Apache-2.0
 * addr.h - socket addresses and address ranges as they stand in configuration. Values, no
 * ownership.
 */
#ifndef LN_CONF_ADDR_H
#define LN_CONF_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/slice.h"

struct ln_addr {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un un;
    };
    socklen_t len;
};

enum { LN_ADDR_TEXT = 128 };

/* ":8080" (all addresses, v4 and v6), "127.0.0.1:8080", "[::1]:8080", "unix:/path". No names. */
bool ln_addr_parse_listen(struct ln_slice text, struct ln_addr *addr);

/* An IP address in 16 bytes, IPv4 mapped, and a port; the reverse of ln_addr_ip(). */
void ln_addr_make(struct ln_addr *addr, const unsigned char ip[16], unsigned port);

/* The address of a unix socket; false when the path does not fit into one, or has a NUL. */
bool ln_addr_unix(struct ln_slice path, struct ln_addr *addr);

/* "127.0.0.1:8080", "[::1]:80", "unix:/path"; returns `out`. */
const char *ln_addr_print(const struct ln_addr *addr, char out[LN_ADDR_TEXT]);

struct ln_cidr {
    unsigned char bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
    unsigned bits;           /* of the 128 */
};

bool ln_cidr_parse(struct ln_slice text,
                   struct ln_cidr *range); /* "10.0.0.0/8", "::1", "192.0.2.7" */

/* An IP address as 16 bytes, IPv4 mapped; false for unix sockets. */
bool ln_addr_ip(const struct ln_addr *addr, unsigned char out[16]);
bool ln_cidr_has(const struct ln_cidr *range, const unsigned char ip[16]);

#endif
