/* SPDX-License-Identifier: Apache-2.0
 * proxy.h - the PROXY protocol, versions 1 and 2: what stands before a connection's first request
 * and says for whom a proxy speaks.
 *
 * Pure: bytes in, values out, no allocation; any thread. Whom to believe is the caller's to decide:
 * a header from anybody but a known proxy is a forgery. The rules are those of HAProxy's
 * proxy-protocol.txt; section numbers in the code are of that text.
 */
#ifndef LN_HTTP_PROXY_H
#define LN_HTTP_PROXY_H

#include <stdbool.h>
#include <stddef.h>

struct ln_proxy {
    bool local;         /* the proxy speaks for itself, as health checks do: keep the real peer */
    bool has_addresses; /* false: none that we could use; keep the real peer too */
    unsigned char source[16], destination[16]; /* IPv4 as ::ffff:a.b.c.d */
    unsigned source_port, destination_port;
};

enum {
    LN_PROXY_BYTES = 16 + 4096, /* the longest header that is taken */
    LN_PROXY_V1_BYTES = 107,    /* the longest line, with its CRLF: section 2.1 */
    LN_PROXY_V2_BYTES = 52,     /* the longest that is written */
};

/* May these first bytes of a connection become a header? True for none at all. Two bytes can be
 * enough for true ("PR") and false ("PO"): ask again with more until ln_proxy_parse() decides. */
bool ln_proxy_could_begin(const char *p, size_t n);

/* How many bytes the header at p has: what follows is the first request. 0: it is not complete, ask
 * again with more bytes. -1: it is none, or a bad one; *why is a sentence and the connection has to
 * be closed. *out is set only when the answer is above 0. The answer to more bytes never
 * contradicts the answer to fewer. */
long ln_proxy_parse(const char *p, size_t n, struct ln_proxy *out, const char **why);

/* Writes a header for `proxy` and returns its size. Without addresses version 1 says UNKNOWN and
 * version 2 says UNSPEC, or LOCAL for a local one; version 1 knows no LOCAL. If only one of the two
 * addresses is IPv4, both are written as IPv6. Ports are below 65536. */
size_t ln_proxy_write_v1(char out[LN_PROXY_V1_BYTES + 1], const struct ln_proxy *proxy);
size_t ln_proxy_write_v2(char out[LN_PROXY_V2_BYTES], const struct ln_proxy *proxy);

#endif
