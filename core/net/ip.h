/* SPDX-License-Identifier: Apache-2.0
 * ip.h - an IP address as a value, and the order in which to try several.
 */
#ifndef LN_NET_IP_H
#define LN_NET_IP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/slice.h"

struct ln_ip {
    sa_family_t family; /* AF_INET or AF_INET6 */
    unsigned char bytes[16];
};

enum { LN_IP_SORT_MAX = 512 };

/* "192.0.2.1", "2001:db8::1" or "[2001:db8::1]", nothing else. */
bool ln_ip_parse(struct ln_slice text, struct ln_ip *ip);

/* By turns, IPv6 first when it leads anywhere (RFC 8305 section 4): a family that is broken costs
 * one try. The order inside a family is the servers', who turn it to spread load. */
void ln_ip_sort(struct ln_ip *addresses, unsigned count);

#endif
